//! Metadata of responses as headers.

use crate::headers;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use wirelab_call::wire::STATUS_HEADERS;
use wirelab_model::{MetadataValue, Metadatum};

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

/// Whether a server's header or trailer is metadata: how messages are framed, who answers when and what says the status
/// is said anew.
pub(super) fn is_of_response(key: &str) -> bool {
    let coding = matches!(key, "accept-encoding" | "grpc-accept-encoding" | "grpc-encoding");
    let said = coding
        || matches!(key, "date" | "server")
        || key.starts_with("connect-")
        || STATUS_HEADERS.contains(&key);
    !said && !headers::is_framing(key)
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
    use crate::headers::{HeaderOptions, metadata};
    use crate::profile::Inbound;
    use http::Request;

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
            ("proxy-authorization", b"Basic x", Ok(vec![])),
            ("expect", b"100-continue", Ok(vec![])),
            ("x-dropped", b"1", Ok(vec![])),
            ("x-forwarded-for", b"10.0.0.1", text("x-forwarded-for", "10.0.0.1")),
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
            ("x!-bin", b"!", Ok(vec![])),
            (
                "a-bin",
                b"!",
                Err(
                    "the header for the metadata key `a-bin` cannot be passed on: a key that ends in `-bin` has \
                     base64 as its value",
                ),
            ),
        ];
        for (name, value, want) in table {
            let (mut head, ()) = Request::new(()).into_parts();
            head.headers = headers(&[(name, value), ("connection", b"x-hop"), ("x-hop", b"1")]);
            let options =
                HeaderOptions { drop: vec!["x-dropped".into()], ..HeaderOptions::default() };
            let got = metadata(&head, &options, Inbound::Rpc).map(|mut all| {
                // By way of whom it came is always told.
                all.retain(|datum| datum.key != "x-forwarded-proto");
                all
            });
            let got = got.as_ref().map_err(|refusal| refusal.status.message.as_str());
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
            Metadatum::text("date", "Sun, 22 Nov 2026 05:44:32 GMT"),
            Metadatum::text("server", "other"),
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
