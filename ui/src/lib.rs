//! The screens of Wirelab.
//!
//! - [`state`]: what the screens know, as plain structs with pure functions; built and tested natively.
//! - [`backend`]: how a screen reaches the studio: over HTTP, through the desktop window, or canned.
//! - `store` and `components`: Leptos signals over `state`, and what is drawn. They exist in the browser only.
//!
//! The screens know the studio by `wirelab-model` alone: no gRPC, database or file is reached from here.

pub mod backend;
pub mod state;

#[cfg(target_arch = "wasm32")]
mod components;
#[cfg(target_arch = "wasm32")]
mod store;

/// Draws the studio into the page.
#[cfg(target_arch = "wasm32")]
pub fn start() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(components::App);
}
