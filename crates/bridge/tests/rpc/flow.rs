//! Both ways at once, cancelling, and who waits for whom.

use crate::support::*;
use axum::body::{Body, HttpBody};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http::Request;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use wirelab_bridge::{Bridge, FLUSH_BYTES, Options};
use wirelab_call::{Events, Invoke, Requests};
use wirelab_model::{CallEvent, CallEventKind, CallKind, CallSpec, Metadatum, Status, StatusCode};

fn spec(kind: CallKind) -> CallSpec {
    CallSpec { method: method(kind).into(), kind, ..CallSpec::default() }
}

const KINDS: [CallKind; 4] =
    [CallKind::Unary, CallKind::ServerStream, CallKind::ClientStream, CallKind::Bidi];

/// A bridge in front of `invoke`, and what calls it.
async fn before(invoke: impl Invoke + 'static, options: Options) -> (Listening, Caller) {
    let schema = echo_schema();
    let bridge = Bridge::new(schema.clone(), Arc::new(invoke), options).unwrap();
    let listening = listen(bridge.clone()).await;
    let caller = Caller::new(&schema, &bridge, &listening);
    (listening, caller)
}

async fn ended(events: Events) -> Status {
    let last = events.collect::<Vec<CallEvent>>().await.pop().unwrap();
    match last.kind {
        CallEventKind::Finished { status, .. } => status,
        other => panic!("{other:?}"),
    }
}

async fn next_message(events: &mut Events) -> Bytes {
    loop {
        let event = events.next().await.expect("the call goes on");
        match event.kind {
            CallEventKind::Received { message, .. } => return message.0,
            CallEventKind::Finished { status, .. } => panic!("{status:?}"),
            _ => {}
        }
    }
}

/// Each request is sent when the answer to the one before has come.
#[tokio::test]
async fn both_ways_at_once() {
    let (_listening, caller) = before(Echo::default(), Options::default()).await;
    for way in WAYS.into_iter().filter(|way| carries(*way, CallKind::Bidi)) {
        let (send, mut receive) = mpsc::channel::<Bytes>(1);
        let requests = futures_util::stream::poll_fn(move |cx| receive.poll_recv(cx));
        let cancel = CancellationToken::new();
        let mut events = caller.call(way, spec(CallKind::Bidi), Box::pin(requests), cancel);
        for number in 0..20_u8 {
            // {"count": number}
            let message = Bytes::from(match number {
                0 => Vec::new(),
                _ => vec![0x10, number],
            });
            send.send(message.clone()).await.unwrap();
            assert_eq!(next_message(&mut events).await, message, "{way:?}");
        }
        drop(send);
        let status = ended(events).await;
        assert!(status.is_ok(), "{way:?}: {status:?}");
    }
}

/// Answers once, then never, and says when its call begins and when it is dropped.
struct Waits(std::sync::Mutex<Option<oneshot::Sender<()>>>, Arc<Notify>);

struct Waiting {
    events: Vec<CallEvent>,
    /// Taken as they come, as by a server that has room for them.
    requests: Requests,
    /// The requests were wrong, or nobody is left who sends them.
    cancelled: Pin<Box<WaitForCancellationFutureOwned>>,
    _dropped: Option<oneshot::Sender<()>>,
}

impl Stream for Waiting {
    type Item = CallEvent;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<CallEvent>> {
        while let Poll::Ready(Some(_)) = self.requests.poll_next_unpin(cx) {}
        if self.cancelled.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        self.events.pop().map_or(Poll::Pending, |event| Poll::Ready(Some(event)))
    }
}

impl Invoke for Waits {
    fn invoke(&self, spec: CallSpec, requests: Requests, cancel: CancellationToken) -> Events {
        let head = event(CallEventKind::Headers { metadata: Vec::new() });
        let cancelled = Box::pin(cancel.cancelled_owned());
        let events = match spec.kind.server_streams() {
            true => vec![received(Bytes::new()), head],
            false => Vec::new(),
        };
        self.1.notify_one();
        Box::pin(Waiting { events, requests, cancelled, _dropped: self.0.lock().unwrap().take() })
    }
}

#[tokio::test]
async fn cancelling_reaches_the_server() {
    for way in WAYS {
        for kind in KINDS.into_iter().filter(|kind| carries(way, *kind)) {
            let (sender, dropped) = oneshot::channel();
            let begun = Arc::new(Notify::new());
            let invoke = Waits(Some(sender).into(), begun.clone());
            let (_listening, caller) = before(invoke, Options::default()).await;
            let cancel = CancellationToken::new();
            let requests = futures_util::stream::iter([Bytes::new()]);
            let requests: Requests = match kind.client_streams() {
                true => Box::pin(requests.chain(futures_util::stream::pending())),
                false => Box::pin(requests),
            };
            let mut events = caller.call(way, spec(kind), requests, cancel.clone());
            match kind {
                // What is read drives the call.
                CallKind::ClientStream => {
                    while !matches!(events.next().await.unwrap().kind, CallEventKind::Sent { .. }) {
                    }
                }
                CallKind::Unary => {
                    while !matches!(events.next().await.unwrap().kind, CallEventKind::HalfClosed) {}
                }
                // The server has begun when it has answered.
                _ => drop(next_message(&mut events).await),
            }
            // What is cancelled before it is on its way never reaches anybody.
            begun.notified().await;
            cancel.cancel();
            let status = ended(events).await;
            assert_eq!(status.code, StatusCode::Cancelled as u32, "{way:?} {kind:?}: {status:?}");
            // The sender goes with the call.
            assert!(dropped.await.is_err(), "{way:?} {kind:?}");
        }
    }
}

