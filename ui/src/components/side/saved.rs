//! Saved requests.

use crate::{
    components::{icons::Icon, kind::Kind},
    store::use_store,
};
use leptos::prelude::*;

/// The list, folded away until opened; absent while nothing is saved.
#[component]
pub fn Saved() -> impl IntoView {
    let store = use_store();
    let open = RwSignal::new(false);
    view! {
        <Show when=move || !store.saved.with(Vec::is_empty)>
            <section class="saved" aria-label="Saved requests">
                <button class="panel-head" aria-expanded=move || open.get().to_string() on:click=move |_| open.update(|o| *o = !*o)>
                    <span class="fold" class:open=move || open.get() aria-hidden="true">"▸"</span>
                    "Saved requests"
                    <span class="count">{move || store.saved.with(Vec::len)}</span>
                </button>
                <Show when=move || open.get()>
                    <ul>
                        <For each=move || store.saved.get() key=|saved| (saved.id, saved.updated_unix_ms) let:saved>
                            {
                                let id = saved.id;
                                let name = saved.name.clone();
                                let method = saved.spec.method.clone();
                                let kind = saved.spec.kind;
                                view! {
                                    <li>
                                        <button class="saved-open" data-testid="saved-item" title=method on:click=move |_| store.open_saved(&saved)>
                                            <Kind kind/>
                                            <span class="tree-name">{name.clone()}</span>
                                        </button>
                                        <button class="icon-button" aria-label=format!("Delete {name}") title="Delete" on:click=move |_| store.delete_saved(id)>
                                            {Icon::Trash.view()}
                                        </button>
                                    </li>
                                }
                            }
                        </For>
                    </ul>
                </Show>
            </section>
        </Show>
    }
}
