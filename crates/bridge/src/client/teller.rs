//! The events of a call, and its clock, which stands still while JSON and Protobuf become each other.

use super::Over;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, mpsc};
use wirelab_model::{CallEvent, CallEventKind, Metadatum};

/// How many events wait for whoever follows a call; then the call waits.
pub const CLIENT_EVENTS: usize = 256;

/// Tells the events of one call.
#[derive(Clone)]
pub(super) struct Teller {
    events: mpsc::Sender<CallEvent>,
    clock: Arc<Clock>,
}

#[derive(Default)]
struct Clock {
    begun: OnceLock<Instant>,
    begins: Notify,
    paused_ns: AtomicU64,
}

impl Teller {
    pub fn new() -> (Teller, mpsc::Receiver<CallEvent>) {
        let (events, told) = mpsc::channel(CLIENT_EVENTS);
        (Teller { events, clock: Arc::default() }, told)
    }

    /// Starts the clock.
    pub fn begin(&self) {
        if self.clock.begun.set(Instant::now()).is_ok() {
            self.clock.begins.notify_waiters();
            self.clock.begins.notify_one();
        }
    }

    /// Nanoseconds since the call began; 0 before.
    pub fn now(&self) -> u64 {
        let Some(begun) = self.clock.begun.get() else { return 0 };
        let ns = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        ns.saturating_sub(self.clock.paused_ns.load(Relaxed))
    }

    /// Does what is not the call's own.
    pub fn apart<T>(&self, work: impl FnOnce() -> T) -> T {
        let begin = Instant::now();
        let done = work();
        let ns = u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX);
        if self.clock.begun.get().is_some() {
            self.clock.paused_ns.fetch_add(ns, Relaxed);
        }
        done
    }

    /// Waits until the clock has run so long.
    pub async fn after(&self, time: Duration) {
        while self.clock.begun.get().is_none() {
            self.clock.begins.notified().await;
        }
        tokio::time::sleep(time).await;
    }

    pub async fn tell(&self, kind: CallEventKind) {
        self.tell_at(self.now(), kind).await;
    }

    /// Nobody listens any longer when this does nothing; the call is about to be dropped then.
    pub async fn tell_at(&self, at_ns: u64, kind: CallEventKind) {
        let _ = self.events.send(CallEvent { at_ns, kind }).await;
    }

    pub async fn trailers(&self, metadata: Vec<Metadatum>) {
        if !metadata.is_empty() {
            self.tell(CallEventKind::Trailers { metadata }).await;
        }
    }

    pub async fn finish(&self, over: Over) {
        let Over { status, wire } = over;
        self.tell(CallEventKind::Finished { status, wire }).await;
    }
}
