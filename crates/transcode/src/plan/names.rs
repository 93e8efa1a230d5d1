//! From names to indices, without hashing state and with few comparisons.

/// Seeds below this look at a name's length and ends alone, those up to [`SEEDS`] at all of it.
const ENDS: u64 = 32;
const SEEDS: u64 = 64;
/// No seed is better than one by which no name is farther than this from its place.
const NEAR: usize = 3;
/// A seed is given up when a name is farther than this from its place.
const FAR: usize = 64;

/// Of a place in the table without a name.
const EMPTY: u32 = u32::MAX;

/// A map from names to indices: open addressing in a table of which at most a quarter is filled.
#[derive(Debug)]
pub(crate) struct Names {
    seed: u64,
    /// Of a power of two in size.
    table: Box<[u32]>,
    entries: Box<[(Box<[u8]>, u16)]>,
}

impl Names {
    /// From pairs of name and index; the first pair of a name counts.
    pub fn new<'a>(pairs: impl IntoIterator<Item = (&'a str, u16)>) -> Names {
        let mut entries: Vec<(Box<[u8]>, u16)> =
            pairs.into_iter().map(|(name, index)| (name.as_bytes().into(), index)).collect();
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        entries.dedup_by(|(one, _), (other, _)| one == other);
        let size = (entries.len() * 4).next_power_of_two();
        let mut best: Option<(usize, u64, Vec<u32>)> = None;
        for seed in 0..SEEDS {
            let limit = best.as_ref().map_or(FAR, |(farthest, ..)| *farthest);
            if let Some((farthest, table)) = fill(&entries, size, seed, limit) {
                best = Some((farthest, seed, table));
                if farthest <= NEAR {
                    break;
                }
            }
        }
        let (_, seed, table) = best
            .or_else(|| fill(&entries, size, SEEDS, size).map(|(far, table)| (far, SEEDS, table)))
            .expect("three quarters are empty");
        Names { seed, table: table.into(), entries: entries.into() }
    }

    /// The index of a name, if it is any of these and where it would be if no other was before it.
    #[inline]
    pub fn guess(&self, name: &[u8]) -> Option<u16> {
        let place = hash(name, self.seed) & (self.table.len() - 1);
        let entry = *self.table.get(place)?;
        self.entries.get(entry as usize).map(|(_, index)| *index)
    }

    #[inline]
    pub fn find(&self, name: &[u8]) -> Option<u16> {
        let mask = self.table.len() - 1;
        let mut place = hash(name, self.seed) & mask;
        loop {
            let entry = *self.table.get(place)?;
            let (there, index) = self.entries.get(entry as usize)?;
            if **there == *name {
                return Some(*index);
            }
            place = (place + 1) & mask;
        }
    }
}

/// A table and how far the farthest name is from its place, if that is at most `limit`.
fn fill(
    entries: &[(Box<[u8]>, u16)],
    size: usize,
    seed: u64,
    limit: usize,
) -> Option<(usize, Vec<u32>)> {
    let mut table = vec![EMPTY; size];
    let mut farthest = 0;
    for ((name, _), entry) in entries.iter().zip(0u32..) {
        let own = hash(name, seed) & (size - 1);
        let far = (0..=limit).find(|far| table[(own + far) & (size - 1)] == EMPTY)?;
        table[(own + far) & (size - 1)] = entry;
        farthest = farthest.max(far);
    }
    Some((farthest, table))
}

#[inline]
fn hash(name: &[u8], seed: u64) -> usize {
    const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut word = seed ^ (name.len() as u64) << 56;
    match (name.first_chunk::<8>(), name.last_chunk::<8>()) {
        (Some(first), Some(last)) => {
            word ^= u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(29);
        }
        _ => word ^= name.iter().fold(0, |word, byte| (word << 8) | u64::from(*byte)),
    }
    if seed >= ENDS {
        for byte in name {
            word = (word.rotate_left(5) ^ u64::from(*byte)).wrapping_mul(ODD);
        }
    }
    (word.wrapping_mul(ODD) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_and_no_other() {
        let long: Vec<String> = (0..2000).map(|n| format!("a_{n}_field_of_many")).collect();
        let mut same = long.clone();
        // All alike in length, beginning and end.
        same.extend((100..400).map(|n| format!("beginning{n}the_end_of_it")));
        for names in [vec![], vec![String::new()], vec!["id".into(), "ID".into()], long, same] {
            let made = Names::new(names.iter().map(String::as_str).zip(0..));
            for (name, index) in names.iter().zip(0..) {
                assert_eq!(made.find(name.as_bytes()), Some(index), "{name}");
                assert_eq!(made.find(format!("{name}x").as_bytes()), None, "{name}x");
            }
            assert_eq!(made.find(b"no such name"), None);
        }
        // Two names for each of as many fields as an index can tell apart.
        let many: Vec<String> = (0..120_000).map(|n| format!("field_{n}")).collect();
        let made = Names::new(many.iter().zip(0u32..).map(|(name, n)| (&**name, (n / 2) as u16)));
        assert_eq!(made.find(b"field_119999"), Some(59_999));
        let made = Names::new([("one", 4), ("two", 5), ("one", 6)]);
        assert_eq!(made.find(b"one"), Some(4), "the first counts");
    }
}
