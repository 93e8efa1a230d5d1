//! `POST /api/{method}`: a studio method, JSON in and JSON out. A failure is a problem as JSON.

use super::Shared;
use axum::{
    body::{self, Body, HttpBody},
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use wirelab_model::{Problem, ProblemKind};

/// The largest request taken: a message of the largest size, as JSON text in JSON text.
pub const MAX_BODY_BYTES: usize = 192 << 20;

/// Answers a studio method.
pub async fn answer(
    State(shared): State<Shared>,
    Path(method): Path<String>,
    body: Body,
) -> Response {
    let too_large = || {
        let message = format!("the request is larger than {MAX_BODY_BYTES} bytes, or broke off");
        refuse(&Problem::new(ProblemKind::TooLarge, message))
    };
    // One that says how large it is need not be read to be refused.
    if body.size_hint().lower() > MAX_BODY_BYTES as u64 {
        return too_large();
    }
    let Ok(body) = body::to_bytes(body, MAX_BODY_BYTES).await else { return too_large() };
    match shared.studio.dispatch(&method, &body).await {
        Ok(reply) => json(StatusCode::OK, reply),
        Err(problem) => refuse(&problem),
    }
}

/// No such path.
pub async fn nothing() -> Response {
    refuse(&Problem::new(ProblemKind::NotFound, "there is nothing at this address"))
}

/// A path that wants another HTTP method.
pub async fn wrong_method() -> Response {
    let mut response =
        refuse(&Problem::new(ProblemKind::Mismatch, "studio methods are called by POST"));
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response
}

/// A problem as an answer.
pub fn refuse(problem: &Problem) -> Response {
    let body = serde_json::to_vec(problem).unwrap_or_default();
    json(status(problem.kind), body)
}

fn json(status: StatusCode, body: Vec<u8>) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, body).into_response()
}

fn status(kind: ProblemKind) -> StatusCode {
    match kind {
        ProblemKind::Forbidden => StatusCode::FORBIDDEN,
        ProblemKind::NotFound => StatusCode::NOT_FOUND,
        ProblemKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ProblemKind::Internal | ProblemKind::Io => StatusCode::INTERNAL_SERVER_ERROR,
        ProblemKind::Locked | ProblemKind::Damaged | ProblemKind::NewerVersion => {
            StatusCode::CONFLICT
        }
        ProblemKind::Unreachable
        | ProblemKind::NotGrpc
        | ProblemKind::Tls
        | ProblemKind::Interrupted
        | ProblemKind::Status => StatusCode::BAD_GATEWAY,
        ProblemKind::Deadline => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::BAD_REQUEST,
    }
}
