//! What has to hold for any template and any query, and for any body in every framing.
//!
//! Templates and queries are looked at where they are, in modules of the bridge itself; bodies go through a whole bridge.

#![allow(
    dead_code,
    unused_imports,
    missing_docs,
    reason = "a part of the bridge, without what uses it"
)]
#![allow(clippy::result_large_err, reason = "as in the bridge")]

#[path = "../../src/bind/mod.rs"]
mod bind;
#[path = "../../src/catalog.rs"]
mod catalog;
mod coding;
mod connect;
mod echo;
mod framings;
#[path = "../../src/refusal.rs"]
mod refusal;
mod rest;
#[path = "../../src/rules/mod.rs"]
mod rules;
mod seeds;
#[path = "../../src/wire.rs"]
mod wire;

use bind::{Binding, Bound};
use catalog::{Catalog, Method};
use framings::Framing;
use rules::template::Template;
use rules::{Captures, Found, Origin, Routes, Routing, Rule, ServiceConfig};
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use wirelab_model::HttpRule;
use wirelab_schema::{Input, Schema, Source};
use wirelab_transcode::Options;

/// The rules that queries are bound by, with a path that each takes.
const RULES: &[(&str, &str, &str)] = &[
    ("/v1/x", "", "/v1/x"),
    ("/v1/{name}", "", "/v1/a"),
    ("/v1/{inner.name=**}", "list", "/v1/a/b"),
];

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/protos/rules.proto");
    let source = Source::load(&Input::Files { path, import_roots: vec![] });
    Catalog::new(&Schema::new([("tests".to_owned(), source)]))
});

fn method() -> &'static Arc<Method> {
    CATALOG.method("rules.v1.Rules/Unbound").expect("the schema of the tests has it")
}

fn rule(verb: &str, path: &str, body: &str) -> Option<Rule> {
    let (verb, path, body) = (verb.to_owned(), path.to_owned(), body.to_owned());
    let rule = HttpRule { verb, path, body, response_body: String::new() };
    Rule::new(method(), &rule, false, Origin::Options).ok()
}

/// Lines are templates, the last one a path. What is read shows as what was written, a fault has a place in the text, and
/// any table of templates says of any path what it is.
pub fn template(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (templates, path) = text.rsplit_once('\n').unwrap_or((text, text));
    let mut routes = Routes::default();
    for text in templates.split('\n').take(64) {
        match Template::parse(text) {
            Ok(template) => assert_eq!(template.to_string(), text),
            Err(fault) => assert!((1..=text.chars().count() + 1).contains(&fault.column)),
        }
        if let Some(rule) = rule("GET", text, "") {
            let _ = routes.insert(rule);
        }
    }
    match routes.find(&http::Method::GET, path) {
        Found::Route { rule, captures } => {
            assert_eq!(captures.values().len(), rule.variables.len());
            assert!(captures.values().all(|value| path.contains(value)));
            let found = routes.find(&http::Method::HEAD, path);
            assert!(matches!(found, Found::Route { .. }), "HEAD goes where GET does");
        }
        Found::OtherVerb { .. } => panic!("there is no other verb"),
        Found::Nothing => {}
    }
    let found = routes.find(&http::Method::POST, path);
    assert!(!matches!(found, Found::Route { .. }), "no rule is for POST");
}

/// The first byte picks a rule. A query is refused, or becomes a message that can be said by a query again.
pub fn query(data: &[u8]) {
    static ROUTES: LazyLock<Vec<(Routes, &str)>> = LazyLock::new(|| {
        let routes = RULES.iter().map(|(template, body, path)| {
            let mut routes = Routes::default();
            let rule = rule("GET", template, body).expect("the rule is right");
            routes.insert(rule).expect("it is the only one");
            (routes, *path)
        });
        routes.collect()
    });
    let Some((first, query)) = data.split_first() else { return };
    let Ok(query) = std::str::from_utf8(query) else { return };
    let (routes, path) = &ROUTES[usize::from(*first) % ROUTES.len()];
    let Some((rule, json)) = bound(routes, path, Some(query)) else { return };
    let Ok(built) = rules::request(rule, &json) else { return };
    if built.body.is_some() {
        return;
    }
    let (path, query) = match built.target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (built.target.as_str(), None),
    };
    let again = bound(routes, path, query).map(|(_, json)| json);
    assert_eq!(again.as_deref(), Some(json.as_str()), "{}", built.target);
}

/// The rule of a path, and the message of path and query as JSON when it has such a form.
fn bound<'r>(routes: &'r Routes, path: &str, query: Option<&str>) -> Option<(&'r Rule, String)> {
    let Found::Route { rule, captures } = routes.find(&http::Method::GET, path) else {
        panic!("{path} is the rule's");
    };
    let (mut wire, mut normal, mut json) = (Vec::new(), Vec::new(), Vec::new());
    Bound::new(rule, &captures, query, &Binding::default()).ok()?.over(&mut wire);
    let codec = &rule.method.input;
    codec.normalize(&wire, &mut normal).expect("what is bound is a message");
    codec.wire_to_json(&normal, &mut json, &Options::default()).ok()?;
    Some((rule, String::from_utf8(json).expect("JSON is UTF-8")))
}

/// Bodies of gRPC.
pub fn grpc(data: &[u8]) {
    framings::envelopes(Framing::Grpc, data);
}

/// Bodies of gRPC-Web; the first byte says whether they are base64.
pub fn grpc_web(data: &[u8]) {
    match data.split_first() {
        Some((0..128, data)) => framings::envelopes(Framing::GrpcWeb, data),
        Some((_, data)) => framings::envelopes(Framing::GrpcWebText, data),
        None => {}
    }
}

/// Bodies of Connect's streams, or its unary requests, as the first byte says.
pub fn connect(data: &[u8]) {
    match data.split_first() {
        Some((0..128, data)) => framings::envelopes(Framing::Connect, data),
        Some((_, data)) => connect::unary(data),
        None => {}
    }
}

/// Bodies of REST.
pub fn rest(data: &[u8]) {
    rest::bodies(data);
}

/// Frames and framings of sockets.
pub fn socket(data: &[u8]) {
    wirelab_bridge::fuzzing::socket(data);
}

/// Writes what to begin with, from the tables of the tests, into a folder for each target.
///
/// # Errors
/// Where that cannot be written.
pub fn write_seeds(folder: &Path) -> io::Result<()> {
    let (templates, queries) = (folder.join("template"), folder.join("query"));
    fs::create_dir_all(&templates)?;
    fs::create_dir_all(&queries)?;
    let table = include_str!("../../src/rules/cases/matching.txt");
    for (at, block) in table.split("\n\n").enumerate() {
        let lines = block.lines().filter(|line| !line.starts_with('#'));
        let lines: Vec<&str> = lines.filter_map(|line| line.split(' ').next_back()).collect();
        fs::write(templates.join(format!("block-{at}")), lines.join("\n"))?;
    }
    for (at, line) in include_str!("../../src/rules/cases/templates.txt").lines().enumerate() {
        fs::write(templates.join(format!("line-{at}")), line.trim_matches('"'))?;
    }
    let lines = include_str!("../../src/bind/cases/binding.txt").lines();
    for (at, query) in lines.filter_map(|line| line.split_once('?')).map(|(_, q)| q).enumerate() {
        fs::write(queries.join(format!("line-{at}")), [&[0], query.as_bytes()].concat())?;
    }
    seeds::write(folder)
}
