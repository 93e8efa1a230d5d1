//! What people do.

use super::{FormState, Overlay, Store, Tab, TabId};
use crate::state::{
    calls::LiveCall,
    editor::Editor,
    route::Route,
    session::{SavedRef, TabDraft},
};
use leptos::prelude::*;
use wirelab_model::{
    CallId, CallUpdate, Endpoint, Problem, ProblemKind, SavedId, SavedRequest, SendMessage,
    SourceId, StartCall,
};

/// How many closed tabs can be opened again.
const MAX_CLOSED: usize = 20;

impl Store {
    /// The tab that shows; tracks it.
    pub fn active_tab(self) -> Option<Tab> {
        let id = self.active.get()?;
        self.tabs.with(|tabs| tabs.iter().find(|tab| tab.id == id).copied())
    }

    /// The tab that shows, without tracking.
    pub fn active_tab_now(self) -> Option<Tab> {
        untrack(move || self.active_tab())
    }

    /// Shows what the address bar names.
    pub(super) fn arrive(self, route: Route) {
        if self.route.get_untracked() == route {
            return;
        }
        match route {
            Route::Explore(Some(method)) => self.open_method(&method),
            route => self.route.set(route),
        }
    }

    /// Opens the method that the address bar named when the page was opened.
    pub(super) fn open_linked(self) {
        match self.route.get_untracked() {
            Route::Explore(Some(method)) => self.open_method(&method),
            Route::Explore(None) => self.go(Route::Explore(None)),
            _ => {}
        }
    }

    /// Shows a view.
    pub fn go(self, route: Route) {
        let route = match route {
            Route::Explore(None) => Route::Explore(self.active_tab_now().map(|tab| tab.method())),
            route => route,
        };
        self.route.set(route);
    }

    /// Shows a tab.
    pub fn show_tab(self, tab: Tab) {
        self.active.set(Some(tab.id));
        self.route.set(Route::Explore(Some(tab.method())));
    }

    /// Shows the tab of a method, a new one when there is none.
    pub fn open_method(self, path: &str) {
        let open = self.tabs.with_untracked(|tabs| {
            let active = self.active.get_untracked();
            let mut of_method = tabs.iter().filter(|tab| tab.method() == path);
            of_method
                .clone()
                .find(|tab| Some(tab.id) == active)
                .or_else(|| of_method.next())
                .copied()
        });
        match open {
            Some(tab) => self.show_tab(tab),
            None => {
                let endpoint = self.endpoint_for(path);
                let kind = self.method(path).map(|m| m.kind).unwrap_or_default();
                self.open_draft(TabDraft {
                    method: path.to_owned(),
                    kind,
                    endpoint,
                    text: "{}".into(),
                    ..TabDraft::default()
                });
            }
        }
    }

    /// The server that new requests of a method start with: that of its source when it came by reflection, else
    /// of the shown tab, else the studio's default.
    fn endpoint_for(self, path: &str) -> Endpoint {
        let reflected = self
            .catalog
            .with_untracked(|catalog| crate::state::tree::reflected_from(catalog, path).cloned());
        reflected
            .or_else(|| self.active_tab_now().map(|tab| tab.endpoint.get_untracked()))
            .filter(|endpoint| !endpoint.address.trim().is_empty())
            .unwrap_or_else(|| self.hello.with_untracked(|h| h.default_endpoint.clone()))
    }

    /// Opens a new tab that shows `draft`. It takes the place of the shown tab when that was only looked at.
    pub fn open_draft(self, draft: TabDraft) -> Tab {
        let tab = Tab::new(self, draft);
        let replaced = self.active_tab_now().filter(|tab| tab.untouched());
        self.tabs.update(|tabs| {
            let at = replaced.and_then(|old| tabs.iter().position(|tab| tab.id == old.id));
            match at {
                Some(at) => tabs[at] = tab,
                None => tabs.push(tab),
            }
        });
        self.show_tab(tab);
        self.load_form(tab);
        tab
    }

