//! How the messages and the status of a call travel in HTTP: one file a protocol behind one trait.
//!
//! A protocol says what goes into the request's head, makes bytes of each message, and reads a response into its
//! parts. It knows no connection, no clock and no events: [`exchange`](crate::exchange) does the rest for all.

mod connect;
mod grpc;
mod grpc_web;
mod types;

pub(crate) use types::JsonTypes;
pub use types::Types;

use crate::explain::Failure;
use crate::frame::{Encoded, Message};
use crate::http::Http;
use bytes::Bytes;
use http::header::{HeaderMap, HeaderName};
use http::response;
use std::time::Duration;
use wirelab_model::{
    CallKind, CallSpec, Endpoint, HttpVersion, Metadatum, Problem, ProblemKind, Status, StatusCode,
    Transport,
};

/// What one protocol does for a call.
pub(crate) trait Protocol: Send + Sync {
    /// What people call it.
    fn name(&self) -> &'static str;

    /// What the protocol itself says in the head of a request.
    fn headers(&self) -> HeaderMap;

    /// How it says that this much time is left.
    fn timeout(&self, left: Duration) -> (HeaderName, String);

    /// The header in which a server lists the compressions that it takes.
    fn accepted(&self) -> &'static str;

    /// The bytes of one request message.
    ///
    /// # Errors
    /// A message that cannot be sent.
    fn encode(&self, message: Bytes) -> Result<Encoded, Failure>;

    /// What the head of a response begins.
    fn answer(&self, head: &response::Parts) -> Answer;

    /// The types of its messages where they travel as JSON: [`encode`](Protocol::encode) then takes JSON, and the
    /// messages of a [`Reader`] are JSON.
    fn json(&self) -> Option<&JsonTypes> {
        None
    }
}

/// What the head of a response begins.
pub(crate) enum Answer {
    /// Nothing: the call is over.
    Over(End),
    /// Messages and the end.
    Body {
        /// The response headers.
        metadata: Vec<Metadatum>,
        /// Takes them out of the body.
        reader: Box<dyn Reader>,
        /// Whether there are no messages, only an end that is not OK.
        failed: bool,
    },
    /// Something else than this protocol.
    Foreign {
        /// What HTTP's status means in gRPC.
        code: StatusCode,
        /// What is there instead, in half a sentence.
        what: String,
        /// What to do, where the head tells more than HTTP's status.
        help: Option<String>,
    },
}

/// Takes the parts of a response out of its body.
pub(crate) trait Reader: Send {
    /// Adds data of the body.
    ///
    /// # Errors
    /// Bytes that cannot be a part of it.
    fn push(&mut self, data: Bytes) -> Result<(), Failure>;

    /// The body is over, and these trailers followed it. After this [`take`](Reader::take) comes to an end.
    ///
    /// # Errors
    /// A body that cannot end so.
    fn finish(&mut self, trailers: Option<HeaderMap>) -> Result<(), Failure>;

    /// The next part that is there whole.
    ///
    /// # Errors
    /// Bytes that are not this protocol's, and messages that pass the limit.
    fn take(&mut self) -> Result<Option<Part>, Failure>;
}

/// A part of a response.
pub(crate) enum Part {
    Message(Message),
    End(End),
}

/// The end of a call as the server tells it.
pub(crate) struct End {
    /// Trailers, where there are any.
    pub metadata: Option<Vec<Metadatum>>,
    /// How the call ended, or what is wrong with how that is said.
    pub status: Result<Status, Failure>,
}

