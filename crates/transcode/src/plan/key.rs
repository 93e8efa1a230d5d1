//! Names that are compared to a text at once.

/// The longest name that is compared at once, with its quotes and colon.
const LONGEST: usize = 32;

/// `"name":`, in words and with the bits that count.
#[derive(Debug)]
pub(crate) struct Key {
    words: [u64; LONGEST / 8],
    masks: [u64; LONGEST / 8],
    len: usize,
    text: Box<[u8]>,
}

impl Key {
    pub fn new(text: &[u8]) -> Key {
        let word = |bytes: &[u8]| {
            bytes.iter().rev().fold(0, |word: u64, byte| word << 8 | u64::from(*byte))
        };
        let (mut words, mut masks) = ([0; LONGEST / 8], [0; LONGEST / 8]);
        if text.len() <= LONGEST {
            for ((bytes, own), mask) in text.chunks(8).zip(&mut words).zip(&mut masks) {
                *own = word(bytes);
                *mask = word(&vec![0xff; bytes.len()]);
            }
        }
        Key { words, masks, len: text.len(), text: text.into() }
    }

    /// How many bytes it takes in a text.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it is in `text` at `at`.
    #[inline(always)]
    pub fn is_at(&self, text: &[u8], at: usize) -> bool {
        match text.get(at..).and_then(|rest| rest.first_chunk::<LONGEST>()) {
            Some(chunk) if self.len <= LONGEST => {
                let mut other = 0;
                for ((bytes, word), mask) in
                    chunk.as_chunks::<8>().0.iter().zip(&self.words).zip(&self.masks)
                {
                    other |= (u64::from_le_bytes(*bytes) ^ word) & mask;
                }
                other == 0
            }
            _ => self.is_near_the_end(text, at),
        }
    }

    #[inline(never)]
    fn is_near_the_end(&self, text: &[u8], at: usize) -> bool {
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
                assert!(key.is_at(&there, 2), "{len} {after}");
                assert!(!key.is_at(&there, there.len() + 1), "{len} {after}");
                for place in 0..len {
                    let mut other = there.clone();
                    other[2 + place] = b'z';
                    assert!(!key.is_at(&other, 2), "{len} {after} {place}");
                }
            }
        }
    }
}
