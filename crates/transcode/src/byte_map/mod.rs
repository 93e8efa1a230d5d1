//! The byte map: which field each byte of a wire belongs to, and where the same field is in a JSON text. One pass over
//! each, no message object; what cannot be read ends the map of the message it is in.

mod join;
mod json;
mod read;
mod text;
mod walk;

use crate::Codec;
use walk::{Keep, Walk};

/// The bytes of one occurrence of a field, or of one value of a packed field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldSpan {
    /// First byte of the tag; of a packed value, its first byte.
    pub start: u32,
    /// First byte of the length prefix; the same as `value` when there is none.
    pub length: u32,
    /// First byte of the value, after tag and length prefix.
    pub value: u32,
    /// One past the last byte; the end tag of a group is inside.
    pub end: u32,
    /// How many messages it is nested in, 0 at the top.
    pub depth: u32,
    /// `stock.bins[1].count`, `labels["tier"].value`, `[pkg.extension]`; an unknown field is `?7`.
    pub path: String,
    /// Field number.
    pub number: u32,
    /// `varint`, `i64`, `len`, `group` or `i32`.
    pub wire_type: String,
    /// The value in a few words: `1840`, `"KB-204"`, `STATUS_OPEN`, `4 fields`, `3 values`.
    pub text: String,
    /// Whether the type has the field, with this wire type.
    pub known: bool,
    /// Where it is in the JSON text that was given.
    pub json: Option<JsonSpan>,
}

/// Where a field is in a JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonSpan {
    /// First byte of the member's name, its quote; of an element of a list, of the value.
    pub start: u32,
    /// First byte of the value.
    pub value: u32,
    /// One past the last byte of the value.
    pub end: u32,
    /// Bytes from `start` to `end` without white space between tokens: what it takes in compact JSON, without the
    /// comma that may follow.
    pub compact: u32,
}

pub(crate) fn spans(
    codec: &Codec,
    wire: &[u8],
    json: Option<&[u8]>,
    limit: usize,
) -> Vec<FieldSpan> {
    walked(codec, wire, json, Keep::All, limit)
}

pub(crate) fn unknown(codec: &Codec, wire: &[u8], limit: usize) -> Vec<FieldSpan> {
    walked(codec, wire, None, Keep::Unknown, limit)
}

fn walked(
    codec: &Codec,
    wire: &[u8],
    json: Option<&[u8]>,
    keep: Keep,
    limit: usize,
) -> Vec<FieldSpan> {
    let wire = wire.get(..codec.limits.input).unwrap_or(wire);
    // Offsets are 32 bits wide.
    let wire = wire.get(..u32::MAX as usize).unwrap_or(wire);
    let json = json.filter(|json| u32::try_from(json.len()).is_ok());
    let tree = json.map(|json| json::scan(&codec.plans, codec.root, json, codec.limits.depth));
    Walk::new(codec, wire, tree.as_ref(), keep, limit).spans()
}
