//! Where Cargo put the `.proto` files that a registry package ships, for build scripts. Knows nothing of Protobuf.

use std::path::{Path, PathBuf};
use std::{env, fs, process::Command};

/// The package that ships the files; this package's manifest makes Cargo fetch it.
pub const PACKAGE: &str = "gcloud-googleapis";
/// The version that the manifest pins.
pub const VERSION: &str = "1.1.0";
/// The import root inside that package.
const ROOT: &str = "googleapis";

/// The import root under which `google/api`, `google/rpc` and their neighbours lie.
///
/// # Errors
/// A sentence when Cargo has not fetched the package.
pub fn root() -> Result<PathBuf, String> {
    in_registry().or_else(from_metadata).ok_or_else(|| {
        format!("cannot find the source of {PACKAGE} {VERSION}; `cargo fetch` downloads it")
    })
}

/// Where Cargo unpacks registry packages unless the user replaced the registry.
fn in_registry() -> Option<PathBuf> {
    let home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(env::home_dir()?.join(".cargo")))?;
    fs::read_dir(home.join("registry/src"))
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path().join(format!("{PACKAGE}-{VERSION}/{ROOT}"))))
        .find(|root| root.is_dir())
}

/// Wherever else Cargo found the package: a vendored folder, say. Slower, since it resolves the whole workspace.
fn from_metadata() -> Option<PathBuf> {
    let output = Command::new(env::var_os("CARGO")?)
        .args(["metadata", "--format-version", "1", "--filter-platform", &env::var("HOST").ok()?])
        .current_dir(env::var_os("CARGO_MANIFEST_DIR")?)
        .output()
        .ok()?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
    let package = metadata["packages"].as_array()?.iter().find(|p| p["name"] == PACKAGE)?;
    Some(Path::new(package["manifest_path"].as_str()?).parent()?.join(ROOT)).filter(|r| r.is_dir())
}
