//! The way back: a request as JSON becomes the verb, URL and body that a rule wants. For previews, and for clients.

use super::encoding::encode;
use super::rule::{Body, Rule, Verb};
use super::template::Segment;
use crate::bind::value;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::Method;
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value};
use wirelab_model::{Problem, ProblemKind};
use wirelab_transcode::Options;

/// A request of HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Built {
    pub verb: Method,
    /// Path and query, encoded.
    pub target: String,
    /// None where nothing is sent.
    pub body: Option<Vec<u8>>,
    /// The media type of the body.
    pub content_type: Option<String>,
}

/// The request that `rule` makes of a message.
///
/// # Errors
/// JSON that is not the message, a variable of the path that is empty or does not have the form that its pattern wants,
/// and what a query cannot hold, each with its JSON path.
pub(crate) fn request(rule: &Rule, json: &str) -> Result<Built, Problem> {
    let verb = match &rule.verb {
        Verb::Is(verb) => verb.clone(),
        Verb::Any if rule.body == Body::None => Method::GET,
        Verb::Any => Method::POST,
    };
    let input = rule.method.descriptor.input();
    let json_body = |body: &Value| Some(body.to_string().into_bytes());
    let json_type = || Some("application/json".to_owned());
    let mut message = match canonical(rule, json)? {
        Value::Object(message) => message,
        // A well-known type, of which no URL can name a field.
        whole if rule.body == Body::All && rule.variables.is_empty() => {
            let target = path(rule, &mut Map::new())?;
            let body = json_body(&whole);
            return Ok(Built { verb, target, body, content_type: json_type() });
        }
        _ => {
            let message = format!("a {} has no fields that a URL could name", input.full_name());
            return Err(Problem::new(ProblemKind::Mismatch, message));
        }
    };
    let path = path(rule, &mut message)?;
    let body = match &rule.body {
        Body::None => None,
        Body::All => Some(Value::Object(std::mem::take(&mut message))),
        Body::Field(field) => remove(&mut message, field),
    };
    let (body, content_type) = match body {
        None => (None, None),
        Some(value) if rule.takes_raw() => {
            let text = |name: &str| value.get(name).and_then(Value::as_str);
            let data = BASE64_STANDARD.decode(text("data").unwrap_or_default());
            (Some(data.unwrap_or_default()), text("contentType").map(str::to_owned))
        }
        Some(value) => (json_body(&value), json_type()),
    };
    let mut query = Query::default();
    query.message(&input, &message, "")?;
    let target = if query.text.is_empty() { path } else { format!("{path}?{}", query.text) };
    Ok(Built { verb, target, body, content_type })
}

/// The message with each field under its JSON name and each value in its canonical form.
fn canonical(rule: &Rule, json: &str) -> Result<Value, Problem> {
    let codec = &rule.method.input;
    let mut wire = Vec::new();
    codec.json_to_wire(json.as_bytes(), &mut wire).map_err(|error| {
        let mut problem = Problem::new(ProblemKind::Mismatch, error.message());
        problem.path = error.path().map(str::to_owned);
        match error.line_column() {
            Some((line, column)) => problem.span(line, column),
            None => problem,
        }
    })?;
    let fault = |message: String| Problem::new(ProblemKind::Internal, message);
    let mut text = Vec::new();
    codec
        .wire_to_json(&wire, &mut text, &Options::default())
        .map_err(|error| fault(error.message().to_owned()))?;
    serde_json::from_slice(&text).map_err(|error| fault(error.to_string()))
}

/// The path, with the values of the variables taken out of the message.
fn path(rule: &Rule, message: &mut Map<String, Value>) -> Result<String, Problem> {
    let template = &rule.template;
    let mut path = String::new();
    let mut at = 0;
    let mut variables = template.variables().iter().zip(&rule.variables).peekable();
    while let Some(segment) = template.segments().get(at) {
        if let Some((variable, fields)) = variables.next_if(|(v, _)| v.segments.start == at) {
            let problem = |message: &str| {
                let message = format!("{message}, which `{template}` puts in the path");
                let help = format!("Give `{}` a value that fits", variable.path.join("."));
                Problem::new(ProblemKind::Mismatch, message).at(variable.path.join(".")).help(help)
            };
            let value = take(message, fields);
            let value = value.ok_or_else(|| problem("this field has no value"))?;
            let elements = match &value {
                Value::Array(elements) => elements.as_slice(),
                one => std::slice::from_ref(one),
            };
            let texts: Vec<String> = elements.iter().map(text).collect();
            if texts.iter().all(String::is_empty) {
                return Err(problem("this field is empty"));
            }
            let pattern = template.segments().get(variable.segments.clone()).unwrap_or_default();
            let multi = template.is_multi(variable);
            if pattern != [Segment::One] && !texts.iter().all(|text| matches(pattern, text)) {
                return Err(problem(&format!("this field is not like `{}`", shown(pattern))));
            }
            path.push('/');
            let mut separator = "";
            for text in &texts {
                path.push_str(separator);
                encode(text, multi, &mut path);
                separator = ",";
            }
            at = variable.segments.end;
            continue;
        }
        match segment {
            Segment::Literal(text) => {
                path.push('/');
                encode(text, false, &mut path);
            }
            Segment::One => {
                let message = format!("no field says what the `*` of `{template}` is");
                return Err(Problem::new(ProblemKind::Mismatch, message)
                    .help("Use another binding of the method"));
            }
            // Nothing is as good as anything else.
            Segment::Many => {}
        }
        at += 1;
    }
    if path.is_empty() {
        path.push('/');
    }
    if let Some(verb) = template.verb() {
        path.push(':');
        encode(verb, false, &mut path);
    }
    Ok(path)
}

