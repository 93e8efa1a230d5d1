//! REST by `google.api.http`
//! (<https://github.com/googleapis/googleapis/blob/master/google/api/http.proto>): one HTTP request is one call of any
//! kind.
//!
//! A body goes from the socket to wire bytes by the method's codec, and an answer back, without anything between them.
//! Which method a request is for is [`rules`](crate::rules)' to say; what path and query mean is [`bind`](crate::bind)'s.

mod accept;
mod asked;
mod elements;
pub(crate) mod failure;
mod http_body;
mod options;
mod requests;
mod shape;
mod single;
mod split;
mod streamed;
mod update_mask;

pub(crate) use asked::Asked;
pub(crate) use options::Rest;
pub use options::{HEAD_WAIT, RestOptions, SSE_KEEP_ALIVE};
pub(crate) use shape::Shape;
pub use streamed::FLUSH_BYTES;

use crate::body;
use crate::bridge::Arrival;
use crate::compress::{self, Coding, Ties};
use crate::face::{Face, content_type};
use crate::headers;
use crate::profile::{Accept, Behaviour};
use crate::refusal::Refusal;
use crate::rules::{Found, Verb};
use crate::upstream::{Call, Order};
use accept::Form;
use axum::body::{Body, HttpBody};
use bytes::Bytes;
use failure::Types;
use http::header::{ACCEPT_ENCODING, ALLOW, CONTENT_LENGTH, VARY};
use http::{HeaderValue, Method, Response, StatusCode as Http, request};
use std::sync::{Arc, OnceLock};
use wirelab_model::StatusCode;

/// Answers a request.
pub(crate) async fn answer(arrival: Arrival) -> Response<Body> {
    let Arrival { mut head, body, loaded, shared } = arrival;
    let behaviour = &shared.rest.behaviour;
    let is_head = head.method == Method::HEAD;
    let coding = Coding::preferred(&head.headers, &ACCEPT_ENCODING, Ties::Ours);
    let body = compress::decoded(body, &mut head.headers);
    if head.method == Method::OPTIONS && head.uri.path() == "*" {
        return no_content();
    }
    let found = match loaded.routes.find(&head.method, head.uri.path()) {
        // What a rule says of HEAD itself is no habit of the bridge's.
        Found::Route { rule, .. }
            if is_head && rule.verb == Verb::Is(Method::GET) && !behaviour.implied_verbs =>
        {
            Err(other_verb(&head, vec![Method::GET], behaviour))
        }
        Found::Route { rule, .. } if rule.implied && !behaviour.unbound_methods => {
            Err(nothing(head.uri.path()))
        }
        Found::Route { rule, captures } => Ok((rule.clone(), captures)),
        Found::OtherVerb { allow } if behaviour.implied_verbs && head.method == Method::OPTIONS => {
            return options(allow);
        }
        Found::OtherVerb { allow } => Err(other_verb(&head, allow, behaviour)),
        Found::Nothing => Err(nothing(head.uri.path())),
    };
    let response = match found {
        Err(refusal) => {
            failure::refused(refusal, Types { loaded: &loaded, method: None }, behaviour)
        }
        Ok((rule, captures)) => {
            let asked = Arc::new(Asked {
                head,
                rule,
                captures,
                loaded,
                shared: shared.clone(),
                refused: OnceLock::new(),
            });
            let answered = match body {
                Ok(body) => exchange(&asked, body).await,
                Err(refusal) => Err(refusal),
            };
            let answered = answered
                .unwrap_or_else(|refusal| failure::refused(refusal, asked.types(), behaviour));
            negotiated(answered, &asked)
        }
    };
    let response = compress::encoded(response, coding, &shared.options.compression);
    if is_head { without_body(response) } else { response }
}

/// Makes the call and tells what came of it.
async fn exchange(asked: &Arc<Asked>, body: Body) -> Result<Response<Body>, Refusal> {
    let behaviour = asked.behaviour();
    let headers = &asked.head.headers;
    let form = match (behaviour.accept, accept::form(headers)) {
        (Accept::Ignored, _) => accept::DEFAULT,
        (_, Some(form)) => form,
        (Accept::Strict, None) if !asked.rule.gives_raw() => return Err(accept::refusal()),
        (_, None) => accept::DEFAULT,
    };
    let method = &asked.rule.method.path;
    let permit = asked.shared.admit(&asked.head, Face::Rest, method)?;
    let shape = Shape::of(asked)?;
    let options = &asked.shared.options.headers;
    let order = Order {
        method: asked.rule.method.path.clone(),
        kind: asked.rule.method.kind,
        metadata: headers::metadata(&asked.head, options, behaviour.inbound)?,
        timeout: headers::timeout(headers, options)?,
        permit: Some(permit),
    };
    let call = begin(asked, body, order).await?;
    if asked.rule.method.kind.server_streams() || !matches!(form, Form::Json(_)) {
        Ok(streamed::answer(asked, call, shape, form).await)
    } else {
        Ok(single::answer(asked, call, &shape, form).await)
    }
}

