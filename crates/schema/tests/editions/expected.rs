//! Features as protoc's descriptors and its own table of defaults have them: put together here by the rules of
//! <https://protobuf.dev/editions/features/> once more, on messages of protoc's own `descriptor.proto`.

use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, ReflectMessage, Value};
use std::collections::{BTreeMap, HashSet};

/// Features by name, and what they make of a definition.
pub type Features = BTreeMap<String, String>;

/// Definitions by kind and full name.
pub type Definitions = BTreeMap<String, Features>;

/// protoc's `descriptor.proto`.
pub struct Expected {
    set: MessageDescriptor,
    /// Of `google.protobuf.FeatureSetDefaults`, by edition.
    defaults: BTreeMap<i32, Features>,
}

impl Expected {
    /// From a serialized set of `descriptor.proto` alone, and serialized defaults.
    pub fn new(descriptor: &[u8], defaults: &[u8]) -> Expected {
        let mut pool = DescriptorPool::new();
        pool.decode_file_descriptor_set(descriptor).expect("protoc's own files");
        let message = |name| pool.get_message_by_name(name).unwrap_or_else(|| panic!("no {name}"));
        let defaults =
            DynamicMessage::decode(message("google.protobuf.FeatureSetDefaults"), defaults)
                .expect("defaults");
        let of = |defaults: &DynamicMessage| {
            let mut features = settings(&sub(defaults, "fixed_features"));
            features.extend(settings(&sub(defaults, "overridable_features")));
            (number(defaults, "edition"), features)
        };
        let defaults = list(&defaults, "defaults").iter().map(of).collect();
        Expected { set: message("google.protobuf.FileDescriptorSet"), defaults }
    }

    /// The definitions of all files of editions in a serialized set.
    pub fn definitions(&self, set: &[u8]) -> Definitions {
        let set = DynamicMessage::decode(self.set.clone(), set).expect("a set");
        let mut found = Definitions::new();
        for file in list(&set, "file") {
            if text(&file, "syntax") != "editions" {
                continue;
            }
            let edition = number(&file, "edition");
            let (_, defaults) = self.defaults.range(..=edition).next_back().expect("defaults");
            let around = with(defaults, &file);
            found.insert(format!("file {}", text(&file, "name")), around.clone());
            let package = text(&file, "package");
            let mut walk = Walk { found: &mut found, entries: HashSet::new() };
            let messages = list(&file, "message_type");
            messages.iter().for_each(|message| walk.entries(&package, message));
            messages.iter().for_each(|message| walk.message(&package, message, &around));
            walk.others(&package, &file, &around);
        }
        found
    }
}

struct Walk<'a> {
    found: &'a mut Definitions,
    /// Full names of the entries of maps.
    entries: HashSet<String>,
}

impl Walk<'_> {
    fn entries(&mut self, scope: &str, message: &DynamicMessage) {
        let full = format!("{scope}.{}", text(message, "name"));
        if sub(message, "options")
            .get_field_by_name("map_entry")
            .is_some_and(|v| v.as_bool() == Some(true))
        {
            self.entries.insert(full.clone());
        }
        list(message, "nested_type").iter().for_each(|nested| self.entries(&full, nested));
    }

    fn message(&mut self, scope: &str, message: &DynamicMessage, around: &Features) {
        let full = format!("{scope}.{}", text(message, "name"));
        let around = with(around, message);
        self.found.insert(format!("message {full}"), around.clone());
        let mut oneofs = vec![];
        for oneof in list(message, "oneof_decl") {
            let features = with(&around, &oneof);
            self.found.insert(format!("oneof {full}.{}", text(&oneof, "name")), features.clone());
            oneofs.push(features);
        }
        for field in list(message, "field") {
            let oneof = field.has_field_by_name("oneof_index");
            let index = usize::try_from(number(&field, "oneof_index")).expect("an index");
            let around = if oneof { &oneofs[index] } else { &around };
            self.field("field", &full, &field, around, oneof);
        }
        list(message, "nested_type").iter().for_each(|nested| self.message(&full, nested, &around));
        self.others(&full, message, &around);
    }

    /// Enums and extensions.
    fn others(&mut self, scope: &str, around: &DynamicMessage, features: &Features) {
        for e in list(around, "enum_type") {
            self.found.insert(format!("enum {scope}.{}", text(&e, "name")), with(features, &e));
        }
        for extension in list(around, "extension") {
            self.field("extension", scope, &extension, features, true);
        }
    }

    fn field(
        &mut self,
        kind: &str,
        scope: &str,
        field: &DynamicMessage,
        around: &Features,
        always_explicit: bool,
    ) {
        let mut features = with(around, field);
        let (label, ty) = (number(field, "label"), number(field, "type"));
        let of_map = self.entries.contains(scope)
            || self.entries.contains(text(field, "type_name").trim_start_matches('.'));
        let is = |features: &Features, name: &str, value: &str| features[name] == value;
        let delimited = ty == 11 && !of_map && is(&features, "message_encoding", "DELIMITED");
        let packed = label == 3
            && ![9, 10, 11, 12].contains(&ty)
            && is(&features, "repeated_field_encoding", "PACKED");
        let required =
            label == 1 && !always_explicit && is(&features, "field_presence", "LEGACY_REQUIRED");
        for (name, holds) in [("delimited", delimited), ("packed", packed), ("required", required)]
        {
            features.insert(name.to_owned(), holds.to_string());
        }
        self.found.insert(format!("{kind} {scope}.{}", text(field, "name")), features);
    }
}

/// What holds for a definition where `around` holds around it.
fn with(around: &Features, definition: &DynamicMessage) -> Features {
    let mut features = around.clone();
    features.extend(settings(&sub(&sub(definition, "options"), "features")));
    features
}

/// Names and values of a `google.protobuf.FeatureSet`, those of languages left out.
pub fn settings(features: &DynamicMessage) -> Features {
    let mut settings = Features::new();
    for (field, value) in features.fields() {
        let kind = field.kind();
        let value = value.as_enum_number().expect("an enum");
        let name = kind.as_enum().and_then(|e| e.get_value(value)).expect("a known value");
        settings.insert(field.name().to_owned(), name.name().to_owned());
    }
    settings
}

/// A message within a message; empty when it is not set.
pub fn sub(message: &DynamicMessage, field: &str) -> DynamicMessage {
    match message.get_field_by_name(field).as_deref() {
        Some(Value::Message(value)) => value.clone(),
        _ => panic!("{} has no {field}", message.descriptor().full_name()),
    }
}

fn list(message: &DynamicMessage, field: &str) -> Vec<DynamicMessage> {
    let value = message.get_field_by_name(field).expect(field);
    let items = value.as_list().expect(field).iter();
    items.map(|item| item.as_message().expect(field).clone()).collect()
}

fn text(message: &DynamicMessage, field: &str) -> String {
    message.get_field_by_name(field).expect(field).as_str().expect(field).to_owned()
}

fn number(message: &DynamicMessage, field: &str) -> i32 {
    let value = message.get_field_by_name(field).expect(field);
    value.as_i32().or(value.as_enum_number()).expect(field)
}
