//! Reads tags, varints and lengths, and skips what nobody asked for
//! (<https://protobuf.dev/programming-guides/encoding/>). Knows bytes only.

use super::Why;
use crate::raw::Text;

pub(super) const VARINT: u8 = 0;
pub(super) const FIXED64: u8 = 1;
pub(super) const LENGTH: u8 = 2;
pub(super) const START: u8 = 3;
pub(super) const END: u8 = 4;
pub(super) const FIXED32: u8 = 5;

/// A tag: field number, wire type, and where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    pub number: u32,
    pub wire_type: u8,
    pub end: usize,
}

/// The highest bits of eight bytes, which say that a varint goes on.
const CONTINUED: u64 = 0x8080_8080_8080_8080;

/// The eight bytes from `at` on, little-endian; zeros after the end.
#[inline(always)]
pub(super) fn word(wire: &Text<'_>, at: usize) -> u64 {
    wire.word(at)
}

/// The varint at `at` and where it ends, which may be past the end of the wire when it is cut: the caller checks.
#[inline(always)]
pub(super) fn varint(wire: &Text<'_>, at: usize) -> Result<(u64, usize), Why> {
    let word = word(wire, at);
    if word & 0x80 == 0 {
        return Ok((word & 0x7f, at + 1));
    }
    let stops = !word & CONTINUED;
    if stops == 0 {
        return long_varint(wire, at);
    }
    // All bits up to the first stop.
    let word = word & (stops ^ (stops - 1));
    Ok((seven_bits(word), at + (stops.trailing_zeros() as usize >> 3) + 1))
}

/// The same for varints of which nobody knows the size: of all sizes alike, lest the processor guess wrong.
#[inline(always)]
pub(super) fn any_varint(wire: &Text<'_>, at: usize) -> Result<(u64, usize), Why> {
    let (low, high) = (word(wire, at), word(wire, at + 8));
    let stops = !low & CONTINUED;
    // Whether the ninth byte and the tenth belong to it.
    let ninth = u64::from(stops == 0);
    let tenth = ninth & high >> 7;
    if tenth & high >> 15 != 0 {
        return Err(Why::Varint);
    }
    // All bits up to the first stop, or all.
    let value = seven_bits(low & (stops ^ stops.wrapping_sub(1)))
        | (high & 0x7f & ninth.wrapping_neg()) << 56
        | (high >> 8 & tenth) << 63;
    // Without a stop there are eight bytes, and the ninth.
    Ok((value, at + (stops.trailing_zeros() >> 3) as usize + 1 + tenth as usize))
}

/// Puts the low seven bits of each byte side by side.
#[inline(always)]
fn seven_bits(word: u64) -> u64 {
    let word = word & 0x7f7f_7f7f_7f7f_7f7f;
    let word = (word & 0x7f00_7f00_7f00_7f00) >> 1 | word & 0x007f_007f_007f_007f;
    let word = (word & 0x3fff_0000_3fff_0000) >> 2 | word & 0x0000_3fff_0000_3fff;
    (word & 0x0fff_ffff_0000_0000) >> 4 | word & 0x0fff_ffff
}

/// Of nine or ten bytes; what is beyond 64 bits is dropped, as everywhere.
#[inline(never)]
fn long_varint(wire: &Text<'_>, at: usize) -> Result<(u64, usize), Why> {
    let low = seven_bits(word(wire, at));
    let rest = word(wire, at + 8);
    let ninth = low | (rest & 0x7f) << 56;
    if rest & 0x80 == 0 {
        return Ok((ninth, at + 9));
    }
    if rest & 0x8000 == 0 {
        return Ok((ninth | (rest >> 8 & 1) << 63, at + 10));
    }
    Err(Why::Varint)
}

/// A length and what it spans, which ends at `end` or before.
#[inline(always)]
pub(super) fn length(wire: &Text<'_>, at: usize, end: usize) -> Result<(usize, usize), Why> {
    let (length, from) = varint(wire, at)?;
    if from > end || length > (end - from) as u64 {
        return Err(Why::Cut);
    }
    // Not more than `end`, which is a usize.
    Ok((from, from + length as usize))
}

/// The tag at `at`, which ends at `end` or before.
#[inline]
pub(super) fn tag(wire: &Text<'_>, at: usize, end: usize) -> Result<Tag, Why> {
    let word = word(wire, at);
    let stops = !word & CONTINUED;
    let length = (stops.trailing_zeros() as usize >> 3) + 1;
    if stops == 0 || length > 5 {
        // Tags have five bytes at most, even when the rest adds nothing.
        return Err(if at + 5 >= end { Why::Cut } else { Why::FieldNumber });
    }
    if at + length > end {
        return Err(Why::Cut);
    }
    let key = seven_bits(word & (stops ^ (stops - 1)));
    match u32::try_from(key >> 3) {
        Ok(number) if (1..1 << 29).contains(&number) => {
            Ok(Tag { number, wire_type: (key & 7) as u8, end: at + length })
        }
        _ => Err(Why::FieldNumber),
    }
}

