//! One call as a screen looks at it: what is known of it, what of it is looked at, and the fetching of what comes
//! into view.
//!
//! A [`CallView`] lives as long as the component that makes it, and is `Copy`; the response and the wire panel share
//! one. What is known is a [`Response`]; everything drawn derives from it.

use crate::{
    state::{
        annotate::{Note, annotate},
        calls::LiveCall,
        highlight::Document,
        messages::Show,
        response::Response,
    },
    store::{Store, use_store},
};
use leptos::{prelude::*, task::spawn_local};
use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    sync::Arc,
    time::Duration,
};
use wirelab_model::{CallId, CallState, Direction, FormTypes, MessageDetail, Problem};

/// How often the elapsed time of an open call moves on, milliseconds.
const TICK_MS: u64 = 100;

/// How often what is dear to draw is drawn again, milliseconds.
const PULSE_MS: f64 = 300.0;

/// Which part of a response shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Section {
    /// What was asked for.
    Request,
    /// The message, or the list of them.
    #[default]
    Body,
    /// Response headers.
    Headers,
    /// Trailers.
    Trailers,
    /// Who served it.
    Peer,
}

/// A call that is looked at.
#[derive(Clone, Copy)]
pub struct CallView {
    /// For asking.
    pub store: Store,
    /// What is known; none while no call is shown.
    pub response: RwSignal<Option<Response>>,
    /// Which part shows.
    pub section: RwSignal<Section>,
    /// Which message of a call without streams the wire panel shows, once chosen.
    pub side: RwSignal<Option<Direction>>,
    /// The field that is pointed at, as a path of the byte map.
    pub field: RwSignal<Option<String>>,
    /// Why something of the call could not be fetched.
    pub problem: RwSignal<Option<Problem>>,
    /// The clock, milliseconds; moves while the call is open.
    pub now: RwSignal<f64>,
    pub(super) in_view: RwSignal<Range<u64>>,
    pub(super) types: RwSignal<HashMap<String, Arc<FormTypes>>>,
    pub(super) asking: StoredValue<HashSet<(CallId, u64)>>,
    following: RwSignal<Option<CallId>>,
}

impl CallView {
    /// Looks at the call that `call` names, as the store follows it.
    pub fn live(call: impl Fn() -> Option<CallId> + Send + Sync + 'static) -> CallView {
        let view = CallView::new();
        Effect::new(move |_| view.following.set(call()));
        view
    }

    /// Looks at a recorded call. One that still runs is followed.
    pub fn recorded(call: impl Fn() -> Option<CallId> + Send + Sync + 'static) -> CallView {
        let view = CallView::new();
        let call = Memo::new(move |_| call());
        Effect::new(move |_| {
            view.following.set(None);
            let Some(id) = call.get() else { return };
            spawn_local(async move {
                let reply = view.store.client().call(id).await;
                if call.try_get_untracked().flatten() != Some(id) {
                    return;
                }
                match reply {
                    Ok(record) if record.state == CallState::Running => {
                        view.following.set(Some(id));
                    }
                    Ok(record) => {
                        view.problem.set(None);
                        view.response.set(Some(Response::new(record, clock_ms())));
                    }
                    Err(problem) => view.problem.set(Some(problem)),
                }
            });
        });
        view
    }

    fn new() -> CallView {
        let view = CallView {
            store: use_store(),
            response: RwSignal::new(None),
            section: RwSignal::new(Section::Body),
            side: RwSignal::new(None),
            field: RwSignal::new(None),
            problem: RwSignal::new(None),
            now: RwSignal::new(clock_ms()),
            in_view: RwSignal::new(0..0),
            types: RwSignal::new(HashMap::new()),
            asking: StoredValue::new(HashSet::new()),
            following: RwSignal::new(None),
        };
        view.follow();
        view.tick();
        view.fetch_rows();
        view
    }

    /// Something of the call; tracks it all, so it belongs into a memo. None while no call is shown.
    pub fn with<T>(self, read: impl FnOnce(&Response) -> T) -> Option<T> {
        self.response.with(|response| response.as_ref().map(read))
    }

