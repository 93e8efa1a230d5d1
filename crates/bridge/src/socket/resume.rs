//! Streams that go on after their socket was lost.
//!
//! A stream that can be resumed has an identifier nobody can guess. Whoever shows it gets the stream: from the task that
//! keeps it since its socket was lost, or from a socket that does not know yet that it is. While nobody has it the call is
//! paused: nothing is read from the server. Messages are numbered by counting them, so that no frame carries a number.

use super::options::ResumeOptions;
use super::outbox::size;
use super::side::Side;
use super::stats::SocketStats;
use super::wire::Outgoing;
use crate::catalog::Method;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::sync::{mpsc, oneshot};

/// `idempotency_level` of `google.protobuf.MethodOptions` that says a method changes nothing.
const NO_SIDE_EFFECTS: i32 = 1;

/// All streams of a bridge that can be resumed.
#[derive(Clone, Default)]
pub(super) struct Streams {
    by_id: Arc<Mutex<HashMap<String, Entry>>>,
}

struct Entry {
    /// `pkg.Service/Method`.
    method: String,
    claims: mpsc::Sender<oneshot::Sender<Side>>,
}

/// What makes a stream one that can be resumed. It can no longer be once this is dropped.
pub(super) struct Resumable {
    pub id: String,
    streams: Streams,
    claims: mpsc::Receiver<oneshot::Sender<Side>>,
    /// What was handed to the socket last, with the number of the last message that it is or stands for.
    kept: VecDeque<(u64, Outgoing)>,
    bytes: usize,
    /// The number of the last message that is not kept any longer.
    lost: u64,
    max_messages: usize,
    max_bytes: usize,
}

/// Whether it is safe to tell a method's messages again.
pub(super) fn is_safe(method: &Method, options: &ResumeOptions) -> bool {
    let level = method.descriptor.method_descriptor_proto().options.as_ref();
    let declared = level.is_some_and(|options| options.idempotency_level == Some(NO_SIDE_EFFECTS));
    !options.window.is_zero() && (declared || options.methods.contains(&method.path))
}

impl Streams {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a stream of this method one that can be resumed, if there are not too many.
    pub fn add(&self, method: &str, options: &ResumeOptions) -> Option<Resumable> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).ok()?;
        let id = format!("{:032x}", u128::from_ne_bytes(random));
        let (sender, claims) = mpsc::channel(1);
        let mut by_id = self.lock();
        if by_id.len() >= options.streams {
            return None;
        }
        by_id.insert(id.clone(), Entry { method: method.to_owned(), claims: sender });
        drop(by_id);
        Some(Resumable {
            id,
            streams: self.clone(),
            claims,
            kept: VecDeque::new(),
            bytes: 0,
            lost: 0,
            max_messages: options.messages,
            max_bytes: options.bytes,
        })
    }

    /// Asks whoever has a stream of this method for it; nothing when there is none.
    pub fn claim(&self, id: &str, method: &str) -> Option<oneshot::Receiver<Side>> {
        let (sender, receiver) = oneshot::channel();
        let by_id = self.lock();
        let entry = by_id.get(id).filter(|entry| entry.method == method)?;
        entry.claims.try_send(sender).ok()?;
        Some(receiver)
    }
}

impl Drop for Resumable {
    fn drop(&mut self) {
        self.streams.lock().remove(&self.id);
    }
}

impl Resumable {
    /// Whoever wants the stream next.
    pub fn poll_claim(&mut self, cx: &mut Context<'_>) -> Poll<Option<oneshot::Sender<Side>>> {
        self.claims.poll_recv(cx)
    }

    /// Keeps what is handed to the socket, and as much before it as there is room for.
    pub fn keep(&mut self, ordinal: u64, outgoing: &Outgoing) {
        self.bytes += size(outgoing);
        self.kept.push_back((ordinal, outgoing.clone()));
        while self.kept.len() > self.max_messages.max(1)
            || self.kept.len() > 1 && self.bytes > self.max_bytes
        {
            let Some((ordinal, outgoing)) = self.kept.pop_front() else { return };
            self.bytes -= size(&outgoing);
            self.lost = ordinal;
        }
    }

    /// What was handed over after the message with this number; nothing when some of it is gone.
    pub fn after(&self, ordinal: u64) -> Option<Vec<Outgoing>> {
        let later = self.kept.iter().filter(|(kept, _)| *kept > ordinal);
        (ordinal >= self.lost).then(|| later.map(|(_, outgoing)| outgoing.clone()).collect())
    }
}

/// Keeps what is left of a lost socket for whoever comes for it within the window.
pub(super) async fn keep(mut side: Side, options: &ResumeOptions, stats: &SocketStats) {
    let Some(resumable) = &mut side.resumable else { return };
    stats.parked();
    let claim = tokio::time::timeout(options.window, resumable.claims.recv()).await;
    stats.unparked();
    if let Ok(Some(claim)) = claim {
        let _ = claim.send(side);
    }
}
