//! The life of a call against a server that is told each frame.

use crate::support::*;
use bytes::Bytes;
use futures_util::StreamExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use wirelab_call::{Client, Invoke, QUEUE_BYTES, requests};
use wirelab_model::{CallEventKind, CallKind, MetadataValue, Metadatum, ProblemKind};

#[tokio::test]
async fn metadata_both_ways() {
    let server = grpc(|request, mut reply| async move {
        let seen = request.headers().clone();
        read(request).await;
        let mut response = http::Response::new(());
        *response.headers_mut() = seen;
        reply.echo(response);
        reply.message(b"");
        reply.trailers(&[
            ("grpc-status", "0"),
            ("z", "1"),
            ("a", "2"),
            ("z", "3"),
            ("b-bin", "/w"),
            ("b-bin", "AA=="),
        ]);
    })
    .await;
    let sent = [
        Metadatum::text("zeta", "first"),
        Metadatum::text("alpha", " spaced  "),
        Metadatum::text("zeta", "second"),
        Metadatum::binary("blob-bin", vec![0, 255]),
        Metadatum::binary("blob-bin", vec![]),
        Metadatum::text("user-agent", "mine"),
    ];
    let spec = wirelab_model::CallSpec {
        metadata: sent.to_vec(),
        deadline_ms: Some(60_000),
        ..spec(&server.address, CallKind::Unary)
    };
    let call = call(&Client::new(), spec, &[b""]).await;
    let text = |key: &str| {
        let found = call.headers().iter().find(|datum| datum.key == key);
        match found.map(|datum| &datum.value) {
            Some(MetadataValue::Text(text)) => text.clone(),
            other => panic!("{key}: {other:?}"),
        }
    };
    assert_eq!(text("te"), "trailers");
    assert_eq!(text("content-type"), "application/grpc");
    assert_eq!(text("grpc-accept-encoding"), "identity,gzip,deflate,zstd");
    let timeout = text("grpc-timeout");
    let micros: u64 = timeout.strip_suffix('u').unwrap().parse().unwrap();
    assert!((1..=60_000_000).contains(&micros), "{timeout}");

    let own = ["te", "content-type", "grpc-accept-encoding", "grpc-timeout"];
    let theirs: Vec<_> =
        call.headers().iter().filter(|datum| !own.contains(&datum.key.as_str())).cloned().collect();
    let want = [&sent[5], &sent[0], &sent[2], &sent[1], &sent[3], &sent[4]].map(Clone::clone);
    assert_eq!(theirs, want);
    assert_eq!(
        call.trailers(),
        [
            Metadatum::text("z", "1"),
            Metadatum::text("z", "3"),
            Metadatum::text("a", "2"),
            Metadatum::binary("b-bin", vec![255]),
            Metadatum::binary("b-bin", vec![0]),
        ]
    );
}

/// Servers on Rust's h2 give up a connection on which too many small frames wait: here some 100.
#[tokio::test]
async fn many_small_messages_are_no_attack() {
    const MESSAGES: usize = 5_000;
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let opened = gate.clone();
    let server = grpc(move |request, mut reply| {
        let gate = opened.clone();
        async move {
            gate.acquire().await.unwrap().forget();
            let body = read(request).await;
            reply.all(&[body.len().to_string().as_bytes()], "0");
        }
    })
    .await;
    let client = Client::new();
    let messages = requests(vec![vec![b'x']; MESSAGES]);
    let spec = spec(&server.address, CallKind::ClientStream);
    let mut events = client.invoke(spec, messages, CancellationToken::new());
    // All of them wait with the server before it reads the first one.
    let mut all = read_until(&mut events, |event| matches!(event, CallEventKind::HalfClosed)).await;
    gate.add_permits(1);
    all.extend(events.collect::<Vec<_>>().await);
    let call = Call::new(all);
    assert_eq!(call.status().name(), "OK", "{:?}", call.status());
    assert_eq!(call.received(), [(6 * MESSAGES).to_string().into_bytes()]);
    let sent = call.events.iter().filter(|event| matches!(event.kind, CallEventKind::Sent { .. }));
    assert_eq!(sent.count(), MESSAGES);
}

/// A server that answers with one message and then waits for the stream to be reset.
async fn waiting() -> (Server, mpsc::Receiver<h2::Reason>) {
    let (tx, rx) = mpsc::channel(8);
    let server = grpc(move |_request, mut reply| {
        let tx = tx.clone();
        async move {
            reply.open();
            reply.message(b"x");
            tx.send(reply.was_reset().await).await.unwrap();
        }
    })
    .await;
    (server, rx)
}

