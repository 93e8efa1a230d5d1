//! What one connection, and all of them, may take.

use std::time::Duration;

/// The most connections that are open at once; others wait to be accepted.
pub const MAX_CONNECTIONS: usize = 20_000;
/// The most requests under way on one HTTP/2 connection; the client waits with others.
pub const MAX_STREAMS: u32 = 256;
/// The most bytes of the headers of a request; more is answered with 431, or refused by HTTP/2.
pub const HEADER_BYTES: usize = 64 << 10;
/// The most headers of a request over HTTP/1.1.
pub const MAX_HEADERS: usize = 200;
/// How long the headers of a request may take, and the first bytes of a connection; so long may a connection of
/// HTTP/1.1 be idle, too.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the handshake of TLS may take.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a silent HTTP/2 connection is asked whether somebody is there.
pub const PING_INTERVAL: Duration = Duration::from_secs(30);
/// How long that may take to be answered.
pub const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// The limits that can be set.
#[derive(Clone, Debug)]
pub struct Limits {
    /// See [`MAX_CONNECTIONS`].
    pub connections: usize,
    /// See [`MAX_STREAMS`].
    pub streams: u32,
    /// See [`HEADER_BYTES`]; at least 8,192.
    pub header_bytes: usize,
    /// See [`HEADER_TIMEOUT`].
    pub header_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections: MAX_CONNECTIONS,
            streams: MAX_STREAMS,
            header_bytes: HEADER_BYTES,
            header_timeout: HEADER_TIMEOUT,
        }
    }
}
