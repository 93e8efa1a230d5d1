//! Response metadata and trailers → headers.

use super::MAX_METADATA_BYTES;
use crate::profile::{Behaviour, Outbound};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::header::TE;
use http::{HeaderMap, HeaderName, HeaderValue};
use wirelab_model::{MetadataValue, Metadatum};

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

/// Whether the client says that it reads trailers (RFC 9110 §10.1.4).
pub(crate) fn wants_trailers(headers: &HeaderMap) -> bool {
    let values = headers.get_all(TE).into_iter().filter_map(|value| value.to_str().ok());
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
    append("grpc-trailer-", told, headers);
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
            let mut headers = HeaderMap::new();
            headers.insert(TE, value.parse().unwrap());
            assert_eq!(wants_trailers(&headers), wanted, "{value}");
        }
        assert!(!wants_trailers(&HeaderMap::new()));
    }
}
