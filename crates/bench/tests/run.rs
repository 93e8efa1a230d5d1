//! Runs against scripted calls, and one against the sample server.

use bytes::Bytes;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use wirelab_bench::{MAX_CALLS, MAX_IN_FLIGHT, Measured, run};
use wirelab_call::scripted::Scripted;
use wirelab_call::{Client, Events, Invoke, Requests};
use wirelab_model::{
    BenchSpec, BenchState, Blob, CallEvent, CallEventKind, CallSpec, Endpoint, Problem,
    ProblemKind, Status, StatusCode, WireBytes,
};

fn at(at_ns: u64, kind: CallEventKind) -> CallEvent {
    CallEvent { at_ns, kind }
}

/// A call that took `ns`, with a response of two bytes.
fn good(ns: u64, shared: bool) -> Vec<CallEvent> {
    let wire = Some(WireBytes { sent: 60, received: 40 + ns, shared });
    vec![
        at(1, CallEventKind::Reused { peer: String::new(), tls: None }),
        at(2, CallEventKind::Received { message: Blob::from(vec![1, 2]), compressed: None }),
        at(ns, CallEventKind::Finished { status: Status::default(), wire }),
    ]
}

fn bad(code: StatusCode, problem: Option<Problem>) -> Vec<CallEvent> {
    let status = Status { problem, ..Status::new(code, "oh no") };
    vec![at(5, CallEventKind::Finished { status, wire: None })]
}

fn spec(calls: u32, in_flight: u32, warm_up: u32) -> BenchSpec {
    BenchSpec { calls, in_flight, warm_up, ..BenchSpec::default() }
}

async fn measure(scripted: &Scripted, spec: &BenchSpec) -> (Measured, Vec<(u32, u32)>) {
    let mut told = Vec::new();
    let requests = vec![Bytes::from_static(b"abc"), Bytes::from_static(b"de")];
    let cancel = CancellationToken::new();
    let invoke = Arc::new(scripted.clone());
    let measured = run(invoke, spec, requests, |d, e| told.push((d, e)), cancel).await;
    (measured, told)
}

#[tokio::test]
async fn counts_what_it_should() {
    // The first three are the warm-up.
    let scripted = Scripted::with(|_, index| match index {
        0..3 => good(1_000_000, false),
        5 => bad(StatusCode::NotFound, None),
        index => good(100 * (index as u64 - 2), false),
    });
    let (measured, told) = measure(&scripted, &spec(5, 1, 3)).await;
    assert_eq!(scripted.calls().len(), 8);
    assert_eq!(measured.state, BenchState::Finished);
    let path = &measured.paths[0];
    assert_eq!((path.calls, path.errors), (5, 1));
    let latency = path.latency.as_ref().unwrap();
    assert_eq!((latency.count, latency.min_ns, latency.max_ns), (4, 100, 500));
    assert_eq!((latency.p50_ns, latency.mean_ns), (200, 300.0));
    assert_eq!((path.request_bytes, path.response_bytes), (5.0, 2.0));
    assert_eq!(path.wire_bytes, Some(400.0));
    assert_eq!(measured.responses, [Bytes::from_static(&[1, 2])]);
    let error = measured.first_error.unwrap();
    assert_eq!((error.message.as_str(), error.grpc_status), ("NOT_FOUND: oh no", Some(5)));
    assert_eq!(told.last(), Some(&(5, 1)));
}

#[tokio::test]
async fn bytes_on_the_wire() {
    // whether others shared the connection in warm-up and run, and the mean bytes.
    let table = [
        (false, false, Some(105.0)),
        (true, false, Some(105.0)),
        (false, true, Some(107.0)),
        (true, true, None),
    ];
    for (warm_up, counted, want) in table {
        let scripted = Scripted::with(move |_, index| match index {
            0..2 => good(7, warm_up),
            _ => good(5, counted),
        });
        let (measured, _) = measure(&scripted, &spec(10, 4, 2)).await;
        assert_eq!(measured.paths[0].wire_bytes, want);
    }
}

#[tokio::test]
async fn out_of_bounds() {
    let table = [
        (spec(0, 1, 0), "`calls` is 0, but must be from 1 to 1000000"),
        (spec(MAX_CALLS + 1, 1, 0), "`calls` is 1000001, but must be from 1 to 1000000"),
        (spec(1, 0, 0), "`in_flight` is 0, but must be from 1 to 1024"),
        (spec(1, MAX_IN_FLIGHT + 1, 0), "`in_flight` is 1025, but must be from 1 to 1024"),
        (spec(1, 1, u32::MAX), "`warm_up` is 4294967295, but must be from 0 to 1000000"),
    ];
    for (spec, message) in table {
        let scripted = Scripted::new(good(1, false));
        let (measured, told) = measure(&scripted, &spec).await;
        assert_eq!(measured.state, BenchState::Failed);
        assert_eq!(measured.first_error.unwrap().message, message);
        assert_eq!(measured.paths[0].latency, None);
        assert!(scripted.calls().is_empty() && told.is_empty());
    }
}