/// Begins the call with what the body says.
async fn begin(asked: &Arc<Asked>, body: Body, order: Order) -> Result<Call, Refusal> {
    let upstream = &asked.shared.upstream;
    let streams = order.kind.client_streams();
    let lines = check_content_type(asked, &body, streams)?;
    let url = asked.url()?;
    if streams {
        let requests = requests::Requests::new(asked.clone(), url, body, lines);
        return Ok(upstream.stream(order, requests));
    }
    let collected = body::collect(body, &asked.head.headers, asked.limit());
    let (order, body) = order.within(collected).await?;
    let message = match asked.rule.takes_raw() {
        true => asked.raw_message(&body, true, &url),
        false => asked.message(&body, Some(&url), None)?,
    };
    Ok(upstream.unary(order, Bytes::from(message)))
}

/// Whether a body says that it is JSON a line.
///
/// # Errors
/// 415 for a body that says it is something else than JSON, or JSON in another encoding than UTF-8.
fn check_content_type(asked: &Asked, body: &Body, stream: bool) -> Result<bool, Refusal> {
    let headers = &asked.head.headers;
    if body.is_end_stream() || asked.rule.takes_raw() {
        return Ok(false);
    }
    let media = content_type(headers);
    if stream && accept::is_lines(media) {
        return Ok(true);
    }
    if !asked.behaviour().check_content_type
        || (media.is_empty() || accept::is_json(media)) && accept::is_utf8(headers)
    {
        return Ok(false);
    }
    let lines = if stream { " or application/x-ndjson" } else { "" };
    let shown = headers.get(http::header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let shown = String::from_utf8_lossy(shown.unwrap_or_default());
    let message = format!(
        "the body is `{}`, which {} does not take; send application/json in UTF-8{lines}",
        shown.escape_debug(),
        asked.rule.method.path
    );
    let refusal = Refusal::new(StatusCode::InvalidArgument, message);
    Err(refusal.http(Http::UNSUPPORTED_MEDIA_TYPE))
}

fn nothing(path: &str) -> Refusal {
    let message = format!("there is nothing at `{}`", path.escape_debug());
    Refusal::new(StatusCode::NotFound, message)
}

/// The path is there under other verbs (RFC 9110 §15.5.6).
fn other_verb(head: &request::Parts, allow: Vec<Method>, behaviour: &Behaviour) -> Refusal {
    let path = head.uri.path();
    if behaviour.other_verb == 404 {
        return nothing(path);
    }
    let allow = allowed(allow, behaviour.implied_verbs);
    let shown = String::from_utf8_lossy(allow.as_bytes());
    let (path, verb) = (path.escape_debug(), &head.method);
    let message = format!("`{path}` does not take {verb}; it takes {shown}");
    let http = Http::from_u16(behaviour.other_verb).unwrap_or(Http::METHOD_NOT_ALLOWED);
    Refusal::new(StatusCode::Unimplemented, message).http(http).header(ALLOW, allow)
}

/// What OPTIONS is told (RFC 9110 §9.3.7).
fn options(allow: Vec<Method>) -> Response<Body> {
    let mut response = no_content();
    response.headers_mut().insert(ALLOW, allowed(allow, true));
    response
}

/// Also what `OPTIONS *` is told, which asks for the server rather than for something of it.
fn no_content() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = Http::NO_CONTENT;
    response
}

/// `GET, HEAD, OPTIONS, POST`; `implied` adds those that no rule has to name.
fn allowed(mut allow: Vec<Method>, implied: bool) -> HeaderValue {
    if implied && allow.contains(&Method::GET) {
        allow.push(Method::HEAD);
    }
    if implied {
        allow.push(Method::OPTIONS);
    }
    let mut names: Vec<&str> = allow.iter().map(Method::as_str).collect();
    names.sort_unstable();
    names.dedup();
    HeaderValue::from_str(&names.join(", ")).unwrap_or(HeaderValue::from_static("OPTIONS"))
}

/// Tells caches that the form of an answer depends on what the client accepts (RFC 9110 §12.5.5).
fn negotiated(mut response: Response<Body>, asked: &Asked) -> Response<Body> {
    let is_cached = matches!(asked.head.method, Method::GET | Method::HEAD);
    if is_cached && asked.behaviour().accept != Accept::Ignored {
        response.headers_mut().append(VARY, HeaderValue::from_static("accept"));
    }
    response
}

/// The answer to HEAD: what GET would say, without the content (RFC 9110 §9.3.2).
fn without_body(response: Response<Body>) -> Response<Body> {
    let (mut head, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact() {
        head.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    Response::from_parts(head, Body::empty())
}