/// Which HTTP carries a call; `tls` is whether the connection is protected.
///
/// # Errors
/// A version that the transport or the kind of call cannot do with.
pub(crate) fn http(spec: &CallSpec, tls: bool) -> Result<Http, Problem> {
    let transport = spec.endpoint.transport;
    let refused = |message: String, help: &str| {
        Err(Problem::new(ProblemKind::Mismatch, message).at("http").help(help))
    };
    // Sending and receiving at the same time is what HTTP/1.1 cannot do.
    let two = transport == Transport::Grpc || spec.kind == CallKind::Bidi;
    match spec.endpoint.http {
        HttpVersion::Http2 => Ok(Http::Two),
        HttpVersion::Auto if two => Ok(Http::Two),
        HttpVersion::Auto if tls => Ok(Http::Agreed),
        HttpVersion::Http1 if transport == Transport::Grpc => refused(
            "gRPC does not work over HTTP/1.1".into(),
            "choose HTTP/2, or the transport gRPC-Web or Connect",
        ),
        HttpVersion::Http1 if two => refused(
            format!(
                "bidirectional streams do not work over HTTP/1.1, with {} either",
                transport.name()
            ),
            "choose HTTP/2",
        ),
        HttpVersion::Auto | HttpVersion::Http1 => Ok(Http::One),
    }
}

/// The protocol of a call. `types` knows the types of methods, for JSON.
///
/// # Errors
/// What it cannot carry.
pub(crate) fn protocol(
    spec: &CallSpec,
    limit: u64,
    types: Option<&Types>,
) -> Result<Box<dyn Protocol>, Problem> {
    let (transport, compression) = (spec.endpoint.transport, spec.compression);
    match transport {
        Transport::Grpc => Ok(Box::new(grpc::Grpc { limit, compression })),
        Transport::GrpcWeb | Transport::GrpcWebText => {
            let text = transport == Transport::GrpcWebText;
            Ok(Box::new(grpc_web::GrpcWeb { text, limit, compression }))
        }
        Transport::Connect => Ok(Box::new(connect::Connect::new(spec, limit, None)?)),
        Transport::ConnectJson => {
            let types = JsonTypes::of(&spec.method, types)?;
            Ok(Box::new(connect::Connect::new(spec, limit, Some(types))?))
        }
        Transport::Rest | Transport::WebSocket => Err(Problem::new(
            ProblemKind::Mismatch,
            format!("{} needs a bridge in front of the server", transport.name()),
        )
        .at("transport")
        .help("call it from the studio or by `wirelab call`, which bring one along")),
    }
}

/// The endpoint without JSON, for the services that Wirelab itself calls as Protobuf.
pub(crate) fn without_json(endpoint: &Endpoint) -> Endpoint {
    let mut endpoint = endpoint.behind_bridge();
    endpoint.transport = endpoint.transport.as_protobuf();
    endpoint
}

/// `application/grpc` and `application/grpc+proto` are both of the family `application/grpc`.
fn is_family(content_type: &str, family: &str) -> bool {
    let rest = content_type.strip_prefix(family);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['+', ';', ' ']))
}

/// The text of a header, whatever its bytes.
pub(crate) fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// Why a response is not of this protocol, when its head alone tells; `family` is the content type it has to have.
fn foreign(head: &response::Parts, name: &str, family: &str) -> Option<Answer> {
    let content_type = text(&head.headers, "content-type").unwrap_or_default();
    let ok = head.status == http::StatusCode::OK;
    if ok && is_family(&content_type, family) {
        return None;
    }
    let what = match (ok, content_type.is_empty()) {
        (false, _) => format!("the server answered HTTP {} instead of {name}", head.status),
        (true, true) => format!("the server's answer has no content-type, so it is not {name}"),
        (true, false) => format!("the server answered with `{content_type}` instead of {name}"),
    };
    let code = if ok { StatusCode::Unknown } else { crate::status::from_http(head.status) };
    Some(Answer::Foreign { code, what, help: other(head, &content_type, name) })
}

