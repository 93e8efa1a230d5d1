//! What history keeps, how it is searched, and how one message is shown whole.

use crate::{
    Blob, CallKind, CallSpec, Costs, Direction, Metadatum, Problem, Sizes, Status, Timings,
};
use serde::{Deserialize, Serialize};

/// Names a recorded call. Positive ids are stored; a call that history could not take has a negative one that
/// lives as long as the process.
pub type CallId = i64;

/// Names a saved request.
pub type SavedId = i64;

/// How much of a message's JSON text [`MessageRow::text`] holds at most, in bytes.
pub const MESSAGE_TEXT_BYTES: usize = 2048;

/// How far a call has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CallState {
    /// Under way.
    #[default]
    Running,
    /// Ended with a status.
    Finished,
    /// The process ended before the call did; found so at the next start.
    Interrupted,
}

/// A call, apart from its messages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CallRecord {
    /// Its name.
    pub id: CallId,
    /// What was asked for.
    pub spec: CallSpec,
    /// Wall clock at the begin, milliseconds since the Unix epoch.
    pub started_unix_ms: i64,
    /// How far it has come.
    pub state: CallState,
    /// The peer's `ip:port`, or the path of its socket, once known.
    pub peer: Option<String>,
    /// What TLS agreed on with it.
    #[serde(default)]
    pub tls: Option<crate::TlsInfo>,
    /// The instances that the address resolved to, where this call resolved it.
    #[serde(default)]
    pub resolved: Vec<String>,
    /// Attempts that failed before the one that the rest of the record is about.
    #[serde(default)]
    pub attempts: Vec<crate::Attempt>,
    /// The last HTTP/2 ping's round trip, nanoseconds.
    #[serde(default)]
    pub rtt_ns: Option<u64>,
    /// Bytes of all requests as they went, when they were compressed.
    #[serde(default)]
    pub sent_compressed: Option<u64>,
    /// Bytes of all responses as they came, when any was compressed.
    #[serde(default)]
    pub received_compressed: Option<u64>,
    /// What its credentials were, such as `bearer`; they themselves are not kept.
    #[serde(default)]
    pub auth: Option<String>,
    /// The HTTP request that carried it, where the transport tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<crate::HttpRequest>,
    /// Response headers.
    pub headers: Vec<Metadatum>,
    /// Trailers.
    pub trailers: Vec<Metadatum>,
    /// How it ended.
    pub status: Option<Status>,
    /// Whether requests are complete.
    pub half_closed: bool,
    /// Where the time went.
    pub timings: Timings,
    /// What moved.
    pub totals: Totals,
}

/// Sums over the messages of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Request messages.
    pub sent: u64,
    /// Response messages.
    pub received: u64,
    /// Protobuf bytes of all requests.
    pub sent_bytes: u64,
    /// Protobuf bytes of all responses.
    pub received_bytes: u64,
    /// The same requests as compact ProtoJSON; none when one could not be read.
    pub sent_json_bytes: Option<u64>,
    /// The same responses as compact ProtoJSON; none when one could not be read.
    pub received_json_bytes: Option<u64>,
    /// Bytes written to the connection, framing and headers included, where known.
    pub wire_sent: Option<u64>,
    /// Bytes read from the connection, framing and headers included, where known.
    pub wire_received: Option<u64>,
}

/// A message of a call as a list shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageRow {
    /// Its place among all messages of the call, both directions, from 0.
    pub index: u64,
    /// Which way it went.
    pub direction: Direction,
    /// Nanoseconds since the call began.
    pub at_ns: u64,
    /// Size as Protobuf, bytes.
    pub bytes: u64,
    /// Size as compact ProtoJSON, bytes; none when it could not be read as its type.
    pub json_bytes: Option<u64>,
    /// Compact ProtoJSON, cut at [`MESSAGE_TEXT_BYTES`] on a character's border.
    pub text: String,
}

/// A message of a call with its bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageRecord {
    /// As a list shows it.
    pub row: MessageRow,
    /// The Protobuf bytes exactly as they went.
    pub wire: Blob,
}

/// One message shown whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageDetail {
    /// As a list shows it.
    pub row: MessageRow,
    /// Pretty ProtoJSON; empty when it could not be read as its type.
    pub json: String,
    /// Why it could not be read.
    pub problem: Option<Problem>,
    /// The Protobuf bytes, cut at 64 KiB; `row.bytes` is the true size.
    pub wire: Blob,
    /// Which field each byte belongs to, outer before inner, by start; at most 4,096.
    pub spans: Vec<ByteSpan>,
    /// Its size in each form, measured.
    pub sizes: Sizes,
    /// What converting it costs, measured; none when it could not be read.
    pub costs: Option<Costs>,
}

