//! `.proto` files and folders: reads every file once, on all cores, follows imports until none is left, and gives
//! each file the name that imports know it by.

use super::{
    discover::{self, Tree, unreadable},
    limits::{MAX_FILE_BYTES, MAX_FILES, MAX_SOURCE_BYTES},
    link::{Content, Import, Unit},
    parse::{Parsed, parse, parse_builtin},
    resolve::{Found, Resolver},
};
use crate::{builtin, problem::Problems, problem::place};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io::Read,
    path::{Component, Path, PathBuf},
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    thread,
};
use wirelab_model::{Problem, ProblemKind};

/// Reads what `path` holds and what that imports.
pub(super) fn load(path: &Path, import_roots: &[PathBuf], problems: &mut Problems) -> Vec<Unit> {
    let Some(tree) = discover::walk(path, problems) else { return vec![] };
    if tree.protos.is_empty() {
        return vec![];
    }
    let mut loader = Loader {
        tree: &tree,
        resolver: Resolver::new(&tree, import_roots, problems),
        problems,
        entries: vec![],
        index: HashMap::new(),
        by_text: HashMap::new(),
        read: AtomicU64::new(0),
    };
    loader.run();
    loader.into_units()
}

/// What an entry is known by while loading.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    File(PathBuf),
    Builtin(String),
}

/// A file that was read.
struct Entry {
    key: Key,
    parsed: Option<Parsed>,
    targets: Vec<Option<Key>>,
}

struct Loader<'a> {
    tree: &'a Tree,
    resolver: Resolver<'a>,
    problems: &'a mut Problems,
    entries: Vec<Entry>,
    index: HashMap<Key, usize>,
    /// Entries by file name and hash of the text: the same file vendored twice counts once.
    by_text: HashMap<(PathBuf, u64), usize>,
    /// Bytes read so far.
    read: AtomicU64,
}

