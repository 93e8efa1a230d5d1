//! Turns what went wrong into one helpful sentence and what to try.

use crate::compress::ACCEPTED;
use crate::endpoint::Target;
use crate::frame::FrameError;
use crate::http::HttpError;
use rustls::CertificateError;
use std::io;
use std::time::Duration;
use wirelab_model::{Compression, Problem, ProblemKind, Status, StatusCode};

/// A call that ended on this side.
pub(crate) type Failure = Box<Status>;

/// Ends a call with `code` because of `problem`.
pub(crate) fn failure(code: StatusCode, problem: Problem) -> Failure {
    let message = problem.message.clone();
    Box::new(Status { problem: Some(problem.grpc(code as u32)), ..Status::new(code, message) })
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
pub(crate) fn deadline(deadline: Duration) -> Failure {
    let problem = Problem::new(
        ProblemKind::Deadline,
        format!("the call did not end within its deadline of {} ms", deadline.as_millis()),
    );
    let help = "raise the call's deadline, or find out what keeps the server";
    failure(StatusCode::DeadlineExceeded, problem.help(help))
}

/// The name does not resolve.
pub(crate) fn resolve(target: &Target, error: Option<&io::Error>) -> Failure {
    let why = error.map_or_else(|| "it has no addresses".to_owned(), ToString::to_string);
    unavailable(
        ProblemKind::Unreachable,
        format!("the host `{}` cannot be found: {why}", target.host()),
        "check the spelling, and whether this network (or VPN) knows the name",
        target,
    )
}

/// No address could be connected to.
pub(crate) fn connect(target: &Target, error: &io::Error) -> Failure {
    let (message, help) = match error.kind() {
        io::ErrorKind::ConnectionRefused => (
            format!("nothing is listening at {target}"),
            "start the server, or check the port".to_owned(),
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

/// TLS could not be agreed on. `roots` is how many root certificates are trusted.
pub(crate) fn tls(target: &Target, error: &io::Error, roots: usize) -> Failure {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let host = target.host();
    let (message, help) = match inner {
        Some(rustls::Error::InvalidCertificate(wrong)) => certificate(host, wrong, roots),
        Some(rustls::Error::InvalidMessage(_)) => (
            format!("{target} does not speak TLS"),
            "turn TLS off (or use http://), or check the port".to_owned(),
        ),
        Some(rustls::Error::AlertReceived(rustls::AlertDescription::NoApplicationProtocol)) => (
            format!("{target} speaks TLS, but offers no HTTP/2, which gRPC needs"),
            "check that this is the port of the gRPC server".to_owned(),
        ),
        Some(rustls::Error::AlertReceived(
            rustls::AlertDescription::CertificateRequired
            | rustls::AlertDescription::HandshakeFailure,
        )) => (
            format!("{target} refused the TLS handshake"),
            "it may want a client certificate, or only older TLS than 1.2".to_owned(),
        ),
        Some(other) => (
            format!("TLS with {target} failed: {other}"),
            "check the port and the server's TLS settings".to_owned(),
        ),
        None if error.kind() == io::ErrorKind::TimedOut => (
            format!("{target} accepted the connection, but did not answer TLS"),
            "it may be a plaintext server: turn TLS off (or use http://), or check the port"
                .to_owned(),
        ),
        None => (
            format!("{target} ended the connection during the TLS handshake"),
            "it may be a plaintext server: turn TLS off (or use http://), or check the port"
                .to_owned(),
        ),
    };
    unavailable(ProblemKind::Tls, message, &help, target)
}

fn certificate(host: &str, wrong: &CertificateError, roots: usize) -> (String, String) {
    match wrong {
        CertificateError::UnknownIssuer if roots == 0 => (
            "this machine has no root certificates, so no server can be trusted".to_owned(),
            "install the package `ca-certificates`".to_owned(),
        ),
        CertificateError::UnknownIssuer => (
            format!(
                "the certificate of `{host}` is not signed by an authority that this machine trusts"
            ),
            "add the authority that signed it to the system's root certificates".to_owned(),
        ),
        CertificateError::NotValidForName => (
            format!("the certificate is not for the name `{host}`"),
            "call the server by a name that its certificate holds".to_owned(),
        ),
        CertificateError::NotValidForNameContext { presented, .. } => (
            format!("the certificate is not for the name `{host}`"),
            if presented.is_empty() {
                "its certificate holds no names; give the server one that does".to_owned()
            } else {
                format!(
                    "call the server by a name that its certificate holds: {}",
                    presented.join(", ")
                )
            },
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
            format!("the certificate of `{host}` has expired"),
            "renew the server's certificate, or check this machine's clock".to_owned(),
        ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
            format!("the certificate of `{host}` is not valid yet"),
            "check this machine's clock".to_owned(),
        ),
        other => (
            format!("the certificate of `{host}` is not trusted: {other}"),
            "look at the server's certificate".to_owned(),
        ),
    }
}

/// What is known about a connection that failed under a call.
pub(crate) struct Lost<'a> {
    pub target: &'a Target,
    /// The first bytes that the peer sent, decrypted.
    pub head: &'a [u8],
    /// The peer said nothing for this long after the connection was made.
    pub silent: Option<Duration>,
    /// What the HTTP library says.
    pub error: &'a HttpError,
}

/// The connection failed under a call.
pub(crate) fn lost(lost: &Lost<'_>) -> Failure {
    let Lost { target, head, silent, error } = lost;
    if let HttpError::One(error) = error {
        return lost_one(target, head, error);
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
                "is this the port of its REST API? check the port"
            } else {
                "is this the port of its REST API, or is TLS needed? check the port, or use https://"
            },
        )
    } else if is_http2(head) {
        (
            ProblemKind::Interrupted,
            format!("the connection to {target} ended in the middle of the call: {error}"),
            "the server may have stopped or restarted: look at its log, then try again",
        )
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

/// The connection failed under a call over HTTP/1.1.
fn lost_one(target: &Target, head: &[u8], error: &hyper::Error) -> Failure {
    let text = String::from_utf8_lossy(head);
    let wants_tls = matches!(head, [0x15 | 0x16, 0x03, ..])
        || text.starts_with("HTTP/1") && text.contains("HTTPS");
    let (kind, message, help) = if wants_tls && !target.tls() {
        (
            ProblemKind::Tls,
            format!("{target} wants TLS, but was called in plaintext"),
            "turn TLS on, or use https://",
        )
    } else if text.starts_with("HTTP/1") {
        (
            ProblemKind::Interrupted,
            format!("the connection to {target} ended in the middle of the call: {error}"),
            "the server may have stopped or restarted: look at its log, then try again",
        )
    } else if head.is_empty() {
        (
            ProblemKind::NotGrpc,
            format!("{target} closed the connection without an answer"),
            "it may speak HTTP/2 only (choose HTTP/2), or want TLS: check the port",
        )
    } else if is_http2(head) {
        (
            ProblemKind::NotGrpc,
            format!("{target} speaks HTTP/2, but was called in HTTP/1.1"),
            "choose HTTP/2",
        )
    } else {
        (
            ProblemKind::NotGrpc,
            format!("{target} does not speak HTTP: it began with `{}`", start(&text)),
            "check the port, another kind of server is there",
        )
    };
    unavailable(kind, message, help, target)
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

/// The server reset the stream.
pub(crate) fn reset(code: StatusCode, reason: &str, by_peer: bool) -> Failure {
    let (message, help) = if by_peer {
        (
            format!("the server broke the call off without a status ({reason})"),
            "look at the server's log, or at a proxy between here and there",
        )
    } else {
        (
            format!("the server broke the rules of HTTP/2 ({reason})"),
            "look for a proxy between here and there",
        )
    };
    failure(code, Problem::new(ProblemKind::Interrupted, message).help(help))
}

/// The answer is HTTP, but not gRPC.
pub(crate) fn not_grpc(code: StatusCode, what: String, body: &str) -> Failure {
    let message = if body.is_empty() { what } else { format!("{what}: {body}") };
    let help = match code {
        StatusCode::Unavailable => "a proxy is there, but the server behind it may be down",
        StatusCode::Unauthenticated | StatusCode::PermissionDenied => {
            "a proxy wants credentials: add metadata such as `authorization`"
        }
        _ => "check that this is the port of the gRPC server, and that proxies pass gRPC on",
    };
    failure(code, Problem::new(ProblemKind::NotGrpc, message).help(help))
}

/// The server ended the stream wrongly.
pub(crate) fn broken(code: StatusCode, message: impl Into<String>) -> Failure {
    let help = "the server, or a proxy before it, breaks gRPC's rules: look at its log";
    failure(code, Problem::new(ProblemKind::NotGrpc, message).help(help))
}

/// How the limit of messages is raised.
const RAISE_LIMIT: &str =
    "raise the call's limit of messages (`max_message_bytes`, on the command line `--max-message`)";

/// A request message is longer than allowed; nothing of it was sent.
pub(crate) fn request_too_large(size: u64, limit: u64) -> Failure {
    let message = format!(
        "the request message is too large: {size} bytes, but `max_message_bytes` allows {limit}"
    );
    let help = match size > u64::from(u32::MAX) {
        true => "send less: gRPC messages cannot be longer than 4 GiB",
        false => RAISE_LIMIT,
    };
    failure(StatusCode::ResourceExhausted, Problem::new(ProblemKind::TooLarge, message).help(help))
}

/// A request message cannot be compressed.
pub(crate) fn cannot_compress(how: Compression, error: &io::Error) -> Failure {
    let message = format!("the request message cannot be compressed as {}: {error}", how.name());
    let help = "send it uncompressed, or compressed in another way";
    failure(StatusCode::Internal, Problem::new(ProblemKind::Internal, message).help(help))
}

/// A response message cannot be taken.
pub(crate) fn frame(error: FrameError, limit: u64) -> Failure {
    let (message, help) = match error {
        FrameError::TooLarge(size) => {
            let size =
                size.map_or("more when decompressed".to_owned(), |size| format!("{size} bytes"));
            let message = format!(
                "a response message is too large: {size}, but `max_message_bytes` allows {limit}"
            );
            let problem = Problem::new(ProblemKind::TooLarge, message).help(RAISE_LIMIT);
            return failure(StatusCode::ResourceExhausted, problem);
        }
        FrameError::Unknown(name) => (
            format!("a response message is compressed as `{name}`, which was not offered"),
            format!("have the server use one of {ACCEPTED}, as the call's headers ask"),
        ),
        FrameError::Unannounced => (
            "a response message is marked as compressed, but the server's headers do not say how"
                .to_owned(),
            "the server, or a proxy before it, loses the header `grpc-encoding`: look at its log"
                .to_owned(),
        ),
        FrameError::Corrupt(how, error) => (
            format!(
                "a response message is marked as {0}, but is not valid {0}: {error}",
                how.name()
            ),
            "turn the server's compression off to see whether a proxy damages the answer"
                .to_owned(),
        ),
        FrameError::Flag(flag) => (
            format!("the response is not gRPC: a message begins with the flag {flag}"),
            "check that this is the port of the gRPC server, and that proxies pass gRPC on"
                .to_owned(),
        ),
    };
    failure(StatusCode::Internal, Problem::new(ProblemKind::NotGrpc, message).help(help))
}

/// The server could not decompress the request; none when the status is about something else. `accepted` is what
/// the server says it takes (<https://github.com/grpc/grpc/blob/master/doc/compression.md>).
pub(crate) fn compression_refused(
    status: &Status,
    how: Compression,
    accepted: Option<&str>,
) -> Option<Problem> {
    let name = how.name();
    let listed =
        accepted.map(|list| list.split(',').any(|one| one.trim().eq_ignore_ascii_case(name)));
    let says_so = ["compress", "encoding"].iter().any(|word| {
        // Servers say so in words of their own.
        status.message.to_ascii_lowercase().contains(word)
    });
    let refused = match StatusCode::from_number(status.code) {
        Some(StatusCode::Unimplemented) => listed.map_or(says_so, |listed| !listed),
        Some(StatusCode::Internal) => says_so && listed != Some(true),
        _ => false,
    };
    refused.then(|| {
        let help = match accepted.map(str::trim).filter(|list| !list.is_empty()) {
            Some(list) => {
                format!("the server takes {list}: choose one of these, or send it as it is")
            }
            None => "send it uncompressed, or compressed in another way".to_owned(),
        };
        let message = format!("the server cannot read requests that are compressed as {name}");
        Problem::new(ProblemKind::Status, message).help(help).grpc(status.code)
    })
}

/// What a status that the server sent probably means.
pub(crate) fn status(status: &Status, method: &str) -> Option<Problem> {
    if status.is_ok() {
        return None;
    }
    let help = match StatusCode::from_number(status.code) {
        Some(StatusCode::Unimplemented) => format!(
            "this server does not have `{method}`: check the address, and that schema and server are of one version"
        ),
        Some(StatusCode::Unauthenticated) => {
            "add credentials as metadata, for example `authorization`".to_owned()
        }
        Some(StatusCode::PermissionDenied) => {
            "the credentials are known but may not do this: use others".to_owned()
        }
        Some(
            StatusCode::InvalidArgument | StatusCode::FailedPrecondition | StatusCode::OutOfRange,
        ) => "change the request as the message says".to_owned(),
        Some(StatusCode::DeadlineExceeded) => {
            "raise the call's deadline, or find out what keeps the server".to_owned()
        }
        Some(StatusCode::ResourceExhausted) => {
            "a quota or size limit of the server was passed: try less, or later".to_owned()
        }
        Some(StatusCode::Unavailable | StatusCode::Aborted) => {
            "try again: the server says this passes".to_owned()
        }
        Some(StatusCode::NotFound | StatusCode::AlreadyExists | StatusCode::Cancelled) => {
            String::new()
        }
        Some(_) => "look at the server's log".to_owned(),
        None => "gRPC does not define this number: ask whoever wrote the server".to_owned(),
    };
    let name = status.name();
    let message = if status.message.is_empty() {
        format!("the server answered {name}")
    } else {
        format!("the server answered {name}: {}", status.message.trim_end_matches('.'))
    };
    let problem = Problem::new(ProblemKind::Status, message).grpc(status.code);
    Some(if help.is_empty() { problem } else { problem.help(help) })
}
