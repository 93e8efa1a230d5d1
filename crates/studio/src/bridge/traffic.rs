//! What passes through a bridge, seen where it makes its calls: the same for every face.

use futures_util::{FutureExt, Stream};
use std::{
    collections::{BTreeMap, VecDeque},
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Instant,
};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use wirelab_call::{Events, Invoke, Requests};
use wirelab_model::*;

/// The percentiles are over so many calls that ended last.
pub const RECENT_CALLS: usize = 1_024;

/// Counts of one bridge.
pub struct Traffic {
    begun: Instant,
    /// Goes up with everything that is counted.
    revision: AtomicU64,
    requests: AtomicU64,
    request_bytes: AtomicU64,
    response_bytes: AtomicU64,
    calls: Mutex<Calls>,
}

#[derive(Default)]
struct Calls {
    next: u64,
    open: BTreeMap<u64, Arc<Open>>,
    codes: BTreeMap<u32, u64>,
    recent: VecDeque<u64>,
}

struct Open {
    method: String,
    kind: CallKind,
    begun: Instant,
    sent: AtomicU64,
    received: AtomicU64,
    bytes: AtomicU64,
}

impl Default for Traffic {
    fn default() -> Traffic {
        Traffic {
            begun: Instant::now(),
            revision: AtomicU64::default(),
            requests: AtomicU64::default(),
            request_bytes: AtomicU64::default(),
            response_bytes: AtomicU64::default(),
            calls: Mutex::default(),
        }
    }
}

impl Traffic {
    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Differs when something was counted since.
    pub fn revision(&self) -> u64 {
        self.revision.load(Relaxed)
    }

    /// Counts a request of a client.
    pub fn request(&self) {
        self.requests.fetch_add(1, Relaxed);
        self.revision.fetch_add(1, Relaxed);
    }

    /// What was counted, and the calls under way.
    pub fn seen(&self) -> (BridgeMetrics, Vec<BridgeStream>) {
        let calls = self.calls();
        let mut recent: Vec<u64> = calls.recent.iter().copied().collect();
        let stream = |(id, open): (&u64, &Arc<Open>)| BridgeStream {
            id: *id,
            method: open.method.clone(),
            kind: open.kind,
            age_ms: millis(open.begun),
            sent: open.sent.load(Relaxed),
            received: open.received.load(Relaxed),
            bytes: open.bytes.load(Relaxed),
        };
        let streams = calls.open.iter().take(BRIDGE_STREAMS).map(stream).collect();
        let open = calls.open.len() as u64;
        let codes = calls.codes.iter().map(|(code, count)| (*code, *count)).collect();
        drop(calls);
        recent.sort_unstable();
        let metrics = BridgeMetrics {
            uptime_ms: millis(self.begun),
            requests: self.requests.load(Relaxed),
            codes,
            p50_ns: percentile(&recent, 50),
            p99_ns: percentile(&recent, 99),
            open,
            request_bytes: self.request_bytes.load(Relaxed),
            response_bytes: self.response_bytes.load(Relaxed),
        };
        (metrics, streams)
    }

