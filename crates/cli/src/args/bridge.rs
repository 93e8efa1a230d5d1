//! Flags of `wirelab bridge`.

use super::rest::Rest;
use super::values::{Named, duration, named, size};
use super::websocket::WebSockets;
use super::{Calls, Connection, Credentials, Schemas};
use clap::Args as ClapArgs;
use std::{num::NonZeroUsize, path::PathBuf, time::Duration};
use wirelab_bridge::Profile;
use wirelab_bridge::serve::{Listen, MAX_STREAMS};

const PROFILES: Named<Profile> = &[
    ("wirelab", Profile::Wirelab),
    ("envoy", Profile::Envoy),
    ("grpc-gateway", Profile::GrpcGateway),
    ("grpc-gateway-v1", Profile::GrpcGatewayV1),
    ("vanguard", Profile::Vanguard),
];

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  wirelab bridge --upstream localhost:50051
  wirelab bridge --listen 8080 --upstream api.example.com:443 --protoset api.binpb
  wirelab bridge --upstream 10.0.0.1:50051 --upstream 10.0.0.2:50051 --balance least_request
  wirelab bridge --listen unix:///run/bridge.sock --upstream unix:///run/server.sock
  wirelab bridge --config bridge.yaml
  wirelab bridge --upstream localhost:50051 --tls-cert cert.pem --tls-key key.pem --client-ca ca.pem

A configuration is YAML or JSON: every flag by its long name (`upstream: localhost:50051`, lists for
those that may be repeated), and `admission`: limits, tokens, keys and rules by method, as the README
shows. Flags on the command line win.

One port serves REST by google.api.http, WebSocket, gRPC-Web, Connect and gRPC. It answers on this
machine only unless --listen names another address. Schemas, rules, certificates, keys and `admission`
are read again when their files change, and on SIGHUP; what breaks leaves what was there. SIGTERM and
Ctrl-C let what is under way end, then it ends with exit code 0.

Exit codes:
  0  told to end, and ended
  1  wrong usage; it cannot listen; the schema cannot be used; --require-upstream and nobody there;
     --probe and no good answer")]
pub struct Bridge {
    /// Take flags, and who may call what, from this file (YAML or JSON)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where to listen: an IP address with a port, a port on loopback, or unix:///PATH; may be repeated
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: Vec<Listen>,
    /// A name that clients call the bridge by, such as api.example.com; may be repeated. On loopback it answers to this
    /// machine's own names and to these, elsewhere to any name unless there are some
    #[arg(long = "host", value_name = "NAME")]
    pub hosts: Vec<String>,
    /// The gRPC server behind it, in any form that `wirelab call` takes; several IP addresses are instances of one
    #[arg(long, value_name = "ADDR", required_unless_present = "probe")]
    pub upstream: Vec<String>,
    /// Metadata of the bridge itself with every call to the server, in the place of what a client sends by the same key;
    /// a key that ends in -bin takes base64; may be repeated
    #[arg(long = "upstream-header", value_name = "K: V")]
    pub upstream_headers: Vec<String>,
    /// Credentials of the bridge itself for every call to the server, as --auth of `wirelab call` takes them:
    /// bearer:env:VARIABLE, bearer:file:PATH, basic:USER:SECRET, api-key:NAME:SECRET, or @FILE with tokens to sign (jwt)
    /// or fetch (oauth2). Files are read again, and what ends is renewed
    #[arg(long, value_name = "KIND:… | @FILE")]
    pub upstream_auth: Option<String>,
    /// Whose habits it has where transcoders differ
    #[arg(long, value_name = "NAME", value_parser = named(PROFILES), default_value = "wirelab")]
    pub profile: Profile,
    /// Ask a running bridge at this address, such as http://127.0.0.1:8080/readyz, and end with 0 if it answers with 200
    #[arg(long, value_name = "URL")]
    pub probe: Option<String>,
    /// How many threads serve [default: one for each core]
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// An origin whose pages may call, such as https://example.com, https://*.example.com, http://localhost:* or *
    /// [default: no other than its own]
    #[arg(long = "cors-origin", value_name = "ORIGIN")]
    pub cors_origins: Vec<String>,
    /// Let those pages send cookies and client certificates along
    #[arg(long, requires = "cors_origins")]
    pub cors_credentials: bool,
    /// Print the addresses as one line of JSON
    #[arg(long)]
    pub json: bool,
    /// Bytes that one message may have [default: 64MiB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_message_size: Option<usize>,
    #[command(flatten)]
    pub serving: Serving,
    #[command(flatten)]
    pub rest: Rest,
    #[command(flatten)]
    pub calls: Calls,
    #[command(flatten)]
    pub sockets: WebSockets,
    #[command(flatten)]
    pub observing: Observing,
    #[command(flatten)]
    pub schema: BridgeSchema,
    #[command(flatten)]
    pub connection: Connection,
}