/// What to do where the head says what is spoken instead of `name`.
fn other(head: &response::Parts, content_type: &str, name: &str) -> Option<String> {
    let families = [
        ("application/grpc", "gRPC"),
        ("application/grpc-web", "gRPC-Web"),
        ("application/grpc-web-text", "gRPC-Web text"),
        ("application/connect", "Connect"),
        ("application/proto", "Connect"),
    ];
    let spoken = families.iter().find(|(family, _)| is_family(content_type, family));
    match spoken {
        Some((_, other)) if *other != name => {
            Some(format!("the server speaks {other} here: choose the transport {other}"))
        }
        Some((_, "Connect")) => {
            Some("schema and server disagree on what this method streams, or on its form".into())
        }
        _ if name == "Connect"
            && head.status == http::StatusCode::OK
            && is_family(content_type, "application/json") =>
        {
            Some("if it speaks Connect, then in JSON: choose the transport Connect JSON".into())
        }
        _ if head.status == http::StatusCode::UNSUPPORTED_MEDIA_TYPE && name == "gRPC" => {
            Some("it does not speak gRPC: choose the transport gRPC-Web or Connect".into())
        }
        _ if head.status == http::StatusCode::UNSUPPORTED_MEDIA_TYPE && name == "gRPC-Web text" => {
            Some("it may take gRPC-Web in binary only: choose the transport gRPC-Web".into())
        }
        _ if head.status == http::StatusCode::UNSUPPORTED_MEDIA_TYPE => Some(format!(
            "it does not speak {name}: is it a plain gRPC server? choose the transport gRPC"
        )),
        _ if head.status == http::StatusCode::HTTP_VERSION_NOT_SUPPORTED => {
            Some("choose another version of HTTP".into())
        }
        _ => crate::explain::http_status(head.status, content_type).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FORMS: [(Transport, CallKind, &str); 5] = [
        (Transport::Grpc, CallKind::ServerStream, "application/grpc"),
        (Transport::GrpcWeb, CallKind::ServerStream, "application/grpc-web+proto"),
        (Transport::GrpcWebText, CallKind::ServerStream, "application/grpc-web-text"),
        (Transport::Connect, CallKind::Unary, "application/proto"),
        (Transport::Connect, CallKind::ServerStream, "application/connect+proto"),
    ];

    proptest! {
        /// Whatever comes, reading comes to an end of the call or to a failure.
        #[test]
        fn garbage_is_an_answer(
            form in 0..FORMS.len(),
            frames in prop::collection::vec((prop::sample::select(&[0_u8, 1, 2, 3, 0x80, 0x81][..]), "[ -~]{0,9}"), 0..4),
            garbage in prop::collection::vec(0_u8.., 0..20),
            status in prop::sample::select(&[200_u16, 404][..]),
            json in prop::bool::ANY,
            cut in 1_usize..30,
        ) {
            let (transport, kind, content_type) = FORMS[form];
            let mut spec = CallSpec { kind, ..CallSpec::default() };
            spec.endpoint.transport = transport;
            let protocol = protocol(&spec, 64, None).unwrap();
            let mut wire: Vec<u8> = Vec::new();
            for (flag, text) in frames {
                wire.extend([flag, 0, 0, 0, text.len() as u8]);
                wire.extend(text.bytes());
            }
            wire.extend(garbage);
            let content_type = if json { "application/json" } else { content_type };
            let response = http::Response::builder()
                .status(status)
                .header("content-type", content_type)
                .header("grpc-encoding", "gzip")
                .body(())
                .unwrap();
            let (head, ()) = response.into_parts();
            if let Answer::Body { mut reader, .. } = protocol.answer(&head) {
                let mut read = || -> Result<(), Failure> {
                    for piece in wire.chunks(cut) {
                        reader.push(Bytes::copy_from_slice(piece))?;
                        while let Some(Part::Message(_)) = reader.take()? {}
                    }
                    reader.finish(None)?;
                    loop {
                        match reader.take()? {
                            Some(Part::Message(_)) => {}
                            Some(Part::End(_)) => return Ok(()),
                            None => panic!("neither an end nor a failure"),
                        }
                    }
                };
                let _ = read();
            }
        }
    }
}
