//! Turns what went wrong into one helpful sentence and what to try.

mod http1;
mod http2;
mod message;
mod status;

pub(crate) use http2::{headers, reset};
pub(crate) use message::{cannot_compress, compression_refused, frame, request_too_large};
pub(crate) use status::status;

use crate::endpoint::Target;
use crate::http::HttpError;
use crate::queue::Progress;
use std::io;
use std::time::Duration;
use wirelab_model::{Problem, ProblemKind, Status, StatusCode};

/// A call that ended on this side.
pub(crate) type Failure = Box<Status>;

/// Ends a call with `code` because of `problem`.
pub(crate) fn failure(code: StatusCode, problem: Problem) -> Failure {
    let message = problem.message.clone();
    Box::new(Status { problem: Some(problem.grpc(code as u32)), ..Status::new(code, message) })
}

/// Why, for what is not a call.
pub(crate) fn problem(status: &Status) -> Problem {
    match &status.problem {
        Some(problem) => Problem { grpc_status: None, ..problem.clone() },
        None => Problem::new(ProblemKind::Internal, &status.message),
    }
}

fn unavailable(kind: ProblemKind, message: String, help: &str, target: &Target) -> Failure {
    let problem = Problem::new(kind, message).help(help).at(target.to_string());
    failure(StatusCode::Unavailable, problem)
}

/// The input was wrong; nothing was sent.
pub(crate) fn refused(problem: Problem) -> Failure {
    failure(StatusCode::InvalidArgument, problem)
}

/// The token said so.
pub(crate) fn cancelled() -> Failure {
    failure(
        StatusCode::Cancelled,
        Problem::new(ProblemKind::Cancelled, "the call was cancelled on this side"),
    )
}

/// Time is over.
pub(crate) fn deadline(deadline: Duration, progress: Progress) -> Failure {
    let (state, help) = match progress {
        Progress { connected: false, resolved: false, .. } => (
            "the name of the server was not resolved yet".to_owned(),
            "check the address and this machine's name server, or raise the deadline",
        ),
        Progress { connected: false, .. } => (
            "the connection was not there yet".to_owned(),
            "check the address, and whether a firewall drops the connection, or raise the deadline",
        ),
        Progress { answered: false, .. } => (
            "the server had not answered".to_owned(),
            "raise the call's deadline, or find out what keeps the server",
        ),
        Progress { received: 0, .. } => (
            "the server had sent headers, but no message".to_owned(),
            "raise the call's deadline, or find out what keeps the server",
        ),
        Progress { received, .. } => (
            format!(
                "{received} {} come",
                if received == 1 { "message had" } else { "messages had" }
            ),
            "raise the call's deadline, or leave it out where a stream does not end by itself",
        ),
    };
    let message =
        format!("the call did not end within its deadline of {} ms: {state}", deadline.as_millis());
    let problem = Problem::new(ProblemKind::Deadline, message);
    failure(StatusCode::DeadlineExceeded, problem.help(help))
}

/// The name does not resolve.
pub(crate) fn resolve(target: &Target, error: Option<&io::Error>) -> Problem {
    let why = error.map_or_else(|| "it has no addresses".to_owned(), ToString::to_string);
    let message = format!("the host `{}` cannot be found: {why}", target.host());
    Problem::new(ProblemKind::Unreachable, message)
        .help("check the spelling, and whether this network (or VPN) knows the name")
        .at(target.to_string())
}

/// There is no instance that a call could go to, for this reason.
pub(crate) fn no_instance(problem: Problem) -> Failure {
    failure(StatusCode::Unavailable, problem)
}

/// A registry has no instances under this address.
pub(crate) fn nobody(address: &str) -> Problem {
    Problem::new(ProblemKind::Unreachable, format!("no instance is registered at {address}"))
        .help("start the server, and check the name under which it registers itself")
        .at(address)
}

