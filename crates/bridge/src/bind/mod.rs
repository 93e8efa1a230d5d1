//! What path and query say, as fields of the request.
//!
//! Values are appended to the wire of the body, which may hold the same fields: on the wire the last one wins, so that
//! the query goes over the body and the path over both.

mod query;
#[cfg(test)]
mod tests;
pub(crate) mod value;

use crate::refusal::Refusal;
use crate::rules::encoding::{self, Keep};
use crate::rules::{Captures, Rule};
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

/// Appends what path and query say to `wire`, which holds the body.
///
/// # Errors
/// INVALID_ARGUMENT that names the parameter or variable which names no field, comes twice or cannot be read; `wire`
/// then is of no use.
pub(crate) fn append(
    rule: &Rule,
    captures: &Captures,
    query: Option<&str>,
    options: &Binding,
    wire: &mut Vec<u8>,
) -> Result<(), Refusal> {
    if let Some(query) = query.filter(|query| !query.is_empty()) {
        query::append(rule, query, options, wire)?;
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
            let text = encoding::decode(text, keep).map_err(|fault| fault.message.to_owned())?;
            nested(fields, wire, |field, wire| {
                value::append(&rule.method.input, field, &text, wire)
            })
        };
        let done = if fields.last().is_some_and(FieldDescriptor::is_list) {
            text.split(',').try_for_each(|element| set(element, wire))
        } else {
            set(text, wire)
        };
        done.map_err(|reason| refused("the variable", &variable.path.join("."), &reason))?;
    }
    Ok(())
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
