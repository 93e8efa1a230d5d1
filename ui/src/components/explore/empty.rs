//! What Explore shows while no tab is open.

use crate::{
    components::icons::Icon,
    store::{Overlay, use_store},
};
use leptos::prelude::*;

/// The way on.
#[component]
pub fn Empty() -> impl IntoView {
    let store = use_store();
    let none = move || store.loaded.get() && store.catalog.with(|c| c.services.is_empty());
    view! {
        <div class="empty">
            {Icon::Explore.view()}
            <h1>{move || if none() { "Nothing to call yet" } else { "Choose a method" }}</h1>
            <p class="dim">
                {move || if none() {
                    "Add a folder of .proto files, a descriptor set, or a server with reflection: the + beside Sources"
                } else {
                    "Click one in the tree, or find it by a few letters"
                }}
            </p>
            <Show when=move || !none()>
                <button class="btn" on:click=move |_| store.overlay.set(Some(Overlay::Palette { methods: true }))>
                    "Go to method" <kbd>"Ctrl P"</kbd>
                </button>
            </Show>
        </div>
    }
}
