//! What to begin with: for each type, messages that have each of their fields once, as JSON and as a wire.

use crate::{CODECS, TYPES};
use prost_reflect::prost::Message;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};
use std::fs;
use std::io;
use std::path::Path;
use wirelab_transcode::Options;

/// Writes them into a folder for each target.
///
/// # Errors
/// Where that cannot be written.
pub fn write_seeds(folder: &Path) -> io::Result<()> {
    let (texts, wires) = (folder.join("json_to_wire"), folder.join("wire_to_json"));
    fs::create_dir_all(&texts)?;
    fs::create_dir_all(&wires)?;
    for (place, (name, codec)) in TYPES.iter().zip(CODECS.iter()).enumerate() {
        let type_byte = u8::try_from(place).expect("few types");
        let fields: Vec<_> = codec.message().fields().collect();
        // Each field alone, then all of them.
        for only in fields.iter().map(Some).chain([None]) {
            let mut message = DynamicMessage::new(codec.message().clone());
            for field in &fields {
                if only.is_none_or(|only| only == field) || is_required(field) {
                    message.set_field(field, value(field, 0));
                }
            }
            let wire = message.encode_to_vec();
            let mut json = Vec::new();
            let name = format!("{name}-{}", only.map_or("all", |field| field.name()));
            fs::write(wires.join(&name), [&[type_byte], &*wire].concat())?;
            if codec.wire_to_json(&wire, &mut json, &Options::default()).is_ok() {
                fs::write(texts.join(&name), [&[type_byte], &*json].concat())?;
            }
        }
    }
    Ok(())
}

fn is_required(field: &FieldDescriptor) -> bool {
    field.cardinality() == prost_reflect::Cardinality::Required
}

fn value(field: &FieldDescriptor, depth: usize) -> Value {
    let kind = field.kind();
    if field.is_map() {
        let entry = kind.as_message().expect("maps have entries").clone();
        let key = match single(&entry.map_entry_key_field().kind(), depth) {
            Value::Bool(key) => MapKey::Bool(key),
            Value::I32(key) => MapKey::I32(key),
            Value::I64(key) => MapKey::I64(key),
            Value::U32(key) => MapKey::U32(key),
            Value::U64(key) => MapKey::U64(key),
            _ => MapKey::String("key".to_owned()),
        };
        Value::Map([(key, single(&entry.map_entry_value_field().kind(), depth))].into())
    } else if field.is_list() {
        Value::List(vec![single(&kind, depth), single(&kind, depth)])
    } else {
        single(&kind, depth)
    }
}

fn single(kind: &Kind, depth: usize) -> Value {
    match kind {
        Kind::Double => Value::F64(0.1),
        Kind::Float => Value::F32(-1.5e10),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(-7),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(i64::MIN),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(300),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(u64::MAX),
        Kind::Bool => Value::Bool(true),
        Kind::String => Value::String("é\n\"\u{1F600}".to_owned()),
        Kind::Bytes => Value::Bytes(vec![0, 0xFF, 0x7F, 0x80].into()),
        Kind::Enum(kind) => {
            Value::EnumNumber(kind.values().last().expect("enums have values").number())
        }
        Kind::Message(message) => Value::Message(filled(message, depth + 1)),
    }
}

fn filled(message: &MessageDescriptor, depth: usize) -> DynamicMessage {
    let mut made = DynamicMessage::new(message.clone());
    match message.full_name() {
        "google.protobuf.Any" => {
            made.set_field_by_number(1, Value::String("a/everything.v1.Hollow".to_owned()));
        }
        "google.protobuf.FieldMask" => {
            made.set_field_by_number(1, Value::List(vec![Value::String("a_b.c".to_owned())]));
        }
        "google.protobuf.Value" => made.set_field_by_number(3, Value::String("text".to_owned())),
        "google.protobuf.Timestamp" | "google.protobuf.Duration" => {
            made.set_field_by_number(1, Value::I64(1_000_000_000));
            made.set_field_by_number(2, Value::I32(1_500_000));
        }
        _ => {
            for field in message.fields() {
                let is_deep = depth > 2 && matches!(field.kind(), Kind::Message(_));
                if is_required(&field) || !is_deep {
                    made.set_field(&field, value(&field, depth));
                }
            }
        }
    }
    made
}
