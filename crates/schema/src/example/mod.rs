//! Example values: what a person would type into the form first, as ProtoJSON. The same schema gives the same
//! example always. `guess` knows what names mean; this module knows types.

mod guess;

use crate::{
    form::{scalar, well_known},
    options::{self, Behavior},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use guess::Name;
use prost_reflect::{Cardinality, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};
use std::collections::HashSet;
use wirelab_model::{Scalar, WellKnown};

/// How deep messages are filled in.
const MAX_DEPTH: usize = 6;
/// How many values an example has; after them only what must be there is filled in.
const MAX_VALUES: usize = 300;

/// An example of `message`, pretty-printed.
pub(crate) fn json(message: &MessageDescriptor) -> String {
    let mut maker = Maker { open: vec![], values: 0 };
    let value = maker.message(message, &Name::new("", ""));
    serde_json::to_string_pretty(&value).unwrap_or_else(|_| "{}".to_owned())
}

struct Maker {
    /// Full names of the messages being filled in, the outermost first.
    open: Vec<String>,
    values: usize,
}

impl Maker {
    fn message(&mut self, message: &MessageDescriptor, name: &Name) -> Value {
        if let Some(well_known) = well_known(message) {
            return self.well_known(well_known, message, name);
        }
        self.open.push(message.full_name().to_owned());
        let mut fields: Vec<_> = message.fields().collect();
        fields.sort_by_key(|field| field.path().last().copied());
        let mut object = Map::new();
        let mut chosen = HashSet::new();
        for field in &fields {
            let oneof = field.containing_oneof().filter(|o| !o.is_synthetic());
            let taken = oneof.as_ref().is_some_and(|o| chosen.contains(o.name()));
            if taken || !self.wants(field) {
                continue;
            }
            if let Some(value) = self.field(field, &fields) {
                object.insert(field.json_name().to_owned(), value);
                chosen.extend(oneof.map(|o| o.name().to_owned()));
            }
        }
        self.open.pop();
        Value::Object(object)
    }

    fn wants(&self, field: &FieldDescriptor) -> bool {
        if field.cardinality() == Cardinality::Required {
            return true;
        }
        let options = &field.field_descriptor_proto().options;
        let Behavior { required, output_only } = if options.is_some() {
            options::behavior(&field.options())
        } else {
            Behavior::default()
        };
        let deprecated = options.as_ref().is_some_and(|o| o.deprecated());
        required || !(output_only || deprecated || self.values >= MAX_VALUES)
    }

    fn field(&mut self, field: &FieldDescriptor, siblings: &[FieldDescriptor]) -> Option<Value> {
        self.values += 1;
        let name = Name::new(field.name(), field.parent_message().name());
        if field.is_map() {
            let kind = field.kind();
            let entry = kind.as_message()?;
            let key = match scalar(&entry.map_entry_key_field().kind()) {
                Some(Scalar::String) if name.labels() => "tier",
                Some(Scalar::String) => "key",
                Some(Scalar::Bool) => "true",
                _ => "1",
            };
            let unknown = if name.labels() { "gold" } else { "value" };
            let name = name.or(unknown);
            let value = self.value(&entry.map_entry_value_field().kind(), &name, siblings)?;
            return Some(json!({ key: value }));
        }
        let value = self.value(&field.kind(), &name, siblings)?;
        Some(if field.is_list() { json!([value]) } else { value })
    }

    fn value(&mut self, kind: &Kind, name: &Name, siblings: &[FieldDescriptor]) -> Option<Value> {
        match kind {
            Kind::Message(message) => {
                let recursive = self.open.iter().any(|open| open == message.full_name());
                if recursive || self.open.len() >= MAX_DEPTH {
                    return None;
                }
                if well_known(message) == Some(WellKnown::FieldMask) {
                    if name.narrows() {
                        return None;
                    }
                    return Some(Value::String(mask(siblings)));
                }
                Some(self.message(message, name))
            }
            Kind::Enum(e) => Some(enum_value(e)),
            other => scalar(other).map(|scalar| scalar_value(scalar, name)),
        }
    }

    fn well_known(&mut self, known: WellKnown, message: &MessageDescriptor, name: &Name) -> Value {
        match known {
            WellKnown::Any => {
                let inner = "google.protobuf.Duration";
                match message.parent_pool().get_message_by_name(inner) {
                    Some(_) => {
                        json!({ "@type": format!("type.googleapis.com/{inner}"), "value": "30s" })
                    }
                    None => json!({}),
                }
            }
            WellKnown::Timestamp => name.timestamp().into(),
            WellKnown::Duration => name.duration().into(),
            WellKnown::FieldMask => mask(&[]).into(),
            WellKnown::Struct => json!({ "key": "value" }),
            WellKnown::Value => json!("value"),
            WellKnown::ListValue => json!(["value"]),
            WellKnown::Empty => json!({}),
            WellKnown::Wrapper(scalar) => scalar_value(scalar, name),
        }
    }
}

/// The first value that says something.
fn enum_value(e: &EnumDescriptor) -> Value {
    if e.full_name() == "google.protobuf.NullValue" {
        return Value::Null;
    }
    let tells = |value: &prost_reflect::EnumValueDescriptor| {
        let options = &value.enum_value_descriptor_proto().options;
        let vague = value.name().ends_with("UNSPECIFIED") || value.name().ends_with("UNKNOWN");
        value.number() > 0 && !vague && !options.as_ref().is_some_and(|o| o.deprecated())
    };
    let mut values: Vec<_> = e.values().collect();
    values.sort_by_key(|value| value.path().last().copied());
    values.into_iter().find(tells).unwrap_or_else(|| e.default_value()).name().into()
}

fn scalar_value(scalar: Scalar, name: &Name) -> Value {
    match scalar {
        Scalar::Double | Scalar::Float => json!(name.real()),
        Scalar::Int32 | Scalar::Sint32 | Scalar::Sfixed32 | Scalar::Uint32 | Scalar::Fixed32 => {
            let value = name.integer();
            // Times in milliseconds and finer do not fit; nobody keeps such in 32 bits.
            json!(if value > i64::from(i32::MAX) { 1 } else { value })
        }
        wide if wide.is_64_bit_integer() => name.integer().to_string().into(),
        Scalar::Bool => json!(name.flag()),
        Scalar::Bytes => STANDARD.encode("example").into(),
        _ => name.text().into(),
    }
}

/// A field mask that fits the first message beside it. Only names that survive the way to JSON and back count.
fn mask(siblings: &[FieldDescriptor]) -> String {
    let plain = |name: &str| {
        !name.is_empty()
            && name
                .split('_')
                .all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase()))
    };
    let inner = siblings.iter().filter_map(|field| match field.kind() {
        Kind::Message(message) if !field.is_map() && well_known(&message).is_none() => {
            Some(message)
        }
        _ => None,
    });
    let mut names = inner.flat_map(|message| {
        let mut fields: Vec<_> = message.fields().collect();
        fields.sort_by_key(|field| field.path().last().copied());
        fields
            .into_iter()
            .filter(|field| plain(field.name()))
            .map(|field| camel(field.name()))
            .next()
    });
    names.next().unwrap_or_else(|| "name".to_owned())
}

fn camel(name: &str) -> String {
    let mut camel = String::new();
    for (i, word) in name.split('_').enumerate() {
        let mut chars = word.chars();
        match chars.next() {
            Some(first) if i > 0 => camel.push(first.to_ascii_uppercase()),
            Some(first) => camel.push(first),
            None => {}
        }
        camel.extend(chars);
    }
    camel
}