    /// Shows a saved request, in its tab when it is open.
    pub fn open_saved(self, saved: &SavedRequest) {
        let open = self.tabs.with_untracked(|tabs| {
            let shows = |tab: &&Tab| tab.saved.get_untracked().is_some_and(|s| s.id == saved.id);
            tabs.iter().find(shows).copied()
        });
        match open {
            Some(tab) => self.show_tab(tab),
            None => {
                self.open_draft(TabDraft::of_saved(saved));
            }
        }
    }

    /// Forgets a saved request; a tab that shows it stays.
    pub fn delete_saved(self, id: SavedId) {
        let client = self.client();
        self.ask(async move { client.delete_saved(id).await }, move |()| {
            for tab in self.tabs.get_untracked() {
                if tab.saved.get_untracked().is_some_and(|s| s.id == id) {
                    tab.saved.set(None);
                    tab.dirty.set(true);
                }
            }
            self.ask_saved();
        });
    }

    /// Reads one source again, or all.
    pub fn reload(self, source: Option<SourceId>) {
        let client = self.client();
        self.ask(async move { client.reload(source).await }, move |catalog| {
            self.take_catalog(catalog);
        });
    }

    /// Closes a tab; its call goes on in History.
    pub fn close_tab(self, id: TabId) {
        let tabs = self.tabs.get_untracked();
        let Some(at) = tabs.iter().position(|tab| tab.id == id) else { return };
        let closed = tabs[at];
        self.tabs.update(|tabs| tabs.retain(|tab| tab.id != id));
        if self.active.get_untracked() == Some(id) {
            match tabs.get(at + 1).or_else(|| tabs.get(at.wrapping_sub(1))) {
                Some(next) => self.show_tab(*next),
                None => {
                    self.active.set(None);
                    self.route.set(Route::Explore(None));
                }
            }
        }
        if let Some(call) = closed.call.get_untracked()
            && self.running_call(closed).is_some()
        {
            let client = self.client();
            self.ask(async move { client.cancel_call(call).await }, |()| {});
        }
        if !closed.untouched() {
            self.closed.update_value(|drafts| {
                drafts.push(untrack(|| closed.draft()));
                let excess = drafts.len().saturating_sub(MAX_CLOSED);
                drafts.drain(..excess);
            });
        }
        closed.editor.set(Editor::default());
    }

    /// Opens the tab that was closed last.
    pub fn reopen_tab(self) {
        match self.closed.try_update_value(Vec::pop).flatten() {
            Some(draft) => {
                self.open_draft(draft);
            }
            None => self.say("No tab was closed"),
        }
    }

    /// The call of a tab while it runs, without tracking.
    pub fn running_call(self, tab: Tab) -> Option<CallId> {
        let id = tab.call.get_untracked()?;
        self.call(id).with_untracked(LiveCall::running).then_some(id)
    }

    /// Invokes; for a client stream it opens the call, and messages follow by [`send`](Store::send).
    pub fn invoke(self, tab: Tab) {
        let streams = tab.kind.get_untracked().client_streams();
        let messages =
            if streams { Vec::new() } else { vec![tab.editor.with_untracked(Editor::message)] };
        self.start(tab, messages);
    }

    /// Sends the message on the open call; opens one with it when there is none.
    pub fn send(self, tab: Tab) {
        let json = tab.editor.with_untracked(Editor::message);
        let Some(call) = self.running_call(tab) else { return self.start(tab, vec![json]) };
        if !ready(tab) {
            return;
        }
        let client = self.client();
        leptos::task::spawn_local(async move {
            let sent = client.send_message(SendMessage { call, json }).await;
            tab.problem.set(sent.err());
        });
    }

    fn start(self, tab: Tab, messages: Vec<String>) {
        if tab.starting.get_untracked() || self.running_call(tab).is_some() {
            return;
        }
        let (spec, auth) = match tab.spec().and_then(|spec| Ok((spec, tab.credentials()?))) {
            Ok(call) => call,
            Err(problem) => return tab.problem.set(Some(problem)),
        };
        if !messages.is_empty() && !ready(tab) {
            return;
        }
        let finish = !spec.kind.client_streams();
        // What the call does is behind it.
        self.connection.set(false);
        tab.starting.set(true);
        tab.problem.set(None);
        let client = self.client();
        leptos::task::spawn_local(async move {
            match client.start_call(StartCall { spec, messages, finish, auth }).await {
                Ok(record) => self.follow(tab, record),
                Err(problem) => tab.problem.set(Some(problem)),
            }
            tab.starting.set(false);
        });
    }

