//! Explains messages that cannot be sent or taken.

use super::{Failure, failure};
use crate::compress::ACCEPTED;
use crate::frame::FrameError;
use std::io;
use wirelab_model::{Compression, Problem, ProblemKind, Status, StatusCode};

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
            format!("a response message is marked as {how}, but is not valid {how}: {error}"),
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