/// The bytes of one field occurrence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByteSpan {
    /// First byte of the tag.
    pub start: u32,
    /// First byte of the length prefix; the same as `value` when there is none.
    pub length: u32,
    /// First byte of the value (after tag and length prefix).
    pub value: u32,
    /// One past the last byte.
    pub end: u32,
    /// How many messages it is nested in, 0 at the top.
    pub depth: u32,
    /// `stock.bins[1].count`; an unknown field is `?7`.
    pub path: String,
    /// Field number.
    pub number: u32,
    /// `varint`, `i64`, `len`, `group` or `i32`.
    pub wire_type: String,
    /// The value in a few words, such as `1840` or `"KB-204"` or `4 fields`.
    pub text: String,
    /// Where it is in the message's JSON text; none where the text does not have it.
    pub json: Option<JsonSpan>,
}

/// Where a field is in a JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JsonSpan {
    /// First byte of its name, or of the value where it has none: an element of a list.
    pub start: u32,
    /// One past the last byte of its value.
    pub end: u32,
    /// Bytes it takes in compact JSON.
    pub compact: u32,
}

/// Which calls to show. Every part that is set must match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryFilter {
    /// Words that each occur, in any case, in the method, address, status name or message, or message texts.
    pub text: String,
    /// `pkg.Service/Method`, exactly.
    pub method: Option<String>,
    /// gRPC status code.
    pub status: Option<u32>,
    /// True: only those that ended with a status other than OK or were interrupted. False: only OK.
    pub failed: Option<bool>,
    /// Started at or after, milliseconds since the Unix epoch.
    pub since_unix_ms: Option<i64>,
    /// Started before.
    pub until_unix_ms: Option<i64>,
}

/// A part of the list, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryQuery {
    /// Which calls.
    pub filter: HistoryFilter,
    /// How many of the newest to pass over.
    pub offset: u64,
    /// How many rows to return; at most 1,000 are.
    pub limit: u32,
}

/// A part of the list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HistoryPage {
    /// How many calls match in all.
    pub total: u64,
    /// As asked.
    pub offset: u64,
    /// Newest first.
    pub rows: Vec<HistoryRow>,
}

/// A call as the list shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryRow {
    /// Its name.
    pub id: CallId,
    /// `pkg.Service/Method`.
    pub method: String,
    /// Which sides stream.
    pub kind: CallKind,
    /// The server's address as asked for.
    pub address: String,
    /// Milliseconds since the Unix epoch.
    pub started_unix_ms: i64,
    /// How far it has come.
    pub state: CallState,
    /// gRPC status code once finished.
    pub status: Option<u32>,
    /// Nanoseconds from begin to end.
    pub total_ns: u64,
    /// What moved.
    pub totals: Totals,
    /// The beginning of the first request's JSON text.
    pub text: String,
    /// The protocol that carried it.
    #[serde(default)]
    pub transport: crate::Transport,
    /// How many attempts failed and were made again.
    #[serde(default)]
    pub retries: u32,
}

/// One finished call for the latency charts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LatencyPoint {
    /// Milliseconds since the Unix epoch.
    pub started_unix_ms: i64,
    /// Nanoseconds from begin to end.
    pub total_ns: u64,
    /// Whether the status was OK.
    pub ok: bool,
}

/// Mean payload of a method's calls, requests and responses together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MethodPayload {
    /// `pkg.Service/Method`.
    pub method: String,
    /// How many calls the means are over.
    pub calls: u64,
    /// Mean Protobuf bytes a call.
    pub proto_bytes: f64,
    /// Mean compact ProtoJSON bytes a call.
    pub json_bytes: f64,
}

/// A request kept by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedRequest {
    /// 0 for one not saved yet.
    pub id: SavedId,
    /// What people call it; unique.
    pub name: String,
    /// The call.
    pub spec: CallSpec,
    /// JSON text of each message as typed, half-typed ones included.
    pub messages: Vec<String>,
    /// Its credentials without what is secret.
    #[serde(default)]
    pub auth: Option<crate::Auth>,
    /// Milliseconds since the Unix epoch of the last change; set by the store.
    pub updated_unix_ms: i64,
}
