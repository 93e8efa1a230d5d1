//! Request headers → metadata.

use super::{HeaderOptions, MAX_METADATA_BYTES};
use crate::profile::Inbound;
use crate::refusal::Refusal;
use http::header::{AUTHORIZATION, CONNECTION, HOST};
use http::{HeaderMap, HeaderValue, StatusCode as Http, request};
use std::net::{IpAddr, SocketAddr};
use wirelab_call::wire::decode_all;
use wirelab_model::{Metadatum, StatusCode};

/// Of one connection or one message's encoding, or set by the bridge itself: never metadata. What begins with `grpc-`
/// is gRPC's own.
const NEVER: [&str; 22] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "sec-websocket-extensions",
    "sec-websocket-key",
    "sec-websocket-protocol",
    "sec-websocket-version",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-server-timeout",
];

/// What profile `wirelab` passes on under its own name: who asks, and which trace a call belongs to.
const NAMED: [&str; 17] = [
    "accept-language",
    "authorization",
    "b3",
    "baggage",
    "cookie",
    "forwarded",
    "from",
    "origin",
    "referer",
    "traceparent",
    "tracestate",
    "user-agent",
    "via",
    "x-b3-sampled",
    "x-b3-spanid",
    "x-b3-traceid",
    "x-request-id",
];

/// What grpc-gateway takes for permanent (its `runtime/context.go`), apart from what describes the body.
const PERMANENT: [&str; 24] = [
    "accept",
    "accept-charset",
    "accept-language",
    "accept-ranges",
    "authorization",
    "cache-control",
    "content-type",
    "cookie",
    "date",
    "expect",
    "from",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-schedule-tag-match",
    "if-unmodified-since",
    "max-forwards",
    "origin",
    "pragma",
    "referer",
    "user-agent",
    "via",
    "warning",
];

/// Names a metadata key outright.
const METADATA_PREFIX: &str = "grpc-metadata-";

/// Keys that the transport of the call sets by itself.
const RESERVED: [&str; 9] = [
    "connection",
    "content-length",
    "content-type",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// What the protocols that are framed as gRPC say, beside what is in `NEVER`; and what browsers ask of
/// [`cors`](crate::cors).
fn is_of_protocols(name: &str) -> bool {
    matches!(name, "accept" | "x-grpc-web")
        || ["connect-", "access-control-"].iter().any(|start| name.starts_with(start))
}

/// Who sent a request, put into its extensions by whatever listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peer {
    pub ip: Option<IpAddr>,
    pub tls: bool,
}

impl Peer {
    fn of(head: &request::Parts) -> Peer {
        let of_axum = || {
            let info = head.extensions.get::<axum::extract::ConnectInfo<SocketAddr>>();
            Peer { ip: info.map(|info| info.0.ip()), tls: false }
        };
        head.extensions.get::<Peer>().copied().unwrap_or_else(of_axum)
    }
}

/// The metadata of a request: what the profile passes on, and by way of whom it came (`x-forwarded-*`).
///
/// # Errors
/// INVALID_ARGUMENT for a header that names metadata which gRPC cannot carry, and 431 for more than [`MAX_METADATA_BYTES`].
pub(crate) fn metadata(
    head: &request::Parts,
    options: &HeaderOptions,
    inbound: Inbound,
) -> Result<Vec<Metadatum>, Refusal> {
    let headers = &head.headers;
    let mut gathered = Gathered::with_capacity(headers.len() + 3);
    let names_hops = headers.contains_key(CONNECTION);
    for (name, value) in headers {
        let name = name.as_str();
        if is_forwarded(name) || names_hops && is_of_connection(headers, name) {
            continue;
        }
        if let Some(key) = name.strip_prefix(METADATA_PREFIX)
            && !matches!(inbound, Inbound::All | Inbound::Rpc)
        {
            gathered.named(key, value)?;
        } else if options.drop.iter().any(|dropped| dropped == name) {
            // Nothing is passed on, also not under the name that the profile gives it.
        } else if options.pass.iter().any(|passed| passed == name) {
            gathered.named(name, value)?;
        } else {
            gathered.of_profile(inbound, name, value)?;
        }
    }
    forwarded(head, &mut gathered);
    if gathered.bytes > MAX_METADATA_BYTES {
        let message =
            format!("the request's metadata takes more than {MAX_METADATA_BYTES} bytes; send less");
        return Err(Refusal::new(StatusCode::ResourceExhausted, message)
            .http(Http::REQUEST_HEADER_FIELDS_TOO_LARGE));
    }
    Ok(gathered.metadata)
}

