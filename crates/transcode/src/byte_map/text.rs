//! Values in a few words.

use super::read::Raw;
use crate::plan::{Field, Kind};
use std::fmt::Write;

/// How many characters of a text are shown.
const TEXT_CHARS: usize = 40;

/// How many bytes of a bytes value are shown.
const BYTES_SHOWN: usize = 8;

/// `1 field`, `4 fields`.
pub(super) fn counted(count: usize, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

/// A value in a few words; without a field, what the wire alone tells.
pub(super) fn value(field: Option<&Field>, raw: &Raw<'_>) -> String {
    let kind = field.map(|field| field.kind);
    match (raw, kind) {
        (Raw::Varint(number), _) => varint(field, *number),
        (Raw::I64(bytes), Some(Kind::Double)) => f64::from_le_bytes(*bytes).to_string(),
        (Raw::I64(bytes), Some(Kind::Sfixed64)) => i64::from_le_bytes(*bytes).to_string(),
        (Raw::I64(bytes), _) => u64::from_le_bytes(*bytes).to_string(),
        (Raw::I32(bytes), Some(Kind::Float)) => f32::from_le_bytes(*bytes).to_string(),
        (Raw::I32(bytes), Some(Kind::Sfixed32)) => i32::from_le_bytes(*bytes).to_string(),
        (Raw::I32(bytes), _) => u32::from_le_bytes(*bytes).to_string(),
        (Raw::Len(bytes), Some(Kind::String)) => quoted(&head(bytes)),
        (Raw::Len(bytes), None) => match std::str::from_utf8(bytes) {
            Ok(text) if !text.is_empty() && !text.contains(char::is_control) => quoted(text),
            _ => self::bytes(bytes),
        },
        (Raw::Len(bytes), Some(_)) => self::bytes(bytes),
        (Raw::Group, _) => counted(0, "field"),
    }
}

fn varint(field: Option<&Field>, number: u64) -> String {
    // Readers take the low bits of what is too long for the type, and so does this.
    match field.map(|field| field.kind) {
        Some(Kind::Int32) => (number as i32).to_string(),
        Some(Kind::Int64) => (number as i64).to_string(),
        Some(Kind::Uint32) => (number as u32).to_string(),
        Some(Kind::Sint32) => {
            let number = number as u32;
            ((number >> 1) as i32 ^ -((number & 1) as i32)).to_string()
        }
        Some(Kind::Sint64) => ((number >> 1) as i64 ^ -((number & 1) as i64)).to_string(),
        Some(Kind::Bool) => (number != 0).to_string(),
        Some(Kind::Enum) => {
            let kind = field.and_then(|field| field.enumeration.as_deref());
            match kind.and_then(|kind| kind.value(number as i32)) {
                Some(value) => String::from_utf8_lossy(&value.quoted).trim_matches('"').to_owned(),
                None => (number as i32).to_string(),
            }
        }
        _ => number.to_string(),
    }
}

/// As much of a text as can be shown, and a little more.
fn head(bytes: &[u8]) -> String {
    let most = 4 * (TEXT_CHARS + 2);
    String::from_utf8_lossy(bytes.get(..most).unwrap_or(bytes)).into_owned()
}

fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(TEXT_CHARS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("{shown:?}")
}

fn bytes(bytes: &[u8]) -> String {
    let mut text = counted(bytes.len(), "byte");
    for byte in bytes.iter().take(BYTES_SHOWN) {
        let _ = write!(text, " {byte:02x}");
    }
    if bytes.len() > BYTES_SHOWN {
        text.push('…');
    }
    text
}

/// A map's key without quotes.
pub(super) fn key(field: &Field, raw: &Raw<'_>) -> Vec<u8> {
    match raw {
        Raw::Len(bytes) => bytes.to_vec(),
        raw => value(Some(field), raw).into_bytes(),
    }
}

/// A map's key as paths show it.
pub(super) fn shortened(key: &[u8]) -> String {
    head(key).chars().take(TEXT_CHARS).collect()
}

/// The key of an entry that has none.
pub(super) fn default_key(kind: Kind) -> Vec<u8> {
    match kind {
        Kind::String => Vec::new(),
        Kind::Bool => b"false".to_vec(),
        _ => b"0".to_vec(),
    }
}
