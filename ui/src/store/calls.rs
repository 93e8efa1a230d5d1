//! Calls being followed, and the pump that folds what the studio says into signals.

use super::{FormState, Link, Store, Tab};
use crate::{backend::Signal, state::calls::LiveCall};
use leptos::{prelude::*, task::spawn_local};
use std::sync::Arc;
use wirelab_model::{CallId, CallUpdate, MessagesQuery, StudioEvent};

/// How many calls are kept that no tab shows.
const MAX_UNSEEN: usize = 32;
/// How many rows are asked for at once when some were missed.
const CATCH_UP: u32 = 5_000;

impl Store {
    /// A call as it stands and goes on; asked for when this screen does not know it yet.
    pub fn call(self, id: CallId) -> RwSignal<LiveCall> {
        if let Some(call) = self.calls.with_value(|calls| calls.get(&id).copied()) {
            return call;
        }
        let call = self.register(id);
        self.refresh(id, call);
        call
    }

    /// Asks for a call and the newest of its messages.
    fn refresh(self, id: CallId, call: RwSignal<LiveCall>) {
        spawn_local(async move {
            match self.client().call(id).await {
                Ok(record) => {
                    call.update(|call| {
                        call.fold(CallUpdate { record, rows: Vec::new() });
                    });
                    let from = call.with_untracked(LiveCall::end);
                    self.catch_up(id, call, from).await;
                }
                Err(problem) => {
                    // Recorded calls can be deleted while a tab remembers them.
                    for tab in self.tabs.get_untracked() {
                        if tab.call.get_untracked() == Some(id) {
                            tab.call.set(None);
                        }
                    }
                    if problem.kind != wirelab_model::ProblemKind::NotFound {
                        self.problem(problem);
                    }
                }
            }
        });
    }

    /// Asks for the rows that were missed, part by part. Updates meanwhile find it under way and start none.
    async fn catch_up(self, id: CallId, call: RwSignal<LiveCall>, mut from: u64) {
        call.update_untracked(|call| call.catching_up = true);
        loop {
            let query = MessagesQuery { call: id, from, limit: CATCH_UP };
            let Ok(rows) = self.client().messages(query).await else { break };
            let more = rows.len() >= CATCH_UP as usize;
            call.update(|call| {
                call.push(rows);
            });
            let end = call.with_untracked(LiveCall::end);
            if !more || end <= from {
                break;
            }
            from = end;
        }
        call.update_untracked(|call| call.catching_up = false);
    }

    /// The signal of a call that was just started here.
    pub(super) fn register(self, id: CallId) -> RwSignal<LiveCall> {
        let known = self.calls.with_value(|calls| calls.get(&id).copied());
        known.unwrap_or_else(|| {
            let call = self.owned(|| RwSignal::new(LiveCall::default()));
            self.calls.update_value(|calls| {
                calls.insert(id, call);
            });
            self.forget_unseen();
            call
        })
    }

    fn forget_unseen(self) {
        let seen: Vec<CallId> =
            self.tabs.get_untracked().iter().filter_map(|tab| tab.call.get_untracked()).collect();
        self.calls.update_value(|calls| {
            let mut unseen: Vec<CallId> = calls
                .iter()
                .filter(|(id, call)| !seen.contains(id) && !call.with_untracked(LiveCall::running))
                .map(|(id, _)| *id)
                .collect();
            unseen.sort_unstable();
            let excess = unseen.len().saturating_sub(MAX_UNSEEN);
            for id in unseen.into_iter().take(excess) {
                calls.remove(&id);
            }
        });
    }

    /// Listens to the studio for as long as the page lives.
    pub(super) fn pump(self) {
        self.client().listen(Box::new(move |signal| match signal {
            Signal::Up => {
                self.link.set(Link::Up);
                self.ask_everything();
            }
            Signal::Down(problem) => self.link.set(Link::Down(problem)),
            Signal::Event(event) => self.fold(event),
        }));
    }

