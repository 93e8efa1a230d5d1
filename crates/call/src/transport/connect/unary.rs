//! Unary calls: the body is the message, headers that begin with `trailer-` are the trailers, and an HTTP status
//! other than 200 is an error in JSON (<https://connectrpc.com/docs/protocol/#unary-rpcs>).

use super::super::{Answer, End, Part, Reader, text};
use super::error;
use crate::explain::{self, Failure};
use crate::frame::{FrameError, Message, decompress};
use crate::metadata::from_headers;
use crate::status::from_http;
use bytes::{Bytes, BytesMut};
use http::header::{HeaderMap, HeaderName};
use http::response;
use wirelab_model::{Metadatum, Status, StatusCode};

/// The longest error, bytes.
const MAX_ERROR_BYTES: u64 = 1 << 20;
/// How much of one that is not Connect's is quoted, characters.
const QUOTE_CHARS: usize = 200;

/// `failed` when the body is an error.
pub(super) fn answer(head: &response::Parts, limit: u64, failed: bool) -> Answer {
    let (headers, trailers) = divide(&head.headers);
    let encoding = text(&head.headers, "content-encoding").filter(|name| name != "identity");
    let reader = Read {
        body: BytesMut::new(),
        limit: if failed { MAX_ERROR_BYTES } else { limit },
        encoding,
        trailers: (!trailers.is_empty()).then(|| from_headers(&trailers, &[])),
        failed: failed.then_some(head.status),
        at: At::Body,
    };
    Answer::Body { metadata: from_headers(&headers, &[]), reader: Box::new(reader), failed }
}

/// Headers and trailers.
fn divide(all: &HeaderMap) -> (HeaderMap, HeaderMap) {
    let (mut headers, mut trailers) = (HeaderMap::new(), HeaderMap::new());
    for (name, value) in all {
        let trailer = name.as_str().strip_prefix("trailer-");
        match trailer.and_then(|name| HeaderName::from_bytes(name.as_bytes()).ok()) {
            Some(name) => trailers.append(name, value.clone()),
            None => headers.append(name.clone(), value.clone()),
        };
    }
    (headers, trailers)
}

/// How far a response is read.
enum At {
    Body,
    Message,
    End,
}

struct Read {
    body: BytesMut,
    limit: u64,
    encoding: Option<String>,
    trailers: Option<Vec<Metadatum>>,
    /// The HTTP status of an error.
    failed: Option<http::StatusCode>,
    at: At,
}

impl Reader for Read {
    fn push(&mut self, data: Bytes) -> Result<(), Failure> {
        let size = (self.body.len() + data.len()) as u64;
        if size > self.limit {
            // What is still to come is not waited for.
            return Err(explain::frame(FrameError::TooLarge(None), self.limit));
        }
        if self.body.is_empty() {
            self.body = BytesMut::from(data);
        } else {
            self.body.extend_from_slice(&data);
        }
        Ok(())
    }

    fn finish(&mut self, _trailers: Option<HeaderMap>) -> Result<(), Failure> {
        self.at = At::Message;
        Ok(())
    }

    fn take(&mut self) -> Result<Option<Part>, Failure> {
        match (&self.at, self.failed) {
            (At::Body, _) => Ok(None),
            (At::Message, Some(status)) => {
                let (body, _) = self.plain()?;
                let status = failure(status, &body);
                Ok(Some(Part::End(End { metadata: self.trailers.take(), status })))
            }
            (At::Message, None) => {
                self.at = At::End;
                let (payload, compressed) = self.plain()?;
                Ok(Some(Part::Message(Message { payload, compressed, end: false })))
            }
            (At::End, _) => {
                let status = Ok(Status::default());
                Ok(Some(Part::End(End { metadata: self.trailers.take(), status })))
            }
        }
    }
}

impl Read {
    /// The body, decompressed, and how large it was when it was compressed.
    fn plain(&mut self) -> Result<(Bytes, Option<u64>), Failure> {
        let body = std::mem::take(&mut self.body).freeze();
        let Some(encoding) = &self.encoding else { return Ok((body, None)) };
        let plain = decompress(encoding, &body, self.limit)
            .map_err(|error| explain::frame(error, self.limit))?;
        Ok((plain, Some(body.len() as u64)))
    }
}

/// The status that an error tells.
fn failure(http: http::StatusCode, body: &[u8]) -> Result<Status, Failure> {
    let code = from_http(http);
    let error = serde_json::from_slice(body).ok();
    error.and_then(|error| error::status(&error, code)).ok_or_else(|| {
        let what = format!("the server answered HTTP {http} with JSON that is no error of Connect");
        let text: String = String::from_utf8_lossy(body).chars().take(QUOTE_CHARS).collect();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let help = match code {
            StatusCode::Unimplemented => {
                Some("check that this server speaks Connect and has the method".to_owned())
            }
            _ => None,
        };
        explain::not_grpc(code, what, &text, help)
    })
}
