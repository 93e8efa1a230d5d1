//! A source file is at most 500 lines, a UI component's 300.

use crate::sources::{self, Source};

const LINES: usize = 500;
const COMPONENT_LINES: usize = 300;

fn limit(path: &str) -> usize {
    if path.starts_with("ui/src/components/") { COMPONENT_LINES } else { LINES }
}

fn too_long(source: &Source) -> Option<String> {
    let (lines, limit) = (source.text.lines().count(), limit(&source.path));
    (lines > limit).then(|| format!("{}: {lines} lines, {limit} allowed", source.path))
}

#[test]
fn no_source_file_is_too_long() {
    let sources = sources::below(
        &["crates", "icons", "src-tauri", "tests", "ui", "xtask"],
        &[".rs", ".css", ".js", ".html", ".py", ".sql"],
    );
    let found: Vec<String> = sources.iter().filter_map(too_long).collect();
    assert!(found.is_empty(), "split these along what they do:\n{}", found.join("\n"));
}

#[test]
fn a_file_one_line_over_is_found() {
    let check = |path: &str, lines: usize| {
        too_long(&Source { path: path.into(), text: "x\n".repeat(lines) }).is_some()
    };
    assert!(!check("crates/call/src/lib.rs", 500));
    assert!(check("crates/call/src/lib.rs", 501));
    assert!(!check("ui/src/state/mod.rs", 301));
    assert!(!check("ui/src/components/tree.rs", 300));
    assert!(check("ui/src/components/tree.rs", 301));
}
