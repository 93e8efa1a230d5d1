//! Flags of `wirelab health`.

use super::Connection;
use clap::Args as ClapArgs;

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  wirelab health
  wirelab health api.example.com:443 user.v1.UserService
  wirelab health -plaintext localhost:50051 --watch

Prints SERVING, NOT_SERVING, SERVICE_UNKNOWN, UNIMPLEMENTED (the server has no health service) or
DOWN (why is on standard error); with --watch whenever it changes, until Ctrl-C.

Exit codes, as grpc-health-probe has them:
  0  serving
  1  wrong usage
  2  the server cannot be reached, or it does not speak gRPC
  3  it has no health service, or that does not know the service
  4  not serving")]
pub struct Health {
    /// The server
    #[arg(default_value = "localhost:50051")]
    pub address: String,
    /// Full name of a service [default: the server as a whole]
    #[arg(default_value = "", hide_default_value = true)]
    pub service: String,
    /// Go on and tell whenever it changes
    #[arg(short, long)]
    pub watch: bool,
    /// Metadata to send; a key that ends in -bin takes base64
    #[arg(short = 'H', long = "header", visible_alias = "rpc-header", value_name = "K: V")]
    pub headers: Vec<String>,
    #[command(flatten)]
    pub connection: Connection,
}
