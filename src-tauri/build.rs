//! Embeds the screens and the capabilities.

use std::path::Path;

/// Where `tauri.conf.json` looks for the screens.
const SCREENS: &str = "../ui/dist";

fn main() {
    if !Path::new(SCREENS).join("index.html").is_file() {
        // What the embedding would say instead does not tell what to do.
        println!("cargo::error=the screens are not built: run `cargo xtask ui` first");
        return;
    }
    println!("cargo::rerun-if-changed={SCREENS}");
    tauri_build::build();
}
