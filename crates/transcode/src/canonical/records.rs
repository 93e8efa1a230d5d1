//! The records of a wire: tag, value and where they lie
//! (<https://protobuf.dev/programming-guides/encoding/#structure>). Knows no types.

use std::collections::HashMap;
use std::ops::Range;

/// What is wrong with a wire, and at which byte.
#[derive(Debug, PartialEq)]
pub(crate) struct Fault {
    pub offset: usize,
    pub message: String,
    /// Innermost part first.
    pub path: Vec<String>,
}

impl Fault {
    pub fn new(offset: usize, message: impl Into<String>) -> Fault {
        Fault { offset, message: message.into(), path: Vec::new() }
    }

    /// The same, seen from a message further out.
    pub fn within(mut self, part: impl FnOnce() -> String) -> Fault {
        self.path.push(part());
        self
    }
}

/// The value of a record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Raw {
    Varint(u64),
    I64(u64),
    /// Where the bytes lie.
    Len(Range<usize>),
    /// Where the records between the start and the end tag lie.
    Group(Range<usize>),
    I32(u32),
}

impl Raw {
    pub fn wire_type(&self) -> u8 {
        match self {
            Raw::Varint(_) => 0,
            Raw::I64(_) => 1,
            Raw::Len(_) => 2,
            Raw::Group(_) => 3,
            Raw::I32(_) => 5,
        }
    }
}

/// A field's tag and value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    pub number: u32,
    pub start: usize,
    pub end: usize,
    pub raw: Raw,
}

/// Reads records of one wire. Remembers where groups end, so that those inside others are looked through once.
pub(crate) struct Records<'a> {
    wire: &'a [u8],
    max_depth: usize,
    /// From where the content of a group begins to where it ends, and to where its end tag does.
    groups: HashMap<usize, (usize, usize)>,
}

const TRUNCATED: &str = "the message ends inside this field";
const LONG_VARINT: &str = "a varint is longer than ten bytes";

impl<'a> Records<'a> {
    pub fn new(wire: &'a [u8], max_depth: usize) -> Records<'a> {
        Records { wire, max_depth, groups: HashMap::new() }
    }

    pub fn bytes(&self, range: Range<usize>) -> &'a [u8] {
        &self.wire[range]
    }

    /// The record that begins at `at` and has to end by `end`, in a message that is `depth` deep.
    pub fn next(&mut self, at: usize, end: usize, depth: usize) -> Result<Record, Fault> {
        let (number, wire_type, value) = self.tag(at, end)?;
        let (raw, end) = match wire_type {
            3 => {
                let (content, end) = self.group(at, value, end, number, depth)?;
                (Raw::Group(value..content), end)
            }
            4 => return Err(Fault::new(at, format!("group {number} ends but has not begun"))),
            _ => self.value(at, wire_type, value, end)?,
        };
        Ok(Record { number, start: at, end, raw })
    }

    /// A varint and where it ends.
    pub fn varint(&self, start: usize, at: usize, end: usize) -> Result<(u64, usize), Fault> {
        let mut bits = 0;
        for (byte, shift) in self.wire[at..end].iter().zip((0..).step_by(7)) {
            if shift == 63 && *byte > 1 {
                // Bits beyond the 64th are dropped, a tenth byte that goes on is an error.
                return match *byte {
                    0x80.. => Err(Fault::new(start, LONG_VARINT)),
                    byte => Ok((bits | u64::from(byte & 1) << 63, at + 10)),
                };
            }
            bits |= u64::from(byte & 0x7F) << shift;
            if *byte < 0x80 {
                return Ok((bits, at + shift / 7 + 1));
            }
        }
        Err(Fault::new(start, TRUNCATED))
    }

    fn tag(&self, at: usize, end: usize) -> Result<(u32, u8, usize), Fault> {
        let (tag, value) = self.varint(at, at, end)?;
        // Fields have 29 bits for their number; five bytes hold every tag.
        let tag = u32::try_from(tag).ok().filter(|_| value - at <= 5);
        let tag = tag.ok_or_else(|| Fault::new(at, "this is not the tag of a field"))?;
        if tag >> 3 == 0 {
            return Err(Fault::new(at, "no field has the number 0"));
        }
        Ok((tag >> 3, (tag & 7) as u8, value))
    }

    fn value(
        &self,
        start: usize,
        wire_type: u8,
        at: usize,
        end: usize,
    ) -> Result<(Raw, usize), Fault> {
        let truncated = || Fault::new(start, TRUNCATED);
        let rest = &self.wire[at..end];
        Ok(match wire_type {
            0 => {
                let (bits, end) = self.varint(start, at, end)?;
                (Raw::Varint(bits), end)
            }
            1 => {
                let bytes = rest.first_chunk().ok_or_else(truncated)?;
                (Raw::I64(u64::from_le_bytes(*bytes)), at + 8)
            }
            2 => {
                let (length, at) = self.varint(start, at, end)?;
                let length = usize::try_from(length).ok().filter(|length| *length <= end - at);
                let end = at + length.ok_or_else(truncated)?;
                (Raw::Len(at..end), end)
            }
            5 => {
                let bytes = rest.first_chunk().ok_or_else(truncated)?;
                (Raw::I32(u32::from_le_bytes(*bytes)), at + 4)
            }
            _ => return Err(Fault::new(start, format!("there is no wire type {wire_type}"))),
        })
    }

    /// Where the content of a group ends, and its end tag.
    fn group(
        &mut self,
        start: usize,
        content: usize,
        end: usize,
        number: u32,
        depth: usize,
    ) -> Result<(usize, usize), Fault> {
        if let Some(known) = self.groups.get(&content) {
            return Ok(*known);
        }
        let mut open = vec![(number, content)];
        let mut at = content;
        while let Some((number, content)) = open.last().copied() {
            if depth + open.len() > self.max_depth {
                return Err(too_deep(start, self.max_depth));
            }
            if at == end {
                return Err(Fault::new(start, format!("group {number} has no end")));
            }
            let (inner, wire_type, value) = self.tag(at, end)?;
            match wire_type {
                3 => {
                    open.push((inner, value));
                    at = value;
                }
                4 if inner == number => {
                    self.groups.insert(content, (at, value));
                    open.pop();
                    at = value;
                }
                4 => {
                    let message = format!("group {number} ends as if it were group {inner}");
                    return Err(Fault::new(at, message));
                }
                _ => at = self.value(at, wire_type, value, end)?.1,
            }
        }
        Ok(self.groups[&content])
    }
}

pub(crate) fn too_deep(offset: usize, depth: usize) -> Fault {
    Fault::new(offset, format!("messages are nested more than {depth} deep"))
}
