//! Turns the google/api, google/rpc, google/type and google/longrunning files and the `descriptor.proto` that registry
//! packages ship, and the features of languages in `builtin`, into a table of names and texts, so that no copy of the
//! former lives in this tree.

use std::path::{Path, PathBuf};
use std::{env, fs};
use wirelab_googleapis::{DESCRIPTOR, GOOGLEAPIS};

/// What is built in of Google's APIs, each folder without its subfolders.
const FOLDERS: [&str; 5] =
    ["google/api", "google/longrunning", "google/rpc", "google/rpc/context", "google/type"];

/// The folder of what Protobuf itself ships.
const PROTOBUF: &str = "google/protobuf";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=CARGO_HOME");
    let own =
        PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("Cargo sets it")).join("builtin");
    let [apis, descriptor] = [GOOGLEAPIS, DESCRIPTOR]
        .map(|package| package.root().unwrap_or_else(|problem| panic!("{problem}")));
    let mut table = String::from("&[\n");
    let apis = FOLDERS.map(|folder| (&apis, folder));
    for (root, folder) in apis.into_iter().chain([(&descriptor, PROTOBUF), (&own, PROTOBUF)]) {
        println!("cargo::rerun-if-changed={}", root.display());
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
