//! What comes back for an HTTP request: one document, a document a line, or a failure.

use super::{Making, data, failed, interrupted};
use crate::rules::Rule;
use crate::wire::{put_field, put_varint};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf, Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Response, StatusCode as Http};
use hyper::body::{Body, Incoming};
use serde_json::{Value, json};
use std::future::poll_fn;
use std::pin::Pin;
use wirelab_model::{Blob, CallEventKind, Metadatum, Problem, ProblemKind, Status, StatusCode};
use wirelab_transcode::Codec;

const METADATA: &str = "grpc-metadata-";
const TRAILER: &str = "grpc-trailer-";

/// The fields of `google.rpc.Status`
/// (<https://github.com/googleapis/googleapis/blob/master/google/rpc/status.proto>).
const CODE: u64 = 1;
const MESSAGE: u32 = 2;
const DETAILS: u32 = 3;
/// The fields of `google.protobuf.Any`.
const TYPE_URL: u32 = 1;
const VALUE: u32 = 2;

/// Reads an answer, telling what it says, up to the status of the call.
pub(super) async fn read(call: &Making, rule: &Rule, response: Response<Incoming>) -> Status {
    let (head, body) = response.into_parts();
    call.teller.tell(CallEventKind::Headers { metadata: metadata(&head.headers) }).await;
    let mut answer = Answer { call, rule, body, trailers: of_prefix(&head.headers, TRAILER) };
    let media = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = media.unwrap_or_default().to_owned();
    let read = match (head.status.is_success(), call.method.kind.server_streams()) {
        (false, _) => answer.failure(head.status).await,
        (true, _) if rule.gives_raw() => answer.raw(&media).await,
        (true, false) => answer.single().await,
        (true, true) => answer.lines().await,
    };
    call.teller.trailers(std::mem::take(&mut answer.trailers)).await;
    read.unwrap_or_else(|status| status)
}

struct Answer<'a> {
    call: &'a Making,
    rule: &'a Rule,
    body: Incoming,
    trailers: Vec<Metadatum>,
}

impl Answer<'_> {
    /// Some of the body; none at its end.
    async fn more(&mut self) -> Result<Option<Bytes>, Status> {
        loop {
            let frame = poll_fn(|cx| Pin::new(&mut self.body).poll_frame(cx)).await;
            match frame {
                None => return Ok(None),
                Some(Err(error)) => return Err(interrupted("in the middle of its answer", error)),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => return Ok(Some(data)),
                    Err(frame) => {
                        let fields = frame.into_trailers().unwrap_or_default();
                        self.trailers.extend(of_prefix(&fields, TRAILER));
                    }
                },
            }
        }
    }

    /// All of the body.
    async fn whole(&mut self) -> Result<Bytes, Status> {
        let mut whole = BytesMut::new();
        while let Some(data) = self.more().await? {
            self.check(whole.len() + data.len())?;
            whole.extend_from_slice(&data);
        }
        Ok(whole.freeze())
    }

    fn check(&self, size: usize) -> Result<(), Status> {
        if size <= self.call.limit {
            return Ok(());
        }
        Err(self.call.too_long())
    }

    /// Tells a message that came at `at_ns`.
    async fn message(&self, json: &[u8], size: usize, at_ns: u64) -> Result<(), Status> {
        let wire = self.call.teller.apart(|| match &self.rule.response_body {
            None => self.call.wire(json),
            Some(field) => {
                let name = Value::from(field.json_name()).to_string();
                self.call.wire(&[b"{", name.as_bytes(), b":", json, b"}"].concat())
            }
        })?;
        let message =
            CallEventKind::Received { message: Blob(wire), compressed: Some(size as u64) };
        self.call.teller.tell_at(at_ns, message).await;
        Ok(())
    }

    async fn single(&mut self) -> Result<Status, Status> {
        let body = self.whole().await?;
        let at_ns = self.call.teller.now();
        self.message(&body, body.len(), at_ns).await?;
        Ok(Status::default())
    }

    async fn lines(&mut self) -> Result<Status, Status> {
        let mut held = BytesMut::new();
        let mut status = Status::default();
        // Where the search for the end of the line goes on.
        let mut seen = 0;
        while let Some(data) = self.more().await? {
            let at_ns = self.call.teller.now();
            held.extend_from_slice(&data);
            while let Some(end) = held.iter().skip(seen).position(|byte| *byte == b'\n') {
                let line = held.split_to(seen + end).freeze();
                held.advance(1);
                seen = 0;
                self.check(line.len())?;
                match self.error(&line) {
                    Some(failed) => status = failed,
                    None => self.message(&line, line.len() + 1, at_ns).await?,
                }
            }
            seen = held.len();
            self.check(seen)?;
        }
        match held.is_empty() {
            true => Ok(status),
            false => Err(interrupted("in the middle of a line", "the line has no end")),
        }
    }

    /// The status in the last line of a stream that failed: `{"error": {"code": …}}`. A response with a field of that
    /// name is told apart by what is in it.
    fn error(&self, line: &[u8]) -> Option<Status> {
        if !line.starts_with(b"{\"error\":{\"code\":") {
            return None;
        }
        let mut value: Value = serde_json::from_slice(line).ok()?;
        let object = value.as_object().filter(|object| object.len() == 1)?;
        let own = object.get("error")?.as_object()?;
        let known = |key: &String| matches!(key.as_str(), "code" | "message" | "details");
        if !own.keys().all(known) || self.call.wire(line).is_ok() {
            return None;
        }
        Some(self.status(value.get_mut("error")?.take()))
    }

    async fn failure(&mut self, http: Http) -> Result<Status, Status> {
        let body = self.whole().await?;
        let mut value: Value = serde_json::from_slice(&body).unwrap_or_default();
        if let Some(inner) = value.get_mut("error").filter(|inner| inner.is_object()) {
            value = inner.take();
        }
        if value.get("code").is_some_and(Value::is_u64) {
            return Ok(self.status(value));
        }
        let shown: String = String::from_utf8_lossy(&body).chars().take(200).collect();
        let message = format!("the bridge answered HTTP {http}: {}", shown.escape_debug());
        Err(failed(StatusCode::Unknown, Problem::new(ProblemKind::NotGrpc, message)))
    }

    /// `google.rpc.Status` as JSON.
    fn status(&self, value: Value) -> Status {
        status(&value, &self.call.method.output)
    }

    /// Each piece as a message of its own where the server streams.
    async fn raw(&mut self, media: &str) -> Result<Status, Status> {
        if !self.call.method.kind.server_streams() {
            let data = self.whole().await?;
            self.piece(media, &data).await?;
            return Ok(Status::default());
        }
        while let Some(data) = self.more().await? {
            self.check(data.len())?;
            self.piece(media, &data).await?;
        }
        Ok(Status::default())
    }

    async fn piece(&self, media: &str, data: &Bytes) -> Result<(), Status> {
        let at_ns = self.call.teller.now();
        let json = self
            .call
            .teller
            .apart(|| json!({"contentType": media, "data": STANDARD.encode(data)}).to_string());
        self.message(json.as_bytes(), data.len(), at_ns).await
    }
}

