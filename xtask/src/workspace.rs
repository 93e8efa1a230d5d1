//! Where things are: the checkout, cargo's target folder, the cache of downloaded parts.

use crate::shell;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The checkout: the one that `cargo xtask` is run in. Where this was compiled would not do: clones that share a
/// target folder share this binary.
pub fn root() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let manifest = manifest.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        manifest.parent().unwrap_or(Path::new(".")).to_owned()
    })
}

/// Cargo's target folder, as configuration and environment have it.
pub fn target_dir() -> Result<PathBuf> {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    if let Some(found) = FOUND.get() {
        return Ok(found.clone());
    }
    let text = shell::output(
        shell::cargo().args(["metadata", "--no-deps", "--format-version=1"]),
        "reading the workspace",
    )?;
    let metadata: serde_json::Value = serde_json::from_str(&text).context("cargo metadata")?;
    let folder = metadata["target_directory"].as_str().context("cargo metadata names no target")?;
    Ok(FOUND.get_or_init(|| folder.into()).clone())
}

/// A binary that cargo built under `profile` (`debug`, `release`).
pub fn binary(profile: &str, name: &str) -> Result<PathBuf> {
    Ok(target_dir()?.join(profile).join(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
}

/// Where downloaded parts are kept: `WIRELAB_CACHE`, or the platform's cache folder for Wirelab.
pub fn cache_dir() -> Result<PathBuf> {
    if let Some(folder) = std::env::var_os("WIRELAB_CACHE").filter(|folder| !folder.is_empty()) {
        return Ok(std::path::absolute(folder)?);
    }
    let folders = directories::ProjectDirs::from("", "", "wirelab")
        .context("no home folder, so no cache folder; set WIRELAB_CACHE to a folder")?;
    Ok(folders.cache_dir().to_owned())
}
