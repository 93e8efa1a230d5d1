//! Turns the google/api, google/rpc, google/type and google/longrunning files that a registry package ships into a
//! table of names and texts, so that no copy of them lives in this tree.

use std::path::{Path, PathBuf};
use std::{env, fs, process::Command};

/// The package that ships the files; `googleapis/Cargo.toml` makes Cargo fetch it.
const PACKAGE: &str = "gcloud-googleapis";
const VERSION: &str = "1.1.0";
/// The import root inside that package.
const ROOT: &str = "googleapis";
/// What is built in, each folder without its subfolders.
const FOLDERS: [&str; 5] =
    ["google/api", "google/longrunning", "google/rpc", "google/rpc/context", "google/type"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=CARGO_HOME");
    let root = in_registry().or_else(from_metadata).unwrap_or_else(|| {
        panic!("cannot find the source of {PACKAGE} {VERSION}; `cargo fetch` downloads it")
    });
    println!("cargo::rerun-if-changed={}", root.display());
    let mut table = String::from("&[\n");
    for folder in FOLDERS {
        let mut files: Vec<PathBuf> = fs::read_dir(root.join(folder))
            .unwrap_or_else(|e| panic!("{}: {e}", root.join(folder).display()))
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|e| e == "proto"))
            .collect();
        files.sort();
        for file in files {
            let name = file.file_name().and_then(|n| n.to_str()).expect("a name in ASCII");
            table += &format!("    ({:?}, include_str!({file:?})),\n", format!("{folder}/{name}"));
        }
    }
    table += "]\n";
    let out = env::var_os("OUT_DIR").expect("Cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("googleapis.rs"), table).expect("OUT_DIR is writable");
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
