//! How the messages and the status of a call travel in HTTP: one file a protocol behind one trait.
//!
//! A protocol says what goes into the request's head, makes bytes of each message, and reads a response into its
//! parts. It knows no connection, no clock and no events: [`exchange`](crate::exchange) does the rest for all.

mod grpc;

use crate::explain::Failure;
use crate::frame::{Encoded, Message};
use crate::http::Http;
use bytes::Bytes;
use http::header::{HeaderMap, HeaderName};
use http::response;
use std::time::Duration;
use wirelab_model::{
    CallKind, CallSpec, HttpVersion, Metadatum, Problem, ProblemKind, Status, StatusCode, Transport,
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
    },
    /// Something else than this protocol.
    Foreign {
        /// What HTTP's status means in gRPC.
        code: StatusCode,
        /// What is there instead, in half a sentence.
        what: String,
    },
}

/// Takes the parts of a response out of its body.
pub(crate) trait Reader: Send {
    /// Adds data of the body.
    fn push(&mut self, data: Bytes);

    /// The body is over, and these trailers followed it. After this [`take`](Reader::take) comes to an end.
    fn finish(&mut self, trailers: Option<HeaderMap>);

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

/// The protocol of a call.
///
/// # Errors
/// What it cannot carry.
pub(crate) fn protocol(spec: &CallSpec, limit: u64) -> Result<Box<dyn Protocol>, Problem> {
    Ok(Box::new(grpc::Grpc { limit, compression: spec.compression }))
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
    if head.status != http::StatusCode::OK {
        let what = format!("the server answered HTTP {} instead of {name}", head.status);
        return Some(Answer::Foreign { code: crate::status::from_http(head.status), what });
    }
    let content_type = text(&head.headers, "content-type").unwrap_or_default();
    if is_family(&content_type, family) {
        return None;
    }
    let what = match content_type.is_empty() {
        true => format!("the server's answer has no content-type, so it is not {name}"),
        false => format!("the server answered with `{content_type}` instead of {name}"),
    };
    Some(Answer::Foreign { code: StatusCode::Unknown, what })
}
