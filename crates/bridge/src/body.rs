//! Bodies as bytes: collected with a limit, and sent with trailers.

use crate::compress;
use crate::refusal::Refusal;
use axum::body::{Body, HttpBody};
use bytes::{Bytes, BytesMut};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, StatusCode as Http};
use hyper::body::{Frame, SizeHint};
use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use wirelab_model::StatusCode;

/// The most room made for a body on the word of its `Content-Length` alone, bytes.
const ROOM_BYTES: u64 = 1 << 20;

/// All of a body. What comes in one piece is not copied.
///
/// # Errors
/// 413 for more than `limit` bytes, as soon as that is known, and CANCELLED for a body that was cut off.
pub(crate) async fn collect(
    mut body: Body,
    headers: &HeaderMap,
    limit: u64,
) -> Result<Bytes, Refusal> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: u64| length > limit) {
        return Err(too_long(limit));
    }
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(piece) = next(&mut body).await {
        let piece = piece?;
        if (first.len() + rest.len() + piece.len()) as u64 > limit {
            return Err(too_long(limit));
        }
        if first.is_empty() && rest.is_empty() {
            first = piece;
            continue;
        }
        if rest.is_empty() {
            let room = length.unwrap_or_default().min(ROOM_BYTES) as usize;
            rest.reserve(room.max(first.len() + piece.len()));
            rest.extend_from_slice(&std::mem::take(&mut first));
        }
        rest.extend_from_slice(&piece);
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}

/// The next piece of a body.
async fn next(body: &mut Body) -> Option<Result<Bytes, Refusal>> {
    poll_fn(|cx| poll_piece(body, cx)).await
}

/// The same for whoever is polled itself. Trailers are passed over.
pub(crate) fn poll_piece(
    body: &mut Body,
    cx: &mut Context<'_>,
) -> Poll<Option<Result<Bytes, Refusal>>> {
    loop {
        let frame = std::task::ready!(Pin::new(&mut *body).poll_frame(cx));
        return Poll::Ready(match frame {
            None => None,
            Some(Err(error)) => Some(Err(broken(&error))),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => Some(Ok(data)),
                Err(_) => continue,
            },
        });
    }
}

/// Why a body ended early: a refusal of what decoded it, chunks that are none, or that nothing more came.
fn broken(error: &axum::Error) -> Refusal {
    compress::refusal(error).unwrap_or_else(|| match is_malformed(error) {
        true => {
            let message = "the request's body is not chunked as HTTP/1.1 has it";
            Refusal::new(StatusCode::InvalidArgument, message)
        }
        false => {
            let message = format!("the request's body was cut off: {error}");
            Refusal::new(StatusCode::Cancelled, message)
        }
    })
}

fn is_malformed(error: &axum::Error) -> bool {
    let first: &(dyn std::error::Error + 'static) = error;
    let mut causes = std::iter::successors(Some(first), |error| error.source());
    causes.any(|cause| {
        let cause = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        matches!(cause, Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData))
    })
}

/// The refusal of a message that is too long.
pub(crate) fn too_long(limit: u64) -> Refusal {
    let message = format!("the request is longer than {limit} bytes; send less, or allow more");
    Refusal::new(StatusCode::ResourceExhausted, message).http(Http::PAYLOAD_TOO_LARGE)
}

/// A body that is there, with trailers.
pub(crate) struct Trailed {
    data: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

impl Trailed {
    pub fn body(data: Bytes, trailers: HeaderMap) -> Body {
        Body::new(Trailed { data: Some(data), trailers: Some(trailers) })
    }
}

impl HttpBody for Trailed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = self.data.take().map(Frame::data);
        Poll::Ready(data.or_else(|| self.trailers.take().map(Frame::trailers)).map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
