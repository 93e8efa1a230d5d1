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
pub(crate) const STATUS_HEADERS: [&str; 3] =
    ["grpc-status", "grpc-message", "grpc-status-details-bin"];

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
    ("grpc-encoding", "leave it out, gRPC sets it"),
];

/// Adds metadata to request headers. A `user-agent` replaces the one there.
///
/// # Errors
/// `Mismatch` at `metadata[i]` for a key or value that gRPC does not allow.
pub(crate) fn to_headers(metadata: &[Metadatum], headers: &mut HeaderMap) -> Result<(), Problem> {
    for (index, datum) in metadata.iter().enumerate() {
        let (name, value) = to_header(datum).map_err(|(message, help)| {
            Problem::new(ProblemKind::Mismatch, message).help(help).at(format!("metadata[{index}]"))
        })?;
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

fn to_header(datum: &Metadatum) -> Result<(HeaderName, HeaderValue), (String, String)> {
    let key = datum.key.as_str();
    let shown = key.escape_debug();
    if key.is_empty() {
        return Err(("a metadata key is empty".into(), "name it, or remove the entry".into()));
    }
    if key.starts_with(':') {
        return Err((
            format!("the metadata key `{shown}` is reserved for HTTP/2"),
            "remove the entry".into(),
        ));
    }
    if key.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err((
            format!("the metadata key `{shown}` is not in lower case"),
            format!("write `{}`", key.to_ascii_lowercase().escape_debug()),
        ));
    }
    if let Some(bad) = key.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '_' | '-' | '.')) {
        return Err((
            format!("the metadata key `{shown}` contains `{}`", bad.escape_debug()),
            "use only a to z, 0 to 9, `_`, `-` and `.`".into(),
        ));
    }
    if let Some((_, help)) = RESERVED.iter().find(|(reserved, _)| *reserved == key) {
        return Err((format!("the metadata key `{shown}` is reserved"), (*help).into()));
    }
    if key.starts_with("grpc-") {
        return Err((
            format!("the metadata key `{shown}` is reserved: `grpc-` belongs to gRPC itself"),
            "use another name".into(),
        ));
    }
    let text = match (&datum.value, key.ends_with("-bin")) {
        (MetadataValue::Binary(bytes), true) => BASE64.encode(&bytes.0),
        (MetadataValue::Text(text), false) => text.clone(),
        (MetadataValue::Text(_), true) => {
            return Err((
                format!("`{shown}` ends in `-bin`, but its value is text"),
                "give it bytes, or drop `-bin` from the key".into(),
            ));
        }
        (MetadataValue::Binary(_), false) => {
            return Err((
                format!("`{shown}` has bytes as its value, but does not end in `-bin`"),
                "add `-bin` to the key, or give it text".into(),
            ));
        }
    };
    if let Some(bad) = text.chars().find(|c| !matches!(c, ' '..='~')) {
        return Err((
            format!("the value of `{shown}` contains `{}`", bad.escape_debug()),
            "use printable ASCII, or a key that ends in `-bin`".into(),
        ));
    }
    let name = HeaderName::from_bytes(key.as_bytes());
    let value = HeaderValue::from_str(&text);
    match (name, value) {
        (Ok(name), Ok(value)) => Ok((name, value)),
        _ => Err((format!("`{shown}` cannot be sent as metadata"), "use a shorter one".into())),
    }
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
fn decode_all(value: &[u8]) -> Option<Vec<Vec<u8>>> {
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
            (text(""), "a metadata key is empty"),
            (text(":path"), "the metadata key `:path` is reserved for HTTP/2"),
            (text("Authorization"), "the metadata key `Authorization` is not in lower case"),
            (text("a b"), "the metadata key `a b` contains ` `"),
            (text("ü"), "the metadata key `ü` contains `ü`"),
            (text("a\n"), "the metadata key `a\\n` contains `\\n`"),
            (text("te"), "the metadata key `te` is reserved"),
            (text("content-type"), "the metadata key `content-type` is reserved"),
            (text("connection"), "the metadata key `connection` is reserved"),
            (text("grpc-timeout"), "the metadata key `grpc-timeout` is reserved"),
            (
                text("grpc-anything"),
                "the metadata key `grpc-anything` is reserved: `grpc-` belongs to gRPC itself",
            ),
            (text("a-bin"), "`a-bin` ends in `-bin`, but its value is text"),
            (
                Metadatum::binary("a", vec![1]),
                "`a` has bytes as its value, but does not end in `-bin`",
            ),
            (Metadatum::text("a", "x\r\ny: z"), "the value of `a` contains `\\r`"),
            (Metadatum::text("a", "grün"), "the value of `a` contains `ü`"),
        ];
        for (datum, want) in table {
            let given = [Metadatum::text("fine", "yes"), datum];
            let problem = to_headers(&given, &mut HeaderMap::new()).unwrap_err();
            assert_eq!(problem.message, want);
            assert_eq!(problem.path.as_deref(), Some("metadata[1]"));
            assert!(problem.help.is_some());
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
