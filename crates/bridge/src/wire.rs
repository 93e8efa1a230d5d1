//! The wire format (<https://protobuf.dev/programming-guides/encoding/>) as far as a bridge reads or writes it itself: what
//! path and query say, bodies as they are, details of failures.

/// Types of values (<https://protobuf.dev/programming-guides/encoding/#structure>).
pub(crate) const VARINT: u64 = 0;
pub(crate) const I64: u64 = 1;
pub(crate) const LEN: u64 = 2;
pub(crate) const START_GROUP: u64 = 3;
pub(crate) const END_GROUP: u64 = 4;
pub(crate) const I32: u64 = 5;

/// The fields of a wire that have a length; ends where it cannot be read.
pub(crate) fn fields(wire: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    records(wire).filter_map(|(number, record)| match record {
        Record::Bytes(bytes) => Some((number, bytes)),
        _ => None,
    })
}

/// The fields of a wire that are varints.
pub(crate) fn numbers(wire: &[u8]) -> impl Iterator<Item = (u64, u64)> {
    records(wire).filter_map(|(number, record)| match record {
        Record::Number(value) => Some((number, value)),
        _ => None,
    })
}

/// A field of a wire.
#[derive(Debug, PartialEq)]
pub(crate) enum Record<'a> {
    Number(u64),
    /// With a length.
    Bytes(&'a [u8]),
    /// Of four or eight bytes.
    Fixed,
    /// What is between its two tags.
    Group(&'a [u8]),
}

/// The fields of a wire by number; ends where it cannot be read.
pub(crate) fn records(mut wire: &[u8]) -> impl Iterator<Item = (u64, Record<'_>)> {
    std::iter::from_fn(move || next(&mut wire))
}

/// Takes a field off the front.
fn next<'a>(wire: &mut &'a [u8]) -> Option<(u64, Record<'a>)> {
    let tag = varint(wire)?;
    let record = match tag & 7 {
        START_GROUP => {
            let inside = *wire;
            let mut depth = 1_usize;
            loop {
                let length = inside.len() - wire.len();
                let tag = varint(wire)?;
                match tag & 7 {
                    START_GROUP => depth += 1,
                    END_GROUP if depth == 1 => break Record::Group(&inside[..length]),
                    END_GROUP => depth -= 1,
                    _ => {
                        value(tag, wire)?;
                    }
                }
            }
        }
        _ => value(tag, wire)?,
    };
    Some((tag >> 3, record))
}

/// Takes the value behind a tag that is no group's.
fn value<'a>(tag: u64, wire: &mut &'a [u8]) -> Option<Record<'a>> {
    Some(match tag & 7 {
        VARINT => Record::Number(varint(wire)?),
        LEN => {
            let length = usize::try_from(varint(wire)?).ok()?;
            Record::Bytes(take(wire, length)?)
        }
        I64 => take(wire, 8).map(|_| Record::Fixed)?,
        I32 => take(wire, 4).map(|_| Record::Fixed)?,
        _ => return None,
    })
}

/// The wire without the field at `path`, numbers from the message inwards; none where that field is not in it.
pub(crate) fn without(wire: &[u8], path: &[u32]) -> Option<Vec<u8>> {
    holds(wire, path).then(|| {
        let mut rest = Vec::with_capacity(wire.len());
        cut(wire, path, &mut rest);
        rest
    })
}

/// Whether a wire has a field at `path`.
pub(crate) fn holds(wire: &[u8], path: &[u32]) -> bool {
    let Some((first, inner)) = path.split_first() else { return false };
    records(wire).filter(|(number, _)| *number == u64::from(*first)).any(|(_, record)| match record
    {
        _ if inner.is_empty() => true,
        Record::Bytes(content) | Record::Group(content) => holds(content, inner),
        Record::Number(_) | Record::Fixed => false,
    })
}

/// Appends a wire without the field at `path`. What cannot be read stays.
fn cut(mut wire: &[u8], path: &[u32], rest: &mut Vec<u8>) {
    let Some((first, inner)) = path.split_first() else { return };
    loop {
        let before = wire;
        let Some((number, record)) = next(&mut wire) else {
            return rest.extend_from_slice(before);
        };
        let whole = &before[..before.len() - wire.len()];
        match record {
            _ if number != u64::from(*first) => rest.extend_from_slice(whole),
            _ if inner.is_empty() => {}
            Record::Bytes(content) => {
                let mut kept = Vec::with_capacity(content.len());
                cut(content, inner, &mut kept);
                put_field(*first, &kept, rest);
            }
            Record::Group(content) => {
                put_tag(*first, START_GROUP, rest);
                cut(content, inner, rest);
                put_tag(*first, END_GROUP, rest);
            }
            Record::Number(_) | Record::Fixed => rest.extend_from_slice(whole),
        }
    }
}

