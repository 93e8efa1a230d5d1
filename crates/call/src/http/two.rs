//! HTTP/2 (RFC 9113).

use super::{HttpError, Opened};
use bytes::Bytes;
use futures_util::FutureExt;
use h2::SendStream;
use h2::client::{ResponseFuture, SendRequest};
use http::Request;
use std::future::poll_fn;
use tokio::io::{AsyncRead, AsyncWrite};

/// Bytes of one stream that the server may send ahead of its reader.
const STREAM_WINDOW: u32 = 1 << 20;
/// Bytes of all streams of a connection that the server may send ahead of their readers.
const CONNECTION_WINDOW: u32 = 16 << 20;
/// The largest response headers or trailers, bytes.
pub(crate) const MAX_HEADER_BYTES: u32 = 1 << 20;

pub(crate) type Sender = SendRequest<Bytes>;

pub(super) async fn handshake<S>(stream: S) -> Result<Opened, HttpError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (send, mut connection) = h2::client::Builder::new()
        .initial_window_size(STREAM_WINDOW)
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

pub(super) async fn open(
    sender: &mut Sender,
    request: Request<()>,
) -> Result<(ResponseFuture, SendStream<Bytes>), h2::Error> {
    poll_fn(|cx| sender.poll_ready(cx)).await?;
    sender.send_request(request, false)
}

pub(super) async fn send(stream: &mut SendStream<Bytes>, mut data: Bytes, last: bool) -> bool {
    if data.is_empty() {
        return !last || stream.send_data(data, true).is_ok();
    }
    while !data.is_empty() {
        stream.reserve_capacity(data.len());
        match poll_fn(|cx| stream.poll_capacity(cx)).await {
            Some(Ok(capacity)) => {
                let part = data.split_to(capacity.min(data.len()));
                let last = last && data.is_empty();
                if !part.is_empty() && stream.send_data(part, last).is_err() {
                    return false;
                }
            }
            Some(Err(_)) | None => return false,
        }
    }
    true
}
