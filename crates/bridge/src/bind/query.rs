//! Query parameters as fields of the request.

use super::{Binding, Bound, Merging, nested, refused, value};
use crate::refusal::Refusal;
use crate::rules::encoding::{self, Keep};
use crate::rules::{Body, Rule};
use crate::wire::put_field;
use prost_reflect::{FieldDescriptor, MessageDescriptor};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use wirelab_model::StatusCode;

/// Dots that the name of a parameter may have: how deep a field may be.
pub(crate) const MAX_DEPTH: usize = 32;

/// Adds every parameter of a query.
pub(super) fn read(
    rule: &Rule,
    query: &str,
    options: &Binding,
    bound: &mut Bound,
) -> Result<(), Refusal> {
    let mut seen = Seen::default();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    for (at, pair) in pairs.enumerate() {
        if at == options.max_parameters {
            let message = format!("the query has more than {at} parameters");
            return Err(Refusal::new(StatusCode::InvalidArgument, message));
        }
        let (raw, text) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decoded(raw).map_err(|reason| refused("the parameter", raw, &reason))?;
        if options.ignored.iter().any(|ignored| *ignored == name) {
            continue;
        }
        let wrong = |reason: String| refused("the parameter", &name, &reason);
        let target = match target(&rule.method.descriptor.input(), &name) {
            Ok(target) if rule.body != Body::All || options.beside_body => target,
            Err(Reason::Unknown(_)) | Ok(_) if options.ignore_unknown => continue,
            Ok(_) => return Err(wrong("the whole request is in the body".to_owned())),
            Err(Reason::Unknown(reason) | Reason::Wrong(reason)) => return Err(wrong(reason)),
        };
        if rule.variables.iter().any(|path| target.fields.starts_with(path)) {
            // The path wins.
            continue;
        }
        let text = match target.key.is_some() || target.fields.last().is_some_and(value::has_spaces)
        {
            true => decoded(text),
            // A `+` that was not escaped: of a number, an offset from UTC, base64.
            false => plain(text),
        };
        let text = text.map_err(wrong)?;
        if seen.add(&target).map_err(wrong)? {
            bound.merging.extend(Merging::of(&target.fields));
        }
        let input = &rule.method.input;
        let done = nested(&target.fields, &mut bound.wire, |field, wire| match &target.key {
            None => value::append(input, field, &text, wire),
            Some(key) => {
                let kind = field.kind();
                let entry = kind.as_message().ok_or("the map has no entries")?;
                let mut content = Vec::new();
                value::append(input, &entry.map_entry_key_field(), key, &mut content)
                    .map_err(|reason| format!("its key: {reason}"))?;
                value::append(input, &entry.map_entry_value_field(), &text, &mut content)?;
                put_field(field.number(), &content, wire);
                Ok(())
            }
        });
        done.map_err(wrong)?;
    }
    Ok(())
}

/// A name or value without escapes; `+` stands for a space
/// (<https://url.spec.whatwg.org/#application/x-www-form-urlencoded>).
fn decoded(text: &str) -> Result<Cow<'_, str>, String> {
    match text.contains('+') {
        true => plain(&text.replace('+', " ")).map(|text| Cow::Owned(text.into_owned())),
        false => plain(text),
    }
}

/// The same where a `+` is one.
fn plain(text: &str) -> Result<Cow<'_, str>, String> {
    encoding::decode(text, Keep::Nothing).map_err(|fault| fault.message.to_owned())
}

/// What a parameter sets.
struct Target<'n> {
    /// From the request inwards.
    fields: Vec<FieldDescriptor>,
    /// The key when the last field is a map.
    key: Option<&'n str>,
}

/// Why a name is no field.
enum Reason {
    /// There is none of this name.
    Unknown(String),
    /// There is, but it is none that a parameter can set.
    Wrong(String),
}

