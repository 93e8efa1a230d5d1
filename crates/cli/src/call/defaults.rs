//! Adds the fields that ProtoJSON leaves out because they have their default value.

use serde_json::{Map, Value, json};
use wirelab_model::{Cardinality, FieldShape, FieldType, FormTypes, Scalar};

/// How deep messages may be nested, as Protobuf implementations have it.
const MAX_DEPTH: usize = 100;

/// A message's JSON with every field whose absence and default are the same, in the order of the file. What is not
/// a message of this type stays as it is.
pub fn fill(types: &FormTypes, text: &str) -> String {
    match serde_json::from_str(text) {
        Ok(value) => message(types, &types.root, value, MAX_DEPTH).to_string(),
        Err(_) => text.to_owned(),
    }
}

fn message(types: &FormTypes, name: &str, value: Value, depth: usize) -> Value {
    let (Some(shape), Some(depth)) = (types.messages.get(name), depth.checked_sub(1)) else {
        return value;
    };
    let mut given = match value {
        Value::Object(given) if shape.well_known.is_none() => given,
        value => return value,
    };
    let mut filled = Map::new();
    for field in &shape.fields {
        let value = match given.shift_remove(&field.json_name) {
            Some(value) => Some(nested(types, field, value, depth)),
            None => default(types, field),
        };
        if let Some(value) = value {
            filled.insert(field.json_name.clone(), value);
        }
    }
    // Fields that the shape does not know come last.
    filled.extend(given);
    Value::Object(filled)
}

fn nested(types: &FormTypes, field: &FieldShape, value: Value, depth: usize) -> Value {
    let FieldType::Message(name) = &field.ty else { return value };
    match (field.cardinality, value) {
        (Cardinality::Repeated, Value::Array(values)) => {
            values.into_iter().map(|value| message(types, name, value, depth)).collect()
        }
        (Cardinality::Map(_), Value::Object(entries)) => entries
            .into_iter()
            .map(|(key, value)| (key, message(types, name, value, depth)))
            .collect(),
        (_, value) => message(types, name, value, depth),
    }
}

fn default(types: &FormTypes, field: &FieldShape) -> Option<Value> {
    match field.cardinality {
        Cardinality::Repeated => return Some(json!([])),
        Cardinality::Map(_) => return Some(json!({})),
        Cardinality::Explicit | Cardinality::Required => return None,
        Cardinality::Implicit if field.oneof.is_some() => return None,
        Cardinality::Implicit => {}
    }
    Some(match &field.ty {
        FieldType::Message(_) => return None,
        FieldType::Enum(name) if name == "google.protobuf.NullValue" => Value::Null,
        FieldType::Enum(name) => {
            let zero = types.enums.get(name)?.values.iter().find(|value| value.number == 0)?;
            json!(zero.name)
        }
        FieldType::Scalar(scalar) if scalar.is_64_bit_integer() => json!("0"),
        FieldType::Scalar(Scalar::Bool) => json!(false),
        FieldType::Scalar(Scalar::String | Scalar::Bytes) => json!(""),
        FieldType::Scalar(_) => json!(0),
    })
}

#[cfg(test)]
mod tests {
    use super::fill;
    use serde_json::{Value, from_value, json};
    use wirelab_model::FormTypes;

    fn field(name: &str, cardinality: Value, ty: Value, oneof: Option<&str>) -> Value {
        json!({"name": name, "json_name": name, "number": 1, "docs": "", "deprecated": false,
            "cardinality": cardinality, "ty": ty, "oneof": oneof, "behavior_required": false})
    }

    fn types() -> FormTypes {
        let scalar = |name: &str| json!({"Scalar": name});
        let own = json!({"Message": "M"});
        let fields = json!([
            field("text", json!("Implicit"), scalar("String"), None),
            field("big", json!("Implicit"), scalar("Int64"), None),
            field("small", json!("Implicit"), scalar("Float"), None),
            field("flag", json!("Implicit"), scalar("Bool"), None),
            field("level", json!("Implicit"), json!({"Enum": "E"}), None),
            field("maybe", json!("Explicit"), scalar("Int32"), None),
            field("choice", json!("Explicit"), scalar("Int32"), Some("one")),
            field("list", json!("Repeated"), own.clone(), None),
            field("map", json!({"Map": "String"}), own.clone(), None),
            field("next", json!("Explicit"), own, None),
        ]);
        let value =
            |name, number| json!({"name": name, "number": number, "docs": "", "deprecated": false});
        from_value(json!({
            "root": "M",
            "messages": {"M": {"name": "M", "docs": "", "well_known": null, "fields": fields}},
            "enums": {"E": {"name": "E", "docs": "", "values": [value("ONE", 1), value("ZERO", 0)]}},
        }))
        .unwrap()
    }

    #[test]
    fn defaults() {
        let empty =
            r#""text":"","big":"0","small":0,"flag":false,"level":"ZERO","list":[],"map":{}"#;
        let rest = r#""small":0,"flag":false,"level":"ZERO""#;
        let cases = [
            ("{}", format!("{{{empty}}}")),
            (
                r#"{"next":{},"big":"7"}"#,
                format!(
                    r#"{{"text":"","big":"7",{rest},"list":[],"map":{{}},"next":{{{empty}}}}}"#
                ),
            ),
            (
                r#"{"list":[{}]}"#,
                format!(r#"{{"text":"","big":"0",{rest},"list":[{{{empty}}}],"map":{{}}}}"#),
            ),
            (
                r#"{"map":{"k":{}},"[x.y]":1}"#,
                format!(
                    r#"{{"text":"","big":"0",{rest},"list":[],"map":{{"k":{{{empty}}}}},"[x.y]":1}}"#
                ),
            ),
            ("\"bare\"", "\"bare\"".to_owned()),
            ("not JSON", "not JSON".to_owned()),
        ];
        for (text, expected) in cases {
            assert_eq!(fill(&types(), text), expected, "{text}");
        }
    }
}
