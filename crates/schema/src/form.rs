//! Shapes of messages, from which forms are drawn. Follows types, never values, so recursion ends by itself.

use crate::{
    docs::Docs,
    edition::{self, FieldPresence},
    options,
};
use prost_reflect::{
    Cardinality as Label, DynamicMessage, EnumDescriptor, ExtensionDescriptor, FieldDescriptor,
    Kind, MessageDescriptor,
};
use prost_types::FieldDescriptorProto;
use wirelab_model::{
    Cardinality, EnumShape, EnumValueShape, FieldShape, FieldType, FormTypes, MessageShape, Scalar,
    WellKnown,
};

/// `message` with every type it reaches.
pub(crate) fn types(message: &MessageDescriptor) -> FormTypes {
    let mut types = FormTypes { root: message.full_name().to_owned(), ..FormTypes::default() };
    let mut docs = Docs::default();
    let mut todo = vec![Kind::Message(message.clone())];
    while let Some(kind) = todo.pop() {
        match kind {
            Kind::Message(message) if !types.messages.contains_key(message.full_name()) => {
                let shape = shape(&message, &mut docs, &mut todo);
                types.messages.insert(shape.name.clone(), shape);
            }
            Kind::Enum(e) if !types.enums.contains_key(e.full_name()) => {
                let shape = enum_shape(&e, &mut docs);
                types.enums.insert(shape.name.clone(), shape);
            }
            _ => {}
        }
    }
    types
}

/// One message; the kinds of its fields go to `reached`.
fn shape(message: &MessageDescriptor, docs: &mut Docs, reached: &mut Vec<Kind>) -> MessageShape {
    let well_known = well_known(message);
    let mut fields = vec![];
    if well_known.is_none() {
        // `fields` goes by number; people know the order of the file.
        let mut in_order: Vec<_> = message.fields().collect();
        in_order.sort_by_key(|field| field.path().last().copied());
        for field in in_order {
            let (kind, shape) = field_shape(&field, docs);
            reached.push(kind);
            fields.push(shape);
        }
        let mut extensions: Vec<_> = message.extensions().collect();
        extensions.sort_by_key(ExtensionDescriptor::number);
        for extension in extensions {
            reached.push(extension.kind());
            fields.push(extension_shape(&extension, docs));
        }
    }
    MessageShape {
        name: message.full_name().to_owned(),
        docs: docs.of(&message.parent_file(), message.path()),
        well_known,
        fields,
    }
}

fn field_shape(field: &FieldDescriptor, docs: &mut Docs) -> (Kind, FieldShape) {
    let entry = field.kind().as_message().filter(|_| field.is_map()).cloned();
    let (cardinality, kind) = match &entry {
        Some(entry) => {
            let key = scalar(&entry.map_entry_key_field().kind()).unwrap_or(Scalar::String);
            (Cardinality::Map(key), entry.map_entry_value_field().kind())
        }
        None => {
            let cardinality = match edition::presence(field) {
                _ if field.cardinality() == Label::Repeated => Cardinality::Repeated,
                FieldPresence::LegacyRequired => Cardinality::Required,
                FieldPresence::Explicit => Cardinality::Explicit,
                _ => Cardinality::Implicit,
            };
            (cardinality, field.kind())
        }
    };
    let oneof = field.containing_oneof().filter(|oneof| !oneof.is_synthetic());
    let proto = field.field_descriptor_proto();
    let shape = FieldShape {
        name: field.name().to_owned(),
        json_name: field.json_name().to_owned(),
        number: field.number(),
        docs: match field.kind() {
            // The comment in front of a group is its message's.
            Kind::Message(group)
                if field.is_group() && edition::edition(&field.parent_file()).is_none() =>
            {
                docs.of(&field.parent_file(), group.path())
            }
            _ => docs.of(&field.parent_file(), field.path()),
        },
        deprecated: is_deprecated(proto),
        cardinality,
        ty: field_type(&kind),
        oneof: oneof.map(|oneof| oneof.name().to_owned()),
        behavior_required: is_required(proto, || field.options()),
    };
    (kind, shape)
}

