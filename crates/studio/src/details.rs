//! Reads the details of a status (<https://github.com/googleapis/googleapis/blob/master/google/rpc/status.proto>).

use crate::{codecs::Codecs, json};
use std::sync::OnceLock;
use wirelab_model::{Blob, StatusDetail};
use wirelab_schema::{Input, Schema, Source};
use wirelab_transcode::{Codec, FieldSpan};

/// More fields than any status that fits into trailers has.
const MAX_FIELDS: usize = 4_096;

/// Each detail of a serialized `google.rpc.Status`. A detail whose type is not known, or whose bytes are not of its
/// type, has no JSON but its bytes; what is no part of a `Status` comes last as a detail without a type.
pub fn read(status: &Blob, codecs: &Codecs) -> Vec<StatusDetail> {
    let spans = match message(codecs, "google.rpc.Status") {
        Some(codec) => codec.spans(status, MAX_FIELDS),
        None => Vec::new(),
    };
    let mut details = split(status, &spans);
    for detail in &mut details {
        let codec = message(codecs, &detail.type_name);
        let text = codec.and_then(|codec| json::pretty(&codec, &detail.wire).ok());
        detail.json = text.unwrap_or_default();
    }
    let end = spans.iter().map(|span| span.end as usize).max().unwrap_or(0);
    let rest = status.0.slice(end.min(status.len())..);
    if !rest.is_empty() {
        details.push(StatusDetail { wire: Blob(rest), ..StatusDetail::default() });
    }
    details
}

/// A type of a loaded source, or a built-in one where no source is loaded that would bring it.
fn message(codecs: &Codecs, name: &str) -> Option<Codec> {
    static BUILTIN: OnceLock<Codecs> = OnceLock::new();
    let builtin = || {
        BUILTIN.get_or_init(|| {
            // A set of one file without content, to which the built-in ones are added.
            let set = b"\n\x14\n\nnone.proto\x62\x06proto3".to_vec();
            let source = Source::load(&Input::Descriptors { set, problems: Vec::new() });
            Codecs::new(Schema::new([("builtin".to_owned(), source)]))
        })
    };
    codecs.message(name).or_else(|| builtin().message(name))
}

