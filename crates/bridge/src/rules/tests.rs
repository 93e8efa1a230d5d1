//! Tables of templates, of matching and of what is wrong when rules load; what comes out is in the snapshots.

use super::*;
use crate::catalog::Catalog;
use proptest::prelude::*;
use std::fmt::Write;
use std::path::Path;
use std::sync::LazyLock;
use template::Template;
use wirelab_model::HttpRule;
use wirelab_schema::{Input, Schema, Source};

/// The methods of `tests/protos/rules.proto`.
pub(crate) fn catalog() -> &'static Catalog {
    static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::new(&schema()));
    &CATALOG
}

/// `tests/protos/rules.proto`.
pub(crate) fn schema() -> Schema {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/protos/rules.proto");
    let source = Source::load(&Input::Files { path, import_roots: vec![] });
    assert_eq!(source.problems(), [], "the schema of the tests is whole");
    Schema::new([("tests".to_owned(), source)])
}

/// `VERB TEMPLATE` for a method with the fields that the tables name, as written on a line of a file.
pub(crate) fn rule(catalog: &Catalog, text: &str, line: u32) -> Result<Rule, Problem> {
    let method = catalog.method("rules.v1.Rules/Unbound").expect("there is one");
    let mut words = text.split(' ');
    let mut word = || words.next().unwrap_or_default().to_owned();
    let rule = HttpRule { verb: word(), path: word(), body: word(), response_body: word() };
    let span = Some(wirelab_model::Span { line, column: 1 });
    Rule::new(method, &rule, false, Origin::Config { name: "table".into(), span })
}

#[test]
fn templates_are_read() {
    let mut out = String::new();
    for line in include_str!("cases/templates.txt").lines() {
        let template = line.trim_matches('"');
        let _ = match Template::parse(template) {
            Err(fault) => writeln!(out, "{line}\n    column {}: {}", fault.column, fault.message),
            Ok(template) => {
                let _ =
                    writeln!(out, "{line}\n    {:?} {:?}", template.segments(), template.verb());
                template.variables().iter().try_for_each(|variable| {
                    let multi = if template.is_multi(variable) { "several" } else { "one" };
                    let path = variable.path.join(".");
                    writeln!(out, "    {path}: {:?}, {multi}", variable.segments)
                })
            }
        };
    }
    insta::assert_snapshot!(out);
}

/// A block is rules (`+ VERB TEMPLATE`), then requests (`VERB PATH`).
#[test]
fn paths_find_their_rule() {
    let catalog = catalog();
    let mut out = String::new();
    for block in include_str!("cases/matching.txt").split("\n\n") {
        let mut routes = Routes::default();
        for (line, text) in block.lines().enumerate() {
            let _ = writeln!(out, "{text}");
            if text.starts_with('#') {
                continue;
            }
            if let Some(text) = text.strip_prefix("+ ") {
                let inserted = rule(catalog, text, line as u32 + 1).and_then(|r| routes.insert(r));
                if let Err(problem) = inserted {
                    let _ = writeln!(out, "    {problem}");
                }
                continue;
            }
            let (method, path) = text.split_once(' ').expect("VERB PATH");
            let _ = match routes.find(&method.parse().expect("a method"), path) {
                Found::Nothing => writeln!(out, "    nothing"),
                Found::OtherVerb { allow } => writeln!(out, "    allow {allow:?}"),
                Found::Route { rule, captures } => {
                    let names = rule.template.variables().iter().map(|v| v.path.join("."));
                    let values: Vec<_> = names.zip(captures.values()).collect();
                    writeln!(out, "    {} {} {values:?}", rule.verb, rule.template)
                }
            };
        }
        out.push('\n');
    }
    insta::assert_snapshot!(out);
}

/// A block is a service configuration; what it makes of the schema's rules.
#[test]
fn service_configurations_override() {
    let catalog = catalog();
    let mut out = String::new();
    for block in include_str!("cases/configs.yaml").split("\n---\n") {
        let text = block.to_owned();
        let config = ServiceConfig { name: "rules.yaml".to_owned(), text };
        let routing = Routing { service_configs: vec![config], ..Routing::default() };
        let (routes, problems) = Routes::build(catalog, &routing);
        let _ = writeln!(out, "{block}");
        for problem in problems {
            let _ = writeln!(out, "=> {problem}");
        }
        for rule in routes.rules() {
            let body = match &rule.body {
                Body::None => "-",
                Body::All => "*",
                Body::Field(field) => field.name(),
            };
            let response = rule.response_body.as_ref().map_or("*", |field| field.name());
            let more = if rule.additional { ", additional" } else { "" };
            let place = rule.origin.shown(&rule.method);
            let place = place.rsplit('/').next().unwrap_or_default();
            let _ = writeln!(out, "   {rule}, {body} -> {response}{more}, {place}");
        }
        out.push_str("---\n");
    }
    insta::assert_snapshot!(out);
}

