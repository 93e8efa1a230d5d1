//! What files look like from outside: enough to see that one changed, without reading it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// How deep folders are looked into.
const DEPTH: usize = 32;
/// How many files are looked at.
const FILES: usize = 50_000;

/// Sizes and times of files. Two that differ say that something changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fingerprint(Vec<(PathBuf, u64, Option<SystemTime>)>);

impl Fingerprint {
    /// Of files, and of all files below folders whose name ends in one of `endings`. What is not there is part of it,
    /// too. Blocks.
    pub fn of(paths: &[PathBuf], endings: &[&str]) -> Fingerprint {
        let mut found = Fingerprint::default();
        for path in paths {
            match fs::metadata(path) {
                Ok(there) if there.is_dir() => found.folder(path, endings, DEPTH),
                Ok(there) => found.0.push((path.clone(), there.len(), there.modified().ok())),
                Err(_) => found.0.push((path.clone(), 0, None)),
            }
        }
        found.0.sort();
        found
    }

    fn folder(&mut self, folder: &Path, endings: &[&str], depth: usize) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            if name.starts_with('.') || self.0.len() >= FILES {
                continue;
            }
            // Links are followed: mounted volumes are made of them.
            let Ok(there) = fs::metadata(&path) else { continue };
            if there.is_dir() && depth > 0 {
                self.folder(&path, endings, depth - 1);
            } else if there.is_file() && endings.iter().any(|ending| name.ends_with(ending)) {
                self.0.push((path, there.len(), there.modified().ok()));
            }
        }
    }
}