    fn fold(self, event: StudioEvent) {
        match event {
            StudioEvent::Call(update) => {
                let id = update.record.id;
                let call = self.register(id);
                let mut missed = None;
                call.update(|call| {
                    let gap = call.fold(*update);
                    missed = gap.filter(|_| !call.catching_up);
                    call.catching_up |= missed.is_some();
                });
                if let Some(from) = missed {
                    spawn_local(self.catch_up(id, call, from));
                }
            }
            StudioEvent::Bench(progress) => {
                if progress.state != wirelab_model::BenchState::Running {
                    self.bench_revision.update(|r| *r += 1);
                }
                self.bench.set(Some(progress));
            }
            StudioEvent::Catalog { revision } => {
                if self.catalog.with_untracked(|c| c.revision < revision) {
                    self.ask_catalog();
                }
            }
            StudioEvent::History { total } => {
                self.history_total.set(total);
                self.history_revision.update(|r| *r += 1);
            }
            // The shell opens the page where it can; the link is for where it cannot.
            StudioEvent::SignIn { url, .. } => {
                self.ask_to_open("A call waits until you have signed in in the browser", url);
            }
            StudioEvent::Health(update) => {
                // Another screen may watch another server.
                let shown = self.active_tab_now().and_then(|tab| untrack(move || tab.server()));
                if shown.as_ref() == Some(&update.query.endpoint) {
                    self.health.set(Some((update.query.endpoint.address, update.health)));
                }
            }
            StudioEvent::Bridge(state) => self.take_bridge(*state),
            StudioEvent::Lagged => self.ask_everything(),
        }
    }

    /// Takes how the bridge is.
    pub fn take_bridge(self, state: wirelab_model::BridgeState) {
        self.bridge_series.update(|series| series.take(state.metrics.clone()));
        self.bridge.set(state);
    }

    /// Asks again for everything shown: at the start, after a break, and when events were dropped.
    fn ask_everything(self) {
        // Who answers comes first: tabs opened when the catalog comes begin with its default server.
        self.ask(self.hello_reply(), move |hello| {
            self.history_total.set(hello.history_count);
            if self.hello.with_untracked(|old| *old != hello) {
                self.hello.set(hello);
            }
            self.ask_catalog();
        });
        self.ask_saved();
        let client = self.client();
        self.ask(async move { client.bridge(()).await }, move |state| self.take_bridge(state));
        self.history_revision.update(|r| *r += 1);
        self.bench_revision.update(|r| *r += 1);
        let followed = self.calls.with_value(|calls| calls.clone());
        for (id, call) in followed {
            if call.with_untracked(LiveCall::running) {
                self.refresh(id, call);
            }
        }
    }

    async fn hello_reply(self) -> Result<wirelab_model::Hello, wirelab_model::Problem> {
        self.client().hello(()).await
    }

    /// Asks for the saved requests again.
    pub fn ask_saved(self) {
        let client = self.client();
        self.ask(async move { client.saved(()).await }, move |saved| self.saved.set(saved));
    }

    fn ask_catalog(self) {
        let client = self.client();
        self.ask(async move { client.catalog(()).await }, move |c| self.take_catalog(c));
    }

    /// Takes a catalog; every open tab asks for its form again and keeps what was typed.
    pub fn take_catalog(self, catalog: wirelab_model::Catalog) {
        let stale = self
            .catalog
            .with_untracked(|old| old.revision > catalog.revision && self.loaded.get_untracked());
        // A studio that started anew counts from the beginning again, after the link was down.
        if stale && self.link.get_untracked() == Link::Up && catalog.revision != 0 {
            return;
        }
        self.catalog.set(Arc::new(catalog));
        if !self.loaded.get_untracked() {
            self.loaded.set(true);
            self.open_linked();
        }
        for tab in self.tabs.get_untracked() {
            self.load_form(tab);
        }
    }

    /// Asks for the form of a tab.
    pub fn load_form(self, tab: Tab) {
        if let Some(method) = self.method(&tab.method()) {
            tab.kind.set(method.kind);
        }
        let client = self.client();
        spawn_local(async move {
            let form = match client.form(tab.method()).await {
                Ok(form) => FormState::Ready(Arc::new(form)),
                Err(problem) => FormState::Failed(problem),
            };
            // A reload that changed nothing must not disturb who is typing.
            let same = tab.form.with_untracked(|old| match (old, &form) {
                (FormState::Ready(old), FormState::Ready(new)) => old == new,
                _ => false,
            });
            if !same {
                tab.form.set(form);
            }
        });
    }
}
