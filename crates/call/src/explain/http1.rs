//! What goes wrong with a connection of HTTP/1.1.

use super::{Failure, is_http2, start, unavailable};
use crate::endpoint::Target;
use wirelab_model::ProblemKind;

/// The connection failed under a call; `head` is the first that the peer said on it, decrypted.
pub(super) fn lost(target: &Target, head: &[u8], error: &hyper::Error) -> Failure {
    let text = String::from_utf8_lossy(head);
    let (kind, message, help) = if matches!(head, [0x15 | 0x16, 0x03, ..]) && !target.tls() {
        (
            ProblemKind::Tls,
            format!("{target} wants TLS, but was called in plaintext"),
            "turn TLS on, or use https://",
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
    } else if !text.starts_with("HTTP/1") {
        (
            ProblemKind::NotGrpc,
            format!("{target} does not speak HTTP: it began with `{}`", start(&text)),
            "check the port, another kind of server is there",
        )
    } else if error.is_parse_too_large() {
        (
            ProblemKind::TooLarge,
            format!("{target} answered with headers that are too large"),
            "have the server send less metadata, or look for a proxy that adds some",
        )
    } else if error.is_parse() {
        (
            ProblemKind::NotGrpc,
            format!("{target} answered in broken HTTP/1.1: {error}"),
            "look for a proxy between here and there, and at the server's log",
        )
    } else {
        (
            ProblemKind::Interrupted,
            format!("the connection to {target} ended in the middle of the call: {error}"),
            "the server may have stopped or restarted: look at its log, then try again",
        )
    };
    unavailable(kind, message, help, target)
}
