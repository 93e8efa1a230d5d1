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

/// Closes what lies over the screen when something outside of it, and outside of the element `opener` that opens and
/// closes it, is pressed. Ends with the caller's owner.
pub fn close_outside(
    panel: NodeRef<leptos::html::Div>,
    opener: &'static str,
    close: impl Fn() + 'static,
) {
    let handle = window_event_listener(leptos::ev::pointerdown, move |event| {
        let Some(panel) = panel.try_get_untracked().flatten() else { return };
        let pressed = event.target().and_then(|target| target.dyn_into::<web_sys::Node>().ok());
        let within = |element: &web_sys::Element| element.contains(pressed.as_ref());
        let opener = document().get_element_by_id(opener);
        if !within(&panel) && !opener.as_ref().is_some_and(within) {
            close();
        }
    });
    on_cleanup(move || handle.remove());
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
