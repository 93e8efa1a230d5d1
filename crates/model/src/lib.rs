//! Plain data that crosses every border of Wirelab: what a schema offers, what a call is and did, what
//! history keeps, what a comparison found, and the one list of studio methods.
//!
//! Owns the shapes, their serde form and pure folds over them. Knows no Protobuf, network, database or
//! screen; compiles to wasm. Enums travel externally tagged (serde's default), 64-bit byte strings as
//! base64, times as whole nanoseconds since the call began or milliseconds since the Unix epoch.

mod auth;
mod bench;
mod blob;
mod bridge;
mod call;
mod catalog;
mod connection;
mod endpoint;
mod form;
mod history;
mod problem;
mod studio;
mod timing;

pub use auth::{Auth, JwtAuth, OAuth2, OAuth2Grant, Secret};
pub use bench::{
    BenchId, BenchPath, BenchProgress, BenchReport, BenchRow, BenchSpec, BenchState, Costs,
    Encoded, Latency, PathReport, Sizes,
};
pub use blob::Blob;
pub use bridge::{
    BRIDGE_STREAMS, Binding, BindingPreview, Bindings, BridgeMetrics, BridgePhase, BridgeProfile,
    BridgeSettings, BridgeState, BridgeStream, DEFAULT_BRIDGE_LISTEN, FaceMetrics, PreviewBinding,
};
pub use call::{
    CallEvent, CallEventKind, CallKind, CallSpec, DEFAULT_MAX_MESSAGE_BYTES, Direction,
    HttpRequest, MetadataValue, Metadatum, REQUEST_TEXT_BYTES, Status, StatusCode, WireBytes,
};
pub use catalog::{
    Catalog, HttpRule, MethodInfo, ServiceInfo, SourceId, SourceInfo, SourceSpec, SourceState,
};
pub use connection::{
    Attempt, CertificateInfo, ChannelInfo, EXPIRY_WARNING_DAYS, InstanceInfo, InstanceState,
    TlsInfo, utc_date,
};
pub use endpoint::{
    Balancing, BalancingPolicy, Compression, Endpoint, HttpVersion, RetryPolicy, Tls, TlsOptions,
    Transport,
};
pub use form::{
    Cardinality, EnumShape, EnumValueShape, FieldShape, FieldType, FormTypes, MessageShape, Scalar,
    WellKnown,
};
pub use history::{
    ByteSpan, CallId, CallRecord, CallState, HistoryFilter, HistoryPage, HistoryQuery, HistoryRow,
    JsonSpan, LatencyPoint, MESSAGE_TEXT_BYTES, MessageDetail, MessageRecord, MessageRow,
    MethodPayload, SavedId, SavedRequest, Totals,
};
pub use problem::{Problem, ProblemKind, Span};
pub use studio::*;
pub use timing::{Timings, TimingsFold};
