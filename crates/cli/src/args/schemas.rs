//! Flags that say where schemas come from.

use super::{Connection, Credentials};
use clap::Args as ClapArgs;
use std::path::PathBuf;

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
    /// Ask the server by reflection too, beside the files that are named
    #[arg(long)]
    pub use_reflection: bool,
    /// Metadata to send, with reflection too; a key that ends in -bin takes base64
    #[arg(short = 'H', long = "header", value_name = "K: V")]
    pub headers: Vec<String>,
    /// Metadata for reflection only
    #[arg(long = "reflect-header", value_name = "K: V")]
    pub reflect_headers: Vec<String>,
    /// Put environment variables in the place of ${NAME} in metadata
    #[arg(long)]
    pub expand_headers: bool,
    #[command(flatten)]
    pub credentials: Credentials,
    #[command(flatten)]
    pub connection: Connection,
}
