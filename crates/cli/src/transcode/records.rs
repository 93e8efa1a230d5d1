//! Takes messages off a stream of bytes. Holds the one at hand and what was read ahead of it, never the stream.

use super::{place::Place, scan::Scan};
use crate::{args::Format, output};
use std::io::{ErrorKind, Read};
use std::ops::Range;
use wirelab_model::{Problem, ProblemKind};

/// How much is read at once.
const CHUNK: usize = 64 << 10;

/// How much of the beginning is looked at to tell JSON from Protobuf.
const SNIFFED: usize = 1 << 10;

/// The messages of a stream.
pub struct Records<R> {
    reader: R,
    limit: usize,
    /// What was read; all before `start` is done with.
    buffer: Vec<u8>,
    start: usize,
    ended: bool,
    /// The place of `buffer[start]`, with the number of messages before it.
    here: Place,
    taken: u64,
    scan: Scan,
    /// The message at hand, in `buffer`, and where it is.
    current: Range<usize>,
    place: Place,
}

impl<R: Read> Records<R> {
    /// Messages of at most `limit` bytes; problems call the stream `name`.
    pub fn new(reader: R, name: &str, limit: usize) -> Records<R> {
        let here = Place { stream: name.to_owned(), number: None, offset: 0, line: 1, column: 0 };
        Records {
            place: here.clone(),
            here,
            reader,
            limit,
            buffer: Vec::new(),
            start: 0,
            ended: false,
            taken: 0,
            scan: Scan::default(),
            current: 0..0,
        }
    }

