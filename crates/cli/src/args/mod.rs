//! The flags: one file for each command, and those that several share.

mod auth;
mod bridge;
mod call;
mod calls;
mod compare;
mod connection;
mod health;
mod look;
mod rest;
mod schemas;
mod serve;
mod transcode;
mod values;
mod websocket;

pub use auth::Credentials;
pub use bridge::{Bridge, LogFormat};
pub use call::Call;
pub use calls::Calls;
pub use compare::Compare;
pub use connection::Connection;
pub use health::Health;
pub use look::{Describe, List};
pub use schemas::Schemas;
pub use serve::{Demo, Serve};
pub use transcode::{Format, Transcode};

use clap::{Args as ClapArgs, Parser, Subcommand};
use std::path::PathBuf;

const EXIT_CODES: &str = "\
Exit codes:
  0       all went well
  1       wrong usage, or a failure on this side
  64 + N  a call ended with the gRPC status code N (65 CANCELLED … 80 UNAUTHENTICATED)

WIRELAB_LOG=debug shows what goes on inside.";

const GRPCURL: &str = "\
Examples:
  wirelab grpcurl -plaintext localhost:50051 list
  wirelab grpcurl -plaintext localhost:50051 describe user.v1.User
  wirelab grpcurl -d '{\"id\": 7}' api.example.com:443 user.v1.UserService/GetUser

As with grpcurl, TLS is on unless -plaintext is given, and -authority is the name that is
verified. Calls are recorded; `wirelab call` has more flags.";

/// A studio for gRPC services: explore, call, record, measure.
#[derive(Debug, Parser)]
#[command(name = "wirelab", version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the studio in a browser
    Serve(Serve),
    /// List the services of a server or of files, or the methods of a service
    List(List),
    /// Show a service, method, message or enum as .proto text with its comments
    Describe(Describe),
    /// Call a method: any of the four kinds
    Call(Call),
    /// Do what grpcurl does with the same arguments
    #[command(after_help = GRPCURL)]
    Grpcurl {
        /// grpcurl's own: [FLAGS] [ADDRESS] [list | describe] [SYMBOL]
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
        args: Vec<String>,
    },
    /// Serve REST, WebSocket, gRPC-Web, Connect and gRPC in front of a gRPC server
    Bridge(Box<Bridge>),
    /// Ask a server for its health, or watch it
    Health(Health),
    /// Convert messages between JSON and Protobuf: standard input to standard output, streams too
    Transcode(Transcode),
    /// Measure what messages take as JSON, Protobuf, MessagePack and CBOR, compressed and not
    Compare(Compare),
    /// Run the sample server
    Demo(Demo),
    /// Print a completion script for a shell
    #[command(
        after_help = "Examples:\n  wirelab completions bash > ~/.local/share/bash-completion/completions/wirelab"
    )]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// Where the data folder is.
#[derive(Debug, Default, ClapArgs)]
pub struct DataDir {
    /// Keep history and saved requests in this folder instead of the platform's own
    #[arg(long, value_name = "DIR", env = "WIRELAB_DATA_DIR", hide_env_values = true)]
    pub data_dir: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn flags_are_consistent() {
        Args::command().debug_assert();
    }
}
