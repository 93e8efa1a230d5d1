//! How a server is reached: its address, TLS, transport, and how calls spread over its instances.

use serde::{Deserialize, Serialize};

/// A server to call. Two equal endpoints share connections.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Endpoint {
    /// `host:port`, `[v6]:port`, `http(s)://host:port` (the scheme overrides `tls`), `unix:///path`,
    /// `dns:///name:port`, `ipv4:a:1,b:2`, `ipv6:[a]:1,[b]:2`, `etcd://host:port/prefix` or
    /// `consul://host:port/service`.
    pub address: String,
    /// Whether the connection is protected.
    #[serde(default)]
    pub tls: Tls,
    /// How, where the system's defaults do not do.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tls_options: TlsOptions,
    /// The protocol that carries the calls.
    #[serde(default, skip_serializing_if = "is_default")]
    pub transport: Transport,
    /// Whether calls go through a bridge that speaks gRPC to the server; REST and WebSocket always do.
    #[serde(default, skip_serializing_if = "is_default")]
    pub bridged: bool,
    /// The version of HTTP below it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub http: HttpVersion,
    /// Sent as `:authority` (or `Host`) instead of the address; with TLS not the name that is verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// Sent as `user-agent` instead of Wirelab's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// How calls spread over the instances that the address resolves to.
    #[serde(default, skip_serializing_if = "is_default")]
    pub balancing: Balancing,
    /// Milliseconds between HTTP/2 pings on an open connection; none sends no pings. At least 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keepalive_ms: Option<u64>,
    /// Milliseconds that a new connection may take, TLS included, all instances together; none is ten seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect_timeout_ms: Option<u64>,
    /// A gRPC service config as JSON text
    /// (<https://github.com/grpc/grpc/blob/master/doc/service_config.md>): retries, throttling, timeouts,
    /// wait-for-ready and the balancing policy where `balancing` names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_config: Option<String>,
}

impl Endpoint {
    /// Whether calls go through a bridge.
    pub fn through_bridge(&self) -> bool {
        self.bridged && self.transport != Transport::Grpc || self.transport.needs_bridge()
    }

    /// The server behind the bridge, as the bridge calls it: itself where there is no bridge.
    #[must_use]
    pub fn behind_bridge(&self) -> Endpoint {
        let mut endpoint = Endpoint { bridged: false, ..self.clone() };
        if self.through_bridge() {
            endpoint.transport = Transport::Grpc;
            endpoint.http = HttpVersion::Auto;
        }
        endpoint
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Whether a connection is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Tls {
    /// Plaintext.
    #[default]
    Off,
    /// TLS; verified by the system's root certificates unless [`TlsOptions`] say otherwise.
    System,
}

/// What TLS trusts and shows. Files hold PEM; their content is never recorded, only their paths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TlsOptions {
    /// File of the authorities to trust instead of the system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// File of the client's certificate chain; needs `key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cert: Option<String>,
    /// File of the client's private key (PKCS #8, PKCS #1 or SEC 1); needs `cert`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The name to ask for and to verify instead of the address's host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// Whether any certificate is accepted. Unsafe; shown loudly wherever it is on.
    #[serde(default, skip_serializing_if = "is_default")]
    pub insecure: bool,
}

/// The protocol that carries calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Transport {
    /// gRPC over HTTP/2.
    #[default]
    Grpc,
    /// gRPC-Web, binary (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md>).
    GrpcWeb,
    /// gRPC-Web, base64 text.
    GrpcWebText,
    /// Connect with Protobuf messages (<https://connectrpc.com/docs/protocol/>).
    Connect,
    /// Connect with JSON messages.
    ConnectJson,
    /// REST by `google.api.http`, through a bridge.
    Rest,
    /// One WebSocket a call with JSON messages, through a bridge.
    WebSocket,
}

impl Transport {
    /// Every transport, in the order that people are shown.
    pub const ALL: [Transport; 7] = [
        Transport::Grpc,
        Transport::GrpcWeb,
        Transport::GrpcWebText,
        Transport::Connect,
        Transport::ConnectJson,
        Transport::Rest,
        Transport::WebSocket,
    ];

