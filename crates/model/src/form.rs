//! The shapes of messages, from which forms are drawn and half-typed JSON is checked.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A message type with every type it reaches. Recursive types refer to each other by name, so the tree is
/// opened on demand.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FormTypes {
    /// Full name of the message that the form is for.
    pub root: String,
    /// Every reachable message by full name, the root included.
    pub messages: BTreeMap<String, MessageShape>,
    /// Every reachable enum by full name.
    pub enums: BTreeMap<String, EnumShape>,
}

/// A message type.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MessageShape {
    /// Full name.
    pub name: String,
    /// Leading comment.
    pub docs: String,
    /// Whether ProtoJSON writes it in a form of its own; then `fields` need not be shown.
    pub well_known: Option<WellKnown>,
    /// Fields in the order of the file, then known extensions.
    pub fields: Vec<FieldShape>,
}

/// Messages with a ProtoJSON form of their own
/// (<https://protobuf.dev/programming-guides/json/>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum WellKnown {
    Any,
    Timestamp,
    Duration,
    FieldMask,
    Struct,
    Value,
    ListValue,
    Empty,
    /// `google.protobuf.*Value`: the bare scalar or `null`.
    Wrapper(Scalar),
}

/// A field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldShape {
    /// The name in the file; for an extension `[pkg.ext]`.
    pub name: String,
    /// The key in JSON; for an extension `[pkg.ext]`.
    pub json_name: String,
    /// Field number.
    pub number: u32,
    /// Leading comment.
    pub docs: String,
    /// `[deprecated = true]`.
    pub deprecated: bool,
    /// How often the field occurs and whether absence shows.
    pub cardinality: Cardinality,
    /// The type of a value; of one element when repeated; of a map's values when a map.
    pub ty: FieldType,
    /// The oneof that it is a member of (synthetic ones of proto3 `optional` left out).
    pub oneof: Option<String>,
    /// Named required by `google.api.field_behavior`, whatever the cardinality.
    pub behavior_required: bool,
}

/// How often a field occurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cardinality {
    /// Absent and default are the same (proto3 scalars).
    Implicit,
    /// Absence can be told from the default.
    Explicit,
    /// proto2 `required`.
    Required,
    /// A list.
    Repeated,
    /// A map with keys of this type.
    Map(Scalar),
}

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FieldType {
    /// A scalar.
    Scalar(Scalar),
    /// An enum by full name.
    Enum(String),
    /// A message by full name; groups too.
    Message(String),
}

/// The scalar types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Scalar {
    Double,
    Float,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Sint64,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
    Bool,
    String,
    Bytes,
}

impl Scalar {
    /// The name in a `.proto` file.
    pub fn name(self) -> &'static str {
        match self {
            Scalar::Double => "double",
            Scalar::Float => "float",
            Scalar::Int32 => "int32",
            Scalar::Int64 => "int64",
            Scalar::Uint32 => "uint32",
            Scalar::Uint64 => "uint64",
            Scalar::Sint32 => "sint32",
            Scalar::Sint64 => "sint64",
            Scalar::Fixed32 => "fixed32",
            Scalar::Fixed64 => "fixed64",
            Scalar::Sfixed32 => "sfixed32",
            Scalar::Sfixed64 => "sfixed64",
            Scalar::Bool => "bool",
            Scalar::String => "string",
            Scalar::Bytes => "bytes",
        }
    }

    /// Whether ProtoJSON writes it as a string because JavaScript numbers cannot hold it.
    pub fn is_64_bit_integer(self) -> bool {
        matches!(
            self,
            Scalar::Int64 | Scalar::Uint64 | Scalar::Sint64 | Scalar::Fixed64 | Scalar::Sfixed64
        )
    }
}

/// An enum type.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EnumShape {
    /// Full name.
    pub name: String,
    /// Leading comment.
    pub docs: String,
    /// In the order of the file; aliases included.
    pub values: Vec<EnumValueShape>,
    /// Takes none but these numbers: enums of proto2, and those of editions that say so.
    #[serde(default)]
    pub closed: bool,
}

/// A value of an enum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnumValueShape {
    /// `STATUS_AVAILABLE`.
    pub name: String,
    /// Its number.
    pub number: i32,
    /// Leading comment.
    pub docs: String,
    /// `[deprecated = true]`.
    pub deprecated: bool,
}
