//! Features: what each edition and each setting in a file makes of fields, enums and messages
//! (<https://protobuf.dev/editions/features/>).

use super::Edition;
use prost::Message;

/// `google.protobuf.FeatureSet` without what languages and tools add. A field that is not set says what is around it.
#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct FeatureSet {
    #[prost(enumeration = "FieldPresence", optional, tag = "1")]
    pub(super) field_presence: Option<i32>,
    #[prost(enumeration = "EnumType", optional, tag = "2")]
    pub(super) enum_type: Option<i32>,
    #[prost(enumeration = "RepeatedFieldEncoding", optional, tag = "3")]
    pub(super) repeated_field_encoding: Option<i32>,
    #[prost(enumeration = "Utf8Validation", optional, tag = "4")]
    pub(super) utf8_validation: Option<i32>,
    #[prost(enumeration = "MessageEncoding", optional, tag = "5")]
    pub(super) message_encoding: Option<i32>,
    #[prost(enumeration = "JsonFormat", optional, tag = "6")]
    pub(super) json_format: Option<i32>,
    #[prost(enumeration = "EnforceNamingStyle", optional, tag = "7")]
    pub(super) enforce_naming_style: Option<i32>,
    #[prost(enumeration = "DefaultSymbolVisibility", optional, tag = "8")]
    pub(super) default_symbol_visibility: Option<i32>,
}

macro_rules! values {
    ($($(#[$meta:meta])* $name:ident { $($value:ident = $text:literal = $number:literal),* })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
        #[repr(i32)]
        pub(crate) enum $name {
            /// Not set, or not known.
            Unknown = 0,
            $(#[doc = $text] $value = $number),*
        }

        impl $name {
            const VALUES: &[(&str, i32)] = &[$(($text, $number)),*];
        }
    )*};
}

values! {
    /// When a field counts as there.
    FieldPresence {
        Explicit = "EXPLICIT" = 1, Implicit = "IMPLICIT" = 2, LegacyRequired = "LEGACY_REQUIRED" = 3
    }
    /// Whether an enum takes numbers without a name.
    EnumType { Open = "OPEN" = 1, Closed = "CLOSED" = 2 }
    /// How repeated numbers are written.
    RepeatedFieldEncoding { Packed = "PACKED" = 1, Expanded = "EXPANDED" = 2 }
    /// Whether strings have to be UTF-8.
    Utf8Validation { Verify = "VERIFY" = 2, None = "NONE" = 3 }
    /// How messages are written within messages.
    MessageEncoding { LengthPrefixed = "LENGTH_PREFIXED" = 1, Delimited = "DELIMITED" = 2 }
    /// Whether JSON is certain to work.
    JsonFormat { Allow = "ALLOW" = 1, LegacyBestEffort = "LEGACY_BEST_EFFORT" = 2 }
    /// How names have to be written.
    EnforceNamingStyle { Style2024 = "STYLE2024" = 1, StyleLegacy = "STYLE_LEGACY" = 2 }
    /// Which definitions others may import.
    DefaultSymbolVisibility {
        ExportAll = "EXPORT_ALL" = 1, ExportTopLevel = "EXPORT_TOP_LEVEL" = 2,
        LocalAll = "LOCAL_ALL" = 3, Strict = "STRICT" = 4
    }
}

/// What options belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    File,
    Message,
    Field,
    Oneof,
    Enum,
    EnumValue,
    Service,
    Method,
    ExtensionRange,
}

impl Target {
    /// The number of `features` in its options.
    pub(super) fn features(self) -> u32 {
        match self {
            Target::File | Target::ExtensionRange => 50,
            Target::Message => 12,
            Target::Field => 21,
            Target::Oneof => 1,
            Target::Enum => 7,
            Target::EnumValue => 2,
            Target::Service => 34,
            Target::Method => 35,
        }
    }

    /// The number of its options in its descriptor.
    pub(super) fn options(self) -> i32 {
        match self {
            Target::File | Target::Field => 8,
            Target::Message => 7,
            Target::Oneof => 2,
            Target::Enum | Target::EnumValue | Target::Service | Target::ExtensionRange => 3,
            Target::Method => 4,
        }
    }

    /// For people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Target::File => "a file",
            Target::Message => "a message",
            Target::Field => "a field",
            Target::Oneof => "a oneof",
            Target::Enum => "an enum",
            Target::EnumValue => "a value of an enum",
            Target::Service => "a service",
            Target::Method => "a method",
            Target::ExtensionRange => "a range of extensions",
        }
    }
}

