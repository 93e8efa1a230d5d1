//! Connect (<https://connectrpc.com/docs/protocol/>): unary calls are plain HTTP requests, the other kinds have gRPC's
//! frames in their bodies and a JSON object at the end.

mod error;
mod get;
mod stream;
mod unary;

use super::coding::announced;
use super::misuse::Misuse;
use super::{Form, Target, timeout};
use crate::bridge::{Arrival, Loaded, Shared};
use crate::compress::Coding;
use crate::face;
use crate::refusal::Refusal;
use crate::rules::Found;
use axum::body::Body;
use http::header::{ACCEPT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Response, Version, request};
use prost_reflect::MethodDescriptor;
use prost_reflect::prost_types::method_options::IdempotencyLevel;
use std::time::Duration;
use wirelab_model::{CallKind, Status, StatusCode};

const VERSION: HeaderName = HeaderName::from_static("connect-protocol-version");

const UNARY: &str = "application/";
const STREAM: &str = "application/connect+";
const UNARY_TYPES: &str = "application/json, application/proto";
const STREAM_TYPES: &str = "application/connect+json, application/connect+proto";

/// Answers a request.
pub(crate) async fn answer(arrival: Arrival) -> Response<Body> {
    let target = Target::of(&arrival.head, &arrival.loaded);
    match asked(&arrival.head, &target) {
        Ok(Asked::Unary(form)) => unary::post(arrival, target, form).await,
        Ok(Asked::Get) => get::answer(arrival, target).await,
        Ok(Asked::Stream(form)) => stream::answer(arrival, target, form).await,
        Err(misuse) => misuse.answer(),
    }
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Unary(Form),
    Get,
    Stream(Form),
}

/// What a request asks for, by its head.
///
/// # Errors
/// What HTTP itself has an answer for.
fn asked(head: &request::Parts, target: &Target) -> Result<Asked, Misuse> {
    let kind = target.method.as_ref().map(|method| method.kind);
    if head.method == Method::GET {
        let safe = target.method.as_ref().is_some_and(|method| is_safe(&method.descriptor));
        return match kind {
            Some(CallKind::Unary) if safe => Ok(Asked::Get),
            _ => Err(Misuse::Method("POST")),
        };
    }
    if head.method != Method::POST {
        let safe = target.method.as_ref().is_some_and(|method| is_safe(&method.descriptor));
        return Err(Misuse::Method(if safe { "GET, POST" } else { "POST" }));
    }
    let media = face::content_type(&head.headers).to_ascii_lowercase();
    let asked = match media.strip_prefix(STREAM) {
        Some(form) => self::form(form).map(Asked::Stream),
        None => media.strip_prefix(UNARY).and_then(self::form).map(Asked::Unary),
    };
    let types = match kind {
        Some(CallKind::Unary) => UNARY_TYPES,
        Some(_) => STREAM_TYPES,
        None => {
            "application/json, application/proto, application/connect+json, application/connect+proto"
        }
    };
    let asked = asked.ok_or(Misuse::ContentType(types))?;
    let fits = match asked {
        Asked::Stream(_) => kind != Some(CallKind::Unary),
        _ => matches!(kind, None | Some(CallKind::Unary)),
    };
    if !fits {
        return Err(Misuse::ContentType(types));
    }
    if kind == Some(CallKind::Bidi) && head.version < Version::HTTP_2 {
        return Err(Misuse::Version(
            "a method that streams both ways needs HTTP/2; over HTTP/1.1 call it by WebSocket",
        ));
    }
    Ok(asked)
}

/// Whether a request is a call by GET although no `connect=v1` says so, which clients may leave out: a method that only
/// reads is asked by its own path, for which REST has nothing.
pub(crate) fn is_bare_get(head: &request::Parts, loaded: &Loaded) -> bool {
    let query = head.uri.query().unwrap_or_default();
    let has = |name: &str| query.split('&').any(|pair| pair.starts_with(name));
    let is_safe = || {
        let method = Target::of(head, loaded).method;
        method.is_some_and(|method| method.kind == CallKind::Unary && is_safe(&method.descriptor))
    };
    head.method == Method::GET
        && has("message=")
        && has("encoding=")
        && is_safe()
        && !matches!(loaded.routes.find(&head.method, head.uri.path()), Found::Route { .. })
}

fn form(name: &str) -> Option<Form> {
    match name {
        "proto" => Some(Form::Proto),
        "json" => Some(Form::Json),
        _ => None,
    }
}

/// Whether a method says that it only reads, so that it may be called by GET
/// (<https://connectrpc.com/docs/protocol/#unary-get-request>).
fn is_safe(method: &MethodDescriptor) -> bool {
    let options = method.method_descriptor_proto().options.as_ref();
    options.is_some_and(|options| options.idempotency_level() == IdempotencyLevel::NoSideEffects)
}

/// Checks the version of the protocol and reads how much time a call has.
///
/// # Errors
/// INVALID_ARGUMENT for what cannot be understood.
fn time(headers: &HeaderMap, shared: &Shared) -> Result<Option<Duration>, Refusal> {
    if let Some(version) = headers.get(VERSION)
        && version != "1"
    {
        let shown = String::from_utf8_lossy(version.as_bytes()).escape_debug().to_string();
        let message =
            format!("`connect-protocol-version` is `{shown}`, but only version 1 is spoken here");
        return Err(Refusal::new(StatusCode::InvalidArgument, message));
    }
    Ok(shared.options.headers.timeout(timeout::connect(headers)?))
}

/// How a request is compressed.
///
/// # Errors
/// UNIMPLEMENTED for a way that is not known.
fn coding(value: Option<&HeaderValue>) -> Result<Option<Coding>, Status> {
    announced(value, |_| true)
}

/// What requests are that cannot be read.
const WRONG: StatusCode = StatusCode::InvalidArgument;

/// The answer of a failed unary call.
fn failed(status: &Status, loaded: &Loaded) -> Response<Body> {
    let json = error::json(status, loaded).to_string();
    let mut response = Response::new(Body::from(json));
    *response.status_mut() = crate::refusal::http_status(status.code);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(Coding::ACCEPTED));
    response
}

/// The answer of a unary call that is not made, and of any to a request for another host.
pub(crate) fn refused(refusal: Refusal, loaded: &Loaded) -> Response<Body> {
    let mut response = failed(&refusal.status, loaded);
    *response.status_mut() = refusal.http;
    response.extensions_mut().insert(refusal.no_call());
    response.headers_mut().extend(refusal.headers);
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    /// Of methods that the schema does not have, the content type tells the kind.
    #[test]
    fn what_is_asked_for() {
        let table = [
            ("POST", "application/proto", Ok(Asked::Unary(Form::Proto))),
            ("POST", "application/JSON; charset=utf-8", Ok(Asked::Unary(Form::Json))),
            ("POST", "application/connect+json", Ok(Asked::Stream(Form::Json))),
            ("PUT", "application/json", Err(Misuse::Method("POST"))),
            ("GET", "", Err(Misuse::Method("POST"))),
        ];
        for (method, media, want) in table {
            let request = Request::builder().method(method).uri("/a.B/C");
            let request = request.header(CONTENT_TYPE, media).body(()).unwrap();
            let (head, ()) = request.into_parts();
            let target = Target::of(&head, &Loaded::default());
            assert_eq!(asked(&head, &target), want, "{method} {media}");
        }
    }
}
