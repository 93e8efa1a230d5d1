//! Walks the opened folder. Knows names and kinds of entries, not what is in them, except that it reads no more
//! than the bounds allow.

use super::limits::{MAX_ENTRIES, MAX_FILES, MAX_FOLDER_DEPTH, MAX_PARENTS};
use crate::problem::Problems;
use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};
use wirelab_model::{Problem, ProblemKind};

/// What was found where the user pointed.
pub(super) struct Tree {
    /// The opened folder, or the folder of the opened file; absolute, without symlinks.
    pub(super) base: PathBuf,
    /// `base` as the user wrote it.
    shown_base: PathBuf,
    /// `.proto` files below `base`, sorted; the opened file alone when a file was opened.
    pub(super) protos: Vec<PathBuf>,
    /// `buf.yaml` and `buf.work.yaml` files above, at and below `base`.
    pub(super) configs: Vec<PathBuf>,
}

impl Tree {
    /// How problems name a file: below the path that the user wrote where that holds it.
    pub(super) fn shown(&self, path: &Path) -> String {
        match path.strip_prefix(&self.base) {
            Ok(rest) if rest.as_os_str().is_empty() => self.shown_base.display().to_string(),
            Ok(rest) => self.shown_base.join(rest).display().to_string(),
            Err(_) => path.display().to_string(),
        }
    }
}

/// Finds what `path` holds; none, with a problem, when it cannot be read at all.
pub(super) fn walk(path: &Path, problems: &mut Problems) -> Option<Tree> {
    let (real, metadata) = match fs::canonicalize(path).and_then(|p| Ok((fs::metadata(&p)?, p))) {
        Ok((metadata, real)) => (real, metadata),
        Err(error) => {
            problems.cause(unreadable(path, &error));
            return None;
        }
    };
    let mut tree = if metadata.is_dir() {
        let mut walker = Walker::default();
        walker.walk(&real);
        for problem in walker.problems {
            problems.cause(problem);
        }
        walker.protos.sort();
        if walker.protos.is_empty() {
            let message = "the folder holds no .proto files";
            let help = "Open the folder that your imports start from, or a single .proto file";
            problems.cause(
                Problem::new(ProblemKind::NotFound, message)
                    .help(help)
                    .at(path.display().to_string()),
            );
        }
        Tree {
            base: real,
            shown_base: path.to_owned(),
            protos: walker.protos,
            configs: walker.configs,
        }
    } else if !metadata.is_file() {
        let message = "neither a file nor a folder";
        let problem = Problem::new(ProblemKind::Io, message).help("Check the path");
        problems.cause(problem.at(path.display().to_string()));
        return None;
    } else {
        Tree {
            base: real.parent().unwrap_or(Path::new("/")).to_owned(),
            shown_base: path.parent().unwrap_or(Path::new("")).to_owned(),
            protos: vec![real],
            configs: vec![],
        }
    };
    for folder in tree.base.ancestors().take(MAX_PARENTS) {
        for name in CONFIGS {
            let config = folder.join(name);
            if config.is_file() {
                tree.configs.push(config);
            }
        }
    }
    tree.configs.sort();
    tree.configs.dedup();
    Some(tree)
}

const CONFIGS: [&str; 2] = ["buf.yaml", "buf.work.yaml"];

/// The problem of a path that the file system refuses.
pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    let (kind, help) = match error.kind() {
        std::io::ErrorKind::NotFound => (ProblemKind::NotFound, "Check the path"),
        std::io::ErrorKind::PermissionDenied => (ProblemKind::Io, "Check who may read it"),
        _ => (ProblemKind::Io, "Check the disk and the path"),
    };
    let mut text = error.to_string();
    if let Some(end) = text.find(" (os error") {
        text.truncate(end);
    }
    Problem::new(kind, format!("cannot be read: {}", text.to_lowercase()))
        .help(help)
        .at(path.display().to_string())
}

#[derive(Default)]
struct Walker {
    protos: Vec<PathBuf>,
    configs: Vec<PathBuf>,
    problems: Vec<Problem>,
    seen_folders: HashSet<PathBuf>,
    seen_files: HashSet<PathBuf>,
    entries: usize,
}