/// A feature as `.proto` text names it.
pub(super) struct Feature {
    pub(super) name: &'static str,
    /// Names and numbers of its values.
    pub(super) values: &'static [(&'static str, i32)],
    pub(super) since: Edition,
    /// Where it may be set.
    pub(super) targets: &'static [Target],
    /// Its place in a set.
    pub(super) of: fn(&mut FeatureSet) -> &mut Option<i32>,
}

const EVERYWHERE: &[Target] = &[
    Target::File,
    Target::Message,
    Target::Field,
    Target::Oneof,
    Target::Enum,
    Target::EnumValue,
    Target::Service,
    Target::Method,
    Target::ExtensionRange,
];

/// Every feature, in the order of the numbers.
pub(super) const FEATURES: [Feature; 8] = [
    Feature {
        name: "field_presence",
        values: FieldPresence::VALUES,
        since: Edition::E2023,
        targets: &[Target::Field, Target::File],
        of: |set| &mut set.field_presence,
    },
    Feature {
        name: "enum_type",
        values: EnumType::VALUES,
        since: Edition::E2023,
        targets: &[Target::Enum, Target::File],
        of: |set| &mut set.enum_type,
    },
    Feature {
        name: "repeated_field_encoding",
        values: RepeatedFieldEncoding::VALUES,
        since: Edition::E2023,
        targets: &[Target::Field, Target::File],
        of: |set| &mut set.repeated_field_encoding,
    },
    Feature {
        name: "utf8_validation",
        values: Utf8Validation::VALUES,
        since: Edition::E2023,
        targets: &[Target::Field, Target::File],
        of: |set| &mut set.utf8_validation,
    },
    Feature {
        name: "message_encoding",
        values: MessageEncoding::VALUES,
        since: Edition::E2023,
        targets: &[Target::Field, Target::File],
        of: |set| &mut set.message_encoding,
    },
    Feature {
        name: "json_format",
        values: JsonFormat::VALUES,
        since: Edition::E2023,
        targets: &[Target::Message, Target::Enum, Target::File],
        of: |set| &mut set.json_format,
    },
    Feature {
        name: "enforce_naming_style",
        values: EnforceNamingStyle::VALUES,
        since: Edition::E2024,
        targets: EVERYWHERE,
        of: |set| &mut set.enforce_naming_style,
    },
    Feature {
        name: "default_symbol_visibility",
        values: DefaultSymbolVisibility::VALUES,
        since: Edition::E2024,
        targets: &[Target::File],
        of: |set| &mut set.default_symbol_visibility,
    },
];

impl FeatureSet {
    /// What holds in a file that sets nothing.
    pub(super) fn of_edition(edition: Edition) -> FeatureSet {
        let (style, visibility) = match edition {
            Edition::E2023 => (EnforceNamingStyle::StyleLegacy, DefaultSymbolVisibility::ExportAll),
            Edition::E2024 => {
                (EnforceNamingStyle::Style2024, DefaultSymbolVisibility::ExportTopLevel)
            }
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
    pub(super) fn with(mut self, mut own: FeatureSet) -> FeatureSet {
        for feature in FEATURES {
            if let Some(value) = *(feature.of)(&mut own) {
                *(feature.of)(&mut self) = Some(value);
            }
        }
        self
    }

    /// Names of the features that are set, and of their values.
    pub(crate) fn settings(mut self) -> Vec<(&'static str, String)> {
        let mut settings = vec![];
        for feature in FEATURES {
            if let Some(number) = *(feature.of)(&mut self) {
                let named = feature.values.iter().find(|(_, value)| *value == number);
                let value =
                    named.map_or_else(|| number.to_string(), |(name, _)| (*name).to_owned());
                settings.push((feature.name, value));
            }
        }
        settings
    }
}
