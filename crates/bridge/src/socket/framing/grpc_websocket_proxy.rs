//! The framing of tmc/grpc-websocket-proxy in front of grpc-gateway
//! (<https://github.com/tmc/grpc-websocket-proxy>): JSON in any frame, one text frame for each answer.
//!
//! What clients of it see: `{"result": …}` for each message of a stream and `{"error": …}` for its failure, the bare
//! message or status of methods whose server does not stream, nothing for response metadata and trailers. Frames of the
//! client are joined to one text of JSON values, so that one may hold several and a value may need several. It has no
//! half-close: a method with one request has it with the first value, a client stream never gets its answer, there as here.

use super::{Framing, Said, close_code};
use crate::socket::converter::Converter;
use crate::socket::wire::{Message, Outgoing};
use crate::upstream::End;
use bytes::Bytes;
use std::collections::VecDeque;
use wirelab_model::{Metadatum, Status, StatusCode};

/// That framing.
pub(in crate::socket) struct GrpcWebsocketProxy {
    converter: Converter,
    /// The beginning of a value whose end did not come yet.
    begun: Vec<u8>,
    values: Values,
    /// Bytes that one value may have.
    limit: usize,
}

impl GrpcWebsocketProxy {
    pub fn new(converter: Converter, limit: usize) -> GrpcWebsocketProxy {
        GrpcWebsocketProxy { converter, begun: Vec::new(), values: Values::default(), limit }
    }

    fn request(&mut self, json: &[u8], said: &mut VecDeque<Said>) -> Result<(), Status> {
        said.push_back(Said::Request(self.converter.request(json)?));
        Ok(())
    }

    /// Takes the whole values out of what came so far.
    fn values(&mut self, said: &mut VecDeque<Said>) -> Result<(), Status> {
        let text = std::mem::take(&mut self.begun);
        let mut begin = 0;
        while let Some(end) = self.values.next(&text) {
            self.request(text.get(begin..end).unwrap_or_default(), said)?;
            begin = end;
        }
        let rest = text.get(begin..).unwrap_or_default();
        if rest.len() > self.limit {
            let message = format!("a message is larger than {} bytes", self.limit);
            return Err(Status::new(StatusCode::ResourceExhausted, message));
        }
        self.values.at -= begin;
        if self.values.is_within() {
            self.begun = if begin == 0 { text } else { rest.to_vec() };
        } else {
            self.values = Values::default();
        }
        Ok(())
    }
}

/// Finds where JSON values end, looking at each byte once. Knows brackets and strings only: what is no JSON is found out
/// when the value is read.
#[derive(Default)]
pub(in crate::socket) struct Values {
    /// How far the text was looked at.
    at: usize,
    depth: usize,
    string: bool,
    escaped: bool,
    /// Whether a value has begun.
    begun: bool,
}

impl Values {
    fn is_within(&self) -> bool {
        self.begun
    }

    /// The end of the next value in `text`, which begins with what it began with last time.
    pub fn next(&mut self, text: &[u8]) -> Option<usize> {
        while let Some(&byte) = text.get(self.at) {
            self.at += 1;
            if self.string {
                self.string = self.escaped || byte != b'"';
                self.escaped = byte == b'\\' && !self.escaped;
            } else {
                match byte {
                    b'"' => self.string = true,
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
            }
            let blank = byte.is_ascii_whitespace() && !self.string;
            let was_begun = self.begun;
            self.begun |= !blank;
            let closes = matches!(byte, b'}' | b']' | b'"');
            if was_begun && self.depth == 0 && !self.string && (closes || blank) {
                self.begun = false;
                return Some(self.at);
            }
        }
        None
    }
}

impl Framing for GrpcWebsocketProxy {
    fn read(&mut self, message: Message, said: &mut VecDeque<Said>) -> Result<(), Status> {
        // Nearly always a frame is one value: then it is parsed once.
        if !self.values.is_within()
            && let Ok(request) = self.converter.request(&message.payload)
        {
            said.push_back(Said::Request(request));
            return Ok(());
        }
        self.begun.extend_from_slice(&message.payload);
        // As the original does it: a number or word ends with its frame.
        self.begun.push(b'\n');
        self.values(said)
    }

    fn head(&mut self, _: Vec<Metadatum>, _: &mut Vec<Outgoing>) {}

    fn message(&mut self, wire: Bytes) -> Result<Outgoing, Status> {
        let mut json = Vec::new();
        if !self.converter.kind().server_streams() {
            self.converter.response(&wire, &mut json)?;
            return Ok(Outgoing::Text(json.into()));
        }
        json.extend_from_slice(b"{\"result\":");
        self.converter.response(&wire, &mut json)?;
        json.push(b'}');
        Ok(Outgoing::Text(json.into()))
    }

    fn dropped(&mut self, _: u64) -> Option<Outgoing> {
        None
    }

    fn end(&mut self, end: &End, out: &mut Vec<Outgoing>) -> (u16, String) {
        if !end.status.is_ok() {
            let mut text = Vec::new();
            self.converter.failure(&end.status, &mut text);
            out.push(Outgoing::Text(text.into()));
        }
        (close_code(end.status.code), end.status.message.clone())
    }
}
