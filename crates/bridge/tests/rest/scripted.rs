//! What servers do that the sample server does not: answers that cannot be JSON, silence, details of unknown types,
//! streams without an end.

use crate::harness::{schema, tell};
use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use tokio_util::sync::{CancellationToken, DropGuard};
use wirelab_bridge::{Bridge, Options};
use wirelab_call::scripted::Scripted;
use wirelab_call::{Events, Invoke, Requests};
use wirelab_model::{CallEvent, CallEventKind, CallSpec, Metadatum, Status, StatusCode};

fn head() -> CallEventKind {
    CallEventKind::Headers { metadata: vec![Metadatum::text("x-shelf", "7")] }
}

fn message(wire: &[u8]) -> CallEventKind {
    CallEventKind::Received { message: wire.to_vec().into(), compressed: None }
}

fn end(status: Status) -> CallEventKind {
    CallEventKind::Finished { status, wire: None }
}

async fn ask(events: Vec<CallEventKind>, options: Options, request: &str) -> Response<Body> {
    let events = events.into_iter().map(|kind| CallEvent { at_ns: 0, kind }).collect();
    let bridge = Bridge::new(schema(), Arc::new(Scripted::new(events)), options).unwrap();
    let (target, accept) = request.split_once(' ').unwrap_or((request, "*/*"));
    let request = Request::get(target).header("accept", accept).body(Body::empty()).unwrap();
    bridge.handle(request).await
}

/// `{"id": "7"}`.
const SEVEN: &[u8] = &[10, 1, b'7'];
/// An id that is not UTF-8.
const BROKEN: &[u8] = &[10, 1, 0xff];

#[tokio::test]
async fn what_servers_say() {
    let ok = || end(Status::default());
    let mut odd = Status::new(StatusCode::Aborted, "odd");
    // An Any of a type that nobody knows, one without a type, and bytes that are none.
    odd.details = [
        &b"\x08\x0a\x1a\x1b\x0a\x14example.com/no.Such.\x12\x03\x01\x02\x03"[..],
        b"\x1a\x02\x12\x00",
        b"\x1a\x02\xff\xff",
        b"\x0a\xff",
    ]
    .concat()
    .into();
    let mut unknown = Status::new(StatusCode::Unknown, "a code of their own");
    unknown.code = 77;
    let table = [
        ("/v1/things/7", vec![head(), message(BROKEN), ok()]),
        ("/v1/things/7", vec![head(), ok()]),
        ("/v1/things/7", vec![head()]),
        ("/v1/things/7", vec![end(odd.clone())]),
        ("/v1/things/7", vec![end(unknown)]),
        ("/v1/stream/7", vec![head(), message(SEVEN), message(BROKEN), message(SEVEN), ok()]),
        ("/v1/stream/7", vec![head(), message(BROKEN), ok()]),
        ("/v1/stream/7", vec![head(), message(SEVEN), end(odd.clone())]),
        ("/v1/stream/7", vec![end(odd)]),
        ("/v1/stream/7 text/event-stream", vec![head(), message(SEVEN), message(BROKEN), ok()]),
    ];
    let mut told = String::new();
    for (request, mut events) in table {
        // A script without an end would wait for ever.
        if !matches!(events.last(), Some(CallEventKind::Finished { .. })) {
            events.push(end(Status::new(StatusCode::Internal, "the connection broke")));
        }
        let response = ask(events, Options::default(), request).await;
        told.push_str(&format!("{request}\n{}---\n", tell(response).await));
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "snapshots" }, {
        insta::assert_snapshot!("what_servers_say", told);
    });
}

/// The clock stands still unless everybody waits, so that waits take no time.
#[tokio::test(start_paused = true)]
async fn quiet_streams_are_kept_alive() {
    let mut options = Options::default();
    options.rest.sse_keep_alive = Some(Duration::from_secs(15));
    let events = vec![head(), message(SEVEN)];
    let response = ask(events, options, "/v1/stream/7 text/event-stream").await;
    let mut body = response.into_body();
    let mut frames = Vec::new();
    let start = tokio::time::Instant::now();
    for _ in 0..3 {
        let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
        frames.push((start.elapsed().as_secs(), frame));
    }
    let comment = Bytes::from(": \n\n");
    let first = Bytes::from("id: 1\ndata: {\"id\":\"7\"}\n\n");
    assert_eq!(frames, [(0, first), (15, comment.clone()), (30, comment)]);
}