fn take<'a>(wire: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = wire.split_at_checked(length)?;
    *wire = rest;
    Some(taken)
}

/// Takes a varint off the front (<https://protobuf.dev/programming-guides/encoding/#varints>).
fn varint(wire: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for (index, byte) in wire.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            *wire = &wire[index + 1..];
            return Some(value);
        }
    }
    None
}

/// Appends a varint.
pub(crate) fn put_varint(mut value: u64, wire: &mut Vec<u8>) {
    while value >= 0x80 {
        wire.push(value as u8 | 0x80);
        value >>= 7;
    }
    wire.push(value as u8);
}

/// How many bytes a varint takes.
pub(crate) fn varint_length(value: u64) -> usize {
    (u64::BITS - value.leading_zeros()).div_ceil(7).max(1) as usize
}

/// Appends a tag.
pub(crate) fn put_tag(number: u32, wire_type: u64, wire: &mut Vec<u8>) {
    put_varint(u64::from(number) << 3 | wire_type, wire);
}

/// Appends a field that has a length.
pub(crate) fn put_field(number: u32, value: &[u8], wire: &mut Vec<u8>) {
    put_tag(number, LEN, wire);
    put_varint(value.len() as u64, wire);
    wire.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_a_wire() {
        let mut wire = vec![1 << 3, 0x96, 1];
        put_field(2, b"two", &mut wire);
        // A group with a field and a group of its own.
        wire.extend([3 << 3 | 3, 2 << 3, 9, 4 << 3 | 3, 4 << 3 | 4, 3 << 3 | 4]);
        wire.extend([5 << 3 | 5, 1, 2, 3, 4, 6 << 3 | 1, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(numbers(&wire).collect::<Vec<_>>(), [(1, 150)]);
        assert_eq!(fields(&wire).collect::<Vec<_>>(), [(2, &b"two"[..])]);
        let group = (3, Record::Group(&[2 << 3, 9, 4 << 3 | 3, 4 << 3 | 4]));
        let all: Vec<_> = records(&wire).collect();
        assert_eq!(all.len(), 5);
        assert_eq!(all[2..], [group, (5, Record::Fixed), (6, Record::Fixed)]);
    }

    /// A wire, a path, and the wire without it.
    #[test]
    fn fields_are_taken_out() {
        type Case = (&'static [u8], &'static [u32], Option<&'static [u8]>);
        let table: &[Case] = &[
            (&[8, 1, 16, 2, 8, 3], &[1], Some(&[16, 2])),
            (&[8, 1, 16, 2], &[3], None),
            (&[8, 1], &[], None),
            // In messages, of which one may come in several pieces; the message itself stays.
            (&[10, 4, 8, 1, 16, 2, 10, 2, 8, 3], &[1, 1], Some(&[10, 2, 16, 2, 10, 0])),
            (&[10, 2, 8, 1, 8, 7], &[1, 1], Some(&[10, 0, 8, 7])),
            (&[10, 2, 8, 1], &[1, 2], None),
            (&[8, 1], &[1, 2], None),
            // In groups.
            (&[11, 8, 1, 16, 2, 12, 24, 3], &[1, 2], Some(&[11, 8, 1, 12, 24, 3])),
            (&[11, 8, 1, 12, 24, 3], &[1], Some(&[24, 3])),
            // What cannot be read stays, behind what can.
            (&[8, 1, 16, 2, 18, 9, 1], &[1], Some(&[16, 2, 18, 9, 1])),
            (&[10, 3, 8, 1, 0xff], &[1, 1], Some(&[10, 1, 0xff])),
        ];
        for (wire, path, wanted) in table {
            assert_eq!(without(wire, path).as_deref(), *wanted, "{wire:?} {path:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_ends_it() {
        let table: &[&[u8]] = &[
            &[0x80],
            &[2 << 3 | 2, 5, 1],
            &[1 << 3 | 7],
            &[1 << 3 | 4],
            &[0xff; 12],
            &[1 << 3 | 3],
        ];
        for wire in table {
            assert_eq!(records(wire).count(), 0, "{wire:?}");
        }
    }
}
