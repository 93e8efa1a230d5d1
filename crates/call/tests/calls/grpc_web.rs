//! gRPC-Web, byte for byte.

use crate::http1::*;
use crate::support::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::AsyncWriteExt;
use wirelab_call::Client;
use wirelab_model::{CallKind, CallSpec, HttpVersion, Metadatum, ProblemKind, Transport};

const BINARY: &str = "application/grpc-web+proto";
const TEXT: &str = "application/grpc-web-text+proto";

fn web(address: &str, kind: CallKind, transport: Transport) -> CallSpec {
    let mut spec = spec(address, kind);
    spec.endpoint.transport = transport;
    spec
}

/// Messages and the frame of the trailers.
fn body(messages: &[&[u8]], trailers: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for message in messages {
        out.extend(framed(0, message));
    }
    out.extend(framed(0x80, trailers.as_bytes()));
    out
}

#[tokio::test]
async fn what_is_sent() {
    let answer = response("200 OK", &[("content-type", BINARY)], &body(&[b"x"], "grpc-status: 0"));
    let (server, mut requests) = http1(answer).await;
    for (transport, content_type) in [(Transport::GrpcWeb, BINARY), (Transport::GrpcWebText, TEXT)]
    {
        let spec = CallSpec {
            metadata: vec![
                Metadatum::text("a", "1"),
                Metadatum::text("a", "2"),
                Metadatum::binary("b-bin", vec![255]),
            ],
            deadline_ms: Some(60_000),
            ..web(&server.address, CallKind::Unary, transport)
        };
        let client = Client::new();
        let first = call(&client, spec.clone(), &[b"abc"]).await;
        assert_eq!(
            first.steps(),
            "resolved connected sent:3 half-closed headers received:1 trailers OK"
        );
        let asked = requests.recv().await.unwrap();
        assert!(asked.head.starts_with("post /test.test/call http/1.1\r\n"));
        assert_eq!(asked.header("host"), Some(server.address.as_str()));
        assert_eq!(asked.header("content-type"), Some(content_type));
        assert_eq!(asked.header("accept"), Some(content_type));
        assert_eq!(asked.header("x-grpc-web"), Some("1"));
        assert_eq!(asked.header("te"), None);
        assert!(asked.header("grpc-timeout").unwrap().ends_with('u'));
        assert_eq!(asked.head.matches("\na: ").count(), 2);
        assert_eq!(asked.header("b-bin"), Some("/w"));
        let frame = framed(0, b"abc").to_vec();
        let want = match transport {
            Transport::GrpcWebText => STANDARD.encode(&frame).into_bytes(),
            _ => frame,
        };
        assert_eq!(asked.body, want);
        // All bytes of both sides are counted.
        assert!(first.wire().sent > 100 && first.wire().received > 60);
        let second = call(&client, spec, &[b"abc"]).await;
        assert_eq!(second.steps(), "reused sent:3 half-closed headers received:1 trailers OK");
        assert_eq!(second.wire().received, first.wire().received);
        assert_eq!(requests.recv().await.unwrap().body, asked.body);
    }
}

