//! A Python with gRPC and its services: a server that shares no code with ours.

use super::{Variables, bring};
use crate::shell;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

const PACKAGES: &[&str] = &[
    "grpcio==1.85.1",
    "grpcio-reflection==1.85.1",
    "grpcio-health-checking==1.85.1",
    "grpcio-status==1.85.1",
    // The last one there is.
    "grpcio-channelz==1.85.0",
    "googleapis-common-protos==1.76.0",
    // The judge of what OpenAPI is.
    "openapi-spec-validator==0.9.0",
    // What grpcurl's package is unpacked by.
    "setuptools==84.2.1",
];

const MODULES: &str = "grpc, grpc_reflection.v1alpha.reflection, grpc_health.v1.health, \
    grpc_channelz.v1.channelz, grpc_status, google.api, openapi_spec_validator";

/// Brings it: the interpreter, and the import root of `googleapis-common-protos`, whose files are below `google`.
pub fn ensure(cache: &Path) -> Result<Variables> {
    let folder = folder(cache);
    let python = program(cache);
    bring(&folder, &PACKAGES.join("\n"), "a Python with gRPC", |folder| {
        // A virtual environment of its own: Debian's Python is managed by the system (PEP 668).
        let mut create = shell::command("python3");
        shell::run(create.args(["-m", "venv"]).arg(folder), "making a Python environment")?;
        let mut install = shell::command(&python);
        install.args(["-m", "pip", "install", "--quiet", "--no-input", "--only-binary=:all:"]);
        install.args(["--disable-pip-version-check", "--retries=5"]);
        shell::run(install.args(PACKAGES), "installing Python's gRPC")
    })?;
    let root = format!("import {MODULES}, sysconfig; print(sysconfig.get_path('purelib'))");
    let root = shell::output(shell::command(&python).args(["-c", &root]), "checking Python's gRPC")
        .with_context(|| format!("delete {} and run this again", folder.display()))?;
    Ok(vec![("WIRELAB_PYTHON", python), ("WIRELAB_COMMON_PROTOS", root.trim().into())])
}

/// The interpreter, once it is there.
pub fn program(cache: &Path) -> PathBuf {
    folder(cache).join("bin/python")
}

fn folder(cache: &Path) -> PathBuf {
    cache.join("python")
}