#[tokio::test]
async fn cancelling_reaches_the_server() {
    let (server, mut resets) = waiting().await;
    for kind in [CallKind::ServerStream, CallKind::Bidi] {
        let cancel = CancellationToken::new();
        let (_open, rx) = mpsc::channel(1);
        let requests: wirelab_call::Requests = match kind {
            CallKind::Bidi => Box::pin(ReceiverStream::new(rx)),
            _ => requests([vec![1]]),
        };
        let mut events =
            Client::new().invoke(spec(&server.address, kind), requests, cancel.clone());
        let mut all = read_until(&mut events, is_received).await;
        cancel.cancel();
        all.extend(events.collect::<Vec<_>>().await);
        let call = Call::new(all);
        assert_eq!(call.status().name(), "CANCELLED");
        assert_eq!(call.problem().kind, ProblemKind::Cancelled);
        assert_eq!(resets.recv().await, Some(h2::Reason::CANCEL));
    }
}

#[tokio::test]
async fn dropping_the_events_reaches_the_server() {
    let (server, mut resets) = waiting().await;
    let spec = spec(&server.address, CallKind::ServerStream);
    let mut events = Client::new().invoke(spec, requests([vec![1]]), CancellationToken::new());
    read_until(&mut events, is_received).await;
    drop(events);
    assert_eq!(resets.recv().await, Some(h2::Reason::CANCEL));
}

/// Connects, sends, and ends by its deadline or its token although nobody reads the events.
#[tokio::test]
async fn a_call_goes_on_without_its_reader() {
    let (server, mut resets) = waiting().await;
    let client = Client::new();
    let mut spec = spec(&server.address, CallKind::ServerStream);
    let cancel = CancellationToken::new();
    let cancelled = client.invoke(spec.clone(), requests([vec![1]]), cancel.clone());
    spec.deadline_ms = Some(500);
    let late = client.invoke(spec, requests([vec![1]]), CancellationToken::new());
    assert_eq!(resets.recv().await, Some(h2::Reason::CANCEL));
    cancel.cancel();
    assert_eq!(resets.recv().await, Some(h2::Reason::CANCEL));
    for (events, end) in [(cancelled, "CANCELLED"), (late, "DEADLINE_EXCEEDED")] {
        let call = Call::new(events.collect().await);
        let steps = call.steps();
        assert!(steps.contains(" sent:1 half-closed") && steps.ends_with(end), "{steps}");
    }
}

#[tokio::test]
async fn the_deadline_reaches_the_server() {
    let (server, mut resets) = waiting().await;
    let mut spec = spec(&server.address, CallKind::ServerStream);
    spec.deadline_ms = Some(150);
    let call = call(&Client::new(), spec, &[b"x"]).await;
    assert_eq!(
        call.steps(),
        "resolved connected sent:1 half-closed headers received:1 DEADLINE_EXCEEDED"
    );
    assert_eq!(call.problem().kind, ProblemKind::Deadline);
    assert_eq!(
        call.problem().message,
        "the call did not end within its deadline of 150 ms: 1 message had come"
    );
    assert!(call.events.last().unwrap().at_ns >= 150_000_000);
    assert_eq!(resets.recv().await, Some(h2::Reason::CANCEL));
}

#[tokio::test]
async fn cancelled_before_it_began() {
    let server = grpc(|_, _| async { panic!("it was called") }).await;
    let cancel = CancellationToken::new();
    cancel.cancel();
    let spec = spec(&server.address, CallKind::Unary);
    let call = Call::new(Client::new().invoke(spec, requests([vec![]]), cancel).collect().await);
    assert_eq!(call.steps(), "CANCELLED");
}

#[tokio::test]
async fn a_conversation() {
    let server = grpc(|request, mut reply| async move {
        let mut body = request.into_body();
        reply.open();
        while let Some(Ok(data)) = body.data().await {
            reply.data(data, false);
        }
        reply.trailers(&[("grpc-status", "0")]);
    })
    .await;
    let (tx, rx) = mpsc::channel::<Bytes>(1);
    let mut events = Client::new().invoke(
        spec(&server.address, CallKind::Bidi),
        Box::pin(ReceiverStream::new(rx)),
        CancellationToken::new(),
    );
    let mut all = Vec::new();
    for size in 1..=3 {
        tx.send(vec![7; size].into()).await.unwrap();
        all.extend(read_until(&mut events, is_received).await);
    }
    drop(tx);
    all.extend(events.collect::<Vec<_>>().await);
    assert_eq!(
        Call::new(all).steps().replace("headers ", ""),
        "resolved connected sent:1 received:1 sent:2 received:2 sent:3 received:3 half-closed \
         trailers OK"
    );
}

