//! Peers that are not what was expected.

use crate::support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wirelab_call::Client;
use wirelab_model::{CallKind, CallSpec, Endpoint, Metadatum, ProblemKind, Tls};

/// A peer that says `word` once it was spoken to, then closes.
async fn says(word: &'static [u8]) -> Server {
    tcp(move |mut stream| async move {
        let _ = stream.read(&mut [0; 1024]).await;
        let _ = stream.write_all(word).await;
        let _ = stream.shutdown().await;
        // Reading to the end keeps the kernel from resetting what was just written.
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    })
    .await
}

async fn check(address: &str, tls: Tls, kind: ProblemKind, message: &str, help: &str) {
    let mut spec = spec(address, CallKind::Unary);
    spec.endpoint.tls = tls;
    let call = call(&Client::new(), spec, &[b"abc"]).await;
    assert_eq!(call.status().name(), "UNAVAILABLE");
    let problem = call.problem();
    assert_eq!(problem.message.replace(address, "ADDR"), message);
    assert_eq!(problem.kind, kind, "{message}");
    assert_eq!(problem.path.as_deref(), Some(address), "{message}");
    let got = problem.help.as_deref().unwrap();
    assert!(got.contains(help), "{message}: {got}");
}

#[tokio::test]
async fn called_in_plaintext() {
    const HTTP: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
    const HTTPS: &[u8] =
        b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
    const ALERT: &[u8] = &[0x15, 0x03, 0x03, 0, 2, 2, 70];
    let table: &[(&[u8], ProblemKind, &str, &str)] = &[
        (
            HTTP,
            ProblemKind::NotGrpc,
            "ADDR answered in HTTP/1.1, but gRPC needs HTTP/2",
            "is this the port of its REST API, or is TLS needed",
        ),
        (
            HTTPS,
            ProblemKind::Tls,
            "ADDR is an HTTPS server that was called in plaintext",
            "turn TLS on",
        ),
        (ALERT, ProblemKind::Tls, "ADDR wants TLS, but was called in plaintext", "turn TLS on"),
        (
            b"SSH-2.0-OpenSSH_9.2\r\n",
            ProblemKind::NotGrpc,
            "ADDR does not speak HTTP/2: it began with `SSH-2.0-OpenSSH_9.2\\r\\n`",
            "another kind of server",
        ),
        (
            b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a",
            ProblemKind::NotGrpc,
            "ADDR does not speak HTTP/2: it began with `\\u{0}\\u{1}\\u{2}\\u{3}\\u{4}\\u{5}\\u{6}\\u{7}\\u{8}\\t\\n`",
            "another kind of server",
        ),
        (b"", ProblemKind::NotGrpc, "ADDR closed the connection without an answer", "want TLS"),
    ];
    for (word, kind, message, help) in table {
        let server = says(word).await;
        check(&server.address, Tls::Off, *kind, message, help).await;
    }
}

#[tokio::test]
async fn called_with_tls() {
    let server = says(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    check(&server.address, Tls::System, ProblemKind::Tls, "ADDR does not speak TLS", "TLS off")
        .await;
    let server = says(b"").await;
    let message = "ADDR ended the connection during the TLS handshake";
    check(&server.address, Tls::System, ProblemKind::Tls, message, "TLS off").await;
    let server = grpc(|_, _| async {}).await;
    let mut spec = spec(&server.address, CallKind::Unary);
    spec.endpoint.tls = Tls::System;
    let call = call(&Client::new(), spec, &[b"abc"]).await;
    assert_eq!(call.steps(), "resolved connected UNAVAILABLE");
    assert_eq!(call.problem().kind, ProblemKind::Tls);
    assert!(call.problem().help.as_ref().unwrap().contains("TLS off"));
}

#[tokio::test]
async fn nobody_there() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let message = "nothing is listening at ADDR";
    check(&address, Tls::Off, ProblemKind::Unreachable, message, "start the server").await;
    check(&address, Tls::System, ProblemKind::Unreachable, message, "start the server").await;

    // A label longer than DNS allows fails on every machine, with a network or without.
    let address = format!("{}.invalid:1", "a".repeat(64));
    let call = call(&Client::new(), spec(&address, CallKind::Unary), &[b""]).await;
    assert_eq!(call.steps(), "UNAVAILABLE");
    assert_eq!(call.problem().kind, ProblemKind::Unreachable);
    assert!(call.problem().message.contains("cannot be found"), "{}", call.problem());
}

#[tokio::test]
async fn refused_before_anything_is_sent() {
    let server = grpc(|_, _| async { panic!("it was called") }).await;
    let good = spec(&server.address, CallKind::Unary);
    let endpoint =
        |address: &str| Endpoint { address: address.into(), tls: Tls::Off, ..Endpoint::default() };
    let table = [
        (CallSpec { endpoint: endpoint("localhost"), ..good.clone() }, "localhost"),
        (CallSpec { method: "/a/b".into(), ..good.clone() }, "method"),
        (CallSpec { metadata: vec![Metadatum::text("te", "x")], ..good }, "metadata[0].key"),
    ];
    for (spec, path) in table {
        let call = call(&Client::new(), spec, &[b""]).await;
        assert_eq!(call.steps(), "INVALID_ARGUMENT");
        assert_eq!(call.problem().kind, ProblemKind::Mismatch);
        assert_eq!(call.problem().path.as_deref(), Some(path));
    }
}

/// One HTTP/2 frame on stream `stream`.
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0, 0, payload.len() as u8, kind, flags, 0, 0, 0, stream];
    out.extend(payload);
    out
}

#[tokio::test]
async fn what_came_before_the_end_is_delivered() {
    // SETTINGS, headers, two messages and half of a third, then the end of the connection, all at once.
    let mut word = frame(4, 0, 0, &[]);
    word.extend(frame(1, 4, 1, b"\x88\x5f\x10application/grpc"));
    word.extend(frame(0, 0, 1, &framed(0, b"one")));
    word.extend(frame(0, 0, 1, &framed(0, b"three")));
    word.extend(frame(0, 0, 1, &framed(0, b"seven")[..7]));
    let server = says(word.leak()).await;
    let call = call(&Client::new(), spec(&server.address, CallKind::ServerStream), &[b"abc"]).await;
    assert_eq!(
        call.steps().replace("sent:3 half-closed ", ""),
        "resolved connected headers received:3 received:5 UNAVAILABLE"
    );
    assert_eq!(call.problem().kind, ProblemKind::Interrupted);
    let message = call.problem().message.replace(&server.address, "ADDR");
    assert!(
        message.starts_with("the connection to ADDR ended in the middle of the call"),
        "{message}"
    );
}

#[tokio::test]
async fn headers_without_end() {
    // A frame that claims to be longer than HTTP/2 allows here.
    let mut word = frame(4, 0, 0, &[]);
    word.extend([0xff, 0xff, 0xff, 1, 4, 0, 0, 0, 1]);
    let server = says(word.leak()).await;
    let call = call(&Client::new(), spec(&server.address, CallKind::Unary), &[b"abc"]).await;
    assert_eq!(call.status().name(), "UNAVAILABLE");
    assert_eq!(call.problem().kind, ProblemKind::Interrupted);
}
