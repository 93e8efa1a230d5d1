//! Programs that come as Python packages, into a folder of their own.

use super::entries;
use crate::shell;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Unpacks what a line of pip's requirements names, version and hashes, into `folder`, by that Python's pip.
pub fn install(python: &Path, folder: &Path, requirement: &str, what: &str) -> Result<()> {
    let mut pip = command(python, "install", folder, requirement)?;
    shell::run(pip.arg("--only-binary=:all:").arg("--target").arg(folder), what)
}

/// Puts the archive of a package that comes as source only into `folder`, and says where.
pub fn source(python: &Path, folder: &Path, requirement: &str, what: &str) -> Result<PathBuf> {
    let mut pip = command(python, "download", folder, requirement)?;
    // What it takes to build a package is in the environment: pip asks it for its name only.
    pip.args(["--no-binary=:all:", "--no-build-isolation"]).arg("--dest").arg(folder);
    shell::run(&mut pip, what)?;
    entries(folder)?
        .into_iter()
        .find(|path| path.extension().is_some_and(|ending| ending == "gz"))
        .context("pip left no archive")
}

fn command(python: &Path, verb: &str, folder: &Path, requirement: &str) -> Result<Command> {
    let requirements = folder.join("requirements.txt");
    fs::write(&requirements, requirement).context("writing pip's requirements")?;
    let mut pip = shell::command(python);
    pip.args(["-m", "pip", verb, "--quiet", "--no-input", "--disable-pip-version-check"]);
    pip.args(["--retries=5", "--no-deps", "--require-hashes"]);
    pip.arg("--requirement").arg(requirements);
    Ok(pip)
}
