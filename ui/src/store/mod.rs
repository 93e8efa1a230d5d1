//! The signals behind the screens, and what changes them.
//!
//! One [`Store`] is in the context of every component (`use_store()`); it is `Copy`. It holds what more than one
//! component needs; what only one needs lives there. Signals hold structs of `crate::state`, so that what happens
//! to them is decided by functions tested natively.
//!
//! - `tab`: an open tab
//! - `calls`: calls being followed, and the event pump that folds what the studio says
//! - `actions`: what people do: open, invoke, send, cancel, save
//! - `commands`: requests as command lines
//! - `remember`: the session in the browser's storage, theme and address bar

mod actions;
mod calls;
mod commands;
mod remember;
mod tab;

pub use remember::listen_to_window;
pub use tab::{FormState, Tab, TabId};

use crate::{
    backend::Client,
    state::{
        bridge::{Remembered, Series},
        calls::LiveCall,
        layout::{Layout, Theme},
        route::Route,
        session::TabDraft,
    },
};
use leptos::prelude::*;
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};
use wirelab_model::{
    BenchProgress, BridgeState, CallId, Catalog, Health, Hello, MethodInfo, Problem, SavedRequest,
};

/// What lies over the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlay {
    /// The command palette; with methods only for Ctrl+P.
    Palette {
        /// Whether it offers methods only.
        methods: bool,
    },
    /// The name for a saved request.
    Save,
}

/// A line that says what happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Toast {
    /// Tells toasts apart.
    pub id: u64,
    /// What went wrong, or
    pub problem: Option<Problem>,
    /// what went well, or is asked for.
    pub text: String,
    /// A page to open for it.
    pub link: Option<String>,
}

/// Whether the studio answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Link {
    /// Not yet.
    Connecting,
    /// It does.
    Up,
    /// It does not, and why.
    Down(Problem),
}

/// Signals shared by components.
#[derive(Clone, Copy)]
pub struct Store {
    client: StoredValue<Client>,
    owner: StoredValue<Owner>,
    ids: StoredValue<u64>,
    calls: StoredValue<HashMap<CallId, RwSignal<LiveCall>>>,
    closed: StoredValue<Vec<TabDraft>>,
    /// Whether the studio answers.
    pub link: RwSignal<Link>,
    /// Who answers.
    pub hello: RwSignal<Hello>,
    /// What the sources offer; replaced as a whole.
    pub catalog: RwSignal<Arc<Catalog>>,
    /// Whether the first catalog has come.
    pub loaded: RwSignal<bool>,
    /// What is shown.
    pub route: RwSignal<Route>,
    /// Open tabs.
    pub tabs: RwSignal<Vec<Tab>>,
    /// The tab that shows.
    pub active: RwSignal<Option<TabId>>,
    /// Saved requests by name.
    pub saved: RwSignal<Vec<SavedRequest>>,
    /// Pane sizes.
    pub layout: RwSignal<Layout>,
    /// Colours.
    pub theme: RwSignal<Theme>,
    /// Services folded in the tree.
    pub folded: RwSignal<BTreeSet<String>>,
    /// What lies over the screen.
    pub overlay: RwSignal<Option<Overlay>>,
    /// What happened, newest last.
    pub toasts: RwSignal<Vec<Toast>>,
    /// How many calls are recorded.
    pub history_total: RwSignal<u64>,
    /// Goes up whenever History may have changed: lists that show it ask again.
    pub history_revision: RwSignal<u64>,
    /// The latest word of each comparison under way or just over.
    pub bench: RwSignal<Option<BenchProgress>>,
    /// Goes up when a list of comparisons should be asked for again.
    pub bench_revision: RwSignal<u64>,
    /// Health of the shown tab's server.
    pub health: RwSignal<Option<(String, Health)>>,
    /// How the bridge is.
    pub bridge: RwSignal<BridgeState>,
    /// What passed through it of late.
    pub bridge_series: RwSignal<Series>,
    /// How it was started last, by this screen.
    pub bridge_remembered: RwSignal<Remembered>,
    /// Whether the connection settings of the shown tab are open.
    pub connection: RwSignal<bool>,
    /// Goes up when Ctrl+F asks to find in what is shown.
    pub find: RwSignal<u64>,
}

