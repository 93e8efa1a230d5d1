//! Finding a text in a shown text.
//!
//! Owns the matches and which of them is the current one. Knows no screen.

use std::ops::Range;

/// How many matches are kept; the count is then shown as “10,000+”.
pub const MAX_MATCHES: usize = 10_000;

/// A search in one text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Find {
    needle: String,
    matches: Vec<Range<usize>>,
    current: usize,
}

impl Find {
    /// Every occurrence of `needle` in `text` in any case, without overlaps, at most [`MAX_MATCHES`]. The current
    /// match is the first one; an empty needle matches nothing.
    pub fn new(text: &str, needle: &str) -> Self {
        Find { needle: needle.to_owned(), matches: find_all(text, needle), current: 0 }
    }

    /// The same search in another text, staying at the same match where there are enough.
    #[must_use]
    pub fn again(&self, text: &str) -> Self {
        let matches = find_all(text, &self.needle);
        let current = self.current.min(matches.len().saturating_sub(1));
        Find { needle: self.needle.clone(), matches, current }
    }

    /// What is searched for.
    pub fn needle(&self) -> &str {
        &self.needle
    }

    /// Byte ranges of the matches, ascending.
    pub fn matches(&self) -> &[Range<usize>] {
        &self.matches
    }

    /// The current match.
    pub fn current(&self) -> Option<Range<usize>> {
        self.matches.get(self.current).cloned()
    }

    /// Goes to the next match, from the last to the first.
    pub fn next(&mut self) {
        self.current = if self.current + 1 < self.matches.len() { self.current + 1 } else { 0 };
    }

    /// Goes to the match before, from the first to the last.
    pub fn previous(&mut self) {
        self.current = self.current.checked_sub(1).unwrap_or(self.matches.len().saturating_sub(1));
    }

    /// `2 of 17`, `no match`, or nothing while nothing is searched for.
    pub fn summary(&self) -> String {
        match self.matches.len() {
            _ if self.needle.is_empty() => String::new(),
            0 => "no match".to_owned(),
            MAX_MATCHES => format!("{} of {MAX_MATCHES}+", self.current + 1),
            n => format!("{} of {n}", self.current + 1),
        }
    }

    /// The matches that touch `within`, as ranges inside it, each with whether it is the current one.
    pub fn marks(&self, within: &Range<usize>) -> Vec<(Range<usize>, bool)> {
        let from = self.matches.partition_point(|m| m.end <= within.start);
        let touching = self.matches.iter().enumerate().skip(from);
        touching
            .take_while(|(_, m)| m.start < within.end)
            .map(|(index, m)| {
                let start = m.start.max(within.start) - within.start;
                (start..m.end.min(within.end) - within.start, index == self.current)
            })
            .collect()
    }
}

fn find_all(text: &str, needle: &str) -> Vec<Range<usize>> {
    let wanted: Vec<char> = needle.chars().flat_map(char::to_lowercase).collect();
    let Some(&first) = wanted.first() else { return Vec::new() };
    let mut matches = Vec::new();
    let mut from = 0;
    for (at, c) in text.char_indices() {
        if at < from || c.to_lowercase().next() != Some(first) {
            continue;
        }
        if let Some(len) = prefix_len(text.get(at..).unwrap_or_default(), &wanted) {
            from = at + len;
            matches.push(at..from);
            if matches.len() == MAX_MATCHES {
                break;
            }
        }
    }
    matches
}

/// How many bytes of the beginning of `text` equal `wanted` when lowered.
fn prefix_len(text: &str, wanted: &[char]) -> Option<usize> {
    let mut wanted = wanted.iter();
    let mut len = 0;
    for c in text.chars() {
        for lower in c.to_lowercase() {
            match wanted.next() {
                Some(&w) if w == lower => {}
                _ => return None,
            }
        }
        len += c.len_utf8();
        if wanted.as_slice().is_empty() {
            return Some(len);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_in_any_case() {
        for (text, needle, expected) in [
            ("abc", "", vec![]),
            ("", "a", vec![]),
            ("abcABC", "bc", vec![1..3, 4..6]),
            ("aaaa", "aa", vec![0..2, 2..4]),
            ("Ärger ärger", "ÄR", vec![0..3, 7..10]),
            ("ab", "abc", vec![]),
            ("日本語日本", "日本", vec![0..6, 9..15]),
            ("[1] [1]", "[1]", vec![0..3, 4..7]),
        ] {
            assert_eq!(Find::new(text, needle).matches(), expected, "{needle:?} in {text:?}");
        }
    }

    #[test]
    fn goes_round() {
        let mut find = Find::new("a a a", "a");
        let mut seen = vec![find.summary()];
        for _ in 0..3 {
            find.next();
            seen.push(find.summary());
        }
        find.previous();
        seen.push(find.summary());
        assert_eq!(seen, ["1 of 3", "2 of 3", "3 of 3", "1 of 3", "3 of 3"]);
        assert_eq!(find.current(), Some(4..5));
        assert_eq!(find.again("a a").summary(), "2 of 2");
        assert_eq!(find.again("b").summary(), "no match");
        let mut none = Find::new("x", "");
        none.next();
        none.previous();
        assert_eq!((none.summary().as_str(), none.current()), ("", None));
    }

    #[test]
    fn marks_are_cut_to_the_line() {
        let find = Find::new("xxabxx\nabyy\nzzab", "ab");
        for (within, expected) in [
            (0..6, vec![(2..4, true)]),
            (7..11, vec![(0..2, false)]),
            (3..8, vec![(0..1, true), (4..5, false)]),
            (9..14, vec![]),
        ] {
            assert_eq!(find.marks(&within), expected, "{within:?}");
        }
    }

    #[test]
    fn is_bounded() {
        let find = Find::new(&"a".repeat(MAX_MATCHES * 2), "a");
        assert_eq!(find.matches().len(), MAX_MATCHES);
        assert_eq!(find.summary(), "1 of 10000+");
    }
}