/// Where the value after `tag` ends; of a group, after its end tag. `depth` groups may be open at once.
pub(super) fn skip(wire: &Text<'_>, tag: Tag, end: usize, depth: usize) -> Result<usize, Why> {
    if tag.wire_type == START {
        return skip_group(wire, tag, end, depth);
    }
    flat(wire, tag, end)
}

/// The same for what is no group.
#[inline]
pub(super) fn flat(wire: &Text<'_>, tag: Tag, end: usize) -> Result<usize, Why> {
    let at = match tag.wire_type {
        VARINT => varint(wire, tag.end)?.1,
        FIXED64 => tag.end + 8,
        LENGTH => length(wire, tag.end, end)?.1,
        FIXED32 => tag.end + 4,
        END => return Err(Why::EndGroup),
        _ => return Err(Why::WireType),
    };
    if at > end { Err(Why::Cut) } else { Ok(at) }
}

#[cold]
fn skip_group(wire: &Text<'_>, start: Tag, end: usize, depth: usize) -> Result<usize, Why> {
    let depth = depth.checked_sub(1).ok_or(Why::Depth)?;
    let mut at = start.end;
    while at < end {
        let next = tag(wire, at, end)?;
        if next.wire_type == END {
            return if next.number == start.number { Ok(next.end) } else { Err(Why::EndGroup) };
        }
        at = skip(wire, next, end, depth)?;
    }
    Err(Why::Cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_of_every_length() {
        for bits in 0..64 {
            for value in [1u64 << bits, (1 << bits) - 1, u64::MAX >> bits] {
                let mut wire = Vec::new();
                prost::encoding::encode_varint(value, &mut wire);
                let length = wire.len();
                assert_eq!(varint(&Text::new(&wire), 0), Ok((value, length)));
                assert_eq!(any_varint(&Text::new(&wire), 0), Ok((value, length)));
                wire.extend([0xff; 15]);
                assert_eq!(varint(&Text::new(&wire), 0), Ok((value, length)));
                assert_eq!(any_varint(&Text::new(&wire), 0), Ok((value, length)));
            }
        }
        assert_eq!(varint(&Text::new(&[0x80, 0x80, 0]), 0), Ok((0, 3)), "longer than need be");
        assert_eq!(varint(&Text::new(&[0xff; 12]), 0), Err(Why::Varint));
        assert_eq!(any_varint(&Text::new(&[0xff; 16]), 0), Err(Why::Varint));
        let mut tenth = [0xff; 16];
        tenth[9] = 0x7f;
        assert_eq!(
            varint(&Text::new(&tenth), 0),
            Ok((u64::MAX, 10)),
            "what is beyond 64 bits is dropped"
        );
        assert_eq!(
            any_varint(&Text::new(&tenth), 0),
            Ok((u64::MAX, 10)),
            "what is beyond 64 bits is dropped"
        );
        // Cut: it ends past the end, whatever its value.
        assert!(varint(&Text::new(&[0xff, 0xff]), 0).is_ok_and(|(_, end)| end > 2));
        assert!(varint(&Text::new(&[0xff; 9]), 0).is_ok_and(|(_, end)| end > 9));
        assert!(varint(&Text::new(&[]), 0).is_ok_and(|(_, end)| end > 0));
    }

    #[test]
    fn tags() {
        let read = |wire: &[u8]| tag(&Text::new(wire), 0, wire.len());
        assert_eq!(read(&[0x08]), Ok(Tag { number: 1, wire_type: 0, end: 1 }));
        assert_eq!(read(&[0x8a, 0x01, 9]), Ok(Tag { number: 17, wire_type: 2, end: 2 }));
        let highest = Tag { number: (1 << 29) - 1, wire_type: 5, end: 5 };
        assert_eq!(read(&[0xfd, 0xff, 0xff, 0xff, 0x0f]), Ok(highest));
        assert_eq!(read(&[0x88, 0x80, 0x80, 0x80, 0x00]).map(|tag| tag.number), Ok(1));
        assert_eq!(read(&[0x88, 0x80, 0x80, 0x80, 0x40, 0]), Err(Why::FieldNumber));
        assert_eq!(read(&[0x88, 0x80, 0x80, 0x80, 0x80, 0, 0]), Err(Why::FieldNumber));
        assert_eq!(read(&[0]), Err(Why::FieldNumber));
        assert_eq!(read(&[0x07, 0]), Err(Why::FieldNumber));
        assert_eq!(read(&[0x80]), Err(Why::Cut));
        assert_eq!(tag(&Text::new(&[0x80, 0x01]), 0, 1), Err(Why::Cut));
    }
}
