//! gRPC-Web, binary and text (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md>): gRPC's messages in an
//! ordinary HTTP body, with the trailers as its last frame.

use super::grpc::ACCEPT_ENCODING;
use super::{Answer, End, Part, Protocol, Reader, foreign, grpc, is_family, text};
use crate::compress::ACCEPTED;
use crate::explain::{self, Failure};
use crate::frame::{self, Decoder, Encoded};
use crate::metadata::{STATUS_HEADERS, from_headers};
use crate::text::Text;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::response;
use std::time::Duration;
use wirelab_model::{Compression, Problem, ProblemKind, StatusCode};

/// The flag of the frame that holds the trailers.
const TRAILERS: u8 = 0x80;

const BINARY: &str = "application/grpc-web";
const TEXT: &str = "application/grpc-web-text";

pub(super) struct GrpcWeb {
    /// Whether bodies go as base64.
    pub text: bool,
    /// The largest message, bytes.
    pub limit: u64,
    /// How requests are compressed.
    pub compression: Option<Compression>,
}

impl Protocol for GrpcWeb {
    fn name(&self) -> &'static str {
        if self.text { "gRPC-Web text" } else { "gRPC-Web" }
    }

    fn headers(&self) -> HeaderMap {
        let form = HeaderValue::from_static(match self.text {
            true => "application/grpc-web-text+proto",
            false => "application/grpc-web+proto",
        });
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, form.clone());
        // Proxies choose the form of the response by it.
        headers.insert(ACCEPT, form);
        headers.insert("x-grpc-web", HeaderValue::from_static("1"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED));
        if let Some(how) = self.compression {
            headers.insert("grpc-encoding", HeaderValue::from_static(how.name()));
        }
        headers
    }

    fn timeout(&self, left: Duration) -> (HeaderName, String) {
        (HeaderName::from_static("grpc-timeout"), grpc::timeout(left))
    }

    fn accepted(&self) -> &'static str {
        ACCEPT_ENCODING
    }

    fn encode(&self, message: Bytes) -> Result<Encoded, Failure> {
        let encoded = frame::encode(message, self.compression, self.limit)?;
        if !self.text {
            return Ok(encoded);
        }
        let parts = [encoded.prefix.unwrap_or_default(), encoded.payload];
        let payload = STANDARD.encode(parts.concat()).into();
        Ok(Encoded { prefix: None, payload, compressed: encoded.compressed })
    }

    fn answer(&self, head: &response::Parts) -> Answer {
        if let Some(end) = grpc::end(&head.headers) {
            return Answer::Over(end);
        }
        let content_type = text(&head.headers, "content-type").unwrap_or_default();
        // Whatever was asked for, the answer says what it is.
        let as_text = is_family(&content_type, TEXT);
        if let Some(foreign) = foreign(head, self.name(), if as_text { TEXT } else { BINARY }) {
            return foreign;
        }
        let encoding = text(&head.headers, "grpc-encoding");
        let reader = Read {
            text: as_text.then(Text::default),
            decoder: Decoder::new(self.limit, encoding).ending(TRAILERS),
            limit: self.limit,
            over: false,
            misplaced: false,
        };
        Answer::Body {
            metadata: from_headers(&head.headers, &[]),
            reader: Box::new(reader),
            failed: false,
        }
    }
}

struct Read {
    text: Option<Text>,
    decoder: Decoder,
    limit: u64,
    over: bool,
    /// Whether the status came where gRPC has it.
    misplaced: bool,
}

impl Reader for Read {
    fn push(&mut self, data: Bytes) -> Result<(), Failure> {
        match &mut self.text {
            None => self.decoder.push(data),
            Some(text) => self.decoder.push(text.push(&data).ok_or_else(not_base64)?),
        }
        Ok(())
    }

    fn finish(&mut self, trailers: Option<HeaderMap>) -> Result<(), Failure> {
        self.over = true;
        self.misplaced = trailers.is_some_and(|trailers| trailers.contains_key("grpc-status"));
        if let Some(text) = &mut self.text {
            self.decoder.push(text.finish().ok_or_else(not_base64)?);
        }
        Ok(())
    }

    fn take(&mut self) -> Result<Option<Part>, Failure> {
        match self.decoder.take().map_err(|error| explain::frame(error, self.limit))? {
            Some(message) if message.end => Ok(Some(Part::End(trailers(&message.payload)?))),
            Some(message) => Ok(Some(Part::Message(message))),
            None if !self.over => Ok(None),
            None if self.decoder.is_partial() => {
                let message = "the response ended in the middle of a message";
                Err(explain::broken(StatusCode::Internal, message))
            }
            None if self.misplaced => {
                let what = "the status came in HTTP's own trailers, which gRPC-Web has in the body";
                let help = "a proxy passes gRPC through as it is: have it translate, or choose the transport gRPC";
                let problem = Problem::new(ProblemKind::NotGrpc, what).help(help);
                Err(explain::failure(StatusCode::Unknown, problem))
            }
            None => {
                let message = "the response ended without the frame that holds the trailers";
                Err(explain::no_status(message))
            }
        }
    }
}

fn not_base64() -> Failure {
    explain::broken(StatusCode::Internal, "the response is not base64, as gRPC-Web text has to be")
}

/// The end out of the trailers' frame: lines as HTTP/1.1 writes headers (RFC 9112 §5), names in lower case.
fn trailers(block: &[u8]) -> Result<End, Failure> {
    let mut headers = HeaderMap::new();
    for line in block.split(|&byte| byte == b'\n') {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        let colon = line.iter().position(|&byte| byte == b':').unwrap_or(line.len());
        let (name, value) = line.split_at(colon);
        let name = HeaderName::from_bytes(name.trim_ascii());
        let value = HeaderValue::from_bytes(value.get(1..).unwrap_or_default().trim_ascii());
        let (Ok(name), Ok(value)) = (name, value) else {
            let shown: String = String::from_utf8_lossy(line)
                .chars()
                .take(40)
                .flat_map(char::escape_default)
                .collect();
            let message = format!("the frame of the trailers holds `{shown}`, which is no header");
            return Err(explain::broken(StatusCode::Internal, message));
        };
        let added = headers.try_append(name, value);
        added.map_err(|_| explain::broken(StatusCode::Internal, "there are too many trailers"))?;
    }
    Ok(grpc::end(&headers).unwrap_or_else(|| End {
        metadata: Some(from_headers(&headers, &STATUS_HEADERS)),
        status: Err(explain::no_status("the server's trailers hold no `grpc-status`")),
    }))
}