/// The store.
pub fn use_store() -> Store {
    expect_context::<Store>()
}

impl Store {
    /// Makes the store over `client` and puts it into the context of the caller.
    pub fn provide(client: Client) -> Store {
        let session = remember::load();
        let owner = Owner::current().unwrap_or_default();
        let store = Store {
            client: StoredValue::new(client),
            owner: StoredValue::new(owner),
            ids: StoredValue::new(1),
            calls: StoredValue::new(HashMap::new()),
            closed: StoredValue::new(Vec::new()),
            link: RwSignal::new(Link::Connecting),
            hello: RwSignal::new(Hello::default()),
            catalog: RwSignal::new(Arc::default()),
            loaded: RwSignal::new(false),
            route: RwSignal::new(remember::route()),
            tabs: RwSignal::new(Vec::new()),
            active: RwSignal::new(None),
            saved: RwSignal::new(Vec::new()),
            layout: RwSignal::new(session.layout),
            theme: RwSignal::new(session.theme),
            folded: RwSignal::new(session.folded.clone()),
            overlay: RwSignal::new(None),
            toasts: RwSignal::new(Vec::new()),
            history_total: RwSignal::new(0),
            history_revision: RwSignal::new(0),
            bench: RwSignal::new(None),
            bench_revision: RwSignal::new(0),
            health: RwSignal::new(None),
            bridge: RwSignal::new(BridgeState::default()),
            bridge_series: RwSignal::new(Series::default()),
            bridge_remembered: RwSignal::new(session.bridge.clone()),
            connection: RwSignal::new(false),
            find: RwSignal::new(0),
        };
        provide_context(store);
        store.restore(session);
        store.pump();
        store
    }

    /// The studio's methods.
    pub fn client(self) -> Client {
        self.client.get_value()
    }

    /// A number not given before.
    pub fn fresh_id(self) -> u64 {
        self.ids
            .try_update_value(|id| {
                *id += 1;
                *id
            })
            .unwrap_or_default()
    }

    /// Makes signals that live as long as the page, wherever this is called from.
    pub fn owned<T>(self, make: impl FnOnce() -> T) -> T {
        self.owner.get_value().with(make)
    }

    /// The method in the catalog; tracks nothing.
    pub fn method(self, path: &str) -> Option<MethodInfo> {
        self.catalog.with_untracked(|catalog| crate::state::tree::method(catalog, path).cloned())
    }

    /// Says what went wrong.
    pub fn problem(self, problem: Problem) {
        self.toast(Some(problem), String::new(), None);
    }

    /// Says what went well; goes away by itself.
    pub fn say(self, text: impl Into<String>) {
        self.toast(None, text.into(), None);
    }

    /// Asks the person to open a page; stays until it is dismissed.
    pub fn ask_to_open(self, text: impl Into<String>, link: String) {
        self.toast(None, text.into(), Some(link));
    }

    fn toast(self, problem: Option<Problem>, text: String, link: Option<String>) {
        const MAX_TOASTS: usize = 4;
        const SHOWN_MS: u32 = 4_000;
        let id = self.fresh_id();
        let passing = problem.is_none() && link.is_none();
        self.toasts.update(|toasts| {
            toasts.retain(|t| t.problem != problem || t.text != text);
            toasts.push(Toast { id, problem, text, link });
            let excess = toasts.len().saturating_sub(MAX_TOASTS);
            toasts.drain(..excess);
        });
        if passing {
            leptos::task::spawn_local(async move {
                gloo_timers::future::TimeoutFuture::new(SHOWN_MS).await;
                self.dismiss(id);
            });
        }
    }

    /// Takes a toast away.
    pub fn dismiss(self, id: u64) {
        self.toasts.update(|toasts| toasts.retain(|t| t.id != id));
    }

    /// Runs a request and says what went wrong with it; `then` gets the reply.
    pub fn ask<T: 'static>(
        self,
        request: impl Future<Output = Result<T, Problem>> + 'static,
        then: impl FnOnce(T) + 'static,
    ) {
        leptos::task::spawn_local(async move {
            match request.await {
                Ok(reply) => then(reply),
                Err(problem) => self.problem(problem),
            }
        });
    }
}
