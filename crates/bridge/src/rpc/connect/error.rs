//! Errors as Connect writes them (<https://connectrpc.com/docs/protocol/#error-end-stream>).

use super::super::metadata::{is_of_response, text};
use crate::bridge::Loaded;
use crate::upstream::End;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::{Map, Value, json};
use wirelab_call::wire;
use wirelab_model::{Metadatum, Status, StatusCode};
use wirelab_transcode::{Codec, Options};

/// The error that a status is.
pub(super) fn json(status: &Status, loaded: &Loaded) -> Value {
    let mut error = Map::new();
    error.insert("code".into(), code(status.code).into());
    if !status.message.is_empty() {
        error.insert("message".into(), status.message.as_str().into());
    }
    let details = wire::details(&status.details);
    let details: Vec<Value> =
        details.iter().map(|(name, value)| detail(name, value, loaded)).collect();
    if !details.is_empty() {
        error.insert("details".into(), details.into());
    }
    error.into()
}

/// An `EndStreamResponse`.
pub(super) fn end_stream(end: &End, loaded: &Loaded) -> Vec<u8> {
    let mut message = Map::new();
    if !end.status.is_ok() {
        message.insert("error".into(), json(&end.status, loaded));
    }
    let metadata = metadata(&end.trailers);
    if !metadata.is_empty() {
        message.insert("metadata".into(), metadata.into());
    }
    Value::from(message).to_string().into_bytes()
}

/// `{"key": ["value", …]}`.
fn metadata(trailers: &[Metadatum]) -> Map<String, Value> {
    let mut all = Map::new();
    for datum in trailers.iter().filter(|datum| is_of_response(&datum.key)) {
        let values = all.entry(datum.key.as_str()).or_insert_with(|| json!([]));
        if let Value::Array(values) = values {
            values.push(text(datum).into());
        }
    }
    all
}

/// A detail, with its JSON beside it for people to read, where the schema has its type.
fn detail(name: &str, value: &[u8], loaded: &Loaded) -> Value {
    let mut detail = Map::new();
    detail.insert("type".into(), name.into());
    detail.insert("value".into(), STANDARD_NO_PAD.encode(value).into());
    let debug = loaded.schema.message(name).and_then(|message| {
        let mut text = Vec::new();
        Codec::new(&message).wire_to_json(value, &mut text, &Options::default()).ok()?;
        serde_json::from_slice::<Value>(&text).ok()
    });
    if let Some(debug) = debug {
        detail.insert("debug".into(), debug);
    }
    detail.into()
}

/// `not_found` and its likes; `canceled` has one l. Numbers that gRPC does not define are unknown.
fn code(number: u32) -> String {
    match StatusCode::from_number(number) {
        Some(StatusCode::Cancelled) => "canceled".to_owned(),
        Some(StatusCode::Ok) | None => "unknown".to_owned(),
        Some(code) => code.name().to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends() {
        let trailers = vec![
            Metadatum::text("a", "1"),
            Metadatum::text("grpc-status", "0"),
            Metadatum::binary("b-bin", vec![255]),
            Metadatum::text("a", "2"),
        ];
        let status =
            |code, message: &str| Status { code, message: message.into(), ..Status::default() };
        let table = [
            (status(0, ""), vec![], json!({})),
            (
                status(0, ""),
                trailers.clone(),
                json!({"metadata": {"a": ["1", "2"], "b-bin": ["/w"]}}),
            ),
            (status(1, ""), vec![], json!({"error": {"code": "canceled"}})),
            (
                status(5, "no \"such\""),
                vec![],
                json!({"error": {"code": "not_found", "message": "no \"such\""}}),
            ),
            (status(42, ""), vec![], json!({"error": {"code": "unknown"}})),
        ];
        for (status, trailers, want) in table {
            let bytes = end_stream(&End { status, trailers }, &Loaded::default());
            assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), want);
        }
        let details = Status { details: vec![0xff; 9].into(), ..status(13, "") };
        assert_eq!(json(&details, &Loaded::default()), json!({"code": "internal"}));
    }
}