/// Whether segments are what a pattern wants.
fn matches(pattern: &[Segment], text: &str) -> bool {
    // Which beginnings of the pattern fit what was read: one pass, whatever the pattern.
    let mut states = vec![false; pattern.len() + 1];
    states[0] = true;
    let close = |states: &mut Vec<bool>| {
        for (at, segment) in pattern.iter().enumerate() {
            if *segment == Segment::Many && states[at] {
                states[at + 1] = true;
            }
        }
    };
    close(&mut states);
    for part in text.split('/') {
        let mut next = vec![false; states.len()];
        for (at, segment) in pattern.iter().enumerate().filter(|(at, _)| states[*at]) {
            match segment {
                Segment::Literal(literal) => next[at + 1] |= literal == part,
                Segment::One => next[at + 1] |= !part.is_empty(),
                Segment::Many => next[at] = true,
            }
        }
        close(&mut next);
        states = next;
    }
    states.last().copied().unwrap_or_default()
}

fn shown(pattern: &[Segment]) -> String {
    let shown = pattern.iter().map(|segment| match segment {
        Segment::Literal(text) => text.as_str(),
        Segment::One => "*",
        Segment::Many => "**",
    });
    shown.collect::<Vec<_>>().join("/")
}

/// Takes a value out of a message, and messages out that are empty without it.
fn take(message: &mut Map<String, Value>, fields: &[FieldDescriptor]) -> Option<Value> {
    let (first, inner) = fields.split_first()?;
    if inner.is_empty() {
        return remove(message, first).or_else(|| default(first));
    }
    let within = message.get_mut(first.json_name())?.as_object_mut()?;
    let value = take(within, inner)?;
    if within.is_empty() {
        remove(message, first);
    }
    Some(value)
}

fn remove(message: &mut Map<String, Value>, field: &FieldDescriptor) -> Option<Value> {
    message.shift_remove(field.json_name())
}

/// The value that a field has when it is not in the JSON, where that is not told from absence.
fn default(field: &FieldDescriptor) -> Option<Value> {
    if field.supports_presence() || field.is_list() {
        return None;
    }
    Some(match field.kind() {
        Kind::Message(_) => return None,
        Kind::String | Kind::Bytes => Value::from(""),
        Kind::Bool => Value::from(false),
        Kind::Enum(e) => Value::from(e.default_value().name()),
        _ => Value::from(0),
    })
}

/// The text of a scalar.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A query that grows.
#[derive(Default)]
struct Query {
    text: String,
}

impl Query {
    /// Adds all fields of a message; `prefix` is the name of the message with a dot behind it.
    fn message(
        &mut self,
        message: &MessageDescriptor,
        fields: &Map<String, Value>,
        prefix: &str,
    ) -> Result<(), Problem> {
        for (name, value) in fields {
            let path = format!("{prefix}{name}");
            let cannot = |why: &str| {
                let message = format!("a query cannot hold {why}");
                Problem::new(ProblemKind::Mismatch, message)
                    .at(path.as_str())
                    .help("Leave it out, or use a binding with a body")
            };
            let Some(field) = message.get_field_by_json_name(name) else {
                return Err(cannot(&format!("what is no field of {}", message.full_name())));
            };
            let kind = field.kind();
            match (&kind, value) {
                (Kind::Message(entry), Value::Object(entries)) if field.is_map() => {
                    if !value::is_value(&entry.map_entry_value_field().kind()) {
                        return Err(cannot("maps of messages"));
                    }
                    for (key, value) in entries {
                        let value = json_text(&entry.map_entry_value_field().kind(), value);
                        self.pair(&format!("{path}[{key}]"), &value);
                    }
                }
                (kind, Value::Array(elements)) if field.is_list() => {
                    if !value::is_value(kind) {
                        return Err(cannot("lists of messages"));
                    }
                    elements.iter().for_each(|element| self.pair(&path, &json_text(kind, element)));
                }
                (kind, value) if value::is_value(kind) => self.pair(&path, &json_text(kind, value)),
                (Kind::Message(inner), Value::Object(fields)) if !fields.is_empty() => {
                    self.message(inner, fields, &format!("{path}."))?;
                }
                _ => return Err(cannot("a message without fields")),
            }
        }
        Ok(())
    }

    fn pair(&mut self, name: &str, value: &str) {
        if !self.text.is_empty() {
            self.text.push('&');
        }
        encode(name, false, &mut self.text);
        self.text.push('=');
        encode(value, false, &mut self.text);
    }
}

/// The text of a value that a query can hold: JSON for those that stand for any JSON.
fn json_text(kind: &Kind, value: &Value) -> String {
    if value::is_text(kind) { text(value) } else { value.to_string() }
}
