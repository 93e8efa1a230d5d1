//! From a descriptor to a plan.

use super::features::{self, Features};
use super::{
    Arity, Beginnings, EnumPlan, EnumValue, Field, Form, Key, Kind, MessagePlan, NONE, Names,
    Numbers, Op, Plans, Stream,
};
use crate::raw::Short;
use crate::varint;
use prost_reflect::{
    Cardinality, EnumDescriptor, ExtensionDescriptor, FieldDescriptor, FileDescriptor,
    Kind as Type, MessageDescriptor, Syntax,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU8, AtomicU16};
use std::sync::{Arc, PoisonError};

/// Compiles one type; the types of its fields get an id and no more.
pub(super) fn message(plans: &Plans, message: &MessageDescriptor) -> MessagePlan {
    let rules = Rules::of(&message.parent_file());
    let oneofs = Oneofs::of(message);
    let own = message.fields().map(|field| from_field(plans, &field, &rules, &oneofs));
    let mut files: BTreeMap<String, Rules> = BTreeMap::new();
    let extensions = message.extensions().map(|field| {
        let file = field.parent_file();
        let rules = files.entry(file.name().to_owned()).or_insert_with(|| Rules::of(&file));
        from_extension(plans, &field, rules)
    });
    let mut fields: Vec<Field> = own.chain(extensions).collect();
    fields.sort_by_key(|field| field.number);
    fields.truncate(usize::from(NONE));
    let message_set = message
        .descriptor_proto()
        .options
        .as_ref()
        .is_some_and(|options| options.message_set_wire_format());
    for (index, field) in fields.iter_mut().enumerate() {
        field.index = index as u16;
        field.bit = if index < 64 { 1 << index } else { 0 };
        if field.bit == 0 || message_set {
            field.op = Op::Other;
        }
    }

    let nullable: BTreeSet<u32> = message
        .fields()
        .filter(|field| field.containing_oneof().is_none() && !field.is_list() && !field.is_map())
        .map(|field| field.number())
        .collect();
    let indexed = || fields.iter().zip(0u16..);
    let names = indexed()
        .map(|(field, index)| (&*field.json_name, index))
        // After all JSON names: the name that a field is written by wins over what another was called.
        .chain(indexed().map(|(field, index)| (&*field.original_name, index)));
    MessagePlan {
        name: message.full_name().into(),
        form: form(message),
        message_set,
        names: Names::new(names),
        beginnings: Beginnings::new(fields.iter().map(|field| &*field.json_key)),
        numbers: Numbers::new(indexed().map(|(field, index)| (field.number, index))),
        required: indexed().filter(|(field, _)| field.required).map(|(_, index)| index).collect(),
        oneofs: oneofs.names.into(),
        streams: Stream::of(&fields),
        defaults: indexed()
            .filter(|(field, _)| field.has_default() && !field.json_name.starts_with('['))
            .map(|(_, index)| index)
            .collect(),
        unset: indexed()
            .filter(|(field, _)| field.has_default() || nullable.contains(&field.number))
            .map(|(_, index)| index)
            .collect(),
        fields: fields.into(),
        first_json: AtomicU16::new(0),
        first_wire: AtomicU16::new(0),
        unordered: AtomicU8::new(0),
        careful: AtomicU8::new(u8::from(message_set)),
    }
}

/// What holds for the fields and enums of a file unless their own features say otherwise.
struct Rules {
    proto2: bool,
    edition: bool,
}

impl Rules {
    fn of(file: &FileDescriptor) -> Rules {
        Rules {
            proto2: file.syntax() == Syntax::Proto2,
            edition: features::of_file(file).is_some(),
        }
    }
}

/// The oneofs of a message, renumbered without the synthetic ones.
struct Oneofs {
    names: Vec<Box<str>>,
    by_name: BTreeMap<Box<str>, u16>,
}

impl Oneofs {
    fn of(message: &MessageDescriptor) -> Oneofs {
        let names: Vec<Box<str>> = message
            .oneofs()
            .filter(|oneof| !oneof.is_synthetic())
            .map(|oneof| oneof.name().into())
            .collect();
        let by_name = names.iter().cloned().zip(0u16..).collect();
        Oneofs { names, by_name }
    }
}

/// What fields and extensions have in common.
struct Source<'a> {
    number: u32,
    kind: Type,
    group: bool,
    cardinality: Cardinality,
    presence: bool,
    packed: bool,
    features: Option<Features>,
    oneof: u16,
    json_name: &'a str,
    original_name: &'a str,
}

fn from_field(plans: &Plans, field: &FieldDescriptor, rules: &Rules, oneofs: &Oneofs) -> Field {
    let oneof = field.containing_oneof();
    let source = Source {
        number: field.number(),
        kind: field.kind(),
        group: field.is_group(),
        cardinality: field.cardinality(),
        presence: field.supports_presence(),
        packed: field.is_packed(),
        features: if rules.edition { features::of_field(field) } else { None },
        oneof: oneof.and_then(|oneof| oneofs.by_name.get(oneof.name()).copied()).unwrap_or(NONE),
        json_name: field.json_name(),
        original_name: field.name(),
    };
    compile(plans, source, rules)
}

