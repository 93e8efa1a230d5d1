//! Connect, byte for byte.

use crate::http1::*;
use crate::support::*;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use wirelab_call::{Client, Invoke, requests};
use wirelab_model::{
    CallEvent, CallEventKind, CallKind, CallSpec, Health, HttpVersion, Metadatum, ProblemKind,
    RetryPolicy, Transport,
};
use wirelab_schema::{Input, Schema, Source};
use wirelab_transcode::Codec;

const PROTO: &str = "application/proto";
const STREAM: &str = "application/connect+proto";
const SENT: &str = "resolved connected sent:3 half-closed ";

fn connect(address: &str, kind: CallKind) -> CallSpec {
    let mut spec = spec(address, kind);
    spec.endpoint.transport = Transport::Connect;
    spec
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn what_is_sent() {
    let unary = response("200 OK", &[("content-type", PROTO)], b"x");
    let end = [framed(0, b"x"), framed(2, b"{}")].concat();
    let stream = response("200 OK", &[("content-type", STREAM)], &end);
    for (kind, answer, content_type, body) in [
        (CallKind::Unary, unary, PROTO, b"abc".to_vec()),
        (CallKind::ServerStream, stream.clone(), STREAM, framed(0, b"abc").to_vec()),
        (CallKind::ClientStream, stream, STREAM, framed(0, b"abc").to_vec()),
    ] {
        let (server, mut asked) = http1(answer).await;
        let spec = CallSpec {
            metadata: vec![Metadatum::text("a", "1"), Metadatum::binary("b-bin", vec![255])],
            deadline_ms: Some(60_000),
            ..connect(&server.address, kind)
        };
        let client = Client::new();
        let first = call(&client, spec.clone(), &[b"abc"]).await;
        assert_eq!(first.status().name(), "OK", "{:?}", first.status());
        assert_eq!(first.received(), [b"x"]);
        let asked = asked.recv().await.unwrap();
        assert!(asked.head.starts_with("post /test.test/call http/1.1"));
        assert_eq!(asked.header("content-type"), Some(content_type));
        assert_eq!(asked.header("connect-protocol-version"), Some("1"));
        let timeout: u64 = asked.header("connect-timeout-ms").unwrap().parse().unwrap();
        assert!((1..=60_000).contains(&timeout));
        assert_eq!(asked.header("b-bin"), Some("/w"));
        assert_eq!(asked.header("grpc-timeout"), None);
        assert_eq!(asked.body, body, "{kind:?}");
        let again = call(&client, spec, &[b"abc"]).await;
        assert!(again.steps().starts_with("reused sent:3"), "{}", again.steps());
    }
}

type Table<'a> = Vec<(&'a str, Vec<u8>, &'a str, &'a str)>;

async fn check(kind: CallKind, table: Table<'_>) {
    for (name, answer, want, message) in table {
        let (server, _asked) = http1(answer).await;
        let call = call(&Client::new(), connect(&server.address, kind), &[b"abc"]).await;
        let steps = call.steps();
        assert_eq!(steps.strip_prefix(SENT).unwrap_or(&steps), want, "{name}");
        let problem = call.status().problem.as_ref();
        assert_eq!(problem.map_or("", |problem| problem.message.as_str()), message, "{name}");
    }
}

