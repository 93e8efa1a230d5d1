//! Response metadata and trailers → headers.

use super::inbound::is_grpc;
use super::{HeaderOptions, MAX_METADATA_BYTES};
use crate::profile::{Behaviour, Outbound};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use http::header::{TE, TRAILER};
use http::{HeaderMap, HeaderName, HeaderValue, Version, request};
use serde_json::{Map, Value};
use wirelab_model::{MetadataValue, Metadatum};

/// What trailers are called.
const TRAILER_PREFIX: &str = "grpc-trailer-";

/// What describes gRPC's own encoding or the connection to the server, and says nothing to those who read JSON.
const OF_GRPC: [&str; 6] =
    ["content-type", "date", "grpc-accept-encoding", "grpc-encoding", "server", "trailer"];

/// What would change how the answer is framed, cached under another coding, or read: never taken from a server.
const FRAMING: [&str; 10] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Whether a server's header or trailer is about how its own answer was framed, or what [`cors`](crate::cors) says alone.
pub(crate) fn is_framing(key: &str) -> bool {
    FRAMING.contains(&key) || key.starts_with("access-control-")
}

/// Whether the client says that it reads trailers (RFC 9110 §10.1.4), which HTTP/1.0 does not have.
pub(crate) fn wants_trailers(head: &request::Parts) -> bool {
    if head.version < Version::HTTP_11 {
        return false;
    }
    let values = head.headers.get_all(TE).into_iter().filter_map(|value| value.to_str().ok());
    let mut codings = values.flat_map(|value| value.split(','));
    codings.any(|coding| {
        let name = coding.split(';').next().unwrap_or_default();
        name.trim().eq_ignore_ascii_case("trailers")
    })
}

/// Adds response metadata to the head of an answer.
pub(crate) fn append_metadata(
    metadata: &[Metadatum],
    behaviour: &Behaviour,
    headers: &mut HeaderMap,
) {
    match behaviour.outbound {
        Outbound::Prefixed => {
            let told = metadata.iter().filter(|datum| !OF_GRPC.contains(&datum.key.as_str()));
            append("grpc-metadata-", told, headers);
        }
        Outbound::PrefixedAll => append("grpc-metadata-", metadata.iter(), headers),
        Outbound::Same => {
            let told = metadata.iter().filter(|datum| {
                let key = datum.key.as_str();
                !is_framing(key) && !key.starts_with("grpc-")
            });
            append("", told, headers);
        }
    }
}

/// Adds trailers to a map of trailers, or to the head of an answer.
pub(crate) fn append_trailers(
    trailers: &[Metadatum],
    behaviour: &Behaviour,
    headers: &mut HeaderMap,
) {
    let all = behaviour.outbound != Outbound::Prefixed;
    let told = trailers.iter().filter(|datum| all || !OF_GRPC.contains(&datum.key.as_str()));
    append(TRAILER_PREFIX, told, headers);
}

/// What a header `Trailer` says of these trailers (RFC 9110 §6.6.2): HTTP/1.1 sends no others.
pub(crate) fn named(trailers: &HeaderMap) -> Option<HeaderValue> {
    let names: Vec<&str> = trailers.keys().map(HeaderName::as_str).collect();
    HeaderValue::from_str(&names.join(", ")).ok().filter(|names| !names.is_empty())
}

/// The same of a stream, whose trailers are not there yet: those that the server says it may send, and those of the
/// options. What is announced need not come.
pub(crate) fn announced(metadata: &[Metadatum], options: &HeaderOptions) -> Option<HeaderValue> {
    let of_server = metadata.iter().filter(|datum| datum.key == TRAILER.as_str());
    let of_server = of_server.filter_map(|datum| match &datum.value {
        MetadataValue::Text(text) => Some(text.as_str()),
        MetadataValue::Binary(_) => None,
    });
    let of_server = of_server.flat_map(|names| names.split(',')).map(str::trim);
    let mut names = HeaderMap::new();
    for name in of_server.chain(options.trailers.iter().map(String::as_str)) {
        let name = name.to_ascii_lowercase();
        if is_grpc(&name) || OF_GRPC.contains(&name.as_str()) {
            continue;
        }
        if let Ok(name) = HeaderName::try_from(format!("{TRAILER_PREFIX}{name}")) {
            names.insert(name, HeaderValue::from_static(""));
        }
    }
    named(&names)
}

/// Trailers as JSON, where a form has a place for them in its content.
pub(crate) fn trailers_of(trailers: &[Metadatum]) -> Map<String, Value> {
    object_of(trailers.iter().filter(|datum| !OF_GRPC.contains(&datum.key.as_str())))
}

/// Metadata as JSON: keys in the order in which they came first, each with a list of its values; `-bin` in base64.
pub(crate) fn object_of<'a>(
    metadata: impl IntoIterator<Item = &'a Metadatum>,
) -> Map<String, Value> {
    let mut object = Map::new();
    for Metadatum { key, value } in metadata {
        let value = match value {
            MetadataValue::Text(text) => text.clone(),
            MetadataValue::Binary(bytes) => STANDARD.encode(&bytes[..]),
        };
        let values = object.entry(key.clone()).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(values) = values {
            values.push(value.into());
        }
    }
    object
}

