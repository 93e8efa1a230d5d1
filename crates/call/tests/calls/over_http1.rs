//! What HTTP/1.1 does differently: whole connections break, and what waits is in the sockets.

use crate::http1::*;
use crate::support::*;
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use wirelab_call::{Client, Invoke, MAX_HTTP1_CALLS_PER_ENDPOINT, QUEUE_BYTES, requests};
use wirelab_model::{CallKind, CallSpec, HttpVersion, ProblemKind, Transport};

const STREAM: &str = "application/connect+proto";

fn connect(address: &str, kind: CallKind) -> CallSpec {
    let mut spec = spec(address, kind);
    spec.endpoint.transport = Transport::Connect;
    spec
}

/// A peer that says `word` once it was asked, then closes.
async fn says(word: &'static [u8]) -> Server {
    tcp(move |mut stream| async move {
        read_request(&mut stream).await;
        let _ = stream.write_all(word).await;
        let _ = stream.shutdown().await;
        // Reading to the end keeps the kernel from resetting what was just written.
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    })
    .await
}

#[tokio::test]
async fn other_peers() {
    use ProblemKind::{Interrupted, NotGrpc, Tls};
    let table: &[(&[u8], ProblemKind, &str, &str)] = &[
        (b"", NotGrpc, "ADDR closed the connection without an answer", "choose HTTP/2"),
        (
            &[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100],
            NotGrpc,
            "ADDR speaks HTTP/2, but was called in HTTP/1.1",
            "choose HTTP/2",
        ),
        (
            &[0x15, 0x03, 0x03, 0, 2, 2, 70],
            Tls,
            "ADDR wants TLS, but was called in plaintext",
            "turn TLS on",
        ),
        (
            b"SSH-2.0-OpenSSH_9.2\r\n",
            NotGrpc,
            "ADDR does not speak HTTP: it began with `SSH-2.0-OpenSSH_9.2\\r\\n`",
            "another kind of server",
        ),
        (
            b"HTTP/1.1 200 OK\r\ncontent-type: application/proto\r\ncontent-length: 9\r\n\r\nabc",
            Interrupted,
            "the connection to ADDR ended in the middle of the call: ",
            "look at its log",
        ),
    ];
    let large = format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "x".repeat(300 << 10));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: x\r\n".repeat(1025));
    let too_large = "ADDR answered with headers that are too large";
    let broken = b"HTTP/1.1 200 OK\r\na header\r\n\r\n";
    let more: [(&[u8], ProblemKind, &str, &str); 3] = [
        (large.leak().as_bytes(), ProblemKind::TooLarge, too_large, "less metadata"),
        (many.leak().as_bytes(), ProblemKind::TooLarge, too_large, "less metadata"),
        (broken, NotGrpc, "ADDR answered in broken HTTP/1.1: ", "a proxy"),
    ];
    for (word, kind, message, help) in table.iter().chain(&more) {
        let server = says(word).await;
        let call = call(&Client::new(), connect(&server.address, CallKind::Unary), &[b"abc"]).await;
        assert_eq!(call.status().name(), "UNAVAILABLE", "{message}");
        let got = call.problem().message.replace(&server.address, "ADDR");
        assert!(got.starts_with(message), "{got} is not {message}");
        assert_eq!(call.problem().kind, *kind, "{message}");
        let got = call.problem().help.as_deref().unwrap();
        assert!(got.contains(help), "{message}: {got}");
    }
}

#[tokio::test]
async fn https_called_in_plaintext() {
    let body = b"<h1>400 Bad Request</h1> The plain HTTP request was sent to HTTPS port";
    let (server, _asked) = http1(response("400 Bad Request", &[], body)).await;
    let call = call(&Client::new(), connect(&server.address, CallKind::Unary), &[b"abc"]).await;
    assert_eq!(call.problem().help.as_deref(), Some("turn TLS on, or use https://"));
}

