//! The page's entry point; see the library.

#[cfg(target_arch = "wasm32")]
fn main() {
    wirelab_ui::start();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("The screens run in a browser: build them with `cargo xtask ui`");
    std::process::exit(2);
}
