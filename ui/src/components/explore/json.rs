//! The message as JSON text.

use crate::store::Tab;
use leptos::prelude::*;

/// The JSON tab.
#[component]
pub fn JsonView(tab: Tab) -> impl IntoView {
    view! {
        <textarea
            data-testid="json-editor"
            prop:value=move || tab.editor.with(|e| e.text().to_owned())
            on:input=move |event| {
                tab.editor.update(|e| e.set_text(event_target_value(&event), js_sys::Date::now()));
                tab.dirty.set(true);
            }
        ></textarea>
    }
}
