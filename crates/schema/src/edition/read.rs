//! What a lowered file said at first, and what its features come to: the one place from which the rest of this crate
//! learns it. Files of proto2 and proto3 are asked the same way.

use super::{
    Edition,
    features::{EnumType, FeatureSet, FieldPresence},
    written::Written,
};
use prost::Message;
use prost_reflect::{
    Cardinality, DynamicMessage, EnumDescriptor, FieldDescriptor, FileDescriptor, Syntax,
};

/// Options of anything, with what lowering put there.
#[derive(Clone, PartialEq, Message)]
struct AnyOptions {
    #[prost(message, optional, tag = "536870911")]
    written: Option<Written>,
}

/// Options of a field, with what lowering put there.
#[derive(Clone, PartialEq, Message)]
struct FieldOptions {
    #[prost(message, optional, tag = "21")]
    features: Option<FeatureSet>,
}

/// Options of an enum, with what lowering put there.
#[derive(Clone, PartialEq, Message)]
struct EnumOptions {
    #[prost(message, optional, tag = "7")]
    features: Option<FeatureSet>,
}

/// The edition that a file was written in; none of proto2 and proto3.
pub(crate) fn edition(file: &FileDescriptor) -> Option<Edition> {
    file.file_descriptor_proto().options.as_ref()?;
    Edition::from_number(written(&file.options())?.edition?).ok()
}

/// What the definition that has these options said before it was lowered.
pub(crate) fn written(options: &DynamicMessage) -> Option<Written> {
    decode::<AnyOptions>(options)?.written
}

/// When a field counts as there; a repeated one always does implicitly.
pub(crate) fn presence(field: &FieldDescriptor) -> FieldPresence {
    if field.cardinality() == Cardinality::Required {
        return FieldPresence::LegacyRequired;
    }
    if !field.supports_presence() {
        return FieldPresence::Implicit;
    }
    // What an edition makes implicit is lowered to a plain field of proto2, which is explicit. Members of a oneof and
    // messages are there or not, whatever holds around them.
    if field.containing_oneof().is_some() || field.kind().as_message().is_some() {
        return FieldPresence::Explicit;
    }
    let has_options = field.field_descriptor_proto().options.is_some();
    let options = has_options.then(|| decode::<FieldOptions>(&field.options())).flatten();
    match options.and_then(|options| options.features) {
        Some(features) if features.field_presence() == FieldPresence::Implicit => {
            FieldPresence::Implicit
        }
        _ => FieldPresence::Explicit,
    }
}

/// Whether an enum takes none but the numbers that it names.
pub fn is_closed(e: &EnumDescriptor) -> bool {
    let has_options = e.enum_descriptor_proto().options.is_some();
    let options = has_options.then(|| decode::<EnumOptions>(&e.options())).flatten();
    match options.and_then(|options| options.features) {
        Some(features) => features.enum_type() == EnumType::Closed,
        None => e.parent_file().syntax() == Syntax::Proto2,
    }
}

fn decode<T: Message + Default>(options: &DynamicMessage) -> Option<T> {
    T::decode(options.encode_to_vec().as_slice()).ok()
}
