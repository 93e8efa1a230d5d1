//! Requests that are answered by HTTP itself, before any protocol of calls has a say.

use crate::refusal::NoCall;
use axum::body::Body;
use http::header::{ALLOW, CONTENT_TYPE, HeaderName};
use http::{HeaderValue, Response, StatusCode};

/// Says what content types a path takes (<https://www.w3.org/TR/ldp/#header-accept-post>).
const ACCEPT_POST: HeaderName = HeaderName::from_static("accept-post");

/// What was asked for in the wrong way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Misuse {
    /// By another method than these.
    Method(&'static str),
    /// With another content type than these.
    ContentType(&'static str),
    /// What HTTP/1.1 cannot carry, and what to do.
    Version(&'static str),
}

impl Misuse {
    pub fn answer(self) -> Response<Body> {
        let (status, header, text) = match self {
            Misuse::Method(allow) => (
                StatusCode::METHOD_NOT_ALLOWED,
                Some((ALLOW, allow)),
                format!("this is called by {allow}\n"),
            ),
            Misuse::ContentType(types) => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                Some((ACCEPT_POST, types)),
                format!("this method takes {types}\n"),
            ),
            Misuse::Version(needs) => {
                (StatusCode::HTTP_VERSION_NOT_SUPPORTED, None, format!("{needs}\n"))
            }
        };
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = status;
        response.extensions_mut().insert(NoCall::default());
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        if let Some((name, value)) = header {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}
