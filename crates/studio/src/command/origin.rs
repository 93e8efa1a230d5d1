//! Which files a line has to name.

use super::format::Origin;
use std::{
    collections::VecDeque,
    fs,
    path::{Path, PathBuf},
};
use wirelab_model::{Catalog, SourceSpec};

/// How many folders are looked into for the one that a file's name starts from.
const MAX_FOLDERS: usize = 2_000;

/// Where the schema of a method comes from.
pub fn of(catalog: &Catalog, method: &str) -> Origin {
    let service = method.rsplit_once('/').map_or(method, |(service, _)| service);
    let Some(service) = catalog.services.iter().find(|known| known.name == service) else {
        return Origin::Unknown;
    };
    let source = catalog.sources.iter().find(|source| source.id == service.source);
    match source.map(|source| &source.spec) {
        None => Origin::Unknown,
        Some(SourceSpec::Reflection { metadata, .. }) => Origin::Reflection(metadata.clone()),
        Some(SourceSpec::DescriptorSet { path }) => Origin::ProtoSet(path.clone()),
        Some(SourceSpec::Files { path, import_roots }) => {
            let roots: Vec<PathBuf> = import_roots.iter().map(PathBuf::from).collect();
            let text = |path: &Path| path.to_string_lossy().into_owned();
            match root(Path::new(path), &roots, Path::new(&service.file)) {
                Some(root) => {
                    let mut all = vec![text(&root)];
                    all.extend(
                        roots.iter().map(|root| text(root)).filter(|named| *named != text(&root)),
                    );
                    Origin::Proto { file: service.file.clone(), roots: all }
                }
                None => Origin::Proto { file: path.clone(), roots: import_roots.clone() },
            }
        }
    }
}

/// The folder below which a file has this name: one that was named, the opened one or one above, or one below it.
fn root(opened: &Path, named: &[PathBuf], file: &Path) -> Option<PathBuf> {
    let holds = |folder: &&Path| folder.join(file).is_file();
    let near = named.iter().map(PathBuf::as_path).chain(opened.ancestors());
    if let Some(root) = near.filter(|folder| folder.is_absolute()).find(holds) {
        return Some(root.to_owned());
    }
    let mut todo = VecDeque::from([opened.to_owned()]);
    for _ in 0..MAX_FOLDERS {
        let folder = todo.pop_front()?;
        if holds(&folder.as_path()) {
            return Some(folder);
        }
        let entries = fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok);
        let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        let mut folders: Vec<PathBuf> = folders.map(|entry| entry.path()).collect();
        folders.sort();
        todo.extend(folders);
    }
    None
}

/// Where a `-proto` file is: from here, or else, as protoc and grpcurl have it, from an import path.
pub fn locate(file: &Path, import_paths: &[&Path]) -> PathBuf {
    if file.is_absolute() || file.exists() {
        return file.to_owned();
    }
    let found = import_paths.iter().map(|root| root.join(file)).find(|path| path.exists());
    found.unwrap_or_else(|| file.to_owned())
}
