//! Rewrites a file of an edition as the proto2 file that means the same. proto2 has what an edition may ask for:
//! presence of every kind, groups, packing field by field, defaults and closed enums. What it has no word for
//! (implicit presence, open enums, checked strings) is in the resolved features, which go into the options of every
//! file, message, field, oneof and enum under the official numbers; what the file itself said goes beside them.

use super::{
    Edition, Unknown,
    features::{FeatureSet, FieldPresence, MessageEncoding, RepeatedFieldEncoding},
    options::{put, take},
    raw::{Enum, Field, File, Msg, Options},
};
use prost::{DecodeError, Message, bytes::Bytes};
use std::{collections::HashSet, fmt};

/// Where options of each kind hold `features`.
mod features {
    pub(super) const FILE: u32 = 50;
    pub(super) const MESSAGE: u32 = 12;
    pub(super) const FIELD: u32 = 21;
    pub(super) const ONEOF: u32 = 1;
    pub(super) const ENUM: u32 = 7;
    pub(super) const ENUM_VALUE: u32 = 2;
    pub(super) const SERVICE: u32 = 34;
    pub(super) const METHOD: u32 = 35;
    pub(super) const EXTENSION_RANGE: u32 = 50;
}

/// `FieldOptions.packed`.
const PACKED: u32 = 2;

/// Where options hold a [`Written`]: the last field number there is, which nobody who registers extensions of
/// options has been given. Nothing outside of this crate sees it.
const WRITTEN: u32 = 536_870_911;

/// What a definition said before it was lowered.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Written {
    /// Of a file: its edition.
    #[prost(int32, optional, tag = "1")]
    pub(crate) edition: Option<i32>,
    /// A serialized `google.protobuf.FeatureSet`: the definition's own settings.
    #[prost(bytes = "bytes", optional, tag = "2")]
    pub(crate) features: Option<Bytes>,
    /// Of a message or enum: `google.protobuf.SymbolVisibility`.
    #[prost(int32, optional, tag = "3")]
    pub(crate) visibility: Option<i32>,
}

/// Numbers of `google.protobuf.FieldDescriptorProto.Label` and `Type`.
mod field {
    pub(super) const OPTIONAL: i32 = 1;
    pub(super) const REQUIRED: i32 = 2;
    pub(super) const REPEATED: i32 = 3;
    pub(super) const STRING: i32 = 9;
    pub(super) const GROUP: i32 = 10;
    pub(super) const MESSAGE: i32 = 11;
    pub(super) const BYTES: i32 = 12;
}

/// Why a file could not be lowered.
#[derive(Debug, PartialEq)]
pub(crate) enum Failure {
    /// Its edition is not known.
    Edition(Unknown),
    /// It is no descriptor.
    Damaged(DecodeError),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Edition(unknown) => unknown.fmt(f),
            Failure::Damaged(error) => error.fmt(f),
        }
    }
}

impl From<DecodeError> for Failure {
    fn from(error: DecodeError) -> Failure {
        Failure::Damaged(error)
    }
}

/// Lowers a serialized `google.protobuf.FileDescriptorProto` of syntax `editions`. Of the files that it imports for
/// their options alone those for which `has` holds become imports.
pub(crate) fn lower(bytes: &[u8], has: impl Fn(&str) -> bool) -> Result<Bytes, Failure> {
    let mut file = File::decode(bytes)?;
    let edition =
        Edition::from_number(file.edition.unwrap_or_default()).map_err(Failure::Edition)?;
    file.syntax = None;
    file.edition = None;
    let imported: HashSet<String> = file.dependency.iter().cloned().collect();
    let options = std::mem::take(&mut file.option_dependency).into_iter();
    file.dependency.extend(options.filter(|name| !imported.contains(name) && has(name)));
    let written = Written { edition: Some(edition.number()), ..Written::default() };
    let around = FeatureSet::of_edition(edition);
    let around = resolve(&mut file.options, features::FILE, around, Some(written))?;
    let package = file.package.clone().unwrap_or_default();
    for message in &mut file.message_type {
        lower_message(message, &package, around)?;
    }
    for e in &mut file.enum_type {
        lower_enum(e, around)?;
    }
    for field in &mut file.extension {
        lower_field(field, around, false)?;
    }
    for service in &mut file.service {
        let around = resolve(&mut service.options, features::SERVICE, around, None)?;
        for method in &mut service.method {
            resolve(&mut method.options, features::METHOD, around, None)?;
        }
    }
    Ok(file.encode_to_vec().into())
}