impl Loader<'_> {
    fn run(&mut self) {
        let mut todo = self.tree.protos.clone();
        let mut done = 0;
        while !todo.is_empty() {
            self.read_all(&todo);
            let mut next = BTreeSet::new();
            while done < self.entries.len() {
                if matches!(self.entries.get(done), Some(Entry { key: Key::File(_), .. })) {
                    self.resolve(done, &mut next);
                }
                done += 1;
            }
            todo = next.into_iter().collect();
        }
        self.renew_descriptor();
        // Built-in files come last, when it is known which of what they import the source has itself.
        for name in builtin::ALWAYS {
            if self.own_copy(name).is_none() {
                self.add_builtin(name);
            }
        }
        let mut index = 0;
        while index < self.entries.len() {
            self.resolve_builtin(index);
            index += 1;
        }
    }

    /// A copy of `descriptor.proto` from before editions cannot hold what files of editions set.
    fn renew_descriptor(&mut self) {
        const NAME: &str = "google/protobuf/descriptor.proto";
        let parsed = |entry: &Entry| entry.parsed.as_ref().is_some_and(|p| p.edition.is_some());
        if !self.entries.iter().any(parsed) {
            return;
        }
        for entry in &mut self.entries {
            if let (Key::File(path), Some(parsed)) = (&entry.key, &mut entry.parsed)
                && path.ends_with(NAME)
                && !parsed.descriptor.message_type.iter().any(|m| m.name() == "FeatureSet")
                && let Some(newer) = parse_builtin(NAME)
            {
                *parsed = newer;
                entry.targets.clear();
            }
        }
    }

    /// The file of the source that an import by a built-in file means.
    fn own_copy(&mut self, name: &str) -> Option<Key> {
        let Found::File(path) = self.resolver.resolve(&self.tree.base, name) else { return None };
        let key = Key::File(path);
        let entry = self.index.get(&key).and_then(|i| self.entries.get(*i))?;
        entry.parsed.is_some().then_some(key)
    }

    fn resolve_builtin(&mut self, index: usize) {
        let Some(Entry { key: Key::Builtin(_), parsed: Some(parsed), .. }) =
            self.entries.get(index)
        else {
            return;
        };
        let mut targets = vec![];
        for name in parsed.descriptor.dependency.clone() {
            targets.push(Some(self.own_copy(&name).unwrap_or_else(|| {
                self.add_builtin(&name);
                Key::Builtin(name)
            })));
        }
        if let Some(entry) = self.entries.get_mut(index) {
            entry.targets = targets;
        }
    }

    fn read_all(&mut self, paths: &[PathBuf]) {
        for (path, text) in paths.iter().zip(read_and_parse(paths, &self.read)) {
            let key = Key::File(path.clone());
            if self.entries.len() >= MAX_FILES {
                let message = format!("more than {MAX_FILES} files with those that are imported");
                self.problems.cause(Problem::new(ProblemKind::TooLarge, message));
                return;
            }
            let name = PathBuf::from(path.file_name().unwrap_or_default());
            if let Some(hash) = text.hash {
                if let Some(same) = self.by_text.get(&(name.clone(), hash)) {
                    self.index.insert(key, *same);
                    continue;
                }
                self.by_text.insert((name, hash), self.entries.len());
            }
            let parsed = match text.parsed {
                Ok(parsed) => Some(parsed),
                Err(problems) => {
                    let shown = self.tree.shown(path);
                    self.problems.extend(problems.into_iter().map(|p| p.at(&shown)));
                    None
                }
            };
            self.index.insert(key.clone(), self.entries.len());
            self.entries.push(Entry { key, parsed, targets: vec![] });
        }
    }

    fn add_builtin(&mut self, name: &str) {
        let key = Key::Builtin(name.to_owned());
        if !self.index.contains_key(&key) {
            self.index.insert(key.clone(), self.entries.len());
            self.entries.push(Entry { key, parsed: parse_builtin(name), targets: vec![] });
        }
    }

    /// Finds what a file imports; files that are not read yet go to `next`.
    fn resolve(&mut self, index: usize, next: &mut BTreeSet<PathBuf>) {
        let Some(entry) = self.entries.get(index) else { return };
        let (Some(parsed), Key::File(path)) = (&entry.parsed, &entry.key) else { return };
        let path = path.clone();
        let folder = path.parent().unwrap_or(&self.tree.base).to_owned();
        let imports = parsed.descriptor.dependency.clone();
        let spans = parsed.import_spans.clone();
        let mut targets = Vec::with_capacity(imports.len());
        for (import, span) in imports.iter().zip(spans) {
            targets.push(match self.resolver.resolve(&folder, import) {
                Found::File(found) => {
                    let key = Key::File(found.clone());
                    let known = self.index.get(&key).and_then(|i| self.entries.get(*i));
                    let broken = known.is_some_and(|entry| entry.parsed.is_none());
                    if broken && builtin::contains(import) {
                        self.add_builtin(import);
                        Some(Key::Builtin(import.clone()))
                    } else {
                        if known.is_none() {
                            next.insert(found);
                        }
                        Some(key)
                    }
                }
                Found::Builtin => {
                    self.add_builtin(import);
                    Some(Key::Builtin(import.clone()))
                }
                Found::Missing => {
                    let help = match self.resolver.suggest(&folder, import) {
                        Some(root) => {
                            format!(
                                "Add the folder `{}` to the import roots",
                                self.tree.shown(&root)
                            )
                        }
                        None => format!("Add the folder that holds `{import}` to the import roots"),
                    };
                    let shown = self.tree.shown(&path);
                    let message = format!("cannot find the import `{import}`");
                    let problem =
                        Problem::new(ProblemKind::MissingImport, message).help(help).at(shown);
                    self.problems.cause(Problem { span, ..problem });
                    None
                }
            });
        }
        if let Some(entry) = self.entries.get_mut(index) {
            entry.targets = targets;
        }
    }

    fn into_units(self) -> Vec<Unit> {
        let names = self.names();
        let (tree, index) = (self.tree, self.index);
        let unit = |(entry, name): (Entry, String)| {
            let spans = entry.parsed.as_ref().map(|p| p.import_spans.clone()).unwrap_or_default();
            let targets = entry.targets.iter().map(|key| index.get(key.as_ref()?).copied());
            let imports =
                targets.zip(spans).map(|(target, span)| Import { span, target }).collect();
            match entry.key {
                Key::Builtin(_) => Some(Unit::builtin(&name, entry.parsed?, imports)),
                Key::File(path) => Some(Unit {
                    name,
                    shown: Some(tree.shown(&path)),
                    imports,
                    content: match entry.parsed {
                        Some(parsed) => Content::Parsed(Box::new(parsed)),
                        None => Content::Broken,
                    },
                    builtin: false,
                    text: Some(Box::new(move || fs::read_to_string(&path).ok())),
                }),
            }
        };
        self.entries.into_iter().zip(names).filter_map(unit).collect()
    }

    /// What each entry is called, in order and without repetition.
    fn names(&self) -> Vec<String> {
        // How often each file is imported, by the name that it is imported by.
        let mut imported: HashMap<usize, BTreeMap<&str, usize>> = HashMap::new();
        for entry in &self.entries {
            let Some(parsed) = &entry.parsed else { continue };
            for (import, key) in parsed.descriptor.dependency.iter().zip(&entry.targets) {
                if let Some(target) = key.as_ref().and_then(|key| self.index.get(key)) {
                    *imported.entry(*target).or_default().entry(import).or_default() += 1;
                }
            }
        }
        // The folders that those names start from.
        let mut roots = BTreeSet::new();
        for (index, names) in &imported {
            if let Some(Entry { key: Key::File(path), .. }) = self.entries.get(*index) {
                for name in names.keys() {
                    roots.extend(path.ancestors().nth(Path::new(name).components().count()));
                }
            }
        }
        let mut used = HashSet::new();
        let mut names = vec![];
        for (index, entry) in self.entries.iter().enumerate() {
            let mut name = match &entry.key {
                Key::Builtin(name) => name.clone(),
                Key::File(path) => self.name(path, entry, imported.get(&index), &roots),
            };
            if let (true, Key::File(path)) = (used.contains(&name), &entry.key) {
                name = slashed(path.strip_prefix(&self.tree.base).unwrap_or(path));
                if used.contains(&name) {
                    name = slashed(path);
                }
            }
            used.insert(name.clone());
            names.push(name);
        }
        names
    }

    /// What a file is called: relative to the root that was named for it; else what most imports call it; else
    /// as its package says; else relative to the innermost folder that other imports start from.
    fn name(
        &self,
        path: &Path,
        entry: &Entry,
        imported: Option<&BTreeMap<&str, usize>>,
        roots: &BTreeSet<&Path>,
    ) -> String {
        if let Some(rest) = self.resolver.named_root(path).and_then(|r| path.strip_prefix(r).ok()) {
            return slashed(rest);
        }
        if let Some((name, _)) = imported.and_then(|names| names.iter().max_by_key(|(_, n)| **n)) {
            return (*name).to_owned();
        }
        let package = entry.parsed.as_ref().map_or("", |p| p.descriptor.package());
        let folder = package.replace('.', "/");
        if !package.is_empty() && path.parent().is_some_and(|parent| parent.ends_with(&folder)) {
            let name = path.file_name().unwrap_or_default();
            return format!("{folder}/{}", name.display());
        }
        let around = path.ancestors().skip(1).find(|folder| roots.contains(folder));
        let root = around.unwrap_or(&self.tree.base);
        slashed(path.strip_prefix(root).unwrap_or(path))
    }
}

