//! One binding of a method to a verb and a path, checked against the types of the method.

use super::template::{Fault, Template};
use crate::bind::value;
use crate::catalog::Method;
use prost_reflect::{FieldDescriptor, MessageDescriptor};
use std::fmt;
use std::sync::Arc;
use wirelab_model::{HttpRule, Problem, ProblemKind, Span};

/// A binding.
#[derive(Debug)]
pub(crate) struct Rule {
    pub method: Arc<Method>,
    pub verb: Verb,
    pub template: Template,
    /// Which part of the request is the body.
    pub body: Body,
    /// The field of the response that is the answer; none for the whole response.
    pub response_body: Option<FieldDescriptor>,
    /// Whether it is one of `additional_bindings`.
    pub additional: bool,
    /// Whether nobody wrote it: `POST /pkg.Service/Method` of a method without rules.
    pub implied: bool,
    /// The fields of each variable of the template, from the request inwards.
    pub variables: Vec<Vec<FieldDescriptor>>,
    /// Who says so.
    pub origin: Origin,
}

/// The HTTP methods of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Is(http::Method),
    /// The custom kind `*`.
    Any,
}

/// Which part of a request is the body.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    /// Nothing; a request has none.
    None,
    /// All that the path does not say.
    All,
    /// One field.
    Field(FieldDescriptor),
}

/// Where a rule is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// In the options of the method.
    Options,
    /// In a service configuration: its name and the place of the rule in it.
    Config { name: Arc<str>, span: Option<Span> },
}

/// The message whose data travels as it is
/// (<https://github.com/googleapis/googleapis/blob/master/google/api/httpbody.proto>).
const HTTP_BODY: &str = "google.api.HttpBody";

/// Whether a field is one.
fn is_raw(field: &FieldDescriptor) -> bool {
    let kind = field.kind();
    !field.is_list() && kind.as_message().is_some_and(|message| message.full_name() == HTTP_BODY)
}

impl Rule {
    /// Whether bodies of requests are taken as they are.
    pub fn takes_raw(&self) -> bool {
        match &self.body {
            Body::None => false,
            Body::All => self.method.descriptor.input().full_name() == HTTP_BODY,
            Body::Field(field) => is_raw(field),
        }
    }

    /// Whether answers are bodies as they are, whatever the client accepts.
    pub fn gives_raw(&self) -> bool {
        match &self.response_body {
            None => self.method.descriptor.output().full_name() == HTTP_BODY,
            Some(field) => is_raw(field),
        }
    }

    /// Reads a rule for a method.
    ///
    /// # Errors
    /// A template that does not parse, and fields that the types do not have or that cannot be what the rule makes them.
    pub fn new(
        method: &Arc<Method>,
        rule: &HttpRule,
        additional: bool,
        origin: Origin,
    ) -> Result<Rule, Problem> {
        let wrong =
            |message: String| origin.place(method, Problem::new(ProblemKind::Invalid, message));
        let binding = format!("`{} {}` of {}", rule.verb, rule.path, method.path);
        let template = Template::parse(&rule.path).map_err(|Fault { message, column }| {
            wrong(format!("the path of {binding} is no template: column {column}: {message}"))
        })?;
        let verb = match rule.verb.as_str() {
            "*" => Verb::Any,
            verb => Verb::Is(
                verb.parse()
                    .map_err(|_| wrong(format!("{verb:?} of {binding} is no HTTP method")))?,
            ),
        };
        let (input, output) = (method.descriptor.input(), method.descriptor.output());
        let variables = template.variables().iter().map(|variable| {
            fields(&input, &variable.path).map_err(|message| {
                let column = variable.column;
                wrong(format!("a variable of {binding} is wrong: column {column}: {message}"))
            })
        });
        let variables = variables.collect::<Result<_, _>>()?;
        let field = |what: &str, message: &MessageDescriptor, name: &str| {
            message.get_field_by_name(name).ok_or_else(|| {
                let name_of = message.full_name();
                wrong(format!("the {what} of {binding} is `{name}`, which {name_of} does not have"))
            })
        };
        let body = match rule.body.as_str() {
            "" => Body::None,
            "*" => Body::All,
            name => Body::Field(field("body", &input, name)?),
        };
        let response_body = match rule.response_body.as_str() {
            // Some write `*`, which means what nothing means.
            "" | "*" => None,
            name => Some(field("response body", &output, name)?),
        };
        let method = method.clone();
        let implied = false;
        let (additional, origin) = (additional, origin.clone());
        Ok(Rule {
            method,
            verb,
            template,
            body,
            response_body,
            additional,
            implied,
            variables,
            origin,
        })
    }

