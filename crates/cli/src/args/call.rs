//! Flags of `wirelab call`.

use super::{DataDir, Schemas, values::duration};
use clap::Args as ClapArgs;
use std::time::Duration;

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  wirelab call localhost:50051 helloworld.Greeter/SayHello -d '{\"name\": \"Ada\"}'
  wirelab call localhost:50051 user.v1.UserService.CreateUsers -d @users.json -v
  wirelab call https://api.example.com pkg.Service/Method --proto api --deadline 5s
  some-program | wirelab call localhost:50051 user.v1.UserService/ChatStream -d @-

Answers go to standard output as they come, everything else to standard error.
Requests of a stream are read and sent one JSON value after the other, so that a
program can converse. Ctrl-C cancels the call.")]
pub struct Call {
    /// The server: host:port, http://… or https://…
    pub address: String,
    /// pkg.Service/Method or pkg.Service.Method
    pub method: String,
    /// The request as JSON; @FILE reads a file, @- standard input; several values where the client streams
    #[arg(short, long, value_name = "JSON | @FILE | @-")]
    pub data: Option<String>,
    /// Metadata to send; a key that ends in -bin takes base64
    #[arg(short = 'H', long = "header", value_name = "K: V")]
    pub headers: Vec<String>,
    /// Give up after this time, such as 500ms, 5s or 2m
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub deadline: Option<Duration>,
    /// Show metadata, sizes and times on standard error
    #[arg(short, long)]
    pub verbose: bool,
    /// Show fields that have their default value too
    #[arg(long)]
    pub emit_defaults: bool,
    /// Print one line of JSON for each answer and one for the status
    #[arg(long)]
    pub json: bool,
    /// Do not record the call in history
    #[arg(long)]
    pub no_history: bool,
    #[command(flatten)]
    pub data_dir: DataDir,
    #[command(flatten)]
    pub schemas: Schemas,
}
