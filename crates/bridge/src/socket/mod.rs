//! WebSocket: one socket is one call of any kind.

use crate::bridge::Arrival;
use crate::refusal::Refusal;
use axum::body::Body;
use http::Response;
use wirelab_model::StatusCode;

/// Answers a request.
pub(crate) async fn answer(arrival: Arrival) -> Response<Body> {
    let path = arrival.head.uri.path().trim_start_matches('/');
    let refusal = match arrival.loaded.catalog.method(path) {
        Some(_) => Refusal::new(StatusCode::Unimplemented, "this face is not served yet"),
        None => Refusal::new(StatusCode::NotFound, "there is no such method"),
    };
    let mut response = Response::new(Body::from(refusal.status.message));
    *response.status_mut() = refusal.http;
    *response.headers_mut() = refusal.headers;
    response
}
