//! Varints (<https://protobuf.dev/programming-guides/encoding/#varints>), written.

/// How many bytes a number takes.
#[inline]
pub(crate) fn len(number: u64) -> usize {
    let bits = 64 - (number | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

/// The bytes of a number, and how many they are; the rest are without meaning.
#[inline]
pub(crate) fn encode(number: u64) -> ([u8; 10], usize) {
    let mut bytes = [0; 10];
    if let Some((word, len)) = short(number) {
        bytes[..8].copy_from_slice(&word.to_le_bytes());
        return (bytes, len);
    }
    let (low, high, len) = long(number);
    bytes[..8].copy_from_slice(&low.to_le_bytes());
    bytes[8..].copy_from_slice(&high.to_le_bytes());
    (bytes, len)
}

/// The same without a branch on the length, which is the better the less it can be foreseen.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn any(number: u64) -> ([u8; 16], usize) {
    // Every byte but the last says that another one follows.
    static MORE: [u8; 26] = {
        let mut more = [0; 26];
        let mut index = 0;
        while index < 9 {
            more[index] = 0x80;
            index += 1;
        }
        more
    };
    // A seventh of the bits, rounded up.
    let len = ((63 - (number | 1).leading_zeros() as usize) * 9 + 73) / 64;
    let high = (number >> 56) & 0x7f | (number >> 63) << 8;
    let more = u128::from_le_bytes(*MORE[10 - len..].first_chunk().unwrap_or(&[0; 16]));
    ((u128::from(spread(number)) | u128::from(high) << 64 | more).to_le_bytes(), len)
}

/// The bytes of a number that takes at most eight, the first lowest, and how many they are.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn short(number: u64) -> Option<(u64, usize)> {
    if number >> 56 != 0 {
        return None;
    }
    let word = spread(number);
    let last = 63 - (word | 1).leading_zeros();
    let len = last / 8 + 1;
    // Every byte but the last says that another one follows.
    let more = 0x8080_8080_8080_8080 & !(u64::MAX << (8 * (len - 1)));
    Some((word | more, len as usize))
}

/// The bytes of a number that takes nine or ten: the first eight, the rest, the first lowest, and how many they are.
#[inline]
pub(crate) fn long(number: u64) -> (u64, u16, usize) {
    let (ninth, tenth) = ((number >> 56) as u16 & 0x7f, (number >> 63) as u16);
    let low = spread(number) | 0x8080_8080_8080_8080;
    (low, ninth | tenth << 7 | tenth << 8, 9 + usize::from(tenth))
}

/// The lowest 56 bits, seven to a byte: halves, quarters and eighths are moved apart.
#[cfg_attr(not(debug_assertions), inline(always))]
fn spread(number: u64) -> u64 {
    let word = (number & 0x0fff_ffff) | ((number & 0x00ff_ffff_f000_0000) << 4);
    let word = (word & 0x0000_3fff_0000_3fff) | ((word & 0x0fff_c000_0fff_c000) << 2);
    (word & 0x007f_007f_007f_007f) | ((word & 0x3f80_3f80_3f80_3f80) << 1)
}

/// `sint32` and `sint64`: small numbers of either sign become small ones without.
#[inline]
pub(crate) fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_length_are_as_prost_writes_them() {
        let shifts = (0..64).map(|shift| 1u64 << shift);
        for number in shifts.flat_map(|bit| [bit - 1, bit, bit | 1, bit.wrapping_neg(), !bit]) {
            let mut expected = Vec::new();
            prost::encoding::encode_varint(number, &mut expected);
            let (bytes, len) = encode(number);
            assert_eq!(bytes[..len], expected, "{number}");
            assert_eq!(len, super::len(number));
            let (bytes, len) = any(number);
            assert_eq!(bytes[..len], expected, "{number}");
        }
        assert_eq!([0, -1, 1, i64::MAX, i64::MIN].map(zigzag), [0, 1, 2, u64::MAX - 1, u64::MAX]);
    }
}
