//! What a schema binds, for those who show it: every rule, and a request as a rule sends it.

use crate::catalog::Catalog;
use crate::rules::{self, Body, Routes, Routing, Rule};
use http::Method;
use wirelab_model::{Binding, Problem, ProblemKind};
use wirelab_schema::Schema;

/// The bindings of a schema. Immutable: a schema that changes makes new ones.
#[derive(Debug, Default)]
pub struct Bindings {
    routes: Routes,
}

/// A request as a binding sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundRequest {
    /// The method of HTTP.
    pub verb: Method,
    /// Path and query, percent-encoded.
    pub target: String,
    /// None where nothing is sent.
    pub body: Option<Vec<u8>>,
    /// The media type of the body.
    pub content_type: Option<String>,
}

impl Bindings {
    /// The bindings that can be, and what is wrong with the others.
    pub fn new(schema: &Schema) -> (Bindings, Vec<Problem>) {
        let (routes, problems) = routes(schema);
        (Bindings { routes }, problems)
    }

    /// Every binding, by method; those of one method in the order of its rule.
    pub fn list(&self) -> Vec<Binding> {
        let mut all: Vec<Binding> = self.routes.rules().iter().map(|rule| binding(rule)).collect();
        // Stable: a method's own stay in their order.
        all.sort_by(|a, b| a.method.cmp(&b.method));
        all
    }

    /// The request that a binding makes of a message.
    ///
    /// # Errors
    /// A binding that is not here any longer, and a message that it cannot carry, with what in it.
    pub fn request(&self, wanted: &Binding, json: &str) -> Result<BoundRequest, Problem> {
        let rules = self.routes.rules().iter();
        let found = rules.filter(|rule| rule.method.path == wanted.method).find(|rule| {
            rule.verb.to_string() == wanted.verb && rule.template.to_string() == wanted.template
        });
        let rule = found.ok_or_else(|| {
            let message = format!(
                "`{} {}` of {} is bound no longer",
                wanted.verb, wanted.template, wanted.method
            );
            Problem::new(ProblemKind::NotFound, message).help("choose another binding")
        })?;
        let built = rules::request(rule, json)?;
        let (verb, target) = (built.verb, built.target);
        Ok(BoundRequest { verb, target, body: built.body, content_type: built.content_type })
    }
}

fn routes(schema: &Schema) -> (Routes, Vec<Problem>) {
    Routes::build(&Catalog::new(schema), &Routing::default())
}

fn binding(rule: &Rule) -> Binding {
    Binding {
        method: rule.method.path.clone(),
        kind: rule.method.kind,
        verb: rule.verb.to_string(),
        template: rule.template.to_string(),
        body: match &rule.body {
            Body::None => String::new(),
            Body::All => "*".to_owned(),
            Body::Field(field) => field.name().to_owned(),
        },
        response_body: rule.response_body.as_ref().map_or("", |field| field.name()).to_owned(),
        additional: rule.additional,
        implicit: rule.implied,
    }
}
