//! Texts of a URL as values of fields, on the wire.

use crate::wire::{END_GROUP, I32, I64, START_GROUP, VARINT, put_field, put_tag, put_varint};
use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use wirelab_transcode::Codec;

/// Both alphabets are brought to this one, padding or not, as ProtoJSON takes them.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// How a message is written in a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// As the text that its JSON form is.
    Text,
    /// As the value that it wraps.
    Wrapper,
    /// As JSON.
    Json,
}

/// Whether a text can be a value of this kind: scalars, enums and messages whose JSON is a text, number or bool.
pub(crate) fn is_text(kind: &Kind) -> bool {
    match kind {
        Kind::Message(message) => {
            matches!(form(message), Some(Form::Text | Form::Wrapper))
        }
        _ => true,
    }
}

/// Whether a parameter can be a value of this kind: what can be in a path, and messages that stand for any JSON.
pub(crate) fn is_value(kind: &Kind) -> bool {
    match kind {
        Kind::Message(message) => form(message).is_some(),
        _ => true,
    }
}

/// Whether the text of a value may have spaces in it.
pub(super) fn has_spaces(field: &FieldDescriptor) -> bool {
    match field.kind() {
        Kind::String => true,
        Kind::Message(message) => {
            message.full_name() == "google.protobuf.StringValue"
                || form(&message) == Some(Form::Json)
        }
        _ => false,
    }
}

fn form(message: &MessageDescriptor) -> Option<Form> {
    Some(match message.full_name().strip_prefix("google.protobuf.")? {
        "Timestamp" | "Duration" | "FieldMask" => Form::Text,
        "DoubleValue" | "FloatValue" | "Int64Value" | "UInt64Value" | "Int32Value"
        | "UInt32Value" | "BoolValue" | "StringValue" | "BytesValue" => Form::Wrapper,
        "Struct" | "Value" | "ListValue" | "Any" => Form::Json,
        _ => return None,
    })
}

/// Appends `field` with the value that `text` stands for; `codec` is one of the same pool.
///
/// # Errors
/// Why the text is no value of it.
pub(crate) fn append(
    codec: &Codec,
    field: &FieldDescriptor,
    text: &str,
    wire: &mut Vec<u8>,
) -> Result<(), String> {
    let number = field.number();
    match field.kind() {
        Kind::Message(message) => {
            let mut inner = Vec::new();
            match form(&message) {
                Some(Form::Wrapper) => {
                    let value = message.get_field(1).ok_or("the wrapper has no value")?;
                    append(codec, &value, text, &mut inner)?;
                }
                Some(Form::Text) => json(&codec.of(&message), &quoted(text), &mut inner)?,
                Some(Form::Json) => json(&codec.of(&message), text, &mut inner)?,
                None => return Err(format!("a {} has no form in a URL", message.full_name())),
            }
            self::message(field, &inner, wire);
        }
        Kind::Enum(e) => varint_field(number, enum_number(&e, text)?, wire),
        Kind::String => put_field(number, text.as_bytes(), wire),
        Kind::Bytes => put_field(number, &base64(text)?, wire),
        Kind::Bool => {
            let value = match text {
                "true" => 1,
                "false" => 0,
                _ => return Err(format!("{text:?} is neither `true` nor `false`")),
            };
            varint_field(number, value, wire);
        }
        Kind::Int32 => varint_field(number, extended(whole::<i32>(text)?.into()), wire),
        Kind::Int64 => varint_field(number, extended(whole::<i64>(text)?), wire),
        Kind::Uint32 => varint_field(number, whole::<u32>(text)?.into(), wire),
        Kind::Uint64 => varint_field(number, whole::<u64>(text)?, wire),
        Kind::Sint32 => varint_field(number, zigzag(whole::<i32>(text)?.into()), wire),
        Kind::Sint64 => varint_field(number, zigzag(whole::<i64>(text)?), wire),
        Kind::Fixed32 => fixed(number, I32, &whole::<u32>(text)?.to_le_bytes(), wire),
        Kind::Sfixed32 => fixed(number, I32, &whole::<i32>(text)?.to_le_bytes(), wire),
        Kind::Fixed64 => fixed(number, I64, &whole::<u64>(text)?.to_le_bytes(), wire),
        Kind::Sfixed64 => fixed(number, I64, &whole::<i64>(text)?.to_le_bytes(), wire),
        Kind::Double => fixed(number, I64, &double(text)?.to_le_bytes(), wire),
        Kind::Float => fixed(number, I32, &float(text)?.to_le_bytes(), wire),
    }
    Ok(())
}

