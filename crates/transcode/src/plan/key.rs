//! Names that are compared to a text at once.

use crate::raw::Text;
use wide::u8x16;

/// The longest name that is compared at once, with its quotes and colon.
const LONGEST: usize = 32;

/// `"name":`, the first bytes as a block.
#[derive(Debug)]
pub(crate) struct Key {
    block: [u8; LONGEST],
    /// The bits of the bytes of the block that are none of the name's.
    others: u32,
    len: u32,
    text: Box<[u8]>,
}

impl Key {
    pub fn new(text: &[u8]) -> Key {
        let mut block = [0; LONGEST];
        let len = text.len().min(LONGEST);
        block[..len].copy_from_slice(&text[..len]);
        let others = u32::MAX.checked_shl(len as u32).unwrap_or(0);
        Key { block, others, len: text.len() as u32, text: text.into() }
    }

    /// How many bytes it takes in a text.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// A block that begins with it, and how many bytes it has, unless it is longer.
    #[inline(always)]
    pub fn short(&self) -> Option<(&[u8; LONGEST], usize)> {
        (self.len() <= LONGEST).then_some((&self.block, self.len()))
    }

    /// Whether it is in `text` at `at`.
    #[inline(always)]
    pub fn is_at(&self, text: &Text<'_>, at: usize) -> bool {
        let (own, others) =
            (self.block.as_chunks::<16>().0, text.block::<LONGEST>(at).as_chunks::<16>().0);
        let same =
            |half: usize| u8x16::new(own[half]).simd_eq(u8x16::new(others[half])).to_bitmask();
        let same = same(0) | same(1) << 16;
        same | self.others == u32::MAX && (self.len() <= LONGEST || self.goes_on(text, at))
    }

    #[inline(never)]
    fn goes_on(&self, text: &[u8], at: usize) -> bool {
        text.get(at..).is_some_and(|rest| rest.starts_with(&self.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_apart_wherever_they_are() {
        for len in 0..80 {
            let text = "x".repeat(len).into_bytes();
            let key = Key::new(&text);
            for after in [0, 1, 31, 32, 100] {
                let there = [&b"ab"[..], &text, &b"y".repeat(after)].concat();
                assert!(key.is_at(&Text::new(&there), 2), "{len} {after}");
                assert!(
                    len == 0 || !key.is_at(&Text::new(&there), there.len() + 1),
                    "{len} {after}"
                );
                for place in 0..len {
                    let mut other = there.clone();
                    other[2 + place] = b'z';
                    assert!(!key.is_at(&Text::new(&other), 2), "{len} {after} {place}");
                }
            }
        }
    }
}
