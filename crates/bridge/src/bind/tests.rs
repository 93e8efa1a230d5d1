//! Tables of URLs and what they make of a request, and the way from a request to a URL and back.

use super::{Binding, Bound, Unescape};
use crate::catalog::Catalog;
use crate::refusal::Refusal;
use crate::rules::tests::{catalog, rule};
use crate::rules::{Body, Built, Captures, Found, Routes, Rule, request};
use http::Method;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::fmt::Write;
use std::sync::Arc;
use wirelab_transcode::Options;

/// One rule, found by any verb.
fn routes(catalog: &Catalog, text: &str) -> Routes {
    Routes::of([rule(catalog, text, 1).unwrap_or_else(|problem| panic!("{text}: {problem}"))])
}

fn find<'r>(routes: &'r Routes, verb: &Method, path: &str) -> (&'r Arc<Rule>, Captures) {
    match routes.find(verb, path) {
        Found::Route { rule, captures } => (rule, captures),
        other => panic!("{verb} {path}: {other:?}"),
    }
}

/// The wire of a request: its body, and what the URL adds.
fn wire(
    (rule, captures): (&Arc<Rule>, Captures),
    query: Option<&str>,
    body: Option<&str>,
    options: &Binding,
) -> Result<Vec<u8>, Refusal> {
    let codec = &rule.method.input;
    let mut wire = Vec::new();
    let json = match (&rule.body, body) {
        (Body::All, Some(body)) => body.to_owned(),
        (Body::Field(field), Some(body)) => format!("{{{:?}: {body}}}", field.json_name()),
        _ => "{}".to_owned(),
    };
    codec.json_to_wire(json.as_bytes(), &mut wire).expect("a body that can be read");
    Bound::new(rule, &captures, query, options)?.over(&mut wire);
    Ok(wire)
}

fn shown(rule: &Rule, wire: &[u8]) -> String {
    let codec = &rule.method.input;
    let (mut normal, mut json) = (Vec::new(), Vec::new());
    codec.normalize(wire, &mut normal).expect("what is bound is a message");
    codec.wire_to_json(&normal, &mut json, &Options::default()).expect("it has a JSON form");
    String::from_utf8(json).expect("JSON is UTF-8")
}

/// `+ VERB TEMPLATE BODY` says the rule, `= OPTION` how it binds, any other line is `TARGET [BODY]`.
#[test]
fn paths_and_queries_become_fields() {
    let catalog = catalog();
    let mut routes_now = Routes::default();
    let mut options = Binding::default();
    let mut out = String::new();
    for line in include_str!("cases/binding.txt").lines() {
        let _ = writeln!(out, "{line}");
        if let Some(text) = line.strip_prefix("+ ") {
            (routes_now, options) = (routes(catalog, text), Binding::default());
            continue;
        }
        match line.strip_prefix("= ") {
            Some("ignore unknown") => options.ignore_unknown = true,
            Some("at most 2") => options.max_parameters = 2,
            Some("ignore key") => options.ignored = vec!["key".to_owned(), "$alt".to_owned()],
            Some("keep reserved") => options.unescape = Unescape::AllButReserved,
            Some("keep nothing") => options.unescape = Unescape::All,
            Some(other) => panic!("{other}"),
            None if line.is_empty() || line.starts_with('#') => {}
            None => {
                let (target, body) = match line.split_once(' ') {
                    Some((target, body)) => (target, Some(body)),
                    None => (line, None),
                };
                let (path, query) = match target.split_once('?') {
                    Some((path, query)) => (path, Some(query)),
                    None => (target, None),
                };
                let found = find(&routes_now, &Method::POST, path);
                let rule = found.0;
                let _ = match wire(found, query, body, &options) {
                    Ok(wire) => writeln!(out, "    {}", shown(rule, &wire)),
                    Err(refusal) => {
                        assert_eq!(refusal.http, http::StatusCode::BAD_REQUEST, "{line}");
                        writeln!(out, "    {}", refusal.status.message)
                    }
                };
            }
        }
    }
    insta::assert_snapshot!(out);
}

/// `+ VERB TEMPLATE BODY` says the rule, any other line is the JSON of a request.
#[test]
fn requests_become_urls() {
    let catalog = catalog();
    let mut routes_now = Routes::default();
    let mut out = String::new();
    for line in include_str!("cases/requests.txt").lines() {
        let _ = writeln!(out, "{line}");
        if let Some(text) = line.strip_prefix("+ ") {
            routes_now = routes(catalog, text);
            continue;
        }
        let rule = routes_now.rules().first().expect("the one rule");
        let _ = match request(rule, line) {
            Ok(Built { verb, target, body, content_type }) => {
                let body = body.map(|body| String::from_utf8(body).expect("JSON is UTF-8"));
                let body = body.map_or_else(String::new, |body| format!(" {body}"));
                let media = content_type.map_or_else(String::new, |media| format!(" [{media}]"));
                writeln!(out, "    {verb} {target}{body}{media}")
            }
            Err(problem) => writeln!(out, "    {problem}"),
        };
    }
    insta::assert_snapshot!(out);
}