#[tokio::test]
async fn failures() {
    let here = Problem::new(ProblemKind::Unreachable, "nobody there");
    let there = Problem::new(ProblemKind::Status, "busy");
    // the problem, warm-up calls, from which call on it happens; then the end, and calls made.
    let table = [
        (&here, 0, 0, BenchState::Failed, 1),
        (&here, 5, 0, BenchState::Failed, 1),
        (&here, 1, 1, BenchState::Finished, 11),
        (&here, 0, 3, BenchState::Finished, 10),
        (&there, 1, 0, BenchState::Finished, 11),
    ];
    for (problem, warm_up, from, state, made) in table {
        let copy = problem.clone();
        let scripted = Scripted::with(move |_, index| match index < from {
            true => good(1, false),
            false => bad(StatusCode::Unavailable, Some(copy.clone())),
        });
        let (measured, _) = measure(&scripted, &spec(10, 1, warm_up)).await;
        assert_eq!(measured.state, state);
        assert_eq!(scripted.calls().len(), made);
        assert_eq!(measured.first_error.as_ref(), Some(problem));
    }
}

/// Counts how many calls are under way at once.
struct Watching {
    inner: Client,
    now: Arc<AtomicU32>,
    most: Arc<AtomicU32>,
}

impl Invoke for Watching {
    fn invoke(&self, spec: CallSpec, requests: Requests, cancel: CancellationToken) -> Events {
        use futures_util::StreamExt;
        let now = self.now.clone();
        self.most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
        Box::pin(self.inner.invoke(spec, requests, cancel).inspect(move |event| {
            if matches!(event.kind, CallEventKind::Finished { .. }) {
                now.fetch_sub(1, SeqCst);
            }
        }))
    }
}

#[tokio::test]
async fn cancelling_keeps_what_was_measured() {
    // From the fourth on, calls stay open until they are cancelled.
    let scripted = Scripted::with(|_, index| match index {
        0..3 => good(10, false),
        _ => vec![at(1, CallEventKind::HalfClosed)],
    });
    let cancel = CancellationToken::new();
    let told = Mutex::new(Vec::new());
    let token = cancel.clone();
    let scripted_copy = scripted.clone();
    let progress = |done, errors| told.lock().unwrap().push((done, errors));
    let spec = spec(100, 8, 0);
    let measured = run(Arc::new(scripted), &spec, vec![], progress, cancel);
    let stop = async {
        while scripted_copy.calls().len() < 11 {
            tokio::task::yield_now().await;
        }
        token.cancel();
    };
    let (measured, ()) = tokio::join!(measured, stop);
    assert_eq!(measured.state, BenchState::Cancelled);
    assert_eq!((measured.paths[0].calls, measured.paths[0].errors), (3, 0));
    assert_eq!(measured.paths[0].latency.clone().unwrap().count, 3);
    assert_eq!(measured.first_error, None);
    assert_eq!(told.into_inner().unwrap().last(), Some(&(3, 0)));
}

#[tokio::test]
async fn against_the_sample_server() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let shutdown = CancellationToken::new();
    let server = tokio::spawn(wirelab_demo::serve(listener, shutdown.clone()));
    let mut spec = spec(60, 4, 3);
    spec.call = CallSpec {
        endpoint: Endpoint { address, ..Endpoint::default() },
        method: "everything.v1.Everything/Echo".into(),
        ..CallSpec::default()
    };
    let watching = Watching { inner: Client::new(), now: Arc::default(), most: Arc::default() };
    let most = watching.most.clone();
    let request = Bytes::from_static(&[0xfa, 0x3f, 1, b'a']);
    let cancel = CancellationToken::new();
    let measured = run(Arc::new(watching), &spec, vec![request.clone()], |_, _| {}, cancel).await;
    shutdown.cancel();
    server.await.unwrap().unwrap();
    assert_eq!(measured.state, BenchState::Finished);
    assert_eq!(measured.first_error, None);
    assert_eq!((measured.paths[0].calls, measured.paths[0].errors), (60, 0));
    assert_eq!((measured.paths[0].request_bytes, measured.paths[0].response_bytes), (4.0, 4.0));
    assert_eq!(measured.responses, [request]);
    let latency = measured.paths[0].latency.clone().unwrap();
    assert!(latency.min_ns > 0 && u128::from(latency.max_ns) <= u128::from(measured.elapsed_ns));
    // More than the two messages and their prefixes, less than headers could ever take.
    let wire = measured.paths[0].wire_bytes.unwrap();
    assert!((18.0..2000.0).contains(&wire), "{wire}");
    assert_eq!(most.load(SeqCst), 4);
}
