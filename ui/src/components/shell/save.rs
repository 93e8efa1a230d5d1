//! The name for a saved request.

use crate::store::use_store;
use leptos::{html, prelude::*};

/// The dialog.
#[component]
pub fn SaveDialog() -> impl IntoView {
    let store = use_store();
    let tab = store.active_tab_now();
    let name = RwSignal::new(tab.map(|tab| tab.title()).unwrap_or_default());
    let taken = Memo::new(move |_| {
        let name = name.get();
        store.saved.with(|saved| saved.iter().any(|s| s.name == name.trim()))
    });
    let usable = move || !name.with(|n| n.trim().is_empty()) && !taken.get();
    let input = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        if let Some(input) = input.get() {
            let _ = input.focus();
            input.select();
        }
    });
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if let Some(tab) = tab.filter(|_| untrack(usable)) {
            store.overlay.set(None);
            store.save_as(tab, name.get_untracked().trim().to_owned());
        }
    };
    view! {
        <form class="dialog" role="dialog" aria-modal="true" aria-label="Save request" on:submit=save>
            <h2>"Save request"</h2>
            <label for="save-name">"Name"</label>
            <input
                id="save-name"
                class="in"
                node_ref=input
                data-testid="save-name"
                autocomplete="off"
                maxlength="200"
                prop:value=move || name.get()
                on:input=move |event| name.set(event_target_value(&event))
            />
            <Show when=move || taken.get()>
                <p class="msg">"Another saved request has this name: choose another, or delete that one"</p>
            </Show>
            <div class="dialog-buttons">
                <button type="button" class="btn" on:click=move |_| store.overlay.set(None)>"Cancel"</button>
                <button type="submit" class="btn go" data-testid="save-confirm" disabled=move || !usable()>"Save"</button>
            </div>
        </form>
    }
}