#[tokio::test]
async fn names_are_overridden() {
    let named = |address: &str| {
        let mut spec = connect(address, CallKind::Unary);
        spec.endpoint.authority = Some("api.example:81".into());
        spec.endpoint.user_agent = Some("mine/1 (test)".into());
        spec
    };
    let answer = response("200 OK", &[("content-type", "application/proto")], b"x");
    let (server, mut asked) = http1(answer).await;
    call(&Client::new(), named(&server.address), &[b"abc"]).await;
    let asked = asked.recv().await.unwrap();
    assert_eq!(asked.header("host"), Some("api.example:81"));
    assert_eq!(asked.header("user-agent"), Some("mine/1 (test)"));

    let server = grpc(|request, mut reply| async move {
        assert_eq!(request.uri().authority().unwrap(), "api.example:81");
        assert_eq!(request.headers()["user-agent"], "mine/1 (test)");
        reply.all(&[b"x"], "0");
    })
    .await;
    let mut spec = named(&server.address);
    spec.endpoint.transport = Transport::Grpc;
    assert_eq!(call(&Client::new(), spec.clone(), &[b"abc"]).await.status().name(), "OK");

    for (authority, agent, path) in [
        ("me@host", "fine", "authority"),
        ("a b", "fine", "authority"),
        ("fine", "a\nb", "user_agent"),
    ] {
        spec.endpoint.authority = Some(authority.into());
        spec.endpoint.user_agent = Some(agent.into());
        let call = call(&Client::new(), spec.clone(), &[b"abc"]).await;
        assert_eq!(call.steps(), "INVALID_ARGUMENT");
        assert_eq!(call.problem().path.as_deref(), Some(path));
    }
}

/// Requests that stop coming must not look as if they had come to their end.
#[tokio::test]
async fn requests_that_are_broken_off() {
    let (tx, mut bodies) = mpsc::unbounded_channel();
    let server = tcp(move |mut stream| {
        let tx = tx.clone();
        async move {
            let mut all = Vec::new();
            // Ends with the connection, whose last bytes say whether the body was whole.
            let _ = stream.read_to_end(&mut all).await;
            tx.send(all).unwrap();
        }
    })
    .await;
    let cancel = CancellationToken::new();
    let (open, rx) = mpsc::channel::<Bytes>(1);
    let mut events = Client::new().invoke(
        connect(&server.address, CallKind::ClientStream),
        Box::pin(ReceiverStream::new(rx)),
        cancel.clone(),
    );
    open.send(Bytes::from_static(b"abc")).await.unwrap();
    let is_sent = |kind: &_| matches!(kind, wirelab_model::CallEventKind::Sent { .. });
    read_until(&mut events, is_sent).await;
    cancel.cancel();
    assert_eq!(Call::end(read_until(&mut events, |_| false).await).name(), "CANCELLED");
    let body = bodies.recv().await.unwrap();
    assert!(!body.ends_with(b"0\r\n\r\n"), "{:?}", String::from_utf8_lossy(&body));
}

