//! The resolved features of edition files.
//!
//! prost-reflect knows no editions, so such files reach a pool lowered to a syntax that it knows, and the options
//! of every file, message, field and enum carry the `FeatureSet` that holds for it, resolved, under the numbers
//! of `google/protobuf/descriptor.proto` (<https://protobuf.dev/editions/features/>). A file whose options carry
//! none is judged by its syntax.

use prost::Message;
use prost_reflect::{
    DynamicMessage, EnumDescriptor, ExtensionDescriptor, FieldDescriptor, FileDescriptor,
};

/// The parts of a `FeatureSet` that conversion asks for; a part that is missing is as in edition 2023.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(crate) struct Features {
    #[prost(int32, tag = "1")]
    pub field_presence: i32,
    #[prost(int32, tag = "2")]
    pub enum_type: i32,
    #[prost(int32, tag = "3")]
    pub repeated_field_encoding: i32,
    #[prost(int32, tag = "4")]
    pub utf8_validation: i32,
}

impl Features {
    pub fn is_implicit(self) -> bool {
        self.field_presence == 2
    }

    pub fn is_required(self) -> bool {
        self.field_presence == 3
    }

    pub fn is_closed(self) -> bool {
        self.enum_type == 2
    }

    pub fn is_expanded(self) -> bool {
        self.repeated_field_encoding == 2
    }

    pub fn skips_utf8(self) -> bool {
        self.utf8_validation == 3
    }
}

#[derive(Message)]
struct InFile {
    #[prost(message, optional, tag = "50")]
    features: Option<Features>,
}

#[derive(Message)]
struct InField {
    #[prost(message, optional, tag = "21")]
    features: Option<Features>,
}

#[derive(Message)]
struct InEnum {
    #[prost(message, optional, tag = "7")]
    features: Option<Features>,
}

pub(crate) fn of_file(file: &FileDescriptor) -> Option<Features> {
    // Asking for options builds a message; files without any are the rule.
    file.file_descriptor_proto().options.as_ref()?;
    read::<InFile>(&file.options())?.features
}

pub(crate) fn of_field(field: &FieldDescriptor) -> Option<Features> {
    read::<InField>(&field.options())?.features
}

pub(crate) fn of_extension(field: &ExtensionDescriptor) -> Option<Features> {
    read::<InField>(&field.options())?.features
}

pub(crate) fn of_enum(kind: &EnumDescriptor) -> Option<Features> {
    read::<InEnum>(&kind.options())?.features
}

/// Whether the pool's own `descriptor.proto` knows of features or not, the bytes are the same.
fn read<T: Message + Default>(options: &DynamicMessage) -> Option<T> {
    T::decode(options.encode_to_vec().as_slice()).ok()
}
