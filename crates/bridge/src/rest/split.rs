//! The top-level values of a body that comes in pieces: the elements of a JSON array, or values with white space between
//! them (one a line, as NDJSON has it).
//!
//! Only finds where a value ends; whether it is JSON is seen when it is converted. Every byte is looked at once, a value
//! within one piece is not copied, and no more than the limit is kept.

use bytes::{Bytes, BytesMut};

/// Why there is no further value.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A value is longer than the limit.
    TooLong,
    /// The body ends within a value or an array.
    Cut,
    /// This byte of the body, from 0, is where something else must be.
    Unexpected { at: u64, wanted: &'static str },
}

/// Where in the body a splitter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the first value; an array opens here if it may.
    Start,
    /// After `[`: a value or `]`.
    First,
    /// After a comma: a value.
    Next,
    /// After an element: a comma or `]`.
    After,
    /// Between values that are no array's.
    Between,
    /// In an object or array, so many brackets deep.
    Nested(u64),
    /// In a text so many brackets deep; `true` right after a backslash.
    Text(u64, bool),
    /// In a number or word.
    Word,
    /// After the array.
    Over,
}

/// Takes values out of a body.
#[derive(Debug)]
pub(super) struct Splitter {
    /// The piece at hand.
    piece: Bytes,
    /// How much of it was looked at.
    at: usize,
    /// Where the value under way began in it, when there is one.
    start: usize,
    /// The beginning of the value under way, from earlier pieces.
    partial: BytesMut,
    state: State,
    /// Whether the values are elements of one array; known once something came.
    array: bool,
    /// Whether `[` at the start opens a list of messages rather than being the first of them.
    arrays: bool,
    limit: usize,
    /// Bytes of earlier pieces.
    before: u64,
}

impl Splitter {
    /// `limit` in bytes of a value; `arrays` says whether one array may hold all values.
    pub fn new(limit: usize, arrays: bool) -> Splitter {
        Splitter {
            piece: Bytes::new(),
            at: 0,
            start: 0,
            partial: BytesMut::new(),
            state: State::Start,
            array: false,
            arrays,
            limit,
            before: 0,
        }
    }

    /// Adds a piece; the one before must have been used up, [`next`](Self::next) having given none.
    pub fn feed(&mut self, piece: Bytes) {
        self.before += self.piece.len() as u64;
        self.piece = piece;
        self.at = 0;
        self.start = 0;
    }

