//! An open tab: a request being edited and its last call.

use super::Store;
use crate::state::{
    editor::Editor,
    metadata::Row,
    options::Options,
    session::{RequestView, SavedRef, TabDraft},
};
use leptos::prelude::*;
use std::sync::Arc;
use wirelab_model::{CallId, CallKind, CallSpec, Checked, Endpoint, Form, Problem, ProblemKind};

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
            options: RwSignal::new(draft.options),
            view: RwSignal::new(draft.view),
            saved: RwSignal::new(draft.saved),
            dirty: RwSignal::new(draft.dirty),
            call: RwSignal::new(draft.call),
            form: RwSignal::new(FormState::Loading),
            checked: RwSignal::new(None),
            problem: RwSignal::new(None),
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
        self.options.track();
        self.view.track();
        self.saved.track();
        self.dirty.track();
        self.call.track();
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

    /// The call to make, apart from its messages; tracks nothing.
    ///
    /// # Errors
    /// What is wrong with the address, metadata or options.
    pub fn spec(self) -> Result<CallSpec, Problem> {
        let wrong = |what: &str, why: String| Problem::new(ProblemKind::Mismatch, why).at(what);
        let mut endpoint = self.endpoint.get_untracked();
        endpoint.address = endpoint.address.trim().to_owned();
        if endpoint.address.is_empty() {
            return Err(wrong("address", "There is no server to call".into())
                .help("Type its address, for example localhost:50051"));
        }
        let metadata = self
            .metadata
            .with_untracked(|rows| crate::state::metadata::entries(rows))
            .map_err(|(row, why)| wrong(&format!("metadata row {row}"), why))?;
        let options = self.options.get_untracked();
        Ok(CallSpec {
            endpoint,
            method: self.method(),
            kind: self.kind.get_untracked(),
            metadata,
            deadline_ms: options.deadline_ms().map_err(|why| wrong("deadline", why))?,
            max_message_bytes: options
                .max_message_bytes()
                .map_err(|why| wrong("message limit", why))?,
            ..CallSpec::default()
        })
    }
}
