//! Metadata to HTTP headers and back.
//!
//! Repeated keys keep the order of their values; keys come in the order in which each was first seen, which is
//! all that HTTP/2 libraries keep.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use wirelab_model::{MetadataValue, Metadatum, Problem, ProblemKind};

/// Headers that carry the status; shown as the status and not as metadata.
pub const STATUS_HEADERS: [&str; 3] = ["grpc-status", "grpc-message", "grpc-status-details-bin"];

/// Written without padding, read with or without, as gRPC wants it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Keys that the transport sets by itself, with what to do instead of sending them.
const RESERVED: [(&str, &str); 11] = [
    ("te", "leave it out, gRPC sets it"),
    ("content-type", "leave it out, gRPC sets it"),
    ("content-length", "leave it out, HTTP/2 does without"),
    ("host", "leave it out, the address says it"),
    ("connection", "leave it out, HTTP/2 does not have it"),
    ("keep-alive", "leave it out, HTTP/2 does not have it"),
    ("proxy-connection", "leave it out, HTTP/2 does not have it"),
    ("transfer-encoding", "leave it out, HTTP/2 does not have it"),
    ("upgrade", "leave it out, HTTP/2 does not have it"),
    ("grpc-timeout", "set the deadline instead"),
    ("grpc-encoding", "choose the call's compression instead"),
];

/// Keys of gRPC's own that people may send: the contexts of tracing, which applications pass on.
const ALLOWED: [&str; 2] = ["grpc-trace-bin", "grpc-tags-bin"];

/// Where an entry is wrong, and what to do.
struct Wrong {
    /// `key` or `value`.
    part: &'static str,
    /// Which character of it, from 1, where it is one.
    column: Option<usize>,
    message: String,
    help: String,
}

impl Wrong {
    fn key(message: impl Into<String>, help: impl Into<String>) -> Wrong {
        Wrong { part: "key", column: None, message: message.into(), help: help.into() }
    }

    fn value(message: impl Into<String>, help: impl Into<String>) -> Wrong {
        Wrong { part: "value", ..Wrong::key(message, help) }
    }

    fn at(self, character: usize) -> Wrong {
        Wrong { column: Some(character + 1), ..self }
    }

    fn problem(self, index: usize) -> Problem {
        let problem = Problem::new(ProblemKind::Mismatch, self.message)
            .help(self.help)
            .at(format!("metadata[{index}].{}", self.part));
        match self.column.and_then(|column| u32::try_from(column).ok()) {
            Some(column) => problem.span(1, column),
            None => problem,
        }
    }
}

/// The first character that is not `good`, with its place from 0.
fn first_bad(text: &str, good: impl Fn(char) -> bool) -> Option<(usize, char)> {
    text.chars().enumerate().find(|(_, c)| !good(*c))
}

/// Adds metadata to request headers. A `user-agent` replaces the one there.
///
/// # Errors
/// `Mismatch` at `metadata[i].key` or `metadata[i].value`, and the character where it is one, for what gRPC does not
/// allow.
pub(crate) fn to_headers(metadata: &[Metadatum], headers: &mut HeaderMap) -> Result<(), Problem> {
    for (index, datum) in metadata.iter().enumerate() {
        let (name, value) = to_header(datum).map_err(|wrong| wrong.problem(index))?;
        if name == http::header::USER_AGENT {
            headers.insert(name, value);
        } else {
            headers
                .try_append(name, value)
                .map_err(|_| Problem::new(ProblemKind::TooLarge, "there is too much metadata"))?;
        }
    }
    Ok(())
}

