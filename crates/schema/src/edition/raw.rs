//! Descriptors with their options left serialized, and with the fields that editions added: prost's own types drop
//! both. See <https://github.com/protocolbuffers/protobuf/blob/main/src/google/protobuf/descriptor.proto>.

use prost::{Message, bytes::Bytes};

/// Parts of one serialized message.
pub(super) type Options = Vec<Bytes>;

/// `google.protobuf.FileDescriptorProto`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct File {
    #[prost(string, optional, tag = "1")]
    pub(super) name: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(super) package: Option<String>,
    #[prost(string, repeated, tag = "3")]
    pub(super) dependency: Vec<String>,
    #[prost(message, repeated, tag = "4")]
    pub(super) message_type: Vec<Msg>,
    #[prost(message, repeated, tag = "5")]
    pub(super) enum_type: Vec<Enum>,
    #[prost(message, repeated, tag = "6")]
    pub(super) service: Vec<Service>,
    #[prost(message, repeated, tag = "7")]
    pub(super) extension: Vec<Field>,
    #[prost(bytes = "bytes", repeated, tag = "8")]
    pub(super) options: Options,
    #[prost(bytes = "bytes", repeated, tag = "9")]
    pub(super) source_code_info: Vec<Bytes>,
    #[prost(int32, repeated, packed = "false", tag = "10")]
    pub(super) public_dependency: Vec<i32>,
    #[prost(int32, repeated, packed = "false", tag = "11")]
    pub(super) weak_dependency: Vec<i32>,
    #[prost(string, optional, tag = "12")]
    pub(super) syntax: Option<String>,
    #[prost(int32, optional, tag = "14")]
    pub(super) edition: Option<i32>,
    #[prost(string, repeated, tag = "15")]
    pub(super) option_dependency: Vec<String>,
}

/// `google.protobuf.DescriptorProto`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Msg {
    #[prost(string, optional, tag = "1")]
    pub(super) name: Option<String>,
    #[prost(message, repeated, tag = "2")]
    pub(super) field: Vec<Field>,
    #[prost(message, repeated, tag = "3")]
    pub(super) nested_type: Vec<Msg>,
    #[prost(message, repeated, tag = "4")]
    pub(super) enum_type: Vec<Enum>,
    #[prost(message, repeated, tag = "5")]
    pub(super) extension_range: Vec<ExtensionRange>,
    #[prost(message, repeated, tag = "6")]
    pub(super) extension: Vec<Field>,
    #[prost(bytes = "bytes", repeated, tag = "7")]
    pub(super) options: Options,
    #[prost(message, repeated, tag = "8")]
    pub(super) oneof_decl: Vec<Oneof>,
    #[prost(bytes = "bytes", repeated, tag = "9")]
    pub(super) reserved_range: Vec<Bytes>,
    #[prost(string, repeated, tag = "10")]
    pub(super) reserved_name: Vec<String>,
    #[prost(int32, optional, tag = "11")]
    pub(super) visibility: Option<i32>,
}

/// `google.protobuf.DescriptorProto.ExtensionRange`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ExtensionRange {
    #[prost(int32, optional, tag = "1")]
    pub(super) start: Option<i32>,
    #[prost(int32, optional, tag = "2")]
    pub(super) end: Option<i32>,
    #[prost(bytes = "bytes", repeated, tag = "3")]
    pub(super) options: Options,
}

/// `google.protobuf.FieldDescriptorProto`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Field {
    #[prost(string, optional, tag = "1")]
    pub(super) name: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(super) extendee: Option<String>,
    #[prost(int32, optional, tag = "3")]
    pub(super) number: Option<i32>,
    #[prost(int32, optional, tag = "4")]
    pub(super) label: Option<i32>,
    #[prost(int32, optional, tag = "5")]
    pub(super) r#type: Option<i32>,
    #[prost(string, optional, tag = "6")]
    pub(super) type_name: Option<String>,
    #[prost(string, optional, tag = "7")]
    pub(super) default_value: Option<String>,
    #[prost(bytes = "bytes", repeated, tag = "8")]
    pub(super) options: Options,
    #[prost(int32, optional, tag = "9")]
    pub(super) oneof_index: Option<i32>,
    #[prost(string, optional, tag = "10")]
    pub(super) json_name: Option<String>,
    #[prost(bool, optional, tag = "17")]
    pub(super) proto3_optional: Option<bool>,
}

/// `google.protobuf.OneofDescriptorProto`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Oneof {
    #[prost(string, optional, tag = "1")]
    pub(super) name: Option<String>,
    #[prost(bytes = "bytes", repeated, tag = "2")]
    pub(super) options: Options,
}

