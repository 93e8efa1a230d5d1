//! One rule as an operation.

use super::described;
use super::path::{Parameter, Place};
use super::schemas::Schemas;
use crate::rules::{Body, Rule};
use serde_json::{Value, json};
use wirelab_model::{Cardinality, FieldShape, FieldType, MethodInfo, WellKnown};

/// Query parameters that one operation is told with; messages of messages have more than anyone reads.
const MAX_PARAMETERS: usize = 200;
/// How deep the fields are that query parameters are told for.
const MAX_DEPTH: usize = 4;

/// The message whose JSON is not what travels.
const HTTP_BODY: &str = "google.api.HttpBody";

/// What an operation is told from.
pub(super) struct Operation<'r> {
    pub rule: &'r Rule,
    pub info: &'r MethodInfo,
    /// What the path calls its parameters.
    pub names: &'r [String],
}

impl Operation<'_> {
    pub fn tell(&self, place: &Place<'_>, id: String, schemas: &mut Schemas<'_>) -> Value {
        let Operation { rule, info, names } = self;
        schemas.message(&info.input);
        let mut parameters: Vec<Value> = place
            .parameters()
            .zip(*names)
            .map(|(parameter, name)| self.in_path(parameter, name, schemas))
            .collect();
        if rule.body != Body::All {
            self.in_query(&info.input, ("", ""), 0, schemas, &mut parameters);
        }
        let service = rule.method.descriptor.parent_service();
        let mut operation = json!({
            "operationId": id,
            "tags": [service.full_name()],
            "responses": self.responses(schemas),
            "x-grpc-method": info.path,
        });
        let summary = info.docs.lines().next().unwrap_or_default();
        if !summary.is_empty() {
            operation["summary"] = Value::from(summary);
        }
        let mut operation = described(operation, &info.docs);
        if !parameters.is_empty() {
            operation["parameters"] = Value::from(parameters);
        }
        if let Some(body) = self.body(schemas) {
            operation["requestBody"] = body;
        }
        if info.deprecated {
            operation["deprecated"] = Value::from(true);
        }
        operation
    }

    fn in_path(&self, parameter: &Parameter<'_>, name: &str, schemas: &mut Schemas<'_>) -> Value {
        let mut schema = json!({ "type": "string" });
        let mut docs = String::new();
        if let Some(field) = parameter.whole {
            let message = field.parent_message();
            schemas.message(message.full_name());
            let shape = schemas.shape(message.full_name());
            let shape =
                shape.and_then(|s| s.fields.iter().find(|f| f.name == field.name())).cloned();
            if let Some(shape) = shape {
                schema = schemas.field(&shape);
                docs = shape.docs;
            }
        }
        let mut more = |text: String| {
            if !docs.is_empty() {
                docs.push_str("\n\n");
            }
            docs.push_str(&text);
        };
        if let Some((variable, pattern)) = &parameter.part_of {
            more(format!("A part of `{variable}`, which is `{pattern}`."));
        }
        if parameter.many {
            more("Several segments: slashes stay as they are.".to_owned());
        }
        let mut told = json!({ "name": name, "in": "path", "required": true, "schema": schema });
        if parameter.many {
            told["x-several-segments"] = Value::from(true);
        }
        described(told, &docs)
    }

    /// The fields of a message that neither path nor body holds; the message's own name with a dot behind it, by
    /// original names and by those of JSON, goes before theirs.
    fn in_query(
        &self,
        message: &str,
        (prefix, json_prefix): (&str, &str),
        depth: usize,
        schemas: &mut Schemas<'_>,
        parameters: &mut Vec<Value>,
    ) {
        let Some(shape) = schemas.shape(message) else { return };
        let fields = if shape.well_known.is_none() { shape.fields.clone() } else { vec![] };
        for field in fields {
            let path = format!("{prefix}{}", field.name);
            if parameters.len() >= MAX_PARAMETERS
                || self.is_elsewhere(&path)
                || field.name.starts_with('[')
            {
                continue;
            }
            let name = format!("{json_prefix}{}", field.json_name);
            match self.value(&field, schemas) {
                Held::Value(style) => {
                    let mut told = json!({ "name": name, "in": "query" });
                    let schema = schemas.field(&field);
                    match style {
                        Style::Plain => told["schema"] = schema,
                        Style::Json => {
                            told["content"] = json!({ "application/json": { "schema": schema } });
                        }
                        Style::Named(style) => {
                            told["schema"] = schema;
                            told["style"] = Value::from(style);
                            told["explode"] = Value::from(true);
                        }
                    }
                    if field.behavior_required && depth == 0 {
                        told["required"] = Value::from(true);
                    }
                    if field.deprecated {
                        told["deprecated"] = Value::from(true);
                    }
                    parameters.push(described(told, &field.docs));
                }
                Held::Message(inner) if depth + 1 < MAX_DEPTH => {
                    let prefixes = (format!("{path}."), format!("{name}."));
                    let prefixes = (prefixes.0.as_str(), prefixes.1.as_str());
                    self.in_query(&inner, prefixes, depth + 1, schemas, parameters);
                }
                _ => {}
            }
        }
    }

    fn is_elsewhere(&self, path: &str) -> bool {
        let in_body = matches!(&self.rule.body, Body::Field(field) if field.name() == path);
        let variables = self.rule.template.variables();
        in_body || variables.iter().any(|variable| variable.path.join(".") == path)
    }

    /// Whether a query can hold a field, and how.
    fn value(&self, field: &FieldShape, schemas: &mut Schemas<'_>) -> Held {
        if let FieldType::Message(name) = &field.ty {
            match schemas.shape(name).map(|shape| shape.well_known) {
                Some(None) | None => {
                    return match field.cardinality {
                        Cardinality::Repeated | Cardinality::Map(_) => Held::Nothing,
                        _ => Held::Message(name.clone()),
                    };
                }
                Some(Some(WellKnown::Any | WellKnown::Empty)) => return Held::Nothing,
                Some(Some(WellKnown::Struct | WellKnown::Value | WellKnown::ListValue))
                    if !matches!(
                        field.cardinality,
                        Cardinality::Repeated | Cardinality::Map(_)
                    ) =>
                {
                    return Held::Value(Style::Json);
                }
                Some(Some(_)) => {}
            }
        }
        Held::Value(match field.cardinality {
            Cardinality::Map(_) => Style::Named("deepObject"),
            Cardinality::Repeated => Style::Named("form"),
            _ => Style::Plain,
        })
    }

    fn body(&self, schemas: &mut Schemas<'_>) -> Option<Value> {
        let input = self.rule.method.descriptor.input();
        let (schema, raw) = match &self.rule.body {
            Body::None => return None,
            Body::All if input.full_name() == HTTP_BODY => (json!({}), true),
            Body::All if self.rule.variables.is_empty() => {
                (schemas.message(&self.info.input), false)
            }
            Body::All => {
                let variables = self.rule.template.variables();
                let in_path =
                    |field: &FieldShape| variables.iter().any(|v| v.path == [field.name.as_str()]);
                (schemas.rest(&self.info.input, |field| !in_path(field)), false)
            }
            Body::Field(field) => {
                let raw = field.kind().as_message().is_some_and(|m| m.full_name() == HTTP_BODY);
                (self.field(input.full_name(), field.name(), schemas), raw)
            }
        };
        let stream = self.rule.method.kind.client_streams();
        let content = content(schema, stream, raw, false);
        Some(json!({ "required": true, "content": content }))
    }

    fn responses(&self, schemas: &mut Schemas<'_>) -> Value {
        let output = self.rule.method.descriptor.output();
        let mut schema = schemas.message(&self.info.output);
        let mut raw = output.full_name() == HTTP_BODY;
        if let Some(field) = &self.rule.response_body {
            schema = self.field(output.full_name(), field.name(), schemas);
            raw = field.kind().as_message().is_some_and(|m| m.full_name() == HTTP_BODY);
        }
        let stream = self.rule.method.kind.server_streams();
        let description = match stream {
            true => "The messages as they come; a failure in the middle is the last element.",
            false => "The answer.",
        };
        json!({
            "200": { "description": description, "content": content(schema, stream, raw, true) },
            "default": {
                "description": "Why the call failed.",
                "content": { "application/json": { "schema": schemas.status() } },
            },
        })
    }

    /// The schema of a field of a message.
    fn field(&self, message: &str, name: &str, schemas: &mut Schemas<'_>) -> Value {
        schemas.message(message);
        let shape = schemas.shape(message);
        let shape = shape.and_then(|shape| shape.fields.iter().find(|f| f.name == name)).cloned();
        shape.map_or_else(|| json!({}), |shape| schemas.field(&shape))
    }
}

/// How a query can hold a field.
enum Held {
    /// As a parameter.
    Value(Style),
    /// By the fields of this message.
    Message(String),
    /// Not at all.
    Nothing,
}

/// How a parameter is written.
enum Style {
    Plain,
    /// One of the styles of the specification (§4.8.12.3), exploded.
    Named(&'static str),
    Json,
}

/// The media types of a body or answer.
fn content(schema: Value, stream: bool, raw: bool, answer: bool) -> Value {
    if raw {
        return json!({ "*/*": {} });
    }
    if !stream {
        return json!({ "application/json": { "schema": schema } });
    }
    let line = |what: &str| {
        let mut schema = schema.clone();
        schema["description"] = Value::from(what);
        json!({ "schema": schema })
    };
    let mut content = json!({
        "application/json": { "schema": { "type": "array", "items": schema.clone() } },
        "application/x-ndjson": line("One message a line."),
    });
    if answer {
        content["text/event-stream"] = line("One message an event.");
    }
    content
}