    /// Something of the call that is drawn again only when it changes.
    pub fn memo<T: PartialEq + Send + Sync + 'static>(
        self,
        read: impl Fn(&Response) -> T + Send + Sync + 'static,
    ) -> Memo<Option<T>> {
        Memo::new(move |_| self.with(&read))
    }

    /// Changes a few times a second while the call is open, and with every message after: for what is dear to draw.
    pub fn pulse(self) -> Memo<(u64, Option<(CallId, u64)>)> {
        let beat = Memo::new(move |_| (self.now.get() / PULSE_MS) as u64);
        Memo::new(move |_| {
            let still = self.with(|response| {
                (!response.is_running()).then(|| (response.id(), response.flow().next()))
            });
            (beat.get(), still.flatten())
        })
    }

    /// Changes what is looked at in the call.
    pub fn change(self, change: impl FnOnce(&mut Response)) {
        self.response.update(|response| {
            if let Some(response) = response {
                change(response);
            }
        });
    }

    /// Which message of a call without streams the wire panel shows: the response unless there will be none.
    pub fn shown_side(self) -> Direction {
        let usual = self.with(|response| {
            match response.is_running() || response.only(Direction::Received).is_some() {
                true => Direction::Received,
                false => Direction::Sent,
            }
        });
        self.side.get().or(usual).unwrap_or(Direction::Received)
    }

    /// Lists these messages.
    pub fn show(self, show: Show) {
        self.change(|response| response.messages_mut().set_show(show));
    }

    /// Says which places of the list of messages are drawn.
    pub fn set_in_view(self, places: Range<u64>) {
        self.in_view.set(places);
    }

    /// A message whole, fetched when it is not there yet.
    pub fn detail(
        self,
        index: impl Fn() -> Option<u64> + Send + Sync + 'static,
    ) -> Memo<Option<Arc<MessageDetail>>> {
        let index = Memo::new(move |_| index());
        let detail = Memo::new_with_compare(
            move |_| self.with(|response| response.detail(index.get()?)).flatten(),
            |old, new| match (old.and_then(Option::as_ref), new.and_then(Option::as_ref)) {
                (Some(old), Some(new)) => !Arc::ptr_eq(old, new),
                (old, new) => old.is_some() || new.is_some(),
            },
        );
        let id = self.memo(Response::id);
        Effect::new(move |_| {
            if let (Some(id), Some(index)) = (id.get(), index.get())
                && detail.get_untracked().is_none()
            {
                self.fetch_detail(id, index);
            }
        });
        detail
    }

    /// The text of a message in lines, with what each line is.
    pub fn document(
        self,
        detail: Memo<Option<Arc<MessageDetail>>>,
    ) -> (Memo<Arc<Document>>, Memo<Arc<Vec<Note>>>) {
        let document = Memo::new(move |_| {
            let json = detail.with(|detail| detail.as_ref().map(|d| d.json.clone()));
            Arc::new(Document::new(json.unwrap_or_default()))
        });
        let notes = Memo::new(move |_| {
            let types = detail
                .with(|detail| detail.as_ref().map(|d| d.row.direction))
                .and_then(|direction| self.types(direction));
            Arc::new(types.map(|types| annotate(&document.get(), &types)).unwrap_or_default())
        });
        (document, notes)
    }

    /// Folds what the store follows.
    fn follow(self) {
        Effect::new(move |before: Option<Option<CallId>>| {
            let following = self.following.get();
            if before.is_some_and(|before| before != following) {
                self.response.set(None);
                self.problem.set(None);
                self.asking.update_value(HashSet::clear);
            }
            if let Some(id) = following {
                self.store.call(id).with(|call| self.sync(id, call));
            }
            following
        });
    }

    fn sync(self, id: CallId, call: &LiveCall) {
        // Until the studio has answered, the record is not this call's yet.
        if call.record.id != id {
            return;
        }
        let now = clock_ms();
        self.response.update(|response| match response {
            Some(response) if response.id() == id => response.sync(call, now),
            _ => {
                let mut new = Response::new(call.record.clone(), now);
                new.sync(call, now);
                *response = Some(new);
            }
        });
        self.now.set(now);
    }

    /// Moves the clock while the call is open.
    fn tick(self) {
        let running = Memo::new(move |_| self.with(Response::is_running).unwrap_or(false));
        Effect::new(move |_| {
            if running.get() {
                let period = Duration::from_millis(TICK_MS);
                let tick = move || {
                    self.now.try_set(clock_ms());
                };
                if let Ok(timer) = set_interval_with_handle(tick, period) {
                    on_cleanup(move || timer.clear());
                }
            }
        });
    }
}

/// The clock of the page, milliseconds. Only what elapsed since the engine's last word is taken from it.
pub fn clock_ms() -> f64 {
    js_sys::Date::now()
}
