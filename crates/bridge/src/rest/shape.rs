//! Response messages as what the client gets of them: the field that the rule names, pruned by a mask, as JSON.

use super::asked::Asked;
use super::http_body;
use crate::bind::value;
use crate::refusal::Refusal;
use crate::rules::Rule;
use crate::wire::{Record, records};
use http::HeaderValue;
use prost_reflect::FieldDescriptor;
use std::borrow::Cow;
use std::sync::Arc;
use wirelab_model::{Status, StatusCode};
use wirelab_transcode::{Codec, Error, Mask, Options};

/// What becomes of response messages.
pub(crate) struct Shape {
    rule: Arc<Rule>,
    mask: Option<Mask>,
    json: Options,
    raw: bool,
}

impl Shape {
    /// What a request asks for.
    ///
    /// # Errors
    /// A mask that names what the response does not have.
    pub fn of(asked: &Asked) -> Result<Shape, Refusal> {
        let rule = asked.rule.clone();
        let rest = &asked.shared.rest;
        let fields = rest.fields(&asked.head, &rule).map(|paths| {
            let within =
                rule.response_body.as_ref().map(|field| match field.is_list() || field.is_map() {
                    true => format!("{}.*.", field.name()),
                    false => format!("{}.", field.name()),
                });
            let within = within.unwrap_or_default();
            let paths = paths.split(',').filter(|path| !path.trim().is_empty());
            let paths = paths.map(|path| format!("{within}{}", path.trim()));
            rule.method.output.mask(paths).map_err(|error| {
                let message = format!("the mask of the answer's fields is wrong: {error}");
                Refusal::new(StatusCode::InvalidArgument, message)
            })
        });
        Ok(Shape {
            mask: fields.transpose()?,
            json: rest.json(&asked.head),
            raw: asked.rule.gives_raw(),
            rule,
        })
    }

    /// The same, each value on a line of its own.
    pub fn compact(self) -> Shape {
        Shape { json: Options { pretty: false, ..self.json }, ..self }
    }

    /// Appends what the client gets of a message; on failure `json` is as it was.
    pub fn write(&self, wire: &[u8], json: &mut Vec<u8>) -> Result<(), Status> {
        let start = json.len();
        let done = match &self.mask {
            None => self.part(wire, json),
            Some(mask) => {
                let mut pruned = Vec::new();
                mask.prune(wire, &mut pruned).and_then(|()| self.part(&pruned, json))
            }
        };
        done.map_err(|error| {
            json.truncate(start);
            let name = self.rule.method.descriptor.output();
            let mut message = format!("the server's {} cannot be JSON: {error}", name.full_name());
            if let Some(path) = error.path() {
                message.push_str(&format!(" at `{path}`"));
            }
            Status::new(StatusCode::Internal, message)
        })
    }

    /// Whether messages are bodies as they are.
    pub fn is_raw(&self) -> bool {
        self.raw
    }

    /// Content type and data of a message that is a body as it is; the data as a range of `wire`, where it is.
    pub fn raw<'w>(&self, wire: &'w [u8]) -> (Option<HeaderValue>, &'w [u8]) {
        let body = match &self.rule.response_body {
            None => wire,
            Some(field) => last(wire, field.number()).unwrap_or_default(),
        };
        let (content_type, data) = http_body::read(body);
        let named = Some(content_type).filter(|name| !name.is_empty());
        (named.and_then(|name| HeaderValue::from_str(name).ok()), data)
    }

    fn part(&self, wire: &[u8], json: &mut Vec<u8>) -> Result<(), Error> {
        let output = &self.rule.method.output;
        let Some(field) = &self.rule.response_body else {
            return output.wire_to_json(wire, json, &self.json);
        };
        let kind = field.kind();
        match kind.as_message() {
            Some(message) if !field.is_list() && !field.is_map() && !field.is_group() => {
                match all(wire, field.number()) {
                    // What has a JSON form of its own would say something that nobody said.
                    None if value::is_value(&kind) => {
                        json.extend_from_slice(b"null");
                        Ok(())
                    }
                    inner => {
                        let inner = inner.unwrap_or_default();
                        output.of(message).wire_to_json(&inner, json, &self.json)
                    }
                }
            }
            _ => self.plain(output, field, wire, json),
        }
    }

    /// The value of a field that is no single message: of the message with this field only, what follows its name.
    fn plain(
        &self,
        output: &Codec,
        field: &FieldDescriptor,
        wire: &[u8],
        json: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let mut only = Vec::new();
        output.mask([field.name()])?.prune(wire, &mut only)?;
        let mut text = Vec::new();
        output.wire_to_json(&only, &mut text, &Options { print_defaults: false, ..self.json })?;
        if only_value(&text).is_empty() || self.json.print_defaults {
            text.clear();
            output.wire_to_json(
                &only,
                &mut text,
                &Options { print_defaults: true, ..self.json },
            )?;
            let name = if self.json.original_names { field.name() } else { field.json_name() };
            if let Some(value) = member(&text, name) {
                json.extend_from_slice(value);
            } else {
                json.extend_from_slice(b"null");
            }
            return Ok(());
        }
        json.extend_from_slice(only_value(&text));
        Ok(())
    }
}

/// The value of the only member of an object that was written here; empty where it has none.
fn only_value(object: &[u8]) -> &[u8] {
    let object = object.trim_ascii();
    let inner = object.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}"));
    let inner = inner.unwrap_or_default().trim_ascii();
    after_name(inner).map(|(_, value)| value).unwrap_or_default()
}

/// The value of a member of an object that was written here.
fn member<'t>(object: &'t [u8], wanted: &str) -> Option<&'t [u8]> {
    let inner = object.trim_ascii().strip_prefix(b"{")?.strip_suffix(b"}")?;
    let mut rest = inner;
    loop {
        rest = rest.trim_ascii();
        let (name, after) = after_name(rest)?;
        let length = value_length(after);
        if serde_json::from_slice::<String>(name).is_ok_and(|name| name == wanted) {
            return Some(&after[..length]);
        }
        rest = after[length..].trim_ascii().strip_prefix(b",")?;
    }
}

/// A name in quotes and what follows its colon.
fn after_name(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = value_length(text);
    let rest = text[end..].trim_ascii_start().strip_prefix(b":")?;
    Some((&text[..end], rest.trim_ascii()))
}

/// How long the value at the start of a text is.
fn value_length(text: &[u8]) -> usize {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => {
                quoted = !quoted;
                if !quoted && depth == 0 {
                    return at + 1;
                }
            }
            _ if quoted => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            b',' | b':' | b' ' | b'\n' if depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

/// What a singular message field holds: its records joined, which is how they merge
/// (<https://protobuf.dev/programming-guides/encoding/#last-one-wins>). One alone is not copied; none where there is none.
fn all(wire: &[u8], number: u32) -> Option<Cow<'_, [u8]>> {
    let mut joined: Option<Cow<'_, [u8]>> = None;
    for (found, record) in records(wire) {
        if let Record::Bytes(bytes) = record
            && found == u64::from(number)
        {
            match &mut joined {
                None => joined = Some(Cow::Borrowed(bytes)),
                Some(joined) => joined.to_mut().extend_from_slice(bytes),
            }
        }
    }
    joined
}

fn last(wire: &[u8], number: u32) -> Option<&[u8]> {
    let of = |(found, record)| match record {
        Record::Bytes(bytes) if found == u64::from(number) => Some(bytes),
        _ => None,
    };
    records(wire).filter_map(of).last()
}
