//! Failures as JSON: `google.rpc.Status` with its details (<https://google.aip.dev/193>).

use crate::bridge::Loaded;
use crate::catalog::Method;
use crate::profile::{Behaviour, ErrorShape};
use crate::refusal::Refusal;
use crate::wire::{fields, numbers};
use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Response, StatusCode as Http};
use wirelab_model::{Status, StatusCode};
use wirelab_transcode::{Codec, Options};

/// What `WWW-Authenticate` says where neither the server nor the bridge knows better (RFC 9110 §11.6.1 wants one).
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer");

pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain");

/// Where the types of details come from.
#[derive(Clone, Copy)]
pub(crate) struct Types<'a> {
    pub loaded: &'a Loaded,
    /// Its pool is asked first.
    pub method: Option<&'a Method>,
}

/// The answer to a request that became no call.
pub(crate) fn refused(
    mut refusal: Refusal,
    types: Types<'_>,
    behaviour: &Behaviour,
) -> Response<Body> {
    if let (None, Some(method)) = (&refusal.method, types.method) {
        refusal.method = Some(method.path.as_str().into());
    }
    let no_call = refusal.no_call();
    let Refusal { status, http, headers, .. } = refusal;
    let is_text = match behaviour.error {
        ErrorShape::StatusOrText => true,
        ErrorShape::Legacy => matches!(http, Http::NOT_FOUND | Http::METHOD_NOT_ALLOWED),
        ErrorShape::Status | ErrorShape::StatusWithDetails => false,
    };
    let (body, media) = match is_text {
        true => (status.message.clone().into_bytes(), TEXT),
        false => (json(&status, types, behaviour), JSON),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = http;
    *response.headers_mut() = headers;
    response.extensions_mut().insert(no_call);
    describe(&status, behaviour, response.headers_mut(), media);
    response
}

/// The headers that a failure brings along.
pub(super) fn describe(
    status: &Status,
    behaviour: &Behaviour,
    headers: &mut HeaderMap,
    media: HeaderValue,
) {
    headers.insert(CONTENT_TYPE, media);
    if status.code == StatusCode::Unauthenticated as u32 && !headers.contains_key(WWW_AUTHENTICATE)
    {
        let said = HeaderValue::from_str(&status.message).ok();
        let said = said.filter(|_| behaviour.message_is_challenge);
        headers.insert(WWW_AUTHENTICATE, said.unwrap_or(CHALLENGE));
    }
    if !headers.contains_key(RETRY_AFTER)
        && let Some(seconds) = retry_after(&status.details)
    {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
}

/// A status as JSON.
pub(crate) fn json(status: &Status, types: Types<'_>, behaviour: &Behaviour) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + status.message.len());
    append(status, types, behaviour, &mut out);
    out
}

/// The same, appended.
pub(crate) fn append(status: &Status, types: Types<'_>, behaviour: &Behaviour, out: &mut Vec<u8>) {
    let code = status.code.to_string();
    match behaviour.error {
        ErrorShape::Legacy => {
            put(&[b"{\"error\":", &quoted(&status.message), b",\"message\":"], out);
            put(&[&quoted(&status.message), b",\"code\":", code.as_bytes()], out);
        }
        _ => {
            put(&[b"{\"code\":", code.as_bytes(), b",\"message\":", &quoted(&status.message)], out)
        }
    }
    append_details(status, types, behaviour.error == ErrorShape::StatusWithDetails, out);
    out.push(b'}');
}

/// The last element of a stream that failed: `{"error": {…}}`.
pub(crate) fn append_element(
    status: &Status,
    types: Types<'_>,
    behaviour: &Behaviour,
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(b"{\"error\":");
    if behaviour.error == ErrorShape::Legacy {
        let http = behaviour.http_status(status.code);
        let (code, number) = (status.code.to_string(), http.as_u16().to_string());
        put(&[b"{\"grpc_code\":", code.as_bytes(), b",\"http_code\":", number.as_bytes()], out);
        put(&[b",\"message\":", &quoted(&status.message), b",\"http_status\":"], out);
        text(http.canonical_reason().unwrap_or_default(), out);
        append_details(status, types, false, out);
        out.push(b'}');
    } else {
        append(status, types, behaviour, out);
    }
    out.push(b'}');
}

/// The member `details`; none where there are none, unless `always`.
fn append_details(status: &Status, types: Types<'_>, always: bool, out: &mut Vec<u8>) {
    let mut details = details(&status.details).peekable();
    if details.peek().is_none() && !always {
        return;
    }
    out.extend_from_slice(b",\"details\":[");
    for (index, any) in details.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        detail(any, types, out);
    }
    out.push(b']');
}

fn put(parts: &[&[u8]], out: &mut Vec<u8>) {
    parts.iter().for_each(|part| out.extend_from_slice(part));
}

fn quoted(plain: &str) -> Vec<u8> {
    let mut quoted = Vec::with_capacity(plain.len() + 2);
    text(plain, &mut quoted);
    quoted
}

/// A JSON text; writing one to memory does not fail.
pub(crate) fn text(text: &str, out: &mut Vec<u8>) {
    if serde_json::to_writer(&mut *out, text).is_err() {
        out.extend_from_slice(b"\"\"");
    }
}

/// One `google.protobuf.Any` on the wire: as its type has it where that is known, in base64 where not. Never fails.
fn detail(any: &[u8], types: Types<'_>, out: &mut Vec<u8>) {
    let (mut url, mut value) = ("", &b""[..]);
    for (number, field) in fields(any) {
        match number {
            1 => url = std::str::from_utf8(field).unwrap_or_default(),
            2 => value = field,
            _ => {}
        }
    }
    let name = url.rsplit('/').next().unwrap_or_default();
    let own = types.method.and_then(|method| {
        let pool = method.descriptor.parent_pool();
        pool.get_message_by_name(name)?;
        Some(method.output.of(&pool.get_message_by_name("google.protobuf.Any")?))
    });
    let of_schema = || {
        let pool = types.loaded.schema.message(name)?.parent_pool().clone();
        Some(Codec::new(&pool.get_message_by_name("google.protobuf.Any")?))
    };
    let written =
        |codec: Codec, out: &mut Vec<u8>| codec.wire_to_json(any, out, &Options::default()).ok();
    let done = own.and_then(|codec| written(codec, out));
    if done.or_else(|| written(of_schema()?, out)).is_none() {
        out.extend_from_slice(b"{\"@type\":");
        text(url, out);
        out.extend_from_slice(b",\"value\":\"");
        out.extend_from_slice(STANDARD.encode(value).as_bytes());
        out.extend_from_slice(b"\"}");
    }
}

/// The `Any`s of a `google.rpc.Status` on the wire.
fn details(status: &[u8]) -> impl Iterator<Item = &[u8]> {
    fields(status).filter_map(|(number, field)| (number == 3).then_some(field))
}

/// Whole seconds of a `google.rpc.RetryInfo` among the details, rounded up.
pub(crate) fn retry_after(status: &[u8]) -> Option<u64> {
    let info = details(status).find_map(|any| {
        let of =
            |wanted| fields(any).find_map(|(number, field)| (number == wanted).then_some(field));
        of(1).filter(|url| url.ends_with(b"/google.rpc.RetryInfo"))?;
        Some(of(2).unwrap_or_default())
    })?;
    let delay = fields(info).find_map(|(number, field)| (number == 1).then_some(field))?;
    let (mut seconds, mut nanos) = (0, 0);
    for (number, value) in numbers(delay) {
        match number {
            1 => seconds = value,
            2 => nanos = value,
            _ => {}
        }
    }
    seconds.cast_signed().is_positive().then_some(()).or((nanos > 0).then_some(()))?;
    Some(seconds.saturating_add(u64::from(nanos > 0)))
}
