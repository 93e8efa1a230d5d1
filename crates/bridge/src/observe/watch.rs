//! One call, watched from its request to its end.

use super::Observe;
use super::figures::{self, Cell};
use super::otlp::Finished;
use super::trace::Spans;
use crate::admission::Slot;
use crate::face::Face;
use http::Method;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;
use wirelab_model::{CallKind, Metadatum, StatusCode};

/// A call that may be made. It is watched until this is dropped: counted, traced, logged; its places are given back.
#[derive(Debug)]
pub(crate) struct Permit {
    pub(super) observe: Arc<Observe>,
    pub(super) method: Arc<figures::Method>,
    /// As the client named it.
    pub(super) path: Arc<str>,
    pub(super) face: Face,
    pub(super) came: Instant,
    pub(super) began: Option<Instant>,
    pub(super) spans: Option<Spans>,
    pub(super) client: Client,
    /// Metadata that only the bridge may give, and what it gives.
    pub(super) withheld: Arc<[String]>,
    pub(super) metadata: Vec<Metadatum>,
    pub(super) code: Option<u32>,
    pub(super) counts: Arc<Counts>,
    pub(super) stream: Option<u64>,
    /// Given back with the rest.
    pub(super) _slot: Option<Slot>,
}

/// Who called.
#[derive(Clone, Debug, Default)]
pub(crate) struct Client {
    pub ip: Option<IpAddr>,
    /// The subject of a token or the name of a key.
    pub name: Option<Arc<str>>,
}

/// A request, as far as the log may tell of it.
#[derive(Debug)]
pub(crate) struct Asked {
    pub verb: Method,
    pub path: String,
    pub client: Client,
}

/// What went through one call so far.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub request_messages: AtomicU64,
    pub request_bytes: AtomicU64,
    pub response_messages: AtomicU64,
    pub response_bytes: AtomicU64,
}

/// Counts of one call that outlive no more than they have to.
#[derive(Clone, Debug)]
pub(crate) struct Counter {
    method: Arc<figures::Method>,
    face: Face,
    counts: Arc<Counts>,
}

impl Counter {
    /// A message of the client.
    pub fn sent(&self, bytes: usize) {
        let (counts, cell) = (&self.counts, self.cell());
        cell.request_messages.fetch_add(1, Relaxed);
        cell.request_bytes.fetch_add(bytes as u64, Relaxed);
        counts.request_messages.fetch_add(1, Relaxed);
        counts.request_bytes.fetch_add(bytes as u64, Relaxed);
    }

    /// Messages that a client was too slow for.
    pub fn dropped(&self, messages: u64) {
        self.cell().dropped.fetch_add(messages, Relaxed);
    }

    /// Messages more, or fewer, that wait for a client.
    pub fn queued(&self, change: i64) {
        self.cell().queued.fetch_add(change, Relaxed);
    }

    fn cell(&self) -> &Cell {
        self.method.by(self.face)
    }
}

impl Permit {
    /// What counts this call's requests and what waits for its client.
    pub fn counter(&self) -> Counter {
        Counter { method: self.method.clone(), face: self.face, counts: self.counts.clone() }
    }

    /// The call begins: its metadata becomes what the server is to see.
    pub fn begin(&mut self, kind: CallKind, metadata: &mut Vec<Metadatum>) {
        self.began = Some(Instant::now());
        if !self.withheld.is_empty() {
            metadata.retain(|one| !self.withheld.contains(&one.key));
        }
        metadata.append(&mut self.metadata);
        if let Some(spans) = &self.spans {
            spans.inject(metadata);
        }
        if kind != CallKind::Unary {
            self.method.by(self.face).streams.store(true, Relaxed);
            let open = super::streams::Open {
                method: self.path.clone(),
                face: self.face,
                kind,
                came: self.came,
                counts: self.counts.clone(),
            };
            self.stream = Some(self.observe.streams.add(open));
        }
    }

    /// A message of the server.
    pub fn received(&self, bytes: usize) {
        let cell = self.method.by(self.face);
        cell.response_messages.fetch_add(1, Relaxed);
        cell.response_bytes.fetch_add(bytes as u64, Relaxed);
        self.counts.response_messages.fetch_add(1, Relaxed);
        self.counts.response_bytes.fetch_add(bytes as u64, Relaxed);
    }

    /// The call ended.
    pub fn ended(&mut self, code: u32) {
        self.code = Some(code);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let code = self.code.unwrap_or(match self.began {
            // A call that did not end was left by its client.
            Some(_) => StatusCode::Cancelled as u32,
            // A request that did not become one was wrong.
            None => StatusCode::InvalidArgument as u32,
        });
        let ended = Instant::now();
        let took = ended.duration_since(self.came);
        let cell = self.method.by(self.face);
        cell.open.fetch_sub(1, Relaxed);
        cell.ended(code, took);
        if let Some(id) = self.stream {
            self.observe.streams.remove(id);
        }
        // What was not begun is logged as refused, with the status that it was answered with.
        if self.observe.access_log && self.began.is_some() {
            super::access::call(self, code, took);
        }
        if let (Some(tracer), Some(spans)) = (&self.observe.tracer, self.spans.take()) {
            tracer.end(Finished {
                spans,
                method: self.method.path.clone(),
                face: self.face,
                came: self.came,
                began: self.began,
                ended,
                code,
            });
        }
    }
}
