//! The subprotocol `grpc-websockets` of improbable-eng/grpc-web
//! (<https://github.com/improbable-eng/grpc-web/blob/master/go/grpcweb/websocket_wrapper.go>): gRPC-Web's bytes in binary
//! frames.
//!
//! The client sends its headers as lines of text, then frames whose first byte is 0 before bytes of its stream, and one
//! with a single byte 1 for its end. The server sends bytes of its stream: a block of headers, messages, a block of
//! trailers, each with flag and length before it as in gRPC-Web; a call without messages may have one block only.

use super::{Framing, Said, Start, invalid};
use crate::socket::wire::{Message, Outgoing};
use crate::upstream::End;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use std::collections::VecDeque;
use std::time::Duration;
use wirelab_model::{MetadataValue, Metadatum, Status, StatusCode};

/// The flag of a block of headers or trailers (gRPC-Web, "Trailers").
const HEADERS_FLAG: u8 = 0x80;
/// Flag and length before each message.
const PREFIX: usize = 5;
/// Bytes that the lines of headers may have.
const MAX_HEADERS: usize = 64 << 10;
/// What of the client's headers is about this connection and not about the call.
const OWN_HEADERS: &[&str] = &[
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "grpc-accept-encoding",
    "grpc-encoding",
    "grpc-timeout",
    "host",
    "keep-alive",
    "origin",
    "te",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-grpc-web",
    "x-user-agent",
];
/// What of `grpc-message` is percent-encoded (gRPC over HTTP/2, "Responses").
const MESSAGE: &AsciiSet = &CONTROLS.add(b'%');
/// With padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// That framing.
pub(in crate::socket) struct GrpcWebsockets {
    /// Bytes that one message may have.
    limit: usize,
    started: bool,
    /// Whether a block of headers was sent.
    headed: bool,
    /// Bytes of the client's stream whose message is not whole.
    begun: BytesMut,
}

impl GrpcWebsockets {
    pub fn new(limit: usize) -> GrpcWebsockets {
        GrpcWebsockets { limit, started: false, headed: false, begun: BytesMut::new() }
    }

    /// Takes the whole messages out of what came.
    fn messages(&mut self, said: &mut VecDeque<Said>) -> Result<(), Status> {
        while let Some((&[flag, a, b, c, d], rest)) = self.begun.split_first_chunk::<PREFIX>() {
            if flag != 0 {
                let message =
                    format!("the flag {flag} of a message is not understood: send it as it is");
                return Err(Status::new(StatusCode::Unimplemented, message));
            }
            let length = u32::from_be_bytes([a, b, c, d]) as usize;
            if length > self.limit {
                let message = format!("a message is larger than {} bytes", self.limit);
                return Err(Status::new(StatusCode::ResourceExhausted, message));
            }
            if rest.len() < length {
                return Ok(());
            }
            self.begun.advance(PREFIX);
            said.push_back(Said::Request(self.begun.split_to(length).freeze()));
        }
        Ok(())
    }
}

impl Framing for GrpcWebsockets {
    fn read(&mut self, message: Message, said: &mut VecDeque<Said>) -> Result<(), Status> {
        let Message { text, mut payload } = message;
        if !self.started {
            self.started = true;
            said.push_back(Said::Start(start(&payload)?));
            return Ok(());
        }
        if text {
            return Err(invalid("a text frame came where only binary ones may"));
        }
        match payload.first() {
            None => Ok(()),
            Some(1) if payload.len() == 1 => {
                if !self.begun.is_empty() {
                    return Err(invalid("the requests ended within a message"));
                }
                said.push_back(Said::HalfClose);
                Ok(())
            }
            Some(_) => {
                payload.advance(1);
                self.begun.extend_from_slice(&payload);
                let result = self.messages(said);
                if self.begun.is_empty() {
                    self.begun = BytesMut::new();
                }
                result
            }
        }
    }

    fn head(&mut self, metadata: Vec<Metadatum>, out: &mut Vec<Outgoing>) {
        self.headed = true;
        out.push(block(&metadata, String::new()));
    }