fn to_header(datum: &Metadatum) -> Result<(HeaderName, HeaderValue), Wrong> {
    let key = datum.key.as_str();
    let shown = key.escape_debug();
    check_key(key)?;
    let text = match (&datum.value, key.ends_with("-bin")) {
        (MetadataValue::Binary(bytes), true) => BASE64.encode(&bytes.0),
        (MetadataValue::Text(text), false) => text.clone(),
        (MetadataValue::Text(_), true) => {
            return Err(Wrong::value(
                format!("`{shown}` ends in `-bin`, but its value is text"),
                "give it bytes, or drop `-bin` from the key",
            ));
        }
        (MetadataValue::Binary(_), false) => {
            return Err(Wrong::value(
                format!("`{shown}` has bytes as its value, but does not end in `-bin`"),
                "add `-bin` to the key, or give it text",
            ));
        }
    };
    if let Some((place, bad)) = first_bad(&text, |c| matches!(c, ' '..='~')) {
        let message = format!("the value of `{shown}` contains `{}`", bad.escape_debug());
        let help = "use printable ASCII, or a key that ends in `-bin`";
        return Err(Wrong::value(message, help).at(place));
    }
    let long = || format!("`{shown}` cannot be sent as metadata");
    let name = HeaderName::from_bytes(key.as_bytes())
        .map_err(|_| Wrong::key(long(), "use a shorter key"))?;
    let value =
        HeaderValue::from_str(&text).map_err(|_| Wrong::value(long(), "use a shorter value"))?;
    Ok((name, value))
}

/// Whether gRPC allows the key
/// (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests>, "Custom-Metadata").
fn check_key(key: &str) -> Result<(), Wrong> {
    let shown = key.escape_debug();
    if key.is_empty() {
        return Err(Wrong::key("a metadata key is empty", "name it, or remove the entry"));
    }
    if key.starts_with(':') {
        let message = format!("the metadata key `{shown}` is reserved for HTTP/2");
        return Err(Wrong::key(message, "remove the entry").at(0));
    }
    if let Some((place, _)) = first_bad(key, |c| !c.is_ascii_uppercase()) {
        let message = format!("the metadata key `{shown}` is not in lower case");
        let help = format!("write `{}`", key.to_ascii_lowercase().escape_debug());
        return Err(Wrong::key(message, help).at(place));
    }
    let allowed = |c| matches!(c, 'a'..='z' | '0'..='9' | '_' | '-' | '.');
    if let Some((place, bad)) = first_bad(key, allowed) {
        let message = format!("the metadata key `{shown}` contains `{}`", bad.escape_debug());
        return Err(Wrong::key(message, "use only a to z, 0 to 9, `_`, `-` and `.`").at(place));
    }
    if let Some((_, help)) = RESERVED.iter().find(|(reserved, _)| *reserved == key) {
        return Err(Wrong::key(format!("the metadata key `{shown}` is reserved"), *help));
    }
    if key.starts_with("grpc-") && !ALLOWED.contains(&key) {
        let message =
            format!("the metadata key `{shown}` is reserved: `grpc-` belongs to gRPC itself");
        return Err(Wrong::key(message, "use another name"));
    }
    Ok(())
}

/// Metadata out of response headers or trailers, without `leave_out`.
pub(crate) fn from_headers(headers: &HeaderMap, leave_out: &[&str]) -> Vec<Metadatum> {
    let mut out = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        let key = name.as_str();
        if leave_out.contains(&key) {
            continue;
        }
        if key.ends_with("-bin")
            && let Some(values) = decode_all(value.as_bytes())
        {
            out.extend(values.into_iter().map(|bytes| Metadatum::binary(key, bytes)));
        } else {
            // What is not base64 after all, or not ASCII, is better shown than lost.
            out.push(Metadatum::text(key, String::from_utf8_lossy(value.as_bytes())));
        }
    }
    out
}

/// The values of one `-bin` header; gRPC allows several joined by commas.
pub fn decode_all(value: &[u8]) -> Option<Vec<Vec<u8>>> {
    value.split(|&b| b == b',').map(|part| decode(part.trim_ascii())).collect()
}

