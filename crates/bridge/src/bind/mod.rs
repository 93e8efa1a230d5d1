//! What path and query say, as fields of the request.
//!
//! The path goes over the query, and both over the body or under it. They are put one behind the other: on the wire the
//! last value of a field wins. Where it would be merged with the others instead, in lists and messages, the others are
//! taken out.

mod query;
#[cfg(test)]
mod tests;
pub(crate) mod value;

use crate::refusal::Refusal;
use crate::rules::encoding::{self, Keep};
use crate::rules::{Captures, Rule};
use crate::wire;
use prost_reflect::FieldDescriptor;
use wirelab_model::StatusCode;

/// Parameters that a query may have unless told otherwise.
pub const DEFAULT_MAX_PARAMETERS: usize = 1_000;

/// How path and query are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Whether parameters that name no field are let pass instead of refused.
    pub ignore_unknown: bool,
    /// Whether parameters are taken where the body is the whole request; `http.proto` says that there are none then.
    pub beside_body: bool,
    /// Parameters that mean something else and are never fields, such as `key` or `$alt`.
    pub ignored: Vec<String>,
    /// Parameters that a query may have.
    pub max_parameters: usize,
    /// What stays percent-encoded in variables of several segments.
    pub unescape: Unescape,
}

/// What of a variable of several segments is percent-decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unescape {
    /// Everything but `%2F`, as the comment of `google/api/http.proto` has it.
    #[default]
    AllButSlash,
    /// Everything but the reserved characters (RFC 6570 §1.5).
    AllButReserved,
    /// Everything.
    All,
}

impl Default for Binding {
    fn default() -> Binding {
        Binding {
            ignore_unknown: false,
            beside_body: false,
            ignored: vec![],
            max_parameters: DEFAULT_MAX_PARAMETERS,
            unescape: Unescape::default(),
        }
    }
}

/// What path and query say.
#[derive(Debug, Default)]
pub(crate) struct Bound {
    /// As fields of the request.
    wire: Vec<u8>,
    /// The fields among them that others of the same name would be merged with.
    merging: Vec<Merging>,
}

/// A field whose values are merged on the wire
/// (<https://protobuf.dev/programming-guides/encoding/#last-one-wins>).
#[derive(Debug)]
struct Merging {
    /// Numbers of fields from the request inwards.
    path: Vec<u32>,
    is_list: bool,
}

impl Bound {
    /// Reads path and query as a rule has them.
    ///
    /// # Errors
    /// INVALID_ARGUMENT that names the parameter or variable which names no field, comes twice or cannot be read.
    pub fn new(
        rule: &Rule,
        captures: &Captures,
        query: Option<&str>,
        options: &Binding,
    ) -> Result<Bound, Refusal> {
        let mut bound = Bound::default();
        if let Some(query) = query.filter(|query| !query.is_empty()) {
            query::read(rule, query, options, &mut bound)?;
        }
        let variables = rule.variables.iter().zip(rule.template.variables());
        for ((fields, variable), text) in variables.zip(captures.values()) {
            let keep = match options.unescape {
                _ if !rule.template.is_multi(variable) => Keep::Nothing,
                Unescape::AllButSlash => Keep::Slash,
                Unescape::AllButReserved => Keep::Reserved,
                Unescape::All => Keep::Nothing,
            };
            let set = |text: &str, wire: &mut Vec<u8>| {
                let text =
                    encoding::decode(text, keep).map_err(|fault| fault.message.to_owned())?;
                nested(fields, wire, |field, wire| {
                    value::append(&rule.method.input, field, &text, wire)
                })
            };
            // Of the query's parameters none is about the same field.
            bound.merging.extend(Merging::of(fields));
            let done = if fields.last().is_some_and(FieldDescriptor::is_list) {
                text.split(',').try_for_each(|element| set(element, &mut bound.wire))
            } else {
                set(text, &mut bound.wire)
            };
            done.map_err(|reason| refused("the variable", &variable.path.join("."), &reason))?;
        }
        Ok(bound)
    }

    /// Puts it over the wire of a body: what both say is as the URL has it.
    pub fn over(&self, wire: &mut Vec<u8>) {
        if !wire.is_empty() {
            self.merging.iter().for_each(|merging| take_out(&merging.path, wire));
        }
        wire.extend_from_slice(&self.wire);
    }

    /// Puts it under the wire of a body: what both say is as the body has it, but for lists, which are both.
    pub fn under(&self, body: &[u8]) -> Vec<u8> {
        let mut wire = self.wire.clone();
        let single = self.merging.iter().filter(|merging| !merging.is_list);
        for merging in single.filter(|merging| wire::holds(body, &merging.path)) {
            take_out(&merging.path, &mut wire);
        }
        wire.extend_from_slice(body);
        wire
    }

    /// A request without a body.
    pub fn wire(&self) -> Vec<u8> {
        self.wire.clone()
    }

    /// Whether the URL says nothing.
    pub fn is_empty(&self) -> bool {
        self.wire.is_empty()
    }
}

impl Merging {
    /// None for a field of which the last value wins.
    fn of(fields: &[FieldDescriptor]) -> Option<Merging> {
        let last = fields.last()?;
        let is_list = last.is_list();
        let merges = is_list || !last.is_map() && last.kind().as_message().is_some();
        let path = || fields.iter().map(FieldDescriptor::number).collect();
        merges.then(|| Merging { path: path(), is_list })
    }
}

fn take_out(path: &[u32], wire: &mut Vec<u8>) {
    if let Some(rest) = wire::without(wire, path) {
        *wire = rest;
    }
}

/// INVALID_ARGUMENT that says which name it is about.
fn refused(what: &str, name: &str, reason: &str) -> Refusal {
    Refusal::new(StatusCode::InvalidArgument, format!("{what} `{name}` of the URL: {reason}"))
}

/// Appends the last of `fields` by `leaf`, inside of all the others.
fn nested(
    fields: &[FieldDescriptor],
    wire: &mut Vec<u8>,
    leaf: impl FnOnce(&FieldDescriptor, &mut Vec<u8>) -> Result<(), String>,
) -> Result<(), String> {
    let Some((last, outer)) = fields.split_last() else { return Ok(()) };
    if outer.is_empty() {
        return leaf(last, wire);
    }
    let mut inner = Vec::new();
    leaf(last, &mut inner)?;
    for field in outer.iter().rev() {
        let mut outside = Vec::with_capacity(inner.len() + 8);
        value::message(field, &inner, &mut outside);
        inner = outside;
    }
    wire.extend_from_slice(&inner);
    Ok(())
}
