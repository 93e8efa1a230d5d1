//! JSON text as coloured lines.
//!
//! Owns how a text is cut into lines that a list can draw one by one and how a line is cut into tokens. A JSON string
//! never holds a raw line break, so a line is coloured without looking at its neighbours: a text of any length costs
//! only what is in view. Tolerant: what is not JSON is shown as it is. Knows no screen.

use std::ops::Range;

/// The most text shown, bytes; the rest is left out with a note.
pub const MAX_TEXT_BYTES: usize = 32 << 20;

/// The most of one line shown, bytes; the rest is left out with a note.
pub const MAX_LINE_BYTES: usize = 4_096;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// The name of a member, quotes included.
    Key,
    /// A string value.
    Text,
    /// A number.
    Number,
    /// `true`, `false`, `null`.
    Keyword,
    /// Braces, brackets, commas, colons and space.
    Plain,
}

impl TokenKind {
    /// The class that colours it; see `styles/response.css`.
    pub fn class(self) -> &'static str {
        match self {
            TokenKind::Key => "j-key",
            TokenKind::Text => "j-text",
            TokenKind::Number => "j-number",
            TokenKind::Keyword => "j-keyword",
            TokenKind::Plain => "",
        }
    }
}

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Its bytes in the line.
    pub range: Range<usize>,
}

/// A piece of a line as it is drawn: of one kind and marked wholly or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What it is.
    pub kind: TokenKind,
    /// Whether a search found it; true inside for the current match.
    pub mark: Option<bool>,
    /// Its text.
    pub text: String,
}

/// A text in lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    text: String,
    lines: Vec<Range<usize>>,
    left_out: usize,
}

impl Document {
    /// Cuts a text into lines; what is beyond [`MAX_TEXT_BYTES`] is dropped.
    pub fn new(mut text: String) -> Self {
        let whole = text.len();
        text.truncate(floor_char(&text, MAX_TEXT_BYTES));
        let mut lines = Vec::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let end = start + line.len();
            lines.push(start..start + line.trim_end_matches(['\n', '\r']).len());
            start = end;
        }
        Document { left_out: whole - text.len(), text, lines }
    }

    /// The text shown.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// How many bytes of the text are not shown.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// The bytes of a line in the text, without its line break.
    pub fn line(&self, index: usize) -> Option<Range<usize>> {
        self.lines.get(index).cloned()
    }

    /// The line that holds a byte of the text.
    pub fn line_at(&self, byte: usize) -> usize {
        self.lines.partition_point(|line| line.start <= byte).saturating_sub(1)
    }

    /// A line in coloured pieces with what a search found in it, and how many of its bytes are left out. `marks` are
    /// ranges inside the line, ascending.
    pub fn pieces(&self, index: usize, marks: &[(Range<usize>, bool)]) -> (Vec<Piece>, usize) {
        let line = self.line(index).and_then(|range| self.text.get(range)).unwrap_or_default();
        let shown = line.get(..floor_char(line, MAX_LINE_BYTES)).unwrap_or_default();
        (cut(shown, &tokens(shown), marks), line.len() - shown.len())
    }
}

/// Cuts one line of JSON into tokens that cover it without gaps.
pub fn tokens(line: &str) -> Vec<Token> {
    let bytes = line.as_bytes();
    let mut tokens: Vec<Token> = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let (kind, end) = match byte {
            b'"' => {
                let end = string_end(bytes, at);
                let after = bytes.get(end..).unwrap_or_default();
                let colon = after.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b':');
                (if colon { TokenKind::Key } else { TokenKind::Text }, end)
            }
            b'-' | b'0'..=b'9' => (TokenKind::Number, run(bytes, at, is_number)),
            b'a'..=b'z' | b'A'..=b'Z' => {
                let end = run(bytes, at, |b| b.is_ascii_alphabetic());
                let keyword = matches!(line.get(at..end), Some("true" | "false" | "null"));
                (if keyword { TokenKind::Keyword } else { TokenKind::Plain }, end)
            }
            _ => (TokenKind::Plain, at + 1),
        };
        match tokens.last_mut() {
            Some(last) if last.kind == kind && kind == TokenKind::Plain => last.range.end = end,
            _ => tokens.push(Token { kind, range: at..end }),
        }
        at = end;
    }
    tokens
}

