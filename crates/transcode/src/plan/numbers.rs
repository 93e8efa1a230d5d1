//! From field and enum numbers to indices.

use super::NONE;

/// Numbers below this are looked up in a table, whatever their gaps.
const DENSE: usize = 64;

/// A map from numbers to indices: a table for the small ones, a binary search for the rest.
#[derive(Debug)]
pub(crate) struct Numbers {
    table: Box<[u16]>,
    /// Sorted by number.
    rest: Box<[(u32, u16)]>,
}

impl Numbers {
    /// From pairs of number and index; the first pair of a number counts.
    pub fn new(pairs: impl IntoIterator<Item = (u32, u16)>) -> Numbers {
        let mut rest: Vec<(u32, u16)> = pairs.into_iter().collect();
        // Stable, so that the first of a number stays first.
        rest.sort_by_key(|(number, _)| *number);
        rest.dedup_by_key(|(number, _)| *number);
        // As large as half of its places are filled.
        let dense = (1..=rest.len())
            .rev()
            .find(|count| {
                let highest = rest[count - 1].0 as usize;
                highest < DENSE || highest <= 2 * count
            })
            .unwrap_or(0);
        let size = dense.checked_sub(1).map_or(0, |last| rest[last].0 as usize + 1);
        let mut table = vec![NONE; size];
        for (number, index) in rest.drain(..dense) {
            table[number as usize] = index;
        }
        Numbers { table: table.into(), rest: rest.into() }
    }

    #[inline]
    pub fn find(&self, number: u32) -> Option<u16> {
        match self.table.get(number as usize) {
            Some(index) => (*index != NONE).then_some(*index),
            None => self.search(number),
        }
    }

    fn search(&self, number: u32) -> Option<u16> {
        let at = self.rest.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        Some(self.rest[at].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_found_and_no_other() {
        let cases: &[&[u32]] = &[
            &[],
            &[0],
            &[1, 2, 3],
            &[63, 64],
            &[1, 1_000_000, 536_870_911],
            &[u32::MAX, 0, 7],
            &[500, 501, 502],
            &[5, 5, 5],
        ];
        for numbers in cases {
            let made =
                Numbers::new(numbers.iter().zip(0..).map(|(number, index)| (*number, index)));
            for number in numbers.iter() {
                let first = numbers.iter().position(|other| other == number).unwrap();
                assert_eq!(made.find(*number), Some(u16::try_from(first).unwrap()), "{numbers:?}");
                for other in [number.wrapping_add(1), number.wrapping_sub(1), number / 2] {
                    assert_eq!(made.find(other).is_some(), numbers.contains(&other), "{numbers:?}");
                }
            }
            assert!(made.table.len() <= DENSE.max(2 * numbers.len() + 1), "{numbers:?}");
        }
    }
}