impl Walker {
    fn walk(&mut self, base: &Path) {
        // Links come last, so that a folder that is also reached without one keeps its own path.
        let (mut links, mut files) = (vec![], vec![]);
        self.walk_from(base.to_owned(), 0, &mut links);
        while let Some((link, depth)) = links.pop() {
            // A link to nowhere is no proto; were one imported, that import is reported.
            let Ok(real) = fs::canonicalize(&link) else { continue };
            if real.is_dir() && !is_skipped(&link) {
                self.walk_from(link, depth, &mut links);
            } else if real.is_file() && is_proto(&link) {
                files.push((link, real));
            }
        }
        files.sort();
        for (link, real) in files {
            if self.seen_files.insert(real) {
                self.file(link);
            }
        }
    }

    fn walk_from(&mut self, folder: PathBuf, depth: usize, links: &mut Vec<(PathBuf, usize)>) {
        let mut folders = vec![(folder, depth)];
        while let Some((folder, depth)) = folders.pop() {
            let Ok(real) = fs::canonicalize(&folder) else { continue };
            if !self.seen_folders.insert(real.clone()) {
                continue;
            }
            if depth > MAX_FOLDER_DEPTH {
                let message = format!("folders nest deeper than {MAX_FOLDER_DEPTH}");
                self.stop(&folder, message);
                continue;
            }
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) => {
                    self.problems.push(unreadable(&folder, &error));
                    continue;
                }
            };
            for entry in entries.flatten() {
                self.entries += 1;
                if self.entries > MAX_ENTRIES {
                    self.stop(&folder, format!("more than {MAX_ENTRIES} files and folders"));
                    return;
                }
                let path = entry.path();
                match entry.file_type() {
                    Ok(kind) if kind.is_symlink() => links.push((path, depth + 1)),
                    Ok(kind) if kind.is_dir() && !is_skipped(&path) => {
                        folders.push((path, depth + 1));
                    }
                    Ok(kind) if kind.is_file() => {
                        self.seen_files.insert(real.join(entry.file_name()));
                        self.file(path);
                    }
                    _ => {}
                }
            }
        }
    }

    fn file(&mut self, path: PathBuf) {
        if is_proto(&path) {
            if self.protos.len() == MAX_FILES {
                self.stop(&path, format!("more than {MAX_FILES} .proto files"));
                return;
            }
            self.protos.push(path);
        } else if path.file_name().is_some_and(|n| CONFIGS.iter().any(|c| n == *c)) {
            self.configs.push(path);
        }
    }

    fn stop(&mut self, at: &Path, message: String) {
        let said = |p: &Problem| p.kind == ProblemKind::TooLarge && p.message == message;
        if !self.problems.iter().any(said) {
            self.problems.push(
                Problem::new(ProblemKind::TooLarge, message)
                    .help("Open a folder that holds less")
                    .at(at.display().to_string()),
            );
        }
    }
}

fn is_proto(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "proto")
}

/// Hidden folders and installed packages hold copies that nobody means when opening what is around them.
fn is_skipped(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default();
    name.as_encoded_bytes().starts_with(b".") || name == "node_modules"
}

/// `.proto` files near `base`, outside of it: below its parents, the nearest first.
pub(super) fn nearby(base: &Path) -> Vec<PathBuf> {
    const PARENTS: usize = 3;
    let mut left = super::limits::MAX_NEARBY_ENTRIES;
    let mut found = vec![];
    let mut done = base.to_owned();
    for parent in base.ancestors().skip(1).take(PARENTS) {
        let mut folders = std::collections::VecDeque::from([parent.to_owned()]);
        while let Some(folder) = folders.pop_front() {
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            let mut entries: Vec<_> = entries.flatten().take(left).collect();
            left -= entries.len();
            entries.sort_by_key(fs::DirEntry::file_name);
            for entry in entries {
                let path = entry.path();
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() && path != done && !is_skipped(&path) => {
                        folders.push_back(path);
                    }
                    Ok(kind) if kind.is_file() && is_proto(&path) => found.push(path),
                    _ => {}
                }
            }
            if left == 0 {
                return found;
            }
        }
        done = parent.to_owned();
    }
    found
}
