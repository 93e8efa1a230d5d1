//! REST, WebSocket, gRPC-Web, Connect and gRPC in front of any gRPC server, from descriptors alone.
//!
//! Owns what a request of any of these faces means and how the answer of a gRPC call is told in it. Calls are made by
//! an [`Invoke`](wirelab_call::Invoke), messages are converted by a [`Codec`](wirelab_transcode::Codec): a payload is
//! parsed once and held once. Knows no screen, no database and no studio.

mod bind;
mod bridge;
mod catalog;
mod face;
mod options;
mod refusal;
mod rest;
mod rpc;
mod rules;
mod socket;
mod upstream;

pub use bind::{Binding, DEFAULT_MAX_PARAMETERS, Unescape};
pub use bridge::Bridge;
pub use options::{Options, Profile};