    /// `gRPC`, `gRPC-Web`, `gRPC-Web text`, `Connect`, `Connect JSON`, `REST`, `WebSocket`.
    pub fn name(self) -> &'static str {
        match self {
            Transport::Grpc => "gRPC",
            Transport::GrpcWeb => "gRPC-Web",
            Transport::GrpcWebText => "gRPC-Web text",
            Transport::Connect => "Connect",
            Transport::ConnectJson => "Connect JSON",
            Transport::Rest => "REST",
            Transport::WebSocket => "WebSocket",
        }
    }

    /// Whether messages travel as JSON.
    pub fn carries_json(self) -> bool {
        matches!(self, Transport::Rest | Transport::WebSocket | Transport::ConnectJson)
    }

    /// Whether only a bridge can carry it: no server of gRPC speaks it by itself.
    pub fn needs_bridge(self) -> bool {
        matches!(self, Transport::Rest | Transport::WebSocket)
    }

    /// The same with messages as Protobuf, as a server of gRPC speaks it.
    #[must_use]
    pub fn as_protobuf(self) -> Transport {
        match self {
            Transport::ConnectJson => Transport::Connect,
            Transport::Rest | Transport::WebSocket => Transport::Grpc,
            other => other,
        }
    }
}

/// The version of HTTP below a transport.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum HttpVersion {
    /// HTTP/2 for gRPC; for the others what ALPN agrees on, or HTTP/1.1 without TLS.
    #[default]
    Auto,
    /// HTTP/1.1; gRPC itself cannot.
    Http1,
    /// HTTP/2, without TLS by prior knowledge.
    Http2,
}

/// How calls spread over instances.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Balancing {
    /// Which instance the next call goes to; none asks the service config, then picks the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<BalancingPolicy>,
    /// Leave out instances whose `grpc.health.v1` Watch does not say SERVING for this service name (empty: the
    /// server as a whole); none does not ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<String>,
    /// Leave failing instances in for ever; otherwise they are ejected for a growing time.
    #[serde(default, skip_serializing_if = "is_default")]
    pub never_eject: bool,
}

/// Which instance the next call goes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BalancingPolicy {
    /// The first that can be connected to, until it fails.
    #[default]
    PickFirst,
    /// One after the other.
    RoundRobin,
    /// The less busy of two random ones.
    LeastRequest,
    /// In proportion to the weights that the resolver gives.
    Weighted,
}

impl BalancingPolicy {
    /// `pick_first`, `round_robin`, `least_request` or `weighted`.
    pub fn name(self) -> &'static str {
        match self {
            BalancingPolicy::PickFirst => "pick_first",
            BalancingPolicy::RoundRobin => "round_robin",
            BalancingPolicy::LeastRequest => "least_request",
            BalancingPolicy::Weighted => "weighted",
        }
    }
}

/// When a failed call is tried again, after gRPC's `retryPolicy`
/// (<https://github.com/grpc/proposal/blob/master/A6-client-retries.md>).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// The first attempt included; 2 to 5, more is taken as 5.
    pub max_attempts: u32,
    /// Before the second attempt, at most, milliseconds; the wait is random between 0 and this.
    pub initial_backoff_ms: u64,
    /// The most that the wait grows to, milliseconds.
    pub max_backoff_ms: u64,
    /// How it grows from attempt to attempt, in percent: 200 doubles it.
    pub backoff_percent: u32,
    /// The gRPC status codes after which it is tried again.
    pub codes: Vec<u32>,
}

impl Default for RetryPolicy {
    /// Three attempts on UNAVAILABLE, 100 ms doubling up to 1 s.
    fn default() -> Self {
        RetryPolicy {
            max_attempts: 3,
            initial_backoff_ms: 100,
            max_backoff_ms: 1_000,
            backoff_percent: 200,
            codes: vec![14],
        }
    }
}

/// How messages are compressed on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Compression {
    /// RFC 1952.
    Gzip,
    /// The zlib format (RFC 1950), which is what gRPC and HTTP call deflate.
    Deflate,
    /// RFC 8878.
    Zstd,
}

impl Compression {
    /// Every one of them.
    pub const ALL: [Compression; 3] = [Compression::Gzip, Compression::Deflate, Compression::Zstd];

    /// `gzip`, `deflate` or `zstd`, as headers say it.
    pub fn name(self) -> &'static str {
        match self {
            Compression::Gzip => "gzip",
            Compression::Deflate => "deflate",
            Compression::Zstd => "zstd",
        }
    }
}
