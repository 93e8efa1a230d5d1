//! Keys of a map that come twice, however they are written.

use super::{Reader, Stop};
use crate::plan::Kind;
use std::hash::{BuildHasher, RandomState};

/// A key of an open map.
pub(super) struct KeyAt {
    /// Where its opening quote is.
    pub at: usize,
    /// Equal for equal keys; see [`sign`].
    pub sign: u64,
}

/// In maps with no more entries than this, each is compared to each.
const FEW: usize = 16;

/// A number that equal keys share, made of a key as it is on the wire, without its tag. Different ones of strings
/// may share it, those of all other kinds do not.
#[inline]
pub(super) fn sign(key: &[u8], kind: Kind) -> u64 {
    if kind == Kind::String {
        return match (key.first_chunk::<8>(), key.last_chunk::<8>()) {
            (Some(first), Some(last)) => {
                u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(29)
            }
            _ => match (key.first_chunk::<4>(), key.last_chunk::<4>()) {
                (Some(first), Some(last)) => {
                    u64::from(u32::from_le_bytes(*first)) << 32
                        | u64::from(u32::from_le_bytes(*last))
                }
                _ => key.iter().fold(0, |sign, byte| sign << 8 | u64::from(*byte)),
            },
        };
    }
    // A varint has seven bits of the number in each byte, fixed kinds have eight.
    let (shift, mask) = if kind.wire_type() == 0 { (7, 0x7f) } else { (8, 0xff) };
    key.iter().rev().fold(0, |sign, byte| sign << shift | u64::from(byte & mask))
}

impl Reader<'_> {
    /// Ends a map, the keys of which are in the scratch buffer from `base` on: no two may be equal.
    #[inline]
    pub(super) fn check_repeats(&mut self, base: usize, strings: bool) -> Result<(), Stop> {
        if self.scratch.keys.len() - base > 1 {
            self.look_for_repeats(base, strings)?;
        }
        self.scratch.keys.truncate(base);
        Ok(())
    }

    fn look_for_repeats(&mut self, base: usize, strings: bool) -> Result<(), Stop> {
        let count = self.scratch.keys.len() - base;
        if count <= FEW {
            // Most often none share a sign, which takes no more than a look at a block of them.
            let mut signs = [0; FEW];
            for (sign, key) in signs.iter_mut().zip(&self.scratch.keys[base..]) {
                *sign = key.sign;
            }
            for later in 1..count.min(FEW) {
                let sign = signs[later];
                if !signs[..later].contains(&sign) {
                    continue;
                }
                for earlier in (0..later).filter(|earlier| signs[*earlier] == sign) {
                    self.compare(base + earlier, base + later, strings)?;
                }
            }
            return Ok(());
        }
        if strings {
            // By a hash that nobody can foresee, so that no choice of keys makes this slow.
            let hasher = RandomState::new();
            for index in base..base + count {
                let at = self.scratch.keys[index].at;
                let (_, sign) = self.with_text(at, |key| hasher.hash_one(key))?;
                self.scratch.keys[index].sign = sign;
            }
        }
        self.scratch.keys[base..].sort_unstable_by_key(|key| (key.sign, key.at));
        for index in base + 1..base + count {
            if self.scratch.keys[index - 1].sign == self.scratch.keys[index].sign {
                self.compare(index - 1, index, strings)?;
            }
        }
        Ok(())
    }

    /// Stops if two keys of the same sign are equal.
    fn compare(&mut self, earlier: usize, later: usize, strings: bool) -> Result<(), Stop> {
        let (earlier, later) = (self.scratch.keys[earlier].at, self.scratch.keys[later].at);
        let name = self.name_at(later)?;
        if !strings || name == self.name_at(earlier)? {
            self.duplicate(later, &name)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::sign;
    use crate::plan::Kind;
    use std::collections::HashSet;

    #[test]
    fn keys_that_differ_in_a_byte_or_in_length_have_other_signs() {
        // As on the wire: the length first.
        let key = |len: usize, other: Option<usize>| {
            let mut key = vec![b'x'; len];
            if let Some(place) = other {
                key[place] = b'y';
            }
            [vec![len as u8], key].concat()
        };
        let mut signs = HashSet::new();
        for len in 0..8 {
            for other in (0..len).map(Some).chain([None]) {
                assert!(signs.insert(sign(&key(len, other), Kind::String)), "{len} {other:?}");
            }
        }
    }
}
