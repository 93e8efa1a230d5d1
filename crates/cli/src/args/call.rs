//! Flags of `wirelab call`.

use super::{
    DataDir, Schemas,
    values::{Named, duration, named, size},
};
use clap::{ArgAction, Args as ClapArgs};
use std::time::Duration;
use wirelab_model::Compression;

const COMPRESSIONS: Named<Compression> =
    &[("gzip", Compression::Gzip), ("deflate", Compression::Deflate), ("zstd", Compression::Zstd)];

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  wirelab call localhost:50051 helloworld.Greeter/SayHello -d '{\"name\": \"Ada\"}'
  wirelab call localhost:50051 user.v1.UserService.CreateUsers -d @users.json -v
  wirelab call https://api.example.com pkg.Service/Method --proto api --deadline 5s
  wirelab call -plaintext -H 'x-key: 1' -max-time 5 localhost:50051 pkg.Service/Method
  wirelab call api.example.com:443 pkg.Service/Method --auth bearer:env:TOKEN
  wirelab call localhost:50051 shop.inventory.v1.InventoryService/GetStock --transport rest -d '{\"sku\": \"KB-204-EU\"}'
  wirelab call localhost:50051 user.v1.UserService/ChatStream --transport connect --bridged -d @
  some-program | wirelab call localhost:50051 user.v1.UserService/ChatStream -d @

Answers go to standard output as they come, everything else to standard error.
Requests of a stream are read and sent one JSON value after the other, so that a
program can converse. Ctrl-C cancels the call.
Credentials in a file, --auth @FILE, are JSON: a token signed here, or one fetched (grants
client_credentials, refresh_token, or authorization_code, which opens a browser):
  {\"jwt\": {\"algorithm\": \"ES256\", \"key\": {\"file\": \"key.pem\"}, \"claims\": {\"aud\": \"api\"}}}
  {\"oauth2\": {\"token_url\": \"https://…\", \"client_id\": \"me\", \"client_secret\": {\"env\": \"SECRET\"}}}
Long flags may have one dash, as grpcurl's have, and go by grpcurl's names.")]
pub struct Call {
    /// The server: host:port, http://…, https://…, unix:///…, dns:///…, ipv4:…, ipv6:…, etcd://… or consul://…
    pub address: String,
    /// pkg.Service/Method or pkg.Service.Method
    pub method: String,
    /// The request as JSON; @FILE reads a file, @ standard input; several values where the client streams
    #[arg(short, long, value_name = "JSON | @FILE | @")]
    pub data: Option<String>,
    /// Metadata for the call only, not for reflection
    #[arg(long = "rpc-header", value_name = "K: V")]
    pub rpc_headers: Vec<String>,
    /// Give up after this time, such as 500ms, 5s or 2m; bare numbers are seconds
    #[arg(long, visible_alias = "max-time", value_name = "TIME", value_parser = duration)]
    pub deadline: Option<Duration>,
    /// Refuse responses longer than this, such as 4MiB [default: 64MiB]
    #[arg(long, alias = "max-msg-sz", value_name = "SIZE", value_parser = size)]
    pub max_message: Option<usize>,
    /// Compress requests
    #[arg(long, value_name = "NAME", value_parser = named(COMPRESSIONS))]
    pub compress: Option<Compression>,
    /// Try up to N times while the server is unavailable; 2 to 5
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=5))]
    pub retry: Option<u32>,
    /// Wait until the server can be reached instead of failing at once
    #[arg(long)]
    pub wait_for_ready: bool,
    /// Make a new connection although an open one is there
    #[arg(long)]
    pub cold: bool,
    /// Show the method, metadata, sizes and time on standard error; -vv shows phases, attempts, TLS and bytes too
    #[arg(short, long, action = ArgAction::Count)]
    pub verbose: u8,
    /// Show fields that have their default value too
    #[arg(long)]
    pub emit_defaults: bool,
    /// Leave out fields of requests that the message does not have
    #[arg(long)]
    pub allow_unknown_fields: bool,
    /// The format of requests and answers: json is the only one
    #[arg(long, hide = true, value_parser = ["json"])]
    pub format: Option<String>,
    /// Print a status other than OK as JSON (a google.rpc.Status) on standard error
    #[arg(long)]
    pub format_error: bool,
    /// Print one line of JSON for each answer and one for the status
    #[arg(long)]
    pub json: bool,
    /// Print the call as a line for grpcurl instead of making it; for curl by REST and Connect
    #[arg(long)]
    pub print_command: bool,
    /// Do not record the call in history
    #[arg(long)]
    pub no_history: bool,
    #[command(flatten)]
    pub data_dir: DataDir,
    #[command(flatten)]
    pub schemas: Schemas,
}