/// One base64 value, padded or not.
pub(crate) fn decode(value: &[u8]) -> Option<Vec<u8>> {
    BASE64.decode(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refused() {
        let text = |key: &str| Metadatum::text(key, "v");
        let table = [
            (text(""), "key", None, "a metadata key is empty"),
            (text(":path"), "key", Some(1), "the metadata key `:path` is reserved for HTTP/2"),
            (text("x-Key"), "key", Some(3), "the metadata key `x-Key` is not in lower case"),
            (text("a b"), "key", Some(2), "the metadata key `a b` contains ` `"),
            (text("ü"), "key", Some(1), "the metadata key `ü` contains `ü`"),
            (text("a\n"), "key", Some(2), "the metadata key `a\\n` contains `\\n`"),
            (text("te"), "key", None, "the metadata key `te` is reserved"),
            (text("content-type"), "key", None, "the metadata key `content-type` is reserved"),
            (text("connection"), "key", None, "the metadata key `connection` is reserved"),
            (text("grpc-timeout"), "key", None, "the metadata key `grpc-timeout` is reserved"),
            (
                text("grpc-anything"),
                "key",
                None,
                "the metadata key `grpc-anything` is reserved: `grpc-` belongs to gRPC itself",
            ),
            (text("a-bin"), "value", None, "`a-bin` ends in `-bin`, but its value is text"),
            (
                Metadatum::binary("a", vec![1]),
                "value",
                None,
                "`a` has bytes as its value, but does not end in `-bin`",
            ),
            (
                Metadatum::text("a", "x\r\ny: z"),
                "value",
                Some(2),
                "the value of `a` contains `\\r`",
            ),
            (Metadatum::text("a", "grün"), "value", Some(3), "the value of `a` contains `ü`"),
        ];
        for (datum, part, column, want) in table {
            let given = [Metadatum::text("fine", "yes"), datum];
            let problem = to_headers(&given, &mut HeaderMap::new()).unwrap_err();
            assert_eq!(problem.message, want);
            assert_eq!(problem.path, Some(format!("metadata[1].{part}")), "{want}");
            assert_eq!(problem.span.map(|span| (span.line, span.column)), column.map(|c| (1, c)));
            assert!(problem.help.is_some());
        }
    }

    #[test]
    fn contexts_of_tracing_pass() {
        for key in ALLOWED {
            let given = [Metadatum::binary(key, vec![0, 1])];
            to_headers(&given, &mut HeaderMap::new()).unwrap();
        }
    }

    #[test]
    fn read_leniently() {
        let mut headers = HeaderMap::new();
        for (key, value) in [
            ("a-bin", &b"AQ"[..]),
            ("a-bin", b"AQ=="),
            ("a-bin", b"AQ,Ag, Aw=="),
            ("b-bin", b"!"),
            ("c", b"gr\xc3\xbcn"),
            ("grpc-status", b"0"),
        ] {
            headers.append(HeaderName::from_static(key), HeaderValue::from_bytes(value).unwrap());
        }
        let binary = |value: u8| Metadatum::binary("a-bin", vec![value]);
        assert_eq!(
            from_headers(&headers, &STATUS_HEADERS),
            [
                binary(1),
                binary(1),
                binary(1),
                binary(2),
                binary(3),
                Metadatum::text("b-bin", "!"),
                Metadatum::text("c", "grün"),
            ]
        );
    }

    fn datum() -> impl Strategy<Value = Metadatum> {
        prop_oneof![
            ("x-[a-z0-9_.]{1,8}", "[ -~]{0,20}").prop_map(|(k, v)| Metadatum::text(k, v)),
            ("x-[a-z0-9_.]{1,8}-bin", prop::collection::vec(0_u8.., 0..20))
                .prop_map(|(k, v)| Metadatum::binary(k, v)),
        ]
    }

    proptest! {
        #[test]
        fn there_and_back(mut metadata in prop::collection::vec(datum(), 0..10)) {
            let mut headers = HeaderMap::new();
            to_headers(&metadata, &mut headers).unwrap();
            let mut keys: Vec<String> = Vec::new();
            for datum in &metadata {
                if !keys.contains(&datum.key) {
                    keys.push(datum.key.clone());
                }
            }
            metadata.sort_by_key(|datum| keys.iter().position(|key| *key == datum.key));
            prop_assert_eq!(from_headers(&headers, &[]), metadata);
        }
    }
}
