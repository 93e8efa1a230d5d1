//! Which face a request is for, by its head alone.

use http::header::{CONNECTION, CONTENT_TYPE, UPGRADE};
use http::{HeaderMap, HeaderName, Method, request};

/// The ways in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Face {
    Grpc,
    GrpcWeb,
    Connect,
    Socket,
    Rest,
}

/// What clients of Connect send with unary requests, whose content type says nothing
/// (<https://connectrpc.com/docs/protocol/#unary-request>).
const OF_CONNECT: [HeaderName; 2] = [
    HeaderName::from_static("connect-protocol-version"),
    HeaderName::from_static("connect-timeout-ms"),
];

/// The content types of gRPC-Web, apart from how messages are written
/// (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md>).
const GRPC_WEB: [&str; 3] =
    ["application/grpc-web", "application/grpc-web-text", "application/grpc-web-text-base64"];

impl Face {
    /// Every face, in the order of their numbers.
    pub const ALL: [Face; 5] = [Face::Grpc, Face::GrpcWeb, Face::Connect, Face::Socket, Face::Rest];

    /// The face that a request's head asks for. What no other face claims is REST.
    pub fn of(head: &request::Parts) -> Face {
        if is_socket(head) {
            return Face::Socket;
        }
        let media = content_type(&head.headers);
        if GRPC_WEB.iter().any(|known| is_of(media, known)) {
            return Face::GrpcWeb;
        }
        if is_of(media, "application/grpc") {
            return Face::Grpc;
        }
        let is_get = head.method == Method::GET;
        let asks = |query: &str| query.split('&').any(|pair| pair == "connect=v1");
        let connect = is_of(media, "application/connect")
            || media.eq_ignore_ascii_case("application/proto")
            || OF_CONNECT.iter().any(|name| head.headers.contains_key(name))
            || is_get && head.uri.query().is_some_and(asks);
        if connect { Face::Connect } else { Face::Rest }
    }

    /// `grpc`, `grpc-web`, `connect`, `websocket`, `rest`: as metrics and logs have it.
    pub fn name(self) -> &'static str {
        match self {
            Face::Grpc => "grpc",
            Face::GrpcWeb => "grpc-web",
            Face::Connect => "connect",
            Face::Socket => "websocket",
            Face::Rest => "rest",
        }
    }
}

/// The media type without parameters; empty when there is none that can be read.
pub(crate) fn content_type(headers: &HeaderMap) -> &str {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim()
}

/// Whether a media type is this one, or this one with a `+suffix`.
fn is_of(media: &str, wanted: &str) -> bool {
    let Some((start, rest)) = media.split_at_checked(wanted.len()) else { return false };
    start.eq_ignore_ascii_case(wanted) && (rest.is_empty() || rest.starts_with('+'))
}

/// An upgrade of HTTP/1.1 (RFC 6455 §4.1) or an extended CONNECT of HTTP/2 (RFC 8441 §4).
fn is_socket(head: &request::Parts) -> bool {
    let has = |name: HeaderName, word: &str| {
        let values = head.headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case(word))
    };
    match head.method {
        Method::GET => has(UPGRADE, "websocket") && has(CONNECTION, "upgrade"),
        Method::CONNECT => {
            let protocol = head.extensions.get::<hyper::ext::Protocol>();
            protocol.is_some_and(|protocol| protocol.as_str().eq_ignore_ascii_case("websocket"))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    /// `METHOD target | header: value | …` and the face it is for.
    const CASES: &[(&str, Face)] = &[
        ("POST /a.B/C | content-type: application/grpc", Face::Grpc),
        ("POST /a.B/C | content-type: application/grpc+proto", Face::Grpc),
        ("POST /a.B/C | content-type: application/grpc-web+proto", Face::GrpcWeb),
        ("POST /a.B/C | content-type: application/grpc-web-text", Face::GrpcWeb),
        ("POST /a.B/C | content-type: Application/GRPC-Web-Text-Base64", Face::GrpcWeb),
        ("POST /a.B/C | content-type: application/grpcish", Face::Rest),
        ("POST /a.B/C | content-type: Application/Connect+Proto; x=y", Face::Connect),
        ("POST /a.B/C | content-type: Application/PROTO", Face::Connect),
        ("POST /a.B/C | content-type: application/json | connect-timeout-ms: 1", Face::Connect),
        ("POST /a.B/C | content-type: application/connect+json", Face::Connect),
        ("POST /a.B/C | content-type: application/proto", Face::Connect),
        (
            "POST /a.B/C | content-type: application/json | connect-protocol-version: 1",
            Face::Connect,
        ),
        ("POST /a.B/C | content-type: application/json; charset=utf-8", Face::Rest),
        ("GET /a.B/C?connect=v1&encoding=json", Face::Connect),
        ("GET /v1/things?connect=v10", Face::Rest),
        ("GET /v1/things | connection: keep-alive, Upgrade | upgrade: WebSocket", Face::Socket),
        ("GET /v1/things | upgrade: websocket", Face::Rest),
        ("DELETE /v1/things", Face::Rest),
    ];

    #[test]
    fn the_head_says_the_face() {
        for (line, wanted) in CASES {
            let mut parts = line.split(" | ");
            let (method, target) = parts.next().unwrap().split_once(' ').unwrap();
            let mut request = Request::builder().method(method).uri(target);
            for header in parts {
                let (name, value) = header.split_once(": ").unwrap();
                request = request.header(name, value);
            }
            let (head, ()) = request.body(()).unwrap().into_parts();
            assert_eq!(Face::of(&head), *wanted, "{line}");
        }
    }
}
