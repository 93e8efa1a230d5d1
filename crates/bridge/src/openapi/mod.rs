//! What is served, as OpenAPI 3.1 (<https://spec.openapis.org/oas/v3.1.0>), and a page that shows it.
//!
//! Owns the words: operations from rules, schemas from types, descriptions from comments. The document is made when it
//! is first asked for and kept as long as the schema.

mod operation;
mod page;
mod path;
mod schemas;
mod security;
#[cfg(test)]
mod tests;

pub(crate) use page::answer;

use crate::admission::State;
use crate::bridge::Loaded;
use crate::rules::{Body, Rule, Verb};
use operation::Operation;
use schemas::Schemas;
use security::Secured;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, HashSet};

/// How the service is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenApi {
    /// Whether `/openapi.json` and `/docs` are there, where no rule of the schema takes their places.
    pub serve: bool,
    /// The name of the whole.
    pub title: String,
    /// Its version.
    pub version: String,
    /// Where it is, as clients see it; none means where the document came from.
    pub servers: Vec<String>,
    /// What a client has to show, any one of these; none means what the policy of the bridge wants.
    pub security: Vec<Security>,
}

/// Something that a client has to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Security {
    /// `Authorization: Bearer` with a JWT.
    Bearer,
    /// A header with a key.
    ApiKey {
        /// The name of the header.
        header: String,
    },
    /// A parameter of the query with a key.
    ApiKeyInQuery {
        /// Its name.
        parameter: String,
    },
    /// A certificate, by TLS.
    Certificate,
}

impl Default for OpenApi {
    fn default() -> OpenApi {
        OpenApi {
            serve: true,
            title: "gRPC services".to_owned(),
            version: "1".to_owned(),
            servers: vec![],
            security: vec![],
        }
    }
}

/// The document of everything that can be reached by REST, and that anybody may call.
pub(crate) fn document(loaded: &Loaded, options: &OpenApi, state: &State) -> Value {
    let secured = Secured::new(options, state);
    let infos: HashMap<&str, _> = loaded
        .schema
        .services()
        .iter()
        .flat_map(|service| &service.methods)
        .map(|method| (method.path.as_str(), method))
        .collect();
    let mut schemas = Schemas::new(&loaded.schema);
    let mut paths = Paths::default();
    let mut tags = HashSet::new();
    for rule in loaded.routes.rules() {
        let Some(info) = infos.get(rule.method.path.as_str()) else { continue };
        if !secured.serves(&rule.method.path) {
            continue;
        }
        let Some(verb) = verb(rule) else {
            paths.omitted.push(Value::from(format!("{} {}", rule.verb, rule.template)));
            continue;
        };
        let place = path::Place::new(rule);
        let (path, names) = paths.place(&place);
        let operation = Operation { rule, info, names: &names };
        let mut operation = operation.tell(&place, paths.id(rule), &mut schemas);
        if let Some(security) = secured.of(&rule.method.path) {
            operation["security"] = security;
        }
        tags.insert(rule.method.descriptor.parent_service().full_name().to_owned());
        if let Some(item) = paths.items.entry(path).or_insert_with(|| json!({})).as_object_mut() {
            item.entry(verb).or_insert(operation);
        }
    }
    let services = loaded.schema.services().iter().filter(|service| tags.contains(&service.name));
    let tags: Vec<Value> =
        services.map(|service| described(json!({ "name": service.name }), &service.docs)).collect();
    let mut document = json!({
        "openapi": "3.1.0",
        "info": { "title": options.title, "version": options.version },
        "tags": tags,
        "paths": paths.items,
        "components": { "schemas": schemas.finish() },
    });
    if !options.servers.is_empty() {
        let servers = options.servers.iter().map(|url| json!({ "url": url }));
        document["servers"] = servers.collect();
    }
    if let Some((schemes, wanted)) = secured.whole() {
        document["components"]["securitySchemes"] = schemes;
        document["security"] = wanted;
    }
    if !paths.omitted.is_empty() {
        // Methods that a path item has no member for.
        document["x-omitted-bindings"] = Value::from(paths.omitted);
    }
    document
}

/// The member of a path item that a rule is; none for custom kinds.
fn verb(rule: &Rule) -> Option<&'static str> {
    match &rule.verb {
        Verb::Any if rule.body == Body::None => Some("get"),
        Verb::Any => Some("post"),
        Verb::Is(method) => {
            const VERBS: [&str; 8] =
                ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
            let same = |verb: &&str| verb.eq_ignore_ascii_case(method.as_str());
            VERBS
                .into_iter()
                .find(same)
                .filter(|_| method.as_str().bytes().all(|b| b.is_ascii_uppercase()))
        }
    }
}

/// The paths so far.
#[derive(Default)]
struct Paths {
    items: BTreeMap<String, Value>,
    /// By shape: the path and the names of its parameters that the first rule gave it. Paths that differ in names only
    /// must not be there twice (§4.8.8.1).
    shapes: HashMap<String, (String, Vec<String>)>,
    ids: HashMap<String, usize>,
    omitted: Vec<Value>,
}

impl Paths {
    fn place(&mut self, place: &path::Place<'_>) -> (String, Vec<String>) {
        let first = || (place.path(), place.names());
        self.shapes.entry(place.shape()).or_insert_with(first).clone()
    }

    /// `pkg.Service_Method`, with a number from the second binding on.
    fn id(&mut self, rule: &Rule) -> String {
        let id = rule.method.path.replace('/', "_");
        let count = self.ids.entry(id.clone()).or_default();
        *count += 1;
        if *count == 1 { id } else { format!("{id}_{count}") }
    }
}

/// The object with a comment as its description, unless there is none.
fn described(mut object: Value, docs: &str) -> Value {
    if !docs.is_empty() {
        object["description"] = Value::from(docs);
    }
    object
}
