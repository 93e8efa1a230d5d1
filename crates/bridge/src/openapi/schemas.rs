//! Types as JSON Schema (draft 2020-12, as OpenAPI 3.1 has it): what ProtoJSON reads and writes
//! (<https://protobuf.dev/programming-guides/json/>).

use super::described;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use wirelab_model::{
    Cardinality, EnumShape, FieldShape, FieldType, FormTypes, MessageShape, Scalar, WellKnown,
};
use wirelab_schema::Schema;

/// The error of every call, which need not be in the schema.
const STATUS: &str = "google.rpc.Status";

/// The schemas that were referred to.
pub(super) struct Schemas<'s> {
    schema: &'s Schema,
    types: FormTypes,
    told: BTreeMap<String, Value>,
}

impl<'s> Schemas<'s> {
    pub fn new(schema: &'s Schema) -> Schemas<'s> {
        let told = BTreeMap::from([(STATUS.to_owned(), status())]);
        Schemas { schema, types: FormTypes::default(), told }
    }

    /// All that were referred to, by full name.
    pub fn finish(self) -> BTreeMap<String, Value> {
        self.told
    }

    /// The shape of a message.
    pub fn shape(&mut self, name: &str) -> Option<&MessageShape> {
        if !self.types.messages.contains_key(name) {
            // With all that it reaches: it is asked for once.
            let types = self.schema.form(name)?;
            self.types.messages.extend(types.messages);
            self.types.enums.extend(types.enums);
        }
        self.types.messages.get(name)
    }

    /// `google.rpc.Status`.
    pub fn status(&self) -> Value {
        reference(STATUS)
    }

    /// A message: a reference, or what ProtoJSON writes for a well-known type.
    pub fn message(&mut self, name: &str) -> Value {
        let Some(shape) = self.shape(name) else { return json!({}) };
        if let Some(well_known) = shape.well_known {
            return self::well_known(well_known);
        }
        let mut todo = vec![name.to_owned()];
        while let Some(name) = todo.pop() {
            if self.told.contains_key(&name) {
                continue;
            }
            let Some(shape) = self.types.messages.get(&name) else { continue };
            let reached = shape.fields.iter().filter_map(|field| match &field.ty {
                FieldType::Message(name) | FieldType::Enum(name) => Some(name.clone()),
                FieldType::Scalar(_) => None,
            });
            todo.extend(reached);
            if shape.well_known.is_none() {
                let schema = self.object(shape, |_| true);
                self.told.insert(name, schema);
            }
        }
        let used = self.types.enums.iter().filter(|(name, _)| !self.told.contains_key(*name));
        let enums: Vec<_> = used.map(|(name, shape)| (name.clone(), enumeration(shape))).collect();
        self.told.extend(enums);
        reference(name)
    }

    /// A message without those fields that are elsewhere.
    pub fn rest(&mut self, name: &str, keep: impl Fn(&FieldShape) -> bool) -> Value {
        // What it refers to has to be there.
        self.message(name);
        match self.types.messages.get(name) {
            Some(shape) if shape.well_known.is_none() => self.object(shape, keep),
            _ => self.message(name),
        }
    }

    fn object(&self, shape: &MessageShape, keep: impl Fn(&FieldShape) -> bool) -> Value {
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for field in shape.fields.iter().filter(|field| keep(field)) {
            properties.insert(field.json_name.clone(), self.property(shape, field));
            if field.behavior_required || field.cardinality == Cardinality::Required {
                required.push(Value::from(field.json_name.as_str()));
            }
        }
        let mut object = json!({ "type": "object" });
        if !properties.is_empty() {
            object["properties"] = Value::Object(properties);
        }
        if !required.is_empty() {
            object["required"] = Value::from(required);
        }
        described(object, &shape.docs)
    }

    fn property(&self, message: &MessageShape, field: &FieldShape) -> Value {
        let mut docs = field.docs.clone();
        if let Some(oneof) = &field.oneof {
            let others = message.fields.iter().filter(|f| f.oneof.as_ref() == Some(oneof));
            let others: Vec<_> = others.map(|f| format!("`{}`", f.json_name)).collect();
            if !docs.is_empty() {
                docs.push_str("\n\n");
            }
            docs.push_str(&format!("At most one of {}.", others.join(", ")));
        }
        let mut schema = described(self.field(field), &docs);
        if field.deprecated {
            schema["deprecated"] = Value::from(true);
        }
        schema
    }

    /// The type of a field. What it refers to must have been told by [`message`](Schemas::message).
    pub fn field(&self, field: &FieldShape) -> Value {
        let one = self.one(&field.ty);
        match field.cardinality {
            Cardinality::Repeated => json!({ "type": "array", "items": one }),
            Cardinality::Map(_) => json!({ "type": "object", "additionalProperties": one }),
            _ => one,
        }
    }

    fn one(&self, ty: &FieldType) -> Value {
        match ty {
            FieldType::Scalar(scalar) => self::scalar(*scalar),
            FieldType::Enum(name) => reference(name),
            FieldType::Message(name) => {
                match self.types.messages.get(name).and_then(|shape| shape.well_known) {
                    Some(well_known) => self::well_known(well_known),
                    None => reference(name),
                }
            }
        }
    }
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn enumeration(shape: &EnumShape) -> Value {
    let names: Vec<_> = shape.values.iter().map(|value| Value::from(value.name.as_str())).collect();
    let mut docs = shape.docs.clone();
    for value in shape.values.iter().filter(|value| !value.docs.is_empty()) {
        if !docs.is_empty() {
            docs.push('\n');
        }
        docs.push_str(&format!("\n- `{}`: {}", value.name, value.docs.replace('\n', " ")));
    }
    if shape.closed {
        return described(json!({ "type": "string", "enum": names }), &docs);
    }
    // Numbers that have no name yet are written as they are.
    let any =
        json!([{ "type": "string", "enum": names }, { "type": "integer", "format": "int32" }]);
    described(json!({ "anyOf": any }), &docs)
}

fn scalar(scalar: Scalar) -> Value {
    match scalar {
        Scalar::Double => json!({ "type": "number", "format": "double" }),
        Scalar::Float => json!({ "type": "number", "format": "float" }),
        Scalar::Int32 | Scalar::Sint32 | Scalar::Sfixed32 => {
            json!({ "type": "integer", "format": "int32" })
        }
        Scalar::Uint32 | Scalar::Fixed32 => {
            json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX })
        }
        // Texts, since numbers of JavaScript cannot hold them.
        Scalar::Int64 | Scalar::Sint64 | Scalar::Sfixed64 => {
            json!({ "type": "string", "format": "int64" })
        }
        Scalar::Uint64 | Scalar::Fixed64 => json!({ "type": "string", "format": "uint64" }),
        Scalar::Bool => json!({ "type": "boolean" }),
        Scalar::String => json!({ "type": "string" }),
        Scalar::Bytes => json!({ "type": "string", "contentEncoding": "base64" }),
    }
}