fn extension_shape(extension: &ExtensionDescriptor, docs: &mut Docs) -> FieldShape {
    let name = format!("[{}]", extension.full_name());
    let proto = extension.field_descriptor_proto();
    FieldShape {
        name: name.clone(),
        json_name: name,
        number: extension.number(),
        docs: docs.of(&extension.parent_file(), extension.path()),
        deprecated: is_deprecated(proto),
        cardinality: if extension.is_list() {
            Cardinality::Repeated
        } else {
            Cardinality::Explicit
        },
        ty: field_type(&extension.kind()),
        oneof: None,
        behavior_required: is_required(proto, || extension.options()),
    }
}

fn is_deprecated(field: &FieldDescriptorProto) -> bool {
    field.options.as_ref().is_some_and(|o| o.deprecated())
}

fn is_required(field: &FieldDescriptorProto, options: impl FnOnce() -> DynamicMessage) -> bool {
    field.options.is_some() && options::behavior(&options()).required
}

fn enum_shape(e: &EnumDescriptor, docs: &mut Docs) -> EnumShape {
    let file = e.parent_file();
    let value = |value: prost_reflect::EnumValueDescriptor| {
        let options = &value.enum_value_descriptor_proto().options;
        EnumValueShape {
            name: value.name().to_owned(),
            number: value.number(),
            docs: docs.of(&file, value.path()),
            deprecated: options.as_ref().is_some_and(|o| o.deprecated()),
        }
    };
    // `values` goes by number, too.
    let mut in_order: Vec<_> = e.values().collect();
    in_order.sort_by_key(|value| value.path().last().copied());
    let values = in_order.into_iter().map(value).collect();
    EnumShape {
        name: e.full_name().to_owned(),
        docs: docs.of(&file, e.path()),
        values,
        closed: edition::is_closed(e),
    }
}

fn field_type(kind: &Kind) -> FieldType {
    match kind {
        Kind::Message(message) => FieldType::Message(message.full_name().to_owned()),
        Kind::Enum(e) => FieldType::Enum(e.full_name().to_owned()),
        other => FieldType::Scalar(scalar(other).unwrap_or(Scalar::String)),
    }
}

/// The scalar type of a kind; none of messages and enums.
pub(crate) fn scalar(kind: &Kind) -> Option<Scalar> {
    Some(match kind {
        Kind::Double => Scalar::Double,
        Kind::Float => Scalar::Float,
        Kind::Int32 => Scalar::Int32,
        Kind::Int64 => Scalar::Int64,
        Kind::Uint32 => Scalar::Uint32,
        Kind::Uint64 => Scalar::Uint64,
        Kind::Sint32 => Scalar::Sint32,
        Kind::Sint64 => Scalar::Sint64,
        Kind::Fixed32 => Scalar::Fixed32,
        Kind::Fixed64 => Scalar::Fixed64,
        Kind::Sfixed32 => Scalar::Sfixed32,
        Kind::Sfixed64 => Scalar::Sfixed64,
        Kind::Bool => Scalar::Bool,
        Kind::String => Scalar::String,
        Kind::Bytes => Scalar::Bytes,
        Kind::Message(_) | Kind::Enum(_) => return None,
    })
}

/// Which form of its own ProtoJSON has for a message.
pub(crate) fn well_known(message: &MessageDescriptor) -> Option<WellKnown> {
    let name = message.full_name().strip_prefix("google.protobuf.")?;
    Some(match name {
        "Any" => WellKnown::Any,
        "Timestamp" => WellKnown::Timestamp,
        "Duration" => WellKnown::Duration,
        "FieldMask" => WellKnown::FieldMask,
        "Struct" => WellKnown::Struct,
        "Value" => WellKnown::Value,
        "ListValue" => WellKnown::ListValue,
        "Empty" => WellKnown::Empty,
        "DoubleValue" => WellKnown::Wrapper(Scalar::Double),
        "FloatValue" => WellKnown::Wrapper(Scalar::Float),
        "Int64Value" => WellKnown::Wrapper(Scalar::Int64),
        "UInt64Value" => WellKnown::Wrapper(Scalar::Uint64),
        "Int32Value" => WellKnown::Wrapper(Scalar::Int32),
        "UInt32Value" => WellKnown::Wrapper(Scalar::Uint32),
        "BoolValue" => WellKnown::Wrapper(Scalar::Bool),
        "StringValue" => WellKnown::Wrapper(Scalar::String),
        "BytesValue" => WellKnown::Wrapper(Scalar::Bytes),
        _ => return None,
    })
}