/// A server that is killed in the middle of a call, once something came of it where something comes.
#[tokio::test]
async fn a_server_that_is_gone() {
    for way in WAYS {
        for kind in KINDS.into_iter().filter(|kind| carries(way, *kind)) {
            let mut both = before_the_sample_server(Options::default()).await;
            let name = match kind {
                CallKind::Unary => "Echo",
                CallKind::ServerStream => "EchoServerStream",
                CallKind::ClientStream => "EchoClientStream",
                CallKind::Bidi => "EchoBidi",
            };
            let metadata = match kind.server_streams() {
                true => vec![
                    Metadatum::text("demo-count", "1000000"),
                    Metadatum::text("demo-interval-ms", "10"),
                ],
                false => vec![Metadatum::text("demo-stall", "true")],
            };
            let method = format!("everything.v1.Everything/{name}");
            let spec = CallSpec { method, kind, metadata, ..CallSpec::default() };
            let requests = futures_util::stream::iter([Bytes::new()]);
            let requests: Requests = match kind {
                CallKind::Bidi => Box::pin(requests.chain(futures_util::stream::pending())),
                _ => Box::pin(requests),
            };
            let mut events = both.caller.call(way, spec, requests, CancellationToken::new());
            if kind.server_streams() {
                next_message(&mut events).await;
            } else {
                while !matches!(events.next().await.unwrap().kind, CallEventKind::HalfClosed) {}
            }
            both.kill();
            let status = ended(events).await;
            assert_eq!(status.code, StatusCode::Unavailable as u32, "{way:?} {kind:?}: {status:?}");
        }
    }
}

/// What comes back has a limit of the caller's own, as it travels.
#[tokio::test]
async fn answers_have_a_limit() {
    let (_listening, caller) = before(Echo::default(), Options::default()).await;
    for way in WAYS.into_iter().filter(|way| way.0.needs_bridge()) {
        for kind in KINDS {
            for (limit, want) in [(1_000, 0), (100, 8)] {
                let message = [&[0x0a, 120][..], &[b'a'; 120]].concat();
                let spec = CallSpec { max_message_bytes: Some(limit), ..spec(kind) };
                let requests = wirelab_call::requests([message]);
                let cancel = CancellationToken::new();
                let status = ended(caller.call(way, spec, requests, cancel)).await;
                assert_eq!(status.code, want, "{way:?} {kind:?} {limit}: {status:?}");
            }
        }
    }
}

/// Answers without end, and counts.
struct Endless(Arc<AtomicUsize>, usize);

impl Invoke for Endless {
    fn invoke(&self, _: CallSpec, _: Requests, _: CancellationToken) -> Events {
        let (counter, size) = (self.0.clone(), self.1);
        let head = event(CallEventKind::Headers { metadata: Vec::new() });
        let messages = futures_util::stream::repeat_with(move || {
            counter.fetch_add(1, SeqCst);
            received(vec![0; size].into())
        });
        Box::pin(futures_util::stream::iter([head]).chain(messages))
    }
}

/// A piece of an answer has what is ready up to a bound, and nothing is taken from the server before it is asked for.
#[tokio::test]
async fn who_does_not_read_is_not_sent_to() {
    for content_type in ["application/grpc", "application/grpc-web", "application/connect+proto"] {
        for size in [0, 10, 5_000, 100_000] {
            let count = Arc::new(AtomicUsize::new(0));
            let invoke = Arc::new(Endless(count.clone(), size));
            let bridge = Bridge::new(echo_schema(), invoke, Options::default()).unwrap();
            let request = Request::post("/test.v1.Echo/Split")
                .version(http::Version::HTTP_2)
                .header("content-type", content_type)
                .body(Body::from(framed(0, b"")))
                .unwrap();
            let mut body = bridge.handle(request).await.into_body();
            assert_eq!(count.load(SeqCst), 0, "{content_type}");
            let mut bytes = 0;
            for _ in 0..20 {
                let frame = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
                let data = frame.unwrap().unwrap().into_data().unwrap();
                assert!(data.len() <= FLUSH_BYTES + size + 5, "{content_type}: {}", data.len());
                bytes += data.len();
                // What was taken and not given yet is one message at most.
                assert!(count.load(SeqCst) * (size + 5) <= bytes + size, "{content_type} {size}");
            }
        }
    }
}
