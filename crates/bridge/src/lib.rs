//! REST, WebSocket, gRPC-Web, Connect and gRPC in front of any gRPC server, from descriptors alone.
//!
//! Owns what a request of any of these faces means and how the answer of a gRPC call is told in it. Calls are made by
//! an [`Invoke`](wirelab_call::Invoke), messages are converted by a [`Codec`](wirelab_transcode::Codec): a payload is
//! parsed once and held once. Knows no screen, no database and no studio.

#![allow(
    clippy::result_large_err,
    reason = "a refusal is made at most once in a request, which fails by it"
)]

pub mod admission;
mod bind;
mod bindings;
mod body;
mod bridge;
mod catalog;
mod client;
mod compress;
mod cors;
mod face;
mod gateway;
mod headers;
mod hosted;
mod life;
mod live;
pub mod observe;
mod openapi;
mod options;
mod own;
mod profile;
mod refusal;
mod rest;
mod rpc;
mod rules;
pub mod serve;
mod socket;
mod upstream;
mod wire;

pub use bind::{Binding, DEFAULT_MAX_PARAMETERS, Unescape};
pub use bindings::{Bindings, BoundRequest};
pub use bridge::Bridge;
pub use client::{BridgeClient, CLIENT_CONNECT_TIMEOUT, CLIENT_EVENTS, MAX_IDLE_CONNECTIONS};
pub use compress::{CompressionOptions, MAX_CODINGS, MIN_COMPRESSED_BYTES, PIECE_BYTES};
pub use cors::{CORS_MAX_AGE, CorsOptions, Headers, Origin, Origins};
pub use gateway::{Gateway, Setup};
pub use headers::{HeaderOptions, MAX_METADATA_BYTES};
pub use hosted::TOKEN;
pub use live::{Configured, REFLECT_INTERVAL, Reread, WATCH_INTERVAL};
pub use openapi::{OpenApi, Security};
pub use options::Options;
pub use own::{CREDENTIALS_INTERVAL, Own};
pub use profile::Profile;
pub use rest::{FLUSH_BYTES, HEAD_WAIT, RestOptions, SSE_KEEP_ALIVE};
pub use rules::{Routing, ServiceConfig};
pub use socket::{
    Framings, PING_INTERVAL, PONG_TIMEOUT, RESUME_BYTES, RESUME_MESSAGES, RESUME_STREAMS,
    RESUME_WINDOW, ResumeOptions, SOCKET_QUEUE_BYTES, SOCKET_QUEUE_MESSAGES, START_TIMEOUT,
    SlowConsumer, SocketCounts, SocketOptions,
};
pub use upstream::{UPSTREAM_QUEUE, UPSTREAM_WINDOW};

/// What the fuzz targets of this crate call.
#[doc(hidden)]
pub mod fuzzing {
    pub use crate::socket::fuzz::socket;
}
