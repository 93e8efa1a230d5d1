//! The "may use" column of ARCHITECTURE.md, and packages that must not leak.

use crate::sources;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Packages from outside that a crate must not name, by how their names begin. `model` may use nothing but
/// [`MODEL_MAY_USE`].
const MUST_NOT_USE: &[(&str, &[&str])] = &[
    ("schema", &["tokio", "tonic", "hyper", "http", "axum", "sqlx", "futures"]),
    ("transcode", &["tokio", "tonic", "hyper", "http", "axum", "sqlx", "futures", "protox"]),
    ("call", &["sqlx", "axum", "plotters", "leptos", "tauri", "clap"]),
    ("history", &["prost", "protox", "tonic", "hyper", "axum", "plotters"]),
    ("bench", &["prost", "protox", "tonic", "sqlx", "axum", "plotters"]),
    ("chart", &["prost", "protox", "tonic", "sqlx", "tokio", "web-sys", "js-sys", "leptos"]),
    ("studio", &["axum", "clap", "leptos", "tauri", "sqlx", "tonic"]),
    ("cli", &["sqlx", "tonic", "prost", "protox", "tauri", "leptos"]),
    ("demo", &["axum", "sqlx", "prost-reflect"]),
    ("ui", &["tonic", "sqlx", "prost", "protox", "tokio", "hyper", "axum", "tauri"]),
    ("desktop", &["tonic", "sqlx", "prost", "protox", "axum", "leptos"]),
    ("tests", &["tonic", "sqlx", "prost", "protox", "axum", "leptos", "tauri"]),
];

const MODEL_MAY_USE: &[&str] = &["base64", "bytes", "serde"];

/// Crates by short name (`schema`, `desktop`, `xtask`) with what they use, development apart.
type Uses = BTreeMap<String, BTreeSet<String>>;

fn short(package: &str) -> &str {
    package.strip_prefix("wirelab-").unwrap_or(package)
}

fn uses() -> Uses {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version=1"])
        .current_dir(sources::root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    let mut uses = Uses::new();
    for package in metadata["packages"].as_array().expect("packages") {
        let used = package["dependencies"].as_array().expect("dependencies");
        let normal = used.iter().filter(|used| used["kind"].is_null());
        let names = normal.map(|used| text(&used["name"])).collect();
        uses.insert(short(&text(&package["name"])).to_owned(), names);
    }
    uses
}

/// The rows of the table in ARCHITECTURE.md: a crate and the words of its "may use" column.
fn table(page: &str) -> Vec<(String, BTreeSet<String>)> {
    let mut rows: Vec<(String, BTreeSet<String>)> = Vec::new();
    for line in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [name, _, may_use, _] = cells[..] else { continue };
        let name = name.split('`').nth(1).unwrap_or_default();
        let mut words: BTreeSet<String> =
            may_use.split(',').map(|word| word.trim().trim_matches('`').to_owned()).collect();
        if words.remove("all above") {
            words.extend(rows.iter().map(|(name, _)| name.clone()));
        }
        rows.push((short(name).to_owned(), words));
    }
    rows
}

/// What is used against the table or the list of packages.
fn violations(uses: &Uses, table: &[(String, BTreeSet<String>)]) -> Vec<String> {
    let mut found = Vec::new();
    for (name, used) in uses {
        let row = table.iter().find(|(row, _)| row == name).map(|(_, may_use)| may_use);
        for package in used.iter().filter(|package| package.starts_with("wirelab-")) {
            match row {
                None => found.push(format!("{name} uses {package} but has no row in the table")),
                Some(may_use) if !may_use.contains(short(package)) => {
                    found.push(format!("{name} may not use {package}"));
                }
                Some(_) => {}
            }
        }
        let outside = || used.iter().filter(|package| !package.starts_with("wirelab-"));
        if name == "model" {
            let more = outside().filter(|package| !MODEL_MAY_USE.contains(&package.as_str()));
            found.extend(more.map(|package| format!("model may not use {package}")));
        }
        for prefix in MUST_NOT_USE.iter().filter(|(row, _)| row == name).flat_map(|(_, list)| *list)
        {
            let leaked = outside().filter(|package| {
                package
                    .strip_prefix(prefix)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
            });
            found.extend(leaked.map(|package| format!("{name} may not use {package}")));
        }
    }
    found
}

fn page() -> String {
    std::fs::read_to_string(sources::root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md")
}

#[test]
fn crates_use_only_what_they_may() {
    let found = violations(&uses(), &table(&page()));
    assert!(found.is_empty(), "see the table in ARCHITECTURE.md:\n{}", found.join("\n"));
}

#[test]
fn the_table_has_a_row_for_every_crate() {
    let rows: BTreeSet<String> = table(&page()).into_iter().map(|(name, _)| name).collect();
    // `googleapis` holds no code, only files that others read when they are built; `call-peer` and
    // `transcode-shapes` are what a crate's benches measure.
    let without: BTreeSet<String> =
        ["call-peer", "googleapis", "tests", "transcode-shapes", "xtask"].map(String::from).into();
    let crates: BTreeSet<String> =
        uses().into_keys().filter(|name| !without.contains(name)).collect();
    assert_eq!(rows, crates);
}

#[test]
fn a_forbidden_use_is_found() {
    let table = table(
        "| `model` | data | serde | everything |\n\
         | `schema` | files | model, protox | the network |\n\
         | `wirelab-desktop` (`src-tauri`) | the window | all above | logic |",
    );
    let check = |name: &str, package: &str| {
        violations(&Uses::from([(name.into(), [package.to_owned()].into())]), &table)
    };
    for (name, package) in [
        ("schema", "wirelab-model"),
        ("schema", "protox"),
        ("desktop", "wirelab-schema"),
        ("model", "serde"),
        ("ui", "protobuf-nothing"),
    ] {
        assert_eq!(check(name, package), [""; 0], "{name} {package}");
    }
    for (name, package) in [
        ("schema", "wirelab-call"),
        ("schema", "tonic"),
        ("schema", "tokio-stream"),
        ("model", "wirelab-schema"),
        ("model", "tokio"),
        ("transcode", "wirelab-model"),
        ("ui", "tonic-health"),
        ("ui", "sqlx"),
        ("history", "prost-types"),
        ("chart", "protox"),
    ] {
        assert_eq!(check(name, package).len(), 1, "{name} {package}");
    }
}
