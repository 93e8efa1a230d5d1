//! The wire format (<https://protobuf.dev/programming-guides/encoding/>) as far as a bridge looks into it: bodies as they
//! are, details of failures.

/// The fields of a wire that have a length; ends where it cannot be read.
pub(super) fn fields(wire: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    records(wire).filter_map(|(number, record)| match record {
        Record::Bytes(bytes) => Some((number, bytes)),
        Record::Number(_) => None,
    })
}

/// The fields of a wire that are varints.
pub(super) fn numbers(wire: &[u8]) -> impl Iterator<Item = (u64, u64)> {
    records(wire).filter_map(|(number, record)| match record {
        Record::Number(value) => Some((number, value)),
        Record::Bytes(_) => None,
    })
}

/// A field of a wire.
pub(super) enum Record<'a> {
    Number(u64),
    /// With a length, or of fixed size.
    Bytes(&'a [u8]),
}

/// The fields of a wire by number, groups left out; ends where it cannot be read.
pub(super) fn records(mut wire: &[u8]) -> impl Iterator<Item = (u64, Record<'_>)> {
    std::iter::from_fn(move || {
        let mut groups = 0_usize;
        loop {
            let tag = varint(&mut wire)?;
            let record = match tag & 7 {
                0 => Record::Number(varint(&mut wire)?),
                1 => Record::Bytes(take(&mut wire, 8)?),
                2 => {
                    let length = usize::try_from(varint(&mut wire)?).ok()?;
                    Record::Bytes(take(&mut wire, length)?)
                }
                3 => {
                    groups += 1;
                    continue;
                }
                4 => {
                    groups = groups.checked_sub(1)?;
                    continue;
                }
                5 => Record::Bytes(take(&mut wire, 4)?),
                _ => return None,
            };
            if groups == 0 {
                return Some((tag >> 3, record));
            }
        }
    })
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

/// Appends a field that has a length.
pub(crate) fn put_field(number: u32, value: &[u8], wire: &mut Vec<u8>) {
    put_varint(u64::from(number) << 3 | 2, wire);
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
        let wanted: [(u64, &[u8]); 3] =
            [(2, b"two"), (5, &[1, 2, 3, 4]), (6, &[1, 2, 3, 4, 5, 6, 7, 8])];
        assert_eq!(fields(&wire).collect::<Vec<_>>(), wanted);
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
