//! The words of `.proto` text, for what has to be known of a file before a parser may see it.

/// A token and the bytes it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) kind: Kind,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Letters, digits and underscores.
    Word,
    /// A string with its quotes.
    String,
    /// Any other byte.
    Punctuation(u8),
}

/// The tokens of `text`, without blanks and comments.
pub(crate) fn tokens(text: &str) -> impl Iterator<Item = Token> + '_ {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let (start, &byte) = (at, bytes.get(at)?);
            let kind = match byte {
                b'"' | b'\'' => Kind::String,
                b'/' | b'#' if skip(bytes, at) > at + 1 => {
                    at = skip(bytes, at);
                    continue;
                }
                _ if is_word(byte) => {
                    at += word(bytes, at).len();
                    return Some(Token { start, end: at, kind: Kind::Word });
                }
                _ if byte.is_ascii_whitespace() => {
                    at += 1;
                    continue;
                }
                _ => Kind::Punctuation(byte),
            };
            at = skip(bytes, at).min(bytes.len());
            return Some(Token { start, end: at, kind });
        }
    })
}

/// The word that starts at `i`.
pub(crate) fn word(bytes: &[u8], i: usize) -> &[u8] {
    let rest = bytes.get(i..).unwrap_or_default();
    let end = rest.iter().position(|b| !is_word(*b)).unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default()
}

pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The offset after the comment or string that starts at `i`, or after the byte when it starts neither.
pub(crate) fn skip(bytes: &[u8], i: usize) -> usize {
    let rest = bytes.get(i..).unwrap_or_default();
    let to_line_end = || i + rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
    match rest {
        [b'/', b'/', ..] | [b'#', ..] => to_line_end(),
        [b'/', b'*', ..] => {
            let body = rest.get(2..).unwrap_or_default();
            body.windows(2).position(|w| w == b"*/").map_or(bytes.len(), |end| i + end + 4)
        }
        [quote @ (b'"' | b'\''), ..] => {
            let mut j = i + 1;
            while let Some(&byte) = bytes.get(j) {
                match byte {
                    b'\\' => j += 2,
                    b'\n' => return j,
                    _ if byte == *quote => return j + 1,
                    _ => j += 1,
                }
            }
            bytes.len()
        }
        _ => i + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_leave_out_blanks_and_comments() {
        for (text, expected) in [
            ("", &[] as &[&str]),
            ("a.b=1;", &["a", ".", "b", "=", "1", ";"]),
            ("a // b\n/* c */ 'd\\'e' \"f", &["a", "'d\\'e'", "\"f"]),
            ("# a\n\"b\nc", &["\"b", "c"]),
            ("/", &["/"]),
            ("\"\\", &["\"\\"]),
            ("a\u{00e9}", &["a", "?", "?"]),
        ] {
            let tokens: Vec<_> =
                tokens(text).map(|t| text.get(t.start..t.end).unwrap_or("?")).collect();
            assert_eq!(tokens, expected, "{text:?}");
        }
    }
}