#[tokio::test]
async fn answers() {
    use CallKind::{ServerStream, Unary};
    let binary: &[(&str, &str)] = &[("content-type", BINARY)];
    let plain: &[(&str, &str)] = &[("content-type", "application/grpc-web")];
    let ok = "grpc-status: 0\r\n";
    let table: Vec<(&str, CallKind, Vec<u8>, &str, &str)> = vec![
        (
            "unary",
            Unary,
            response("200 OK", binary, &body(&[b"x"], ok)),
            "headers received:1 trailers OK",
            "",
        ),
        (
            "stream",
            ServerStream,
            response("200 OK", plain, &body(&[b"x", b"", b"yz"], ok)),
            "headers received:1 received:0 received:2 trailers OK",
            "",
        ),
        (
            "status after messages",
            ServerStream,
            response(
                "200 OK",
                binary,
                &body(&[b"x"], "Grpc-Status:8\r\ngrpc-message: too%20much\r\n"),
            ),
            "headers received:1 trailers RESOURCE_EXHAUSTED",
            "the server answered RESOURCE_EXHAUSTED: too much",
        ),
        (
            "trailers only",
            Unary,
            response(
                "200 OK",
                &[("content-type", BINARY), ("grpc-status", "5"), ("grpc-message", "no")],
                b"",
            ),
            "trailers NOT_FOUND",
            "the server answered NOT_FOUND: no",
        ),
        (
            "no trailers",
            Unary,
            response("200 OK", binary, &framed(0, b"x")),
            "headers received:1 UNKNOWN",
            "the response ended without the frame that holds the trailers",
        ),
        (
            "trailers of HTTP",
            Unary,
            [&b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-type: application/grpc-web\r\n\r\n6\r\n"[..],
                &framed(0, b"x"), b"\r\n0\r\ngrpc-status: 0\r\n\r\n"].concat(),
            "headers received:1 UNKNOWN",
            "the status came in HTTP's own trailers, which gRPC-Web has in the body",
        ),
        (
            "half a message",
            Unary,
            response("200 OK", binary, &framed(0, b"abcdef")[..8]),
            "headers INTERNAL",
            "the response ended in the middle of a message",
        ),
        (
            "trailers without a status",
            Unary,
            response("200 OK", binary, &body(&[b"x"], "a: b\r\n")),
            "headers received:1 trailers UNKNOWN",
            "the server's trailers hold no `grpc-status`",
        ),
        (
            "a line that is no header",
            Unary,
            response("200 OK", binary, &body(&[b"x"], "grpc status: 0\r\n")),
            "headers received:1 INTERNAL",
            "the frame of the trailers holds `grpc status: 0`, which is no header",
        ),
        (
            "compressed without a word",
            Unary,
            response("200 OK", binary, &framed(1, b"x")),
            "headers INTERNAL",
            "a response message is marked as compressed, but the server's headers do not say how",
        ),
        (
            "a plain gRPC server",
            Unary,
            response("200 OK", &[("content-type", "application/grpc")], b""),
            "headers UNKNOWN",
            "the server answered with `application/grpc` instead of gRPC-Web",
        ),
        (
            "not that content type",
            Unary,
            response("415 Unsupported Media Type", &[], b""),
            "headers UNKNOWN",
            "the server answered HTTP 415 Unsupported Media Type instead of gRPC-Web",
        ),
        (
            "a web page",
            Unary,
            response("404 Not Found", &[("content-type", "text/html")], b"<p>no\n such  page</p>"),
            "headers UNIMPLEMENTED",
            "the server answered HTTP 404 Not Found instead of gRPC-Web: <p>no such page</p>",
        ),
    ];
    for (name, kind, answer, want, message) in table {
        let (server, _asked) = http1(answer).await;
        let call =
            call(&Client::new(), web(&server.address, kind, Transport::GrpcWeb), &[b"abc"]).await;
        let steps = call.steps();
        let steps = steps.strip_prefix("resolved connected sent:3 half-closed ").unwrap_or(&steps);
        assert_eq!(steps, want, "{name}");
        let problem = call.status().problem.as_ref();
        assert_eq!(problem.map_or("", |problem| problem.message.as_str()), message, "{name}");
        assert!(
            problem.is_none_or(|problem| problem.help.is_some() || call.status().code == 5),
            "{name}"
        );
    }
}

/// Text in pieces of every size, with each frame padded by itself or all as one.
#[tokio::test]
async fn text_in_odd_pieces() {
    let frames = [
        framed(0, b"x").to_vec(),
        framed(0, b"yz").to_vec(),
        framed(0x80, b"grpc-status: 0\r\nt-bin: AQI=\r\n").to_vec(),
    ];
    let each: String = frames.iter().map(|frame| STANDARD.encode(frame)).collect();
    let whole = STANDARD.encode(frames.concat());
    let bare = whole.trim_end_matches('=').to_owned();
    for text in [each, whole, bare] {
        for size in [1, 2, 3, 5, 7, 64] {
            let answer = chunked(&[("content-type", TEXT)], text.as_bytes(), size);
            let (server, _asked) = http1(answer).await;
            let spec = web(&server.address, CallKind::ServerStream, Transport::GrpcWebText);
            let call = call(&Client::new(), spec, &[b"abc"]).await;
            assert_eq!(
                call.steps(),
                "resolved connected sent:3 half-closed headers received:1 received:2 trailers OK",
                "{text} in pieces of {size}"
            );
            assert_eq!(call.trailers(), [Metadatum::binary("t-bin", vec![1, 2])]);
        }
    }
    for wrong in ["AAAA*", "A", "AA=A", "====", "AAAAA"] {
        let answer = response("200 OK", &[("content-type", TEXT)], wrong.as_bytes());
        let (server, _asked) = http1(answer).await;
        let spec = web(&server.address, CallKind::Unary, Transport::GrpcWebText);
        let call = call(&Client::new(), spec, &[b"abc"]).await;
        assert_eq!(call.status().name(), "INTERNAL", "{wrong}");
        assert_eq!(
            call.problem().message,
            "the response is not base64, as gRPC-Web text has to be"
        );
    }
}

