//! A schema of a thousand messages, to compile.

use prost_reflect::{DescriptorPool, MessageDescriptor};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto,
    FileDescriptorProto, FileDescriptorSet, MessageOptions,
};

const MESSAGES: usize = 1_000;

/// A thousand message types of a dozen fields that name each other, each with a map besides, in a new pool.
pub fn thousand_messages() -> Vec<MessageDescriptor> {
    let file = FileDescriptorProto {
        name: Some("thousand.proto".into()),
        package: Some("thousand".into()),
        syntax: Some("proto3".into()),
        message_type: (0..MESSAGES).map(message).collect(),
        enum_type: vec![EnumDescriptorProto {
            name: Some("Colour".into()),
            value: ["COLOUR_UNSPECIFIED", "COLOUR_RED", "COLOUR_BLUE"]
                .iter()
                .zip(0..)
                .map(|(name, number)| EnumValueDescriptorProto {
                    name: Some((*name).into()),
                    number: Some(number),
                    options: None,
                })
                .collect(),
            ..EnumDescriptorProto::default()
        }],
        ..FileDescriptorProto::default()
    };
    let pool = DescriptorPool::from_file_descriptor_set(FileDescriptorSet { file: vec![file] })
        .expect("a sound schema");
    let name = |number| format!("thousand.Message{number}");
    (0..MESSAGES).filter_map(|number| pool.get_message_by_name(&name(number))).collect()
}

fn message(number: usize) -> DescriptorProto {
    let other = |factor: usize| format!(".thousand.Message{}", (number * factor + 1) % MESSAGES);
    let entry = format!(".thousand.Message{number}.LabelsEntry");
    let colour = || ".thousand.Colour".to_owned();
    let fields = [
        ("identifier", Type::String, Label::Optional, None),
        ("description_text", Type::String, Label::Optional, None),
        ("amount", Type::Int64, Label::Optional, None),
        ("ratio", Type::Double, Label::Optional, None),
        ("is_enabled", Type::Bool, Label::Optional, None),
        ("payload", Type::Bytes, Label::Optional, None),
        ("colour", Type::Enum, Label::Optional, Some(colour())),
        ("history", Type::Sint32, Label::Repeated, None),
        ("aliases", Type::String, Label::Repeated, None),
        ("parent", Type::Message, Label::Optional, Some(other(7))),
        ("children", Type::Message, Label::Repeated, Some(other(31))),
        ("labels", Type::Message, Label::Repeated, Some(entry)),
    ];
    DescriptorProto {
        name: Some(format!("Message{number}")),
        field: (1..)
            .zip(fields)
            .map(|(n, (name, kind, label, of))| field(name, n, kind, label, of))
            .collect(),
        nested_type: vec![DescriptorProto {
            name: Some("LabelsEntry".into()),
            field: vec![
                field("key", 1, Type::String, Label::Optional, None),
                field("value", 2, Type::Int32, Label::Optional, None),
            ],
            options: Some(MessageOptions { map_entry: Some(true), ..MessageOptions::default() }),
            ..DescriptorProto::default()
        }],
        ..DescriptorProto::default()
    }
}

fn field(
    name: &str,
    number: i32,
    kind: Type,
    label: Label,
    type_name: Option<String>,
) -> FieldDescriptorProto {
    let mut field = FieldDescriptorProto {
        name: Some(name.into()),
        number: Some(number),
        type_name,
        ..FieldDescriptorProto::default()
    };
    field.set_type(kind);
    field.set_label(label);
    field
}