    /// The next value that is there as a whole; none asks for more.
    pub fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        while let Some(&byte) = self.piece.get(self.at) {
            match self.state {
                State::Text(depth, escaped) => {
                    self.text(depth, escaped);
                    if self.state == State::Nested(0) {
                        return self.take().map(Some);
                    }
                    continue;
                }
                State::Nested(depth) => {
                    self.at += 1;
                    match byte {
                        b'"' => self.state = State::Text(depth, false),
                        b'{' | b'[' => self.state = State::Nested(depth + 1),
                        b'}' | b']' => {
                            self.state = State::Nested(depth - 1);
                            if depth == 1 {
                                return self.take().map(Some);
                            }
                        }
                        _ => {}
                    }
                    continue;
                }
                State::Word => {
                    if !is_space(byte) && !matches!(byte, b',' | b']' | b'[' | b'{' | b'}' | b'"') {
                        self.at += 1;
                        continue;
                    }
                    return self.take().map(Some);
                }
                _ if is_space(byte) => {
                    self.at += 1;
                    continue;
                }
                State::Start if byte == b'[' && self.arrays => {
                    self.array = true;
                    self.state = State::First;
                }
                State::First if byte == b']' => self.state = State::Over,
                State::Start | State::First | State::Next | State::Between => self.begin(byte)?,
                State::After if byte == b',' => self.state = State::Next,
                State::After if byte == b']' => self.state = State::Over,
                State::After => return Err(self.unexpected("`,` or `]`")),
                State::Over => return Err(self.unexpected("the end of the body after its array")),
            }
            self.at += 1;
        }
        self.keep()?;
        Ok(None)
    }

    /// The last value, once no further piece comes.
    pub fn finish(&mut self) -> Result<Option<Bytes>, Fault> {
        match self.state {
            State::Word if !self.array => self.take().map(Some),
            State::Start | State::Between | State::Over => Ok(None),
            _ => Err(Fault::Cut),
        }
    }

    /// A value begins with this byte.
    fn begin(&mut self, byte: u8) -> Result<(), Fault> {
        self.state = match byte {
            b'{' | b'[' => State::Nested(1),
            b'"' => State::Text(0, false),
            b',' | b']' | b'}' | b':' => return Err(self.unexpected("a JSON value")),
            _ => State::Word,
        };
        self.start = self.at;
        Ok(())
    }

    /// Goes to the end of a text, or of the piece.
    fn text(&mut self, depth: u64, mut escaped: bool) {
        let rest = &self.piece[self.at..];
        for (index, byte) in rest.iter().enumerate() {
            if escaped {
                escaped = false;
            } else if *byte == b'\\' {
                escaped = true;
            } else if *byte == b'"' {
                self.at += index + 1;
                self.state = State::Nested(depth);
                return;
            }
        }
        self.at = self.piece.len();
        self.state = State::Text(depth, escaped);
    }

    /// The value that ends here.
    fn take(&mut self) -> Result<Bytes, Fault> {
        self.state = if self.array { State::After } else { State::Between };
        if self.partial.len() + (self.at - self.start) > self.limit {
            return Err(Fault::TooLong);
        }
        let here = self.piece.slice(self.start..self.at);
        self.start = self.at;
        if self.partial.is_empty() {
            return Ok(here);
        }
        self.partial.extend_from_slice(&here);
        Ok(self.partial.split().freeze())
    }

    /// Keeps the beginning of a value whose end is not in this piece.
    fn keep(&mut self) -> Result<(), Fault> {
        if !matches!(self.state, State::Nested(_) | State::Text(..) | State::Word) {
            return Ok(());
        }
        let here = &self.piece[self.start..];
        if self.partial.len() + here.len() > self.limit {
            return Err(Fault::TooLong);
        }
        self.partial.extend_from_slice(here);
        self.start = self.piece.len();
        Ok(())
    }

    fn unexpected(&self, wanted: &'static str) -> Fault {
        Fault::Unexpected { at: self.before + self.at as u64, wanted }
    }
}

