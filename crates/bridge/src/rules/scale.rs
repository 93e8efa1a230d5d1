//! All rules of Google's interfaces at once: 8,000 files, for whose bindings one tree is made.

use super::template::Segment;
use super::*;
use std::time::Instant;
use wirelab_schema::{Input, Schema, Source};

/// A path that a template takes: every wildcard is `x`.
fn path(rule: &Rule) -> String {
    let mut path = String::new();
    for segment in rule.template.segments() {
        path.push('/');
        match segment {
            Segment::Literal(text) => encoding::encode(text, false, &mut path),
            Segment::One | Segment::Many => path.push('x'),
        }
    }
    if let Some(verb) = rule.template.verb() {
        path.push(':');
        encoding::encode(verb, false, &mut path);
    }
    path
}

/// `WIRELAB_GOOGLE_PROTOS=… cargo test --release -p wirelab-bridge --lib scale -- --ignored --nocapture`
#[test]
#[ignore = "prints how long it takes; wants WIRELAB_GOOGLE_PROTOS, the folder of the npm package google-proto-files"]
fn the_rules_of_google() {
    let folder = std::env::var_os("WIRELAB_GOOGLE_PROTOS").expect("WIRELAB_GOOGLE_PROTOS is set");
    let source = Source::load(&Input::Files { path: folder.into(), import_roots: vec![] });
    let began = Instant::now();
    let catalog = Catalog::new(&Schema::new([("google".to_owned(), source)]));
    println!("{} methods: {:?}", catalog.methods().count(), began.elapsed());
    let began = Instant::now();
    let (routes, problems) = Routes::build(&catalog, &Routing::default());
    println!("{} rules: {:?}", routes.rules().len(), began.elapsed());
    // Services of different hosts have paths in common, such as `/v1/{name=operations/**}`.
    let (conflicts, others): (Vec<_>, Vec<_>) =
        problems.iter().partition(|problem| problem.message.ends_with("take the same requests"));
    println!("{} take the requests of another", conflicts.len());
    assert!(others.is_empty(), "{:#?}", others);
    let requests: Vec<_> = routes
        .rules()
        .iter()
        .filter_map(|rule| match &rule.verb {
            Verb::Is(verb) => Some((verb.clone(), path(rule))),
            Verb::Any => None,
        })
        .collect();
    let began = Instant::now();
    for (verb, path) in &requests {
        let found = routes.find(verb, path);
        assert!(matches!(found, Found::Route { .. }), "{verb} {path}: {found:?}");
    }
    println!("one found: {:?}", began.elapsed() / u32::try_from(requests.len()).expect("few"));
}
