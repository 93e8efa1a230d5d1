//! JSON text ⇄ wire through prost-reflect's message object and serde_json.

use crate::{Error, MAX_BYTES, MAX_DEPTH, Options, path, spans, walk};
use prost::Message;
use prost_reflect::{DynamicMessage, Kind, MessageDescriptor, SerializeOptions};
use serde::de::DeserializeSeed;
use serde_path_to_error::Track;

pub(crate) fn to_wire(
    message: &MessageDescriptor,
    json: &[u8],
    wire: &mut Vec<u8>,
) -> Result<(), Error> {
    let value = parse(message, json)?;
    let before = wire.len();
    value.encode(wire).map_err(|error| {
        wire.truncate(before);
        Error::new(error.to_string())
    })
}

pub(crate) fn from_wire(
    message: &MessageDescriptor,
    wire: &[u8],
    json: &mut Vec<u8>,
    options: &Options,
) -> Result<(), Error> {
    let value = decode(message, wire)?;
    write(&value, json, options)
}

/// Reads a JSON text as the message.
pub(crate) fn parse(message: &MessageDescriptor, json: &[u8]) -> Result<DynamicMessage, Error> {
    check_limits(json)?;
    read(message, json).map_err(|error| explain(message, json, error))
}

fn read(message: &MessageDescriptor, json: &[u8]) -> Result<DynamicMessage, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let value = message.clone().deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// Reads the text again, tracking the path, which would slow the common case down.
fn explain(message: &MessageDescriptor, json: &[u8], error: serde_json::Error) -> Error {
    let mut track = Track::new();
    let mut reader = serde_json::Deserializer::from_slice(json);
    let tracked = message
        .clone()
        .deserialize(serde_path_to_error::Deserializer::new(&mut reader, &mut track));
    // When the value itself is fine, the fault is what follows it.
    let place = match tracked {
        Ok(_) => path::Place { path: String::new(), kind: None },
        Err(_) => path::resolve(message, &track.path()),
    };
    let (message, at) = reword(&error, place);
    let explained = Error::new(message).path_if_any(at);
    match error.line() {
        0 => explained,
        line => explained.at_line(json, line, error.column()),
    }
}

/// Says what happened in the words of the schema, and to which value.
fn reword(error: &serde_json::Error, place: path::Place) -> (String, String) {
    let text = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    let text = text.strip_suffix(&position).unwrap_or(&text);
    let quoted = |prefix: &str| text.strip_prefix(prefix)?.strip_suffix('\'');
    let path::Place { mut path, kind } = place;
    if let Some(name) = quoted("unrecognized field name '") {
        let message = match kind {
            Some(Kind::Message(message)) => {
                format!("{} has no field {name:?}", message.full_name())
            }
            _ => format!("no field is named {name:?}"),
        };
        path::push_field(&mut path, name);
        return (message, path);
    }
    if let (Some(name), Some(Kind::Enum(kind))) = (quoted("unrecognized enum value '"), &kind) {
        return (format!("{} has no value {name:?}", kind.full_name()), path);
    }
    let wanted = kind.as_ref().map_or_else(
        || "that fits here".to_owned(),
        |kind| format!("of type {}", spans::kind_name(kind)),
    );
    let text = match text {
        "trailing characters" => "there is more text after the message".to_owned(),
        // Only `google.protobuf.Empty` says so.
        "unexpected value in map" => "the message has no fields".to_owned(),
        "expected ident" => "this is not a JSON value".to_owned(),
        "EOF while parsing a value" if error.line() <= 1 && error.column() == 0 => {
            "the text is empty; a message without fields is {}".to_owned()
        }
        "out of range integral type conversion attempted"
        | "number too large to fit in target type"
        | "number too small to fit in target type"
        | "float value out of range" => format!("the number is not one {wanted}"),
        "invalid digit found in string" | "invalid float literal" | "expected integer value" => {
            format!("the value is not a number {wanted}")
        }
        text => match text
            .strip_prefix("invalid type: ")
            .and_then(|text| text.split_once(", expected "))
        {
            Some((found, wanted)) => {
                format!("expected {}, found {}", json_word(wanted), json_word(found))
            }
            None => text.replace("EOF while parsing", "the text ends inside"),
        },
    };
    (text, path)
}

/// The word of JSON for a word of serde.
fn json_word(word: &str) -> &str {
    match word {
        "a map" | "map" => "an object",
        "a list" | "sequence" => "an array",
        word => word,
    }
}

/// Refuses texts that are too long or too deep before anything recurses.
fn check_limits(json: &[u8]) -> Result<(), Error> {
    if json.len() > MAX_BYTES {
        return Err(Error::new(format!("the JSON text is longer than {MAX_BYTES} bytes")));
    }
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for (index, byte) in json.iter().enumerate() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    let read = json.get(..=index).unwrap_or(json);
                    let line = read.iter().filter(|byte| **byte == b'\n').count() + 1;
                    let column = read.iter().rev().take_while(|byte| **byte != b'\n').count();
                    let message = format!("the JSON text is nested more than {MAX_DEPTH} deep");
                    return Err(Error::new(message).at_line(json, line, column));
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// Reads a wire as the message.
pub(crate) fn decode(message: &MessageDescriptor, wire: &[u8]) -> Result<DynamicMessage, Error> {
    if wire.len() > MAX_BYTES {
        return Err(Error::new(format!("the message is longer than {MAX_BYTES} bytes")));
    }
    DynamicMessage::decode(message.clone(), wire).map_err(|error| {
        match walk::fault(message, wire) {
            Some(fault) => {
                Error::new(fault.message).path_if_any(fault.path).at_offset(fault.offset)
            }
            None => Error::new(error.to_string()),
        }
    })
}

/// Appends the message as JSON.
pub(crate) fn write(
    value: &DynamicMessage,
    json: &mut Vec<u8>,
    options: &Options,
) -> Result<(), Error> {
    let before = json.len();
    let form = SerializeOptions::new()
        .skip_default_fields(!options.print_defaults)
        .use_proto_field_name(options.original_names)
        .use_enum_numbers(options.enums_as_numbers);
    let written = if options.pretty {
        value.serialize_with_options(&mut serde_json::Serializer::pretty(&mut *json), &form)
    } else {
        value.serialize_with_options(&mut serde_json::Serializer::new(&mut *json), &form)
    };
    written.map_err(|error| {
        json.truncate(before);
        let mut track = Track::new();
        let mut writer = serde_json::Serializer::new(std::io::sink());
        let tracked = serde_path_to_error::Serializer::new(&mut writer, &mut track);
        let _ = value.serialize_with_options(tracked, &form);
        let place = path::resolve(&prost_reflect::ReflectMessage::descriptor(value), &track.path());
        Error::new(error.to_string()).path_if_any(place.path)
    })
}