fn from_extension(plans: &Plans, field: &ExtensionDescriptor, rules: &Rules) -> Field {
    // prost-reflect writes the brackets: `[package.name]`.
    let name = field.json_name();
    let source = Source {
        number: field.number(),
        kind: field.kind(),
        group: field.is_group(),
        cardinality: field.cardinality(),
        presence: true,
        packed: field.is_packed(),
        features: if rules.edition { features::of_extension(field) } else { None },
        oneof: NONE,
        json_name: name,
        original_name: name,
    };
    compile(plans, source, rules)
}

fn compile(plans: &Plans, source: Source<'_>, rules: &Rules) -> Field {
    let kind = match &source.kind {
        Type::Message(_) if source.group => Kind::Group,
        kind => simple(kind),
    };
    let features = source.features.unwrap_or_default();
    let resolved = source.features.is_some();
    let entry = match &source.kind {
        Type::Message(entry)
            if source.cardinality == Cardinality::Repeated && entry.is_map_entry() =>
        {
            let part =
                |field: &FieldDescriptor| from_field(plans, field, rules, &Oneofs::of(entry));
            Some(Box::new([
                part(&entry.map_entry_key_field()),
                part(&entry.map_entry_value_field()),
            ]))
        }
        _ => None,
    };
    let singular = source.cardinality != Cardinality::Repeated;
    let required = singular
        && if resolved {
            features.is_required()
        } else {
            source.cardinality == Cardinality::Required
        };
    let arity = if entry.is_some() {
        Arity::Map
    } else if singular {
        let implicit = if resolved { features.is_implicit() } else { !source.presence };
        // Messages and the members of a oneof are there or not, whatever the file's default is.
        let implicit = implicit && !kind.is_message() && source.oneof == NONE;
        Arity::Singular { implicit }
    } else if kind.is_packable() && if resolved { !features.is_expanded() } else { source.packed } {
        Arity::Packed
    } else {
        Arity::Expanded
    };
    let wire_type = if arity == Arity::Packed { 2 } else { kind.wire_type() };
    let tag = tag(source.number, wire_type);
    let op = match arity {
        _ if source.oneof != NONE => Op::Other,
        Arity::Map => Op::Map,
        Arity::Expanded | Arity::Packed => Op::List,
        Arity::Singular { .. } => match kind {
            Kind::String => Op::String,
            Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64 => Op::Integer,
            Kind::Double => Op::Double,
            Kind::Bool => Op::Bool,
            Kind::Enum => Op::Enum,
            Kind::Message => match &source.kind {
                Type::Message(message) => match form(message) {
                    Form::Object => Op::Object,
                    Form::Timestamp => Op::Timestamp,
                    _ => Op::Other,
                },
                _ => Op::Other,
            },
            _ => Op::Other,
        },
    };
    Field {
        number: source.number,
        kind,
        arity,
        utf8: if resolved { !features.skips_utf8() } else { !rules.proto2 },
        required,
        oneof: source.oneof,
        tag,
        op,
        // Known when all fields are.
        index: 0,
        bit: 0,
        reach: kind.reach(),
        message: match &source.kind {
            Type::Message(message) => plans.id(message),
            _ => 0,
        },
        enumeration: match &source.kind {
            Type::Enum(kind) => Some(plans.enumeration(kind)),
            _ => None,
        },
        entry,
        json_name: source.json_name.into(),
        original_name: source.original_name.into(),
        json_key: key(source.json_name),
        original_key: key(source.original_name),
        key: Key::new(&key(source.json_name)),
        next_json: AtomicU16::new(NONE),
        width: AtomicU8::new(1),
    }
}

fn simple(kind: &Type) -> Kind {
    match kind {
        Type::Double => Kind::Double,
        Type::Float => Kind::Float,
        Type::Int32 => Kind::Int32,
        Type::Int64 => Kind::Int64,
        Type::Uint32 => Kind::Uint32,
        Type::Uint64 => Kind::Uint64,
        Type::Sint32 => Kind::Sint32,
        Type::Sint64 => Kind::Sint64,
        Type::Fixed32 => Kind::Fixed32,
        Type::Fixed64 => Kind::Fixed64,
        Type::Sfixed32 => Kind::Sfixed32,
        Type::Sfixed64 => Kind::Sfixed64,
        Type::Bool => Kind::Bool,
        Type::String => Kind::String,
        Type::Bytes => Kind::Bytes,
        Type::Enum(_) => Kind::Enum,
        Type::Message(_) => Kind::Message,
    }
}

fn tag(number: u32, wire_type: u8) -> Short {
    let (bytes, len) = varint::encode(u64::from(number << 3 | u32::from(wire_type)));
    Short::new(&bytes[..len])
}

