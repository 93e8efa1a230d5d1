//! What lies over the screen, one at a time.

use super::{palette::Palette, save::SaveDialog};
use crate::store::{Overlay, use_store};
use leptos::prelude::*;

/// The overlay that shows, if one does.
#[component]
pub fn Overlays() -> impl IntoView {
    let store = use_store();
    move || {
        let inside = match store.overlay.get()? {
            Overlay::Palette { methods } => view! { <Palette methods/> }.into_any(),
            Overlay::Save => view! { <SaveDialog/> }.into_any(),
        };
        Some(view! {
            <div
                class="overlay"
                on:pointerdown=move |event| {
                    if event.target() == event.current_target() {
                        store.overlay.set(None);
                    }
                }
            >
                {inside}
            </div>
        })
    }
}