/// The entries of `details` with their types and bytes.
fn split(status: &Blob, spans: &[FieldSpan]) -> Vec<StatusDetail> {
    let mut details: Vec<(&str, StatusDetail)> = Vec::new();
    for span in spans {
        let Some((entry, field)) = span.path.split_once('.') else {
            // `details[2]` itself: a detail may be empty of fields.
            if span.path.starts_with("details[") {
                details.push((&span.path, StatusDetail::default()));
            }
            continue;
        };
        let (value, end) = (span.value as usize, span.end as usize);
        let value = if value <= end && end <= status.len() { value..end } else { 0..0 };
        if let Some((_, detail)) = details.iter_mut().find(|(path, _)| *path == entry) {
            match field {
                "typeUrl" | "type_url" => {
                    let url = String::from_utf8_lossy(&status.0[value]).into_owned();
                    detail.type_name = url.rsplit('/').next().unwrap_or_default().to_owned();
                }
                "value" => detail.wire = Blob(status.0.slice(value)),
                _ => {}
            }
        }
    }
    details.into_iter().map(|(_, detail)| detail).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn codecs() -> Codecs {
        Codecs::new(Schema::new([]))
    }

    /// A `google.rpc.Status` with these details.
    fn status(codecs: &Codecs, details: &[Value]) -> Blob {
        let text = json!({"code": 5, "message": "gone", "details": details}).to_string();
        let codec = message(codecs, "google.rpc.Status").expect("it is built in");
        json::encode(&codec, &text).expect("the details are right").into()
    }

    /// Every type that `google/rpc/error_details.proto` has, and a well-known one.
    #[test]
    fn every_kind() {
        let kinds = [
            json!({
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "API_DISABLED", "domain": "googleapis.com", "metadata": {"service": "pubsub"}
            }),
            json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1.500s"}),
            json!({
                "@type": "type.googleapis.com/google.rpc.DebugInfo",
                "stackEntries": ["main.go:7", "run.go:1"], "detail": "it broke"
            }),
            json!({
                "@type": "type.googleapis.com/google.rpc.QuotaFailure",
                "violations": [{"subject": "project:x", "description": "10 a minute"}]
            }),
            json!({
                "@type": "type.googleapis.com/google.rpc.PreconditionFailure",
                "violations": [{"type": "TOS", "subject": "google.com/cloud", "description": "not accepted"}]
            }),
            json!({
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [{"field": "lines[2].quantity", "description": "must be at least 1"}]
            }),
            json!({
                "@type": "type.googleapis.com/google.rpc.RequestInfo",
                "requestId": "req-1", "servingData": "c2FtcGxl"
            }),
            json!({
                "@type": "type.googleapis.com/google.rpc.ResourceInfo",
                "resourceType": "stock", "resourceName": "KB-204", "owner": "w:7", "description": "counted"
            }),
            json!({
                "@type": "type.googleapis.com/google.rpc.Help",
                "links": [{"description": "status codes", "url": "https://grpc.io/docs/guides/status-codes/"}]
            }),
            json!({
                "@type": "type.googleapis.com/google.rpc.LocalizedMessage",
                "locale": "de-DE", "message": "fehlgeschlagen"
            }),
            json!({"@type": "example.com/types/google.rpc.Help"}),
        ];
        let codecs = codecs();
        let read = read(&status(&codecs, &kinds), &codecs);
        assert_eq!(read.len(), kinds.len());
        for (detail, mut kind) in read.iter().zip(kinds) {
            let fields = kind.as_object_mut().expect("an object");
            let url = fields.remove("@type").expect("a type");
            assert!(
                url.as_str().is_some_and(|url| url.ends_with(&format!("/{}", detail.type_name)))
            );
            let shown: Value = serde_json::from_str(&detail.json).expect("JSON");
            assert_eq!(shown, kind, "{}", detail.type_name);
        }
    }

    /// What cannot be read is there with its bytes, and spoils nothing beside it.
    #[test]
    fn raw_bytes_for_the_rest() {
        let codecs = codecs();
        let help = json!({"@type": "type.googleapis.com/google.rpc.Help"});
        let whole = status(&codecs, std::slice::from_ref(&help));
        // An entry of `details` (field 3) is an Any: type_url 1, value 2.
        let entry = |url: &str, value: &[u8]| {
            let mut any = vec![10, url.len() as u8];
            any.extend(url.as_bytes());
            any.extend([18, value.len() as u8]);
            any.extend(value);
            let mut entry = vec![26, any.len() as u8];
            entry.extend(any);
            entry
        };
        let known = |name: &str, json: &str| (name.to_owned(), !json.is_empty());
        type Shown<'a> = &'a [(&'a str, bool, &'a [u8])];
        let table: [(&str, Vec<u8>, Shown<'_>); 8] = [
            ("nothing", vec![], &[]),
            ("no details", vec![8, 5], &[]),
            (
                "a type that nobody defines",
                entry("x/acme.Odd", b"\x08\x01"),
                &[("acme.Odd", false, b"\x08\x01")],
            ),
            (
                "a type without a host",
                entry("google.rpc.Help", b""),
                &[("google.rpc.Help", true, b"")],
            ),
            ("an entry without a type", vec![26, 0], &[("", false, b"")]),
            (
                "bytes that are not of the type",
                entry("x/google.rpc.RetryInfo", b"\xff\xff"),
                &[("google.rpc.RetryInfo", false, b"\xff\xff")],
            ),
            (
                "junk behind what is whole",
                [&whole[..], b"\xff\xff\xff"].concat(),
                &[("google.rpc.Help", true, b""), ("", false, b"\xff\xff\xff")],
            ),
            ("no status at all", b"\xff<html>".to_vec(), &[("", false, b"\xff<html>")]),
        ];
        for (name, bytes, want) in table {
            let read = read(&bytes.into(), &codecs);
            let shown: Vec<_> = read
                .iter()
                .map(|detail| (known(&detail.type_name, &detail.json), detail.wire.to_vec()))
                .collect();
            let want: Vec<_> = want
                .iter()
                .map(|(name, read, wire)| (((*name).to_owned(), *read), wire.to_vec()))
                .collect();
            assert_eq!(shown, want, "{name}");
        }
    }

    /// However it is cut off, everything that is shown was sent.
    #[test]
    fn cut_off_anywhere() {
        let codecs = codecs();
        let info =
            json!({"@type": "x/google.rpc.RequestInfo", "requestId": "1", "servingData": "2"});
        let whole = status(&codecs, &[info.clone(), info]);
        for end in 0..=whole.len() {
            let shown = read(&Blob(whole.0.slice(..end)), &codecs);
            let bytes: usize = shown.iter().map(|detail| detail.wire.len()).sum();
            assert!(bytes <= end, "{end}: {shown:?}");
        }
    }
}
