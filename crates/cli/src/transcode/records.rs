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
#[derive(Debug)]
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out a few bytes at a time.
    struct Trickle<'a>(&'a [u8], usize);

    impl Read for Trickle<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let size = self.1.min(into.len()).min(self.0.len());
            let (now, later) = self.0.split_at(size);
            into[..size].copy_from_slice(now);
            self.0 = later;
            Ok(size)
        }
    }

    /// Each record as `number@offset:line:column text`, and what ended the stream.
    fn read(stream: &[u8], format: Option<Format>, step: usize) -> Vec<String> {
        let mut records = Records::new(Trickle(stream, step), "in", 20);
        let mut found = Vec::new();
        let format = format.unwrap_or_else(|| {
            let format = records.sniff().unwrap();
            found.push(format!("{format:?}"));
            format
        });
        loop {
            match records.next(format, || Ok(())) {
                Ok(false) => return found,
                Ok(true) => {
                    let Place { number, offset, line, column, .. } = records.place();
                    let number = number.map_or("only".to_owned(), |number| number.to_string());
                    let text = records.current().escape_ascii();
                    found.push(format!("{number}@{offset}:{line}:{column} {text}"));
                }
                Err(problem) => {
                    found.push(problem.to_string());
                    return found;
                }
            }
        }
    }

    #[test]
    fn records_are_the_same_however_they_come() {
        use Format::{Delimited, Grpc, Json, Ndjson, Protobuf};
        let cases: &[(&[u8], Option<Format>, &[&str])] = &[
            (b"", Some(Json), &[]),
            (
                b" {}\n\n {\"a\":\n1} [2]x",
                Some(Json),
                &["1@1:1:1 {}", "2@6:3:1 {\\\"a\\\":\\n1}", "3@15:4:3 [2]", "4@18:4:6 x"],
            ),
            ("\"\u{e9}\" 1".as_bytes(), Some(Json), &["1@0:1:0 \\\"\\xc3\\xa9\\\"", "2@5:1:4 1"]),
            (b"{\"a\": [", Some(Json), &["1@0:1:0 {\\\"a\\\": ["]),
            (
                b"{}\r\n\n \n[1] 2\nx",
                Some(Ndjson),
                &["1@0:1:0 {}\\r", "2@7:4:0 [1] 2", "3@13:5:0 x"],
            ),
            (b"\x00\x02ab", Some(Delimited), &["1@1:1:1 ", "2@2:1:2 ab"]),
            (b"\0\0\0\0\x01a\0\0\0\0\0", Some(Grpc), &["1@5:1:5 a", "2@11:1:11 "]),
            (b"ab", Some(Protobuf), &["only@0:1:0 ab"]),
            (b"", None, &["Protobuf", "only@0:1:0 "]),
            (b"{\"", None, &["Json", "1@0:1:0 {\\\""]),
            (b"{", None, &["Protobuf", "only@0:1:0 {"]),
            (b"\n{ }", None, &["Json", "1@1:2:0 { }"]),
            (b"\n\x01a", None, &["Protobuf", "only@0:1:0 \\n\\x01a"]),
        ];
        for (stream, format, expected) in cases {
            for step in [1, 2, 3, 1_000] {
                assert_eq!(read(stream, *format, step), *expected, "{stream:?} by {step}");
            }
        }
    }

    #[test]
    fn long_records_are_refused_before_they_are_read_whole() {
        for (stream, format) in [
            (format!("\"{}", "a".repeat(1_000)), Format::Json),
            ("a".repeat(1_000), Format::Ndjson),
            ("a".repeat(1_000), Format::Protobuf),
            ("\u{7f}".to_owned(), Format::Delimited),
            ("\0\u{1}\0\0\0".to_owned(), Format::Grpc),
        ] {
            let found = read(stream.as_bytes(), Some(format), 1);
            assert_eq!(found.len(), 1, "{format:?}");
            assert!(found[0].contains("and 20 are allowed"), "{format:?}: {found:?}");
        }
    }
}
