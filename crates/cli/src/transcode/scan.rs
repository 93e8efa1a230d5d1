//! Finds where a JSON value ends, in pieces as they come.

/// How far a value has been looked through. Knows brackets and strings only: whether the value is well-formed is for
/// its reader to say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scan {
    at: usize,
    depth: usize,
    quoted: bool,
    escaped: bool,
}

impl From<usize> for Scan {
    /// What has been looked through already.
    fn from(at: usize) -> Scan {
        Scan { at, ..Scan::default() }
    }
}

impl Scan {
    /// Whether anything was looked through.
    pub fn begun(&self) -> bool {
        self.at > 0
    }

    /// How many bytes were looked through.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The length of the value that `text` begins with; none while its end is not in sight. `text` is that of the
    /// call before, with more at its end.
    pub fn end(&mut self, text: &[u8]) -> Option<usize> {
        let bare = text.first().is_some_and(|first| !b"{[\"".contains(first));
        while let Some(byte) = text.get(self.at) {
            if bare && self.at > 0 && (byte.is_ascii_whitespace() || b"{[\"".contains(byte)) {
                return Some(self.at);
            }
            self.at += 1;
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.quoted => self.escaped = true,
                b'"' => self.quoted = !self.quoted,
                _ if self.quoted => {}
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
            if !bare && self.depth == 0 && !self.quoted {
                return Some(self.at);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::Scan;

    /// The end of the first value, whole and byte by byte.
    #[test]
    fn ends() {
        let cases = [
            ("", None),
            ("{", None),
            ("{}", Some(2)),
            ("{} ", Some(2)),
            ("{}{}", Some(2)),
            ("[[]] 1", Some(4)),
            (r#"{"a":"}"}"#, Some(9)),
            (r#"{"a":"\"}"} x"#, Some(11)),
            (r#"{"a":"\\"} x"#, Some(10)),
            (r#""a b" "c""#, Some(5)),
            (r#""a\"#, None),
            ("12", None),
            ("12 ", Some(2)),
            ("12{}", Some(2)),
            ("null\n", Some(4)),
            ("}", None),
            ("} {", Some(1)),
            ("{]", Some(2)),
        ];
        for (text, expected) in cases {
            assert_eq!(Scan::default().end(text.as_bytes()), expected, "{text}");
            let mut scan = Scan::default();
            let ends = (1..=text.len()).find_map(|end| scan.end(&text.as_bytes()[..end]));
            assert_eq!(ends, expected, "{text} in pieces");
        }
    }
}