    /// Shows a call that was just started in a tab.
    pub fn follow(self, tab: Tab, record: wirelab_model::CallRecord) {
        let id = record.id;
        let call = self.register(id);
        call.update(|call| {
            call.fold(CallUpdate { record, rows: Vec::new() });
        });
        tab.call.set(Some(id));
    }

    /// Says that no more messages will come.
    pub fn finish_sending(self, tab: Tab) {
        if let Some(call) = self.running_call(tab) {
            let client = self.client();
            self.ask(async move { client.finish_sending(call).await }, |()| {});
        }
    }

    /// Ends the call of a tab.
    pub fn cancel(self, tab: Tab) {
        if let Some(call) = self.running_call(tab) {
            let client = self.client();
            self.ask(async move { client.cancel_call(call).await }, |()| {});
        }
    }

    /// What Ctrl+Enter does: sends where messages can be sent one by one, else invokes.
    pub fn go_ahead(self, tab: Tab) {
        if tab.kind.get_untracked().client_streams() { self.send(tab) } else { self.invoke(tab) }
    }

    /// Fills the method's example in, as one step that can be undone.
    pub fn fill_example(self, tab: Tab) {
        if let FormState::Ready(form) = tab.form.get_untracked() {
            tab.editor.update(|editor| editor.replace(form.example.clone()));
            tab.edited();
        }
    }

    /// Saves under the name it has, or asks for one.
    pub fn save(self, tab: Tab) {
        match tab.saved.get_untracked() {
            Some(saved) => self.save_as(tab, saved.name),
            None => self.overlay.set(Some(Overlay::Save)),
        }
    }

    /// Saves under `name`.
    pub fn save_as(self, tab: Tab, name: String) {
        let spec = match tab.spec() {
            Ok(spec) => spec,
            Err(problem) => return tab.problem.set(Some(problem)),
        };
        let id = tab.saved.get_untracked().filter(|s| s.name == name).map_or(0, |s| s.id);
        let messages = vec![tab.editor.with_untracked(|e| e.text().to_owned())];
        let client = self.client();
        let auth =
            tab.auth.with_untracked(|auth| auth.as_typed()).map(|auth| auth.without_secrets());
        let request = SavedRequest { id, name, spec, messages, auth, updated_unix_ms: 0 };
        self.ask(async move { client.save(request).await }, move |saved| {
            self.say(format!("Saved “{}”", saved.name));
            tab.saved.set(Some(SavedRef { id: saved.id, name: saved.name }));
            tab.dirty.set(false);
            self.ask_saved();
        });
    }

    /// Copies `text` to the clipboard.
    pub fn copy(self, text: String, what: impl Into<String>) {
        let what = what.into();
        let promise = window().navigator().clipboard().write_text(&text);
        leptos::task::spawn_local(async move {
            match wasm_bindgen_futures::JsFuture::from(promise).await {
                Ok(_) => self.say(format!("Copied {what}")),
                Err(_) => self.problem(
                    Problem::new(ProblemKind::Io, "The browser did not let the text be copied")
                        .help("Select it and press Ctrl+C"),
                ),
            }
        });
    }
}

/// Whether the message is JSON; says so where it is not.
fn ready(tab: Tab) -> bool {
    let problem = tab.editor.with_untracked(|editor| {
        let error = editor.error()?;
        Some(
            Problem::new(
                ProblemKind::Syntax,
                format!("The message is not JSON: {}", error.message),
            )
            .span(error.line, error.column)
            .help("Correct it in the JSON tab, or undo"),
        )
    });
    let ready = problem.is_none();
    tab.problem.set(problem);
    ready
}