#[tokio::test]
async fn a_server_that_takes_binary_only() {
    let (server, _asked) = http1(response("415 Unsupported Media Type", &[], b"")).await;
    let spec = web(&server.address, CallKind::Unary, Transport::GrpcWebText);
    let call = call(&Client::new(), spec, &[b"abc"]).await;
    assert_eq!(
        call.problem().message,
        "the server answered HTTP 415 Unsupported Media Type instead of gRPC-Web text"
    );
    assert!(call.problem().help.as_deref().unwrap().ends_with("choose the transport gRPC-Web"));
}

#[tokio::test]
async fn cut_off() {
    let server = tcp(|mut stream| async move {
        read_request(&mut stream).await;
        let mut answer = response("200 OK", &[("content-type", BINARY)], &body(&[b"x", b"y"], ""));
        answer.truncate(answer.len() - 8);
        stream.write_all(&answer).await.unwrap();
    })
    .await;
    let spec = web(&server.address, CallKind::ServerStream, Transport::GrpcWeb);
    let call = call(&Client::new(), spec, &[b"abc"]).await;
    assert_eq!(
        call.steps(),
        "resolved connected sent:3 half-closed headers received:1 UNAVAILABLE"
    );
    assert_eq!(call.problem().kind, ProblemKind::Interrupted);
    let message = call.problem().message.replace(&server.address, "ADDR");
    assert!(
        message.starts_with("the connection to ADDR ended in the middle of the call"),
        "{message}"
    );
}

#[tokio::test]
async fn over_http2() {
    let server = grpc(|request, mut reply| async move {
        assert_eq!(request.headers()["content-type"], BINARY);
        let sent = read(request).await;
        reply.head(200, &[("content-type", BINARY)], false);
        reply.data(sent.into(), false);
        reply.data(framed(0x80, b"grpc-status: 0"), true);
    })
    .await;
    let mut spec = web(&server.address, CallKind::Unary, Transport::GrpcWeb);
    spec.endpoint.http = HttpVersion::Http2;
    let call = call(&Client::new(), spec, &[b"abc"]).await;
    assert_eq!(
        call.steps(),
        "resolved connected sent:3 half-closed headers received:3 trailers OK"
    );
}

#[tokio::test]
async fn refused_before_anything_is_sent() {
    let server = tcp(|_| async { panic!("it was called") }).await;
    for transport in [Transport::GrpcWeb, Transport::GrpcWebText] {
        let mut spec = web(&server.address, CallKind::Bidi, transport);
        spec.endpoint.http = HttpVersion::Http1;
        let call = call(&Client::new(), spec, &[b"abc"]).await;
        assert_eq!(call.steps(), "INVALID_ARGUMENT");
        assert_eq!(call.problem().kind, ProblemKind::Mismatch);
        assert_eq!(
            call.problem().message,
            format!(
                "bidirectional streams do not work over HTTP/1.1, with {} either",
                transport.name()
            )
        );
    }
    let mut spec = web(&server.address, CallKind::Unary, Transport::Grpc);
    spec.endpoint.http = HttpVersion::Http1;
    let call = call(&Client::new(), spec, &[b"abc"]).await;
    assert_eq!(call.steps(), "INVALID_ARGUMENT");
    assert_eq!(call.problem().message, "gRPC does not work over HTTP/1.1");
}
