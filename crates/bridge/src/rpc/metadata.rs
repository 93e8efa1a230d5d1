//! Metadata out of request headers and into response headers.

use crate::headers::{is_grpc, is_of_key, printable};
use axum::http::header::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use wirelab_call::wire;
use wirelab_model::{MetadataValue, Metadatum, Status, StatusCode};

/// Headers that are about this connection or about how bodies are written, either way. They are no metadata.
const OF_THE_HOP: [&str; 17] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "grpc-accept-encoding",
    "grpc-encoding",
    "grpc-timeout",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-grpc-web",
];

/// What these begin with is said by the protocols themselves and by [`cors`](crate::cors).
const OF_PROTOCOLS: [&str; 2] = ["connect-", "access-control-"];

fn is_metadata(name: &str) -> bool {
    !OF_THE_HOP.contains(&name) && !OF_PROTOCOLS.iter().any(|start| name.starts_with(start))
}

/// What a request's headers tell the application. What gRPC's metadata cannot carry is left out, as servers of gRPC may
/// (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests>, "ASCII-Value"): names with other
/// characters than `a-z0-9_.-`, and values that are not printable ASCII.
///
/// # Errors
/// INVALID_ARGUMENT for a `-bin` header that is not base64.
pub(super) fn of_request(headers: &HeaderMap) -> Result<Vec<Metadatum>, Status> {
    let mut metadata = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        let key = name.as_str();
        if is_grpc(key) || key == "accept" || !is_metadata(key) || !key.bytes().all(is_of_key) {
            continue;
        }
        if key.ends_with("-bin") {
            let values = wire::decode_all(value.as_bytes()).ok_or_else(|| {
                let message = format!("the header `{key}` is not base64, as its name promises");
                Status::new(StatusCode::InvalidArgument, message)
            })?;
            metadata.extend(values.into_iter().map(|bytes| Metadatum::binary(key, bytes)));
        } else if let Some(value) = printable(value) {
            metadata.push(Metadatum::text(key, value));
        }
    }
    Ok(metadata)
}

/// Adds metadata of a response to headers, each key after `prefix`.
pub(super) fn to_headers(metadata: &[Metadatum], prefix: &str, headers: &mut HeaderMap) {
    for datum in metadata.iter().filter(|datum| is_of_response(&datum.key)) {
        let name = match prefix {
            "" => HeaderName::from_bytes(datum.key.as_bytes()),
            _ => HeaderName::from_bytes(format!("{prefix}{}", datum.key).as_bytes()),
        };
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(text(datum).as_bytes())) {
            // More headers than a map can hold do not come out of one.
            let _ = headers.try_append(name, value);
        }
    }
}

/// Whether a server's header or trailer is metadata: what says the status is said anew.
pub(super) fn is_of_response(key: &str) -> bool {
    is_metadata(key) && !wire::STATUS_HEADERS.contains(&key)
}

/// A value as headers have it.
pub(super) fn text(datum: &Metadatum) -> std::borrow::Cow<'_, str> {
    match &datum.value {
        MetadataValue::Text(text) => text.as_str().into(),
        MetadataValue::Binary(bytes) => STANDARD_NO_PAD.encode(&bytes.0).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&str, &[u8])]) -> HeaderMap {
        let pairs = lines.iter().map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            (name, HeaderValue::from_bytes(value).unwrap())
        });
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value);
        }
        headers
    }

    /// What becomes of one header.
    #[test]
    fn what_is_passed_on() {
        let text = |key: &str, value: &str| Ok(vec![Metadatum::text(key, value)]);
        type Case = (&'static str, &'static [u8], Result<Vec<Metadatum>, &'static str>);
        let table: Vec<Case> = vec![
            ("x-a", b"one, two", text("x-a", "one, two")),
            ("authorization", b"Bearer t", text("authorization", "Bearer t")),
            ("user-agent", b"browser/1", text("user-agent", "browser/1")),
            ("x-grpc-web", b"1", Ok(vec![])),
            ("content-type", b"application/grpc", Ok(vec![])),
            ("connect-protocol-version", b"1", Ok(vec![])),
            ("grpc-timeout", b"1S", Ok(vec![])),
            ("grpc-previous-rpc-attempts", b"1", Ok(vec![])),
            ("accept", b"*/*", Ok(vec![])),
            ("access-control-request-method", b"GET", Ok(vec![])),
            ("x-a", b"gr\xc3\xbcn", Ok(vec![])),
            ("x-a", b"a\tb", Ok(vec![])),
            ("x!a", b"1", Ok(vec![])),
            ("a-bin", b"AQ", Ok(vec![Metadatum::binary("a-bin", vec![1])])),
            (
                "a-bin",
                b"AQ==,Ag",
                Ok(vec![Metadatum::binary("a-bin", vec![1]), Metadatum::binary("a-bin", vec![2])]),
            ),
            ("grpc-trace-bin", b"AQ", Ok(vec![Metadatum::binary("grpc-trace-bin", vec![1])])),
            ("a-bin", b"!", Err("the header `a-bin` is not base64, as its name promises")),
        ];
        for (name, value, want) in table {
            let got = of_request(&headers(&[(name, value)]));
            let got = got.as_ref().map_err(|status| status.message.as_str());
            assert_eq!(got, want.as_ref().map_err(|message| *message), "{name}");
        }
    }

    #[test]
    fn there_and_back() {
        let metadata = [
            Metadatum::text("x-a", "1"),
            Metadatum::text("content-type", "application/grpc"),
            Metadatum::text("x-a", "2"),
            Metadatum::binary("b-bin", vec![0, 1, 255]),
            Metadatum::text("grpc-status", "0"),
        ];
        let mut got = HeaderMap::new();
        to_headers(&metadata, "", &mut got);
        let want: [(&str, &[u8]); 3] = [("x-a", b"1"), ("x-a", b"2"), ("b-bin", b"AAH/")];
        assert_eq!(got, headers(&want));
        let mut got = HeaderMap::new();
        to_headers(&metadata[..1], "trailer-", &mut got);
        assert_eq!(got, headers(&[("trailer-x-a", b"1")]));
    }
}