    /// JSON when the stream begins like a JSON object, else Protobuf.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn sniff(&mut self) -> Result<Format, Problem> {
        loop {
            let head = self.buffer.get(..SNIFFED).unwrap_or(&self.buffer);
            let mut letters = head.iter().copied().filter(|byte| !byte.is_ascii_whitespace());
            let undecided = match (letters.next(), letters.next()) {
                (Some(b'{'), Some(b'"' | b'}')) => return Ok(Format::Json),
                (Some(b'{') | None, None) => head.len() < SNIFFED,
                _ => false,
            };
            if !undecided || !self.fill()? {
                return Ok(Format::Protobuf);
            }
        }
    }

    /// Goes to the next message, which [`current`](Records::current) then is; false at the end. `wait` is called
    /// before the stream is, since that may take long.
    ///
    /// # Errors
    /// A message longer than the limit, a frame that is none or is cut short, a stream that cannot be read, and what
    /// `wait` says.
    pub fn next(
        &mut self,
        format: Format,
        mut wait: impl FnMut() -> Result<(), Problem>,
    ) -> Result<bool, Problem> {
        loop {
            let found = match format {
                Format::Json => self.json()?,
                Format::Ndjson => self.line()?,
                Format::Protobuf => self.whole()?,
                Format::Delimited => self.frame(varint)?,
                Format::Grpc => self.frame(grpc)?,
            };
            if let Some((header, length)) = found {
                self.skip(header);
                self.taken += 1;
                let number = (format != Format::Protobuf).then_some(self.taken);
                self.place = Place { number, ..self.here.clone() };
                self.current = self.start..self.start + length;
                self.skip(length);
                return Ok(true);
            }
            if self.ended {
                return Ok(false);
            }
            wait()?;
            self.fill()?;
        }
    }

    /// The message at hand, a JSON text or a wire, without what frames it.
    pub fn current(&self) -> &[u8] {
        self.buffer.get(self.current.clone()).unwrap_or_default()
    }

    /// Where it is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Reads on; false at the end of the stream.
    fn fill(&mut self) -> Result<bool, Problem> {
        if self.ended {
            return Ok(false);
        }
        // Moving what is left to the front once it is the smaller part costs each byte at most one move.
        if self.start > self.buffer.len() / 2 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        let before = self.buffer.len();
        self.buffer.resize(before + CHUNK, 0);
        let read = loop {
            match self.reader.read(self.buffer.get_mut(before..).unwrap_or_default()) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.buffer.truncate(before + read.as_ref().map_or(0, |read| *read));
        let read =
            read.map_err(|error| output::io("cannot be read", &error).at(self.here.name()))?;
        self.ended = read == 0;
        Ok(!self.ended)
    }

    fn unread(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// Goes past `length` bytes.
    fn skip(&mut self, length: usize) {
        let passed = self.buffer.get(self.start..self.start + length).unwrap_or_default();
        let lines = passed.iter().filter(|byte| **byte == b'\n').count();
        let last = passed.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        // Bytes that continue a character do not count.
        let letters = last.iter().filter(|byte| **byte & 0xc0 != 0x80).count() as u64;
        self.here.column = if lines == 0 { self.here.column + letters } else { letters };
        self.here.line += lines as u64;
        self.here.offset += length as u64;
        self.start += length;
    }

    /// The next JSON value; what is cut short is handed out as it is, for its reader to say why.
    fn json(&mut self) -> Result<Option<(usize, usize)>, Problem> {
        let blank = self.unread().iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        if !self.scan.begun() {
            self.skip(blank);
        }
        let length = match self.scan.end(self.buffer.get(self.start..).unwrap_or_default()) {
            Some(length) => length,
            None if self.ended && self.scan.begun() => self.unread().len(),
            None => return self.check(self.unread().len()).map(|()| None),
        };
        self.check(length)?;
        self.scan = Scan::default();
        Ok(Some((0, length)))
    }

    /// The next line that is not blank, without its end.
    fn line(&mut self) -> Result<Option<(usize, usize)>, Problem> {
        loop {
            let scanned = self.scan.at();
            let rest = self.unread().get(scanned..).unwrap_or_default();
            let length = match rest.iter().position(|byte| *byte == b'\n') {
                Some(length) => scanned + length,
                None if self.ended && !self.unread().is_empty() => self.unread().len(),
                None => {
                    self.scan = Scan::from(self.unread().len());
                    return self.check(self.unread().len()).map(|()| None);
                }
            };
            self.scan = Scan::default();
            let line = self.unread().get(..length).unwrap_or_default();
            if !line.iter().all(u8::is_ascii_whitespace) {
                self.check(length)?;
                return Ok(Some((0, length)));
            }
            self.skip((length + 1).min(self.unread().len()));
        }
    }

    /// All there is, once.
    fn whole(&self) -> Result<Option<(usize, usize)>, Problem> {
        let length = self.unread().len();
        self.check(length)?;
        Ok((self.ended && self.taken == 0).then_some((0, length)))
    }

    /// The next message after its length.
    fn frame(&self, header: fn(&[u8]) -> Header) -> Result<Option<(usize, usize)>, Problem> {
        let unread = self.unread();
        let cut = |what| self.broken(format!("the stream ends in the middle of a {what}"));
        match header(unread) {
            Header::Length(_, length) if length > self.limit as u64 => Err(self.too_long(length)),
            Header::Length(size, length) => {
                // Not longer than the limit, which is a usize.
                let length = length as usize;
                match unread.len() - size >= length {
                    true => Ok(Some((size, length))),
                    false if self.ended => Err(cut("message")),
                    false => Ok(None),
                }
            }
            Header::Incomplete if self.ended && !unread.is_empty() => Err(cut("length")),
            Header::Incomplete => Ok(None),
            Header::Broken(why) => Err(self.broken(why.to_owned())),
        }
    }

    fn check(&self, length: usize) -> Result<(), Problem> {
        if length > self.limit { Err(self.too_long(length as u64)) } else { Ok(()) }
    }

    fn too_long(&self, length: u64) -> Problem {
        let message =
            format!("the message has {length} bytes or more, and {} are allowed", self.limit);
        Problem { kind: ProblemKind::TooLarge, ..self.broken(message) }
            .help("--max-message says how many; --from says how the stream is framed")
    }

    fn broken(&self, message: String) -> Problem {
        let number = self.taken + 1;
        let place = format!("{}, record {number}, byte {}", self.here.stream, self.here.offset);
        Problem::new(ProblemKind::Syntax, message).at(place)
    }
}

/// What stands before a message.
enum Header {
    /// Its own size, and the length of the message.
    Length(usize, u64),
    Incomplete,
    Broken(&'static str),
}

/// A base-128 varint (<https://protobuf.dev/programming-guides/encoding/#varints>).
fn varint(bytes: &[u8]) -> Header {
    let mut length = 0u64;
    for (index, byte) in bytes.iter().take(10).enumerate() {
        // The tenth byte has room for one bit only.
        if index == 9 && *byte > 1 {
            break;
        }
        length |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Header::Length(index + 1, length);
        }
    }
    if bytes.len() < 10 { Header::Incomplete } else { Header::Broken("its length is no varint") }
}

/// A flag and four bytes, the most significant first
/// (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>).
fn grpc(bytes: &[u8]) -> Header {
    match bytes {
        [0, a, b, c, d, ..] => Header::Length(5, u32::from_be_bytes([*a, *b, *c, *d]).into()),
        [] | [0, ..] => Header::Incomplete,
        [1, ..] => Header::Broken("the message is compressed; have it sent without compression"),
        _ => Header::Broken("this is no gRPC frame: it begins with neither 0 nor 1"),
    }
}
