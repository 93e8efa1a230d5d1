//! The command palette: methods, saved requests, views and actions by a few letters.

use super::keys;
use crate::{
    components::kind::Kind,
    state::{
        command,
        palette::{Entry, Target, entries, open_command, rank},
        route::Route,
        session::TabDraft,
    },
    store::{Store, use_store},
};
use leptos::{ev, html, prelude::*};

/// How many entries show at most.
const SHOWN: usize = 60;

/// The palette.
#[component]
pub fn Palette(
    /// Whether it offers methods only.
    methods: bool,
) -> impl IntoView {
    let store = use_store();
    let query = RwSignal::new(String::new());
    let chosen = RwSignal::new(0usize);
    let all = Memo::new(move |_| {
        let exploring = store.active_tab().is_some();
        store
            .catalog
            .with(|catalog| store.saved.with(|saved| entries(catalog, saved, methods, exploring)))
    });
    // A line as it was pasted: an input drops its line ends.
    let pasted = RwSignal::new(None::<String>);
    let line = Memo::new(move |_| {
        let typed = || query.with(|query| command::pasted(query).map(str::to_owned));
        pasted.get().or_else(typed)
    });
    let found = Memo::new(move |_| match line.get() {
        Some(line) => vec![open_command(&line)],
        None => all.with(|all| query.with(|query| rank(all, query, SHOWN))),
    });
    let input = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        if let Some(input) = input.get() {
            let _ = input.focus();
        }
    });
    let go = move |at: usize| {
        if let Some(entry) = found.with_untracked(|found| found.get(at).cloned()) {
            store.overlay.set(None);
            match (entry.target, line.get_untracked()) {
                (Target::OpenCommand, Some(line)) => store.open_command(line),
                (target, _) => act(store, target),
            }
        }
    };
    let key = move |event: ev::KeyboardEvent| {
        let last = found.with_untracked(Vec::len).saturating_sub(1);
        let at = chosen.get_untracked().min(last);
        let to = match event.key().as_str() {
            "ArrowDown" => {
                if at == last {
                    0
                } else {
                    at + 1
                }
            }
            "ArrowUp" => at.checked_sub(1).unwrap_or(last),
            "PageDown" => (at + 10).min(last),
            "PageUp" => at.saturating_sub(10),
            "Enter" => {
                event.prevent_default();
                return go(at);
            }
            "Tab" => at,
            _ => return,
        };
        event.prevent_default();
        chosen.set(to);
        keys::reveal(&format!("palette-{to}"));
    };
    let row = move |at: usize, entry: Entry| {
        view! {
            <li
                id=format!("palette-{at}")
                role="option"
                data-testid="palette-item"
                class:on=move || chosen.get() == at
                aria-selected=move || (chosen.get() == at).to_string()
                on:pointermove=move |_| chosen.set(at)
                on:click=move |_| go(at)
            >
                {match entry.kind {
                    Some(kind) => view! { <Kind kind/> }.into_any(),
                    None => view! { <span class="palette-mark">{entry.mark}</span> }.into_any(),
                }}
                <span class="palette-title">{entry.title}</span>
                <span class="palette-note">{entry.note}</span>
            </li>
        }
    };
    view! {
        <div class="palette" role="dialog" aria-modal="true" aria-label="Commands" data-testid="palette">
            <input
                node_ref=input
                data-testid="palette-input"
                role="combobox"
                aria-expanded="true"
                aria-controls="palette-list"
                aria-activedescendant=move || format!("palette-{}", chosen.get())
                placeholder=if methods { "Go to a method" } else { "Find a method, view or command, or paste a grpcurl line" }
                autocomplete="off"
                spellcheck="false"
                prop:value=move || query.get()
                on:input=move |event| {
                    query.set(event_target_value(&event));
                    pasted.set(None);
                    chosen.set(0);
                }
                on:paste=move |event| {
                    let text = event.clipboard_data().and_then(|data| data.get_data("text").ok());
                    if let Some(line) = text.as_deref().and_then(command::pasted) {
                        event.prevent_default();
                        query.set(line.replace(['\n', '\r'], " "));
                        pasted.set(Some(line.to_owned()));
                        chosen.set(0);
                    }
                }
                on:keydown=key
            />
            <ul id="palette-list" role="listbox" aria-label="Results">
                {move || {
                    found.get().into_iter().enumerate().map(|(at, entry)| row(at, entry)).collect_view()
                }}
            </ul>
            <Show when=move || found.with(Vec::is_empty)>
                <p class="palette-none">"Nothing matches “"{move || query.get()}"”"</p>
            </Show>
        </div>
    }
}

fn act(store: Store, target: Target) {
    match target {
        Target::Method(path) => store.open_method(&path),
        Target::Saved(id) => {
            let saved = store.saved.with_untracked(|all| all.iter().find(|s| s.id == id).cloned());
            if let Some(saved) = saved {
                store.open_saved(&saved);
            }
        }
        Target::View(view) => store.go(Route::parse(view)),
        Target::Command(command) => {
            keys::run(store, command);
        }
        Target::Theme => store.next_theme(),
        Target::Reopen => store.reopen_tab(),
        Target::Reload => store.reload(None),
        Target::CopyCommand => {
            store.active_tab_now().into_iter().for_each(|tab| store.copy_command(tab));
        }
        Target::OpenCommand => {}
        Target::FillExample => {
            store.active_tab_now().into_iter().for_each(|tab| store.fill_example(tab));
        }
        Target::Duplicate => {
            if let Some(tab) = store.active_tab_now() {
                let draft = untrack(|| tab.draft());
                store.open_draft(TabDraft { saved: None, call: None, dirty: true, ..draft });
            }
        }
    }
}
