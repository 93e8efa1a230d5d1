//! Calls without servers: an [`Invoke`] that plays given events, for tests of whatever stands on calls, and what it
//! takes to record events.

use crate::drive::begin;
use crate::invoke::{Events, Invoke, Requests};
use futures_util::{StreamExt, stream};
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::sync::CancellationToken;
use wirelab_model::{CallEvent, CallEventKind, CallSpec, Status, StatusCode};

type Script = dyn Fn(&CallSpec, usize) -> Vec<CallEvent> + Send + Sync;

/// Plays the events that a script gives for each call, with their own times and without waiting. A call whose
/// events lack `Finished` stays open until it is cancelled, then ends with CANCELLED. Requests are not read.
#[derive(Clone)]
pub struct Scripted {
    script: Arc<Script>,
    calls: Arc<Mutex<Vec<CallSpec>>>,
}

impl Scripted {
    /// Plays the same events for every call.
    pub fn new(events: Vec<CallEvent>) -> Scripted {
        Scripted::with(move |_, _| events.clone())
    }

    /// Plays what `script` gives for a call and its number, counted from 0.
    pub fn with(
        script: impl Fn(&CallSpec, usize) -> Vec<CallEvent> + Send + Sync + 'static,
    ) -> Scripted {
        Scripted { script: Arc::new(script), calls: Arc::default() }
    }

    /// The calls made so far.
    pub fn calls(&self) -> Vec<CallSpec> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Invoke for Scripted {
    fn invoke(&self, spec: CallSpec, _: Requests, cancel: CancellationToken) -> Events {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let mut events = (self.script)(&spec, calls.len());
        calls.push(spec);
        drop(calls);
        let is_end = |event: &CallEvent| matches!(event.kind, CallEventKind::Finished { .. });
        if let Some(end) = events.iter().position(is_end) {
            events.truncate(end + 1);
            return Box::pin(stream::iter(events));
        }
        let at_ns = events.last().map_or(0, |event| event.at_ns);
        let status = Status::new(StatusCode::Cancelled, "the call was cancelled on this side");
        let end = CallEvent { at_ns, kind: CallEventKind::Finished { status, wire: None } };
        let end = stream::once(async move {
            cancel.cancelled_owned().await;
            end
        });
        Box::pin(stream::iter(events).chain(end))
    }
}

/// Tells these events in the way of a call that happens, with times of its own, and does nothing else: for benches of
/// what recording takes. Must be called inside a Tokio runtime.
pub fn told(kinds: Vec<CallEventKind>) -> Events {
    Box::pin(begin(&Arc::default(), |teller| async move {
        for kind in kinds {
            match kind {
                CallEventKind::Received { message, compressed } => {
                    if !teller.arrival(teller.now()).tell(message, compressed) {
                        teller.room().await;
                    }
                }
                kind => teller.tell(kind),
            }
        }
    }))
}
