//! Comparisons: what to run and what was found.

use crate::{CallSpec, Problem};
use serde::{Deserialize, Serialize};

/// Names a comparison run.
pub type BenchId = i64;

/// A comparison to run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BenchSpec {
    /// The call; its deadline holds for each.
    pub call: CallSpec,
    /// JSON text of the request messages of every call (one unless the client streams).
    pub messages: Vec<String>,
    /// How many calls to make; at least 1, at most 1,000,000.
    pub calls: u32,
    /// How many may be in flight at once; at least 1, at most 1,024.
    pub in_flight: u32,
    /// How many calls to make first that are not counted.
    pub warm_up: u32,
    /// The paths that are called, alternating; none is gRPC alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<BenchPath>,
}

/// Sizes of the same message in each form, bytes, all measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Sizes {
    pub proto: u64,
    pub proto_gzip: u64,
    pub json: u64,
    pub json_gzip: u64,
}

/// What converting the same message costs: medians in nanoseconds over `samples` repetitions, between bytes and
/// the same in-memory message both ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Costs {
    /// How many repetitions each median is over.
    pub samples: u32,
    /// Message to Protobuf bytes.
    pub proto_encode_ns: f64,
    /// Protobuf bytes to message.
    pub proto_decode_ns: f64,
    /// Message to JSON text.
    pub json_encode_ns: f64,
    /// JSON text to message.
    pub json_decode_ns: f64,
}

/// What messages take in one form, measured: bytes, and medians in nanoseconds over `samples` repetitions between
/// them and the same in-memory message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Encoded {
    /// `JSON`, `Protobuf + gzip`, `MessagePack`.
    pub form: String,
    /// Size.
    pub bytes: u64,
    /// How many repetitions each median is over.
    pub samples: u32,
    /// Message to bytes, compression included.
    pub encode_ns: f64,
    /// Bytes to message.
    pub decode_ns: f64,
}

/// How far a comparison has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum BenchState {
    /// Under way.
    #[default]
    Running,
    /// All calls made.
    Finished,
    /// Stopped on request; figures are over what was made.
    Cancelled,
    /// It could not go on; see `problem`.
    Failed,
}

/// A comparison under way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BenchProgress {
    /// Which one.
    pub id: BenchId,
    /// How far it has come.
    pub state: BenchState,
    /// Calls made.
    pub done: u32,
    /// Calls to make.
    pub total: u32,
    /// Calls that failed.
    pub errors: u32,
}

/// A way that a message can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BenchPath {
    /// gRPC over HTTP/2 with Protobuf: called.
    GrpcProtobuf,
    /// The same messages as JSON text: sizes and conversion measured, not sent.
    JsonText,
    /// gRPC-Web with Protobuf through the bridge: called.
    GrpcWebProtobuf,
    /// REST by `google.api.http` with JSON through the bridge: called.
    RestJson,
    /// A WebSocket a call with JSON through the bridge: called.
    WebSocketJson,
}

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BenchReport {
    /// Its name.
    pub id: BenchId,
    /// What was run.
    pub spec: BenchSpec,
    /// Milliseconds since the Unix epoch.
    pub started_unix_ms: i64,
    /// Nanoseconds the counted calls took together.
    pub elapsed_ns: u64,
    /// How it ended.
    pub state: BenchState,
    /// Why it could not go on, or the first error met.
    pub problem: Option<Problem>,
    /// One entry a path.
    pub paths: Vec<PathReport>,
    /// Mean bytes of one call's requests.
    pub request: Sizes,
    /// Mean bytes of one call's responses.
    pub response: Sizes,
    /// Cost of one call's requests, summed.
    pub request_costs: Option<Costs>,
    /// Cost of one call's responses, summed.
    pub response_costs: Option<Costs>,
    /// One call's requests in each form, summed; empty when one cannot be read, and in older reports.
    #[serde(default)]
    pub request_encodings: Vec<Encoded>,
    /// One call's responses in each form, summed; empty as above.
    #[serde(default)]
    pub response_encodings: Vec<Encoded>,
}

/// What was found on one path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PathReport {
    /// Which one.
    pub path: BenchPath,
    /// Calls counted, failed ones included.
    pub calls: u32,
    /// Calls that failed.
    pub errors: u32,
    /// Over the calls that succeeded; none where nothing was sent.
    pub latency: Option<Latency>,
    /// Mean request payload of a call, bytes.
    pub request_bytes: f64,
    /// Mean response payload of a call, bytes.
    pub response_bytes: f64,
    /// Mean bytes on the connection a call, both ways, framing and headers included; none where not known.
    pub wire_bytes: Option<f64>,
}

/// Latency of calls, nanoseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Latency {
    /// How many calls.
    pub count: u64,
    pub min_ns: u64,
    pub mean_ns: f64,
    pub p50_ns: u64,
    pub p90_ns: u64,
    pub p99_ns: u64,
    pub max_ns: u64,
    /// `(percentile, ns)`, percentiles ascending from 0 to 100, dense towards the end; for the chart.
    pub curve: Vec<(f64, u64)>,
}

/// A comparison as the list shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BenchRow {
    /// Its name.
    pub id: BenchId,
    /// `pkg.Service/Method`.
    pub method: String,
    /// Which sides stream.
    pub kind: crate::CallKind,
    /// Milliseconds since the Unix epoch.
    pub started_unix_ms: i64,
    /// How it ended.
    pub state: BenchState,
}