#[test]
fn other_types_than_messages_of_fields_travel_whole() {
    let catalog = catalog();
    let routes = Routes::new(catalog, &crate::rules::Routing::default()).expect("rules");
    let of = |method: &str| {
        let path = format!("rules.v1.Rules/{method}");
        let mut rules = routes.rules().iter();
        rules.find(|rule| rule.method.path == path).expect("a rule").clone()
    };
    let built = request(&of("At"), r#""2026-11-22T00:00:00Z""#).expect("a timestamp");
    assert_eq!(built.target, "/rules.v1.Rules/At");
    assert_eq!(built.body.as_deref(), Some(br#""2026-11-22T00:00:00Z""#.as_slice()));
    let upload = r#"{"contentType": "text/plain", "data": "aGVsbG8="}"#;
    let built = request(&of("Upload"), upload).expect("a body");
    assert_eq!(built.body.as_deref(), Some(b"hello".as_slice()));
    assert_eq!(built.content_type.as_deref(), Some("text/plain"));
}

/// A number of every sort, a text with everything that has a meaning in a URL, and what else a query can hold.
fn message() -> impl Strategy<Value = Value> {
    let text = || "[ -~äß€\u{1F600}\n]{0,12}";
    let filled = || "[a-z/%:+&=?#ä .]{1,8}";
    let scalars = (any::<f64>(), any::<i32>(), any::<i64>(), any::<u64>(), any::<bool>());
    let lists = (
        prop::collection::vec(text(), 0..4),
        prop::collection::vec(any::<i64>(), 0..4),
        prop::collection::hash_map(text(), text(), 0..4),
        prop::collection::vec(any::<u8>(), 0..8),
    );
    let inner = (filled(), prop::option::of(any::<i32>()), prop::option::of(text()));
    let rest = (prop::option::of(0_i64..253_402_300_799), prop::option::of(any::<i64>()), text());
    (filled(), scalars, lists, inner, rest).prop_map(|(name, scalars, lists, inner, rest)| {
        let (double, int32, int64, uint64, bool) = scalars;
        let (list, sizes, labels, bytes) = lists;
        let double = if double.is_finite() { json!(double) } else { json!("NaN") };
        use base64::Engine;
        json!({
            "name": name, "double": double, "int32": int32, "int64": int64.to_string(),
            "uint64": uint64.to_string(), "sint64": int64.to_string(), "sfixed32": int32,
            "bool": bool, "bytes": base64::prelude::BASE64_STANDARD.encode(bytes),
            "level": if bool { json!("LEVEL_HIGH") } else { json!(7) },
            "inner": {"name": inner.0, "count": inner.1, "comment": inner.2, "inner": {"count": 1}},
            "list": list, "pageSizes": sizes.iter().map(i64::to_string).collect::<Vec<_>>(),
            "labels": labels, "maybe": inner.1,
            "wait": rest.0.map(|seconds| format!("{}.5s", seconds / 10)),
            "wrapped": rest.1.map(|n| n.to_string()), "left": rest.2,
            "value": {"a": [name, double, null]}, "veryOdd": rest.2,
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_url_says_what_the_request_said(message in message()) {
        let catalog = catalog();
        let mut expected = Vec::new();
        let json = message.to_string();
        for text in [
            "GET /v1/{name}",
            "GET /v1/{name=**}/x",
            "GET /v1/{int32}/{inner.name}/{level}:verb",
            "POST /v1/{double}/{inner.name=**}/{int64} *",
            "PUT /v1/{bool}/{uint64}/{sfixed32} inner",
            "PATCH /{name=**}:verb list",
        ] {
            let routes = routes(catalog, text);
            let rule = routes.rules().first().expect("the one rule");
            let built = request(rule, &json).map_err(|p| TestCaseError::fail(format!("{text}: {p}")))?;
            let (path, query) = match built.target.split_once('?') {
                Some((path, query)) => (path, Some(query)),
                None => (built.target.as_str(), None),
            };
            built.target.parse::<http::Uri>().expect("a target that HTTP takes");
            let body = built.body.map(|body| String::from_utf8(body).expect("JSON is UTF-8"));
            let found = find(&routes, &built.verb, path);
            let wire = wire(found, query, body.as_deref(), &Binding::default());
            let wire = wire.map_err(|refusal| {
                TestCaseError::fail(format!("{text}: {}: {}", built.target, refusal.status.message))
            })?;
            let codec = &rule.method.input;
            let (mut direct, mut normal) = (Vec::new(), Vec::new());
            expected.clear();
            codec.json_to_wire(json.as_bytes(), &mut direct).expect("a message");
            codec.normalize(&direct, &mut expected).expect("a wire");
            codec.normalize(&wire, &mut normal).expect("a wire");
            prop_assert_eq!(&normal, &expected, "{}: {}", text, built.target);
        }
    }

    #[test]
    fn no_query_brings_the_binder_down(query in "([a-z_.\\[\\]%+=&0-9A-Fé]|inner|labels|list|%2|int32|level){0,40}") {
        let catalog = catalog();
        let routes = routes(catalog, "GET /v1/{name}");
        let found = find(&routes, &Method::GET, "/v1/x");
        let rule = found.0;
        if let Ok(wire) = wire(found, Some(&query), None, &Binding::default()) {
            shown(rule, &wire);
        }
    }
}

#[test]
fn too_many_parameters_are_refused_before_they_cost() {
    let catalog = catalog();
    let routes = routes(catalog, "GET /v1/x");
    let query = "list=a&".repeat(super::DEFAULT_MAX_PARAMETERS);
    let of = |query: &str| {
        wire(find(&routes, &Method::GET, "/v1/x"), Some(query), None, &Binding::default())
    };
    assert!(of(&query).is_ok());
    let refusal = of(&format!("{query}list=b")).expect_err("one too many");
    assert_eq!(refusal.status.message, "the query has more than 1000 parameters");
    let deep = format!("{}count=1", "inner.".repeat(super::query::MAX_DEPTH));
    let refusal = of(&deep).expect_err("too deep");
    assert!(refusal.status.message.contains("more than 32 names"), "{}", refusal.status.message);
}
