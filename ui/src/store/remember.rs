//! The session in the browser's storage, the theme on the page, and the address bar.

use super::{Store, Tab};
use crate::state::{
    layout::Theme,
    route::Route,
    session::{Session, VERSION},
};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, closure::Closure};

const KEY: &str = "wirelab.session";
/// How long after a change the session is stored, milliseconds.
const STORE_AFTER_MS: u32 = 400;

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}

pub(super) fn load() -> Session {
    let text = storage().and_then(|s| s.get_item(KEY).ok().flatten()).unwrap_or_default();
    Session::load(&text)
}

/// What the address bar names.
pub(super) fn route() -> Route {
    Route::parse(&window().location().hash().unwrap_or_default())
}

impl Store {
    /// Opens the remembered tabs and begins to remember.
    pub(super) fn restore(self, session: Session) {
        let tabs: Vec<Tab> = session.tabs.into_iter().map(|draft| Tab::new(self, draft)).collect();
        self.active.set(session.active.and_then(|i| tabs.get(i)).map(|tab| tab.id));
        self.tabs.set(tabs);
        self.keep_session();
        self.keep_theme();
        self.keep_route();
    }

    fn session(self) -> Session {
        let tabs = self.tabs.get();
        let active = self.active.get();
        Session {
            version: VERSION,
            layout: self.layout.get(),
            theme: self.theme.get(),
            active: tabs.iter().position(|tab| Some(tab.id) == active),
            tabs: tabs.into_iter().map(Tab::draft).collect(),
            folded: self.folded.get(),
            bridge: self.bridge_remembered.get(),
        }
    }

    fn keep_session(self) {
        let waiting = StoredValue::new(false);
        let store_now = move || {
            waiting.set_value(false);
            let text = untrack(move || self.session().store());
            if let Some(storage) = storage() {
                // A full storage is no reason to disturb: the session simply is not remembered.
                let _ = storage.set_item(KEY, &text);
            }
        };
        let revision = Memo::new(move |last: Option<&u64>| {
            self.tabs.with(|tabs| tabs.iter().for_each(|tab| tab.track()));
            self.active.track();
            self.layout.track();
            self.theme.track();
            self.folded.track();
            self.bridge_remembered.track();
            last.copied().unwrap_or_default() + 1
        });
        Effect::new(move |first: Option<()>| {
            revision.track();
            if first.is_some() && !waiting.get_value() {
                waiting.set_value(true);
                spawn_local(async move {
                    gloo_timers::future::TimeoutFuture::new(STORE_AFTER_MS).await;
                    store_now();
                });
            }
        });
        listen_to_window("pagehide", move |_| store_now());
    }

    fn keep_theme(self) {
        let query = window().match_media("(prefers-color-scheme: dark)").ok().flatten();
        let system_dark = RwSignal::new(query.as_ref().is_some_and(|q| q.matches()));
        if let Some(query) = query {
            let again = query.clone();
            let closure = Closure::<dyn Fn()>::new(move || system_dark.set(again.matches()));
            let _ =
                query.add_event_listener_with_callback("change", closure.as_ref().unchecked_ref());
            closure.forget();
        }
        Effect::new(move |_| {
            let name = self.theme.get().attribute(system_dark.get());
            if let Some(root) = document().document_element() {
                let _ = root.set_attribute("data-theme", name);
            }
        });
    }

    fn keep_route(self) {
        listen_to_window("hashchange", move |_| self.arrive(route()));
        Effect::new(move |_| {
            let fragment = self.route.get().fragment();
            let location = window().location();
            if location.hash().unwrap_or_default() != fragment {
                let _ = location.set_hash(&fragment);
            }
        });
    }

    /// Switches to the next theme.
    pub fn next_theme(self) {
        self.theme.update(|theme: &mut Theme| *theme = theme.next());
    }
}

/// Calls `react` on each event of this name on the window, for as long as the page lives.
pub fn listen_to_window(name: &str, react: impl Fn(web_sys::Event) + 'static) {
    let closure = Closure::<dyn Fn(web_sys::Event)>::new(react);
    let _ = window().add_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
    closure.forget();
}
