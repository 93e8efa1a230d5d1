//! A request whose rule is found: what its body, path and query say as messages on the wire.

use super::failure::Types;
use super::split::Splitter;
use super::{http_body, update_mask};
use crate::bind::Bound;
use crate::bridge::{Loaded, Shared};
use crate::profile::{Behaviour, Precedence};
use crate::refusal::Refusal;
use crate::rules::{Body as Part, Captures, Rule};
use crate::wire::{self, LEN, VARINT, put_field, put_tag, put_varint, varint_length};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method as Verb, request};
use prost_reflect::{FieldDescriptor, MessageDescriptor};
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};
use wirelab_model::{Status, StatusCode};
use wirelab_transcode::Codec;

/// A request whose rule is found.
pub(crate) struct Asked {
    pub head: request::Parts,
    pub rule: Arc<Rule>,
    pub captures: Captures,
    /// The schema when it came.
    pub loaded: Arc<Loaded>,
    pub shared: Arc<Shared>,
    /// What was wrong with a body that streams, once that is seen.
    pub refused: OnceLock<Refusal>,
}

impl Asked {
    pub fn behaviour(&self) -> &Behaviour {
        &self.shared.rest.behaviour
    }

    /// Lets go of the buffer that the request was read into, of which its headers and its URL are parts: forgets the
    /// headers, and copies the URL.
    pub fn release(&mut self) {
        self.head.headers = HeaderMap::new();
        if let Ok(uri) = self.head.uri.to_string().parse() {
            self.head.uri = uri;
        }
    }

    /// Bytes that one message may have.
    pub fn limit(&self) -> u64 {
        self.shared.options.message_limit()
    }

    /// Where the types of a failure's details come from.
    pub fn types(&self) -> Types<'_> {
        Types { loaded: &self.loaded, method: Some(&self.rule.method) }
    }

    /// What path and query say.
    ///
    /// # Errors
    /// INVALID_ARGUMENT for what the request's type does not have or cannot be.
    pub fn url(&self) -> Result<Bound, Refusal> {
        let query = self.head.uri.query();
        let binding = self.shared.rest.binding(query, &self.rule);
        Bound::new(&self.rule, &self.captures, query, binding)
    }

    /// One request message: the JSON of the part that the rule names, and what path and query say, where it counts for
    /// this one.
    ///
    /// # Errors
    /// INVALID_ARGUMENT for JSON that is not the message; `nth` says which one of the body's it is, from 1.
    pub fn message(
        &self,
        body: &[u8],
        url: Option<&Bound>,
        nth: Option<u64>,
    ) -> Result<Vec<u8>, Refusal> {
        let mut wire = Vec::new();
        if !body.trim_ascii().is_empty() {
            match &self.rule.body {
                Part::None => self.stray()?,
                Part::All => {
                    self.strict(&self.rule.method.input).json_to_wire(body, &mut wire).map_err(
                        |error| unreadable(&error, &self.rule.method.descriptor.input(), 0, nth),
                    )?
                }
                Part::Field(field) => self.field(field, body, &mut wire, nth)?,
            }
        }
        match (url, self.behaviour().precedence) {
            (None, _) => {}
            (Some(url), Precedence::Path) => url.over(&mut wire),
            (Some(url), Precedence::Body) => wire = url.under(&wire),
        }
        self.derive_mask(body, &mut wire);
        Ok(wire)
    }

    /// One request message that takes a body as it is: a `google.api.HttpBody`, at once or the next piece of it.
    pub fn raw_message(&self, data: &Bytes, first: bool, url: &Bound) -> Vec<u8> {
        let content_type = self.head.headers.get(CONTENT_TYPE).filter(|_| first);
        let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut wire = Vec::with_capacity(data.len() + content_type.len() + 64);
        if let Part::Field(field) = &self.rule.body {
            let length = http_body::length(content_type, data);
            put_tag(field.number(), LEN, &mut wire);
            put_varint(length as u64, &mut wire);
        }
        http_body::put(content_type, data, &mut wire);
        if first || !self.behaviour().bind_first_only {
            url.over(&mut wire);
        }
        wire
    }

    /// A codec that treats unknown members as the profile does. What is required may come by path or query.
    fn strict<'c>(&self, codec: &'c Codec) -> Cow<'c, Codec> {
        let refuses = self.behaviour().refuse_unknown_fields;
        let bound = !self.rule.variables.is_empty() || self.head.uri.query().is_some();
        match refuses && !bound {
            true => Cow::Borrowed(codec),
            false => Cow::Owned(codec.clone().ignoring_unknown(!refuses).allowing_partial(bound)),
        }
    }

    /// A body where the rule takes none.
    fn stray(&self) -> Result<(), Refusal> {
        if !self.behaviour().refuse_stray_body {
            return Ok(());
        }
        let message = format!("{} takes no body, but the request has one; leave it out", self.rule);
        Err(Refusal::new(StatusCode::InvalidArgument, message))
    }

    /// The JSON of one field.
    fn field(
        &self,
        field: &FieldDescriptor,
        json: &[u8],
        wire: &mut Vec<u8>,
        nth: Option<u64>,
    ) -> Result<(), Refusal> {
        let input = &self.rule.method.input;
        let kind = field.kind();
        let plain = !field.is_list() && !field.is_map() && !field.is_group();
        if let Some(message) = kind.as_message()
            && plain
            && json.trim_ascii() != b"null"
        {
            put_tag(field.number(), LEN, wire);
            // Mostly a length takes as many bytes as that of the JSON; else what follows is moved.
            let start = wire.len();
            put_varint(json.len() as u64, wire);
            let content = wire.len();
            let codec = input.of(message);
            let done = self.strict(&codec).json_to_wire(json, wire);
            done.map_err(|error| unreadable(&error, message, 0, nth))?;
            let mut length = Vec::with_capacity(varint_length(json.len() as u64));
            put_varint((wire.len() - content) as u64, &mut length);
            wire.splice(start..content, length);
            return Ok(());
        }
        // Its line begins after ours.
        let mut text = Vec::with_capacity(json.len() + field.json_name().len() + 8);
        text.push(b'{');
        super::failure::text(field.json_name(), &mut text);
        text.extend_from_slice(b":\n");
        let start = text.len();
        text.extend_from_slice(json);
        let end = text.len();
        text.push(b'}');
        let text = Bytes::from(text);
        one_value(text.slice(start..end))?;
        let done = self.strict(input).json_to_wire(&text, wire);
        done.map_err(|error| unreadable(&error, &self.rule.method.descriptor.input(), 1, nth))
    }

    /// For PATCH without a mask, or with an empty one, the mask of what the JSON of a resource holds
    /// (<https://google.aip.dev/134>).
    fn derive_mask(&self, json: &[u8], wire: &mut Vec<u8>) {
        if self.head.method != Verb::PATCH || !self.behaviour().derive_update_mask {
            return;
        }
        let Part::Field(resource) = &self.rule.body else { return };
        let kind = resource.kind();
        let Some(message) = kind.as_message().filter(|_| !resource.is_list()) else { return };
        let input = self.rule.method.descriptor.input();
        let Some(mask) = update_mask::field(&input) else { return };
        if wire::holds(wire, &[mask.number(), update_mask::PATHS]) {
            return;
        }
        let mut paths = Vec::new();
        for path in update_mask::paths(json, message) {
            put_field(update_mask::PATHS, path.as_bytes(), &mut paths);
        }
        if !paths.is_empty() {
            put_field(mask.number(), &paths, wire);
        }
    }
}

