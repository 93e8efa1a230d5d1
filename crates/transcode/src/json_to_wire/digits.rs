//! Digits of a text as numbers: eight at a time, or all that there may be of a number at once.

use crate::raw::Text;
use wide::u8x16;

pub(super) static POWERS_OF_TEN: [u64; 20] = {
    let mut powers = [1; 20];
    let mut index = 1;
    while index < 20 {
        powers[index] = powers[index - 1] * 10;
        index += 1;
    }
    powers
};

/// Eight `0`.
pub(super) const ZEROS: u64 = 0x3030_3030_3030_3030;

/// The eight bytes at `at` less `0` each.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(super) fn eight_at(text: &Text<'_>, at: usize) -> u64 {
    text.word(at) ^ ZEROS
}

/// How many of eight bytes are digits before the first that is none.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(super) fn count_digits(word: u64) -> usize {
    // The high bit of every byte that is more than nine; only the first of them is to be trusted.
    let other = (word.wrapping_add(0x7676_7676_7676_7676) | word) & 0x8080_8080_8080_8080;
    other.trailing_zeros() as usize / 8
}

/// The first `count` digits of at most seven.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(super) fn few_digits(word: u64, count: usize) -> u64 {
    // In two steps, as none at all is a shift by all bits.
    eight_digits((word << 8) << (56 - 8 * count))
}

/// Eight bytes, the first of most weight, each a digit.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(super) fn eight_digits(word: u64) -> u64 {
    let pairs = word.wrapping_mul(10).wrapping_add(word >> 8);
    let high = (pairs & 0x0000_00ff_0000_00ff).wrapping_mul(0x000f_4240_0000_0064);
    let low = ((pairs >> 16) & 0x0000_00ff_0000_00ff).wrapping_mul(0x0000_2710_0000_0001);
    high.wrapping_add(low) >> 32
}

/// How many bytes a window shows before a number's first one: enough to read its digits from the last one backwards.
const BEFORE: usize = 20;

/// And from the first one on: a number of a few digits, a point and as many digits as are read, and what follows.
const AFTER: usize = 32;

/// The bytes around where a number begins, in which all of its digits are found at once and read without a branch on
/// how many they are. Places in it count from where the number begins.
pub(super) struct Window<'a> {
    bytes: &'a [u8; BEFORE + AFTER],
    /// Of each byte of the number whether it is a digit, the first one lowest.
    digits: u64,
}

impl<'a> Window<'a> {
    /// As many digits as are read, at most; any such number fits a `u64`.
    pub const DIGITS: usize = 19;

    /// None within the first few bytes of a text.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn of(text: &'a Text<'_>, at: usize) -> Option<Window<'a>> {
        let bytes = text.block::<{ BEFORE + AFTER }>(at.checked_sub(BEFORE)?);
        let halves = bytes[BEFORE..].as_chunks::<16>().0;
        let digits = |half: &[u8; 16]| {
            let half = u8x16::new(*half) - u8x16::splat(b'0');
            u64::from(half.min(u8x16::splat(9)).simd_eq(half).to_bitmask())
        };
        Some(Window { bytes, digits: digits(&halves[0]) | digits(&halves[1]) << 16 })
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn byte(&self, place: usize) -> u8 {
        self.bytes[BEFORE + place]
    }

    /// How many digits there are from `place` on.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn count(&self, place: usize) -> usize {
        (!(self.digits >> place)).trailing_zeros() as usize
    }

    /// The `count` digits before `end` as a number, at most `DIGITS`.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn number(&self, end: usize, count: usize) -> u64 {
        let first = eight_digits(self.values::<4>(end, 16, count));
        let middle = eight_digits(self.values::<8>(end, 8, count));
        (first * POWERS_OF_TEN[8] + middle) * POWERS_OF_TEN[8] + self.short_number(end, count)
    }

    /// The same of at most eight.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn short_number(&self, end: usize, count: usize) -> u64 {
        eight_digits(self.values::<8>(end, 0, count))
    }

    /// The last `N` of eight bytes are those that come `back` bytes before `end`: the values of such as are among the
    /// `count` digits before `end`, and zeros.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn values<const N: usize>(&self, end: usize, back: usize, count: usize) -> u64 {
        // The low four bits of a digit are its value.
        static KEPT: [u8; 2 * BEFORE] = {
            let mut kept = [0; 2 * BEFORE];
            let mut index = BEFORE;
            while index < 2 * BEFORE {
                kept[index] = 0xf;
                index += 1;
            }
            kept
        };
        let before = |bytes: &[u8], end: usize| {
            let mut last = [0; 8];
            last[8 - N..].copy_from_slice(&bytes[end - N..end]);
            u64::from_le_bytes(last)
        };
        before(self.bytes, BEFORE + end - back) & before(&KEPT, BEFORE + count - back)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_found_and_read_wherever_they_are() {
        for count in 0..=Window::DIGITS {
            let digits = &"9876543210123456789"[..count];
            for around in
                ["0123456789012345678901234567890123456789", "............................."]
            {
                for sign in ["", "-", "\"-"] {
                    // What is before and after is not looked at.
                    let text = format!("{around}{sign}{digits}/{around}");
                    let text = Text::new(text.as_bytes());
                    let window = Window::of(&text, around.len()).expect("bytes before it");
                    assert_eq!(window.count(sign.len()), count);
                    let end = sign.len() + count;
                    assert_eq!(window.byte(end), b'/');
                    let expected = digits.parse().unwrap_or(0);
                    assert_eq!(window.number(end, count), expected);
                    if count <= 8 {
                        assert_eq!(window.short_number(end, count), expected);
                    }
                }
            }
        }
    }

    #[test]
    fn only_digits_are_digits() {
        for byte in 0..=u8::MAX {
            let text = [&[b'0'; BEFORE][..], &[byte; AFTER]].concat();
            let text = Text::new(&text);
            let window = Window::of(&text, BEFORE).expect("bytes before it");
            assert_eq!(window.count(0), if byte.is_ascii_digit() { AFTER } else { 0 }, "{byte}");
            assert!(Window::of(&text, BEFORE - 1).is_none());
        }
    }
}
