//! What a screen remembers between reloads: tabs with their drafts, pane sizes, theme. Kept in the browser's
//! storage as one versioned, bounded JSON text.

use super::{
    auth::AuthDraft,
    bridge::Remembered,
    layout::{Layout, Theme},
    metadata::Row,
    options::Options,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use wirelab_model::{CallId, CallKind, CallSpec, Endpoint, SavedId, SavedRequest};

/// The form of what is stored; anything else is passed over.
pub const VERSION: u32 = 1;
/// How many tabs are kept.
pub const MAX_TABS: usize = 60;
/// How many bytes the drafts of all tabs may have; browsers refuse more than some 5 MB. Longer drafts are left out.
pub const MAX_DRAFT_BYTES: usize = 2 << 20;

/// Which part of a request shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum RequestView {
    #[default]
    Form,
    Json,
    Metadata,
    Auth,
    Options,
}

/// The saved request that a tab shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedRef {
    /// Its id.
    pub id: SavedId,
    /// Its name.
    pub name: String,
}

/// A tab as remembered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TabDraft {
    /// `pkg.Service/Method`.
    pub method: String,
    /// Its kind as last known; shown until the catalog is there.
    pub kind: CallKind,
    /// The server.
    pub endpoint: Endpoint,
    /// The message's JSON text as typed.
    pub text: String,
    /// Metadata as typed.
    pub metadata: Vec<Row>,
    /// Credentials as typed; their secrets are left out of what is stored.
    pub auth: AuthDraft,
    /// Options as typed.
    pub options: Options,
    /// Which part shows.
    pub view: RequestView,
    /// The saved request it shows.
    pub saved: Option<SavedRef>,
    /// Whether it differs from what was saved, or was typed and never saved.
    pub dirty: bool,
    /// Its last call.
    pub call: Option<CallId>,
}

impl TabDraft {
    /// A draft that shows a call's specification and its first message.
    pub fn of(spec: &CallSpec, text: String) -> Self {
        TabDraft {
            method: spec.method.clone(),
            kind: spec.kind,
            endpoint: spec.endpoint.clone(),
            text,
            metadata: spec.metadata.iter().zip(1..).map(|(m, id)| Row::of(m, id)).collect(),
            options: Options::of(spec),
            ..TabDraft::default()
        }
    }

    /// A draft that shows a saved request.
    pub fn of_saved(saved: &SavedRequest) -> Self {
        TabDraft {
            saved: Some(SavedRef { id: saved.id, name: saved.name.clone() }),
            auth: AuthDraft::of(saved.auth.as_ref()),
            ..TabDraft::of(&saved.spec, saved.messages.first().cloned().unwrap_or_default())
        }
    }
}

/// Everything remembered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Session {
    /// [`VERSION`].
    pub version: u32,
    /// Pane sizes.
    pub layout: Layout,
    /// Colours.
    pub theme: Theme,
    /// Open tabs, in order.
    pub tabs: Vec<TabDraft>,
    /// Which of them shows.
    pub active: Option<usize>,
    /// Services folded in the tree, by full name.
    pub folded: BTreeSet<String>,
    /// How the bridge was started last.
    pub bridge: Remembered,
}

impl Session {
    /// Reads what was stored; what is damaged or of another version is passed over.
    pub fn load(text: &str) -> Session {
        let mut session = serde_json::from_str::<Session>(text)
            .ok()
            .filter(|session| session.version == VERSION)
            .unwrap_or_default();
        session.version = VERSION;
        session.layout = session.layout.clamped();
        session.tabs.retain(|tab| !tab.method.is_empty());
        session.tabs.truncate(MAX_TABS);
        session.active = session.active.filter(|i| *i < session.tabs.len());
        session
    }

    /// The text to store, without secrets; drafts beyond the bounds are left out, the shown tab's last.
    pub fn store(&self) -> String {
        let mut session = Session { version: VERSION, ..self.clone() };
        session.tabs.truncate(MAX_TABS);
        for tab in &mut session.tabs {
            tab.auth = std::mem::take(&mut tab.auth).without_secrets();
        }
        let mut left = MAX_DRAFT_BYTES;
        let mut order: Vec<usize> = (0..session.tabs.len()).collect();
        order.sort_by_key(|i| Some(*i) != self.active);
        for i in order {
            if let Some(tab) = session.tabs.get_mut(i) {
                if tab.text.len() <= left {
                    left -= tab.text.len();
                } else {
                    tab.text.clear();
                }
            }
        }
        serde_json::to_string(&session).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tab(method: &str, text: &str) -> TabDraft {
        TabDraft { method: method.into(), text: text.into(), dirty: true, ..TabDraft::default() }
    }

    #[test]
    fn what_is_stored_is_loaded() {
        let session = Session {
            version: VERSION,
            theme: Theme::Dark,
            tabs: vec![tab("a.B/C", "{ half"), tab("a.B/D", "{}")],
            active: Some(1),
            folded: ["a.B".to_owned()].into(),
            bridge: Remembered { listen: "127.0.0.1:9".into(), ..Remembered::default() },
            ..Session::default()
        };
        assert_eq!(Session::load(&session.store()), session);
    }

    #[test]
    fn secrets_are_not_stored() {
        let auth = wirelab_model::Auth::Basic {
            user: "ada".into(),
            password: wirelab_model::Secret("s3cret".into()),
        };
        let saved = SavedRequest { auth: Some(auth), ..SavedRequest::default() };
        let draft = TabDraft { method: "a.B/C".into(), ..TabDraft::of_saved(&saved) };
        assert_eq!(draft.auth.password.0, "s3cret", "an open tab keeps it");
        let text = Session { tabs: vec![draft], ..Session::default() }.store();
        assert!(text.contains("ada") && !text.contains("s3cret"), "{text}");
    }

    #[test]
    fn damage_and_other_versions_are_passed_over() {
        let fresh = Session { version: VERSION, ..Session::default() };
        for text in
            ["", "{", "[]", "{\"version\":99,\"theme\":\"Dark\"}", "{\"version\":1,\"tabs\":7}"]
        {
            assert_eq!(Session::load(text), fresh, "{text}");
        }
        let odd = Session::load(
            "{\"version\":1,\"active\":9,\"tabs\":[{\"method\":\"\"},{\"method\":\"a/b\"}]}",
        );
        assert_eq!((odd.active, odd.tabs.len()), (None, 1));
    }

    #[test]
    fn bounds_leave_out_drafts_but_not_the_shown_one() {
        let long = "x".repeat(MAX_DRAFT_BYTES - 10);
        let session = Session {
            tabs: vec![tab("a/a", "a longer draft"), tab("a/b", &long), tab("a/c", "short")],
            active: Some(1),
            ..Session::default()
        };
        let kept: Vec<_> =
            Session::load(&session.store()).tabs.iter().map(|t| t.text.len()).collect();
        assert_eq!(kept, [0, long.len(), 5]);
        let many = Session { tabs: vec![tab("a/a", ""); 100], ..Session::default() };
        assert_eq!(Session::load(&many.store()).tabs.len(), MAX_TABS);
    }
}