/// The server may be ahead of a reader by the queue and what sockets buffer, but no more.
#[tokio::test]
async fn a_slow_reader_slows_the_server() {
    const MESSAGE: usize = 64 << 10;
    const TOTAL: usize = 64 << 20;
    const AHEAD: usize = 24 << 20;
    const { assert!(QUEUE_BYTES < AHEAD && AHEAD < TOTAL) };
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = sent.clone();
    let server = tcp(move |mut stream| {
        let sent = counter.clone();
        async move {
            read_request(&mut stream).await;
            let size = TOTAL + TOTAL / MESSAGE * 5 + 7;
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/connect+proto\r\n";
            let head = format!("{head}content-length: {size}\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            while sent.load(SeqCst) < TOTAL {
                stream.write_all(&framed(0, &[1; MESSAGE])).await.unwrap();
                sent.fetch_add(MESSAGE, SeqCst);
            }
            stream.write_all(&framed(2, b"{}")).await.unwrap();
        }
    })
    .await;
    let mut events = Client::new().invoke(
        connect(&server.address, CallKind::ServerStream),
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
    assert_eq!(Call::end(read_until(&mut events, |_| false).await).name(), "OK");
}

/// gRPC-Web and Connect say the end of a call in the body, which may end later.
#[tokio::test]
async fn bodies_that_end_after_the_call() {
    let pause = || async {
        // On this one thread the client has read what there is.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    };
    let server = tcp(move |mut stream| async move {
        while read_request(&mut stream).await.is_some() {
            let answer = chunked(&[("content-type", STREAM)], &framed(2, b"{}"), 64);
            let (first, last) = answer.split_at(answer.len() - 5);
            stream.write_all(first).await.unwrap();
            pause().await;
            stream.write_all(last).await.unwrap();
        }
    })
    .await;
    let client = Client::new();
    let spec = connect(&server.address, CallKind::ServerStream);
    let first = call(&client, spec.clone(), &[b"abc"]).await;
    assert_eq!(first.steps(), "resolved connected sent:3 half-closed headers trailers OK");
    assert!(call(&client, spec, &[b"abc"]).await.steps().starts_with("reused"));

    let (tx, mut ended) = mpsc::unbounded_channel();
    let server = grpc(move |request, mut reply| {
        let tx = tx.clone();
        async move {
            read(request).await;
            reply.head(200, &[("content-type", STREAM)], false);
            reply.data(framed(2, b"{}"), false);
            pause().await;
            tx.send(reply.stream().send_data(Bytes::new(), true).is_ok()).unwrap();
        }
    })
    .await;
    let mut spec = connect(&server.address, CallKind::ServerStream);
    spec.endpoint.http = HttpVersion::Http2;
    assert_eq!(call(&client, spec, &[b"abc"]).await.status().name(), "OK");
    assert_eq!(ended.recv().await, Some(true));
}

/// Calls beyond the bound wait for a connection instead of failing or making more.
#[tokio::test]
async fn more_calls_than_connections() {
    const CALLS: usize = MAX_HTTP1_CALLS_PER_ENDPOINT + 20;
    let (open, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (o, m) = (open.clone(), most.clone());
    let answer = Arc::new(response("200 OK", &[("content-type", STREAM)], &framed(2, b"{}")));
    let server = tcp(move |mut stream| {
        let (open, most, answer) = (o.clone(), m.clone(), answer.clone());
        async move {
            most.fetch_max(open.fetch_add(1, SeqCst) + 1, SeqCst);
            while read_request(&mut stream).await.is_some() {
                stream.write_all(&answer).await.unwrap();
            }
            open.fetch_sub(1, SeqCst);
        }
    })
    .await;
    let client = Client::new();
    let calls = (0..CALLS).map(|_| {
        let spec = connect(&server.address, CallKind::ServerStream);
        client.invoke(spec, requests([vec![1]]), CancellationToken::new())
    });
    // All have begun before the first is read.
    let calls: Vec<_> = calls.collect();
    for mut events in calls {
        assert_eq!(Call::end(read_until(&mut events, |_| false).await).name(), "OK");
    }
    let most = most.load(SeqCst);
    assert!((1..=MAX_HTTP1_CALLS_PER_ENDPOINT).contains(&most), "{most} connections");
}

/// Two calls at once over HTTP/1.1 take two connections, which later calls then share.
#[tokio::test]
async fn one_call_at_a_time() {
    let (server, mut asked) =
        http1(response("200 OK", &[("content-type", "application/proto")], b"x")).await;
    let client = Client::new();
    let spec = connect(&server.address, CallKind::Unary);
    let one = || call(&client, spec.clone(), &[b"abc"]);
    let (a, b) = tokio::join!(one(), one());
    let mut steps = [a.steps(), b.steps()];
    steps.sort();
    assert!(steps[1].starts_with("resolved connected"), "{steps:?}");
    assert!(!a.wire().shared && !b.wire().shared);
    for _ in 0..5 {
        assert!(one().await.steps().starts_with("reused"));
    }
    for _ in 0..7 {
        assert_eq!(asked.recv().await.unwrap().body, b"abc");
    }
}