fn quoted(name: &str) -> Vec<u8> {
    serde_json::to_vec(name).expect("a text is JSON")
}

fn key(name: &str) -> Box<[u8]> {
    let mut key = quoted(name);
    key.push(b':');
    key.into()
}

impl Plans {
    /// The plan of an enum, made now if this is the first time.
    fn enumeration(&self, kind: &EnumDescriptor) -> Arc<EnumPlan> {
        let mut enums = self.enums.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = enums.get(kind.full_name()) {
            return plan.clone();
        }
        let plan = Arc::new(enumeration(kind));
        enums.insert(kind.full_name().into(), plan.clone());
        plan
    }
}

fn enumeration(kind: &EnumDescriptor) -> EnumPlan {
    let file = kind.parent_file();
    let features = features::of_file(&file).and_then(|_| features::of_enum(kind));
    // As declared: `values` of the descriptor come by number.
    let declared = &kind.enum_descriptor_proto().value;
    let values: Vec<EnumValue> = declared
        .iter()
        .map(|value| {
            let quoted = quoted(value.name());
            EnumValue { number: value.number(), key: Key::new(&quoted), quoted: quoted.into() }
        })
        .take(usize::from(NONE) - 1)
        .collect();
    EnumPlan {
        name: kind.full_name().into(),
        closed: match features {
            Some(features) => features.is_closed(),
            None => file.syntax() == Syntax::Proto2,
        },
        null: kind.full_name() == "google.protobuf.NullValue",
        names: Names::new(declared.iter().map(|value| value.name()).zip(0..NONE - 1)),
        numbers: Numbers::new(
            values.iter().map(|value| value.number.cast_unsigned()).zip(0..NONE - 1),
        ),
        values: values.into(),
        hint: AtomicU16::new(0),
    }
}

/// The well-known types, as far as a type of that name has the fields that its JSON form is made of.
fn form(message: &MessageDescriptor) -> Form {
    let Some(name) = message.full_name().strip_prefix("google.protobuf.") else {
        return Form::Object;
    };
    let has = |number: u32, kind: &Type, list: bool| {
        message.get_field(number).is_some_and(|field| {
            field.kind() == *kind && field.is_list() == list && !field.is_group()
        })
    };
    let seconds_and_nanos = has(1, &Type::Int64, false) && has(2, &Type::Int32, false);
    let wraps = |kind: Type| has(1, &kind, false);
    let message_named = |number: u32, name: &str, repeated: bool| {
        message.get_field(number).is_some_and(|field| {
            let matches = match field.kind() {
                Type::Message(kind) => kind.full_name() == name,
                _ => false,
            };
            matches && (field.cardinality() == Cardinality::Repeated) == repeated
        })
    };
    let (form, holds) = match name {
        "Any" => (Form::Any, has(1, &Type::String, false) && has(2, &Type::Bytes, false)),
        "Timestamp" => (Form::Timestamp, seconds_and_nanos),
        "Duration" => (Form::Duration, seconds_and_nanos),
        "FieldMask" => (Form::FieldMask, has(1, &Type::String, true)),
        "Struct" => (
            Form::Struct,
            message_named(1, "google.protobuf.Struct.FieldsEntry", true)
                && message.get_field(1).is_some_and(|field| is_value_map(&field)),
        ),
        "Value" => (
            Form::Value,
            message.get_field(1).is_some_and(|field| matches!(field.kind(), Type::Enum(_)))
                && has(2, &Type::Double, false)
                && has(3, &Type::String, false)
                && has(4, &Type::Bool, false)
                && message_named(5, "google.protobuf.Struct", false)
                && message_named(6, "google.protobuf.ListValue", false),
        ),
        "ListValue" => (Form::ListValue, message_named(1, "google.protobuf.Value", true)),
        "DoubleValue" => (Form::Wrapper, wraps(Type::Double)),
        "FloatValue" => (Form::Wrapper, wraps(Type::Float)),
        "Int64Value" => (Form::Wrapper, wraps(Type::Int64)),
        "UInt64Value" => (Form::Wrapper, wraps(Type::Uint64)),
        "Int32Value" => (Form::Wrapper, wraps(Type::Int32)),
        "UInt32Value" => (Form::Wrapper, wraps(Type::Uint32)),
        "BoolValue" => (Form::Wrapper, wraps(Type::Bool)),
        "StringValue" => (Form::Wrapper, wraps(Type::String)),
        "BytesValue" => (Form::Wrapper, wraps(Type::Bytes)),
        _ => (Form::Object, true),
    };
    if holds { form } else { Form::Object }
}

fn is_value_map(field: &FieldDescriptor) -> bool {
    match field.kind() {
        Type::Message(entry) if field.is_map() => {
            entry.map_entry_key_field().kind() == Type::String
                && match entry.map_entry_value_field().kind() {
                    Type::Message(value) => value.full_name() == "google.protobuf.Value",
                    _ => false,
                }
        }
        _ => false,
    }
}