#[test]
fn what_nobody_wrote_can_be_left_out() {
    let routing = Routing { implied: false, ..Routing::default() };
    let routes = Routes::new(catalog(), &routing).expect("rules that can be");
    assert!(routes.rules().iter().all(|rule| rule.method.path == "rules.v1.Rules/Get"));
    let found = routes.find(&Method::POST, "/rules.v1.Rules/Unbound");
    assert!(matches!(found, Found::Nothing), "{found:?}");
}

/// Tables and paths that make a matcher without a memory try every way there is: `**` after `**`, with nothing that ends.
#[test]
fn hostile_tables_take_no_more_than_their_size() {
    let catalog = catalog();
    let mut routes = Routes::default();
    for stars in 1..=30 {
        let template = format!("GET /{}end", "**/a/".repeat(stars));
        routes.insert(rule(catalog, &template, 1).expect("a rule")).expect("no conflict");
    }
    let path = format!("/{}b", "a/".repeat(trie::MAX_PATH_SEGMENTS - 1));
    assert!(matches!(routes.find(&Method::GET, &path), Found::Nothing));
    let path = format!("/{}end", "a/".repeat(trie::MAX_PATH_SEGMENTS - 1));
    assert!(matches!(routes.find(&Method::GET, &path), Found::Route { .. }));
    assert!(matches!(routes.find(&Method::POST, &path), Found::OtherVerb { .. }));
    let longer = format!("/a{path}");
    assert!(matches!(routes.find(&Method::GET, &longer), Found::Nothing), "too many segments");
}

/// All templates over two literals and `*`: a table in which every way is there and none ends.
#[test]
fn broad_tables_are_walked_once() {
    let catalog = catalog();
    let mut routes = Routes::default();
    for bits in 0..3_u32.pow(6) {
        let segments = (0..6).map(|at| ["a", "b", "*"][(bits / 3_u32.pow(at) % 3) as usize]);
        let template = format!("GET /{}/end", segments.collect::<Vec<_>>().join("/"));
        routes.insert(rule(catalog, &template, 1).expect("a rule")).expect("no conflict");
    }
    assert!(matches!(routes.find(&Method::GET, "/a/a/b/a/b/a/no"), Found::Nothing));
    let Found::Route { rule, .. } = routes.find(&Method::GET, "/a/c/b/a/c/a/end") else {
        panic!("nothing is found");
    };
    assert_eq!(rule.template.to_string(), "/a/*/b/a/*/a/end");
}

/// How a template without its names reads a path, by trying everything: the judge of the tree.
fn fits(segments: &[template::Segment], path: &[&str]) -> bool {
    use template::Segment::{Literal, Many, One};
    match (segments, path) {
        ([], []) => true,
        ([Literal(text), rest @ ..], [first, others @ ..]) => text == first && fits(rest, others),
        ([One, rest @ ..], [first, others @ ..]) => !first.is_empty() && fits(rest, others),
        ([Many, rest @ ..], path) => (0..=path.len()).any(|taken| fits(rest, &path[taken..])),
        _ => false,
    }
}

proptest! {
    #[test]
    fn any_text_is_a_template_or_a_fault(text in "[/a*{}=.:%2F b]{0,24}") {
        match Template::parse(&text) {
            Ok(template) => prop_assert_eq!(template.to_string(), text),
            Err(fault) => prop_assert!(fault.column <= text.chars().count() + 1),
        }
    }

    #[test]
    fn the_tree_finds_what_trying_all_templates_finds(
        templates in prop::collection::vec("(/(a|b|\\*|\\*\\*)){1,5}", 1..8),
        paths in prop::collection::vec("(/(a|b|c|)){1,6}", 8),
    ) {
        let catalog = catalog();
        let mut routes = Routes::default();
        for template in &templates {
            let _ = routes.insert(rule(catalog, &format!("GET {template}"), 1).expect("a rule"));
        }
        for path in &paths {
            let parts: Vec<&str> = path[1..].split('/').collect();
            let any = routes.rules().iter().any(|rule| fits(rule.template.segments(), &parts));
            match routes.find(&Method::GET, path) {
                Found::Route { rule, .. } => prop_assert!(fits(rule.template.segments(), &parts)),
                other => prop_assert!(!any, "{path}: {other:?}"),
            }
        }
    }
}
