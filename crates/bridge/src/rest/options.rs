//! How REST behaves where a person wants it other than the profile does.

use crate::bind::Binding;
use crate::options::Options;
use crate::profile::{Behaviour, ErrorShape};
use crate::rules::Rule;
use http::request;
use percent_encoding::percent_decode_str;
use std::time::Duration;
use wirelab_transcode::Options as Json;

/// Between two comments that keep a stream of server-sent events alive through proxies, unless told otherwise.
pub const SSE_KEEP_ALIVE: Duration = Duration::from_secs(15);

/// How long the head of an answer stream waits for the first message after the server sent its own, unless told
/// otherwise: so long a failure is still an HTTP status, then it comes in-band.
pub const HEAD_WAIT: Duration = Duration::from_millis(500);

/// How REST behaves where a person wants it other than the profile does; none leaves it to the profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RestOptions {
    /// `stock_level` instead of `stockLevel`.
    pub original_names: Option<bool>,
    /// Fields that have their default value and no presence are written too.
    pub print_defaults: Option<bool>,
    /// `1` instead of `"STATUS_OPEN"`.
    pub enums_as_numbers: Option<bool>,
    /// `1` instead of `"1"` for 64-bit integers; what reads them as doubles loses digits.
    pub int64_as_numbers: Option<bool>,
    /// JSON is indented.
    pub pretty: bool,
    /// Whether `$fields`, `$prettyPrint` and the header `X-Goog-FieldMask` mean what they mean to Google's APIs
    /// (<https://cloud.google.com/apis/docs/system-parameters>).
    pub system_parameters: bool,
    /// Between two comments that keep server-sent events alive; none means [`SSE_KEEP_ALIVE`].
    pub sse_keep_alive: Option<Duration>,
    /// How long the head of an answer stream waits for the first message; none means [`HEAD_WAIT`].
    pub head_wait: Option<Duration>,
}

/// What profile and options come to.
pub(crate) struct Rest {
    /// The profile's, as far as options leave it.
    pub behaviour: Behaviour,
    json: Json,
    system_parameters: bool,
    fields_parameter: bool,
    /// For requests that have a field `fields` of their own.
    own_fields: Binding,
    binding: Binding,
    pub sse_keep_alive: Duration,
    pub head_wait: Duration,
}

/// A parameter that names the fields of an answer.
const FIELDS: &str = "fields";
const SYSTEM_FIELDS: &str = "$fields";
const SYSTEM_PRETTY: &str = "$prettyPrint";
const FIELDS_HEADER: &str = "x-goog-fieldmask";

impl Rest {
    pub fn new(options: &Options) -> Rest {
        let mut behaviour = *options.profile.behaviour();
        let rest = &options.rest;
        // What writes empty lists writes them of failures too.
        if rest.print_defaults == Some(false) && behaviour.error == ErrorShape::StatusWithDetails {
            behaviour.error = ErrorShape::Status;
        }
        let json = Json {
            original_names: rest.original_names.unwrap_or(behaviour.original_names),
            print_defaults: rest.print_defaults.unwrap_or(behaviour.print_defaults),
            print_nulls: behaviour.print_nulls,
            enums_as_numbers: rest.enums_as_numbers.unwrap_or(false),
            int64_as_numbers: rest.int64_as_numbers.unwrap_or(false),
            pretty: rest.pretty,
        };
        let mut own_fields = options.binding.clone();
        own_fields.beside_body |= behaviour.query_beside_body;
        own_fields.ignore_unknown |= !behaviour.refuse_unknown_parameters;
        if rest.system_parameters {
            own_fields.ignored.extend([SYSTEM_FIELDS, SYSTEM_PRETTY].map(str::to_owned));
        }
        let mut binding = own_fields.clone();
        if behaviour.fields_parameter {
            binding.ignored.push(FIELDS.to_owned());
        }
        Rest {
            behaviour,
            json,
            system_parameters: rest.system_parameters,
            fields_parameter: behaviour.fields_parameter,
            own_fields,
            binding,
            sse_keep_alive: rest.sse_keep_alive.unwrap_or(SSE_KEEP_ALIVE),
            head_wait: rest.head_wait.unwrap_or(HEAD_WAIT),
        }
    }

    /// How the query of a request for a rule is bound, if there is one.
    pub fn binding(&self, query: Option<&str>, rule: &Rule) -> &Binding {
        match query.is_some() && has_fields(rule) {
            true => &self.own_fields,
            false => &self.binding,
        }
    }

    /// The paths of the answer that a request wants, with commas between them; none for all of it.
    pub fn fields(&self, head: &request::Parts, rule: &Rule) -> Option<String> {
        let query = head.uri.query().unwrap_or_default();
        if query.is_empty() && !self.system_parameters {
            return None;
        }
        let system = || {
            let header = || Some(head.headers.get(FIELDS_HEADER)?.to_str().ok()?.to_owned());
            parameter(query, SYSTEM_FIELDS).or_else(header)
        };
        let own = || parameter(query, FIELDS).filter(|_| !has_fields(rule));
        let own = self.fields_parameter.then(own).flatten();
        let paths = own.or_else(|| self.system_parameters.then(system).flatten());
        // An empty mask stands for all (<https://google.aip.dev/157>).
        paths.filter(|paths| !paths.trim().is_empty())
    }

    /// How the JSON of an answer is written.
    pub fn json(&self, head: &request::Parts) -> Json {
        let query = head.uri.query().filter(|_| self.system_parameters);
        let pretty = query.and_then(|query| parameter(query, SYSTEM_PRETTY));
        match pretty.as_deref() {
            Some("" | "1" | "true") => Json { pretty: true, ..self.json },
            Some("0" | "false") => Json { pretty: false, ..self.json },
            _ => self.json,
        }
    }
}

/// Whether the request's message has a field of that name, which then is what a parameter means.
fn has_fields(rule: &Rule) -> bool {
    rule.method.descriptor.input().get_field_by_name(FIELDS).is_some()
}

/// The value of a query's parameter, decoded; the last of several.
fn parameter(query: &str, wanted: &str) -> Option<String> {
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let decoded =
        |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let mut values = pairs.filter(|(name, _)| *name == wanted || decoded(name) == wanted);
    values.next_back().map(|(_, value)| decoded(value))
}