/// Every instance says that it is not healthy.
pub(crate) fn unhealthy(address: &str, instances: usize) -> Problem {
    let message = match instances {
        1 => format!("the instance behind {address} says that it is not healthy"),
        count => format!("none of the {count} instances behind {address} says that it is healthy"),
    };
    Problem::new(ProblemKind::Unreachable, message)
        .help("look at their logs, or ask for another service name (or none) in the balancing")
        .at(address)
}

/// The health of no instance is known yet.
pub(crate) fn health_unknown(address: &str) -> Problem {
    let message = format!("no instance behind {address} says in time whether it is healthy");
    Problem::new(ProblemKind::Unreachable, message)
        .help("look at their logs, or switch the health check of the balancing off")
        .at(address)
}

/// No address could be connected to.
pub(crate) fn connect(target: &Target, error: &io::Error) -> Failure {
    let (message, help) = match error.kind() {
        io::ErrorKind::ConnectionRefused => (
            format!("nothing is listening at {target}"),
            match target.socket_path() {
                Some(_) => "start the server: its socket is there, but nobody holds it".to_owned(),
                None => "start the server, or check the port".to_owned(),
            },
        ),
        io::ErrorKind::NotFound if target.socket_path().is_some() => (
            format!("there is no socket at {target}"),
            "start the server, or check the path".to_owned(),
        ),
        io::ErrorKind::PermissionDenied if target.socket_path().is_some() => (
            format!("this user may not open the socket at {target}"),
            "ask for the right to write to it, or run as the server's user".to_owned(),
        ),
        io::ErrorKind::TimedOut => (
            format!("{target} does not answer"),
            "check the address, and whether a firewall drops the connection".to_owned(),
        ),
        _ => (
            format!("{target} cannot be reached: {error}"),
            "check the address and this machine's network".to_owned(),
        ),
    };
    unavailable(ProblemKind::Unreachable, message, &help, target)
}

/// What is known about a connection that failed under a call.
pub(crate) struct Lost<'a> {
    pub target: &'a Target,
    /// The first bytes that the peer sent, decrypted.
    pub head: &'a [u8],
    /// The peer said nothing for this long after the connection was made.
    pub silent: Option<Duration>,
    /// The peer left a ping unanswered for this long.
    pub unanswered: Option<Duration>,
    /// What the HTTP library says.
    pub error: &'a HttpError,
}

/// The connection failed under a call.
pub(crate) fn lost(lost: &Lost<'_>) -> Failure {
    let Lost { target, head, silent, unanswered, error } = lost;
    if let HttpError::One(error) = error {
        return http1::lost(target, head, error);
    }
    if let Some(time) = unanswered {
        return unavailable(
            ProblemKind::Interrupted,
            format!("{target} stopped answering: a ping got no answer for {} s", time.as_secs()),
            "the server hangs, or the network between here and there broke: try again",
            target,
        );
    }
    let text = String::from_utf8_lossy(head);
    let (kind, message, help) = if let (true, Some(silent)) = (head.is_empty(), silent) {
        (
            ProblemKind::NotGrpc,
            format!(
                "{target} accepted the connection, but said nothing for {} s",
                silent.as_secs()
            ),
            if target.tls() {
                "check that this is the port of a gRPC server"
            } else {
                "it may want TLS (use https://), or not be a gRPC server: check the port"
            },
        )
    } else if head.is_empty() {
        (
            ProblemKind::NotGrpc,
            format!("{target} closed the connection without an answer"),
            if target.tls() {
                "check that this is the port of a gRPC server"
            } else {
                "it may want TLS (use https://), or not be a gRPC server: check the port"
            },
        )
    } else if matches!(head, [0x15 | 0x16, 0x03, ..]) && !target.tls() {
        (
            ProblemKind::Tls,
            format!("{target} wants TLS, but was called in plaintext"),
            "turn TLS on, or use https://",
        )
    } else if text.starts_with("HTTP/1") && text.contains("HTTPS") && !target.tls() {
        (
            ProblemKind::Tls,
            format!("{target} is an HTTPS server that was called in plaintext"),
            "turn TLS on, or use https://",
        )
    } else if text.starts_with("HTTP/1") {
        (
            ProblemKind::NotGrpc,
            format!("{target} answered in HTTP/1.1, but gRPC needs HTTP/2"),
            if target.tls() {
                "is this the port of its REST API? check the port, or try the transport gRPC-Web or Connect"
            } else {
                "is this the port of its REST API, or is TLS needed? check the port, use https://, or try the transport gRPC-Web or Connect"
            },
        )
    } else if is_http2(head) {
        return http2::ended(target, error);
    } else {
        return unavailable(
            ProblemKind::NotGrpc,
            format!("{target} does not speak HTTP/2: it began with `{}`", start(&text)),
            "check the port, another kind of server is there",
            target,
        );
    };
    unavailable(kind, message, help, target)
}