/// Splits tokens where marks begin and end.
fn cut(line: &str, tokens: &[Token], marks: &[(Range<usize>, bool)]) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(tokens.len());
    let mut marks = marks.iter().peekable();
    for token in tokens {
        let mut at = token.range.start;
        while at < token.range.end {
            while marks.next_if(|(range, _)| range.end <= at).is_some() {}
            let (mark, end) = match marks.peek() {
                Some((range, current)) if range.start <= at => {
                    (Some(*current), range.end.min(token.range.end))
                }
                Some((range, _)) => (None, range.start.min(token.range.end)),
                None => (None, token.range.end),
            };
            let text = line.get(at..end).unwrap_or_default().to_owned();
            pieces.push(Piece { kind: token.kind, mark, text });
            at = end;
        }
    }
    pieces
}

/// One past the closing quote of the string that begins at `at`, or the line's end.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut escaped = false;
    for (offset, &byte) in bytes.iter().enumerate().skip(at + 1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return offset + 1,
            _ => {}
        }
    }
    bytes.len()
}

fn run(bytes: &[u8], at: usize, belongs: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(at + 1..).unwrap_or_default();
    at + 1 + rest.iter().take_while(|b| belongs(**b)).count()
}

fn is_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')
}

/// The greatest character border of `text` at or before `at`.
fn floor_char(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Tokens as `k"a"` `p: ` and so on, joined by `|`.
    fn shown(line: &str) -> String {
        let letter = |kind| match kind {
            TokenKind::Key => 'k',
            TokenKind::Text => 's',
            TokenKind::Number => 'n',
            TokenKind::Keyword => 'w',
            TokenKind::Plain => '.',
        };
        let all = tokens(line);
        let texts = all.iter().map(|t| format!("{}{}", letter(t.kind), &line[t.range.clone()]));
        texts.collect::<Vec<_>>().join("|")
    }

    #[test]
    fn colours_lines() {
        for (line, expected) in [
            ("", ""),
            ("{", ".{"),
            (r#"  "sku": "KB-204","#, r#".  |k"sku"|.: |s"KB-204"|.,"#),
            (r#""n" : -1.5e+3, "t":true"#, r#"k"n"|. : |n-1.5e+3|., |k"t"|.:|wtrue"#),
            (r#"{"a":null,"b":[1,2]}"#, r#".{|k"a"|.:|wnull|.,|k"b"|.:[|n1|.,|n2|.]}"#),
            (r#""a \" b": "\\""#, r#"k"a \" b"|.: |s"\\""#),
            (r#""open"#, r#"s"open"#),
            ("nonsense <html>", ".nonsense <html>"),
            ("\"日本\": \"é\"", "k\"日本\"|.: |s\"é\""),
        ] {
            assert_eq!(shown(line), expected, "{line}");
        }
    }

    #[test]
    fn cuts_into_lines() {
        let document = Document::new("{\n  \"a\": 1\r\n}\n".to_owned());
        assert_eq!(document.len(), 3);
        assert_eq!(document.line(1), Some(2..10));
        for (byte, line) in [(0, 0), (1, 0), (2, 1), (10, 1), (12, 2), (999, 2)] {
            assert_eq!(document.line_at(byte), line, "byte {byte}");
        }
        assert!(Document::new(String::new()).is_empty());
    }

    #[test]
    fn marks_split_pieces() {
        let document = Document::new(r#""ab": "ab""#.to_owned());
        let (pieces, left_out) = document.pieces(0, &[(1..3, false), (5..8, true)]);
        let texts: Vec<_> = pieces.iter().map(|p| (p.text.as_str(), p.mark)).collect();
        let expected = [
            ("\"", None),
            ("ab", Some(false)),
            ("\"", None),
            (":", None),
            (" ", Some(true)),
            ("\"a", Some(true)),
            ("b\"", None),
        ];
        assert_eq!((texts.as_slice(), left_out), (expected.as_slice(), 0));
    }

    #[test]
    fn long_lines_are_cut_on_a_character() {
        let line = format!("\"{}\"", "é".repeat(MAX_LINE_BYTES));
        let (pieces, left_out) = Document::new(line.clone()).pieces(0, &[]);
        let shown: usize = pieces.iter().map(|p| p.text.len()).sum();
        assert!(shown <= MAX_LINE_BYTES && shown > MAX_LINE_BYTES - 4);
        assert_eq!(shown + left_out, line.len());
    }

    proptest! {
        #[test]
        fn tokens_cover_any_line(line in "\\PC*") {
            let mut at = 0;
            for token in tokens(&line) {
                prop_assert_eq!(token.range.start, at);
                prop_assert!(line.get(token.range.clone()).is_some());
                at = token.range.end;
            }
            prop_assert_eq!(at, line.len());
        }
    }
}
