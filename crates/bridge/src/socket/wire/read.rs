//! Frames that come in, put together to messages (RFC 6455 §5, RFC 7692 §7.2.2).

use super::deflate::{Inflating, Pool};
use bytes::{Buf, Bytes, BytesMut};
use std::io::Cursor;
use std::sync::Arc;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// Bytes read at once while no large frame is on its way.
const READ_BYTES: usize = 4 << 10;
/// Bytes read at once within a large frame.
const MAX_READ_BYTES: usize = 64 << 10;
/// The largest payload of a control frame (RFC 6455 §5.5).
const MAX_CONTROL_BYTES: u64 = 125;

/// What a message may take, bytes.
#[derive(Clone, Copy, Debug)]
pub(in crate::socket) struct Limits {
    /// As it came, compressed or not, all frames together.
    pub wire: u64,
    /// Decompressed.
    pub message: u64,
}

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::socket) enum Incoming {
    Message(Message),
    Ping(Bytes),
    Pong(Bytes),
    /// Its code, or 1005 where it has none (RFC 6455 §7.1.5).
    Close(u16),
}

/// A whole message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::socket) struct Message {
    /// Whether it is text, which then is UTF-8.
    pub text: bool,
    pub payload: Bytes,
}

/// What is wrong with what came, and the code to close with (RFC 6455 §7.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::socket) struct Fault {
    pub close: u16,
    pub what: &'static str,
}

const fn fault(close: u16, what: &'static str) -> Fault {
    Fault { close, what }
}

impl Fault {
    /// Whether a message was larger than a limit.
    pub fn is_size(self) -> bool {
        self.close == 1009
    }
}

pub(super) const NOT_DEFLATE: Fault = fault(1007, "the message is not DEFLATE");
pub(super) const MESSAGE_TOO_LARGE: Fault = fault(1009, "the message is larger than allowed");
const WIRE_TOO_LARGE: Fault =
    fault(1009, "the message is larger than allowed before decompression");
const NOT_UTF8: Fault = fault(1007, "the text is not UTF-8");

/// Takes bytes and gives messages.
pub(in crate::socket) struct Reader {
    limits: Limits,
    /// Given when `permessage-deflate` was agreed on.
    pool: Option<Arc<Pool>>,
    /// Read and not looked at yet.
    buffer: BytesMut,
    frame: Option<Frame>,
    message: Option<Partial>,
}

/// A frame whose head was read.
struct Frame {
    kind: Kind,
    fin: bool,
    /// Payload bytes that are still to come.
    left: u64,
    mask: [u8; 4],
    /// Where in the mask the next byte is.
    at: usize,
}

enum Kind {
    Data,
    Control(Control),
}

/// A message whose end was not read.
struct Partial {
    text: bool,
    inflating: Option<Inflating>,
    /// Bytes of it as they came, those announced included.
    wire: u64,
    /// How much of the payload is known to be UTF-8.
    checked: usize,
    payload: Vec<u8>,
}

impl Reader {
    pub fn new(limits: Limits, pool: Option<Arc<Pool>>) -> Reader {
        Reader { limits, pool, buffer: BytesMut::new(), frame: None, message: None }
    }

    /// Where to read into.
    pub fn space(&mut self) -> &mut BytesMut {
        let left = self.frame.as_ref().map_or(0, |frame| frame.left);
        let wanted = usize::try_from(left).unwrap_or(MAX_READ_BYTES);
        self.buffer.reserve(wanted.clamp(READ_BYTES, MAX_READ_BYTES));
        &mut self.buffer
    }

