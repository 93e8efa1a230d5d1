//! Explains what HTTP/2 ended a call with: RST_STREAM and GOAWAY (RFC 9113 §6.4, §6.8, §7).

use super::{Failure, failure, unavailable};
use crate::endpoint::Target;
use crate::http::HttpError;
use crate::status::from_reset;
use h2::Reason;
use std::io;
use wirelab_model::{Problem, ProblemKind, StatusCode};

/// How much of what a server says with GOAWAY is shown, characters.
const DEBUG_CHARS: usize = 200;

/// The stream was reset, by the peer or because of what the peer did.
pub(crate) fn reset(reason: Reason, by_peer: bool) -> Failure {
    let code = from_reset(reason);
    let name = name(reason);
    let (message, help) = if by_peer {
        let (message, help) = meaning(reason);
        (format!("{message} (RST_STREAM {name})"), help)
    } else {
        (
            format!("the server broke the rules of HTTP/2 ({name})"),
            "look for a proxy between here and there that changes what passes",
        )
    };
    failure(code, Problem::new(ProblemKind::Interrupted, message).help(help))
}

/// What the peer means by resetting a stream, and what to try.
fn meaning(reason: Reason) -> (&'static str, &'static str) {
    const LOG: &str = "look at the log of the server, or of a proxy before it";
    const BROKEN_PEER: &str = "a proxy between here and there may break HTTP/2: call the server directly to see, and \
                               look at both logs";
    match reason {
        Reason::NO_ERROR => (
            "the server ended the call without a status and without an error",
            "its handler may have returned before it read the request: look at the server's log",
        ),
        Reason::INTERNAL_ERROR => ("the server failed inside and sent no status", LOG),
        Reason::REFUSED_STREAM => (
            "the server refused the call before it looked at it",
            "try again, which is safe; if it stays so, the server is full or shutting down",
        ),
        Reason::CANCEL => (
            "the server cancelled the call",
            "its own time limit, or that of a proxy before it, may have passed: look at their logs",
        ),
        Reason::ENHANCE_YOUR_CALM => (
            "the server wants fewer calls",
            "call less often or with less metadata, and look for a rate limit of the server or a proxy",
        ),
        Reason::INADEQUATE_SECURITY => (
            "the server wants better protection than this connection has",
            "turn TLS on (use https://), or look at which versions and ciphers the server allows",
        ),
        Reason::HTTP_1_1_REQUIRED => (
            "the server wants HTTP/1.1 for this call, but gRPC needs HTTP/2",
            "check that this is the port of the gRPC server, or try the transports gRPC-Web and Connect",
        ),
        Reason::PROTOCOL_ERROR => (
            "the server says that the request breaks the rules of HTTP/2",
            "it may refuse some metadata, or a proxy changes the request: try without metadata, and look at its log",
        ),
        Reason::FLOW_CONTROL_ERROR => {
            ("the server says that more was sent than it allowed", BROKEN_PEER)
        }
        Reason::SETTINGS_TIMEOUT => {
            ("the server waited in vain for the acknowledgement of its settings", BROKEN_PEER)
        }
        Reason::STREAM_CLOSED => {
            ("the server had closed the call already when more came for it", BROKEN_PEER)
        }
        Reason::FRAME_SIZE_ERROR => ("the server says that a frame has a wrong size", BROKEN_PEER),
        Reason::COMPRESSION_ERROR => {
            ("the server could not read the request's headers", BROKEN_PEER)
        }
        Reason::CONNECT_ERROR => (
            "the proxy lost its connection to the server behind it",
            "check that the server behind the proxy runs",
        ),
        _ => ("the server broke the call off for a reason that HTTP/2 does not define", LOG),
    }
}

