//! Calls with one request and one response: the body is the message, headers that begin with `trailer-` are the
//! trailers, and an HTTP status other than 200 is an error in JSON (<https://connectrpc.com/docs/protocol/#unary-rpcs>).

use super::super::answers::to_json;
use super::super::coding::{answering, unpack};
use super::super::messages::{frame, from_json};
use super::super::{Form, Target, metadata};
use super::{WRONG, coding, failed, refused, time};
use crate::body::{collect, too_long};
use crate::bridge::{Arrival, Loaded, Shared};
use crate::compress::{Coding, packed};
use crate::face::Face;
use crate::headers;
use crate::profile::Inbound;
use crate::refusal::Refusal;
use crate::upstream::{Call, Order, Step};
use axum::body::Body;
use bytes::Bytes;
use futures_util::TryFutureExt;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, VARY};
use http::{Response, request};
use wirelab_model::{CallKind, Metadatum, Status, StatusCode};

const TRAILER: &str = "trailer-";

/// Answers a request by POST.
pub(super) async fn post(arrival: Arrival, target: Target, form: Form) -> Response<Body> {
    let Arrival { head, body, loaded, shared } = arrival;
    let read = async {
        let encoding = coding(head.headers.get(CONTENT_ENCODING))?;
        let order = order(&head, &target, &shared)?;
        let collected = collect(body, &head.headers, shared.options.message_limit());
        // The code says the HTTP status, as it does in all of Connect.
        let collected = collected.map_err(|refusal| Refusal::from(refusal.status));
        let (order, body) = order.within(collected).await?;
        Ok::<_, Refusal>((order, body, encoding))
    };
    match read.await {
        Ok((order, body, encoding)) => {
            let asked = Asked { target: &target, form, encoding, order, body };
            respond(asked, &head.headers, &loaded, &shared).await
        }
        Err(refusal) => refused(refusal.of(&target.path), &loaded),
    }
}

/// The call that a request is for, apart from its message.
///
/// # Errors
/// Who may not call, and headers that cannot be understood.
pub(super) fn order(
    head: &request::Parts,
    target: &Target,
    shared: &Shared,
) -> Result<Order, Refusal> {
    let permit = Some(target.admit(head, Face::Connect, shared)?);
    Ok(Order {
        method: target.path.clone(),
        kind: CallKind::Unary,
        metadata: headers::metadata(head, &shared.options.headers, Inbound::Rpc)?,
        timeout: time(&head.headers, shared)?,
        permit,
    })
}

/// A request that is there whole.
pub(super) struct Asked<'a> {
    pub target: &'a Target,
    pub form: Form,
    /// How the body is compressed.
    pub encoding: Option<Coding>,
    pub order: Order,
    pub body: Bytes,
}

/// Makes the call and says what it came to.
pub(super) async fn respond(
    asked: Asked<'_>,
    headers: &HeaderMap,
    loaded: &Loaded,
    shared: &Shared,
) -> Response<Body> {
    let Asked { target, form, encoding, order, body } = asked;
    let call = async {
        let codecs = target.codecs(form)?;
        let limit = shared.options.message_limit();
        let body = match encoding {
            // What came by a query was not measured yet.
            None if body.len() as u64 > limit => return Err(too_long(limit).status),
            None => body,
            Some(coding) => {
                unpack(coding.name(), &body, limit).map_err(|error| frame(error, limit, WRONG))?
            }
        };
        let (input, output) = codecs.unzip();
        let message = match input {
            None => body,
            Some(codec) => from_json(&codec, &body)?,
        };
        Ok::<_, Status>((shared.upstream.unary(order, message), output))
    };
    let (call, output) = match call.await {
        Ok(begun) => begun,
        Err(status) => return refused(Refusal::from(status).of(&target.path), loaded),
    };
    let Outcome { head, trailers, result } = outcome(call).await;
    let message = result.and_then(|message| match output {
        None => Ok(message),
        Some(codec) => {
            let mut json = Vec::new();
            to_json(&codec, &message, &mut json)?;
            Ok(json.into())
        }
    });
    let mut response = match message {
        Ok(message) => {
            let coding = answering(&shared.options.compression, headers, &ACCEPT_ENCODING);
            succeeded(message, form, coding)
        }
        Err(status) => failed(&status, loaded),
    };
    let mut all = HeaderMap::with_capacity(head.len() + trailers.len() + 3);
    metadata::to_headers(&head, "", &mut all);
    metadata::to_headers(&trailers, TRAILER, &mut all);
    // What this side says of the body replaces what the server said of its own.
    all.extend(std::mem::take(response.headers_mut()));
    *response.headers_mut() = all;
    response
}

fn succeeded(message: Bytes, form: Form, coding: Option<(Coding, usize)>) -> Response<Body> {
    let long = coding.filter(|(_, from)| message.len() >= *from);
    let coded = long.and_then(|(coding, _)| Some((coding, packed(coding, &message)?)));
    let (body, coding) = match coded {
        Some((coding, packed)) => (packed.into(), Some(coding)),
        None => (message, None),
    };
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    let content_type = match form {
        Form::Proto => "application/proto",
        Form::Json => "application/json",
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(Coding::ACCEPTED));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(coding) = coding {
        headers.insert(CONTENT_ENCODING, coding.value());
    }
    response
}

/// What a call came to.
struct Outcome {
    head: Vec<Metadatum>,
    trailers: Vec<Metadatum>,
    result: Result<Bytes, Status>,
}

async fn outcome(mut call: Call) -> Outcome {
    let (mut head, mut message) = (Vec::new(), None);
    loop {
        match call.step().await {
            Step::Head(metadata) => head = metadata,
            // There is no second one: a call of this kind fails where the server sends it.
            Step::Message(one) => message = Some(one),
            Step::End(end) => {
                let result = match (end.status.is_ok(), message) {
                    (true, Some(message)) => Ok(message),
                    (true, None) => {
                        let message = "the server answered without a message";
                        Err(Status::new(StatusCode::Unimplemented, message))
                    }
                    (false, _) => Err(end.status),
                };
                return Outcome { head, trailers: end.trailers, result };
            }
        }
    }
}