#[tokio::test]
async fn a_server_that_ends_early_ends_the_requests() {
    let server = grpc(|_request, mut reply| async move { reply.all(&[], "9") }).await;
    let (tx, rx) = mpsc::channel::<Bytes>(1);
    let requests = Box::pin(ReceiverStream::new(rx));
    let call =
        stream(&Client::new(), spec(&server.address, CallKind::ClientStream), requests).await;
    assert_eq!(call.steps(), "resolved connected headers trailers FAILED_PRECONDITION");
    tx.closed().await;
}

#[tokio::test]
async fn no_request_message() {
    let server = grpc(|_request, mut reply| async move {
        reply.was_reset().await;
    })
    .await;
    let call = call(&Client::new(), spec(&server.address, CallKind::Unary), &[]).await;
    assert_eq!(call.steps(), "resolved connected INVALID_ARGUMENT");
    assert_eq!(call.problem().message, "there is no request message");
    assert_eq!(call.problem().kind, ProblemKind::Mismatch);
}

#[tokio::test]
async fn large_messages_cross_both_ways() {
    let server = grpc(|request, mut reply| async move {
        let body = read(request).await;
        reply.open();
        let mut left = Bytes::from(body);
        while !left.is_empty() {
            reply.stream().reserve_capacity(left.len());
            let ready = std::future::poll_fn(|cx| reply.stream().poll_capacity(cx)).await;
            let part = left.split_to(ready.unwrap().unwrap());
            reply.data(part, false);
        }
        reply.trailers(&[("grpc-status", "0")]);
    })
    .await;
    let message: Vec<u8> = (0..9_000_000_u32).map(|i| (i % 251) as u8).collect();
    let mut spec = spec(&server.address, CallKind::Unary);
    let call = self::call(&Client::new(), spec.clone(), &[&message]).await;
    assert_eq!(call.received(), std::slice::from_ref(&message));
    assert!(call.wire().sent > 9_000_000 && call.wire().received > 9_000_000);

    spec.max_message_bytes = Some(8_999_999);
    let call = self::call(&Client::new(), spec, &[&message]).await;
    assert_eq!(call.steps(), "resolved connected RESOURCE_EXHAUSTED");
    assert_eq!(
        call.problem().message,
        "the request message is too large: 9000000 bytes, but `max_message_bytes` allows 8999999"
    );
}

/// The server may be ahead of a reader by the queue, the window and what sockets buffer, but no more.
#[tokio::test]
async fn a_slow_reader_slows_the_server() {
    const MESSAGE: usize = 64 << 10;
    const TOTAL: usize = 64 << 20;
    const AHEAD: usize = 16 << 20;
    const { assert!(QUEUE_BYTES < AHEAD && AHEAD < TOTAL) };
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = sent.clone();
    let server = grpc(move |request, mut reply| {
        let sent = counter.clone();
        async move {
            read(request).await;
            reply.open();
            while sent.load(SeqCst) < TOTAL {
                let mut left = framed(0, &[1; MESSAGE]);
                while !left.is_empty() {
                    reply.stream().reserve_capacity(left.len());
                    let ready = std::future::poll_fn(|cx| reply.stream().poll_capacity(cx));
                    let size = ready.await.unwrap().unwrap().min(left.len());
                    reply.data(left.split_to(size), false);
                }
                sent.fetch_add(MESSAGE, SeqCst);
            }
            reply.trailers(&[("grpc-status", "0")]);
        }
    })
    .await;
    let mut events = Client::new().invoke(
        spec(&server.address, CallKind::ServerStream),
        requests([vec![]]),
        CancellationToken::new(),
    );
    let mut taken = 0;
    while taken < TOTAL {
        // Nobody reads until nothing moves any more: on this one thread everything else had its turns.
        let mut quiet = 0;
        let mut before = sent.load(SeqCst);
        while quiet < 500 {
            tokio::task::yield_now().await;
            let now = sent.load(SeqCst);
            quiet = if now == before { quiet + 1 } else { 0 };
            before = now;
        }
        assert!(before - taken < AHEAD, "{} bytes ahead", before - taken);
        for _ in 0..TOTAL / MESSAGE / 8 {
            let read = read_until(&mut events, is_received).await;
            assert!(read.last().is_some_and(|event| is_received(&event.kind)));
            taken += MESSAGE;
        }
    }
    assert_eq!(Call::end(events.collect().await).name(), "OK");
}
