//! An open tab: a request being edited and its last call.

use super::Store;
use crate::state::{
    auth::AuthDraft,
    connection,
    editor::Editor,
    metadata::Row,
    options::Options,
    session::{RequestView, SavedRef, TabDraft},
};
use leptos::prelude::*;
use std::sync::Arc;
use wirelab_model::{
    Auth, CallId, CallKind, CallSpec, Checked, Endpoint, Form, Problem, ProblemKind,
};

/// Tells tabs apart.
pub type TabId = u64;

/// The request form of a tab's method.
#[derive(Clone, Debug)]
pub enum FormState {
    /// Being asked for.
    Loading,
    /// Here.
    Ready(Arc<Form>),
    /// The method is not in any source now; the draft stays.
    Failed(Problem),
}

/// An open tab; `Copy`.
#[derive(Clone, Copy, PartialEq)]
pub struct Tab {
    /// Tells tabs apart.
    pub id: TabId,
    method: StoredValue<String>,
    /// Which sides stream.
    pub kind: RwSignal<CallKind>,
    /// The server.
    pub endpoint: RwSignal<Endpoint>,
    /// The message.
    pub editor: RwSignal<Editor>,
    /// Metadata as typed.
    pub metadata: RwSignal<Vec<Row>>,
    /// Credentials as typed.
    pub auth: RwSignal<AuthDraft>,
    /// Options as typed.
    pub options: RwSignal<Options>,
    /// Which part of the request shows.
    pub view: RwSignal<RequestView>,
    /// The saved request it shows.
    pub saved: RwSignal<Option<SavedRef>>,
    /// Whether it was edited since it was saved or opened.
    pub dirty: RwSignal<bool>,
    /// Its last call.
    pub call: RwSignal<Option<CallId>>,
    /// The shape of its message.
    pub form: RwSignal<FormState>,
    /// What the studio says of the message.
    pub checked: RwSignal<Option<Checked>>,
    /// Why the last attempt to start or send failed.
    pub problem: RwSignal<Option<Problem>>,
    /// What the command line that it came from asked for and a request cannot hold.
    pub notes: RwSignal<Vec<Problem>>,
    /// Whether a start is being asked for.
    pub starting: RwSignal<bool>,
}

impl Tab {
    /// Makes a tab that shows `draft`.
    pub fn new(store: Store, draft: TabDraft) -> Tab {
        let mut metadata = draft.metadata;
        for row in &mut metadata {
            row.id = store.fresh_id();
        }
        store.owned(|| Tab {
            id: store.fresh_id(),
            method: StoredValue::new(draft.method),
            kind: RwSignal::new(draft.kind),
            endpoint: RwSignal::new(draft.endpoint),
            editor: RwSignal::new(Editor::new(draft.text)),
            metadata: RwSignal::new(metadata),
            auth: RwSignal::new(draft.auth),
            options: RwSignal::new(draft.options),
            view: RwSignal::new(draft.view),
            saved: RwSignal::new(draft.saved),
            dirty: RwSignal::new(draft.dirty),
            call: RwSignal::new(draft.call),
            form: RwSignal::new(FormState::Loading),
            checked: RwSignal::new(None),
            problem: RwSignal::new(None),
            notes: RwSignal::new(Vec::new()),
            starting: RwSignal::new(false),
        })
    }

    /// `pkg.Service/Method`.
    pub fn method(self) -> String {
        self.method.get_value()
    }

    /// The method's short name.
    pub fn title(self) -> String {
        let method = self.method();
        method.rsplit('/').next().unwrap_or(&method).to_owned()
    }

    /// What is remembered of it; tracks everything it reads.
    pub fn draft(self) -> TabDraft {
        TabDraft {
            method: self.method(),
            kind: self.kind.get(),
            endpoint: self.endpoint.get(),
            text: self.editor.with(|editor| editor.text().to_owned()),
            metadata: self.metadata.get(),
            auth: self.auth.get(),
            options: self.options.get(),
            view: self.view.get(),
            saved: self.saved.get(),
            dirty: self.dirty.get(),
            call: self.call.get(),
        }
    }

    /// Tracks what is remembered of it, without copying it.
    pub fn track(self) {
        self.kind.track();
        self.endpoint.track();
        self.editor.track();
        self.metadata.track();
        self.auth.track();
        self.options.track();
        self.view.track();
        self.saved.track();
        self.dirty.track();
        self.call.track();
    }

    /// Changes how its server is reached.
    pub fn edit_endpoint(self, change: impl FnOnce(&mut Endpoint)) {
        self.endpoint.update(change);
        self.edited();
    }

    /// Marks it edited; what was wrong with it before may be so no more.
    pub fn edited(self) {
        self.dirty.set(true);
        if self.problem.with_untracked(Option::is_some) {
            self.problem.set(None);
        }
    }

    /// Undoes the last edit of the message, or does it again.
    pub fn step(self, back: bool) {
        let moved = self.editor.try_update(|e| if back { e.undo() } else { e.redo() });
        if moved == Some(true) {
            self.edited();
        }
    }

    /// Whether nothing would be lost if another method took its place.
    pub fn untouched(self) -> bool {
        !self.dirty.get_untracked()
            && self.call.get_untracked().is_none()
            && self.saved.get_untracked().is_none()
    }

    /// The server with its address as it will be used; none where none is typed. Tracks it.
    pub fn server(self) -> Option<Endpoint> {
        let mut endpoint = self.endpoint.get();
        endpoint.address = endpoint.address.trim().to_owned();
        (!endpoint.address.is_empty()).then_some(endpoint)
    }

    /// The call to make, apart from its messages and credentials; tracks nothing.
    ///
    /// # Errors
    /// What is wrong with the address, connection, metadata or options.
    pub fn spec(self) -> Result<CallSpec, Problem> {
        let Some(endpoint) = untrack(move || self.server()) else {
            return Err(wrong("address", "There is no server to call".into())
                .help("Type its address, for example localhost:50051"));
        };
        if let Some((what, why)) = connection::problem(&endpoint) {
            return Err(wrong(what, why).help("Correct it in Connection, beside the address"));
        }
        let metadata = self
            .metadata
            .with_untracked(|rows| crate::state::metadata::entries(rows))
            .map_err(|(row, why)| wrong(&format!("metadata row {row}"), why))?;
        let mut spec = CallSpec {
            endpoint,
            method: self.method(),
            kind: self.kind.get_untracked(),
            metadata,
            ..CallSpec::default()
        };
        let applied = self.options.with_untracked(|options| options.apply(&mut spec));
        applied.map_err(|(what, why)| wrong(what, why).help("Correct it in Options"))?;
        Ok(spec)
    }

    /// The credentials to send; none sends nothing. Tracks nothing.
    ///
    /// # Errors
    /// What is wrong with them or missing.
    pub fn credentials(self) -> Result<Option<Auth>, Problem> {
        let auth = self.auth.with_untracked(AuthDraft::auth);
        auth.map_err(|why| wrong("auth", why).help("Complete it in Auth, or choose none there"))
    }
}

fn wrong(what: &str, why: String) -> Problem {
    Problem::new(ProblemKind::Mismatch, why).at(what)
}
