//! The map of a message's bytes, and its values in a few words.

use crate::walk::{self, Raw};
use prost_reflect::{Kind, MessageDescriptor};
use std::fmt::Write;

/// How many values of one packed field have a span of their own; the others share the field's.
pub(crate) const PACKED_SPANS: usize = 64;

/// How many characters of a text are shown.
const TEXT_CHARS: usize = 40;

/// How many bytes of a bytes value are shown.
const BYTES_SHOWN: usize = 8;

/// The bytes of one occurrence of a field, or of one value of a packed field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldSpan {
    /// First byte of the tag; of a packed value, its first byte.
    pub start: u32,
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
}

pub(crate) fn spans(message: &MessageDescriptor, wire: &[u8], limit: usize) -> Vec<FieldSpan> {
    let wire = wire.get(..crate::MAX_BYTES).unwrap_or(wire);
    walk::spans(message, wire, limit)
}

/// `1 field`, `4 fields`.
pub(crate) fn counted(count: usize, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

/// A value in a few words; without a kind, what the wire alone tells.
pub(crate) fn value_text(kind: Option<&Kind>, raw: &Raw<'_>) -> String {
    match (raw, kind) {
        (Raw::Varint(number), kind) => varint_text(kind, *number),
        (Raw::I64(bytes), Some(Kind::Double)) => f64::from_le_bytes(*bytes).to_string(),
        (Raw::I64(bytes), Some(Kind::Sfixed64)) => i64::from_le_bytes(*bytes).to_string(),
        (Raw::I64(bytes), _) => u64::from_le_bytes(*bytes).to_string(),
        (Raw::I32(bytes), Some(Kind::Float)) => f32::from_le_bytes(*bytes).to_string(),
        (Raw::I32(bytes), Some(Kind::Sfixed32)) => i32::from_le_bytes(*bytes).to_string(),
        (Raw::I32(bytes), _) => u32::from_le_bytes(*bytes).to_string(),
        (Raw::Len(bytes), Some(Kind::String)) => quoted(&String::from_utf8_lossy(bytes)),
        (Raw::Len(bytes), None) => match std::str::from_utf8(bytes) {
            Ok(text) if !text.is_empty() && !text.contains(char::is_control) => quoted(text),
            _ => bytes_text(bytes),
        },
        (Raw::Len(bytes), Some(_)) => bytes_text(bytes),
        (Raw::Group, _) => counted(0, "field"),
    }
}

fn varint_text(kind: Option<&Kind>, number: u64) -> String {
    // Readers take the low bits of what is too long for the type, and so does this.
    match kind {
        Some(Kind::Int32) => (number as i32).to_string(),
        Some(Kind::Int64) => (number as i64).to_string(),
        Some(Kind::Uint32) => (number as u32).to_string(),
        Some(Kind::Sint32) => {
            let number = number as u32;
            ((number >> 1) as i32 ^ -((number & 1) as i32)).to_string()
        }
        Some(Kind::Sint64) => ((number >> 1) as i64 ^ -((number & 1) as i64)).to_string(),
        Some(Kind::Bool) => (number != 0).to_string(),
        Some(Kind::Enum(kind)) => match kind.get_value(number as i32) {
            Some(value) => value.name().to_owned(),
            None => (number as i32).to_string(),
        },
        _ => number.to_string(),
    }
}

fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(TEXT_CHARS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("{shown:?}")
}

fn bytes_text(bytes: &[u8]) -> String {
    let mut text = counted(bytes.len(), "byte");
    for byte in bytes.iter().take(BYTES_SHOWN) {
        let _ = write!(text, " {byte:02x}");
    }
    if bytes.len() > BYTES_SHOWN {
        text.push('…');
    }
    text
}

/// A map key without quotes.
pub(crate) fn key_text(kind: &Kind, raw: &Raw<'_>) -> String {
    match raw {
        Raw::Len(bytes) => String::from_utf8_lossy(bytes).chars().take(TEXT_CHARS).collect(),
        raw => value_text(Some(kind), raw),
    }
}

/// The key of an entry that has none.
pub(crate) fn default_key(kind: &Kind) -> String {
    match kind {
        Kind::String => String::new(),
        Kind::Bool => false.to_string(),
        _ => 0.to_string(),
    }
}
