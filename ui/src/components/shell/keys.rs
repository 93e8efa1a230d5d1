//! The keys that work everywhere.

use crate::{
    state::{
        keys::{Command, command},
        route::Route,
    },
    store::{Overlay, Store, listen_to_window},
};
use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// Puts the focus on the element with this id, and says whether it is there.
pub fn focus(id: &str) -> bool {
    let element =
        document().get_element_by_id(id).and_then(|e| e.dyn_into::<web_sys::HtmlElement>().ok());
    let Some(element) = element else { return false };
    let _ = element.focus();
    if let Some(input) = element.dyn_ref::<web_sys::HtmlInputElement>() {
        input.select();
    }
    true
}

/// Scrolls the element with this id into view, as little as possible.
pub fn reveal(id: &str) {
    if let Some(element) = document().get_element_by_id(id) {
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_block(web_sys::ScrollLogicalPosition::Nearest);
        element.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

/// Begins to listen.
pub fn listen(store: Store) {
    listen_to_window("keydown", move |event| {
        let Ok(event) = event.dyn_into::<web_sys::KeyboardEvent>() else { return };
        if event.default_prevented() || event.is_composing() {
            return;
        }
        let control = event.ctrl_key() || event.meta_key();
        let found = command(&event.key(), control, event.alt_key(), event.shift_key());
        if found.is_some_and(|command| run(store, command)) {
            event.prevent_default();
        }
    });
}

/// Does what a key asks for; false leaves the key to the browser.
pub fn run(store: Store, command: Command) -> bool {
    let tab = store.active_tab_now();
    let exploring = matches!(store.route.get_untracked(), Route::Explore(_));
    match (command, tab) {
        (Command::Palette, _) => store.overlay.set(Some(Overlay::Palette { methods: false })),
        (Command::Methods, _) => store.overlay.set(Some(Overlay::Palette { methods: true })),
        (Command::Sidebar, _) => store.layout.update(|l| l.side_open = !l.side_open),
        (Command::Escape, tab) => {
            if store.overlay.get_untracked().is_some() {
                store.overlay.set(None);
            } else if let Some(tab) = tab.filter(|_| exploring) {
                store.cancel(tab);
            } else {
                return false;
            }
        }
        (Command::Find, _) => {
            let searched = focus("find-in-page");
            store.find.update(|n| *n += 1);
            return searched || exploring;
        }
        (Command::CloseTab, Some(tab)) if exploring => store.close_tab(tab.id),
        (Command::Go, Some(tab)) if exploring && store.overlay.get_untracked().is_none() => {
            store.go_ahead(tab);
        }
        (Command::Save, Some(tab)) if exploring => store.save(tab),
        (Command::Connection, Some(_)) if exploring => {
            store.connection.update(|open| *open = !*open);
        }
        (Command::Address, _) if exploring => return focus("address"),
        // A page has nothing to save: the browser's own dialog would be of no use.
        (Command::Save, _) => {}
        _ => return false,
    }
    true
}