    fn begin(self: &Arc<Self>, spec: &CallSpec) -> Watch {
        let open = Arc::new(Open {
            method: spec.method.clone(),
            kind: spec.kind,
            begun: Instant::now(),
            sent: AtomicU64::default(),
            received: AtomicU64::default(),
            bytes: AtomicU64::default(),
        });
        let mut calls = self.calls();
        calls.next += 1;
        let id = calls.next;
        calls.open.insert(id, open.clone());
        drop(calls);
        self.revision.fetch_add(1, Relaxed);
        Watch { traffic: self.clone(), open, id, end: None }
    }
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Of sorted values, by nearest rank.
fn percentile(sorted: &[u64], percent: usize) -> Option<u64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

/// Counts one call; dropped with it.
struct Watch {
    traffic: Arc<Traffic>,
    open: Arc<Open>,
    id: u64,
    /// The status, and how long it took.
    end: Option<(u32, u64)>,
}

impl Watch {
    fn note(&mut self, event: &CallEvent) {
        let (count, sum, bytes) = match &event.kind {
            CallEventKind::Sent { message, .. } => {
                (&self.open.sent, &self.traffic.request_bytes, message.len())
            }
            CallEventKind::Received { message, .. } => {
                (&self.open.received, &self.traffic.response_bytes, message.len())
            }
            CallEventKind::Finished { status, .. } => {
                self.end = Some((status.code, event.at_ns));
                return;
            }
            _ => return,
        };
        count.fetch_add(1, Relaxed);
        sum.fetch_add(bytes as u64, Relaxed);
        self.open.bytes.fetch_add(bytes as u64, Relaxed);
        self.traffic.revision.fetch_add(1, Relaxed);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut calls = self.traffic.calls();
        calls.open.remove(&self.id);
        // A call that is dropped before its end was given up by its client.
        let code = self.end.map_or(StatusCode::Cancelled as u32, |(code, _)| code);
        *calls.codes.entry(code).or_default() += 1;
        if let Some((_, ns)) = self.end {
            if calls.recent.len() >= RECENT_CALLS {
                calls.recent.pop_front();
            }
            calls.recent.push_back(ns);
        }
        drop(calls);
        self.traffic.revision.fetch_add(1, Relaxed);
    }
}

/// Makes calls by another and counts them; ends those under way when the bridge stops.
pub struct Watched {
    pub invoke: Arc<dyn Invoke>,
    pub traffic: Arc<Traffic>,
    pub stop: CancellationToken,
}

impl Invoke for Watched {
    fn invoke(&self, spec: CallSpec, requests: Requests, cancel: CancellationToken) -> Events {
        let watch = self.traffic.begin(&spec);
        let events = self.invoke.invoke(spec, requests, cancel);
        let stop = Box::pin(self.stop.clone().cancelled_owned());
        Box::pin(Watching { events, watch, stop, over: false })
    }
}

struct Watching {
    events: Events,
    watch: Watch,
    stop: Pin<Box<WaitForCancellationFutureOwned>>,
    over: bool,
}

impl Stream for Watching {
    type Item = CallEvent;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<CallEvent>> {
        if self.over {
            return Poll::Ready(None);
        }
        let event = match self.events.as_mut().poll_next(cx) {
            Poll::Ready(event) => event,
            Poll::Pending if self.stop.poll_unpin(cx).is_pending() => return Poll::Pending,
            Poll::Pending => {
                let at_ns = self.watch.open.begun.elapsed().as_nanos();
                let at_ns = u64::try_from(at_ns).unwrap_or(u64::MAX);
                let status = Status::new(StatusCode::Unavailable, "the bridge was stopped");
                Some(CallEvent { at_ns, kind: CallEventKind::Finished { status, wire: None } })
            }
        };
        if let Some(event) = &event {
            self.watch.note(event);
            self.over = matches!(event.kind, CallEventKind::Finished { .. });
        }
        Poll::Ready(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt;
    use wirelab_call::{requests, scripted::Scripted};

    fn event(at_ns: u64, kind: CallEventKind) -> CallEvent {
        CallEvent { at_ns, kind }
    }

    fn watched(events: Vec<CallEvent>) -> Watched {
        Watched {
            invoke: Arc::new(Scripted::new(events)),
            traffic: Arc::default(),
            stop: CancellationToken::new(),
        }
    }

    fn call(watched: &Watched) -> Events {
        let spec = CallSpec { method: "a.B/C".into(), ..CallSpec::default() };
        watched.invoke(spec, requests([b"x".to_vec()]), CancellationToken::new())
    }

    fn sent(bytes: usize) -> CallEventKind {
        CallEventKind::Sent { message: vec![0; bytes].into(), compressed: None }
    }

    fn finished(code: StatusCode) -> CallEventKind {
        CallEventKind::Finished { status: Status::new(code, ""), wire: None }
    }

    #[tokio::test]
    async fn counts_calls_by_how_they_end() {
        let watched = watched(vec![
            event(1, sent(5)),
            event(2, CallEventKind::Received { message: vec![0; 7].into(), compressed: None }),
            event(30, finished(StatusCode::NotFound)),
        ]);
        let mut events = call(&watched);
        let given_up = call(&watched);
        assert!(events.next().await.is_some());
        let (metrics, streams) = watched.traffic.seen();
        assert_eq!((metrics.open, metrics.request_bytes, metrics.response_bytes), (2, 5, 0));
        assert_eq!(
            (streams[0].method.as_str(), streams[0].sent, streams[0].bytes),
            ("a.B/C", 1, 5)
        );
        assert_eq!(events.by_ref().count().await, 2);
        drop((events, given_up));
        let (metrics, streams) = watched.traffic.seen();
        assert_eq!(metrics.codes, [(1, 1), (5, 1)]);
        assert_eq!((metrics.p50_ns, metrics.p99_ns), (Some(30), Some(30)));
        assert_eq!((metrics.open, streams.len(), metrics.errors()), (0, 0, 2));
    }

    #[tokio::test]
    async fn calls_end_when_the_bridge_stops() {
        let watched = watched(vec![event(1, sent(1))]);
        let mut events = call(&watched);
        assert!(matches!(events.next().await.unwrap().kind, CallEventKind::Sent { .. }));
        watched.stop.cancel();
        let last = events.next().await.unwrap().kind;
        let CallEventKind::Finished { status, .. } = last else { panic!("{last:?}") };
        assert_eq!(status.code, StatusCode::Unavailable as u32);
        assert!(events.next().await.is_none());
    }

    #[test]
    fn percentiles_by_nearest_rank() {
        let hundred: Vec<u64> = (1..=100).collect();
        for (values, percent, wanted) in [
            (&hundred[..], 50, Some(50)),
            (&hundred[..], 99, Some(99)),
            (&hundred[..1], 99, Some(1)),
            (&[], 50, None),
        ] {
            assert_eq!(percentile(values, percent), wanted);
        }
    }
}
