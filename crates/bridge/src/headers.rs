//! HTTP headers ⇄ gRPC metadata, and how long a call may take. Shared by all faces that speak plain HTTP.
//!
//! Every bridge leaves out what belongs to one connection (RFC 9110 §7.6.1) or to the encoding of one message, and what
//! gRPC reserves for itself.

mod inbound;
mod outbound;
mod timeout;

pub(crate) use inbound::{Peer, metadata};
pub(crate) use outbound::{
    announced, append_metadata, append_trailers, is_framing, named, object_of, trailers_of,
    wants_trailers,
};
pub(crate) use timeout::{grpc_timeout, time, timeout};

use std::time::Duration;

/// Bytes of names and values that metadata may have in either direction; more is refused on the way in and left out on
/// the way back.
pub const MAX_METADATA_BYTES: usize = 64 << 10;

/// What becomes of headers and metadata, and how long calls may take, whatever face they come in by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderOptions {
    /// Headers of REST and WebSocket that become metadata of the same name beside those that the profile passes on, in
    /// lower case. The others pass on what is metadata.
    pub pass: Vec<String>,
    /// Metadata that servers never get from clients, in lower case, whether it came as a header of this name, as
    /// `Grpc-Metadata-*` or in a frame.
    pub drop: Vec<String>,
    /// Metadata that servers may send as trailers of answer streams, in lower case: HTTP/1.1 carries what was announced
    /// (RFC 9110 §6.6.2), and what a server announces itself need not be here.
    pub trailers: Vec<String>,
    /// No call takes longer, whatever the client asks for; none sets no bound.
    pub max_timeout: Option<Duration>,
    /// How long a call takes when the client does not say; none leaves it to the server.
    pub default_timeout: Option<Duration>,
}

impl HeaderOptions {
    /// How long a call takes for which a client asked for this.
    pub(crate) fn timeout(&self, asked: Option<Duration>) -> Option<Duration> {
        asked.or(self.default_timeout).into_iter().chain(self.max_timeout).min()
    }
}
