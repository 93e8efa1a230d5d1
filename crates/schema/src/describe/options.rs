//! Options as `.proto` text: standard ones by name, extensions in parentheses.

use crate::edition::{self, FeatureSet};
use prost_reflect::{DynamicMessage, Kind, Value};

/// Name and value of every option that is set, in the order of their numbers.
pub(super) fn set_options(options: &DynamicMessage) -> Vec<(String, String)> {
    let written = edition::written(options).and_then(|written| written.features);
    let mut set: Vec<_> = written
        .map_or_else(Vec::new, FeatureSet::settings)
        .into_iter()
        .map(|(name, value)| (format!("features.{name}"), value))
        .collect();
    let is_lowered = options.has_field_by_name("features");
    for (field, value) in options.fields() {
        match field.name() {
            // `map_entry` is how descriptors say `map<…>`.
            "uninterpreted_option" | "map_entry" => {}
            // The resolved ones and the packing that they ask for: what the file said of them is `written`.
            "features" => added_features(&mut set, value),
            "packed" if is_lowered => {}
            name => push(&mut set, name.to_owned(), &field.kind(), value),
        }
    }
    for (extension, value) in options.extensions() {
        push(&mut set, format!("({})", extension.full_name()), &extension.kind(), value);
    }
    set
}

/// The features of languages and tools, which nothing but the definition itself sets.
fn added_features(set: &mut Vec<(String, String)>, features: &Value) {
    let Value::Message(features) = features else { return };
    for (extension, value) in features.extensions() {
        let name = format!("features.({})", extension.full_name());
        match value {
            Value::Message(message) => {
                for (feature, value) in message.fields() {
                    push(set, format!("{name}.{}", feature.name()), &feature.kind(), value);
                }
            }
            value => push(set, name, &extension.kind(), value),
        }
    }
}

/// A repeated option is set once for each element.
fn push(set: &mut Vec<(String, String)>, name: String, kind: &Kind, value: &Value) {
    match value {
        Value::List(values) => {
            set.extend(values.iter().map(|value| (name.clone(), text(kind, value))));
        }
        value => set.push((name, text(kind, value))),
    }
}

fn text(kind: &Kind, value: &Value) -> String {
    match (kind, value) {
        (Kind::Enum(e), Value::EnumNumber(number)) => {
            e.get_value(*number).map_or_else(|| number.to_string(), |v| v.name().to_owned())
        }
        (_, Value::String(text)) => quoted(text),
        (_, value) => format!("{value:#}"),
    }
}

/// A string literal.
pub(super) fn quoted(text: &str) -> String {
    let mut literal = String::from('"');
    for c in text.chars() {
        match c {
            '"' => literal.push_str("\\\""),
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            c if c.is_control() => {
                let mut bytes = [0; 4];
                for byte in c.encode_utf8(&mut bytes).bytes() {
                    literal.push_str(&format!("\\{byte:03o}"));
                }
            }
            c => literal.push(c),
        }
    }
    literal.push('"');
    literal
}
