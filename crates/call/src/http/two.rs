//! HTTP/2 (RFC 9113).

use super::{HttpError, Opened};
use bytes::Bytes;
use futures_util::FutureExt;
use h2::client::{ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Request};
use std::future::poll_fn;
use tokio::io::{AsyncRead, AsyncWrite};

/// Bytes of one stream that the server may send ahead of its reader, unless told otherwise.
pub(crate) const STREAM_WINDOW: u32 = 1 << 20;
/// Bytes of all streams of a connection that the server may send ahead of their readers: as many as there can be, since
/// what bounds them is the window of each stream. A smaller one would be used up by streams that nobody reads, and then
/// all others on the connection would stand still.
const CONNECTION_WINDOW: u32 = (1 << 31) - 1;
/// How much a request may begin with before the peer says that it takes it, bytes: a stream learns that only once the
/// connection's task has opened it, and to wait for that would cost each call a turn of that task.
const AHEAD_BYTES: usize = 32 << 10;
/// How much is taken before the peer is told that it may send as much again, bytes, as long as there is more to take:
/// little beside the window of a stream, and telling it costs more than small messages do.
const RELEASE_BYTES: usize = 64 << 10;
/// The largest response headers or trailers, bytes.
pub(crate) const MAX_HEADER_BYTES: u32 = 1 << 20;

pub(crate) type Sender = SendRequest<Bytes>;

pub(super) async fn handshake<S>(stream: S, window: u32) -> Result<Opened, HttpError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (send, mut connection) = h2::client::Builder::new()
        .initial_window_size(window)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(MAX_HEADER_BYTES)
        .enable_push(false)
        .handshake(stream)
        .await
        .map_err(HttpError::Two)?;
    let pings = connection.ping_pong();
    let driver = async move { connection.await.map_err(HttpError::Two) };
    Ok(Opened { sender: super::Sender::Two(send), driver: Box::pin(driver), pings })
}

/// Knows of a GOAWAY that the driver has read.
pub(super) fn is_ready(sender: &mut Sender) -> Option<bool> {
    match poll_fn(|cx| sender.poll_ready(cx)).now_or_never() {
        Some(Err(_)) => None,
        // That a stream has to be waited for is the request's business.
        Some(Ok(())) | None => Some(true),
    }
}

/// The GOAWAY with which the peer gave the connection up.
pub(super) fn given_up(sender: &Sender) -> Option<h2::Error> {
    let mut sender = sender.clone();
    let ready = poll_fn(|cx| sender.poll_ready(cx)).now_or_never();
    ready.and_then(Result::err).filter(h2::Error::is_go_away)
}

/// `sender` has begun no request before: only then could it have to wait.
pub(super) fn open(
    sender: &mut Sender,
    request: Request<()>,
) -> Result<(Upload, ResponseFuture), h2::Error> {
    let (response, stream) = sender.send_request(request, false)?;
    Ok((Upload { stream, begun: false }, response))
}

/// The sending end of a body.
pub(crate) struct Upload {
    stream: SendStream<Bytes>,
    begun: bool,
}

impl Upload {
    pub async fn send(&mut self, mut data: Bytes, last: bool) -> bool {
        let begun = std::mem::replace(&mut self.begun, true);
        if data.is_empty() || !begun && data.len() <= AHEAD_BYTES {
            return data.is_empty() && !last || self.stream.send_data(data, last).is_ok();
        }
        while !data.is_empty() {
            self.stream.reserve_capacity(data.len());
            match poll_fn(|cx| self.stream.poll_capacity(cx)).await {
                Some(Ok(capacity)) => {
                    let part = data.split_to(capacity.min(data.len()));
                    let last = last && data.is_empty();
                    if !part.is_empty() && self.stream.send_data(part, last).is_err() {
                        return false;
                    }
                }
                Some(Err(_)) | None => return false,
            }
        }
        true
    }

    pub fn finish(&mut self) {
        // An error means that the stream is over: the receiving side knows why.
        let _ = self.stream.send_data(Bytes::new(), true);
    }
}

/// The receiving end of a body.
pub(crate) struct Download {
    stream: RecvStream,
    /// Bytes that the peer may send again, but does not know of yet.
    free: usize,
}

impl Download {
    pub fn new(stream: RecvStream) -> Download {
        Download { stream, free: 0 }
    }

    pub async fn data(&mut self) -> Option<Result<Bytes, h2::Error>> {
        poll_fn(|cx| {
            let data = self.stream.poll_data(cx);
            if data.is_pending() {
                // It may be just this that the peer waits for.
                self.tell();
            }
            data
        })
        .await
    }

    pub fn release(&mut self, size: usize) {
        self.free += size;
        if self.free >= RELEASE_BYTES {
            self.tell();
        }
    }

    fn tell(&mut self) {
        if self.free > 0 {
            let size = std::mem::take(&mut self.free);
            // An error means that the stream is over.
            let _ = self.stream.flow_control().release_capacity(size);
        }
    }

    pub async fn trailers(&mut self) -> Result<Option<HeaderMap>, h2::Error> {
        self.stream.trailers().await
    }
}
