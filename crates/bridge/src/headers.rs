//! HTTP headers ⇄ gRPC metadata, and how long a call may take. Shared by all faces that speak plain HTTP.
//!
//! Every bridge leaves out what belongs to one connection (RFC 9110 §7.6.1) or to the encoding of one message, and what
//! gRPC reserves for itself.

mod inbound;
mod outbound;
mod timeout;

pub(crate) use inbound::{Peer, metadata};
pub(crate) use outbound::{append_metadata, append_trailers, is_framing, wants_trailers};
pub(crate) use timeout::{grpc_timeout, time, timeout};

use std::time::Duration;

/// Bytes of names and values that metadata may have in either direction; more is refused on the way in and left out on
/// the way back.
pub const MAX_METADATA_BYTES: usize = 64 << 10;

/// What becomes of headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderOptions {
    /// Headers that become metadata of the same name beside those that the profile passes on, in lower case.
    pub pass: Vec<String>,
    /// Headers that never become metadata, in lower case.
    pub drop: Vec<String>,
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
