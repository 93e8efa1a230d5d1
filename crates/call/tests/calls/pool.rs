//! Which connection a call takes.

use crate::support::*;
use futures_util::StreamExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use wirelab_call::{CALLS_PER_CONNECTION, Client, Invoke, MAX_TRANSPARENT, requests};
use wirelab_model::{CallEvent, CallEventKind, CallKind, RetryPolicy};

const NEW: &str = "resolved connected sent:1 half-closed headers received:1 trailers OK";
/// A new connection of an endpoint whose address is known.
const AGAIN: &str = "connected sent:1 half-closed headers received:1 trailers OK";
const WARM: &str = "reused sent:1 half-closed headers received:1 trailers OK";

async fn echo() -> Server {
    grpc(|request, mut reply| async move {
        let body = read(request).await;
        reply.open();
        reply.data(body.into(), false);
        reply.trailers(&[("grpc-status", "0")]);
    })
    .await
}

#[tokio::test]
async fn warm_connections_are_reused() {
    let server = echo().await;
    let client = Client::new();
    let spec = spec(&server.address, CallKind::Unary);
    let first = call(&client, spec.clone(), &[b"x"]).await;
    assert_eq!(first.steps(), NEW);
    let second = call(&client.clone(), spec.clone(), &[b"x"]).await;
    assert_eq!(second.steps(), WARM);
    // What belongs to the connection counts for the call that made it.
    assert!(first.wire().sent > second.wire().sent);
    assert!(second.wire().sent > 6 && second.wire().received > 6);
    assert!(!first.wire().shared && !second.wire().shared);
    // The same server under another name is another endpoint, another client another pool.
    let port = server.address.rsplit(':').next().unwrap();
    let other = crate::support::spec(&format!("localhost:{port}"), CallKind::Unary);
    let steps = call(&client, other, &[b"x"]).await.steps();
    // The name may lead to several addresses, of which not all have a server.
    assert_eq!(steps.replace("picked ", ""), NEW);
    assert_eq!(call(&Client::new(), spec, &[b"x"]).await.steps(), NEW);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_connection_is_replaced() {
    let server = echo().await;
    let client = Client::new();
    let spec = spec(&server.address, CallKind::Unary);
    for turn in 0..20 {
        let new = if turn == 0 { NEW } else { AGAIN };
        assert_eq!(call(&client, spec.clone(), &[b"x"]).await.steps(), new);
        assert_eq!(call(&client, spec.clone(), &[b"x"]).await.steps(), WARM);
        server.cut().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_says_goodbye_is_replaced() {
    let server = tcp(|stream| async move {
        let mut connection = h2::server::handshake(stream).await.unwrap();
        let (request, respond) = connection.accept().await.unwrap().unwrap();
        let mut reply = Reply::new(respond);
        tokio::spawn(async move {
            read(request).await;
            reply.all(&[b"x"], "0");
        });
        // One call a connection: GOAWAY, then the end.
        connection.graceful_shutdown();
        while connection.accept().await.is_some() {}
    })
    .await;
    let client = Client::new();
    for _ in 0..20 {
        let call = call(&client, spec(&server.address, CallKind::Unary), &[b"x"]).await;
        assert_eq!(call.status().name(), "OK");
    }
}

/// A server that answers once it is let, and takes `streams` calls at once on a connection.
async fn gated(streams: u32) -> (Server, Arc<Semaphore>, Arc<Semaphore>) {
    let (gate, arrived) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (g, a) = (gate.clone(), arrived.clone());
    let server = tcp(move |stream| {
        let (gate, arrived) = (g.clone(), a.clone());
        let handler = move |request, mut reply: Reply| {
            let (gate, arrived) = (gate.clone(), arrived.clone());
            async move {
                read(request).await;
                arrived.add_permits(1);
                gate.acquire().await.unwrap().forget();
                reply.all(&[b"x"], "0");
            }
        };
        let mut settings = h2::server::Builder::new();
        settings.max_concurrent_streams(streams);
        http2(stream, handler, settings)
    })
    .await;
    (server, gate, arrived)
}

#[tokio::test]
async fn calls_at_once_share_a_connection_and_say_so() {
    let (server, gate, arrived) = gated(100).await;
    let client = Client::new();
    let open = || {
        let spec = spec(&server.address, CallKind::Unary);
        client.invoke(spec, requests([vec![1]]), CancellationToken::new())
    };
    let (one, two) = (open(), open());
    arrived.acquire_many(2).await.unwrap().forget();
    gate.add_permits(2);
    let (one, two) = tokio::join!(one.collect(), two.collect());
    let (one, two) = (Call::new(one), Call::new(two));
    let mut steps = [one.steps(), two.steps()];
    steps.sort();
    // Both waited for the same resolver.
    assert_eq!(steps, [NEW, &format!("resolved {WARM}")]);
    assert!(one.wire().shared && two.wire().shared);
}

#[tokio::test]
async fn a_full_connection_gets_a_second_one() {
    let (server, gate, arrived) = gated(1).await;
    let client = Client::new();
    gate.add_permits(1);
    let spec = spec(&server.address, CallKind::Unary);
    assert_eq!(call(&client, spec.clone(), &[b"x"]).await.steps(), NEW);
    arrived.acquire().await.unwrap().forget();
    let open = || client.invoke(spec.clone(), requests([vec![1]]), CancellationToken::new());
    let one = open();
    arrived.acquire().await.unwrap().forget();
    let two = open();
    arrived.acquire().await.unwrap().forget();
    gate.add_permits(2);
    let (one, two) = tokio::join!(one.collect(), two.collect());
    assert_eq!(Call::new(one).steps(), WARM);
    assert_eq!(Call::new(two).steps(), AGAIN);
}

#[tokio::test]
async fn more_calls_than_a_connection_should_carry_get_a_second_one() {
    let (server, gate, arrived) = gated(10_000).await;
    let client = Client::new();
    let spec = spec(&server.address, CallKind::Unary);
    let open = || client.invoke(spec.clone(), requests([vec![1]]), CancellationToken::new());
    let some = async |count: usize| {
        let calls: Vec<_> = (0..count).map(|_| open()).collect();
        arrived.acquire_many(count as u32).await.unwrap().forget();
        calls
    };
    let mut calls = some(1).await;
    calls.extend(some(CALLS_PER_CONNECTION - 1).await);
    calls.extend(some(CALLS_PER_CONNECTION).await);
    // Where no third one can be had, the two have to do.
    server.listen_no_more().await;
    calls.extend(some(2).await);
    gate.add_permits(calls.len());
    let (mut dialled, mut reused) = (0, 0);
    for events in futures_util::future::join_all(calls.into_iter().map(StreamExt::collect)).await {
        let call = Call::new(events);
        assert_eq!(call.status().name(), "OK", "{}", call.steps());
        match call.steps().contains("reused") {
            true => reused += 1,
            false => dialled += 1,
        }
    }
    assert_eq!((dialled, reused), (2, 2 * CALLS_PER_CONNECTION));
}

#[tokio::test]
async fn a_cold_call_has_a_connection_of_its_own() {
    let server = echo().await;
    let client = Client::new();
    let spec = spec(&server.address, CallKind::Unary);
    assert_eq!(call(&client, spec.clone(), &[b"x"]).await.steps(), NEW);
    let cold = wirelab_model::CallSpec { cold: true, ..spec.clone() };
    let first = call(&client, cold.clone(), &[b"x"]).await;
    assert_eq!(first.steps(), AGAIN);
    assert!(!first.wire().shared);
    assert_eq!(call(&client, cold, &[b"x"]).await.steps(), AGAIN);
    assert_eq!(call(&client, spec, &[b"x"]).await.steps(), WARM);
    // Only the warm connection is left.
    server.until_open(1).await;
}

/// A server that takes connections and closes them at once: every call ends, and none dials more than once.
#[tokio::test]
async fn a_reconnect_storm_is_bounded() {
    const CALLS: usize = 64;
    let dials = Arc::new(AtomicUsize::new(0));
    let counter = dials.clone();
    let server = tcp(move |stream| {
        counter.fetch_add(1, SeqCst);
        drop(stream);
        async {}
    })
    .await;
    let client = Client::new();
    let spec = spec(&server.address, CallKind::Unary);
    let calls = (0..CALLS).map(|_| call(&client, spec.clone(), &[b"abc"]));
    for call in futures_util::future::join_all(calls).await {
        assert_eq!(call.status().name(), "UNAVAILABLE");
    }
    let dialled = dials.load(SeqCst);
    assert!((1..=CALLS).contains(&dialled), "{dialled}");
    // The same calls, each of which is tried again: no more dials than attempts, with waits that grow between them.
    let policy = RetryPolicy {
        max_attempts: 4,
        initial_backoff_ms: 4,
        max_backoff_ms: 16,
        ..RetryPolicy::default()
    };
    let retried = wirelab_model::CallSpec { retry: Some(policy), ..spec };
    let calls = (0..CALLS).map(|_| call(&client, retried.clone(), &[b"abc"]));
    let mut attempts = CALLS;
    for call in futures_util::future::join_all(calls).await {
        assert_eq!(call.status().name(), "UNAVAILABLE");
        let waits: Vec<u64> = call.events.iter().filter_map(backoff).collect();
        // Three more by the policy, and what is tried again by itself because nothing had reached the server.
        assert!((3..=3 + MAX_TRANSPARENT as usize).contains(&waits.len()), "{}", call.steps());
        for (wait, most_ms) in waits.iter().filter(|wait| **wait > 0).zip([4, 8, 16]) {
            assert!(*wait <= most_ms * 1_000_000, "{waits:?}");
        }
        attempts += waits.len();
    }
    let dialled = dials.load(SeqCst) - dialled;
    assert!((1..=attempts).contains(&dialled), "{dialled} dials, {attempts} attempts");
}

fn backoff(event: &CallEvent) -> Option<u64> {
    match &event.kind {
        CallEventKind::Retrying(attempt) => Some(attempt.backoff_ns),
        _ => None,
    }
}