/// The head of a stream goes out when the server sent its own and then nothing.
#[tokio::test(start_paused = true)]
async fn silence_does_not_hold_the_head_back() {
    let start = tokio::time::Instant::now();
    let mut options = Options::default();
    options.rest.head_wait = Some(Duration::from_secs(3));
    let response = ask(vec![head()], options, "/v1/stream/7").await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["grpc-metadata-x-shelf"], "7");
    assert_eq!(start.elapsed().as_secs(), 3);
}

/// What is ready goes out together, up to a size, and nothing is taken from the call before it is asked for.
#[tokio::test]
async fn what_is_ready_goes_out_together() {
    let text = "x".repeat(20_000);
    let mut wire = vec![10];
    wire.extend([0xa0, 0x9c, 0x01]);
    wire.extend(text.as_bytes());
    let mut events = vec![head()];
    events.extend((0..10).map(|_| message(&wire)));
    events.push(end(Status::default()));
    let mut body = ask(events, Options::default(), "/v1/stream/7").await.into_body();
    let mut sizes = Vec::new();
    while let Some(frame) = body.frame().await {
        sizes.push(frame.unwrap().into_data().unwrap().len());
    }
    let element = 20_000 + "{\"id\":\"\"},".len();
    assert_eq!(sizes, [element * 4, element * 4, element * 2 + 1]);
    assert!(element * 3 < wirelab_bridge::FLUSH_BYTES && element * 4 > wirelab_bridge::FLUSH_BYTES);
}

/// More metadata than gRPC servers take is refused before a call is made.
#[tokio::test]
async fn metadata_has_a_limit() {
    let scripted = Scripted::new(vec![]);
    let bridge = Bridge::new(schema(), Arc::new(scripted.clone()), Options::default()).unwrap();
    let long = "x".repeat(wirelab_bridge::MAX_METADATA_BYTES / 2);
    let request = Request::get("/v1/things/7")
        .header("grpc-metadata-a", &long)
        .header("grpc-metadata-b", &long);
    let response = bridge.handle(request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), 431);
    assert_eq!(scripted.calls(), []);
}

/// The limit of a message holds for what comes out of a coding: a megabyte in a kilobyte makes no call.
#[tokio::test]
async fn bombs_make_no_call() {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&vec![b' '; 1 << 20]).unwrap();
    let bomb = encoder.finish().unwrap();
    let scripted = Scripted::new(vec![]);
    let options = Options { max_message_bytes: Some(100_000), ..Options::default() };
    assert!((bomb.len() as u64) < 10_000);
    let bridge = Bridge::new(schema(), Arc::new(scripted.clone()), options).unwrap();
    let request = Request::post("/v1/things").header("content-encoding", "gzip");
    let response = bridge.handle(request.body(Body::from(bomb)).unwrap()).await;
    assert_eq!(response.status(), 413);
    assert_eq!(scripted.calls(), []);
}

/// Sends messages as long as somebody takes them, and counts them.
#[derive(Clone, Default)]
struct Endless {
    taken: Arc<AtomicUsize>,
    /// Cancelled when the call is dropped.
    gone: CancellationToken,
}

impl Invoke for Endless {
    fn invoke(&self, _: CallSpec, _: Requests, _: CancellationToken) -> Events {
        let (taken, guard) = (self.taken.clone(), self.gone.clone().drop_guard());
        let endless = futures_util::stream::repeat_with(move || {
            let _: &DropGuard = &guard;
            taken.fetch_add(1, Relaxed);
            CallEvent { at_ns: 0, kind: message(SEVEN) }
        });
        Box::pin(endless)
    }
}

/// A client that reads slowly slows the server down: no more is taken than goes into the piece that it asked for; and
/// one that goes away ends the call.
#[tokio::test]
async fn nothing_is_taken_that_nobody_asked_for() {
    let endless = Endless::default();
    let options = Options::default();
    let bridge = Bridge::new(schema(), Arc::new(endless.clone()), options).unwrap();
    let request = Request::get("/v1/stream/7").body(Body::empty()).unwrap();
    let mut body = bridge.handle(request).await.into_body();
    let each = "{\"id\":\"7\"},".len();
    let in_a_piece = wirelab_bridge::FLUSH_BYTES.div_ceil(each);
    for pieces in 1..4 {
        body.frame().await.unwrap().unwrap();
        let taken = endless.taken.load(Relaxed);
        assert!(taken <= pieces * in_a_piece, "{taken} after {pieces}");
    }
    assert!(!endless.gone.is_cancelled());
    drop(body);
    assert!(endless.gone.is_cancelled());
}