/// A path as imports write it.
fn slashed(path: &Path) -> String {
    let parts = path.components().filter(|c| matches!(c, Component::Normal(_)));
    parts.map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// A file that was read, or why not.
struct Text {
    parsed: Result<Parsed, Vec<Problem>>,
    hash: Option<u64>,
}

/// Reads and parses all of `paths`, in order. `total` counts bytes.
fn read_and_parse(paths: &[PathBuf], total: &AtomicU64) -> Vec<Text> {
    /// The parser recurses as deep as a file nests, which is bounded; a thread's default stack would do, narrowly.
    const STACK_BYTES: usize = 16 << 20;
    const MAX_THREADS: usize = 8;
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = vec![];
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(path) = paths.get(index) else { return done };
            done.push((index, read_one(path, total)));
        }
    };
    let mut texts: Vec<(usize, Text)> = thread::scope(|scope| {
        let spawn = |_| thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work);
        let handles: Vec<_> = (0..threads.min(paths.len())).filter_map(|i| spawn(i).ok()).collect();
        let mut texts = vec![];
        for handle in handles {
            texts.extend(handle.join().unwrap_or_default());
        }
        // Where no thread could be had, or one panicked, this one does what is left.
        texts.extend(work());
        texts
    });
    texts.sort_by_key(|(index, _)| *index);
    let mut texts = texts.into_iter().peekable();
    let lost = || {
        let problem = Problem::new(ProblemKind::Internal, "the parser failed");
        Text { parsed: Err(vec![problem]), hash: None }
    };
    (0..paths.len())
        .map(|i| texts.next_if(|(index, _)| *index == i).map_or_else(lost, |(_, text)| text))
        .collect()
}

fn read_one(path: &Path, total: &AtomicU64) -> Text {
    let text = match read_text(path, total) {
        Ok(text) => text,
        Err(problem) => return Text { parsed: Err(vec![problem]), hash: None },
    };
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    Text { parsed: parse(&text), hash: Some(hasher.finish()) }
}

fn read_text(path: &Path, total: &AtomicU64) -> Result<String, Problem> {
    let too_large = |limit: u64, what: &str| {
        let message = format!("{what} of {limit} bytes");
        Err(Problem::new(ProblemKind::TooLarge, message).help("Leave it out or split it"))
    };
    let file = fs::File::open(path).map_err(|e| unreadable(path, &e))?;
    let mut bytes = vec![];
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|e| unreadable(path, &e))?;
    let length = bytes.len() as u64;
    if length > MAX_FILE_BYTES {
        return too_large(MAX_FILE_BYTES, "larger than the limit");
    }
    if total.fetch_add(length, Ordering::Relaxed) + length > MAX_SOURCE_BYTES {
        return too_large(MAX_SOURCE_BYTES, "not read because all files together pass the limit");
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let at = place(
            &String::from_utf8_lossy(error.as_bytes().get(..valid).unwrap_or_default()),
            valid,
        );
        Problem::new(ProblemKind::Syntax, "not valid UTF-8")
            .help("Save it as UTF-8")
            .span(at.line, at.column)
    })?;
    // Editors on Windows put a mark in front that the language does not know.
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}