fn append<'a>(
    prefix: &str,
    metadata: impl Iterator<Item = &'a Metadatum>,
    headers: &mut HeaderMap,
) {
    let mut bytes = 0;
    let mut name = String::new();
    for datum in metadata {
        name.clear();
        name.push_str(prefix);
        name.push_str(&datum.key);
        let value = match &datum.value {
            MetadataValue::Text(text) => HeaderValue::from_str(text),
            MetadataValue::Binary(blob) => HeaderValue::try_from(STANDARD_NO_PAD.encode(&blob.0)),
        };
        let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), value) else {
            continue;
        };
        bytes += name.as_str().len() + value.len();
        if bytes > MAX_METADATA_BYTES {
            return;
        }
        headers.append(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;
    use http::Request;

    fn told(headers: &HeaderMap) -> Vec<String> {
        let one = |(name, value): (&HeaderName, &HeaderValue)| {
            format!("{name}: {}", value.to_str().unwrap())
        };
        headers.iter().map(one).collect()
    }

    #[test]
    fn what_servers_say() {
        let metadata = [
            Metadatum::text("content-type", "application/grpc"),
            Metadatum::text("x-shelf", "7"),
            Metadatum::text("x-shelf", "8"),
            Metadatum::text("x-bad", "line\nbreak"),
            Metadatum::text("content-length", "3"),
            Metadatum::text("access-control-allow-origin", "*"),
            Metadatum::binary("x-raw-bin", vec![0, 255]),
        ];
        let prefixed = &[
            "grpc-metadata-x-shelf: 7",
            "grpc-metadata-x-shelf: 8",
            "grpc-metadata-content-length: 3",
            "grpc-metadata-access-control-allow-origin: *",
            "grpc-metadata-x-raw-bin: AP8",
        ];
        let table: &[(Profile, &[&str])] = &[
            (Profile::Wirelab, prefixed),
            (
                Profile::GrpcGateway,
                &[&["grpc-metadata-content-type: application/grpc"], &prefixed[..]].concat(),
            ),
            (Profile::Envoy, &["x-shelf: 7", "x-shelf: 8", "x-raw-bin: AP8"]),
            (Profile::Vanguard, &["x-shelf: 7", "x-shelf: 8", "x-raw-bin: AP8"]),
        ];
        for (profile, wanted) in table {
            let mut headers = HeaderMap::new();
            append_metadata(&metadata, profile.behaviour(), &mut headers);
            assert_eq!(told(&headers), *wanted, "{profile:?}");
        }
        let mut trailers = HeaderMap::new();
        append_trailers(&metadata[..2], Profile::Wirelab.behaviour(), &mut trailers);
        assert_eq!(told(&trailers), ["grpc-trailer-x-shelf: 7"]);
    }

    #[test]
    fn too_much_is_left_out() {
        let metadata = vec![Metadatum::text("x-shelf", "7".repeat(1000)); 100];
        let mut headers = HeaderMap::new();
        append_metadata(&metadata, Profile::Wirelab.behaviour(), &mut headers);
        let each = 1000 + "grpc-metadata-x-shelf".len();
        assert_eq!(headers.len(), MAX_METADATA_BYTES / each);
    }

    #[test]
    fn who_takes_trailers() {
        let table =
            [("trailers", true), ("Trailers;q=0.5, deflate", true), ("gzip", false), ("", false)];
        for (value, wanted) in table {
            for (version, has) in [(Version::HTTP_10, false), (Version::HTTP_11, true)] {
                let request = Request::get("/").version(version).header(TE, value);
                let (head, ()) = request.body(()).unwrap().into_parts();
                assert_eq!(wants_trailers(&head), wanted && has, "{value} {version:?}");
            }
        }
    }

    #[test]
    fn what_is_announced() {
        let table: [(&[&str], &[&str], Option<&str>); 5] = [
            (&[], &[], None),
            (
                &["Grpc-Status, X-Shelf", "x-crc"],
                &[],
                Some("grpc-trailer-x-shelf, grpc-trailer-x-crc"),
            ),
            (&[], &["x-shelf"], Some("grpc-trailer-x-shelf")),
            (&["x-shelf"], &["x-shelf"], Some("grpc-trailer-x-shelf")),
            (&["a b, date"], &["grpc-status"], None),
        ];
        for (of_server, of_options, wanted) in table {
            let metadata: Vec<Metadatum> =
                of_server.iter().map(|names| Metadatum::text("trailer", *names)).collect();
            let trailers = of_options.iter().map(ToString::to_string).collect();
            let options = HeaderOptions { trailers, ..HeaderOptions::default() };
            let got = announced(&metadata, &options);
            assert_eq!(got, wanted.map(HeaderValue::from_static), "{of_server:?} {of_options:?}");
        }
    }
}
