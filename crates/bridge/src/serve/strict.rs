//! What HTTP/1.1 wants refused and what reads requests lets pass: two readings of one request, by a proxy in front and
//! by the bridge, are how requests are smuggled.

use axum::body::Body;
use http::header::{CONNECTION, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use http::{HeaderValue, Request, Response, StatusCode, Version};
use wirelab_model::StatusCode as Code;

/// The answer to a request that may not be read further; it ends the connection.
pub(super) fn refusal<B>(request: &Request<B>) -> Option<Response<Body>> {
    if request.version() != Version::HTTP_11 {
        return None;
    }
    let headers = request.headers();
    let mut hosts = headers.get_all(HOST).iter();
    // RFC 9112 §3.2.
    if hosts.next().is_none() || hosts.next().is_some() {
        let message = "a request of HTTP/1.1 has one header `host`; send exactly one";
        return Some(answer(StatusCode::BAD_REQUEST, Code::InvalidArgument, message));
    }
    // RFC 9112 §6.1.
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let is_chunked = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"chunked");
    if codings.any(|value| !is_chunked(value)) {
        let message =
            "the body has another transfer coding than `chunked`; use `content-encoding` for it";
        return Some(answer(StatusCode::NOT_IMPLEMENTED, Code::Unimplemented, message));
    }
    None
}

fn answer(http: StatusCode, code: Code, message: &str) -> Response<Body> {
    let json = serde_json::json!({"code": code as u32, "message": message});
    let mut response = Response::new(Body::from(json.to_string()));
    *response.status_mut() = http;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Version, headers, and the status of the refusal.
    type Case = (Version, &'static [(&'static str, &'static str)], Option<u16>);

    #[test]
    fn what_is_refused() {
        let table: [Case; 9] = [
            (Version::HTTP_11, &[("host", "a")], None),
            (Version::HTTP_11, &[("host", "")], None),
            (Version::HTTP_11, &[], Some(400)),
            (Version::HTTP_11, &[("host", "a"), ("host", "b")], Some(400)),
            (Version::HTTP_10, &[], None),
            (Version::HTTP_2, &[], None),
            (Version::HTTP_11, &[("host", "a"), ("transfer-encoding", "Chunked")], None),
            (Version::HTTP_11, &[("host", "a"), ("transfer-encoding", "gzip, chunked")], Some(501)),
            (
                Version::HTTP_11,
                &[("host", "a"), ("transfer-encoding", "gzip"), ("transfer-encoding", "chunked")],
                Some(501),
            ),
        ];
        for (version, headers, wanted) in table {
            let mut request = Request::get("/").version(version);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let got = refusal(&request.body(()).unwrap()).map(|answer| answer.status().as_u16());
            assert_eq!(got, wanted, "{version:?} {headers:?}");
        }
    }
}
