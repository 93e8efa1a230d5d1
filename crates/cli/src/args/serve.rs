//! Flags of `wirelab serve` and `wirelab demo`.

use super::DataDir;
use clap::Args as ClapArgs;
use std::{net::SocketAddr, path::PathBuf};

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  wirelab serve --demo proto-samples    the studio with the sample server and its schemas
  wirelab serve --port 8080 ~/api       another port, your own schemas
  wirelab serve --port 0 --no-open      any free port; the address is printed

The address holds a token that is new with each start; without it nobody gets in.
The studio answers on this machine only unless --listen says otherwise.")]
pub struct Serve {
    /// .proto files, folders of them, or descriptor sets (.binpb, .pb, .protoset, .desc, .bin) to load
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4780")]
    pub listen: SocketAddr,
    /// Listen on this port instead of 4780; 0 takes any free one
    #[arg(long, value_name = "N")]
    pub port: Option<u16>,
    /// Open a browser even if this is not a terminal
    #[arg(long, overrides_with = "no_open")]
    pub open: bool,
    /// Do not open a browser
    #[arg(long)]
    pub no_open: bool,
    /// Start the sample server too and begin with its address [default: 127.0.0.1:50051, else any free port]
    #[arg(long, value_name = "ADDR", num_args = 0..=1, require_equals = true)]
    pub demo: Option<Option<SocketAddr>>,
    /// Print the addresses as one line of JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub data: DataDir,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  wirelab demo
  wirelab demo --listen 127.0.0.1:0
  wirelab call localhost:50051 helloworld.Greeter/SayHello -H 'demo-fail: NOT_FOUND'

Metadata tells it to misbehave: demo-delay-ms, demo-interval-ms, demo-count, demo-fail,
demo-fail-message, demo-fail-after, demo-stall, demo-echo-metadata.
proto-samples/README.md says how.")]
pub struct Demo {
    /// Where to listen; port 0 takes any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:50051")]
    pub listen: SocketAddr,
}