/// The field of a name: original or JSON names with dots between them, `map[key]` or `map.key` at the end.
fn target<'n>(message: &MessageDescriptor, name: &'n str) -> Result<Target<'n>, Reason> {
    let mut within = message.clone();
    let mut fields = Vec::new();
    let mut rest = name;
    loop {
        if fields.len() == MAX_DEPTH {
            return Err(Reason::Wrong(format!("more than {MAX_DEPTH} names with dots between")));
        }
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (step, after) = rest.split_at(end);
        let field = within.get_field_by_name(step).or_else(|| within.get_field_by_json_name(step));
        let Some(field) = field else {
            return Err(Reason::Unknown(format!("{} has no field `{step}`", within.full_name())));
        };
        if field.is_map() {
            let kind = field.kind();
            let entry = kind.as_message();
            if entry.is_some_and(|entry| !value::is_value(&entry.map_entry_value_field().kind())) {
                let reason = format!("`{step}` is a map of messages, which only a body can hold");
                return Err(Reason::Wrong(reason));
            }
            let key = match after.strip_prefix('.') {
                Some(key) => Some(key),
                None => after.strip_prefix('[').and_then(|key| key.strip_suffix(']')),
            };
            let Some(key) = key else {
                let reason = format!("`{step}` is a map: write `{step}[key]=value`");
                return Err(Reason::Wrong(reason));
            };
            fields.push(field);
            return Ok(Target { fields, key: Some(key) });
        }
        let kind = field.kind();
        let Some(next) = after.strip_prefix('.') else {
            if !after.is_empty() {
                return Err(Reason::Unknown(format!("`{step}` is no map")));
            }
            if !value::is_value(&kind) {
                let reason = match field.is_list() {
                    true => format!("`{step}` is a list of messages, which only a body can hold"),
                    false => format!("`{step}` is a message; name a field of it"),
                };
                return Err(Reason::Wrong(reason));
            }
            fields.push(field);
            return Ok(Target { fields, key: None });
        };
        let Some(inner) = kind.as_message() else {
            return Err(Reason::Unknown(format!("`{step}` is no message")));
        };
        if field.is_list() {
            let reason = format!("`{step}` is a list of messages, which only a body can hold");
            return Err(Reason::Wrong(reason));
        }
        within = inner.clone();
        fields.push(field);
        rest = next;
    }
}

/// What came before, so that nothing is set twice.
#[derive(Default)]
struct Seen {
    /// By the numbers of the fields down to it and, in a map, the key.
    values: HashSet<(Vec<u32>, Option<String>)>,
    /// The messages around them, by the numbers of the fields down to it.
    around: HashSet<Vec<u32>>,
    /// The member that a oneof has, by the numbers down to its message and its index.
    members: HashMap<(Vec<u32>, String), FieldDescriptor>,
}

impl Seen {
    /// Whether it is the first parameter of its name.
    fn add(&mut self, target: &Target<'_>) -> Result<bool, String> {
        let mut path = Vec::with_capacity(target.fields.len());
        for field in &target.fields {
            if let Some(oneof) = field.containing_oneof() {
                let member = self.members.entry((path.clone(), oneof.name().to_owned()));
                let member = member.or_insert_with(|| field.clone());
                if member != field {
                    let (a, b) = (member.name(), field.name());
                    return Err(format!("`{a}` and `{b}` exclude each other"));
                }
            }
            if !path.is_empty() {
                if self.values.contains(&(path.clone(), None)) {
                    return Err(
                        "another parameter sets all of the message that it is in".to_owned()
                    );
                }
                self.around.insert(path.clone());
            }
            path.push(field.number());
        }
        if target.key.is_none() && self.around.contains(&path) {
            return Err("another parameter sets a field of it".to_owned());
        }
        let is_list = target.fields.last().is_some_and(FieldDescriptor::is_list);
        let first = self.values.insert((path, target.key.map(str::to_owned)));
        if first || is_list { Ok(first) } else { Err("it comes twice, but is no list".to_owned()) }
    }
}
