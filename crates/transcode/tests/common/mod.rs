//! The schema that these tests run on.

use prost_reflect::{DescriptorPool, MessageDescriptor};
use std::sync::LazyLock;
use wirelab_transcode::{Codec, Error, Options};

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");
    let set = protox::compile(["everything.proto", "older.proto"], [root]).unwrap();
    DescriptorPool::from_file_descriptor_set(set).unwrap()
});

pub fn message(name: &str) -> MessageDescriptor {
    POOL.get_message_by_name(name).unwrap()
}

pub fn codec(name: &str) -> Codec {
    Codec::new(&message(name))
}

#[allow(dead_code)]
pub fn to_wire(name: &str, json: &str) -> Result<Vec<u8>, Error> {
    let mut wire = Vec::new();
    codec(name).json_to_wire(json.as_bytes(), &mut wire)?;
    Ok(wire)
}

#[allow(dead_code)]
pub fn to_json(name: &str, wire: &[u8], options: &Options) -> Result<String, Error> {
    let mut json = Vec::new();
    codec(name).wire_to_json(wire, &mut json, options)?;
    Ok(String::from_utf8(json).unwrap())
}

/// An error as one line: `path @line:column +offset: message`.
#[allow(dead_code)]
pub fn line(error: &Error) -> String {
    let mut line = error.path().unwrap_or("-").to_owned();
    if let Some((row, column)) = error.line_column() {
        line += &format!(" @{row}:{column}");
    }
    if let Some(offset) = error.offset() {
        line += &format!(" +{offset}");
    }
    format!("{line}: {}", error.message())
}
