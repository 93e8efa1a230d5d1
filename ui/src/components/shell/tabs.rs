//! Open requests.

use crate::{
    components::{icons::Icon, kind::Kind},
    store::{Tab, use_store},
};
use leptos::{ev, prelude::*};

/// The row of tabs.
#[component]
pub fn Tabs() -> impl IntoView {
    let store = use_store();
    let key = move |event: ev::KeyboardEvent| {
        let tabs = store.tabs.get_untracked();
        let active = store.active.get_untracked();
        let at = tabs.iter().position(|tab| Some(tab.id) == active).unwrap_or(0);
        let to = match event.key().as_str() {
            "ArrowLeft" => at.checked_sub(1).unwrap_or(tabs.len().saturating_sub(1)),
            "ArrowRight" => (at + 1) % tabs.len().max(1),
            "Home" => 0,
            "End" => tabs.len().saturating_sub(1),
            "Delete" => return active.into_iter().for_each(|id| store.close_tab(id)),
            _ => return,
        };
        event.prevent_default();
        if let Some(tab) = tabs.get(to) {
            store.show_tab(*tab);
            super::keys::focus(&format!("tab-{}", tab.id));
        }
    };
    view! {
        <div class="tabs" role="tablist" aria-label="Open requests" on:keydown=key>
            <For each=move || store.tabs.get() key=|tab| tab.id let:tab>
                <TabItem tab/>
            </For>
        </div>
    }
}

#[component]
fn TabItem(tab: Tab) -> impl IntoView {
    let store = use_store();
    let on = Memo::new(move |_| store.active.get() == Some(tab.id));
    Effect::new(move |_| {
        if on.get() {
            request_animation_frame(move || super::keys::reveal(&format!("tab-{}", tab.id)));
        }
    });
    let title = move || tab.saved.get().map_or_else(|| tab.title(), |saved| saved.name);
    let running = Memo::new(move |_| {
        tab.call.get().is_some_and(|id| store.call(id).with(|call| call.running()))
    });
    view! {
        <div
            class="tab"
            class:on=on
            class:looked=move || {
                !tab.dirty.get() && tab.call.get().is_none() && tab.saved.get().is_none()
            }
            title=tab.method()
            on:auxclick=move |event| {
                if event.button() == 1 {
                    event.prevent_default();
                    store.close_tab(tab.id);
                }
            }
        >
            <button
                id=format!("tab-{}", tab.id)
                class="tab-label"
                role="tab"
                data-testid="tab"
                data-method=tab.method()
                aria-selected=move || on.get().to_string()
                tabindex=move || if on.get() { "0" } else { "-1" }
                on:click=move |_| store.show_tab(tab)
            >
                <Kind kind=tab.kind/>
                {title}
                <Show when=move || running.get()>
                    <span class="tab-live" role="img" aria-label="running" title="The call runs"></span>
                </Show>
            </button>
            <span class="tab-end">
                <Show when=move || tab.dirty.get()>
                    <span class="tab-dirty" role="img" aria-label="edited" title="Edited since it was saved">"•"</span>
                </Show>
                <button
                    class="icon-button tab-close"
                    tabindex="-1"
                    aria-label="Close"
                    title="Close (Ctrl W or Alt W)"
                    on:click=move |_| store.close_tab(tab.id)
                >
                    {Icon::Close.view()}
                </button>
            </span>
        </div>
    }
}
