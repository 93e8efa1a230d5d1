//! Why a request does not become a call, before each face words it in its own way.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode as Http};
use std::sync::Arc;
use wirelab_model::{Status, StatusCode};

/// A request that is answered without a call.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    /// What went wrong, as gRPC has it.
    pub status: Status,
    /// What went wrong, as HTTP has it.
    pub http: Http,
    /// What the answer must say beside that: `Allow`, `Retry-After`, `WWW-Authenticate`.
    pub headers: HeaderMap,
    /// The method, `pkg.Service/Method`, once that is known.
    pub method: Option<Arc<str>>,
}

/// Says of an answer, in whose extensions it is, that its request became no call.
#[derive(Clone, Debug, Default)]
pub(crate) struct NoCall {
    /// The number of the status, where gRPC has a say.
    pub code: Option<u32>,
    /// The method, once that is known.
    pub method: Option<Arc<str>>,
}

impl Refusal {
    /// A refusal with the HTTP status that `code` stands for.
    pub fn new(code: StatusCode, message: impl Into<String>) -> Refusal {
        Refusal::from(Status::new(code, message))
    }

    /// The same with another HTTP status.
    pub fn http(self, http: Http) -> Refusal {
        Refusal { http, ..self }
    }

    /// The same, of a method.
    pub fn of(self, method: &str) -> Refusal {
        Refusal { method: Some(method.into()), ..self }
    }

    /// What the answer says of it to whoever counts.
    pub fn no_call(&self) -> NoCall {
        NoCall { code: Some(self.status.code), method: self.method.clone() }
    }

    /// The same with one more header.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Refusal {
        self.headers.append(name, value);
        self
    }
}

/// A body that is decoded on its way may end with one.
impl std::error::Error for Refusal {}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.status.message)
    }
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Refusal {
        let http = http_status(status.code);
        Refusal { http, status, headers: HeaderMap::new(), method: None }
    }
}

/// The HTTP status that a gRPC code stands for
/// (<https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto>).
pub(crate) fn http_status(code: u32) -> Http {
    match StatusCode::from_number(code) {
        Some(StatusCode::Ok) => Http::OK,
        Some(
            StatusCode::InvalidArgument | StatusCode::FailedPrecondition | StatusCode::OutOfRange,
        ) => Http::BAD_REQUEST,
        Some(StatusCode::Unauthenticated) => Http::UNAUTHORIZED,
        Some(StatusCode::PermissionDenied) => Http::FORBIDDEN,
        Some(StatusCode::NotFound) => Http::NOT_FOUND,
        Some(StatusCode::AlreadyExists | StatusCode::Aborted) => Http::CONFLICT,
        Some(StatusCode::ResourceExhausted) => Http::TOO_MANY_REQUESTS,
        // A client that went away, as nginx has it; `code.proto` says so too.
        Some(StatusCode::Cancelled) => Http::from_u16(499).unwrap_or(Http::INTERNAL_SERVER_ERROR),
        Some(StatusCode::Unimplemented) => Http::NOT_IMPLEMENTED,
        Some(StatusCode::Unavailable) => Http::SERVICE_UNAVAILABLE,
        Some(StatusCode::DeadlineExceeded) => Http::GATEWAY_TIMEOUT,
        Some(StatusCode::Unknown | StatusCode::Internal | StatusCode::DataLoss) | None => {
            Http::INTERNAL_SERVER_ERROR
        }
    }
}