/// The chain of proxies as it looks behind this one
/// (<https://developer.mozilla.org/docs/Web/HTTP/Headers/X-Forwarded-For>).
fn forwarded(head: &request::Parts, gathered: &mut Gathered) {
    let headers = &head.headers;
    let peer = Peer::of(head);
    let came = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let mut hops: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    let address = peer.ip.map(|ip| ip.to_canonical().to_string());
    hops.extend(address.as_deref());
    if !hops.is_empty() {
        gathered.push("x-forwarded-for", hops.join(", "));
    }
    let host = came("x-forwarded-host")
        .or_else(|| came(HOST.as_str()))
        .or_else(|| head.uri.authority().map(|authority| authority.as_str()));
    if let Some(host) = host {
        gathered.push("x-forwarded-host", host.to_owned());
    }
    let scheme = if peer.tls { "https" } else { "http" };
    gathered.push("x-forwarded-proto", came("x-forwarded-proto").unwrap_or(scheme).to_owned());
}

fn is_forwarded(name: &str) -> bool {
    matches!(name, "x-forwarded-for" | "x-forwarded-host" | "x-forwarded-proto")
}

/// Metadata as it comes together.
struct Gathered {
    metadata: Vec<Metadatum>,
    bytes: usize,
}

impl Gathered {
    fn with_capacity(entries: usize) -> Gathered {
        Gathered { metadata: Vec::with_capacity(entries), bytes: 0 }
    }

    fn push(&mut self, key: &str, value: String) {
        self.bytes += key.len() + value.len();
        self.metadata.push(Metadatum::text(key, value));
    }

    /// An entry that somebody asked for by name.
    fn named(&mut self, key: &str, value: &HeaderValue) -> Result<(), Refusal> {
        let wrong = |why: &str| {
            let message =
                format!("the header for the metadata key `{key}` cannot be passed on: {why}");
            Err(Refusal::new(StatusCode::InvalidArgument, message))
        };
        if key.is_empty() {
            return wrong("its name is empty");
        }
        if RESERVED.contains(&key) || is_grpc(key) {
            return wrong("gRPC keeps this key for itself; use another");
        }
        if !key.bytes().all(is_of_key) {
            return wrong("only a to z, 0 to 9, `_`, `-` and `.` may be in a key");
        }
        if key.ends_with("-bin") {
            return match decode_all(value.as_bytes()) {
                Some(values) => {
                    self.binary(key, values);
                    Ok(())
                }
                None => wrong("a key that ends in `-bin` has base64 as its value"),
            };
        }
        match printable(value) {
            Some(text) => {
                self.push(key, text.to_owned());
                Ok(())
            }
            None => wrong(
                "its value has other characters than printable ASCII; use a key that ends in `-bin`",
            ),
        }
    }

    /// An entry that the profile passes on; what gRPC cannot carry is left out.
    fn of_profile(
        &mut self,
        inbound: Inbound,
        name: &str,
        value: &HeaderValue,
    ) -> Result<(), Refusal> {
        match inbound {
            Inbound::Named => {
                if NAMED.binary_search(&name).is_ok() {
                    self.lenient(name, value);
                }
            }
            Inbound::Prefixed => {
                if name == AUTHORIZATION.as_str() {
                    self.lenient(name, value);
                }
                if PERMANENT.binary_search(&name).is_ok() {
                    self.lenient(&format!("grpcgateway-{name}"), value);
                }
            }
            Inbound::All => {
                if NEVER.binary_search(&name).is_err() && !is_grpc(name) {
                    self.lenient(name, value);
                }
            }
            Inbound::Rpc => {
                if NEVER.binary_search(&name).is_ok() || is_grpc(name) || is_of_protocols(name) {
                    return Ok(());
                }
                match name.ends_with("-bin") && name.bytes().all(is_of_key) {
                    true => self.named(name, value)?,
                    false => self.lenient(name, value),
                }
            }
        }
        Ok(())
    }

    fn lenient(&mut self, key: &str, value: &HeaderValue) {
        if !key.bytes().all(is_of_key) {
            return;
        }
        if key.ends_with("-bin") {
            if let Some(values) = decode_all(value.as_bytes()) {
                self.binary(key, values);
            }
        } else if let Some(text) = printable(value) {
            self.push(key, text.to_owned());
        }
    }

    fn binary(&mut self, key: &str, values: Vec<Vec<u8>>) {
        for value in values {
            self.bytes += key.len() + value.len();
            self.metadata.push(Metadatum::binary(key, value));
        }
    }
}

/// Whether gRPC keeps a key for itself. Contexts of tracing are the application's.
pub(crate) fn is_grpc(key: &str) -> bool {
    key.starts_with("grpc-") && !matches!(key, "grpc-trace-bin" | "grpc-tags-bin")
}

/// Whether keys of metadata may have this character.
fn is_of_key(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.')
}

/// The value where gRPC can carry it: printable ASCII.
fn printable(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok().filter(|text| text.bytes().all(|byte| matches!(byte, b' '..=b'~')))
}

/// Whether a header belongs to the connection that it came by (RFC 9110 §7.6.1): named by `Connection`.
fn is_of_connection(headers: &HeaderMap, name: &str) -> bool {
    let values = headers.get_all(CONNECTION).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case(name))
}