/// `google.protobuf.EnumDescriptorProto`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Enum {
    #[prost(string, optional, tag = "1")]
    pub(super) name: Option<String>,
    #[prost(message, repeated, tag = "2")]
    pub(super) value: Vec<EnumValue>,
    #[prost(bytes = "bytes", repeated, tag = "3")]
    pub(super) options: Options,
    #[prost(bytes = "bytes", repeated, tag = "4")]
    pub(super) reserved_range: Vec<Bytes>,
    #[prost(string, repeated, tag = "5")]
    pub(super) reserved_name: Vec<String>,
    #[prost(int32, optional, tag = "6")]
    pub(super) visibility: Option<i32>,
}

/// `google.protobuf.EnumValueDescriptorProto`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct EnumValue {
    #[prost(string, optional, tag = "1")]
    pub(super) name: Option<String>,
    #[prost(int32, optional, tag = "2")]
    pub(super) number: Option<i32>,
    #[prost(bytes = "bytes", repeated, tag = "3")]
    pub(super) options: Options,
}

/// `google.protobuf.ServiceDescriptorProto`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Service {
    #[prost(string, optional, tag = "1")]
    pub(super) name: Option<String>,
    #[prost(message, repeated, tag = "2")]
    pub(super) method: Vec<Method>,
    #[prost(bytes = "bytes", repeated, tag = "3")]
    pub(super) options: Options,
}

/// `google.protobuf.MethodDescriptorProto`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Method {
    #[prost(string, optional, tag = "1")]
    pub(super) name: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(super) input_type: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub(super) output_type: Option<String>,
    #[prost(bytes = "bytes", repeated, tag = "4")]
    pub(super) options: Options,
    #[prost(bool, optional, tag = "5")]
    pub(super) client_streaming: Option<bool>,
    #[prost(bool, optional, tag = "6")]
    pub(super) server_streaming: Option<bool>,
}

/// Numbers of `google.protobuf.FieldDescriptorProto.Label` and `Type`.
pub(super) mod field {
    pub(in super::super) const OPTIONAL: i32 = 1;
    pub(in super::super) const REQUIRED: i32 = 2;
    pub(in super::super) const REPEATED: i32 = 3;
    pub(in super::super) const STRING: i32 = 9;
    pub(in super::super) const GROUP: i32 = 10;
    pub(in super::super) const MESSAGE: i32 = 11;
    pub(in super::super) const BYTES: i32 = 12;
    pub(in super::super) const ENUM: i32 = 14;
}

/// Numbers of the fields of descriptors that paths consist of.
pub(super) mod tag {
    pub(in super::super) const FILE_MESSAGE: i32 = 4;
    pub(in super::super) const FILE_ENUM: i32 = 5;
    pub(in super::super) const FILE_SERVICE: i32 = 6;
    pub(in super::super) const FILE_EXTENSION: i32 = 7;
    pub(in super::super) const MESSAGE_FIELD: i32 = 2;
    pub(in super::super) const MESSAGE_NESTED: i32 = 3;
    pub(in super::super) const MESSAGE_ENUM: i32 = 4;
    pub(in super::super) const MESSAGE_RANGE: i32 = 5;
    pub(in super::super) const MESSAGE_EXTENSION: i32 = 6;
    pub(in super::super) const MESSAGE_ONEOF: i32 = 8;
    pub(in super::super) const ENUM_VALUE: i32 = 2;
    pub(in super::super) const SERVICE_METHOD: i32 = 2;
}

/// Numbers of `google.protobuf.SymbolVisibility`.
pub(super) mod visibility {
    pub(in super::super) const LOCAL: i32 = 1;
    pub(in super::super) const EXPORT: i32 = 2;
}

impl Field {
    /// Whether it can be packed when it is repeated.
    pub(super) fn is_packable(&self) -> bool {
        let not = [field::STRING, field::BYTES, field::MESSAGE, field::GROUP];
        self.r#type.is_some_and(|ty| !not.contains(&ty))
    }

    /// The name of its type when that is nested in the message `full`.
    pub(super) fn local_type(&self, full: &str) -> Option<&str> {
        let name = self.type_name.as_deref()?;
        match name.strip_prefix('.') {
            Some(name) => name.strip_prefix(full)?.strip_prefix('.'),
            None => Some(name),
        }
    }
}

/// `google.protobuf.MessageOptions.map_entry`.
#[derive(Clone, PartialEq, Message)]
struct MapEntry {
    #[prost(bool, tag = "7")]
    map_entry: bool,
}

impl Msg {
    /// Whether it is the entry of a map.
    pub(super) fn is_map_entry(&self) -> bool {
        MapEntry::decode(self.options.concat().as_slice()).is_ok_and(|o| o.map_entry)
    }
}