/// That a text is one JSON value, so that nothing can be smuggled in beside it.
fn one_value(json: Bytes) -> Result<(), Refusal> {
    let mut splitter = Splitter::new(usize::MAX, false);
    splitter.feed(json);
    let first = splitter.next();
    let second = splitter.next();
    let last = splitter.finish();
    let values = match (first, second, last) {
        (Ok(first), Ok(second), Ok(last)) => [first, second, last].iter().flatten().count(),
        _ => 0,
    };
    match values {
        1 => Ok(()),
        _ => {
            let message = "the body is not one JSON value; send exactly one";
            Err(Refusal::new(StatusCode::InvalidArgument, message))
        }
    }
}

/// What is wrong with a JSON text, with the place and a `google.rpc.BadRequest` that names the field. Of its lines,
/// `before` are ours; of a body with several messages it is the `nth`.
pub(super) fn unreadable(
    error: &wirelab_transcode::Error,
    message: &MessageDescriptor,
    before: u32,
    nth: Option<u64>,
) -> Refusal {
    let place =
        nth.map_or_else(|| "the body".to_owned(), |nth| format!("message {nth} of the body"));
    let mut text = format!("{place} is no {}: {}", message.full_name(), error.message());
    if let Some(path) = error.path() {
        text.push_str(&format!(" at `{path}`"));
    }
    if let Some((line, column)) = error.line_column() {
        let line = line.saturating_sub(before).max(1);
        text.push_str(&format!(" (line {line}, column {column})"));
    }
    let mut status = Status::new(StatusCode::InvalidArgument, text);
    if let Some(path) = error.path() {
        status.details = bad_request(&status, path, error.message()).into();
    }
    Refusal::from(status)
}

/// A `google.rpc.Status` with one violation of a field
/// (<https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto>).
fn bad_request(status: &Status, field: &str, description: &str) -> Vec<u8> {
    let mut violation = Vec::new();
    put_field(1, field.as_bytes(), &mut violation);
    put_field(2, description.as_bytes(), &mut violation);
    let mut request = Vec::new();
    put_field(1, &violation, &mut request);
    let mut any = Vec::new();
    put_field(1, b"type.googleapis.com/google.rpc.BadRequest", &mut any);
    put_field(2, &request, &mut any);
    let mut wire = Vec::new();
    put_tag(1, VARINT, &mut wire);
    put_varint(u64::from(status.code), &mut wire);
    put_field(2, status.message.as_bytes(), &mut wire);
    put_field(3, &any, &mut wire);
    wire
}
