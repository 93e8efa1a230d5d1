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
use tokio_util::sync::CancellationToken;
use wirelab_bridge::{Bridge, FLUSH_BYTES, Options};
use wirelab_call::{Client, Events, Invoke, Requests};
use wirelab_model::{
    CallEvent, CallEventKind, CallKind, CallSpec, HttpVersion, StatusCode, Transport,
};

const WAYS: [(Transport, HttpVersion); 4] = [
    (Transport::Grpc, HttpVersion::Http2),
    (Transport::GrpcWeb, HttpVersion::Http2),
    (Transport::GrpcWebText, HttpVersion::Http2),
    (Transport::Connect, HttpVersion::Http2),
];

fn spec(address: &str, way: (Transport, HttpVersion), kind: CallKind) -> CallSpec {
    let mut spec = CallSpec { method: method(kind).into(), kind, ..CallSpec::default() };
    spec.endpoint.address = address.to_owned();
    (spec.endpoint.transport, spec.endpoint.http) = way;
    spec
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
    for way in WAYS {
        let bridge = listen(Echo::default().bridge(Options::default())).await;
        let (send, mut receive) = mpsc::channel::<Bytes>(1);
        let requests = futures_util::stream::poll_fn(move |cx| receive.poll_recv(cx));
        let spec = spec(&bridge.address, way, CallKind::Bidi);
        let mut events = Client::new().invoke(spec, Box::pin(requests), CancellationToken::new());
        for number in 0..20_u8 {
            let message = Bytes::from(vec![0x12, 1, number]);
            send.send(message.clone()).await.unwrap();
            assert_eq!(next_message(&mut events).await, message, "{way:?}");
        }
        drop(send);
        let last = events.collect::<Vec<CallEvent>>().await.pop().unwrap();
        assert!(
            matches!(last.kind, CallEventKind::Finished { status, .. } if status.is_ok()),
            "{way:?}"
        );
    }
}

/// Answers once, then never, and says when its call begins and when it is dropped.
struct Waits(std::sync::Mutex<Option<oneshot::Sender<()>>>, Arc<Notify>);

struct Waiting {
    events: Vec<CallEvent>,
    _dropped: Option<oneshot::Sender<()>>,
}

impl Stream for Waiting {
    type Item = CallEvent;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<CallEvent>> {
        self.events.pop().map_or(Poll::Pending, |event| Poll::Ready(Some(event)))
    }
}

impl Invoke for Waits {
    fn invoke(&self, spec: CallSpec, _: Requests, _: CancellationToken) -> Events {
        let head = event(CallEventKind::Headers { metadata: Vec::new() });
        let events = match spec.kind.server_streams() {
            true => vec![received(Bytes::new()), head],
            false => Vec::new(),
        };
        self.1.notify_one();
        Box::pin(Waiting { events, _dropped: self.0.lock().unwrap().take() })
    }
}

#[tokio::test]
async fn cancelling_reaches_the_server() {
    let mut ways = WAYS.to_vec();
    ways.extend([
        (Transport::GrpcWeb, HttpVersion::Http1),
        (Transport::GrpcWebText, HttpVersion::Http1),
        (Transport::Connect, HttpVersion::Http1),
    ]);
    for way in ways {
        for kind in [CallKind::Unary, CallKind::ServerStream] {
            let (sender, dropped) = oneshot::channel();
            let begun = Arc::new(Notify::new());
            let invoke = Waits(Some(sender).into(), begun.clone());
            let bridge = Bridge::new(echo_schema(), Arc::new(invoke), Options::default()).unwrap();
            let bridge = listen(bridge).await;
            let cancel = CancellationToken::new();
            let spec = spec(&bridge.address, way, kind);
            let requests = wirelab_call::requests([Bytes::new()]);
            let mut events = Client::new().invoke(spec, requests, cancel.clone());
            match kind {
                // The server has begun when it has answered.
                CallKind::ServerStream => drop(next_message(&mut events).await),
                _ => {
                    while !matches!(events.next().await.unwrap().kind, CallEventKind::HalfClosed) {}
                }
            }
            // What is cancelled before it is on its way never reaches anybody.
            begun.notified().await;
            cancel.cancel();
            let last = events.collect::<Vec<CallEvent>>().await.pop().unwrap();
            let cancelled = matches!(last.kind, CallEventKind::Finished { ref status, .. }
                if status.code == StatusCode::Cancelled as u32);
            assert!(cancelled, "{way:?} {kind:?}: {last:?}");
            // The sender goes with the call.
            assert!(dropped.await.is_err(), "{way:?} {kind:?}");
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
