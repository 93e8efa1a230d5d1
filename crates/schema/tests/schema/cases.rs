//! Runs every folder of `cases/`.

use crate::{cases, show};
use prost_reflect::DynamicMessage;
use std::{fs, path::Path};
use wirelab_schema::{Input, Schema, Source};

#[test]
fn every_case() {
    let mut names: Vec<String> = fs::read_dir(cases())
        .expect("the folder of cases")
        .map(|entry| entry.expect("a case").file_name().into_string().expect("ASCII"))
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    assert!(names.len() >= 15, "{names:?}");
    for name in names {
        insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(name.clone(), run(&name));
        });
    }
}

/// What a case comes to.
fn run(name: &str) -> String {
    // Relative, as people type it: problems name files the way they were asked for.
    let folder = Path::new("tests/cases").join(name);
    let spec = fs::read_to_string(folder.join("case.txt")).expect("case.txt");
    let commands: Vec<(&str, &str)> = spec.lines().filter_map(|l| l.split_once(' ')).collect();
    let join = |path: &str| if path == "." { folder.clone() } else { folder.join(path) };
    let argument = |word: &str| {
        commands.iter().filter(|(w, _)| *w == word).map(|(_, a)| join(a)).collect::<Vec<_>>()
    };
    let path = argument("open").pop().expect("something to open");
    let source = Source::load(&Input::Files { path, import_roots: argument("root") });
    let schema = Schema::new([("id".to_owned(), source.clone())]);
    let mut text = show::source(&source, schema.services());
    for (command, symbol) in commands {
        let answer = match command {
            "form" => schema.form(symbol).map(|form| show::form(&form)),
            "example" => {
                schema.example(symbol).inspect(|json| check_example(&schema, symbol, json))
            }
            "describe" => schema
                .describe(symbol)
                .map(|d| format!("{} {} in {}\n{}", d.kind, d.name, d.file, d.text)),
            _ => continue,
        };
        text += &format!("\n=== {command} {symbol}\n{}", answer.as_deref().unwrap_or("none\n"));
    }
    text
}

/// Examples must be JSON that the message takes, all of it.
pub fn check_example(schema: &Schema, symbol: &str, json: &str) {
    let message = schema.method(symbol).map(|m| m.input()).or_else(|| schema.message(symbol));
    let mut deserializer = serde_json::Deserializer::from_str(json);
    DynamicMessage::deserialize(message.expect(symbol), &mut deserializer)
        .unwrap_or_else(|e| panic!("{symbol}: {e}\n{json}"));
}
