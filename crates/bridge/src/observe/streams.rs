//! The streams that are open.

use super::watch::Counts;
use crate::face::Face;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use wirelab_model::CallKind;

/// A stream under way.
#[derive(Clone, Debug)]
pub struct OpenStream {
    /// Tells streams apart as long as the bridge runs; later ones have greater numbers.
    pub id: u64,
    /// `pkg.Service/Method`.
    pub method: Arc<str>,
    /// `rest`, `websocket`, `grpc`, `grpc-web` or `connect`.
    pub face: &'static str,
    /// Which sides stream.
    pub kind: CallKind,
    /// How long ago it began.
    pub age: Duration,
    /// Messages from the client.
    pub request_messages: u64,
    /// Messages from the server.
    pub response_messages: u64,
    /// Bytes of all these messages, as Protobuf.
    pub bytes: u64,
}

#[derive(Debug)]
pub(super) struct Open {
    pub method: Arc<str>,
    pub face: Face,
    pub kind: CallKind,
    pub came: Instant,
    pub counts: Arc<Counts>,
}

#[derive(Debug, Default)]
pub(super) struct Streams {
    next: AtomicU64,
    open: Mutex<BTreeMap<u64, Open>>,
}

impl Streams {
    pub fn add(&self, open: Open) -> u64 {
        let id = self.next.fetch_add(1, Relaxed);
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(id, open);
        id
    }

    pub fn remove(&self, id: u64) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).len() as u64
    }

    /// The oldest, at most so many.
    pub fn list(&self, most: usize) -> Vec<OpenStream> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let told = |(id, open): (&u64, &Open)| {
            let Counts { request_messages, request_bytes, response_messages, response_bytes } =
                &*open.counts;
            OpenStream {
                id: *id,
                method: open.method.clone(),
                face: open.face.name(),
                kind: open.kind,
                age: open.came.elapsed(),
                request_messages: request_messages.load(Relaxed),
                response_messages: response_messages.load(Relaxed),
                bytes: request_bytes.load(Relaxed) + response_bytes.load(Relaxed),
            }
        };
        open.iter().take(most).map(told).collect()
    }
}