/// White space of JSON (RFC 8259 §2).
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The values of a body that comes in pieces of these sizes, over and over.
    fn split(
        body: &[u8],
        sizes: &[usize],
        limit: usize,
        arrays: bool,
    ) -> Result<Vec<String>, Fault> {
        let mut splitter = Splitter::new(limit, arrays);
        let mut values = Vec::new();
        let mut rest = Bytes::copy_from_slice(body);
        let mut sizes = sizes.iter().cycle();
        while !rest.is_empty() {
            let size = sizes.next().map_or(rest.len(), |size| (*size).min(rest.len()));
            splitter.feed(rest.split_to(size));
            while let Some(value) = splitter.next()? {
                values.push(String::from_utf8(value.to_vec()).unwrap());
            }
        }
        values.extend(splitter.finish()?.map(|value| String::from_utf8(value.to_vec()).unwrap()));
        Ok(values)
    }

    fn unexpected(at: u64, wanted: &'static str) -> Result<&'static [&'static str], Fault> {
        Err(Fault::Unexpected { at, wanted })
    }

    #[test]
    fn values_and_faults() {
        let table: &[(&str, Result<&[&str], Fault>)] = &[
            ("", Ok(&[])),
            (" \r\n\t", Ok(&[])),
            ("[]", Ok(&[])),
            (" [ ] ", Ok(&[])),
            ("{}", Ok(&["{}"])),
            ("{}\n{}\n", Ok(&["{}", "{}"])),
            ("{}{}", Ok(&["{}", "{}"])),
            ("[{},{}]", Ok(&["{}", "{}"])),
            ("[ {} , {} ]\n", Ok(&["{}", "{}"])),
            ("[1, 2,3 ]", Ok(&["1", "2", "3"])),
            ("1 2\n3", Ok(&["1", "2", "3"])),
            ("true", Ok(&["true"])),
            ("\"a\"\"b\"", Ok(&["\"a\"", "\"b\""])),
            ("[\"a\",\"]\"]", Ok(&["\"a\"", "\"]\""])),
            (r#"["\"", "\\"]"#, Ok(&[r#""\"""#, r#""\\""#])),
            (r#"{"a": "}{][\\\""}"#, Ok(&[r#"{"a": "}{][\\\""}"#])),
            ("[[1,2],[3]]", Ok(&["[1,2]", "[3]"])),
            ("[{\"a\":[{}]}]", Ok(&["{\"a\":[{}]}"])),
            ("1[2]", Ok(&["1", "[2]"])),
            ("[", Err(Fault::Cut)),
            ("[1", Err(Fault::Cut)),
            ("[1,", Err(Fault::Cut)),
            ("{\"a\":", Err(Fault::Cut)),
            ("\"a", Err(Fault::Cut)),
            ("[1,]", unexpected(3, "a JSON value")),
            ("[,]", unexpected(1, "a JSON value")),
            ("[1 2]", unexpected(3, "`,` or `]`")),
            ("[{}{}]", unexpected(3, "`,` or `]`")),
            ("[]x", unexpected(2, "the end of the body after its array")),
            ("[] []", unexpected(3, "the end of the body after its array")),
            ("{},{}", unexpected(2, "a JSON value")),
            ("}", unexpected(0, "a JSON value")),
        ];
        for (body, wanted) in table {
            let wanted =
                wanted.as_ref().map(|values| values.iter().map(ToString::to_string).collect());
            for sizes in [&[usize::MAX][..], &[1], &[2], &[3, 1]] {
                let got = split(body.as_bytes(), sizes, 100, true);
                assert_eq!(
                    got.as_ref(),
                    wanted.as_ref().map_err(|fault| *fault),
                    "{body} {sizes:?}"
                );
            }
        }
    }

    #[test]
    fn lines_may_be_arrays() {
        let got = split(b"[1]\n[2,3]\n", &[4], 100, false).unwrap();
        assert_eq!(got, ["[1]", "[2,3]"]);
    }

    #[test]
    fn the_limit_is_a_values() {
        for size in [1, 3, 100] {
            assert_eq!(split(b"[{\"a\":1},{\"b\":2}]", &[size], 7, true).unwrap().len(), 2);
            assert_eq!(split(b"[{\"a\":12}]", &[size], 7, true), Err(Fault::TooLong), "{size}");
            assert_eq!(split(b"[{\"a\":", &[size], 4, true), Err(Fault::TooLong), "{size}");
            assert_eq!(split(b"12345678", &[size], 7, true), Err(Fault::TooLong), "{size}");
        }
    }

    fn value() -> impl Strategy<Value = serde_json::Value> {
        use serde_json::Value;
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[\\PC\"\\\\{}\\[\\],]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[a\"\\]}]{0,3}", inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_pieces_give_the_same(
            values in prop::collection::vec(value(), 0..8),
            sizes in prop::collection::vec(1_usize..20, 1..6),
            lines in any::<bool>(),
        ) {
            let texts: Vec<String> = values.iter().map(ToString::to_string).collect();
            let body = if lines { texts.join("\n") } else { format!("[{}]", texts.join(" , ")) };
            prop_assert_eq!(split(body.as_bytes(), &sizes, 10_000, !lines), Ok(texts));
        }

        #[test]
        fn whatever_comes_ends(
            body in prop::collection::vec(prop::sample::select(&b"[]{},:\"\\ \n1a"[..]), 0..60),
            sizes in prop::collection::vec(1_usize..9, 1..4),
        ) {
            prop_assert_eq!(split(&body, &sizes, 1000, true), split(&body, &[1000], 1000, true));
        }
    }
}
