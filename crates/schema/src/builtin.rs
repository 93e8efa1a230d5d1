//! The files that every source can import without having them. Knows where they come from, not who wants them.

use prost_reflect::DescriptorPool;
use prost_types::FileDescriptorProto;

/// Names and texts of the google/api, google/longrunning, google/rpc and google/type files, of `descriptor.proto`,
/// which is older as prost-reflect ships it, and of the features of languages.
static GOOGLEAPIS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/googleapis.rs"));

/// What every source has whether it imports it or not, so that an `Any` and the details of a status can be shown.
pub(crate) const ALWAYS: [&str; 14] = [
    "google/protobuf/any.proto",
    "google/protobuf/api.proto",
    "google/protobuf/descriptor.proto",
    "google/protobuf/duration.proto",
    "google/protobuf/empty.proto",
    "google/protobuf/field_mask.proto",
    "google/protobuf/source_context.proto",
    "google/protobuf/struct.proto",
    "google/protobuf/timestamp.proto",
    "google/protobuf/type.proto",
    "google/protobuf/wrappers.proto",
    "google/rpc/code.proto",
    "google/rpc/error_details.proto",
    "google/rpc/status.proto",
];

/// A built-in file.
pub(crate) enum Builtin {
    /// As `.proto` text.
    Text(&'static str),
    /// As a descriptor, without comments: the other well-known types as prost-reflect ships them.
    Descriptor(Box<FileDescriptorProto>),
}

/// Whether a file of this name is built in.
pub(crate) fn contains(name: &str) -> bool {
    text(name).is_some() || DescriptorPool::global().get_file_by_name(name).is_some()
}

/// The built-in file of this name.
pub(crate) fn get(name: &str) -> Option<Builtin> {
    if let Some(text) = text(name) {
        return Some(Builtin::Text(text));
    }
    let file = DescriptorPool::global().get_file_by_name(name)?;
    Some(Builtin::Descriptor(Box::new(file.file_descriptor_proto().clone())))
}

fn text(name: &str) -> Option<&'static str> {
    // Sorted within each folder only; a scan of some sixty names costs nothing beside parsing one.
    GOOGLEAPIS.iter().find(|(n, _)| *n == name).map(|(_, text)| *text)
}