    fn message(&mut self, wire: Bytes) -> Result<Outgoing, Status> {
        let length = u32::try_from(wire.len()).map_err(|_| {
            Status::new(StatusCode::ResourceExhausted, "a message is longer than 4 GiB")
        })?;
        let mut frame = BytesMut::with_capacity(PREFIX + wire.len());
        frame.put_u8(0);
        frame.put_u32(length);
        frame.put_slice(&wire);
        Ok(Outgoing::Binary(frame.freeze()))
    }

    fn dropped(&mut self, _: u64) -> Option<Outgoing> {
        None
    }

    fn end(&mut self, end: &End, out: &mut Vec<Outgoing>) -> (u16, String) {
        let Status { code, message, details, .. } = &end.status;
        let mut lines = format!("grpc-status: {code}\r\n");
        if !message.is_empty() {
            lines.push_str(&format!("grpc-message: {}\r\n", utf8_percent_encode(message, MESSAGE)));
        }
        if !details.is_empty() {
            let details = STANDARD_NO_PAD.encode(&details[..]);
            lines.push_str(&format!("grpc-status-details-bin: {details}\r\n"));
        }
        out.push(block(&end.trailers, lines));
        (1000, String::new())
    }
}

/// A block of headers or trailers.
fn block(metadata: &[Metadatum], mut lines: String) -> Outgoing {
    for Metadatum { key, value } in metadata {
        let value = match value {
            MetadataValue::Text(text) => text.clone(),
            MetadataValue::Binary(bytes) => STANDARD_NO_PAD.encode(&bytes[..]),
        };
        lines.push_str(&format!("{key}: {value}\r\n"));
    }
    let mut frame = BytesMut::with_capacity(PREFIX + lines.len());
    frame.put_u8(HEADERS_FLAG);
    frame.put_u32(u32::try_from(lines.len()).unwrap_or(u32::MAX));
    frame.put_slice(lines.as_bytes());
    Outgoing::Binary(frame.freeze())
}

/// The client's headers: a line for each.
fn start(lines: &[u8]) -> Result<Start, Status> {
    if lines.len() > MAX_HEADERS {
        return Err(invalid(format!("the headers are longer than {MAX_HEADERS} bytes")));
    }
    let lines = std::str::from_utf8(lines).map_err(|_| invalid("the headers are not UTF-8"))?;
    let mut start = Start::default();
    for line in lines.lines().filter(|line| !line.is_empty()) {
        let (key, value) = line.split_once(':').ok_or_else(|| {
            invalid("a line of the headers has no colon: the first frame must hold headers")
        })?;
        let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
        if key == "grpc-timeout" {
            start.timeout = Some(timeout(value)?);
        }
        if OWN_HEADERS.contains(&key.as_str()) {
            continue;
        }
        if !key.ends_with("-bin") {
            start.metadata.push(Metadatum::text(key, value));
            continue;
        }
        // Several values of one key come as one, with commas between them.
        for value in value.split(',') {
            let bytes = BASE64.decode(value.trim());
            let bytes = bytes.map_err(|_| invalid(format!("the header {key} is not base64")))?;
            start.metadata.push(Metadatum::binary(key.as_str(), bytes));
        }
    }
    Ok(start)
}

/// A `grpc-timeout`: at most eight digits and a unit.
fn timeout(value: &str) -> Result<Duration, Status> {
    let wrong = || invalid(format!("the grpc-timeout {value:?} is none"));
    let (digits, unit) = value.split_at_checked(value.len().saturating_sub(1)).ok_or_else(wrong)?;
    let plain = (1..=8).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let count: u64 = digits.parse().ok().filter(|_| plain).ok_or_else(wrong)?;
    match unit {
        "H" => Ok(Duration::from_secs(count * 3600)),
        "M" => Ok(Duration::from_secs(count * 60)),
        "S" => Ok(Duration::from_secs(count)),
        "m" => Ok(Duration::from_millis(count)),
        "u" => Ok(Duration::from_micros(count)),
        "n" => Ok(Duration::from_nanos(count)),
        _ => Err(wrong()),
    }
}
