//! Which method a verb and a path mean: the rules of `google.api.http`
//! (<https://github.com/googleapis/googleapis/blob/master/google/api/http.proto>).
//!
//! Owns templates, where rules come from, their checks and matching. Knows no request beyond its verb and path; what
//! their values become is [`bind`](crate::bind)'s.

pub(crate) mod encoding;
mod rule;
pub(crate) mod template;
mod trie;

pub(crate) use rule::{Body, Origin, Rule, Verb};

use crate::catalog::Catalog;
use http::Method;
use std::sync::Arc;
use trie::Trie;
use wirelab_model::Problem;

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
    pub fn new(catalog: &Catalog) -> Result<Routes, Vec<Problem>> {
        let (routes, problems) = Routes::build(catalog);
        if problems.is_empty() { Ok(routes) } else { Err(problems) }
    }

    /// The rules that can be, and what is wrong with the others. Of two that take the same requests the first stays.
    pub fn build(catalog: &Catalog) -> (Routes, Vec<Problem>) {
        let mut routes = Routes::default();
        let mut problems = Vec::new();
        let mut methods: Vec<_> = catalog.methods().collect();
        methods.sort_by(|a, b| a.path.cmp(&b.path));
        let mut implied = Vec::new();
        for method in methods {
            if method.rules.is_empty() {
                implied.push(method);
            }
            for (at, rule) in method.rules.iter().enumerate() {
                match Rule::new(method, rule, at > 0, Origin::Options) {
                    Ok(rule) => problems.extend(routes.insert(rule).err()),
                    Err(problem) => problems.push(problem),
                }
            }
        }
        // What somebody wrote goes before what nobody did.
        for rule in implied.into_iter().filter_map(|method| Rule::implied(method).ok()) {
            let _ = routes.insert(rule);
        }
        (routes, problems)
    }

    fn insert(&mut self, rule: Rule) -> Result<(), Problem> {
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
        let mut allow = self.trie.methods(path);
        if allow.contains(&Method::GET) && !allow.contains(&Method::HEAD) {
            allow.push(Method::HEAD);
        }
        if allow.is_empty() { Found::Nothing } else { Found::OtherVerb { allow } }
    }
}
