//! Which file an import means. Knows paths only; the order of places is told in the crate's documentation.

use super::{buf, discover, discover::Tree, limits::MAX_PARENTS};
use crate::{builtin, problem::Problems};
use std::{
    collections::{HashMap, HashSet},
    ffi::{OsStr, OsString},
    fs,
    path::{Component, Path, PathBuf},
};

/// Where people keep protos that others import, seen from the folder of a project.
const USUAL_FOLDERS: [&str; 8] = [
    "proto",
    "protos",
    "third_party",
    "third_party/googleapis",
    "third_party/proto",
    "vendor",
    "include",
    "googleapis",
];

/// What an import turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A file.
    File(PathBuf),
    /// The built-in file of that name.
    Builtin,
    /// Neither.
    Missing,
}

/// Finds imports for one source.
pub(super) struct Resolver<'a> {
    tree: &'a Tree,
    /// Roots that the user or buf named; absolute.
    roots: Vec<PathBuf>,
    /// Whether places beyond the roots and the opened folder count.
    guess: bool,
    known: HashSet<&'a Path>,
    by_name: HashMap<&'a OsStr, Vec<&'a Path>>,
    /// Answers so far, by folder of the importing file and import.
    answers: HashMap<(PathBuf, String), Found>,
    nearby: Option<HashMap<OsString, Vec<PathBuf>>>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(tree: &'a Tree, import_roots: &[PathBuf], problems: &mut Problems) -> Self {
        let mut roots = vec![];
        for root in import_roots {
            match fs::canonicalize(root) {
                Ok(real) => roots.push(real),
                Err(error) => problems.cause(discover::unreadable(root, &error)),
            }
        }
        if import_roots.is_empty() {
            for config in &tree.configs {
                match buf::roots(config) {
                    Ok(named) => roots.extend(named),
                    Err(problem) => problems.cause(problem.at(tree.shown(config))),
                }
            }
        }
        let mut by_name: HashMap<_, Vec<_>> = HashMap::new();
        for path in &tree.protos {
            by_name.entry(path.file_name().unwrap_or_default()).or_default().push(path.as_path());
        }
        Resolver {
            tree,
            roots,
            guess: import_roots.is_empty(),
            known: tree.protos.iter().map(PathBuf::as_path).collect(),
            by_name,
            answers: HashMap::new(),
            nearby: None,
        }
    }

    /// Which of the named roots a file belongs to: the first that the user named, the innermost of buf's.
    pub(super) fn named_root(&self, path: &Path) -> Option<&Path> {
        let mut around = self.roots.iter().filter(|root| path.starts_with(root));
        let root = if self.guess {
            around.max_by_key(|root| root.as_os_str().len())
        } else {
            around.next()
        };
        root.map(PathBuf::as_path)
    }

    /// What `import` means in a file of `folder`.
    pub(super) fn resolve(&mut self, folder: &Path, import: &str) -> Found {
        let key = (folder.to_owned(), import.to_owned());
        if let Some(found) = self.answers.get(&key) {
            return found.clone();
        }
        let found = match self.find(folder, Path::new(import)) {
            Some(path) => Found::File(path),
            None if builtin::contains(import) => Found::Builtin,
            None => Found::Missing,
        };
        self.answers.insert(key, found.clone());
        found
    }

    fn find(&self, folder: &Path, import: &Path) -> Option<PathBuf> {
        if import.components().any(|c| !matches!(c, Component::Normal(_))) {
            return None;
        }
        let own = self.named_root(&folder.join("x")).map(Path::to_owned);
        let in_roots = own.iter().chain(&self.roots).map(|root| root.join(import));
        if let Some(path) = in_roots.into_iter().find(|path| self.exists(path)) {
            return Some(path);
        }
        let base = &self.tree.base;
        if !self.guess {
            return Some(base.join(import)).filter(|path| self.exists(path));
        }
        let inside = folder.ancestors().take_while(|a| a.starts_with(base));
        let above = base.ancestors().skip(1).take(MAX_PARENTS);
        let outside = folder.ancestors().take_while(|a| !a.starts_with(base)).take(MAX_PARENTS);
        inside
            .chain(outside)
            .map(|ancestor| ancestor.join(import))
            .find(|path| self.exists(path))
            .or_else(|| self.nearest_in_tree(folder, import))
            .or_else(|| above.clone().map(|a| a.join(import)).find(|path| path.is_file()))
            .or_else(|| {
                let projects = base.ancestors().take(4);
                let usual = |a: &Path| USUAL_FOLDERS.map(|u| a.join(u).join(import));
                projects.flat_map(usual).find(|path| path.is_file())
            })
    }

    fn exists(&self, path: &Path) -> bool {
        self.known.contains(path) || path.is_file()
    }

    /// The file of the tree whose path ends in `import` that shares most folders with the importing one.
    fn nearest_in_tree(&self, folder: &Path, import: &Path) -> Option<PathBuf> {
        let shared = |path: &Path| {
            folder.components().zip(path.components()).take_while(|(a, b)| a == b).count()
        };
        self.by_name
            .get(import.file_name()?)?
            .iter()
            .filter(|path| path.ends_with(import))
            .max_by_key(|path| {
                (
                    shared(path),
                    std::cmp::Reverse(path.components().count()),
                    std::cmp::Reverse(**path),
                )
            })
            .map(|path| path.to_path_buf())
    }

    /// A folder that would satisfy an import that was not found.
    pub(super) fn suggest(&mut self, folder: &Path, import: &str) -> Option<PathBuf> {
        let import = Path::new(import);
        let root_of = |path: &Path| {
            let depth = import.components().count();
            path.ancestors().nth(depth).map(Path::to_owned)
        };
        if let Some(path) = self.nearest_in_tree(folder, import) {
            return root_of(&path);
        }
        if !self.guess
            && let Some(root) = self.tree.base.ancestors().find(|a| a.join(import).is_file())
        {
            return Some(root.to_owned());
        }
        let base = &self.tree.base;
        let nearby = self.nearby.get_or_insert_with(|| {
            let mut by_name: HashMap<OsString, Vec<PathBuf>> = HashMap::new();
            for path in discover::nearby(base) {
                by_name
                    .entry(path.file_name().unwrap_or_default().to_owned())
                    .or_default()
                    .push(path);
            }
            by_name
        });
        let found = nearby.get(import.file_name()?)?.iter().find(|path| path.ends_with(import))?;
        root_of(found)
    }
}
