//! Flags of `wirelab transcode`.

use super::{Schemas, values::size};
use clap::Args as ClapArgs;

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