/// Appends `field`, a message with this content, in the form that the field has.
pub(crate) fn message(field: &FieldDescriptor, content: &[u8], wire: &mut Vec<u8>) {
    if field.is_group() {
        put_tag(field.number(), START_GROUP, wire);
        wire.extend_from_slice(content);
        put_tag(field.number(), END_GROUP, wire);
    } else {
        put_field(field.number(), content, wire);
    }
}

fn json(codec: &Codec, json: &str, wire: &mut Vec<u8>) -> Result<(), String> {
    codec.json_to_wire(json.as_bytes(), wire).map_err(|error| error.message().to_owned())
}

/// A JSON string.
fn quoted(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            c if c < ' ' => json.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => json.push(c),
        }
    }
    json.push('"');
    json
}

fn enum_number(e: &EnumDescriptor, text: &str) -> Result<u64, String> {
    if let Some(value) = e.get_value_by_name(text) {
        return Ok(extended(value.number().into()));
    }
    if text == "null" && e.full_name() == "google.protobuf.NullValue" {
        return Ok(0);
    }
    let none = || format!("{} has no value {text:?}", e.full_name());
    let number: i32 = text.parse().map_err(|_| none())?;
    if e.get_value(number).is_none() && wirelab_schema::is_closed(e) {
        return Err(none());
    }
    Ok(extended(number.into()))
}

fn base64(text: &str) -> Result<Vec<u8>, String> {
    let text: String = text
        .chars()
        .map(|c| match c {
            '+' => '-',
            '/' => '_',
            c => c,
        })
        .collect();
    BASE64.decode(text).map_err(|error| format!("not base64: {error}"))
}

fn whole<T: std::str::FromStr<Err = std::num::ParseIntError>>(text: &str) -> Result<T, String> {
    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
    text.parse().map_err(|error: std::num::ParseIntError| match error.kind() {
        PosOverflow | NegOverflow => format!("{text} is out of range"),
        _ => format!("{text:?} is no whole number"),
    })
}

fn double(text: &str) -> Result<f64, String> {
    if let Some(special) = special(text) {
        return Ok(special);
    }
    let number: f64 = plain(text)?.parse().map_err(|_| format!("{text:?} is no number"))?;
    if number.is_finite() { Ok(number) } else { Err(format!("{text} is out of range")) }
}

fn float(text: &str) -> Result<f32, String> {
    match special(text) {
        Some(special) if special.is_nan() => return Ok(f32::NAN),
        Some(special) => return Ok(f32::INFINITY.copysign(if special > 0.0 { 1.0 } else { -1.0 })),
        None => {}
    }
    let number: f32 = plain(text)?.parse().map_err(|_| format!("{text:?} is no number"))?;
    if number.is_finite() { Ok(number) } else { Err(format!("{text} is out of range")) }
}

/// The numbers that JSON writes as texts.
fn special(text: &str) -> Option<f64> {
    Some(match text {
        "NaN" => f64::NAN,
        "Infinity" => f64::INFINITY,
        "-Infinity" => f64::NEG_INFINITY,
        _ => return None,
    })
}

/// The text when it has no letters but those of an exponent: `inf` and its like are names in Rust only.
fn plain(text: &str) -> Result<&str, String> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    if plain { Ok(text) } else { Err(format!("{text:?} is no number")) }
}

fn varint_field(number: u32, value: u64, wire: &mut Vec<u8>) {
    put_tag(number, VARINT, wire);
    put_varint(value, wire);
}

fn fixed(number: u32, wire_type: u64, value: &[u8], wire: &mut Vec<u8>) {
    put_tag(number, wire_type, wire);
    wire.extend_from_slice(value);
}

/// Negative numbers take ten bytes, 32-bit ones too.
fn extended(value: i64) -> u64 {
    value.cast_unsigned()
}

fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63).cast_unsigned()
}