/// How a bridge is served.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Serving")]
pub struct Serving {
    /// Permissions of Unix sockets, octal
    #[arg(long, value_name = "MODE", value_parser = mode, default_value = "600")]
    pub socket_mode: u32,
    /// Serve TLS with these certificates (PEM, the server's own first), read again when the file changes
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The private key of the certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Let in only clients that show a certificate of these authorities (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub client_ca: Option<PathBuf>,
    /// Tell health, readiness and figures here, without TLS, instead of beside the calls
    #[arg(long, value_name = "ADDR")]
    pub admin: Option<Listen>,
    /// Where to tell that the process is alive
    #[arg(long, value_name = "PATH", default_value = "/healthz")]
    pub health_path: String,
    /// Where to tell whether requests should be sent here
    #[arg(long, value_name = "PATH", default_value = "/readyz")]
    pub ready_path: String,
    /// Where Prometheus reads the figures
    #[arg(long, value_name = "PATH", default_value = "/metrics")]
    pub metrics_path: String,
    /// Connections that may be open at once; others wait [default: 20000, or what the limit of open files allows]
    #[arg(long, value_name = "N")]
    pub max_connections: Option<NonZeroUsize>,
    /// Requests that may be under way on one HTTP/2 connection
    #[arg(long, value_name = "N", default_value_t = MAX_STREAMS)]
    pub max_streams: u32,
    /// Bytes that the headers of a request may have
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "64KiB")]
    pub max_header_size: usize,
    /// How long they may take to come
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30s")]
    pub header_timeout: Duration,
    /// How long requests under way have to end once the bridge is told to
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "25s")]
    pub drain: Duration,
    /// How long streams without an end have of that before they are ended
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "10s")]
    pub stream_grace: Duration,
    /// Go on accepting for this time after telling that it is not ready, so that load balancers notice
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub drain_delay: Option<Duration>,
}

/// What a bridge tells of itself.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Observing")]
pub struct Observing {
    /// Log every call: method, client, code, times and sizes; never payloads, queries or credentials
    #[arg(long)]
    pub access_log: bool,
    /// How the log on standard error is written
    #[arg(long, value_name = "FORMAT", value_parser = named(LOG_FORMATS), default_value = "text")]
    pub log_format: LogFormat,
    /// Send traces to this collector by OTLP over HTTP, such as http://localhost:4318 or https://otel.example.com;
    /// variables of OpenTelemetry (OTEL_EXPORTER_OTLP_*, OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER) say the rest, and
    /// this where it is not given
    #[arg(long, value_name = "URL")]
    pub otlp: Option<String>,
    /// How many of the traces that begin here are kept, 0 to 1 [default: 1]
    #[arg(long, value_name = "RATIO", value_parser = ratio)]
    pub trace_ratio: Option<f64>,
    /// What the bridge is called in traces
    #[arg(long, value_name = "NAME", env = "OTEL_SERVICE_NAME", default_value = "wirelab-bridge")]
    pub service_name: String,
}

/// How a log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// A line of JSON each.
    Json,
}

const LOG_FORMATS: Named<LogFormat> = &[("text", LogFormat::Text), ("json", LogFormat::Json)];

fn mode(text: &str) -> Result<u32, String> {
    let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777);
    mode.ok_or_else(|| "expected three octal digits, such as 660".to_owned())
}

fn ratio(text: &str) -> Result<f64, String> {
    let ratio = text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
    ratio.ok_or_else(|| "expected a number from 0 to 1".to_owned())
}

/// Where the schema of a bridge comes from.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Schema")]
pub struct BridgeSchema {
    /// A .proto file or a folder of them [default: ask the server by reflection]
    #[arg(long = "proto", value_name = "PATH")]
    pub protos: Vec<PathBuf>,
    /// A folder that imports start from [default: found by looking around]
    #[arg(short = 'I', long = "import-path", value_name = "DIR", requires = "protos")]
    pub import_paths: Vec<PathBuf>,
    /// A serialized FileDescriptorSet
    #[arg(long = "protoset", value_name = "FILE")]
    pub protosets: Vec<PathBuf>,
    /// Ask the server by reflection too, beside the files that are named
    #[arg(long)]
    pub use_reflection: bool,
    /// Metadata for reflection; a key that ends in -bin takes base64
    #[arg(long = "reflect-header", value_name = "K: V")]
    pub reflect_headers: Vec<String>,
    /// Put environment variables in the place of ${NAME} in metadata
    #[arg(long)]
    pub expand_headers: bool,
    /// A service configuration in YAML whose `http` rules override those of the schema; read again when it changes
    #[arg(long, value_name = "FILE")]
    pub rules: Vec<PathBuf>,
    /// Ask the server for its schema again this often
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "5m")]
    pub reflect_interval: Duration,
    /// Do not start while nobody answers at --upstream [default: start, and be ready once somebody does]
    #[arg(long)]
    pub require_upstream: bool,
}

impl BridgeSchema {
    /// The same as other commands have it.
    pub fn schemas(&self) -> Schemas {
        Schemas {
            protos: self.protos.clone(),
            import_paths: self.import_paths.clone(),
            protosets: self.protosets.clone(),
            use_reflection: self.use_reflection,
            headers: Vec::new(),
            reflect_headers: self.reflect_headers.clone(),
            expand_headers: self.expand_headers,
            credentials: Credentials::default(),
            connection: Connection::default(),
        }
    }
}