#[tokio::test]
async fn unary_answers() {
    let proto: &[(&str, &str)] = &[("content-type", PROTO)];
    let json: &[(&str, &str)] = &[("content-type", "application/json")];
    let table: Table<'_> = vec![
        ("a message", response("200 OK", proto, b"xy"), "headers received:2 OK", ""),
        ("an empty message", response("200 OK", proto, b""), "headers received:0 OK", ""),
        ("in chunks", chunked(proto, b"xyz", 1), "headers received:3 OK", ""),
        (
            "trailers",
            response("200 OK", &[("content-type", PROTO), ("trailer-a", "1")], b"x"),
            "headers received:1 trailers OK",
            "",
        ),
        (
            "compressed",
            response(
                "200 OK",
                &[("content-type", PROTO), ("content-encoding", "gzip")],
                &gzip(b"xyz"),
            ),
            "headers received:3<23 OK",
            "",
        ),
        (
            "compressed in no known way",
            response("200 OK", &[("content-type", PROTO), ("content-encoding", "br")], b"x"),
            "headers INTERNAL",
            "a response message is compressed as `br`, which was not offered",
        ),
        (
            "an error",
            response("404 Not Found", json, br#"{"code": "not_found", "message": "no such"}"#),
            "headers NOT_FOUND",
            "the server answered NOT_FOUND: no such",
        ),
        (
            "an error with trailers and no known code",
            response(
                "503 Service Unavailable",
                &[("content-type", "application/json"), ("trailer-a", "1")],
                br#"{"code": "teapot"}"#,
            ),
            "headers trailers UNAVAILABLE",
            "the server answered UNAVAILABLE",
        ),
        (
            "JSON of another kind",
            response("404 Not Found", json, br#"{"detail": "Not Found"}"#),
            "headers UNIMPLEMENTED",
            r#"the server answered HTTP 404 Not Found with JSON that is no error of Connect: {"detail": "Not Found"}"#,
        ),
        (
            "no JSON",
            response("500 Internal Server Error", json, b"<oops>"),
            "headers UNKNOWN",
            "the server answered HTTP 500 Internal Server Error with JSON that is no error of Connect: <oops>",
        ),
        (
            "not that content type",
            response("415 Unsupported Media Type", &[], b""),
            "headers UNKNOWN",
            "the server answered HTTP 415 Unsupported Media Type instead of Connect",
        ),
        (
            "a plain gRPC server",
            response("200 OK", &[("content-type", "application/grpc")], b""),
            "headers UNKNOWN",
            "the server answered with `application/grpc` instead of Connect",
        ),
        (
            "a proxy",
            response("502 Bad Gateway", &[("content-type", "text/plain")], b"upstream  is gone"),
            "headers UNAVAILABLE",
            "the server answered HTTP 502 Bad Gateway instead of Connect: upstream is gone",
        ),
    ];
    check(CallKind::Unary, table).await;
}

#[tokio::test]
async fn stream_answers() {
    let answer = |frames: &[(u8, &[u8])]| {
        let body: Vec<u8> = frames.iter().flat_map(|(flag, data)| framed(*flag, data)).collect();
        chunked(&[("content-type", STREAM), ("connect-content-encoding", "gzip")], &body, 4)
    };
    let table: Table<'_> = vec![
        (
            "messages",
            answer(&[(0, b"x"), (0, b""), (1, &gzip(b"yz")), (2, b"{}")]),
            "headers received:1 received:0 received:2<22 trailers OK",
            "",
        ),
        ("no message", answer(&[(2, b"{}")]), "headers trailers OK", ""),
        ("a compressed end", answer(&[(3, &gzip(b"{}"))]), "headers trailers OK", ""),
        (
            "an error after a message",
            answer(&[
                (0, b"x"),
                (2, br#"{"error": {"code": "resource_exhausted", "message": "m"}}"#),
            ]),
            "headers received:1 trailers RESOURCE_EXHAUSTED",
            "the server answered RESOURCE_EXHAUSTED: m",
        ),
        (
            "no end",
            answer(&[(0, b"x")]),
            "headers received:1 UNKNOWN",
            "the response ended without the frame that says how the call ended",
        ),
        (
            "an end that is no JSON",
            answer(&[(2, b"fine")]),
            "headers UNKNOWN",
            "the frame that ends the stream is not the JSON that Connect wants there",
        ),
        (
            "an unknown flag",
            answer(&[(0x80, b"grpc-status: 0")]),
            "headers INTERNAL",
            "the response is not gRPC: a message begins with the flag 128",
        ),
        (
            "a unary answer",
            response("200 OK", &[("content-type", PROTO)], b"x"),
            "headers UNKNOWN",
            "the server answered with `application/proto` instead of Connect: x",
        ),
    ];
    check(CallKind::ServerStream, table).await;
}

#[tokio::test]
async fn metadata_and_details() {
    let error = br#"{"code": "aborted", "message": "m", "details": [{"type": "a.B", "value": "CgF4", "debug": {}}]}"#;
    let headers = [
        ("content-type", "application/json"),
        ("h-bin", "AQI"),
        ("trailer-t-bin", "AQ=="),
        ("trailer-t-bin", "Ag"),
    ];
    let (server, _asked) = http1(response("409 Conflict", &headers, error)).await;
    let unary = call(&Client::new(), connect(&server.address, CallKind::Unary), &[b""]).await;
    let end =
        [&br#"{"error": "#[..], error, br#", "metadata": {"T-Bin": ["AQ==", "Ag"], "u": ["x"]}}"#]
            .concat();
    let (server, _asked) =
        http1(response("200 OK", &[("content-type", STREAM)], &framed(2, &end))).await;
    let stream =
        call(&Client::new(), connect(&server.address, CallKind::ServerStream), &[b""]).await;
    // Status { code: 10, message: "m", details: [Any { "type.googleapis.com/a.B", "\n\x01x" }] }
    let details = b"\x08\x0a\x12\x01m\x1a\x1e\x0a\x17type.googleapis.com/a.B\x12\x03\x0a\x01x";
    for call in [&unary, &stream] {
        assert_eq!(call.status().name(), "ABORTED");
        assert_eq!(call.status().message, "m");
        assert_eq!(call.status().details.to_vec(), details);
        let trailers = [Metadatum::binary("t-bin", vec![1]), Metadatum::binary("t-bin", vec![2])];
        assert_eq!(call.trailers()[..2], trailers);
    }
    assert!(unary.headers().contains(&Metadatum::binary("h-bin", vec![1, 2])));
    assert!(!unary.headers().iter().any(|datum| datum.key.starts_with("trailer-")));
    assert_eq!(stream.trailers()[2], Metadatum::text("u", "x"));
}

#[tokio::test]
async fn too_large() {
    let plain = response("200 OK", &[("content-type", PROTO)], &[1; 101]);
    let bomb = response(
        "200 OK",
        &[("content-type", PROTO), ("content-encoding", "gzip")],
        &gzip(&[1; 101]),
    );
    for answer in [plain, bomb] {
        let (server, _asked) = http1(answer).await;
        let spec =
            CallSpec { max_message_bytes: Some(100), ..connect(&server.address, CallKind::Unary) };
        let call = call(&Client::new(), spec, &[b""]).await;
        assert_eq!(call.status().name(), "RESOURCE_EXHAUSTED");
        assert_eq!(call.problem().kind, ProblemKind::TooLarge);
        assert!(call.problem().message.contains("`max_message_bytes` allows 100"));
    }
}

const GREETER: &str = r#"syntax = "proto3"; package test;
    message Note { string text = 1; int64 size = 2; }
    service Test { rpc Call(Note) returns (Note); }"#;

/// A client that knows the messages of `test.Test/Call`.
fn client_with_types() -> (Client, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.proto");
    std::fs::write(&path, GREETER).unwrap();
    let source = Source::load(&Input::Files { path, import_roots: vec![] });
    let schema = Schema::new([("test".to_owned(), source)]);
    let client = Client::new().with_types(Arc::new(move |method| {
        let method = schema.method(method)?;
        Some((Codec::new(&method.input()), Codec::new(&method.output())))
    }));
    (client, folder)
}

/// `text: "hi", size: 7`.
const NOTE: &[u8] = b"\x0a\x02hi\x10\x07";

#[tokio::test]
async fn json() {
    let (client, _folder) = client_with_types();
    let json = br#"{"text": "hi", "size": "7", "newer": true}"#;
    let unary = response("200 OK", &[("content-type", "application/json")], json);
    let end = [framed(0, json), framed(2, b"{}")].concat();
    let stream = response("200 OK", &[("content-type", "application/connect+json")], &end);
    for (kind, answer) in [(CallKind::Unary, unary), (CallKind::ServerStream, stream)] {
        let (server, mut asked) = http1(answer).await;
        let mut spec = connect(&server.address, kind);
        spec.endpoint.transport = Transport::ConnectJson;
        let call = call(&client, spec.clone(), &[NOTE]).await;
        assert_eq!(call.status().name(), "OK", "{:?}", call.status());
        // Events hold Protobuf.
        assert_eq!(call.received(), [NOTE]);
        assert!(call.steps().contains("sent:6"));
        let body = asked.recv().await.unwrap().body;
        let sent = if kind == CallKind::Unary { &body[..] } else { &body[5..] };
        assert_eq!(std::str::from_utf8(sent).unwrap(), r#"{"text":"hi","size":"7"}"#);
        spec.method = "test.Test/Other".into();
        let unknown = self::call(&client, spec, &[NOTE]).await;
        assert_eq!(unknown.steps(), "INVALID_ARGUMENT");
        assert_eq!(
            unknown.problem().message,
            "`test.Test/Other` cannot be called with JSON: its types are not known"
        );
    }
    let wrong = response("200 OK", &[("content-type", "application/json")], br#"{"size": "x"}"#);
    let (server, _asked) = http1(wrong).await;
    let mut spec = connect(&server.address, CallKind::Unary);
    spec.endpoint.transport = Transport::ConnectJson;
    let call = self::call(&client, spec, &[NOTE]).await;
    assert_eq!(call.status().name(), "INTERNAL");
    let message = &call.problem().message;
    assert!(message.starts_with("the response is not JSON of `test.Note`: "), "{message}");
}

#[tokio::test]
async fn a_conversation_wants_http2() {
    let mut spec = connect("127.0.0.1:1", CallKind::Bidi);
    spec.endpoint.http = HttpVersion::Http1;
    let call = call(&Client::new(), spec, &[b"abc"]).await;
    assert_eq!(call.steps(), "INVALID_ARGUMENT");
    assert_eq!(
        call.problem().message,
        "bidirectional streams do not work over HTTP/1.1, with Connect either"
    );

    let server = grpc(|request, mut reply| async move {
        let mut body = request.into_body();
        reply.head(200, &[("content-type", STREAM)], false);
        while let Some(Ok(data)) = body.data().await {
            reply.data(data, false);
        }
        reply.data(framed(2, b"{}"), true);
    })
    .await;
    let (tx, rx) = mpsc::channel(1);
    let mut events = Client::new().invoke(
        connect(&server.address, CallKind::Bidi),
        Box::pin(ReceiverStream::new(rx)),
        CancellationToken::new(),
    );
    let mut all = Vec::new();
    for size in 1..=2 {
        tx.send(vec![7; size].into()).await.unwrap();
        all.extend(read_until(&mut events, is_received).await);
    }
    drop(tx);
    all.extend(read_until(&mut events, |_| false).await);
    assert_eq!(
        Call::new(all).steps().replace("headers ", ""),
        "resolved connected sent:1 received:1 sent:2 received:2 half-closed trailers OK"
    );
}

/// An HTTP status other than 200 is what gRPC says without headers: nothing of an answer has come yet.
#[tokio::test]
async fn refusals_are_tried_again() {
    let json: &[(&str, &str)] = &[("content-type", "application/json")];
    let error = response("503 Service Unavailable", json, br#"{"code": "unavailable"}"#);
    let proxy = response("502 Bad Gateway", &[("content-type", "text/plain")], b"down");
    for refusal in [error, proxy] {
        let answers = [refusal, response("200 OK", &[("content-type", PROTO)], b"x")];
        let (answers, asked) = (Arc::new(answers), Arc::new(AtomicUsize::new(0)));
        let server = tcp(move |mut stream| {
            let (answers, asked) = (answers.clone(), asked.clone());
            async move {
                while let Some(request) = read_request(&mut stream).await {
                    assert_eq!(request.body, b"abc");
                    let answer = &answers[asked.fetch_add(1, SeqCst)];
                    stream.write_all(answer).await.unwrap();
                }
            }
        })
        .await;
        let retry = RetryPolicy { initial_backoff_ms: 1, ..RetryPolicy::default() };
        let spec = CallSpec { retry: Some(retry), ..connect(&server.address, CallKind::Unary) };
        let call = call(&Client::new(), spec, &[b"abc"]).await;
        assert_eq!(call.status().name(), "OK", "{:?}", call.status());
        let tried_again = |event: &&CallEvent| matches!(event.kind, CallEventKind::Retrying(_));
        assert_eq!(call.events.iter().filter(tried_again).count(), 1);
    }
}

#[tokio::test]
async fn reset_over_http2() {
    let server = grpc(|_request, mut reply| async move {
        reply.head(200, &[("content-type", STREAM)], false);
        reply.data(framed(0, b"x"), false);
        reply.reset(h2::Reason::ENHANCE_YOUR_CALM);
    })
    .await;
    let mut spec = connect(&server.address, CallKind::ServerStream);
    spec.endpoint.http = HttpVersion::Http2;
    let call = call(&Client::new(), spec, &[b"abc"]).await;
    assert_eq!(call.status().name(), "RESOURCE_EXHAUSTED");
    assert_eq!(call.problem().kind, ProblemKind::Interrupted);
}

#[tokio::test]
async fn reserved_metadata() {
    for key in ["connect-timeout-ms", "content-encoding", "accept-encoding"] {
        let spec = CallSpec {
            metadata: vec![Metadatum::text(key, "1")],
            ..connect("127.0.0.1:1", CallKind::Unary)
        };
        let call = call(&Client::new(), spec, &[b""]).await;
        assert_eq!(call.steps(), "INVALID_ARGUMENT");
        assert_eq!(call.problem().path.as_deref(), Some("metadata[0].key"));
    }
}

/// Wirelab's own questions go as Protobuf, for which no schema is needed.
#[tokio::test]
async fn health_and_reflection() {
    let serving = response("200 OK", &[("content-type", PROTO)], b"\x08\x01");
    let (server, mut asked) = http1(serving).await;
    let mut endpoint = connect(&server.address, CallKind::Unary).endpoint;
    endpoint.transport = Transport::ConnectJson;
    let query = wirelab_model::HealthQuery { endpoint: endpoint.clone(), ..Default::default() };
    assert_eq!(Client::new().health(&query).await, Health::Serving);
    let asked = asked.recv().await.unwrap();
    assert_eq!(asked.header("content-type"), Some(PROTO));
    assert!(asked.head.starts_with("post /grpc.health.v1.health/check "));

    let server = grpc(|request, mut reply| async move {
        assert_eq!(request.headers()["content-type"], STREAM);
        reply.head(200, &[("content-type", STREAM)], false);
        reply.data(framed(2, br#"{"error": {"code": "permission_denied"}}"#), true);
    })
    .await;
    endpoint.address = server.address.clone();
    endpoint.http = HttpVersion::Http2;
    let problem = Client::new().reflect(&endpoint, &[]).await.unwrap_err();
    assert_eq!(problem.grpc_status, Some(7), "{problem}");
}

/// Over HTTP/1.1 the end of a call that is broken off is the end of its connection.
#[tokio::test]
async fn breaking_off_reaches_the_server() {
    let (tx, mut ends) = mpsc::unbounded_channel();
    let server = tcp(move |mut stream| {
        let tx = tx.clone();
        async move {
            read_request(&mut stream).await;
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n";
            let head = format!("{head}content-type: {STREAM}\r\n\r\n6\r\n\0\0\0\0\x01x\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            tx.send(stream.read(&mut [0; 1]).await.ok()).unwrap();
        }
    })
    .await;
    let client = Client::new();
    let spec =
        CallSpec { deadline_ms: Some(150), ..connect(&server.address, CallKind::ServerStream) };
    let late = call(&client, spec, &[b"abc"]).await;
    assert_eq!(late.steps(), format!("{SENT}headers received:1 DEADLINE_EXCEEDED"));
    assert_eq!(ends.recv().await, Some(Some(0)));

    let cancel = CancellationToken::new();
    let spec = connect(&server.address, CallKind::ServerStream);
    let mut events = client.invoke(spec.clone(), requests([vec![1]]), cancel.clone());
    read_until(&mut events, is_received).await;
    cancel.cancel();
    let end = read_until(&mut events, |kind| matches!(kind, CallEventKind::Finished { .. })).await;
    assert_eq!(Call::end(end).name(), "CANCELLED");
    assert_eq!(ends.recv().await, Some(Some(0)));

    let mut events = client.invoke(spec, requests([vec![1]]), CancellationToken::new());
    read_until(&mut events, is_received).await;
    drop(events);
    assert_eq!(ends.recv().await, Some(Some(0)));
}
