//! HTTP/1.1 (RFC 9112): one request at a time on a connection, which is kept for the next.

use super::{HttpError, Opened};
use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{CONTENT_LENGTH, HeaderMap};
use http::{HeaderValue, Request, Response};
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

/// How many pieces of a request's body wait for the connection; whoever sends more waits too.
const AHEAD: usize = 1;
/// The most headers of a response.
const MAX_HEADERS: usize = 1024;
/// The largest response headers, bytes.
const MAX_HEADER_BYTES: usize = 256 << 10;

pub(super) async fn handshake<S>(stream: S) -> Result<Opened, HttpError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (send, connection) = http1::Builder::new()
        .max_headers(MAX_HEADERS)
        .max_header_size(MAX_HEADER_BYTES)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(HttpError::One)?;
    let driver = async move { connection.await.map_err(HttpError::One) };
    let line = Line(Arc::new(Mutex::new(Some(send))));
    Ok(Opened { sender: super::Sender::One(line), driver: Box::pin(driver), pings: None })
}

/// The connection's one place for a request; empty while one is under way.
pub(crate) struct Line(Arc<Mutex<Option<SendRequest<Body>>>>);

impl Line {
    pub fn hold(&self) -> Option<Held> {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        Some(Held { sender: Some(sender), line: self.0.clone() })
    }

    /// None when the connection is over; false while the last response is not read to its end.
    pub fn is_ready(&mut self) -> Option<bool> {
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = place.as_mut() else { return Some(false) };
        match poll_fn(|cx| sender.poll_ready(cx)).now_or_never() {
            Some(Err(_)) => None,
            Some(Ok(())) => Some(true),
            None => Some(false),
        }
    }
}

/// The right to one request.
pub(crate) struct Held {
    sender: Option<SendRequest<Body>>,
    line: Arc<Mutex<Option<SendRequest<Body>>>>,
}

pub(crate) type Pending =
    Pin<Box<dyn Future<Output = Result<Response<Incoming>, hyper::Error>> + Send>>;

impl Held {
    /// `length` is that of the body where it is known; otherwise it goes in chunks (RFC 9112 §7.1).
    pub fn open(&mut self, mut request: Request<()>, length: Option<u64>) -> (Upload, Pending) {
        if let Some(length) = length {
            request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        let (tx, rx) = mpsc::channel(AHEAD);
        let request = request.map(|()| Body { pieces: rx, left: length, over: length == Some(0) });
        let response: Pending = match &mut self.sender {
            Some(sender) => Box::pin(sender.send_request(request)),
            // Only dropping takes it away.
            None => Box::pin(std::future::pending()),
        };
        (Upload { pieces: tx, sized: length.is_some() }, response)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        *self.line.lock().unwrap_or_else(PoisonError::into_inner) = self.sender.take();
    }
}

enum Piece {
    Data(Bytes),
    End,
}

/// The sending end of a body.
pub(crate) struct Upload {
    pieces: mpsc::Sender<Piece>,
    sized: bool,
}

impl Upload {
    pub async fn send(&mut self, data: Bytes, last: bool) -> bool {
        if !data.is_empty() && self.pieces.send(Piece::Data(data)).await.is_err() {
            return false;
        }
        if last {
            self.finish().await;
        }
        true
    }

    pub async fn finish(&mut self) {
        // A body of known length ends by itself.
        if !self.sized {
            let _ = self.pieces.send(Piece::End).await;
        }
    }
}

/// A request's body as the connection pulls it.
pub(crate) struct Body {
    pieces: mpsc::Receiver<Piece>,
    left: Option<u64>,
    over: bool,
}

/// A body that was dropped before its end, which must not look like an end.
#[derive(Debug)]
pub(crate) struct BrokenOff;

impl fmt::Display for BrokenOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request was broken off")
    }
}

impl std::error::Error for BrokenOff {}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        if self.over {
            return Poll::Ready(None);
        }
        match ready!(self.pieces.poll_recv(cx)) {
            Some(Piece::Data(data)) => {
                if let Some(left) = &mut self.left {
                    *left = left.saturating_sub(data.len() as u64);
                    self.over = self.left == Some(0);
                }
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Some(Piece::End) => {
                self.over = true;
                Poll::Ready(None)
            }
            None => Poll::Ready(Some(Err(BrokenOff))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.over
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// The next data of a response, keeping `trailers` when they come.
pub(super) async fn data(
    body: &mut Incoming,
    trailers: &mut HeaderMap,
) -> Option<Result<Bytes, hyper::Error>> {
    loop {
        match poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await? {
            Err(error) => return Some(Err(error)),
            Ok(frame) => match frame.into_data() {
                Ok(data) => return Some(Ok(data)),
                Err(frame) => trailers.extend(frame.into_trailers().unwrap_or_default()),
            },
        }
    }
}
