//! The source files of the checkout.

use std::path::{Path, PathBuf};

/// The checkout.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the checkout")
}

/// A source file.
pub struct Source {
    /// From the checkout, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// Every text file below `folders` whose name ends in one of `endings`, made files left out.
pub fn below(folders: &[&str], endings: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    for folder in folders {
        walk(&root().join(folder), endings, &mut found);
    }
    assert!(!found.is_empty(), "no {endings:?} below {folders:?}");
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn walk(folder: &Path, endings: &[&str], found: &mut Vec<Source>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    for entry in entries {
        let path: PathBuf = entry.expect("a readable folder").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            if !matches!(
                name,
                "dist" | "target" | "gen" | "node_modules" | "__pycache__" | "snapshots"
            ) {
                walk(&path, endings, found);
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            let text = std::fs::read_to_string(&path)
                .unwrap_or_else(|e| panic!("{} is no text: {e}", path.display()));
            let path = path.strip_prefix(root()).expect("below the checkout");
            found.push(Source { path: path.to_string_lossy().replace('\\', "/"), text });
        }
    }
}
