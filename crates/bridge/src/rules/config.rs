//! Rules of service configurations: `http` of `google.api.Service` in YAML or JSON
//! (<https://cloud.google.com/endpoints/docs/grpc/grpc-service-config>, also what grpc-gateway reads as
//! `grpc_api_configuration`).

use super::rule::Origin;
use crate::catalog::Catalog;
use serde::Deserialize;
use serde_saphyr::{Location, Spanned};
use std::sync::Arc;
use wirelab_model::{HttpRule, Problem, ProblemKind, Span};

/// Bytes that a service configuration may have: 4 MiB.
pub(crate) const MAX_CONFIG_BYTES: usize = 4 << 20;

/// A service configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceConfig {
    /// What problems call it: the path of its file.
    pub name: String,
    /// YAML, or JSON, which is YAML too.
    pub text: String,
}

/// `google.api.Service`, of which nothing but `http` is looked at.
#[derive(Deserialize)]
struct Service {
    #[serde(default)]
    http: Http,
}

/// `google.api.Http`.
#[derive(Default, Deserialize)]
struct Http {
    #[serde(default)]
    rules: Vec<Written>,
}

/// `google.api.HttpRule` with names as YAML and as JSON has them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    selector: Option<Spanned<String>>,
    get: Option<String>,
    put: Option<String>,
    post: Option<String>,
    delete: Option<String>,
    patch: Option<String>,
    custom: Option<Custom>,
    #[serde(default)]
    body: String,
    #[serde(default, alias = "responseBody")]
    response_body: String,
    #[serde(default, alias = "additionalBindings")]
    additional_bindings: Vec<Written>,
}

/// `google.api.CustomHttpPattern`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Custom {
    kind: String,
    path: String,
}

/// The path of a method, its rules, the main one first, and where they are.
pub(super) type Configured = (String, (Vec<HttpRule>, Origin));

impl ServiceConfig {
    /// The rules in it, in the order of the text.
    ///
    /// # Errors
    /// A text that does not parse, and every rule without a selector of a method or without a pattern.
    pub(super) fn read(&self, catalog: &Catalog) -> Result<Vec<Configured>, Vec<Problem>> {
        let name: Arc<str> = self.name.as_str().into();
        let problem = |kind, message: String, at: Option<Span>| {
            let problem = Problem::new(kind, message).at(&*name);
            Problem { span: at, ..problem }
        };
        if self.text.len() > MAX_CONFIG_BYTES {
            let message = format!("larger than {MAX_CONFIG_BYTES} bytes");
            return Err(vec![problem(ProblemKind::TooLarge, message, None)]);
        }
        let service: Service = serde_saphyr::from_str(&self.text).map_err(|error| {
            let at = error.location().map(span);
            let reason = error.without_snippet().to_string();
            // Its place is told beside it.
            let reason = reason.split(" at line ").next().unwrap_or_default();
            let message = format!("not a service configuration: {reason}");
            vec![problem(ProblemKind::Syntax, message, at)]
        })?;
        let (mut rules, mut problems) = (Vec::new(), Vec::new());
        for mut rule in service.http.rules {
            let Some(selector) = rule.selector.take() else {
                let message = "a rule has no selector".to_owned();
                problems.push(problem(ProblemKind::Invalid, message, None));
                continue;
            };
            let at = Some(span(selector.referenced));
            let selector = selector.value;
            let path = selector.rsplit_once('.').map(|(service, name)| format!("{service}/{name}"));
            let Some(path) = path.filter(|path| catalog.method(path).is_some()) else {
                let message = format!("the selector `{selector}` names no method of the schema");
                let problem = problem(ProblemKind::NotFound, message, at)
                    .help("Write it as `package.Service.Method`");
                problems.push(problem);
                continue;
            };
            match rule.bindings() {
                Ok(bindings) => {
                    let origin = Origin::Config { name: name.clone(), span: at };
                    rules.push((path, (bindings, origin)));
                }
                Err(message) => {
                    let message = format!("the rule of `{selector}` {message}");
                    problems.push(problem(ProblemKind::Invalid, message, at));
                }
            }
        }
        if problems.is_empty() { Ok(rules) } else { Err(problems) }
    }
}

impl Written {
    /// The rule itself and its additional bindings.
    fn bindings(self) -> Result<Vec<HttpRule>, &'static str> {
        let Written { get, put, post, delete, patch, custom, .. } = self;
        let verbs =
            [("GET", get), ("PUT", put), ("POST", post), ("DELETE", delete), ("PATCH", patch)];
        let mut patterns: Vec<(String, String)> = verbs
            .into_iter()
            .filter_map(|(verb, path)| Some((verb.to_owned(), path?)))
            .chain(custom.map(|custom| (custom.kind, custom.path)))
            .collect();
        let (Some((verb, path)), None) = (patterns.pop(), patterns.pop()) else {
            return Err("needs exactly one of get, put, post, delete, patch and custom");
        };
        let Written { body, response_body, .. } = self;
        let mut bindings = vec![HttpRule { verb, path, body, response_body }];
        for additional in self.additional_bindings {
            if !additional.additional_bindings.is_empty() {
                return Err("has additional bindings in an additional binding");
            }
            bindings.append(&mut additional.bindings()?);
        }
        Ok(bindings)
    }
}

fn span(at: Location) -> Span {
    let small = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    Span { line: small(at.line()), column: small(at.column()) }
}
