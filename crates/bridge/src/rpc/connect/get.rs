//! Calls by GET, of methods that only read (<https://connectrpc.com/docs/protocol/#unary-get-request>): the message is
//! in the query, so that answers can be kept by caches.

use super::super::Target;
use super::super::misuse::Misuse;
use super::unary::{Asked, order, respond};
use super::{UNARY_TYPES, coding, form, refused};
use crate::bridge::Arrival;
use crate::refusal::Refusal;
use axum::body::Body;
use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use http::{HeaderValue, Response};
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use wirelab_model::{Status, StatusCode};

/// With padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a query says.
#[derive(Debug, Default, PartialEq)]
struct Query {
    message: Option<Bytes>,
    encoding: Option<String>,
    compression: Option<String>,
    version: Option<String>,
}

/// Answers a request.
pub(super) async fn answer(arrival: Arrival, target: Target) -> Response<Body> {
    let Arrival { head, loaded, shared, .. } = arrival;
    let read = || {
        let query = query(head.uri.query().unwrap_or_default())?;
        if let Some(version) = query.version.filter(|version| version != "v1") {
            let shown = version.escape_debug();
            return Err(wrong(format!("`connect` is `{shown}`, but only v1 is spoken here")));
        }
        let body = query.message.ok_or_else(|| wrong("the query has no `message`"))?;
        let encoding = query.encoding.ok_or_else(|| wrong("the query has no `encoding`"))?;
        let compression = query.compression.map(HeaderValue::try_from).transpose();
        let compression = compression.map_err(|_| wrong("`compression` is no name"))?;
        let compression = coding(compression.as_ref())?;
        Ok((body, form(&encoding), compression))
    };
    let (body, form, encoding) = match read() {
        Ok((body, Some(form), encoding)) => (body, form, encoding),
        Ok((_, None, _)) => return Misuse::ContentType(UNARY_TYPES).answer(),
        Err(status) => return refused(Refusal::from(status).of(&target.path), &loaded),
    };
    match order(&head, &target, &shared) {
        Ok(order) => {
            let asked = Asked { target: &target, form, encoding, order, body };
            respond(asked, &head.headers, &loaded, &shared).await
        }
        Err(refusal) => refused(refusal.of(&target.path), &loaded),
    }
}

/// Reads a query; what Connect does not define is left to others.
///
/// # Errors
/// INVALID_ARGUMENT for a message that is not base64 although it should be.
fn query(text: &str) -> Result<Query, Status> {
    let mut query = Query::default();
    let (mut message, mut base64) = (None, false);
    for pair in text.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decode(value);
        match &*decode(name) {
            b"message" => message = Some(value),
            b"encoding" => query.encoding = Some(text_of(&value)),
            b"compression" => query.compression = Some(text_of(&value)),
            b"connect" => query.version = Some(text_of(&value)),
            b"base64" => base64 = &*value == b"1",
            _ => {}
        }
    }
    query.message = match message {
        Some(text) if base64 => {
            let bytes = BASE64.decode(&text);
            Some(bytes.map_err(|_| wrong("`message` is not URL-safe base64"))?.into())
        }
        other => other.map(|bytes| bytes.into_owned().into()),
    };
    Ok(query)
}

/// What stands for a part of a query, where a plus is a space.
fn decode(part: &str) -> Cow<'_, [u8]> {
    match part.contains('+') {
        true => percent_decode_str(&part.replace('+', " ")).collect::<Vec<u8>>().into(),
        false => percent_decode_str(part).into(),
    }
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn wrong(message: impl Into<String>) -> Status {
    Status::new(StatusCode::InvalidArgument, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries() {
        let got = |text: &str| {
            let query = query(text).map_err(|status| status.message)?;
            let message = query.message.map(|bytes| text_of(&bytes));
            let rest = [query.encoding, query.compression, query.version];
            let all = std::iter::once(message).chain(rest);
            Ok::<_, String>(
                all.map(|part| part.unwrap_or("-".into())).collect::<Vec<_>>().join(" | "),
            )
        };
        let table = [
            ("", Ok("- | - | - | -")),
            ("connect=v1&encoding=json&message=%7B%7d", Ok("{} | json | - | v1")),
            ("message=a+b%2Bc&x=y&compression=gzip", Ok("a b+c | - | gzip | -")),
            ("base64=1&message=aGk_&encoding=proto", Ok("hi? | proto | - | -")),
            ("message=aGk%3D&base64=1", Ok("hi | - | - | -")),
            ("message=aGk&base64=1", Ok("hi | - | - | -")),
            ("message=aGk&base64=0", Ok("aGk | - | - | -")),
            ("message", Ok(" | - | - | -")),
            ("message=a/b&base64=1", Err("`message` is not URL-safe base64")),
        ];
        for (text, want) in table {
            let want = want.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(got(text), want, "{text}");
        }
    }
}
