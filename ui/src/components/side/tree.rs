//! The tree of packages, services and methods; only the rows in sight are in the page.

use crate::{
    components::{icons::Icon, kind::Kind, shell::keys},
    state::{
        tree::{Row, rows, verb},
        window,
    },
    store::{Store, use_store},
};
use leptos::{ev, html, prelude::*};
use std::sync::Arc;
use wirelab_model::Catalog;

/// Height of a row, pixels; the sheet has the same.
const ROW: f64 = 26.0;

/// The field above the tree.
#[component]
pub fn Search(filter: RwSignal<String>) -> impl IntoView {
    view! {
        <div class="search">
            <input
                data-testid="tree-search"
                aria-label="Find service or method"
                placeholder="Find service or method"
                autocomplete="off"
                spellcheck="false"
                prop:value=move || filter.get()
                on:input=move |event| filter.set(event_target_value(&event))
                on:keydown=move |event| match event.key().as_str() {
                    "ArrowDown" => {
                        event.prevent_default();
                        keys::focus("tree");
                    }
                    "Escape" if !filter.with_untracked(String::is_empty) => {
                        event.prevent_default();
                        filter.set(String::new());
                    }
                    _ => {}
                }
            />
            <Show
                when=move || filter.with(String::is_empty)
                fallback=move || view! {
                    <button class="icon-button" aria-label="Clear" on:click=move |_| filter.set(String::new())>
                        {Icon::Close.view()}
                    </button>
                }
            >
                <kbd title="Opens the command palette">"Ctrl K"</kbd>
            </Show>
        </div>
    }
}

/// The tree.
#[component]
pub fn Tree(filter: RwSignal<String>) -> impl IntoView {
    let store = use_store();
    let all = Memo::new(move |_| {
        store.catalog.with(|catalog| {
            store.folded.with(|folded| filter.with(|filter| rows(catalog, folded, filter)))
        })
    });
    let scroll = RwSignal::new((0.0, 800.0));
    let cursor = RwSignal::new(0usize);
    let list = NodeRef::<html::Div>::new();
    let measure = move || {
        if let Some(list) = list.try_get_untracked().flatten() {
            scroll.set((f64::from(list.scroll_top()), f64::from(list.client_height())));
        }
    };
    Effect::new(move |_| {
        list.track();
        all.track();
        store.layout.track();
        request_animation_frame(measure);
    });
    let range = Memo::new(move |_| {
        let (top, height) = scroll.get();
        window::visible(top, height, ROW, all.with(Vec::len))
    });
    let move_to = move |at: usize| {
        cursor.set(at);
        if let Some(list) = list.get_untracked() {
            let (top, height) = (f64::from(list.scroll_top()), f64::from(list.client_height()));
            if let Some(to) = window::reveal(at, top, height, ROW) {
                list.set_scroll_top(to as i32);
            }
        }
    };
    // The method of the shown tab comes into sight, wherever it was opened from.
    let shown = Memo::new(move |_| store.active_tab().map(|tab| tab.method()));
    Effect::new(move |_| {
        let Some(shown) = shown.get() else { return };
        let at = store.catalog.with_untracked(|catalog| {
            all.with_untracked(|all| {
                all.iter().position(|row| path_of(catalog, *row) == Some(&shown))
            })
        });
        if let Some(at) = at {
            request_animation_frame(move || move_to(at));
        }
    });
    let key = move |event: ev::KeyboardEvent| {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let all = all.get_untracked();
        let last = all.len().saturating_sub(1);
        let at = cursor.get_untracked().min(last);
        let folding = match all.get(at) {
            Some(Row::Service { service, open }) => Some((*service, *open)),
            _ => None,
        };
        match event.key().as_str() {
            "ArrowDown" => move_to((at + 1).min(last)),
            "ArrowUp" => move_to(at.saturating_sub(1)),
            "PageDown" => move_to((at + 15).min(last)),
            "PageUp" => move_to(at.saturating_sub(15)),
            "Home" => move_to(0),
            "End" => move_to(last),
            "ArrowRight" => match folding {
                Some((service, false)) => fold(store, service),
                _ => move_to((at + 1).min(last)),
            },
            "ArrowLeft" => match folding {
                Some((service, true)) => fold(store, service),
                _ => {
                    let parent = all[..at].iter().rposition(|r| matches!(r, Row::Service { .. }));
                    move_to(parent.unwrap_or(0));
                }
            },
            "Enter" | " " => {
                if let Some(row) = all.get(at) {
                    activate(store, *row);
                }
            }
            _ => return,
        }
        event.prevent_default();
    };
    let slice = move || {
        let range = range.get();
        let catalog = store.catalog.get();
        all.with(|all| {
            all.get(range.clone())
                .unwrap_or_default()
                .iter()
                .enumerate()
                .map(|(i, row)| row_view(store, &catalog, *row, range.start + i, cursor))
                .collect_view()
        })
    };
    let empty = move || {
        let (no_rows, filtered) = (all.with(Vec::is_empty), !filter.with(String::is_empty));
        let text = match (no_rows && store.loaded.get(), filtered) {
            (false, _) => return None,
            (true, true) => "Nothing matches",
            (true, false) => {
                "No services yet. Add a folder of .proto files, a descriptor set or a server below"
            }
        };
        Some(view! { <p class="tree-none">{text}</p> })
    };
    view! {
        <div
            id="tree"
            class="tree"
            role="tree"
            tabindex="0"
            aria-label="Services and methods"
            aria-activedescendant=move || format!("tree-row-{}", cursor.get())
            node_ref=list
            on:scroll=move |_| measure()
            on:keydown=key
        >
            {empty}
            <div class="tree-rows" role="presentation" style=move || format!("height: {}px", all.with(Vec::len) as f64 * ROW)>
                <div role="presentation" style=move || format!("transform: translateY({}px)", range.get().start as f64 * ROW)>
                    {slice}
                </div>
            </div>
        </div>
    }
}

