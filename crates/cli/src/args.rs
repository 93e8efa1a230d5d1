//! The flags.

use clap::{Args as ClapArgs, Parser, Subcommand};
use std::{net::SocketAddr, path::PathBuf, time::Duration};

const EXIT_CODES: &str = "\
Exit codes:
  0       all went well
  1       wrong usage, or a failure on this side
  64 + N  a call ended with the gRPC status code N (65 CANCELLED … 80 UNAUTHENTICATED)

WIRELAB_LOG=debug shows what goes on inside.";

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

/// Where schemas come from, and how a server is reached.
#[derive(Debug, Default, ClapArgs)]
pub struct Schemas {
    /// A .proto file or a folder of them [default: ask the server by reflection]
    #[arg(long = "proto", value_name = "PATH")]
    pub protos: Vec<PathBuf>,
    /// A folder that imports start from [default: found by looking around]
    #[arg(short = 'I', long = "import-path", value_name = "DIR", requires = "protos")]
    pub import_paths: Vec<PathBuf>,
    /// A serialized FileDescriptorSet
    #[arg(long = "protoset", value_name = "FILE")]
    pub protosets: Vec<PathBuf>,
    /// Metadata for the reflection call
    #[arg(long = "reflect-header", value_name = "K: V")]
    pub reflect_headers: Vec<String>,
    /// TLS with the system's root certificates [default: for https:// and port 443]
    #[arg(long)]
    pub tls: bool,
    /// No TLS [default: for every other address]
    #[arg(long, conflicts_with = "tls")]
    pub plaintext: bool,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  wirelab list localhost:50051
  wirelab list shop.order.v1.OrderService localhost:50051
  wirelab list --proto proto-samples --json

What holds a colon is the address, anything else the service.")]
pub struct List {
    /// The service whose methods to list, and the address of the server
    #[arg(value_name = "SERVICE | ADDRESS", num_args = 0..=2)]
    pub targets: Vec<String>,
    /// Print JSON: services with their methods, kinds, comments and HTTP rules
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub schemas: Schemas,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  wirelab describe shop.order.v1.Order localhost:50051
  wirelab describe shop.order.v1.OrderService/TrackOrders --proto proto-samples

What holds a colon is the address, anything else the symbol.")]
pub struct Describe {
    /// A service, method, message or enum, and the address of the server
    #[arg(value_name = "SYMBOL | ADDRESS", num_args = 1..=2, required = true)]
    pub targets: Vec<String>,
    /// Print JSON: name, kind, file and text
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub schemas: Schemas,
}

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

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  wirelab transcode --type user.v1.User --proto api < user.json > user.binpb
  wirelab transcode --type user.v1.User --proto api --pretty < user.binpb
  wirelab transcode --type user.v1.User --proto api --from ndjson --to delimited < users.ndjson
  wirelab transcode --type shop.order.v1.Order --proto api --mask 'id,items.*.sku' < order.binpb
  kafka-tail | wirelab transcode --type user.v1.User localhost:50051 --from delimited | jq .name

Formats:
  json       JSON values one after the other, in any layout; written one a line, or --pretty
  ndjson     one JSON value a line; an error cannot swallow the lines after it
  protobuf   one message, nothing around it: what protoc --encode writes
  delimited  messages, each after its length as a varint: what Java's writeDelimitedTo writes
  grpc       messages, each after 0 and its length in four bytes: the body of a gRPC call

Input that begins like a JSON object is taken for json, any other for protobuf, unless --from says
what it is. Without --to, ndjson becomes delimited, json protobuf, and the others json.
Memory is that of the longest message, however long the stream.")]
pub struct Transcode {
    /// The server to ask for the schema by reflection, when no files are named
    #[arg(value_name = "ADDRESS")]
    pub address: Option<String>,
    /// Full name of the message's type
    #[arg(short, long = "type", value_name = "pkg.Message")]
    pub message: String,
    /// What standard input holds
    #[arg(long, value_name = "FORMAT")]
    pub from: Option<Format>,
    /// What to write to standard output
    #[arg(long, value_name = "FORMAT")]
    pub to: Option<Format>,
    /// Indent JSON by two spaces
    #[arg(long)]
    pub pretty: bool,
    /// Write field names as the .proto file has them, not in lowerCamelCase
    #[arg(long)]
    pub original_names: bool,
    /// Write fields that have their default value too
    #[arg(long)]
    pub emit_defaults: bool,
    /// Write enum values as numbers
    #[arg(long)]
    pub enums_as_numbers: bool,
    /// Pass over JSON fields and enum names that the type does not have
    #[arg(long)]
    pub ignore_unknown: bool,
    /// List fields that the type does not have on standard error, with number, wire type and place
    #[arg(long)]
    pub list_unknown: bool,
    /// Keep only these fields: paths as in google.protobuf.FieldMask, with commas between them
    #[arg(long, value_name = "PATHS")]
    pub mask: Option<String>,
    /// Refuse messages longer than this, such as 64KiB or 1GiB; at most 2GiB
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = size)]
    pub max_message: usize,
    #[command(flatten)]
    pub schemas: Schemas,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  wirelab compare order.json --type shop.order.v1.Order --proto proto-samples
  wirelab compare samples/*.json --type user.v1.User --server localhost:50051 --json

Sizes are of compact canonical JSON, whatever the layout of the file, and of what is made of the
same message otherwise. MessagePack and CBOR hold the JSON document: its names and values, 64-bit
integers as integers, bytes as base64 text. gzip is level 6 and zstd level 3, each message by itself.
Times are medians, from one in-memory message to the bytes and back, compression included; the forms
take turns, so that what else the machine does falls on all alike. Nothing is estimated.")]
pub struct Compare {
    /// Messages as JSON or Protobuf, one a file; - is standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Full name of the messages' type
    #[arg(short, long = "type", value_name = "pkg.Message")]
    pub message: String,
    /// Ask this server for the schema by reflection, when no files are named
    #[arg(long, value_name = "ADDRESS")]
    pub server: Option<String>,
    /// What the files hold [default: json when a file begins like a JSON object, else protobuf]
    #[arg(long, value_name = "FORMAT", value_parser = ["json", "protobuf"])]
    pub from: Option<String>,
    /// How long to measure each file, such as 500ms or 5s
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    pub time: Duration,
    /// Print JSON: for each file its forms with bytes, samples and times
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub schemas: Schemas,
}

/// How messages stand in a stream of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// JSON values one after the other
    Json,
    /// One JSON value a line
    #[value(alias = "jsonl")]
    Ndjson,
    /// One message, nothing around it
    #[value(aliases = ["binpb", "binary"])]
    Protobuf,
    /// Each message after its length as a varint
    Delimited,
    /// Each message after the five bytes of a gRPC frame
    Grpc,
}

impl Format {
    /// Whether messages are JSON texts.
    pub fn is_text(self) -> bool {
        matches!(self, Format::Json | Format::Ndjson)
    }
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

/// `500ms`, `5s`, `1.5s`, `2m` or `1h`.
fn duration(text: &str) -> Result<Duration, String> {
    const UNITS: [(&str, f64); 4] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3_600.0)];
    UNITS
        .iter()
        .find_map(|(unit, seconds)| {
            let number: f64 = text.strip_suffix(unit)?.parse().ok()?;
            Duration::try_from_secs_f64(number * seconds).ok()
        })
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "expected a number with ms, s, m or h, such as 5s".to_owned())
}

/// `4096`, `64KiB`, `1MiB` or `1GiB`; at most what Protobuf itself allows.
fn size(text: &str) -> Result<usize, String> {
    const UNITS: [(&str, u32); 3] = [("KiB", 10), ("MiB", 20), ("GiB", 30)];
    const MOST: u64 = 2 << 30;
    let unit = UNITS.iter().find_map(|(unit, bits)| Some((text.strip_suffix(unit)?, bits)));
    let (number, bits) = unit.unwrap_or((text, &0));
    let bytes =
        number.trim_end().parse().ok().and_then(|number: u64| number.checked_mul(1 << bits));
    bytes
        .filter(|bytes| (1..=MOST).contains(bytes))
        .and_then(|bytes| usize::try_from(bytes).ok())
        .ok_or_else(|| "expected bytes up to 2GiB, such as 4096, 64KiB or 1GiB".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn flags_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn sizes() {
        let cases = [
            ("1", Some(1)),
            ("4096", Some(4_096)),
            ("64KiB", Some(64 << 10)),
            ("256 MiB", Some(256 << 20)),
            ("2GiB", Some(2 << 30)),
            ("3GiB", None),
            ("0", None),
            ("-1", None),
            ("1.5MiB", None),
            ("64KB", None),
            ("99999999999999999999", None),
            ("18014398509481984KiB", None),
            ("KiB", None),
            ("", None),
        ];
        for (text, bytes) in cases {
            assert_eq!(size(text).ok(), bytes, "{text}");
        }
    }

    #[test]
    fn durations() {
        let cases = [
            ("500ms", Some(500)),
            ("5s", Some(5_000)),
            ("1.5s", Some(1_500)),
            ("2m", Some(120_000)),
            ("1h", Some(3_600_000)),
            ("5", None),
            ("s", None),
            ("0s", None),
            ("-1s", None),
            ("NaNs", None),
            ("infs", None),
            ("1e400h", None),
            ("", None),
        ];
        for (text, millis) in cases {
            assert_eq!(duration(text).ok(), millis.map(Duration::from_millis), "{text}");
        }
    }
}
