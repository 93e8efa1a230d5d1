//! Shows messages: parts of a call's list, and one message whole.

use crate::{Studio, codecs::Codecs, json, records::not_found};
use std::time::Duration;
use wirelab_history::MAX_MESSAGES;
use wirelab_model::*;
use wirelab_transcode::{Codec, Encoding};

/// How much of a message's bytes is shown.
const SHOWN_WIRE: usize = 64 << 10;
/// How many spans the map of its bytes has at most.
const SHOWN_SPANS: usize = 4_096;
/// Fields have places in texts up to this length, for which finding them takes a moment.
const MAPPED_JSON: usize = 4 << 20;
/// How long measuring what a message costs may take, beside one repetition.
const COSTS_BUDGET: Duration = Duration::from_millis(5);
/// How long measuring what a message takes in every form may take, beside one or two repetitions.
const ENCODINGS_BUDGET: Duration = Duration::from_millis(200);

impl Studio {
    pub(crate) async fn rows(&self, query: MessagesQuery) -> Result<Vec<MessageRow>, Problem> {
        let MessagesQuery { call, from, limit } = query;
        let limit = limit.min(MAX_MESSAGES);
        match self.0.calls.get(call) {
            Some(live) => live.rows(from, limit).await,
            None => {
                let shelf = self.0.records.of(call)?;
                let rows = shelf.messages(call, from, limit).await?;
                if rows.is_empty() {
                    // An empty list of a call that is there differs from a call that is not.
                    self.recorded(call).await?;
                }
                Ok(rows)
            }
        }
    }

    pub(crate) async fn detail(&self, query: MessageQuery) -> Result<MessageDetail, Problem> {
        let (record, message) = self.one(query).await?;
        let codecs = self.0.sources.codecs();
        let shown =
            tokio::task::spawn_blocking(move || show(&codecs, &record.spec.method, message));
        shown.await.map_err(|_| Problem::new(ProblemKind::Internal, "showing the message failed"))
    }

    /// What a message takes in every form.
    pub(crate) async fn encoded(&self, query: MessageQuery) -> Result<Vec<Encoded>, Problem> {
        let (record, message) = self.one(query).await?;
        let method = record.spec.method;
        let types =
            self.0.sources.codecs().method(&method).ok_or_else(|| json::unknown_method(&method))?;
        let measured = tokio::task::spawn_blocking(move || {
            let codec = types.codec(message.row.direction);
            json::encodings(codec, &message.wire, &Encoding::ALL, ENCODINGS_BUDGET)
        });
        measured
            .await
            .map_err(|_| Problem::new(ProblemKind::Internal, "measuring the message failed"))
    }

    /// A message, running or recorded, and its call.
    async fn one(&self, query: MessageQuery) -> Result<(CallRecord, MessageRecord), Problem> {
        let MessageQuery { call, index } = query;
        let (record, message) = match self.0.calls.get(call) {
            Some(live) => (live.record(), live.message(index).await?),
            None => {
                (self.recorded(call).await?, self.0.records.of(call)?.message(call, index).await?)
            }
        };
        let message =
            message.ok_or_else(|| not_found(&format!("message {index} of call"), call))?;
        Ok((record, message))
    }

    /// Sizes of a request that can be sent.
    pub(crate) async fn checked(&self, request: CheckRequest) -> Result<Checked, Problem> {
        let CheckRequest { method, json: text } = request;
        let types =
            self.0.sources.codecs().method(&method).ok_or_else(|| json::unknown_method(&method))?;
        let checked =
            tokio::task::spawn_blocking(move || match json::encode(&types.input, &text) {
                Err(problem) => Checked { problems: vec![problem], sizes: None },
                Ok(wire) => {
                    let compact = json::compact(&types.input, &wire).unwrap_or_default();
                    Checked { problems: Vec::new(), sizes: Some(json::sizes(&wire, &compact)) }
                }
            });
        checked
            .await
            .map_err(|_| Problem::new(ProblemKind::Internal, "checking the request failed"))
    }
}

fn show(codecs: &Codecs, method: &str, message: MessageRecord) -> MessageDetail {
    let MessageRecord { row, wire } = message;
    let types = codecs.method(method);
    let shown = Blob(wire.0.slice(..wire.len().min(SHOWN_WIRE)));
    let Some(types) = types else {
        // Any message type without fields maps the bytes as unknown fields.
        let codec = codecs.message("google.protobuf.Empty");
        return MessageDetail {
            row,
            json: String::new(),
            problem: Some(json::unknown_method(method)),
            spans: codec.map(|codec| spans(&codec, &wire, b"")).unwrap_or_default(),
            sizes: json::sizes(&wire, &[]),
            wire: shown,
            costs: None,
        };
    };
    let codec = types.codec(row.direction);
    let (json, problem) = match json::pretty(codec, &wire) {
        Ok(json) => (json, None),
        Err(problem) => (String::new(), Some(problem)),
    };
    let compact = json::compact(codec, &wire).unwrap_or_default();
    let text = Some(json.as_bytes()).filter(|json| json.len() <= MAPPED_JSON);
    MessageDetail {
        row,
        spans: spans(codec, &wire, text.unwrap_or_default()),
        json,
        problem,
        sizes: json::sizes(&wire, &compact),
        costs: json::costs(&json::encodings(codec, &wire, &json::COSTED, COSTS_BUDGET)),
        wire: shown,
    }
}

fn spans(codec: &Codec, wire: &[u8], json: &[u8]) -> Vec<ByteSpan> {
    let place = |place: wirelab_transcode::JsonSpan| JsonSpan {
        start: place.start,
        end: place.end,
        compact: place.compact,
    };
    let span = |span: wirelab_transcode::FieldSpan| ByteSpan {
        start: span.start,
        length: span.length,
        value: span.value,
        end: span.end,
        depth: span.depth,
        path: span.path,
        number: span.number,
        wire_type: span.wire_type,
        text: span.text,
        json: span.json.map(place),
    };
    codec.byte_map(wire, json, SHOWN_SPANS).into_iter().map(span).collect()
}
