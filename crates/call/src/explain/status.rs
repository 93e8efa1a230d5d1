//! Explains statuses that servers send.

use wirelab_model::{Problem, ProblemKind, Status, StatusCode};

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
        Some(StatusCode::NotFound) => {
            "check the names and ids in the request: what they say is not there".to_owned()
        }
        Some(StatusCode::AlreadyExists) => {
            "use another name or id: what the request says is there already".to_owned()
        }
        Some(StatusCode::Cancelled) => {
            "the server, or a proxy before it, gave the call up: look at their time limits"
                .to_owned()
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
    Some(problem.help(help))
}
