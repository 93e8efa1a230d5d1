//! Bytes, white space and the extent of strings (<https://www.rfc-editor.org/rfc/rfc8259>).

use super::{Reader, Step};
use wide::u8x16;

/// What ends a run of a string's plain characters, and what was met in the run.
#[derive(Clone, Copy)]
pub(super) struct Run {
    /// Where a quote, backslash or control character is, or where looking ended.
    pub end: usize,
    /// Whether all looked at was ASCII. May be `false` for what follows the run within a few bytes.
    pub ascii: bool,
}

impl Reader<'_> {
    /// The byte there; 0, which is part of no JSON, at the end.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn byte(&self, at: usize) -> u8 {
        self.json.byte(at)
    }

    /// Where what follows insignificant white space begins.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn space(&self, at: usize) -> usize {
        if self.byte(at) > b' ' { at } else { self.space_more(at) }
    }

    fn space_more(&self, mut at: usize) -> usize {
        const SPACES: u64 = 0x2020_2020_2020_2020;
        loop {
            match self.byte(at) {
                b' ' => {
                    at += 1;
                    // Pretty-printed texts are indented.
                    while let Some(eight) = self.json.get(at..).and_then(|rest| rest.first_chunk())
                    {
                        let other = u64::from_le_bytes(*eight) ^ SPACES;
                        if other != 0 {
                            at += other.trailing_zeros() as usize / 8;
                            break;
                        }
                        at += 8;
                    }
                }
                b'\n' | b'\r' | b'\t' => at += 1,
                _ => return at,
            }
        }
    }

    /// Where the first quote, backslash or control character of a string is, from `at` on and up to `end`.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn run(&self, at: usize, end: usize) -> Run {
        let mut rest = &self.json[at.min(end)..end];
        let mut high = 0;
        while let Some((chunk, after)) = rest.split_first_chunk::<16>() {
            let chunk = u8x16::new(*chunk);
            let stop = specials(chunk).to_bitmask();
            if stop != 0 {
                let before = stop.trailing_zeros();
                high |= chunk.to_bitmask() & ((1 << before) - 1);
                return Run { end: end - rest.len() + before as usize, ascii: high == 0 };
            }
            high |= chunk.to_bitmask();
            rest = after;
        }
        self.run_end(end - rest.len(), end, high == 0)
    }

    fn run_end(&self, at: usize, end: usize, mut ascii: bool) -> Run {
        let rest = &self.json[at..end];
        for (byte, index) in rest.iter().zip(at..) {
            if *byte < b' ' || *byte == b'"' || *byte == b'\\' {
                return Run { end: index, ascii };
            }
            ascii &= byte.is_ascii();
        }
        Run { end, ascii }
    }

    /// Past `literal`, of which the first byte is known to be there.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn literal(&mut self, at: usize, literal: &'static str) -> Step {
        let end = at + literal.len();
        if self.json.get(at..end) == Some(literal.as_bytes()) {
            Ok(end)
        } else {
            self.unexpected(at, "a JSON value")
        }
    }

    /// Past the comma to the next element of an array or object, or past `close` when there is none (`false`).
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn next(&mut self, at: usize, close: u8) -> Result<(usize, bool), super::Stop> {
        // Texts that are not indented have no white space here.
        match self.json.block::<2>(at) {
            [b',', after] if *after > b' ' => Ok((at + 1, true)),
            [byte, _] if *byte == close => Ok((at + 1, false)),
            _ => self.next_after_space(at, close),
        }
    }

    #[inline(never)]
    fn next_after_space(&mut self, at: usize, close: u8) -> Result<(usize, bool), super::Stop> {
        let at = self.space(at);
        let byte = self.byte(at);
        if byte == b',' {
            Ok((self.space(at + 1), true))
        } else if byte == close {
            Ok((at + 1, false))
        } else {
            let wanted = if close == b'}' { "',' or '}'" } else { "',' or ']'" };
            self.unexpected(at, wanted).map(|at| (at, false))
        }
    }
}

#[cfg_attr(not(debug_assertions), inline(always))]
fn specials(chunk: u8x16) -> u8x16 {
    let control = chunk.min(u8x16::splat(0x1f)).simd_eq(chunk);
    let quote = chunk.simd_eq(u8x16::splat(b'"'));
    let backslash = chunk.simd_eq(u8x16::splat(b'\\'));
    control | quote | backslash
}

/// How many bytes from the first on are ASCII and say what they are.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(super) fn plain(chunk: &[u8; 32]) -> usize {
    // The high bit of a byte is what its place in a bit mask is made of.
    let stops = |half: &[u8; 16]| {
        let half = u8x16::new(*half);
        u64::from((specials(half) | half).to_bitmask())
    };
    let halves = chunk.as_chunks::<16>().0;
    (stops(&halves[0]) | stops(&halves[1]) << 16 | 1 << 32).trailing_zeros() as usize
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn plain_characters_end_where_others_begin() {
        assert_eq!(plain(&[b'~'; 32]), 32);
        for place in 0..32 {
            for byte in 0..=u8::MAX {
                let mut chunk = [b' '; 32];
                chunk[place] = byte;
                let special = byte < b' ' || byte == b'"' || byte == b'\\' || byte >= 0x80;
                assert_eq!(plain(&chunk), if special { place } else { 32 }, "{byte} {place}");
            }
        }
    }
}
