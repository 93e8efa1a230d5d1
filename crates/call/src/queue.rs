//! The bounded way from a running call to whoever reads its events.
//!
//! Telling an event never waits, so that its time is when it happened; instead the call asks for
//! [`room`](Teller::room) before it takes anything more from either side. What a call tells in one go reaches the
//! reader in one go, when the call pauses: waking the reader for each of a thousand messages that came together
//! would cost more than all the rest.

use crate::retry::Pushback;
use futures_util::Stream;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use wirelab_model::{Blob, CallEvent, CallEventKind, MetadataValue, Metadatum};

/// How many events wait unread before a call stops pulling messages; the server is then slowed by HTTP/2 flow
/// control. The reader may hold as many again, which it takes at once.
pub const QUEUE_EVENTS: usize = 2048;
/// How many message bytes wait unread before a call stops pulling; one message may pass it. The reader may hold as
/// many again.
pub const QUEUE_BYTES: usize = 4 << 20;

/// What both ends share.
#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// The reader has taken what was waiting.
    room: Notify,
    /// Response headers came.
    answered: Notify,
}

/// What was told and not taken yet.
#[derive(Default)]
struct Waiting {
    events: VecDeque<Told>,
    /// Of their messages.
    bytes: usize,
    /// The reader, when it has found nothing.
    reader: Option<Waker>,
    /// Whether the call waits for room.
    is_full: bool,
    /// Nothing more will be told.
    is_over: bool,
    progress: Progress,
}

/// An event that waits. Streams are made of messages, which are small beside the largest events.
enum Told {
    Received { at_ns: u64, message: Blob, compressed: Option<u64> },
    Other(Box<CallEvent>),
}

impl From<Told> for CallEvent {
    fn from(told: Told) -> CallEvent {
        match told {
            Told::Received { at_ns, message, compressed } => {
                CallEvent { at_ns, kind: CallEventKind::Received { message, compressed } }
            }
            Told::Other(event) => *event,
        }
    }
}

/// How far a call has come, as its events tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// The name of the server has addresses.
    pub resolved: bool,
    /// A connection is there.
    pub connected: bool,
    /// Response headers came.
    pub answered: bool,
    /// Response messages that came.
    pub received: u64,
    /// What the server said of another attempt.
    pub pushback: Option<Pushback>,
}

impl Progress {
    fn take(&mut self, kind: &CallEventKind) {
        match kind {
            CallEventKind::Resolved { .. } => self.resolved = true,
            CallEventKind::Connected { .. } | CallEventKind::Reused { .. } => {
                self.connected = true;
            }
            // Another attempt begins where the first one did.
            CallEventKind::Retrying(_) => {
                *self = Progress { resolved: self.resolved, ..Progress::default() };
            }
            CallEventKind::Headers { .. } => self.answered = true,
            CallEventKind::Trailers { metadata } => {
                self.pushback = metadata.iter().find_map(pushback);
            }
            _ => {}
        }
    }
}

