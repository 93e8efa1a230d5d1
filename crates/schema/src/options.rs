//! Options of Google's API annotations, read by number, so that they are understood whether or not the file that
//! defines them is at hand.

use prost::Message;
use prost_reflect::DynamicMessage;
use wirelab_model::HttpRule;

/// `google.protobuf.MethodOptions` with `google.api.http`
/// (<https://github.com/googleapis/googleapis/blob/master/google/api/annotations.proto>).
#[derive(Clone, PartialEq, Message)]
struct MethodOptions {
    #[prost(message, optional, tag = "72295728")]
    http: Option<Rule>,
}

/// `google.api.HttpRule`.
#[derive(Clone, PartialEq, Message)]
struct Rule {
    #[prost(oneof = "Pattern", tags = "2, 3, 4, 5, 6, 8")]
    pattern: Option<Pattern>,
    #[prost(string, tag = "7")]
    body: String,
    #[prost(message, repeated, tag = "11")]
    additional_bindings: Vec<Rule>,
    #[prost(string, tag = "12")]
    response_body: String,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Pattern {
    #[prost(string, tag = "2")]
    Get(String),
    #[prost(string, tag = "3")]
    Put(String),
    #[prost(string, tag = "4")]
    Post(String),
    #[prost(string, tag = "5")]
    Delete(String),
    #[prost(string, tag = "6")]
    Patch(String),
    #[prost(message, tag = "8")]
    Custom(Custom),
}

/// `google.api.CustomHttpPattern`.
#[derive(Clone, PartialEq, Message)]
struct Custom {
    #[prost(string, tag = "1")]
    kind: String,
    #[prost(string, tag = "2")]
    path: String,
}

/// `google.protobuf.FieldOptions` with `google.api.field_behavior`.
#[derive(Clone, PartialEq, Message)]
struct FieldOptions {
    #[prost(int32, repeated, tag = "1052")]
    behavior: Vec<i32>,
}

/// `google.api.FieldBehavior.REQUIRED` and `OUTPUT_ONLY`.
const REQUIRED: i32 = 2;
const OUTPUT_ONLY: i32 = 3;

/// The bindings of a method, the main one first.
pub(crate) fn http_rules(method_options: &DynamicMessage) -> Vec<HttpRule> {
    let bytes = method_options.encode_to_vec();
    let Some(rule) = MethodOptions::decode(bytes.as_slice()).ok().and_then(|o| o.http) else {
        return vec![];
    };
    let additional = rule.additional_bindings.clone();
    std::iter::once(rule).chain(additional).filter_map(binding).collect()
}

fn binding(rule: Rule) -> Option<HttpRule> {
    let (verb, path) = match rule.pattern? {
        Pattern::Get(path) => ("GET".to_owned(), path),
        Pattern::Put(path) => ("PUT".to_owned(), path),
        Pattern::Post(path) => ("POST".to_owned(), path),
        Pattern::Delete(path) => ("DELETE".to_owned(), path),
        Pattern::Patch(path) => ("PATCH".to_owned(), path),
        Pattern::Custom(custom) => (custom.kind, custom.path),
    };
    Some(HttpRule { verb, path, body: rule.body, response_body: rule.response_body })
}

/// What `google.api.field_behavior` says of a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Behavior {
    /// The caller must set it.
    pub(crate) required: bool,
    /// The server sets it.
    pub(crate) output_only: bool,
}

/// Reads `google.api.field_behavior`.
pub(crate) fn behavior(field_options: &DynamicMessage) -> Behavior {
    let bytes = field_options.encode_to_vec();
    let options = FieldOptions::decode(bytes.as_slice()).unwrap_or_default();
    Behavior {
        required: options.behavior.contains(&REQUIRED),
        output_only: options.behavior.contains(&OUTPUT_ONLY),
    }
}
