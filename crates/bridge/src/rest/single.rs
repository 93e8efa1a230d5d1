//! The answer of a call that has one: status, headers and body at once.

use super::accept::Form;
use super::asked::Asked;
use super::failure;
use super::shape::Shape;
use crate::body::Trailed;
use crate::headers::{append_metadata, append_trailers, named, wants_trailers};
use crate::profile::{Outbound, StreamShape};
use crate::upstream::{Call, End, Step};
use axum::body::Body;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, TRAILER};
use http::{HeaderMap, HeaderValue, Response};
use wirelab_model::{MetadataValue, Metadatum, Status, StatusCode};

/// What a body that says nothing of itself is.
const BINARY: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// Waits for the end of the call and tells it.
pub(super) async fn answer(
    asked: &Asked,
    mut call: Call,
    shape: &Shape,
    form: Form,
) -> Response<Body> {
    let mut metadata = Vec::new();
    let mut message = None;
    let End { status, trailers } = loop {
        match call.step().await {
            Step::Head(head) => metadata = head,
            Step::Message(wire) => message = Some(wire),
            Step::End(end) => break end,
        }
    };
    let told = match (status.is_ok(), message) {
        (false, _) => Err(status),
        (true, None) => {
            let message = "the server said OK, but sent no message";
            Err(Status::new(StatusCode::Internal, message))
        }
        (true, Some(wire)) => body(shape, &wire, form),
    };
    match told {
        Err(status) => failed(asked, &status, &metadata, &trailers, false),
        Ok((media, data)) => {
            let mut response = Response::new(Body::empty());
            response.headers_mut().insert(CONTENT_TYPE, media);
            complete(asked, response, data, &metadata, &trailers)
        }
    }
}

/// Content type and content of a message.
fn body(shape: &Shape, wire: &Bytes, form: Form) -> Result<(HeaderValue, Bytes), Status> {
    if shape.is_raw() {
        let (media, data) = shape.raw(wire);
        return Ok((media.unwrap_or(BINARY), wire.slice_ref(data)));
    }
    let mut json = Vec::new();
    shape.write(wire, &mut json)?;
    let media = match form {
        Form::Json(media) | Form::Lines(media) => media,
        Form::Events => failure::JSON,
    };
    Ok((media, Bytes::from(json)))
}

/// The answer of a call that failed before its first message. `wrapped` tells it as the element of a stream.
pub(super) fn failed(
    asked: &Asked,
    status: &Status,
    metadata: &[Metadatum],
    trailers: &[Metadatum],
    wrapped: bool,
) -> Response<Body> {
    let behaviour = asked.behaviour();
    let mut json = Vec::new();
    if wrapped && behaviour.stream == StreamShape::WrappedLines {
        failure::append_element(status, asked.types(), behaviour, &mut json);
        json.push(b'\n');
    } else {
        failure::append(status, asked.types(), behaviour, &mut json);
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = behaviour.http_status(status.code);
    let refused = asked.refused.get().filter(|refusal| refusal.status == *status);
    if let Some(refusal) = refused {
        *response.status_mut() = refusal.http;
        *response.headers_mut() = refusal.headers.clone();
    }
    let headers = response.headers_mut();
    for datum in metadata.iter().chain(trailers) {
        if let ("www-authenticate", MetadataValue::Text(text)) = (datum.key.as_str(), &datum.value)
            && let Ok(value) = HeaderValue::from_str(text)
        {
            headers.append(http::header::WWW_AUTHENTICATE, value);
        }
    }
    failure::describe(status, behaviour, headers, failure::JSON);
    complete(asked, response, Bytes::from(json), metadata, trailers)
}

/// Adds metadata, trailers and content to an answer.
fn complete(
    asked: &Asked,
    mut response: Response<Body>,
    data: Bytes,
    metadata: &[Metadatum],
    trailers: &[Metadatum],
) -> Response<Body> {
    let behaviour = asked.behaviour();
    let headers = response.headers_mut();
    append_metadata(metadata, behaviour, headers);
    if !trailers.is_empty() && behaviour.outbound != Outbound::Same {
        if wants_trailers(&asked.head) {
            let mut fields = HeaderMap::new();
            append_trailers(trailers, behaviour, &mut fields);
            headers.extend(named(&fields).map(|names| (TRAILER, names)));
            *response.body_mut() = Trailed::body(data, fields);
            return response;
        }
        if behaviour.outbound == Outbound::Prefixed {
            append_trailers(trailers, behaviour, headers);
        }
    }
    *response.body_mut() = Body::from(data);
    response
}