impl Waiting {
    fn is_much(&self) -> bool {
        self.events.len() >= QUEUE_EVENTS || self.bytes >= QUEUE_BYTES
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // What a panic elsewhere left behind is whole: nothing in here calls out.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the reader if there is something for it.
    fn deliver(&self) {
        let mut waiting = self.lock();
        if waiting.events.is_empty() && !waiting.is_over {
            return;
        }
        let reader = waiting.reader.take();
        drop(waiting);
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

/// The call's end.
pub(crate) struct Teller {
    started: Instant,
    /// How long the clock has stood still, nanoseconds.
    aside: AtomicU64,
    shared: Arc<Shared>,
}

/// The reader's end. Dropping it ends the call where it is.
pub(crate) struct Listener {
    taken: VecDeque<Told>,
    shared: Arc<Shared>,
    call: AbortHandle,
}

/// Runs a call on a task of its own; its clock starts with [`Teller::start`].
pub(crate) fn spawn<F>(call: impl FnOnce(Teller) -> F) -> Listener
where
    F: Future<Output = ()> + Send + 'static,
{
    let shared = Arc::new(Shared::default());
    let teller =
        Teller { started: Instant::now(), aside: AtomicU64::new(0), shared: shared.clone() };
    let mut call = Box::pin(call(teller));
    let delivering = shared.clone();
    let task = tokio::spawn(poll_fn(move |cx| {
        let poll = call.as_mut().poll(cx);
        delivering.deliver();
        poll
    }));
    Listener { taken: VecDeque::new(), shared, call: task.abort_handle() }
}

impl Teller {
    /// Starts the clock anew.
    pub fn start(&mut self) -> Instant {
        self.started = Instant::now();
        self.started
    }

    /// Nanoseconds since the call began.
    pub fn now(&self) -> u64 {
        nanos(self.started.elapsed()).saturating_sub(self.aside.load(Relaxed))
    }

    /// Tells what happened just now; messages that came are told by [`received`](Teller::received).
    pub fn tell(&self, kind: CallEventKind) {
        let event = Box::new(CallEvent { at_ns: self.now(), kind });
        let mut waiting = self.shared.lock();
        if let CallEventKind::Sent { message, .. } = &event.kind {
            waiting.bytes += message.len();
        }
        waiting.progress.take(&event.kind);
        if matches!(event.kind, CallEventKind::Headers { .. }) {
            self.shared.answered.notify_one();
        }
        waiting.events.push_back(Told::Other(event));
    }

    /// Tells of a message that came in whole at a time that [`now`](Teller::now) told; false when the reader has to
    /// catch up first ([`room`](Teller::room)).
    pub fn received(&self, at_ns: u64, message: Blob, compressed: Option<u64>) -> bool {
        let mut waiting = self.shared.lock();
        waiting.bytes += message.len();
        waiting.progress.received += 1;
        waiting.events.push_back(Told::Received { at_ns, message, compressed });
        !waiting.is_much()
    }

    /// How far the call has come.
    pub fn progress(&self) -> Progress {
        self.shared.lock().progress
    }

    /// Waits until the response of the attempt under way has begun.
    pub async fn answered(&self) {
        while !self.progress().answered {
            self.shared.answered.notified().await;
        }
    }

    /// Tells the headers of a response that holds nothing but a failure: as gRPC's trailers-only responses, it does
    /// not keep the call from being tried again
    /// (<https://github.com/grpc/proposal/blob/master/A6-client-retries.md#when-retries-are-valid>).
    pub fn tell_refusal(&self, metadata: Vec<Metadatum>) {
        let kind = CallEventKind::Headers { metadata };
        let event = Box::new(CallEvent { at_ns: self.now(), kind });
        self.shared.lock().events.push_back(Told::Other(event));
    }

    /// Does what is no part of the call's time: the clock of its events stands still meanwhile.
    pub fn aside<T>(&self, work: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let done = work();
        self.aside.fetch_add(nanos(begun.elapsed()), Relaxed);
        done
    }

    /// Waits until the reader has caught up enough.
    pub async fn room(&self) {
        let is_full = || {
            let mut waiting = self.shared.lock();
            waiting.is_full = waiting.is_much();
            waiting.is_full
        };
        while is_full() {
            let mut taken = pin!(self.shared.room.notified());
            taken.as_mut().enable();
            // The reader may have come between the two.
            if is_full() {
                taken.await;
            }
        }
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.shared.lock().is_over = true;
        // A call that is broken off is not polled again.
        self.shared.deliver();
    }
}

impl Stream for Listener {
    type Item = CallEvent;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<CallEvent>> {
        if let Some(told) = self.taken.pop_front() {
            return Poll::Ready(Some(told.into()));
        }
        let this = &mut *self;
        let mut waiting = this.shared.lock();
        if waiting.events.is_empty() {
            if waiting.is_over {
                return Poll::Ready(None);
            }
            waiting.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        std::mem::swap(&mut waiting.events, &mut this.taken);
        waiting.bytes = 0;
        let was_full = std::mem::take(&mut waiting.is_full);
        drop(waiting);
        if was_full {
            this.shared.room.notify_waiters();
        }
        Poll::Ready(this.taken.pop_front().map(CallEvent::from))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.call.abort();
    }
}

fn pushback(metadatum: &Metadatum) -> Option<Pushback> {
    match &metadatum.value {
        MetadataValue::Text(text) if metadatum.key == "grpc-retry-pushback-ms" => {
            Some(Pushback::parse(text))
        }
        _ => None,
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt;

    #[tokio::test]
    async fn work_aside_is_not_counted() {
        let (tx, rx) = tokio::sync::oneshot::channel();
        let listener = spawn(|teller| async move {
            let outer = Instant::now();
            teller.tell(CallEventKind::HalfClosed);
            let inner = teller.aside(|| {
                let begun = Instant::now();
                while begun.elapsed() < Duration::from_millis(2) {}
                begun.elapsed()
            });
            teller.tell(CallEventKind::HalfClosed);
            tx.send(outer.elapsed() - inner).unwrap();
        });
        let at: Vec<u64> = listener.map(|event| event.at_ns).collect().await;
        let beside = rx.await.unwrap();
        assert!(at[0] <= at[1] && at[1] - at[0] <= nanos(beside), "{at:?} {beside:?}");
    }
}
