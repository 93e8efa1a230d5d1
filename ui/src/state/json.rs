//! JSON as typed: numbers keep their text, objects their order and even repeated keys, and errors have a place.
//!
//! A value type of its own because nothing may be rounded or reordered between the two editors, and because
//! `serde_json`'s way to keep numbers as text is a switch for the whole program.

mod parse;
mod print;

pub use parse::parse;
pub use print::{compact, pretty};

/// How deep arrays and objects may nest, as in Protobuf's own JSON readers.
pub const MAX_DEPTH: usize = 100;

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, exactly as typed.
    Number(String),
    /// A string, unescaped.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object, members in order.
    Object(Vec<(String, Json)>),
}

/// Why a text is no JSON, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// What was expected, without a full stop.
    pub message: String,
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
}

impl Json {
    /// An empty object.
    pub fn object() -> Self {
        Json::Object(Vec::new())
    }

    /// A string.
    pub fn string(text: impl Into<String>) -> Self {
        Json::String(text.into())
    }

    /// A number if `text` is one in JSON's grammar, else a string: so that nothing typed is lost.
    pub fn number_or_string(text: &str) -> Self {
        if parse::is_number(text) { Json::Number(text.to_owned()) } else { Json::string(text) }
    }

    /// The value of an object's member; of the last when the key is repeated.
    pub fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => {
                members.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// What an input field shows for it: the text of a string or number, `true`, and JSON for the rest.
    pub fn input_text(&self) -> String {
        match self {
            Json::Null => String::new(),
            Json::String(text) | Json::Number(text) => text.clone(),
            other => compact(other),
        }
    }

    /// `a number`, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Number(_) => "a number",
            Json::String(_) => "a string",
            Json::Array(_) => "an array",
            Json::Object(_) => "an object",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keeps_what_was_typed() {
        for text in [
            "null",
            "true",
            "-0.10e+05",
            "123456789012345678901234567890",
            r#"{"b":1.0,"a":[],"b":{}}"#,
            r#"["é\n\"\\",""]"#,
        ] {
            assert_eq!(compact(&parse(text).unwrap()), text);
        }
        assert_eq!(parse(r#""\ud83d\ude00\u00e9\/""#).unwrap(), Json::string("😀é/"));
    }

    #[test]
    fn errors_have_a_place() {
        let check = |text: &str, line: u32, column: u32, message: &str| {
            let error = parse(text).unwrap_err();
            assert_eq!(
                (error.line, error.column, error.message.as_str()),
                (line, column, message),
                "{text}"
            );
        };
        check("", 1, 1, "Expected a value, found the end");
        check("{\n  \"a\": 1,\n}", 3, 1, "Expected a key in quotes, found “}”");
        check("{\"a\" 1}", 1, 6, "Expected “:” after the key, found “1”");
        check("[1 2]", 1, 4, "Expected “,” or “]”, found “2”");
        check("{\"a\": 1", 1, 8, "Expected “,” or “}”, found the end");
        check("\"é\n\"", 1, 3, "A string ends before the line does, or needs \\n");
        check("\"\\x\"", 1, 3, "“\\x” is no escape of JSON");
        check("\"\\ud800 \"", 1, 2, "Half of a surrogate pair");
        check("01", 1, 2, "Expected the end, found “1”");
        check("1.", 1, 1, "“1.” is no number of JSON");
        check("tru", 1, 1, "“tru” is no value of JSON");
        check("{} x", 1, 4, "Expected the end, found “x”");
        let deep = "[".repeat(MAX_DEPTH + 1);
        assert!(parse(&deep).unwrap_err().message.contains("deeper than 100"));
    }

    #[test]
    fn pretty_is_the_usual_layout() {
        let value = parse(r#"{"a":[1,{"b":[]}],"c":{},"d":"x"}"#).unwrap();
        assert_eq!(
            pretty(&value),
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": []\n    }\n  ],\n  \"c\": {},\n  \"d\": \"x\"\n}"
        );
    }

    fn values() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::Bool),
            any::<i64>().prop_map(|n| Json::Number(n.to_string())),
            any::<String>().prop_map(Json::String),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::Array),
                prop::collection::vec((any::<String>(), inner), 0..4).prop_map(Json::Object),
            ]
        })
    }

    proptest! {
        #[test]
        fn both_layouts_read_back(value in values()) {
            prop_assert_eq!(&parse(&pretty(&value)).unwrap(), &value);
            prop_assert_eq!(&parse(&compact(&value)).unwrap(), &value);
        }

        #[test]
        fn agrees_with_serde_json_on_what_is_json(text in "[\\[\\]{}\",:0-9a-u.eE+\\-\\\\ \n]{0,24}") {
            // serde_json refuses numbers out of a double's range, which we keep.
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            if !theirs.as_ref().is_err_and(|e| e.to_string().contains("out of range")) {
                prop_assert_eq!(parse(&text).is_ok(), theirs.is_ok(), "{}", text);
            }
        }

        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = parse(&text);
        }
    }
}
