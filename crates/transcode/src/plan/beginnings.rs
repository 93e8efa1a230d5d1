//! From how a name begins in JSON to a field, in a few instructions that depend on no length.

use super::NONE;

const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
/// So many factors are tried to give each field a place of its own.
const TRIES: u64 = 16;

/// A guess for each `"name":`, of which as many bytes are looked at as the shortest one has, at most eight. Names that
/// begin alike share a place, which is the first one's.
#[derive(Debug)]
pub(crate) struct Beginnings {
    mask: u64,
    factor: u64,
    shift: u32,
    /// Of a power of two in size.
    table: Box<[u16]>,
}

impl Beginnings {
    pub fn new<'a>(keys: impl Iterator<Item = &'a [u8]>) -> Beginnings {
        let keys: Vec<(u64, usize)> = keys.map(|key| (word(key), key.len())).collect();
        let shortest = keys.iter().map(|(_, len)| *len).min().unwrap_or(0).clamp(1, 8);
        let mask = u64::MAX >> (64 - 8 * shortest);
        let size = (keys.len() * 4).next_power_of_two().max(2);
        let shift = 64 - size.trailing_zeros();
        let mut best = Beginnings { mask, factor: 0, shift, table: vec![NONE; size].into() };
        let mut most = 0;
        for factor in (0..TRIES).map(|n| ODD.wrapping_mul(2 * n + 1)) {
            let mut table = vec![NONE; size];
            let mut placed = 0;
            for ((word, _), index) in keys.iter().zip(0..NONE) {
                let place = &mut table[((word & mask).wrapping_mul(factor) >> shift) as usize];
                if *place == NONE {
                    *place = index;
                    placed += 1;
                }
            }
            if placed > most {
                most = placed;
                best = Beginnings { mask, factor, shift, table: table.into() };
            }
            if placed == keys.len() {
                break;
            }
        }
        best
    }

    /// The index of the field, if any, that may be the one whose name begins with these eight bytes, quote included.
    #[inline(always)]
    pub fn guess(&self, word: u64) -> usize {
        let place = (word & self.mask).wrapping_mul(self.factor) >> self.shift;
        usize::from(self.table.get(place as usize).copied().unwrap_or(NONE))
    }
}

fn word(key: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    let len = key.len().min(8);
    bytes[..len].copy_from_slice(&key[..len]);
    u64::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(made: &Beginnings, text: &str) -> usize {
        made.guess(word(text.as_bytes()))
    }

    #[test]
    fn names_that_begin_differently_are_told_apart() {
        let names: Vec<String> =
            (0..300).map(|n| format!("{n:03}_and_more")).chain(["id".into()]).collect();
        for count in [0, 1, 2, 10, 40, names.len()] {
            let names = &names[names.len() - count..];
            let keys: Vec<String> = names.iter().map(|name| format!("\"{name}\":")).collect();
            let made = Beginnings::new(keys.iter().map(|key| key.as_bytes()));
            let right = keys
                .iter()
                .enumerate()
                .filter(|(index, key)| guess(&made, &format!("{key}12345678")) == *index)
                .count();
            assert!(right == count || count > 20 && right > count / 2, "{right} of {count}");
            assert!(made.guess(0) == usize::from(NONE) || made.guess(0) < count);
        }
    }

    #[test]
    fn of_those_that_begin_alike_the_first_is_guessed() {
        let made = Beginnings::new([&b"\"created_at\":"[..], b"\"created_by\":"].into_iter());
        assert_eq!(guess(&made, "\"created_by\":"), 0);
        let made = Beginnings::new([&b"\"\":"[..], b"\"a\":"].into_iter());
        assert_eq!(guess(&made, "\"\":2"), 0);
        assert_eq!(guess(&made, "\"a\":2"), 1);
    }
}