    /// `POST /pkg.Service/Method` with everything in the body.
    ///
    /// # Errors
    /// None for names that a compiler let pass.
    pub fn implied(method: &Arc<Method>) -> Result<Rule, Problem> {
        let rule = HttpRule {
            verb: "POST".to_owned(),
            path: format!("/{}", method.path),
            body: "*".to_owned(),
            response_body: String::new(),
        };
        Ok(Rule { implied: true, ..Rule::new(method, &rule, false, Origin::Options)? })
    }

    /// The two rules have one place, this one the later: who has it, and where both are written.
    pub fn conflict(&self, other: &Rule) -> Problem {
        let message = format!(
            "{self} and {other} at {} take the same requests",
            other.origin.shown(&other.method)
        );
        let problem = Problem::new(ProblemKind::Invalid, message)
            .help("Change the path or the verb of one of them, or override one in a service configuration");
        self.origin.place(&self.method, problem)
    }

    /// Whether the two say the same in the same words.
    pub fn repeats(&self, other: &Rule) -> bool {
        self.method.path == other.method.path
            && self.template.to_string() == other.template.to_string()
            && self.body == other.body
            && self.response_body == other.response_body
    }
}

/// `GET /v1/{name=things/*} of pkg.Service/Method`.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{} {}` of {}", self.verb, self.template, self.method.path)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verb::Is(method) => f.write_str(method.as_str()),
            Verb::Any => f.write_str("*"),
        }
    }
}

impl Origin {
    /// `file.proto:12` or `rules.yaml:7`.
    pub fn shown(&self, method: &Method) -> String {
        let (path, span) = self.of(method);
        match span {
            Some(span) => format!("{path}:{}:{}", span.line, span.column),
            None => path,
        }
    }

    fn place(&self, method: &Method, problem: Problem) -> Problem {
        let (path, span) = self.of(method);
        Problem { path: Some(path), span, ..problem }
    }

    fn of(&self, method: &Method) -> (String, Option<Span>) {
        match self {
            Origin::Config { name, span } => (name.to_string(), *span),
            Origin::Options => {
                let file = method.descriptor.parent_file();
                (file.name().to_owned(), span(method))
            }
        }
    }
}

/// `google.api.http` among the options of a method, and `options` of a `MethodDescriptorProto`: steps of the path of
/// a place (<https://protobuf.dev/reference/java/api-docs/com/google/protobuf/DescriptorProtos.SourceCodeInfo.Location>).
const HTTP_OPTION: [i32; 2] = [4, 72_295_728];

/// Where the option of a method is written, else the method; none in descriptors without places.
fn span(method: &Method) -> Option<Span> {
    let file = method.descriptor.parent_file();
    let places = &file.file_descriptor_proto().source_code_info.as_ref()?.location;
    let path = method.descriptor.path();
    let mut option = path.to_vec();
    option.extend(HTTP_OPTION);
    let found = places.iter().find(|place| place.path.starts_with(&option));
    let found = found.or_else(|| places.iter().find(|place| place.path == path))?;
    let &[line, column, ..] = found.span.as_slice() else { return None };
    let from_one = |n: i32| u32::try_from(n).ok()?.checked_add(1);
    Some(Span { line: from_one(line)?, column: from_one(column)? })
}

/// The fields that a variable names, when a text can be the value of the last one. A list is one when its elements are,
/// with commas between them: beyond the specification, but what grpc-gateway takes.
fn fields(message: &MessageDescriptor, path: &[String]) -> Result<Vec<FieldDescriptor>, String> {
    let mut within = message.clone();
    let mut fields: Vec<FieldDescriptor> = Vec::new();
    for (at, name) in path.iter().enumerate() {
        let Some(field) = within.get_field_by_name(name) else {
            return Err(format!("{} has no field `{name}`", within.full_name()));
        };
        let last = at + 1 == path.len();
        if field.is_map() || field.is_list() && !last {
            return Err(format!("`{name}` of {} is repeated", within.full_name()));
        }
        if last && !value::is_text(&field.kind()) {
            return Err(format!(
                "`{name}` of {} is a message; name a field of it",
                within.full_name()
            ));
        }
        if !last {
            let kind = field.kind();
            let Some(inner) = kind.as_message() else {
                return Err(format!("`{name}` of {} is no message", within.full_name()));
            };
            within = inner.clone();
        }
        fields.push(field);
    }
    Ok(fields)
}
