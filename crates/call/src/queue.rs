//! What a call has told and nobody has read yet.
//!
//! Telling an event never waits, so that its time is when it happened; instead the call asks for
//! [`room`](Teller::room) before it takes anything more from either side. What a call tells in one go is read in
//! one go: a lock for each of a thousand messages that came together would cost more than the messages.

use crate::retry::Pushback;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};
use wirelab_model::{Blob, CallEvent, CallEventKind, MetadataValue, Metadatum};

/// How many events wait unread before a call stops pulling messages; the server is then slowed by HTTP/2 flow
/// control. The reader may hold as many again, which it takes at once.
pub const QUEUE_EVENTS: usize = 2048;
/// How many message bytes wait unread before a call stops pulling; one message may pass it. The reader may hold as
/// many again.
pub const QUEUE_BYTES: usize = 4 << 20;

/// What both ends share.
#[derive(Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
}

/// What was told and not taken yet.
#[derive(Default)]
struct Waiting {
    events: VecDeque<Told>,
    /// Of their messages.
    bytes: usize,
    /// The call, when it waits for room: whatever of it waits, it is one future.
    full: Option<Waker>,
    /// Nothing more will be told.
    is_over: bool,
    progress: Progress,
    /// How many bytes are much; none means [`QUEUE_BYTES`].
    limit: Option<usize>,
}

/// An event that waits. Streams are made of messages, which are small beside the largest events.
pub(crate) enum Told {
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
        self.events.len() >= QUEUE_EVENTS || self.bytes >= self.limit.unwrap_or(QUEUE_BYTES)
    }
}

impl Queue {
    /// One that holds so many bytes of messages; none means [`QUEUE_BYTES`].
    pub fn limited(limit: Option<usize>) -> Queue {
        Queue { waiting: Mutex::new(Waiting { limit, ..Waiting::default() }) }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // What a panic elsewhere left behind is whole: nothing in here calls out.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives all that waits to `taken`, which is empty. False when nothing waits and nothing more will come.
    pub fn take(&self, taken: &mut VecDeque<Told>) -> bool {
        let mut waiting = self.lock();
        if waiting.events.is_empty() {
            return !waiting.is_over;
        }
        std::mem::swap(&mut waiting.events, taken);
        waiting.bytes = 0;
        let full = waiting.full.take();
        drop(waiting);
        if let Some(call) = full {
            call.wake();
        }
        true
    }
}

/// The call's end of a queue.
pub(crate) struct Teller {
    started: Instant,
    /// How long the clock has stood still, nanoseconds.
    aside: AtomicU64,
    queue: Arc<Queue>,
}

/// Messages being told that came in together.
pub(crate) struct Arrival<'a> {
    at_ns: u64,
    waiting: MutexGuard<'a, Waiting>,
}

impl Arrival<'_> {
    /// Tells one; false when the reader has to catch up first ([`room`](Teller::room)).
    pub fn tell(&mut self, message: Blob, compressed: Option<u64>) -> bool {
        let waiting = &mut *self.waiting;
        waiting.bytes += message.len();
        waiting.progress.received += 1;
        waiting.events.push_back(Told::Received { at_ns: self.at_ns, message, compressed });
        !waiting.is_much()
    }
}

impl Teller {
    /// Tells into `queue`; the clock starts with [`start`](Teller::start).
    pub fn new(queue: Arc<Queue>) -> Teller {
        Teller { started: Instant::now(), aside: AtomicU64::new(0), queue }
    }

    /// Starts the clock anew.
    pub fn start(&mut self) -> Instant {
        self.started = Instant::now();
        self.started
    }

    /// Nanoseconds since the call began.
    pub fn now(&self) -> u64 {
        nanos(self.started.elapsed()).saturating_sub(self.aside.load(Relaxed))
    }

    /// Tells what happened just now; messages that came are told by an [`arrival`](Teller::arrival).
    pub fn tell(&self, kind: CallEventKind) {
        let event = Box::new(CallEvent { at_ns: self.now(), kind });
        let mut waiting = self.queue.lock();
        if let CallEventKind::Sent { message, .. } = &event.kind {
            waiting.bytes += message.len();
        }
        waiting.progress.take(&event.kind);
        waiting.events.push_back(Told::Other(event));
    }

    /// Tells of messages that came in whole at a time that [`now`](Teller::now) told. Nothing else can be told, or
    /// read, until it is dropped.
    pub fn arrival(&self, at_ns: u64) -> Arrival<'_> {
        Arrival { at_ns, waiting: self.queue.lock() }
    }

    /// How far the call has come.
    pub fn progress(&self) -> Progress {
        self.queue.lock().progress
    }

    /// Tells the headers of a response that holds nothing but a failure: as gRPC's trailers-only responses, it does
    /// not keep the call from being tried again
    /// (<https://github.com/grpc/proposal/blob/master/A6-client-retries.md#when-retries-are-valid>).
    pub fn tell_refusal(&self, metadata: Vec<Metadatum>) {
        let kind = CallEventKind::Headers { metadata };
        let event = Box::new(CallEvent { at_ns: self.now(), kind });
        self.queue.lock().events.push_back(Told::Other(event));
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
        poll_fn(|cx| {
            let mut waiting = self.queue.lock();
            if !waiting.is_much() {
                return Poll::Ready(());
            }
            waiting.full = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.queue.lock().is_over = true;
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

    #[test]
    fn work_aside_is_not_counted() {
        let queue = Arc::new(Queue::default());
        let teller = Teller::new(queue.clone());
        let outer = Instant::now();
        teller.tell(CallEventKind::HalfClosed);
        let inner = teller.aside(|| {
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_millis(2) {}
            begun.elapsed()
        });
        teller.tell(CallEventKind::HalfClosed);
        let beside = outer.elapsed() - inner;
        drop(teller);
        let mut taken = VecDeque::new();
        assert!(queue.take(&mut taken));
        let at: Vec<u64> = taken.drain(..).map(|told| CallEvent::from(told).at_ns).collect();
        assert!(at[0] <= at[1] && at[1] - at[0] <= nanos(beside), "{at:?} {beside:?}");
        assert!(!queue.take(&mut taken));
    }
}
