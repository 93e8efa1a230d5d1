//! Flags of `wirelab bridge`.

use super::values::{Named, duration, named};
use super::{Connection, Credentials, Schemas};
use clap::Args as ClapArgs;
use std::{num::NonZeroUsize, path::PathBuf, time::Duration};
use wirelab_bridge::Profile;
use wirelab_bridge::serve::Listen;

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

One port serves REST by google.api.http, WebSocket, gRPC-Web, Connect and gRPC. It answers on this
machine only unless --listen names another address. SIGHUP reads schemas again; SIGTERM and Ctrl-C
let what is under way end, then it ends with exit code 0.

Exit codes:
  0  told to end, and ended
  1  wrong usage; it cannot listen; the schema cannot be used; --require-upstream and nobody there")]
pub struct Bridge {
    /// Where to listen: an IP address with a port, a port on loopback, or unix:///PATH; may be repeated
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: Vec<Listen>,
    /// The gRPC server behind it, in any form that `wirelab call` takes; several IP addresses are instances of one
    #[arg(long, value_name = "ADDR", required = true)]
    pub upstream: Vec<String>,
    /// Whose habits it has where transcoders differ
    #[arg(long, value_name = "NAME", value_parser = named(PROFILES), default_value = "wirelab")]
    pub profile: Profile,
    /// How many threads serve [default: one for each core]
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// Print the addresses as one line of JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub schema: BridgeSchema,
    #[command(flatten)]
    pub connection: Connection,
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
