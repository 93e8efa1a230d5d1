//! Paths of values, written the same way for JSON texts and wires: `items[2].price`, `labels["tier"]`.

use prost_reflect::{Kind, MessageDescriptor};
use serde_path_to_error::{Path, Segment};
use std::fmt::Write;

/// Appends a field to a path.
pub(crate) fn push_field(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(name);
}

/// Appends an element of a list.
pub(crate) fn push_index(path: &mut String, index: usize) {
    let _ = write!(path, "[{index}]");
}

/// Appends an entry of a map; the key is written as JSON text would have it.
pub(crate) fn push_key(path: &mut String, key: &str) {
    let _ = write!(path, "[{key:?}]");
}

/// Where a tracked path leads to.
pub(crate) struct Place {
    /// As people read it.
    pub path: String,
    /// The type of the value there, where the descriptors tell (not inside `Any` or `Struct`).
    pub kind: Option<Kind>,
}

/// What the next segment of a path is applied to.
enum At {
    Message(MessageDescriptor),
    Map(Kind),
    List(Kind),
    Leaf(Kind),
    Unknown,
}

impl At {
    fn value(kind: Kind) -> At {
        match kind {
            Kind::Message(message) => At::Message(message),
            kind => At::Leaf(kind),
        }
    }
}

/// Follows a path through the types, so that map keys can be told from fields.
pub(crate) fn resolve(message: &MessageDescriptor, path: &Path) -> Place {
    let mut text = String::new();
    let mut at = At::Message(message.clone());
    for segment in path.iter() {
        at = match (segment, at) {
            (Segment::Map { key }, At::Map(value)) => {
                push_key(&mut text, key);
                At::value(value)
            }
            (Segment::Map { key } | Segment::Enum { variant: key }, at) => {
                push_field(&mut text, key);
                match at {
                    At::Message(message) => field(&message, key),
                    _ => At::Unknown,
                }
            }
            (Segment::Seq { index }, at) => {
                push_index(&mut text, *index);
                match at {
                    At::List(element) => At::value(element),
                    _ => At::Unknown,
                }
            }
            (Segment::Unknown, _) => At::Unknown,
        };
    }
    let kind = match at {
        At::Message(message) => Some(Kind::Message(message)),
        At::Leaf(kind) | At::List(kind) => Some(kind),
        At::Map(_) | At::Unknown => None,
    };
    Place { path: text, kind }
}

fn field(message: &MessageDescriptor, key: &str) -> At {
    let field = message.get_field_by_json_name(key).or_else(|| message.get_field_by_name(key));
    match field {
        Some(field) if field.is_map() => match field.kind() {
            Kind::Message(entry) => At::Map(entry.map_entry_value_field().kind()),
            _ => At::Unknown,
        },
        Some(field) if field.is_list() => At::List(field.kind()),
        Some(field) => At::value(field.kind()),
        None => match message.get_extension_by_json_name(key) {
            Some(extension) if extension.is_list() => At::List(extension.kind()),
            Some(extension) => At::value(extension.kind()),
            None => At::Unknown,
        },
    }
}