/// Replaces the features in `options` by the resolved ones, puts what was written beside them and gives the resolved
/// ones. Without `written`, options that set no features stay as they are.
fn resolve(
    options: &mut Options,
    number: u32,
    around: FeatureSet,
    written: Option<Written>,
) -> Result<FeatureSet, DecodeError> {
    let (mut rest, own) = take(&options.concat(), number)?;
    let Some(mut written) = written.or_else(|| own.as_ref().map(|_| Written::default())) else {
        return Ok(around);
    };
    let resolved = around.with(FeatureSet::decode(own.as_deref().unwrap_or_default())?);
    put(&mut rest, number, &resolved);
    written.features = own.map(Bytes::from);
    if written != Written::default() {
        put(&mut rest, WRITTEN, &written);
    }
    *options = vec![rest.into()];
    Ok(resolved)
}

/// Descends no deeper than prost decodes.
fn lower_message(message: &mut Msg, scope: &str, around: FeatureSet) -> Result<(), DecodeError> {
    let name = message.name.as_deref().unwrap_or_default();
    let full = if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") };
    let written = Written { visibility: message.visibility.take(), ..Written::default() };
    let around = resolve(&mut message.options, features::MESSAGE, around, Some(written))?;
    let mut oneofs = Vec::with_capacity(message.oneof_decl.len());
    for oneof in &mut message.oneof_decl {
        let written = Some(Written::default());
        oneofs.push(resolve(&mut oneof.options, features::ONEOF, around, written)?);
    }
    let is_entry =
        |message: &Msg| MapEntry::decode(&*message.options.concat()).is_ok_and(|o| o.map_entry);
    let entries: HashSet<&str> = message
        .nested_type
        .iter()
        .filter(|nested| is_entry(nested))
        .filter_map(|nested| nested.name.as_deref())
        .collect();
    let is_map = |field: &Field| {
        let name = field.type_name.as_deref().unwrap_or_default();
        let local = name
            .strip_prefix('.')
            .map_or(Some(name), |name| name.strip_prefix(full.as_str())?.strip_prefix('.'));
        local.is_some_and(|name| entries.contains(name))
    };
    let in_entry = is_entry(message);
    for field in &mut message.field {
        let index = field.oneof_index.and_then(|index| usize::try_from(index).ok());
        let around = index.and_then(|index| oneofs.get(index)).copied().unwrap_or(around);
        let is_map = is_map(field);
        lower_field(field, around, in_entry || is_map)?;
    }
    for field in &mut message.extension {
        lower_field(field, around, false)?;
    }
    for range in &mut message.extension_range {
        resolve(&mut range.options, features::EXTENSION_RANGE, around, None)?;
    }
    for e in &mut message.enum_type {
        lower_enum(e, around)?;
    }
    for nested in &mut message.nested_type {
        lower_message(nested, &full, around)?;
    }
    Ok(())
}

/// `google.protobuf.MessageOptions.map_entry`.
#[derive(Clone, PartialEq, Message)]
struct MapEntry {
    #[prost(bool, tag = "7")]
    map_entry: bool,
}

/// `of_map`: a map, or the key or value of one, none of which is ever delimited.
fn lower_field(field: &mut Field, around: FeatureSet, of_map: bool) -> Result<(), DecodeError> {
    let written = Some(Written::default());
    let resolved = resolve(&mut field.options, features::FIELD, around, written)?;
    let is_repeated = field.label == Some(field::REPEATED);
    if !is_repeated && field.oneof_index.is_none() && field.extendee.is_none() {
        let required = resolved.field_presence() == FieldPresence::LegacyRequired;
        field.label = Some(if required { field::REQUIRED } else { field::OPTIONAL });
    }
    let delimited = resolved.message_encoding() == MessageEncoding::Delimited;
    if field.r#type == Some(field::MESSAGE) && delimited && !of_map {
        field.r#type = Some(field::GROUP);
    }
    let packable = !matches!(
        field.r#type,
        Some(field::STRING | field::BYTES | field::MESSAGE | field::GROUP) | None
    );
    let packed = resolved.repeated_field_encoding() == RepeatedFieldEncoding::Packed;
    if is_repeated && packable && packed {
        let mut options = field.options.concat();
        prost::encoding::bool::encode(PACKED, &true, &mut options);
        field.options = vec![options.into()];
    }
    Ok(())
}

fn lower_enum(e: &mut Enum, around: FeatureSet) -> Result<(), DecodeError> {
    let written = Written { visibility: e.visibility.take(), ..Written::default() };
    let around = resolve(&mut e.options, features::ENUM, around, Some(written))?;
    for value in &mut e.value {
        resolve(&mut value.options, features::ENUM_VALUE, around, None)?;
    }
    Ok(())
}
