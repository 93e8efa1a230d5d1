//! Text to [`Json`].

use super::{Json, JsonError, MAX_DEPTH};

/// Reads one JSON value (RFC 8259).
///
/// # Errors
/// The first thing that is not JSON, with its line and column.
pub fn parse(text: &str) -> Result<Json, JsonError> {
    let mut parser = Parser { text, at: 0 };
    parser.space();
    let value = parser.value(0)?;
    parser.space();
    match parser.peek() {
        None => Ok(value),
        Some(_) => Err(parser.expected("the end")),
    }
}

/// Whether `text` is exactly one number in JSON's grammar.
pub fn is_number(text: &str) -> bool {
    !text.is_empty() && number_length(text) == Some(text.len())
}

/// The length of the number that `text` begins with.
fn number_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    match bytes.get(at)? {
        b'0' => at += 1,
        b'1'..=b'9' => at += digits(at),
        _ => return None,
    }
    if bytes.get(at) == Some(&b'.') {
        match digits(at + 1) {
            0 => return None,
            n => at += 1 + n,
        }
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        match digits((at + 1 + sign).min(bytes.len())) {
            0 => return None,
            n => at += 1 + sign + n,
        }
    }
    Some(at)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at..).and_then(|rest| rest.chars().next())
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn space(&mut self) {
        while let Some(' ' | '\n' | '\r' | '\t') = self.peek() {
            self.at += 1;
        }
    }

    fn take(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        if found {
            self.at += c.len_utf8();
        }
        found
    }

    fn error_at(&self, at: usize, message: impl Into<String>) -> JsonError {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        JsonError {
            message: message.into(),
            line: before.matches('\n').count() as u32 + 1,
            column: before[line_start..].chars().count() as u32 + 1,
        }
    }

    fn expected(&self, what: &str) -> JsonError {
        let found = self.peek().map_or_else(|| "the end".to_owned(), |c| format!("“{c}”"));
        self.error_at(self.at, format!("Expected {what}, found {found}"))
    }

    fn value(&mut self, depth: usize) -> Result<Json, JsonError> {
        match self.peek() {
            Some('{' | '[') if depth == MAX_DEPTH => {
                Err(self.error_at(self.at, format!("Nested deeper than {MAX_DEPTH} levels")))
            }
            Some('{') => self.object(depth),
            Some('[') => self.array(depth),
            Some('"') => self.string().map(Json::String),
            Some('-' | '0'..='9') => self.number(),
            Some(c) if c.is_ascii_alphabetic() => self.word(),
            _ => Err(self.expected("a value")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, JsonError> {
        self.next();
        let mut members = Vec::new();
        self.space();
        if self.take('}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.space();
            if self.peek() != Some('"') {
                return Err(self.expected("a key in quotes"));
            }
            let key = self.string()?;
            self.space();
            if !self.take(':') {
                return Err(self.expected("“:” after the key"));
            }
            self.space();
            members.push((key, self.value(depth + 1)?));
            self.space();
            if self.take('}') {
                return Ok(Json::Object(members));
            }
            if !self.take(',') {
                return Err(self.expected("“,” or “}”"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json, JsonError> {
        self.next();
        let mut items = Vec::new();
        self.space();
        if self.take(']') {
            return Ok(Json::Array(items));
        }
        loop {
            self.space();
            items.push(self.value(depth + 1)?);
            self.space();
            if self.take(']') {
                return Ok(Json::Array(items));
            }
            if !self.take(',') {
                return Err(self.expected("“,” or “]”"));
            }
        }
    }

    fn number(&mut self) -> Result<Json, JsonError> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        match number_length(rest) {
            Some(length) => {
                self.at += length;
                Ok(Json::Number(rest[..length].to_owned()))
            }
            None => {
                let end =
                    rest.find(|c: char| !matches!(c, '-' | '+' | '.' | '0'..='9' | 'e' | 'E'));
                let word = &rest[..end.unwrap_or(rest.len())];
                Err(self.error_at(self.at, format!("“{word}” is no number of JSON")))
            }
        }
    }

    fn word(&mut self) -> Result<Json, JsonError> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let value = match &rest[..end] {
            "null" => Json::Null,
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            word => return Err(self.error_at(self.at, format!("“{word}” is no value of JSON"))),
        };
        self.at += end;
        Ok(value)
    }

    fn string(&mut self) -> Result<String, JsonError> {
        self.next();
        let mut text = String::new();
        loop {
            let at = self.at;
            match self.next() {
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.escape(at)?),
                Some('\n' | '\r') | None => {
                    return Err(
                        self.error_at(at, "A string ends before the line does, or needs \\n")
                    );
                }
                Some(c) if (c as u32) < 0x20 => {
                    return Err(self.error_at(at, "A control character in a string needs \\u"));
                }
                Some(c) => text.push(c),
            }
        }
    }

    fn escape(&mut self, start: usize) -> Result<char, JsonError> {
        let at = self.at;
        Ok(match self.next() {
            Some(c @ ('"' | '\\' | '/')) => c,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                let high = self.hex4()?;
                if !(0xd800..0xe000).contains(&high) {
                    return char::from_u32(high)
                        .ok_or_else(|| self.error_at(start, "No character"));
                }
                let half = "Half of a surrogate pair";
                if high >= 0xdc00 || !(self.take('\\') && self.take('u')) {
                    return Err(self.error_at(start, half));
                }
                let low = self.hex4()?;
                if !(0xdc00..0xe000).contains(&low) {
                    return Err(self.error_at(start, half));
                }
                let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                char::from_u32(code).ok_or_else(|| self.error_at(start, half))?
            }
            Some(c) => return Err(self.error_at(at, format!("“\\{c}” is no escape of JSON"))),
            None => {
                return Err(self.error_at(at, "A string ends before the line does, or needs \\n"));
            }
        })
    }

    fn hex4(&mut self) -> Result<u32, JsonError> {
        let at = self.at;
        let digits = self.text.get(at..at + 4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        match digits.and_then(|d| u32::from_str_radix(d, 16).ok()) {
            Some(code) => {
                self.at += 4;
                Ok(code)
            }
            None => Err(self.error_at(at, "“\\u” needs four hexadecimal digits")),
        }
    }
}
