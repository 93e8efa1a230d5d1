//! Turns the google/api, google/rpc, google/type and google/longrunning files that a registry package ships into a
//! table of names and texts, so that no copy of them lives in this tree.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// What is built in, each folder without its subfolders.
const FOLDERS: [&str; 5] =
    ["google/api", "google/longrunning", "google/rpc", "google/rpc/context", "google/type"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=CARGO_HOME");
    let root = wirelab_googleapis::root().unwrap_or_else(|problem| panic!("{problem}"));
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
