//! Builds the program again when the screens were built after it.

use std::path::Path;

fn main() {
    let dist = "../../ui/dist";
    println!("cargo::rerun-if-changed=build.rs");
    // Without the folder its parent is watched: naming a path that is not there would build again each time.
    println!(
        "cargo::rerun-if-changed={}",
        if Path::new(dist).exists() { dist } else { "../../ui" }
    );
}
