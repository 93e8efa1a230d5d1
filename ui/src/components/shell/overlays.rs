//! What lies over the screen, one at a time.

use super::{palette::Palette, save::SaveDialog};
use crate::store::{Overlay, use_store};
use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// The overlay that shows, if one does.
#[component]
pub fn Overlays() -> impl IntoView {
    let store = use_store();
    // What had the focus before gets it back.
    let before = StoredValue::new_local(None::<web_sys::HtmlElement>);
    Effect::new(move |was_open: Option<bool>| {
        let open = store.overlay.get().is_some();
        match (was_open.unwrap_or(false), open) {
            (false, true) => {
                let focused = document().active_element();
                before.set_value(focused.and_then(|e| e.dyn_into::<web_sys::HtmlElement>().ok()));
            }
            (true, false) => {
                if let Some(element) = before.get_value() {
                    let _ = element.focus();
                }
            }
            _ => {}
        }
        open
    });
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