    /// Gives the buffer back while nothing is in it: most sockets are idle most of the time.
    pub fn rest(&mut self) {
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
        }
    }

    /// The next message or control frame in what was read.
    pub fn next(&mut self) -> Result<Option<Incoming>, Fault> {
        loop {
            if self.frame.is_none() {
                self.frame = self.head()?;
            }
            let Some(frame) = &mut self.frame else { return Ok(None) };
            let there = frame.left.min(self.buffer.len() as u64);
            let is_whole = there == frame.left;
            if !is_whole && (there == 0 || matches!(frame.kind, Kind::Control(_))) {
                return Ok(None);
            }
            let mut part = self.buffer.split_to(usize::try_from(there).unwrap_or_default());
            unmask(&mut part, frame.mask, frame.at);
            frame.at = (frame.at + part.len()) % 4;
            frame.left -= there;
            let fin = frame.fin && is_whole;
            let control = match frame.kind {
                Kind::Control(control) => Some(control),
                Kind::Data => None,
            };
            if is_whole {
                self.frame = None;
            }
            if let Some(control) = control {
                return incoming(control, part.freeze()).map(Some);
            }
            if let Some(message) = self.data(part, fin)? {
                return Ok(Some(Incoming::Message(message)));
            }
        }
    }

    /// Takes the head of a frame off the buffer, once it is whole.
    fn head(&mut self) -> Result<Option<Frame>, Fault> {
        let mut cursor = Cursor::new(&self.buffer[..]);
        let parsed = FrameHeader::parse(&mut cursor);
        let length = usize::try_from(cursor.position()).unwrap_or_default();
        let Some((header, left)) = parsed.map_err(|_| fault(1002, "the opcode is reserved"))?
        else {
            return Ok(None);
        };
        self.buffer.advance(length);
        let Some(mask) = header.mask else { return Err(fault(1002, "the frame is not masked")) };
        let plain = !header.rsv2 && !header.rsv3;
        let may_compress = self.pool.is_some() && starts_message(header.opcode);
        if !plain || header.rsv1 && !may_compress {
            return Err(fault(1002, "a reserved bit is set that no extension uses"));
        }
        let fin = header.is_final;
        let kind = match header.opcode {
            OpCode::Control(control) => {
                if !fin {
                    return Err(fault(1002, "a control frame is fragmented"));
                }
                if left > MAX_CONTROL_BYTES {
                    return Err(fault(1002, "a control frame is longer than 125 bytes"));
                }
                Kind::Control(control)
            }
            OpCode::Data(data) => {
                self.begin(data, header.rsv1, left)?;
                Kind::Data
            }
        };
        Ok(Some(Frame { kind, fin, left, mask, at: 0 }))
    }

    /// A data frame begins: of a new message, or of the one that is on its way.
    fn begin(&mut self, data: Data, compressed: bool, length: u64) -> Result<(), Fault> {
        let message = match (data, &mut self.message) {
            (Data::Continue, Some(message)) => message,
            (Data::Continue, None) => {
                return Err(fault(1002, "a continuation without a message before it"));
            }
            (_, Some(_)) => return Err(fault(1002, "a message begins within another")),
            (_, empty) => {
                let pool = self.pool.as_ref().filter(|_| compressed);
                empty.insert(Partial {
                    text: data == Data::Text,
                    inflating: pool.map(Inflating::new),
                    wire: 0,
                    checked: 0,
                    payload: Vec::new(),
                })
            }
        };
        message.wire = message.wire.saturating_add(length);
        if message.wire > self.limits.wire {
            return Err(WIRE_TOO_LARGE);
        }
        let plain = message.inflating.is_none();
        if plain && message.wire > self.limits.message {
            return Err(MESSAGE_TOO_LARGE);
        }
        Ok(())
    }

    /// Takes a piece of a message; gives the message with its last piece.
    fn data(&mut self, part: BytesMut, fin: bool) -> Result<Option<Message>, Fault> {
        let Some(message) = &mut self.message else { return Ok(None) };
        // A message that came in one piece is passed on as it lies there.
        if fin && message.payload.is_empty() && message.inflating.is_none() {
            if message.text && simdutf8::basic::from_utf8(&part).is_err() {
                return Err(NOT_UTF8);
            }
            let text = message.text;
            self.message = None;
            return Ok(Some(Message { text, payload: part.freeze() }));
        }
        match &mut message.inflating {
            Some(inflating) => {
                let limit = usize::try_from(self.limits.message).unwrap_or(usize::MAX);
                inflating.feed(&part, &mut message.payload, limit)?;
                if fin {
                    inflating.end(&mut message.payload, limit)?;
                }
            }
            None => message.payload.extend_from_slice(&part),
        }
        message.check(fin)?;
        let Some(message) = self.message.take_if(|_| fin) else { return Ok(None) };
        Ok(Some(Message { text: message.text, payload: message.payload.into() }))
    }
}

impl Partial {
    /// Looks at what of a text was not looked at; a character may be cut at the end unless the text ends there.
    fn check(&mut self, fin: bool) -> Result<(), Fault> {
        if !self.text {
            return Ok(());
        }
        let rest = self.payload.get(self.checked..).unwrap_or_default();
        match simdutf8::compat::from_utf8(rest) {
            Ok(_) => self.checked = self.payload.len(),
            Err(error) if error.error_len().is_none() && !fin => {
                self.checked += error.valid_up_to()
            }
            Err(_) => return Err(NOT_UTF8),
        }
        Ok(())
    }
}

fn starts_message(opcode: OpCode) -> bool {
    matches!(opcode, OpCode::Data(Data::Text | Data::Binary))
}

fn incoming(control: Control, payload: Bytes) -> Result<Incoming, Fault> {
    match control {
        Control::Ping => Ok(Incoming::Ping(payload)),
        Control::Pong => Ok(Incoming::Pong(payload)),
        _ => close_code(&payload).map(Incoming::Close),
    }
}

/// The code of a close frame (RFC 6455 §5.5.1, §7.4).
fn close_code(payload: &[u8]) -> Result<u16, Fault> {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        let empty = payload.is_empty().then_some(1005);
        return empty.ok_or(fault(1002, "a close frame has half a code"));
    };
    let code = u16::from_be_bytes(*code);
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(fault(1002, "a close frame has a code that may not be sent"));
    }
    simdutf8::basic::from_utf8(reason).map_err(|_| NOT_UTF8)?;
    Ok(code)
}

/// Takes the mask off a payload, whose first byte is at `at` of the mask (RFC 6455 §5.3).
fn unmask(payload: &mut [u8], mut mask: [u8; 4], at: usize) {
    mask.rotate_left(at % 4);
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (blocks, rest) = payload.as_chunks_mut::<8>();
    for block in blocks {
        *block = (u64::from_ne_bytes(*block) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}
