//! Flags of `wirelab compare`.

use super::{Schemas, values::duration};
use clap::Args as ClapArgs;
use std::{path::PathBuf, time::Duration};

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
