//! Which method a verb and a path mean: the rules of `google.api.http`
//! (<https://github.com/googleapis/googleapis/blob/master/google/api/http.proto>).
//!
//! Owns templates, where rules come from, their checks and matching. Knows no request beyond its verb and path; what
//! their values become is [`bind`](crate::bind)'s.

mod config;
pub(crate) mod encoding;
mod reverse;
mod rule;
#[cfg(test)]
mod scale;
pub(crate) mod template;
mod trie;

pub use config::ServiceConfig;
pub(crate) use reverse::{Built, request};
pub(crate) use rule::{Body, Origin, Rule, Verb};

#[cfg(test)]
pub(crate) mod tests;

use crate::catalog::Catalog;
use http::Method;
use std::collections::HashMap;
use std::sync::Arc;
use trie::Trie;
use wirelab_model::Problem;

/// Which rules there are beside those of the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routing {
    /// Their rules take the place of all that the options of their methods say; of two for a method the later counts.
    pub service_configs: Vec<ServiceConfig>,
    /// Whether a method without a rule is reachable at `POST /pkg.Service/Method`.
    pub implied: bool,
}

impl Default for Routing {
    fn default() -> Routing {
        Routing { service_configs: vec![], implied: true }
    }
}

/// All rules of a schema. Immutable: a schema that changes makes new ones.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    trie: Trie,
    rules: Vec<Arc<Rule>>,
}

/// What a verb and a path lead to.
#[derive(Debug)]
pub(crate) enum Found<'r> {
    Route {
        rule: &'r Arc<Rule>,
        captures: Captures,
    },
    /// The path is there under these methods only (RFC 9110 §15.5.6). It is never empty.
    OtherVerb {
        allow: Vec<Method>,
    },
    Nothing,
}

/// The values of a template's variables as they stand in a path, still percent-encoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Captures {
    text: String,
    ends: Vec<usize>,
}

impl Captures {
    /// One for each variable, in the order of the template.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let value = self.text.get(start..*end).unwrap_or_default();
            start = *end;
            value
        })
    }

    fn push(&mut self, value: &str) {
        self.text.push_str(value);
        self.ends.push(self.text.len());
    }
}

impl Routes {
    /// The rules of all methods.
    ///
    /// # Errors
    /// Every rule that cannot be, and every two that take the same requests.
    pub fn new(catalog: &Catalog, routing: &Routing) -> Result<Routes, Vec<Problem>> {
        let (routes, problems) = Routes::build(catalog, routing);
        if problems.is_empty() { Ok(routes) } else { Err(problems) }
    }

    /// The rules that can be, and what is wrong with the others. Of two that take the same requests the first stays.
    pub fn build(catalog: &Catalog, routing: &Routing) -> (Routes, Vec<Problem>) {
        let mut routes = Routes::default();
        let mut problems = Vec::new();
        let mut configured = HashMap::new();
        for config in &routing.service_configs {
            match config.read(catalog) {
                Ok(rules) => configured.extend(rules),
                Err(problem) => problems.extend(problem),
            }
        }
        let mut methods: Vec<_> = catalog.methods().collect();
        methods.sort_by(|a, b| a.path.cmp(&b.path));
        let mut implied = Vec::new();
        for method in methods {
            let (rules, origin) = match configured.get(&method.path) {
                Some((rules, origin)) => (rules, origin),
                None => (&method.rules, &Origin::Options),
            };
            if rules.is_empty() {
                implied.push(method);
            }
            for (at, rule) in rules.iter().enumerate() {
                match Rule::new(method, rule, at > 0, origin.clone()) {
                    Ok(rule) => problems.extend(routes.insert(rule).err()),
                    Err(problem) => problems.push(problem),
                }
            }
        }
        // What somebody wrote goes before what nobody did.
        implied.retain(|_| routing.implied);
        for rule in implied.into_iter().filter_map(|method| Rule::implied(method).ok()) {
            let _ = routes.insert(rule);
        }
        (routes, problems)
    }

    /// The rules given, of which no two take the same requests.
    #[cfg(test)]
    pub fn of(rules: impl IntoIterator<Item = Rule>) -> Routes {
        let mut routes = Routes::default();
        rules.into_iter().for_each(|rule| routes.insert(rule).expect("no conflict"));
        routes
    }

    /// Adds a rule.
    ///
    /// # Errors
    /// It takes the same requests as one that is there.
    pub fn insert(&mut self, rule: Rule) -> Result<(), Problem> {
        let rule = Arc::new(rule);
        match self.trie.insert(&rule) {
            Ok(()) => self.rules.push(rule),
            Err(other) if rule.repeats(&other) => {}
            Err(other) => return Err(rule.conflict(&other)),
        }
        Ok(())
    }

    /// Every rule: those that somebody wrote by method, then those that nobody did.
    pub fn rules(&self) -> &[Arc<Rule>] {
        &self.rules
    }

    /// What a request is for. HEAD is served by GET where nothing is said of it (RFC 9110 §9.3.2).
    pub fn find(&self, method: &Method, path: &str) -> Found<'_> {
        let hit = self.trie.find(method, path).or_else(|| {
            if method == Method::HEAD { self.trie.find(&Method::GET, path) } else { None }
        });
        if let Some(hit) = hit {
            let mut captures = Captures::default();
            hit.values().for_each(|value| captures.push(value));
            return Found::Route { rule: hit.rule, captures };
        }
        let allow = self.trie.methods(path);
        if allow.is_empty() { Found::Nothing } else { Found::OtherVerb { allow } }
    }
}
