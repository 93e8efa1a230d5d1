//! How fields are named, what they begin as, and how a message's fields are grouped.

use crate::state::json::Json;
use wirelab_model::{
    Cardinality, FieldShape, FieldType, FormTypes, MessageShape, Scalar, WellKnown,
};

/// The enum that has only `null`.
pub const NULL_VALUE: &str = "google.protobuf.NullValue";

/// `string · required`, `repeated int64`, `map<string, Money>`, `enum Country`.
pub fn type_text(field: &FieldShape) -> String {
    let ty = match &field.ty {
        FieldType::Scalar(scalar) => scalar.name().to_owned(),
        FieldType::Enum(name)
            if field.cardinality == Cardinality::Implicit
                || field.cardinality == Cardinality::Explicit
                || field.cardinality == Cardinality::Required =>
        {
            format!("enum {}", short(name))
        }
        FieldType::Enum(name) | FieldType::Message(name) => short(name).to_owned(),
    };
    let mut text = match field.cardinality {
        Cardinality::Repeated => format!("repeated {ty}"),
        Cardinality::Map(key) => format!("map<{}, {ty}>", key.name()),
        _ => ty,
    };
    if required(field) {
        text.push_str(" · required");
    } else if field.cardinality == Cardinality::Explicit
        && field.oneof.is_none()
        && !matches!(field.ty, FieldType::Message(_))
    {
        text.push_str(" · optional");
    }
    text
}

/// Whether the schema asks for the field.
pub fn required(field: &FieldShape) -> bool {
    field.behavior_required || field.cardinality == Cardinality::Required
}

/// The name without its package.
pub fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// What a message's fields are drawn as, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Group<'a> {
    /// A field on its own.
    Field(&'a FieldShape),
    /// A oneof with its members.
    Oneof(&'a str, Vec<&'a FieldShape>),
}

/// The fields of a message, members of a oneof together where the first of them stands.
pub fn groups(shape: &MessageShape) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for field in &shape.fields {
        let Some(oneof) = field.oneof.as_deref() else {
            groups.push(Group::Field(field));
            continue;
        };
        let known = groups.iter_mut().find_map(|group| match group {
            Group::Oneof(name, members) if *name == oneof => Some(members),
            _ => None,
        });
        match known {
            Some(members) => members.push(field),
            None => groups.push(Group::Oneof(oneof, vec![field])),
        }
    }
    groups
}

/// The field that a JSON key names in a message.
pub fn field_of_key<'a>(shape: &'a MessageShape, key: &str) -> Option<&'a FieldShape> {
    shape.fields.iter().find(|field| field.json_name == key || field.name == key)
}

/// The well-known form of a type.
pub fn well_known(types: &FormTypes, ty: &FieldType) -> Option<WellKnown> {
    match ty {
        FieldType::Message(name) => types.messages.get(name)?.well_known,
        _ => None,
    }
}

/// What one value of a type begins as when it is added or chosen.
pub fn initial(types: &FormTypes, ty: &FieldType) -> Json {
    match ty {
        FieldType::Scalar(scalar) => zero(*scalar),
        FieldType::Enum(name) if name == NULL_VALUE => Json::Null,
        FieldType::Enum(name) => {
            let first = types.enums.get(name).and_then(|shape| shape.values.first());
            first.map_or_else(|| Json::Number("0".into()), |value| Json::string(&value.name))
        }
        FieldType::Message(_) => match well_known(types, ty) {
            Some(WellKnown::Timestamp) => Json::string("1970-01-01T00:00:00Z"),
            Some(WellKnown::Duration) => Json::string("0s"),
            Some(WellKnown::FieldMask) => Json::string(""),
            Some(WellKnown::Value) => Json::Null,
            Some(WellKnown::ListValue) => Json::Array(Vec::new()),
            Some(WellKnown::Wrapper(scalar)) => zero(scalar),
            Some(WellKnown::Any | WellKnown::Struct | WellKnown::Empty) | None => Json::object(),
        },
    }
}

fn zero(scalar: Scalar) -> Json {
    match scalar {
        Scalar::Bool => Json::Bool(false),
        Scalar::String | Scalar::Bytes => Json::string(""),
        scalar if scalar.is_64_bit_integer() => Json::string("0"),
        _ => Json::Number("0".into()),
    }
}

/// Whether a value of this type is drawn on one line.
pub fn inline(types: &FormTypes, ty: &FieldType) -> bool {
    match ty {
        FieldType::Scalar(_) | FieldType::Enum(_) => true,
        FieldType::Message(_) => matches!(
            well_known(types, ty),
            Some(
                WellKnown::Timestamp
                    | WellKnown::Duration
                    | WellKnown::FieldMask
                    | WellKnown::Wrapper(_)
            )
        ),
    }
}

/// The paths that a field mask may name in a message, two levels deep, by the names of the `.proto` file.
pub fn mask_paths(types: &FormTypes, message: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let fields =
        |name: &str| types.messages.get(name).map_or(&[][..], |shape| shape.fields.as_slice());
    for field in fields(message) {
        paths.push(field.name.clone());
        if let (FieldType::Message(name), Cardinality::Explicit | Cardinality::Implicit) =
            (&field.ty, field.cardinality)
            && well_known(types, &field.ty).is_none()
        {
            paths.extend(fields(name).iter().map(|inner| format!("{}.{}", field.name, inner.name)));
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::fake::types;

    #[test]
    fn names_types_and_groups() {
        let types = types();
        let root = &types.messages[&types.root];
        let texts: Vec<String> = groups(root)
            .iter()
            .map(|group| match group {
                Group::Field(field) => format!("{}: {}", field.name, type_text(field)),
                Group::Oneof(name, members) => {
                    let names: Vec<_> = members.iter().map(|f| f.name.as_str()).collect();
                    format!("{name}: {}", names.join("|"))
                }
            })
            .collect();
        assert_eq!(
            texts,
            [
                "sku: string · required",
                "warehouse_ids: repeated int64",
                "at: Timestamp",
                "max_age: Duration",
                "lookup: by_location|by_supplier",
                "read_mask: FieldMask",
            ]
        );
        let location = &types.messages["shop.inventory.v1.Location"];
        let texts: Vec<_> = location.fields.iter().map(type_text).collect();
        assert_eq!(texts, ["enum Country", "map<string, string>", "Location"]);
        assert_eq!(
            mask_paths(&types, "shop.inventory.v1.Location"),
            ["country", "labels", "within", "within.country", "within.labels", "within.within"]
        );
    }

    #[test]
    fn what_begins_is_valid() {
        let types = types();
        for field in types.messages.values().flat_map(|shape| &shape.fields) {
            let single = FieldShape { cardinality: Cardinality::Explicit, ..field.clone() };
            let mut only = types.clone();
            only.root = "T".into();
            let shape =
                MessageShape { name: "T".into(), fields: vec![single], ..MessageShape::default() };
            only.messages.insert("T".into(), shape);
            let value = Json::Object(vec![(field.json_name.clone(), initial(&types, &field.ty))]);
            assert_eq!(super::super::validate(&only, "T", &value), [], "{}", field.name);
        }
    }
}