/// The connection ended under a call.
pub(super) fn ended(target: &Target, error: &HttpError) -> Failure {
    if let HttpError::Two(error) = error
        && let (true, Some(reason)) = (error.is_go_away(), error.reason())
    {
        return go_away(target, reason, &error.to_string(), error.is_remote());
    }
    let kind = match error {
        HttpError::Two(error) => error.get_io().map(io::Error::kind),
        HttpError::One(_) => None,
    };
    let why = match kind {
        Some(io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof) => {
            "the other side closed it".to_owned()
        }
        Some(io::ErrorKind::ConnectionReset) => "the other side reset it".to_owned(),
        _ => error.to_string(),
    };
    unavailable(
        ProblemKind::Interrupted,
        format!("the connection to {target} ended in the middle of the call: {why}"),
        "the server may have stopped or restarted: look at its log, then try again",
        target,
    )
}

/// Response headers or trailers that the library refused; `size` is what came of them, bytes, and `limit` what is
/// taken.
pub(crate) fn headers(size: u64, limit: u32) -> Failure {
    let limit = limit >> 20;
    let (code, kind, message, help) = if size > u64::from(limit) << 19 {
        (
            StatusCode::ResourceExhausted,
            ProblemKind::TooLarge,
            format!("the response headers are too large: more than the {limit} MiB that are taken"),
            "have the server send less metadata: many proxies take no more than 8 KiB",
        )
    } else {
        (
            StatusCode::Internal,
            ProblemKind::Interrupted,
            "the response headers break the rules of HTTP/2".to_owned(),
            "look for a proxy between here and there that changes what passes, and at the server's log",
        )
    };
    failure(code, Problem::new(kind, message).help(help))
}

/// The connection was given up: by the peer, with `error` as the library tells it, or because of what the peer did.
fn go_away(target: &Target, reason: Reason, error: &str, by_peer: bool) -> Failure {
    let name = name(reason);
    let said = debug_data(error);
    if !by_peer {
        let why = if said.is_empty() { name } else { format!("{name}: {said}") };
        return unavailable(
            ProblemKind::Interrupted,
            format!("{target} broke the rules of HTTP/2 ({why})"),
            "look for a proxy between here and there that changes what passes",
            target,
        );
    }
    let (message, help) = match reason {
        Reason::NO_ERROR => (
            format!("{target} closed the connection before the call was over"),
            "it may be shutting down, or close connections at a certain age: try again, on a new connection",
        ),
        Reason::ENHANCE_YOUR_CALM if said.contains("too_many_pings") => (
            format!("{target} closed the connection because of too many pings"),
            "raise the time between keepalive pings: servers commonly want five minutes",
        ),
        Reason::ENHANCE_YOUR_CALM => (
            format!("{target} closed the connection because too much was asked of it"),
            "call less often, or look for a rate limit of the server or a proxy",
        ),
        Reason::INADEQUATE_SECURITY => (
            format!("{target} wants better protection than this connection has"),
            "turn TLS on (use https://), or look at which versions and ciphers the server allows",
        ),
        Reason::HTTP_1_1_REQUIRED => (
            format!("{target} wants HTTP/1.1, but gRPC needs HTTP/2"),
            "check that this is the port of the gRPC server, or try the transports gRPC-Web and Connect",
        ),
        Reason::INTERNAL_ERROR => (
            format!("{target} failed inside and closed the connection"),
            "look at the log of the server, or of a proxy before it, then try again",
        ),
        _ => (
            format!("{target} says that HTTP/2 was broken, and closed the connection"),
            "a proxy between here and there may change what passes: look at both logs",
        ),
    };
    let message = match said.is_empty() {
        true => format!("{message} (GOAWAY {name})"),
        false => format!("{message} (GOAWAY {name}: {said})"),
    };
    unavailable(ProblemKind::Interrupted, message, help, target)
}

/// `REFUSED_STREAM`, as the standard writes it.
fn name(reason: Reason) -> String {
    let name = format!("{reason:?}");
    let known = name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    if known { name } else { format!("{:#x}", u32::from(reason)) }
}

/// What the peer said with its GOAWAY, which the library tells only as a part of its message.
fn debug_data(error: &str) -> String {
    let said = error.split_once("(b\"").and_then(|(_, rest)| rest.strip_suffix("\")"));
    said.unwrap_or_default().chars().take(DEBUG_CHARS).collect()
}
