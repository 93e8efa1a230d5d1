//! The bar that finds a text in a response.

use crate::{
    components::icons::Icon,
    state::{find::Find, highlight::Document},
    store::use_store,
};
use leptos::{ev::KeyboardEvent, html::Input, prelude::*};
use std::sync::Arc;

/// A search in a text that may change.
#[derive(Clone, Copy)]
pub struct Finder {
    /// The search; empty while the bar is closed.
    pub find: RwSignal<Find>,
    open: RwSignal<bool>,
    input: NodeRef<Input>,
}

impl Finder {
    /// A closed bar over a text; Ctrl+F opens it.
    pub fn new(document: Memo<Arc<Document>>) -> Finder {
        let finder = Finder {
            find: RwSignal::new(Find::default()),
            open: RwSignal::new(false),
            input: NodeRef::new(),
        };
        let asked = use_store().find;
        Effect::new(move |before: Option<u64>| {
            let now = asked.get();
            if before.is_some_and(|before| before != now) {
                finder.open();
            }
            now
        });
        Effect::new(move |_| {
            let document = document.get();
            if !finder.find.with_untracked(|find| find.needle().is_empty()) {
                finder.find.update(|find| *find = find.again(document.text()));
            }
        });
        finder
    }

    fn open(self) {
        self.open.set(true);
        request_animation_frame(move || {
            if let Some(input) = self.input.try_get_untracked().flatten() {
                let _ = input.focus();
                input.select();
            }
        });
    }

    fn close(self) {
        self.open.set(false);
        self.find.set(Find::default());
    }
}

/// The bar; nothing while it is closed.
#[component]
pub fn FindBar(finder: Finder, document: Memo<Arc<Document>>) -> impl IntoView {
    let Finder { find, open, input } = finder;
    let typed = move |event| {
        let needle = event_target_value(&event);
        find.set(document.with_untracked(|document| Find::new(document.text(), &needle)));
    };
    let key = move |event: KeyboardEvent| match event.key().as_str() {
        "Enter" if event.shift_key() => find.update(Find::previous),
        "Enter" => find.update(Find::next),
        "Escape" => {
            event.prevent_default();
            event.stop_propagation();
            finder.close();
        }
        _ => {}
    };
    view! {
        <Show when=move || open.get()>
            <div class="find" role="search">
                <input
                    node_ref=input
                    type="text"
                    placeholder="Find in response"
                    aria-label="Find in response"
                    spellcheck="false"
                    autocomplete="off"
                    data-testid="find-input"
                    prop:value=move || find.with(|find| find.needle().to_owned())
                    on:input=typed
                    on:keydown=key
                />
                <span class="faint" role="status">{move || find.with(Find::summary)}</span>
                <button type="button" class="icon-button" title="Previous (Shift+Enter)" aria-label="Previous match"
                    on:click=move |_| find.update(Find::previous)>"↑"</button>
                <button type="button" class="icon-button" title="Next (Enter)" aria-label="Next match"
                    on:click=move |_| find.update(Find::next)>"↓"</button>
                <button type="button" class="icon-button" title="Close (Esc)" aria-label="Close find"
                    on:click=move |_| finder.close()>{Icon::Close.view()}</button>
            </div>
        </Show>
    }
}