fn fold(store: Store, service: usize) {
    let name = store.catalog.with_untracked(|c| c.services.get(service).map(|s| s.name.clone()));
    if let Some(name) = name {
        store.folded.update(|folded| {
            if !folded.remove(&name) {
                folded.insert(name);
            }
        });
    }
}

fn path_of(catalog: &Catalog, row: Row) -> Option<&String> {
    match row {
        Row::Method { service, method } => {
            Some(&catalog.services.get(service)?.methods.get(method)?.path)
        }
        _ => None,
    }
}

fn activate(store: Store, row: Row) {
    match row {
        Row::Package { .. } => {}
        Row::Service { service, .. } => fold(store, service),
        Row::Method { service, method } => {
            let row = Row::Method { service, method };
            let path = store.catalog.with_untracked(|catalog| path_of(catalog, row).cloned());
            path.into_iter().for_each(|path| store.open_method(&path));
        }
    }
}

fn row_view(
    store: Store,
    catalog: &Arc<Catalog>,
    row: Row,
    at: usize,
    cursor: RwSignal<usize>,
) -> Option<AnyView> {
    let id = format!("tree-row-{at}");
    let at_cursor = move || cursor.get() == at;
    let click = move |_| {
        cursor.set(at);
        activate(store, row);
    };
    Some(match row {
        Row::Package { service } => {
            let package = &catalog.services.get(service)?.package;
            let name = if package.is_empty() { "no package" } else { package };
            view! { <div id=id class="pkg" class:cursor=at_cursor role="treeitem" attr:aria-level="1" title=name.to_owned()>{name.to_owned()}</div> }
            .into_any()
        }
        Row::Service { service, open } => {
            let info = catalog.services.get(service)?;
            view! {
                <div
                    id=id class="svc" class:cursor=at_cursor class:deprecated=info.deprecated
                    role="treeitem" attr:aria-level="2" aria-expanded=open.to_string()
                    title=tooltip(&info.name, &info.docs, info.deprecated)
                    on:click=click
                >
                    <span class="fold" class:open=open aria-hidden="true">"▸"</span>
                    <span class="tree-name">{info.short_name().to_owned()}</span>
                </div>
            }
            .into_any()
        }
        Row::Method { service, method } => {
            let info = catalog.services.get(service)?.methods.get(method)?;
            let path = info.path.clone();
            let on = Memo::new(move |_| store.active_tab().is_some_and(|tab| tab.method() == path));
            view! {
                <div
                    id=id class="rpc" class:cursor=at_cursor class:on=on class:deprecated=info.deprecated
                    role="treeitem" attr:aria-level="3" aria-selected=move || on.get().to_string()
                    title=tooltip(&info.path, &info.docs, info.deprecated)
                    data-testid="tree-method" data-method=info.path.clone()
                    on:click=click
                >
                    <Kind kind=info.kind/>
                    <span class="tree-name">{info.name.clone()}</span>
                    {verb(info).map(|verb| view! { <span class="http">{verb}</span> })}
                </div>
            }
            .into_any()
        }
    })
}

fn tooltip(name: &str, docs: &str, deprecated: bool) -> String {
    let mark = if deprecated { " (deprecated)" } else { "" };
    if docs.is_empty() { format!("{name}{mark}") } else { format!("{name}{mark}\n\n{docs}") }
}
