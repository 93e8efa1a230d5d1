//! What is known of the connections of an endpoint: what TLS agreed on, the instances, and their state.

use crate::{BalancingPolicy, Problem};
use serde::{Deserialize, Serialize};

/// What TLS negotiated and whom it met.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsInfo {
    /// `TLSv1.3`.
    pub version: String,
    /// `TLS13_AES_256_GCM_SHA384`.
    pub cipher: String,
    /// `h2`.
    pub alpn: String,
    /// The name that was asked for.
    #[serde(default)]
    pub server_name: String,
    /// Whether the peer's certificate was not verified because verification is off.
    #[serde(default)]
    pub insecure: bool,
    /// Whether a client certificate was sent.
    #[serde(default)]
    pub client_certificate: bool,
    /// The peer's certificates as it sent them, its own first.
    #[serde(default)]
    pub chain: Vec<CertificateInfo>,
}

/// One certificate of a chain (RFC 5280).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateInfo {
    /// Distinguished name, such as `CN=example.com`; empty when it cannot be read.
    pub subject: String,
    /// Distinguished name of who signed it.
    pub issuer: String,
    /// DNS names and IP addresses that it is for.
    pub names: Vec<String>,
    /// Begin of validity, seconds since the Unix epoch.
    pub not_before_unix_s: i64,
    /// End of validity, seconds since the Unix epoch.
    pub not_after_unix_s: i64,
    /// In hexadecimal.
    pub serial: String,
    /// SHA-256 of the certificate in hexadecimal.
    pub sha256: String,
}

/// One failed try of a call that was tried again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// The instance it went to, where one could be picked.
    pub instance: Option<String>,
    /// Nanoseconds since the call began.
    pub ended_at_ns: u64,
    /// How it ended.
    pub status: crate::Status,
    /// How long the next attempt was then held back, nanoseconds.
    pub backoff_ns: u64,
}

/// The instances behind an endpoint as the client sees them now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelInfo {
    /// What resolves the address: `dns`, `ipv4`, `ipv6`, `unix`, `etcd` or `consul`.
    pub resolver: String,
    /// Why the last resolution failed; the instances are then those of the one before.
    pub problem: Option<Problem>,
    /// Which instance the next call goes to.
    pub policy: BalancingPolicy,
    /// In the resolver's order.
    pub instances: Vec<InstanceInfo>,
}

/// One instance behind an endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceInfo {
    /// `ip:port` or the path of a socket.
    pub address: String,
    /// The weight that the resolver gives it; 1 where it gives none.
    pub weight: u32,
    /// Whether calls can go there.
    pub state: InstanceState,
    /// Calls under way.
    pub active: u64,
    /// Calls ever begun there.
    pub calls: u64,
    /// Failures in a row.
    pub failures: u32,
    /// The last HTTP/2 ping's round trip, nanoseconds.
    pub rtt_ns: Option<u64>,
    /// What last went wrong there.
    pub problem: Option<Problem>,
}

/// Whether calls can go to an instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum InstanceState {
    /// No connection is open.
    #[default]
    Idle,
    /// A connection is being made.
    Connecting,
    /// A connection is open.
    Ready,
    /// The last connection failed; it is tried again after a while.
    Failed,
    /// It failed too often and gets no calls for this long, milliseconds from now.
    Ejected {
        /// Milliseconds.
        for_ms: u64,
    },
    /// One trial call shows whether it has recovered.
    Probing,
    /// Its health service says that it does not serve.
    Unhealthy,
}
