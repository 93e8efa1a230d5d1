//! What an edition does not allow of features and what they are set on, as protoc has it. Paths start from the
//! definition that is checked.

use super::{
    Fault,
    features::{EnumType, FeatureSet, FieldPresence, RepeatedFieldEncoding},
    lower::Place,
    raw::{Enum, Field, field},
};

/// Numbers of a field's name and type, of an enum's values and of a value's number in their descriptors.
const NAME: i32 = 1;
const TYPE_NAME: i32 = 6;
const VALUE: i32 = 2;
const NUMBER: i32 = 2;

/// Of a field with implicit presence.
pub(super) fn closed() -> Fault {
    Fault {
        path: vec![TYPE_NAME],
        message: "fields with implicit presence cannot have a closed enum as their type".to_owned(),
        help: "Set `features.field_presence = EXPLICIT`".to_owned(),
    }
}

/// Of options at `path` in a file of proto2 or proto3.
pub(super) fn no_edition(path: Vec<i32>) -> Fault {
    Fault {
        path,
        message: "features are for editions only".to_owned(),
        help: "Remove them, or start the file with `edition = \"2023\";`".to_owned(),
    }
}

/// Checks what a file sets for all that is in it.
pub(super) fn file(own: FeatureSet) -> Option<Fault> {
    (own.field_presence == Some(FieldPresence::LegacyRequired.into())).then(|| Fault {
        path: vec![],
        message: "fields cannot be required by default".to_owned(),
        help: "Set `field_presence` on each field that is required".to_owned(),
    })
}

/// Checks a field for which `all` holds and that sets `own` itself.
pub(super) fn field(
    field: &Field,
    place: Place,
    own: FeatureSet,
    all: FeatureSet,
) -> Option<Fault> {
    let is_repeated = field.label == Some(field::REPEATED);
    let is_message = matches!(field.r#type, Some(field::MESSAGE | field::GROUP));
    let is_map = matches!(place, Place::Map(_));
    let implicit = own.field_presence == Some(FieldPresence::Implicit.into());
    let required = own.field_presence == Some(FieldPresence::LegacyRequired.into());
    let strings = match place {
        Place::Map(types) => types.contains(&Some(field::STRING)),
        _ => field.r#type == Some(field::STRING),
    };
    // Of a name that nothing defines, that is all there is to say.
    let is_known = field.r#type.is_some();
    let packed = own.repeated_field_encoding == Some(RepeatedFieldEncoding::Packed.into());
    let takes_implicit =
        !is_repeated && !is_message && !matches!(place, Place::Oneof | Place::Extension);
    let (message, help) = if own.field_presence.is_some() && is_repeated {
        ("repeated fields have no field presence", "Remove `features.field_presence`")
    } else if own.field_presence.is_some() && place == Place::Oneof {
        ("members of a oneof have no other field presence", "Remove `features.field_presence`")
    } else if place == Place::Extension && required {
        ("extensions cannot be required", "Remove `features.field_presence`")
    } else if place == Place::Extension && own.field_presence.is_some() {
        ("extensions have no other field presence", "Remove `features.field_presence`")
    } else if implicit && is_message {
        ("message fields cannot have implicit presence", "Remove `features.field_presence`")
    } else if takes_implicit
        && field.default_value.is_some()
        && all.field_presence() == FieldPresence::Implicit
    {
        (
            "fields with implicit presence cannot have a default",
            "Remove the default, or set `features.field_presence = EXPLICIT`",
        )
    } else if own.repeated_field_encoding.is_some() && !is_repeated {
        (
            "only repeated fields have a repeated field encoding",
            "Remove `features.repeated_field_encoding`",
        )
    } else if packed && is_known && !field.is_packable() {
        (
            "only repeated numbers, booleans and enums can be packed",
            "Remove `features.repeated_field_encoding`",
        )
    } else if own.utf8_validation.is_some() && is_known && !strings {
        ("only string fields have UTF-8 validation", "Remove `features.utf8_validation`")
    } else if own.message_encoding.is_some() && is_known && (!is_message || is_map) {
        ("only message fields have a message encoding", "Remove `features.message_encoding`")
    } else {
        return None;
    };
    Some(Fault { path: vec![NAME], message: message.to_owned(), help: help.to_owned() })
}

/// Checks an enum for which `all` holds.
pub(super) fn enumeration(e: &Enum, all: FeatureSet) -> Option<Fault> {
    let first = e.value.first()?.number.unwrap_or_default();
    (first != 0 && all.enum_type() == EnumType::Open).then(|| Fault {
        path: vec![VALUE, 0, NUMBER],
        message: "the first value of an open enum must be zero".to_owned(),
        help: "Add a value for zero, or set `features.enum_type = CLOSED`".to_owned(),
    })
}
