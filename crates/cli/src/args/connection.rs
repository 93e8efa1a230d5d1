//! Flags that say how a server is reached.

use super::values::{Named, duration, named};
use clap::Args as ClapArgs;
use std::{path::PathBuf, time::Duration};
use wirelab_model::{BalancingPolicy, HttpVersion, Transport};

const TRANSPORTS: Named<Transport> = &[
    ("grpc", Transport::Grpc),
    ("grpc-web", Transport::GrpcWeb),
    ("grpc-web-text", Transport::GrpcWebText),
    ("connect", Transport::Connect),
    ("connect-json", Transport::ConnectJson),
    ("rest", Transport::Rest),
    ("ws", Transport::WebSocket),
];
const VERSIONS: Named<HttpVersion> =
    &[("auto", HttpVersion::Auto), ("1.1", HttpVersion::Http1), ("2", HttpVersion::Http2)];
const POLICIES: Named<BalancingPolicy> = &[
    ("pick_first", BalancingPolicy::PickFirst),
    ("round_robin", BalancingPolicy::RoundRobin),
    ("least_request", BalancingPolicy::LeastRequest),
    ("weighted", BalancingPolicy::Weighted),
];

/// How a server is reached: what becomes an `Endpoint`.
#[derive(Debug, Default, ClapArgs)]
#[command(next_help_heading = "Connection")]
pub struct Connection {
    /// TLS with the system's root certificates [default: for https:// and port 443]
    #[arg(long)]
    pub tls: bool,
    /// No TLS [default: for every other address]
    #[arg(long, conflicts_with_all = ["tls", "cacert", "cert", "key", "insecure"])]
    pub plaintext: bool,
    /// Trust the authorities in this PEM file instead of the system's
    #[arg(long, value_name = "FILE")]
    pub cacert: Option<PathBuf>,
    /// Show the server this client certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "key")]
    pub cert: Option<PathBuf>,
    /// The private key of the client certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
    /// Accept any certificate; unsafe: nobody knows who answers
    #[arg(long)]
    pub insecure: bool,
    /// Verify the certificate for this name instead of the address's
    #[arg(long, value_name = "NAME")]
    pub servername: Option<String>,
    /// Send this as :authority instead of the address
    #[arg(long, value_name = "NAME")]
    pub authority: Option<String>,
    /// Send this as user-agent
    #[arg(long, value_name = "TEXT")]
    pub user_agent: Option<String>,
    /// The address is the path of a Unix socket, as with unix:///PATH
    #[arg(long)]
    pub unix: bool,
    /// The protocol that carries calls [default: grpc]
    #[arg(long, value_name = "NAME", value_parser = named(TRANSPORTS))]
    pub transport: Option<Transport>,
    /// Call gRPC-Web or Connect through a bridge of this program's own, for servers that speak gRPC alone; REST and
    /// WebSocket always go through one
    #[arg(long)]
    pub bridged: bool,
    /// The version of HTTP below it [default: auto]
    #[arg(long, value_name = "VERSION", value_parser = named(VERSIONS))]
    pub http: Option<HttpVersion>,
    /// Give up connecting after this time, such as 500ms or 5s; bare numbers are seconds
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub connect_timeout: Option<Duration>,
    /// Ping an open connection this often
    #[arg(long, alias = "keepalive-time", value_name = "TIME", value_parser = duration)]
    pub keepalive: Option<Duration>,
    /// How calls spread over the instances of an address
    #[arg(long, value_name = "POLICY", value_parser = named(POLICIES))]
    pub balance: Option<BalancingPolicy>,
    /// Leave out instances that do not serve this service by their health service; empty for the whole server
    #[arg(long, value_name = "SERVICE")]
    pub health_service: Option<String>,
    /// A gRPC service config: retries, timeouts, balancing
    #[arg(long, value_name = "JSON | @FILE")]
    pub service_config: Option<String>,
}
