//! The bounded way from a running call to whoever reads its events.
//!
//! Telling an event never waits, so that its time is when it happened; instead the call asks for
//! [`room`](Teller::room) before it takes anything more from either side.

use futures_util::Stream;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, mpsc};
use wirelab_model::{CallEvent, CallEventKind};

/// How many events wait unread before a call stops pulling messages; the server is then slowed by HTTP/2 flow
/// control.
pub const QUEUE_EVENTS: usize = 256;
/// How many message bytes wait unread before a call stops pulling; one message may pass it.
pub const QUEUE_BYTES: usize = 4 << 20;

#[derive(Default)]
struct Load {
    events: AtomicUsize,
    bytes: AtomicUsize,
    room: Notify,
}

/// The call's end.
pub(crate) struct Teller {
    started: Instant,
    /// How long the clock has stood still, nanoseconds.
    aside: AtomicU64,
    tx: mpsc::UnboundedSender<CallEvent>,
    load: Arc<Load>,
}

/// The reader's end.
pub(crate) struct Listener {
    rx: mpsc::UnboundedReceiver<CallEvent>,
    load: Arc<Load>,
}

/// Both ends; the call's clock starts with [`Teller::start`].
pub(crate) fn queue() -> (Teller, Listener) {
    let (tx, rx) = mpsc::unbounded_channel();
    let load = Arc::new(Load::default());
    (
        Teller { started: Instant::now(), aside: AtomicU64::new(0), tx, load: load.clone() },
        Listener { rx, load },
    )
}

impl Teller {
    /// Starts the clock anew.
    pub fn start(&mut self) -> Instant {
        self.started = Instant::now();
        self.started
    }

    /// Tells what happened just now.
    pub fn tell(&self, kind: CallEventKind) {
        self.load.events.fetch_add(1, SeqCst);
        self.load.bytes.fetch_add(weight(&kind), SeqCst);
        let at_ns = nanos(self.started.elapsed()).saturating_sub(self.aside.load(SeqCst));
        // Nobody reads any more: `closed` tells the call so.
        let _ = self.tx.send(CallEvent { at_ns, kind });
    }

    /// Does what is no part of the call's time: the clock of its events stands still meanwhile.
    pub fn aside<T>(&self, work: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let done = work();
        self.aside.fetch_add(nanos(begun.elapsed()), SeqCst);
        done
    }

    /// Waits until the reader has caught up enough.
    pub async fn room(&self) {
        loop {
            let mut changed = pin!(self.load.room.notified());
            changed.as_mut().enable();
            if self.load.events.load(SeqCst) < QUEUE_EVENTS
                && self.load.bytes.load(SeqCst) < QUEUE_BYTES
            {
                return;
            }
            changed.await;
        }
    }

    /// Waits until nobody reads any more.
    pub async fn closed(&self) {
        self.tx.closed().await;
    }
}

impl Stream for Listener {
    type Item = CallEvent;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<CallEvent>> {
        let next = self.rx.poll_recv(cx);
        if let Poll::Ready(Some(event)) = &next {
            self.load.events.fetch_sub(1, SeqCst);
            self.load.bytes.fetch_sub(weight(&event.kind), SeqCst);
            self.load.room.notify_waiters();
        }
        next
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn weight(kind: &CallEventKind) -> usize {
    match kind {
        CallEventKind::Sent { message, .. } | CallEventKind::Received { message, .. } => {
            message.len()
        }
        _ => 0,
    }
}