/// A status out of its JSON. Details whose types are not known stay what the bridge made of them: a type and bytes.
pub(super) fn status(value: &Value, known: &Codec) -> Status {
    let code = value.get("code").and_then(Value::as_u64).and_then(|code| u32::try_from(code).ok());
    let code = code.unwrap_or(StatusCode::Unknown as u32);
    let message = value.get("message").and_then(Value::as_str).unwrap_or_default().to_owned();
    let details = value.get("details").and_then(Value::as_array).into_iter().flatten();
    let details: Vec<Vec<u8>> = details.filter_map(|detail| any(detail, known)).collect();
    let mut wire = Vec::new();
    if !details.is_empty() {
        put_varint(CODE << 3, &mut wire);
        put_varint(code.into(), &mut wire);
        if !message.is_empty() {
            put_field(MESSAGE, message.as_bytes(), &mut wire);
        }
        for detail in details {
            put_field(DETAILS, &detail, &mut wire);
        }
    }
    Status { code, message, details: wire.into(), problem: None }
}

/// The wire of a `google.protobuf.Any`.
fn any(detail: &Value, known: &Codec) -> Option<Vec<u8>> {
    let pool = known.message().parent_pool();
    let codec = pool.get_message_by_name("google.protobuf.Any").map(|any| known.of(&any));
    let mut wire = Vec::new();
    if let Some(codec) = codec
        && codec.json_to_wire(detail.to_string().as_bytes(), &mut wire).is_ok()
    {
        return Some(wire);
    }
    wire.clear();
    put_field(TYPE_URL, detail.get("@type")?.as_str()?.as_bytes(), &mut wire);
    let bytes = STANDARD.decode(detail.get("value")?.as_str()?).ok()?;
    if !bytes.is_empty() {
        put_field(VALUE, &bytes, &mut wire);
    }
    Some(wire)
}

/// Response metadata: what a header names as such, and the headers of HTTP as they are.
fn metadata(headers: &HeaderMap) -> Vec<Metadatum> {
    let told = headers.iter().filter(|(name, _)| !name.as_str().starts_with(TRAILER));
    told.flat_map(|(name, value)| {
        let key = name.as_str().strip_prefix(METADATA).unwrap_or(name.as_str());
        data(key, &String::from_utf8_lossy(value.as_bytes()))
    })
    .collect()
}

fn of_prefix(headers: &HeaderMap, prefix: &str) -> Vec<Metadatum> {
    let named = headers.iter().filter_map(|(name, value)| {
        let key = name.as_str().strip_prefix(prefix)?;
        Some(data(key, &String::from_utf8_lossy(value.as_bytes())))
    });
    named.flatten().collect()
}
