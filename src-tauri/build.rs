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
    // Here and not in the program, which is compiled twice at once for its tests: both would write the same files.
    let attributes = tauri_build::Attributes::new().codegen(tauri_build::CodegenContext::new());
    if let Err(error) = tauri_build::try_build(attributes) {
        println!("cargo::error={error:#}");
    }
}
