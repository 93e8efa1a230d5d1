//! The bridge: how it is started, how it goes, and what it binds.

use crate::{CallKind, Endpoint, Metadatum, Problem};
use serde::{Deserialize, Serialize};

/// Where the bridge listens unless told otherwise: this machine alone can reach it.
pub const DEFAULT_BRIDGE_LISTEN: &str = "127.0.0.1:8080";

/// How to start the bridge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BridgeSettings {
    /// `host:port`; port 0 takes a free one.
    pub listen: String,
    /// Whose habits it has where transcoders differ.
    #[serde(default)]
    pub profile: BridgeProfile,
    /// The server behind it; its transport is gRPC whatever this says.
    #[serde(default)]
    pub upstream: Endpoint,
    /// Pages of these origins may call it, such as `https://app.example`; `*` is every page.
    #[serde(default)]
    pub allowed_origins: Vec<String>,
}

impl Default for BridgeSettings {
    fn default() -> Self {
        BridgeSettings {
            listen: DEFAULT_BRIDGE_LISTEN.to_owned(),
            profile: BridgeProfile::default(),
            upstream: Endpoint::default(),
            allowed_origins: Vec::new(),
        }
    }
}

/// Whose habits a bridge has where transcoders differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BridgeProfile {
    /// What the specifications say; strict where they are silent.
    #[default]
    Wirelab,
    /// Envoy's `grpc_json_transcoder` filter.
    Envoy,
    /// grpc-gateway's `runtime.ServeMux`.
    GrpcGateway,
    /// Connect's vanguard-go.
    Vanguard,
}

impl BridgeProfile {
    /// Every profile, the default first.
    pub const ALL: [BridgeProfile; 4] = [
        BridgeProfile::Wirelab,
        BridgeProfile::Envoy,
        BridgeProfile::GrpcGateway,
        BridgeProfile::Vanguard,
    ];

    /// `wirelab`, `envoy`, `grpc-gateway`, `vanguard`.
    pub fn name(self) -> &'static str {
        match self {
            BridgeProfile::Wirelab => "wirelab",
            BridgeProfile::Envoy => "envoy",
            BridgeProfile::GrpcGateway => "grpc-gateway",
            BridgeProfile::Vanguard => "vanguard",
        }
    }
}

/// How the bridge is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BridgeState {
    /// Whether it serves.
    pub phase: BridgePhase,
    /// How it was started last, or how it would be.
    pub settings: BridgeSettings,
    /// What passed through it since it was started.
    pub metrics: BridgeMetrics,
    /// Streams under way, oldest first, at most [`BRIDGE_STREAMS`].
    pub streams: Vec<BridgeStream>,
    /// Why the schema that it serves is not the newest, when the newest cannot be served.
    #[serde(default)]
    pub stale: Option<Problem>,
}

/// How many open streams a [`BridgeState`] lists; `metrics.open_streams` counts them all.
pub const BRIDGE_STREAMS: usize = 200;

/// Whether the bridge serves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum BridgePhase {
    /// It does not.
    #[default]
    Stopped,
    /// Soon.
    Starting,
    /// It does.
    Running {
        /// The `ip:port` that it listens at.
        address: String,
    },
    /// It could not be started, or ended.
    Failed(Problem),
}

/// What passed through the bridge.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BridgeMetrics {
    /// Milliseconds since it was started.
    pub uptime_ms: u64,
    /// By all faces together.
    pub total: FaceMetrics,
    /// By each face.
    pub faces: Vec<FaceMetrics>,
    /// Calls under way in which a side streams.
    pub open_streams: u64,
}

/// What passed by one face of the bridge, or by all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaceMetrics {
    /// `grpc`, `grpc-web`, `connect`, `websocket` or `rest`; empty for all.
    pub face: String,
    /// Answers to clients, refusals before a call included.
    pub requests: u64,
    /// Requests that did not become a call.
    pub refused: u64,
    /// Calls that ended, by the number of their gRPC status, ascending.
    pub codes: Vec<(u32, u64)>,
    /// Unary calls that ended: those that have a latency. Streams take as long as their clients want.
    pub timed: u64,
    /// Half of the unary calls took so long at most, nanoseconds, within a bucket of a histogram; none when there were none.
    pub p50_ns: Option<u64>,
    /// As above, of 99 in 100 calls.
    pub p99_ns: Option<u64>,
    /// Calls under way.
    pub open: u64,
    /// Bytes of request messages, as Protobuf.
    pub request_bytes: u64,
    /// Bytes of response messages, as Protobuf.
    pub response_bytes: u64,
    /// Messages that wait for clients to take them.
    pub queued: u64,
    /// Messages that slow clients missed.
    pub dropped: u64,
}

impl FaceMetrics {
    /// Calls that ended.
    pub fn calls(&self) -> u64 {
        self.codes.iter().map(|(_, count)| count).sum()
    }

    /// Calls that ended with another status than OK, without those that their clients gave up (CANCELLED).
    pub fn errors(&self) -> u64 {
        self.codes.iter().filter(|(code, _)| *code > 1).map(|(_, count)| count).sum()
    }
}

/// A stream under way through the bridge.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BridgeStream {
    /// Tells streams apart as long as the bridge runs.
    pub id: u64,
    /// `pkg.Service/Method`.
    pub method: String,
    /// As in [`FaceMetrics`].
    #[serde(default)]
    pub face: String,
    /// Which sides stream.
    pub kind: CallKind,
    /// Milliseconds since it began.
    pub age_ms: u64,
    /// Messages from the client.
    pub sent: u64,
    /// Messages from the server.
    pub received: u64,
    /// Bytes of all these messages, as Protobuf.
    pub bytes: u64,
}

/// A way to a method.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Binding {
    /// `pkg.Service/Method`.
    pub method: String,
    /// Which sides stream.
    pub kind: CallKind,
    /// `GET`, `PUT`, `POST`, `DELETE`, `PATCH` or a custom kind.
    pub verb: String,
    /// `/v1/stock/{sku}`.
    pub template: String,
    /// Field that is the HTTP body, `*` for the whole message, empty for none.
    pub body: String,
    /// Field of the response that is the HTTP body; empty for the whole message.
    pub response_body: String,
    /// Whether it is one of `additional_bindings`.
    pub additional: bool,
    /// Whether no rule says so: every method is at `POST /pkg.Service/Method`.
    pub implicit: bool,
}

/// What the loaded schemas bind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bindings {
    /// By service and method, a method's in the order of its rule.
    pub bindings: Vec<Binding>,
    /// Why there are none, or which rules contradict each other.
    pub problems: Vec<Problem>,
}

/// A request to be seen as a binding sends it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewBinding {
    /// The binding.
    pub binding: Binding,
    /// The request message, JSON text.
    pub json: String,
    /// Sent along.
    #[serde(default)]
    pub metadata: Vec<Metadatum>,
}

/// A request as a binding sends it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BindingPreview {
    /// The HTTP method.
    pub verb: String,
    /// Path and query, percent-encoded.
    pub target: String,
    /// Where it goes: the running bridge and `target`, or where it would listen.
    pub url: String,
    /// Header lines beside those that every client sends.
    pub headers: Vec<(String, String)>,
    /// Pretty JSON; none when the binding has no body.
    pub body: Option<String>,
    /// The same as a `curl` command line; metadata that may be secret is left as a placeholder.
    pub curl: String,
    /// Where a WebSocket of the same call goes.
    pub socket: String,
    /// Why the request cannot be sent that way; the rest is then empty.
    pub problem: Option<Problem>,
}
