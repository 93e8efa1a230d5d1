//! Features: what each edition and each setting in a file makes of fields, enums and messages
//! (<https://protobuf.dev/editions/features/>).

use super::Edition;
use prost::Message;

/// `google.protobuf.FeatureSet` without what languages and tools add. A field that is not set says what is around it.
#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct FeatureSet {
    #[prost(enumeration = "FieldPresence", optional, tag = "1")]
    pub(crate) field_presence: Option<i32>,
    #[prost(enumeration = "EnumType", optional, tag = "2")]
    pub(crate) enum_type: Option<i32>,
    #[prost(enumeration = "RepeatedFieldEncoding", optional, tag = "3")]
    pub(crate) repeated_field_encoding: Option<i32>,
    #[prost(enumeration = "Utf8Validation", optional, tag = "4")]
    pub(crate) utf8_validation: Option<i32>,
    #[prost(enumeration = "MessageEncoding", optional, tag = "5")]
    pub(crate) message_encoding: Option<i32>,
    #[prost(enumeration = "JsonFormat", optional, tag = "6")]
    pub(crate) json_format: Option<i32>,
    #[prost(enumeration = "EnforceNamingStyle", optional, tag = "7")]
    pub(crate) enforce_naming_style: Option<i32>,
    #[prost(enumeration = "DefaultSymbolVisibility", optional, tag = "8")]
    pub(crate) default_symbol_visibility: Option<i32>,
}

macro_rules! values {
    ($($(#[$meta:meta])* $name:ident { $($value:ident = $number:literal),* })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
        #[repr(i32)]
        #[allow(missing_docs)]
        pub(crate) enum $name { Unknown = 0, $($value = $number),* }
    )*};
}

values! {
    /// When a field counts as there.
    FieldPresence { Explicit = 1, Implicit = 2, LegacyRequired = 3 }
    /// Whether an enum takes numbers without a name.
    EnumType { Open = 1, Closed = 2 }
    /// How repeated numbers are written.
    RepeatedFieldEncoding { Packed = 1, Expanded = 2 }
    /// Whether strings have to be UTF-8.
    Utf8Validation { Verify = 2, None = 3 }
    /// How messages are written within messages.
    MessageEncoding { LengthPrefixed = 1, Delimited = 2 }
    /// Whether JSON is certain to work.
    JsonFormat { Allow = 1, LegacyBestEffort = 2 }
    /// How names have to be written.
    EnforceNamingStyle { Style2024 = 1, StyleLegacy = 2 }
    /// Which definitions others may import.
    DefaultSymbolVisibility { ExportAll = 1, ExportTopLevel = 2, LocalAll = 3, Strict = 4 }
}

impl FeatureSet {
    /// What holds in a file that sets nothing.
    pub(super) fn of_edition(edition: Edition) -> FeatureSet {
        let style = match edition {
            Edition::E2023 => EnforceNamingStyle::StyleLegacy,
            Edition::E2024 => EnforceNamingStyle::Style2024,
        };
        let visibility = match edition {
            Edition::E2023 => DefaultSymbolVisibility::ExportAll,
            Edition::E2024 => DefaultSymbolVisibility::ExportTopLevel,
        };
        FeatureSet {
            field_presence: Some(FieldPresence::Explicit.into()),
            enum_type: Some(EnumType::Open.into()),
            repeated_field_encoding: Some(RepeatedFieldEncoding::Packed.into()),
            utf8_validation: Some(Utf8Validation::Verify.into()),
            message_encoding: Some(MessageEncoding::LengthPrefixed.into()),
            json_format: Some(JsonFormat::Allow.into()),
            enforce_naming_style: Some(style.into()),
            default_symbol_visibility: Some(visibility.into()),
        }
    }

    /// What holds for a definition that sets `own` where `self` holds around it.
    pub(super) fn with(self, own: FeatureSet) -> FeatureSet {
        FeatureSet {
            field_presence: own.field_presence.or(self.field_presence),
            enum_type: own.enum_type.or(self.enum_type),
            repeated_field_encoding: own.repeated_field_encoding.or(self.repeated_field_encoding),
            utf8_validation: own.utf8_validation.or(self.utf8_validation),
            message_encoding: own.message_encoding.or(self.message_encoding),
            json_format: own.json_format.or(self.json_format),
            enforce_naming_style: own.enforce_naming_style.or(self.enforce_naming_style),
            default_symbol_visibility: own
                .default_symbol_visibility
                .or(self.default_symbol_visibility),
        }
    }
}
