//! Reads the next record of a wire, as far as it is one.

/// The value of a field as the wire has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Raw<'a> {
    Varint(u64),
    I64([u8; 8]),
    Len(&'a [u8]),
    Group,
    I32([u8; 4]),
}

impl Raw<'_> {
    pub fn wire_type(&self) -> u8 {
        match self {
            Raw::Varint(_) => 0,
            Raw::I64(_) => 1,
            Raw::Len(_) => 2,
            Raw::Group => 3,
            Raw::I32(_) => 5,
        }
    }

    pub fn name(&self) -> &'static str {
        match self {
            Raw::Varint(_) => "varint",
            Raw::I64(_) => "i64",
            Raw::Len(_) => "len",
            Raw::Group => "group",
            Raw::I32(_) => "i32",
        }
    }
}

/// One field as the wire has it.
pub(super) struct Record<'a> {
    pub start: usize,
    /// Where its length begins, or else its value.
    pub length: usize,
    pub value: usize,
    pub end: usize,
    pub number: u32,
    pub raw: Raw<'a>,
}

/// What comes next.
pub(super) enum Next<'a> {
    Record(Record<'a>),
    EndGroup {
        number: u32,
        end: usize,
    },
    /// Something that no message has, or a field that would pass the end.
    Broken,
}

/// Reads what is at `at` and has to end by `end`.
pub(super) fn next(wire: &[u8], at: usize, end: usize) -> Next<'_> {
    record(wire, at, end).unwrap_or(Next::Broken)
}

fn record(wire: &[u8], start: usize, end: usize) -> Option<Next<'_>> {
    let (key, length) = varint(wire, start, end)?;
    let number = u32::try_from(key >> 3).ok().filter(|number| (1..1 << 29).contains(number))?;
    let fixed = |length: usize, size: usize| {
        let end = length.checked_add(size).filter(|at| *at <= end)?;
        Some((wire.get(length..end)?, end))
    };
    let (raw, value, end) = match key & 7 {
        0 => {
            let (number, end) = varint(wire, length, end)?;
            (Raw::Varint(number), length, end)
        }
        1 => {
            let (bytes, end) = fixed(length, 8)?;
            (Raw::I64(bytes.try_into().ok()?), length, end)
        }
        2 => {
            let (size, value) = varint(wire, length, end)?;
            let (bytes, end) = fixed(value, usize::try_from(size).ok()?)?;
            (Raw::Len(bytes), value, end)
        }
        3 => (Raw::Group, length, length),
        4 => return Some(Next::EndGroup { number, end: length }),
        5 => {
            let (bytes, end) = fixed(length, 4)?;
            (Raw::I32(bytes.try_into().ok()?), length, end)
        }
        _ => return None,
    };
    Some(Next::Record(Record { start, length, value, end, number, raw }))
}

/// Reads a varint of at most ten bytes; returns it and where it ends. Bits beyond the 64th are dropped.
pub(super) fn varint(wire: &[u8], at: usize, end: usize) -> Option<(u64, usize)> {
    let mut number = 0u64;
    for (index, byte) in wire.get(at..end)?.iter().take(10).enumerate() {
        number |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((number, at + index + 1));
        }
    }
    None
}