/// A connection ended before its first call could begin.
pub(crate) fn gone() -> Failure {
    let message = "the new connection ended before it could be used";
    failure(
        StatusCode::Unavailable,
        Problem::new(ProblemKind::Interrupted, message).help("try again"),
    )
}

/// The first characters of what a peer said.
fn start(text: &str) -> String {
    text.chars().take(24).flat_map(char::escape_default).collect()
}

/// A server's first frame is SETTINGS, or GOAWAY when it is in a bad mood (RFC 9113 §3.4).
fn is_http2(head: &[u8]) -> bool {
    const SETTINGS: u8 = 4;
    const GOAWAY: u8 = 7;
    match head {
        [0, 0, _, SETTINGS | GOAWAY, _, 0, 0, 0, 0, ..] => true,
        // The frame's header is not whole: what is there may be the start of one.
        short => short.len() < 9 && short.starts_with(&[0, 0]),
    }
}

/// The answer is HTTP, but not of the call's protocol. `help` is what to do where more than the status tells.
pub(crate) fn not_grpc(
    code: StatusCode,
    what: String,
    body: &str,
    help: Option<String>,
) -> Failure {
    let message = if body.is_empty() { what } else { format!("{what}: {body}") };
    let help = help.unwrap_or_else(|| {
        let help = match code {
            // Web servers say so in words of their own, and in HTTP/1.1.
            _ if message.contains("HTTPS port") || message.contains("HTTPS server") => {
                "turn TLS on, or use https://"
            }
            StatusCode::Unavailable => "a proxy is there, but the server behind it may be down",
            StatusCode::Unauthenticated | StatusCode::PermissionDenied => {
                "a proxy wants credentials: add metadata such as `authorization`"
            }
            _ => "check that this is the port of the gRPC server, and that proxies pass gRPC on",
        };
        help.to_owned()
    });
    failure(code, Problem::new(ProblemKind::NotGrpc, message).help(help))
}

/// The server ended the stream wrongly.
pub(crate) fn broken(code: StatusCode, message: impl Into<String>) -> Failure {
    let help = "the server, or a proxy before it, breaks gRPC's rules: look at its log";
    failure(code, Problem::new(ProblemKind::NotGrpc, message).help(help))
}

/// The server ended the stream without saying how the call went.
pub(crate) fn no_status(message: &str) -> Failure {
    let help = "a proxy that does not pass trailers on may have lost the status (call the server directly, or by \
                gRPC-Web), or the server broke off: look at its log";
    failure(StatusCode::Unknown, Problem::new(ProblemKind::NotGrpc, message).help(help))
}

/// What to try where HTTP's status or content type says more than gRPC's status can.
pub(crate) fn http_status(status: http::StatusCode, content_type: &str) -> Option<&'static str> {
    match status.as_u16() {
        300..=399 => Some("it sends callers elsewhere: call the address in the header `location`"),
        404 | 405 => Some(
            "is this the port of a REST API or a web page? check the port, and that proxies know this method",
        ),
        413 | 431 => {
            Some("the metadata is too large for the server, or for a proxy: send less of it")
        }
        429 => Some("a proxy's rate limit was passed: call less often, or later"),
        _ if content_type.starts_with("text/html") => {
            Some("a web page is there, perhaps a proxy's or one to sign in at: check the port")
        }
        _ if content_type.starts_with("application/json") => {
            Some("is this the port of its REST API? check the port")
        }
        _ => None,
    }
}