fn well_known(well_known: WellKnown) -> Value {
    match well_known {
        WellKnown::Any => json!({
            "type": "object",
            "description": "A message of any type, which `@type` names.",
            "properties": { "@type": { "type": "string" } },
            "required": ["@type"],
            "additionalProperties": true,
        }),
        WellKnown::Timestamp => json!({ "type": "string", "format": "date-time" }),
        WellKnown::Duration => {
            json!({ "type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$", "examples": ["1.5s"] })
        }
        WellKnown::FieldMask => json!({
            "type": "string",
            "description": "Paths of fields with commas between them.",
        }),
        WellKnown::Struct => json!({ "type": "object", "additionalProperties": true }),
        WellKnown::Value => json!({ "description": "Any JSON." }),
        WellKnown::ListValue => json!({ "type": "array", "items": {} }),
        WellKnown::Empty => json!({ "type": "object" }),
        WellKnown::Wrapper(scalar) => {
            let mut schema = self::scalar(scalar);
            let ty = schema["type"].take();
            schema["type"] = json!([ty, "null"]);
            schema
        }
    }
}

/// <https://github.com/googleapis/googleapis/blob/master/google/rpc/status.proto>.
fn status() -> Value {
    json!({
        "type": "object",
        "description": "Why a call failed.",
        "properties": {
            "code": { "type": "integer", "format": "int32", "description": "The code of gRPC, such as 5 for NOT_FOUND." },
            "message": { "type": "string", "description": "What went wrong, for developers." },
            "details": { "type": "array", "items": well_known(WellKnown::Any) },
        },
    })
}
