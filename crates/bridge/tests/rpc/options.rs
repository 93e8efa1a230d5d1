//! What options and clients may choose, the same for each protocol.

use crate::raw::*;
use crate::support::*;
use axum::body::Body;
use http::Request;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use wirelab_bridge::{Bridge, CompressionOptions, HeaderOptions, Options};
use wirelab_call::Client;
use wirelab_model::{Endpoint, Metadatum};

/// Options of headers hold for each protocol.
#[tokio::test(start_paused = true)]
async fn headers_have_options() {
    let second = Duration::from_secs(1);
    let drop = vec!["x-dropped".to_owned()];
    let bounds = [(Some(second), None), (None, Some(second))];
    let frame = framed(0, HI);
    for (default_timeout, max_timeout) in bounds {
        let headers = HeaderOptions {
            default_timeout,
            max_timeout,
            drop: drop.clone(),
            ..Default::default()
        };
        let echo = Echo::default();
        let bridge = echo.bridge(Options { headers, ..Options::default() });
        for (content_type, body, timeout) in [
            ("application/grpc", &frame[..], "grpc-timeout: 1H"),
            ("application/grpc-web", &frame, "grpc-timeout: 1H"),
            ("application/proto", HI, "connect-timeout-ms: 3600000"),
            ("application/connect+proto", &frame, "connect-timeout-ms: 3600000"),
        ] {
            let method = if content_type.contains("connect") { "Split" } else { "Say" };
            let line = format!(
                "POST /test.v1.Echo/{method} | content-type: {content_type} | x-dropped: 1 | x-kept: 1"
            );
            let hour = 3_600_000;
            let wanted = |asked: u64| max_timeout.map_or(asked, |_| 1_000);
            for (line, want) in
                [(line.clone(), 1_000), (format!("{line} | {timeout}"), wanted(hour))]
            {
                read(bridge.handle(request(&line, body)).await).await;
                let spec = echo.asked().pop().unwrap();
                assert_eq!(spec.deadline_ms, Some(want), "{line}");
                let keys: Vec<&str> = spec.metadata.iter().map(|one| one.key.as_str()).collect();
                assert_eq!(keys, ["x-kept", "x-forwarded-proto"], "{line}");
            }
        }
    }
}

/// How an answer of some length is compressed: by what the client lists, its order included.
#[tokio::test]
async fn compression() {
    let compression = CompressionOptions { min_bytes: Some(0), ..Default::default() };
    let options = Options { compression, ..Options::default() };
    let long = [&[0x0a, 120][..], &[b'a'; 120]].concat();
    let frame = framed(0, &long);
    let gzips =
        Echo { metadata: vec![Metadatum::text("grpc-encoding", "gzip")], ..Echo::default() };
    let unary: (&str, &[u8], &str, &str) =
        ("Say | content-type: application/proto", &long, "accept-encoding", "content-encoding");
    let stream: (&str, &[u8], &str, &str) = (
        "Split | content-type: application/connect+proto",
        &frame,
        "connect-accept-encoding",
        "connect-content-encoding",
    );
    let grpc: (&str, &[u8], &str, &str) =
        ("Say | content-type: application/grpc", &frame, "grpc-accept-encoding", "grpc-encoding");
    let web: (&str, &[u8], &str, &str) = (
        "Say | content-type: application/grpc-web",
        &frame,
        "grpc-accept-encoding",
        "grpc-encoding",
    );
    let table = [
        (&unary, "gzip, br", Some("gzip")),
        (&unary, "br, gzip", Some("br")),
        (&unary, "gzip;q=0.5, zstd;q=0.9", Some("zstd")),
        (&unary, "identity", None),
        (&unary, "snappy", None),
        (&stream, "gzip, br", Some("gzip")),
        (&stream, "deflate", Some("deflate")),
        (&stream, "snappy", None),
        (&grpc, "zstd,gzip", Some("gzip")),
        (&grpc, "zstd,deflate", Some("zstd")),
        (&grpc, "identity,br", None),
        (&web, "gzip", Some("gzip")),
    ];
    for ((line, body, accept, content), list, want) in table {
        let bridge = gzips.bridge(options.clone());
        let line = format!("POST /test.v1.Echo/{line} | {accept}: {list}");
        let response = bridge.handle(request(&line, body)).await;
        let got = response.headers().get(*content).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(got.as_deref(), want, "{line}");
        let flag = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap()[0];
        if *accept != "accept-encoding" {
            assert_eq!(flag, u8::from(want.is_some()), "{line}");
        }
    }
}

/// A request that does not come to its end has the time that its client gave it, and no more.
#[tokio::test(start_paused = true)]
async fn requests_that_never_end() {
    for (content_type, timeout, want) in [
        ("application/grpc", "grpc-timeout: 1S", "grpc-status: 4"),
        ("application/grpc-web", "grpc-timeout: 1S", "grpc-status: 4"),
        ("application/proto", "connect-timeout-ms: 1000", "504 Gateway Timeout"),
        ("application/json", "grpc-timeout: 1S", "504 Gateway Timeout"),
        ("application/connect+proto", "connect-timeout-ms: 1000", "deadline_exceeded"),
    ] {
        let method = if content_type.contains("connect") { "Split" } else { "Say" };
        let line =
            format!("POST /test.v1.Echo/{method} | content-type: {content_type} | {timeout}");
        let (head, _) = request(&line, b"").into_parts();
        let pending = futures_util::stream::pending::<Result<Vec<u8>, std::convert::Infallible>>();
        let request = Request::from_parts(head, Body::from_stream(pending));
        let echo = Echo::default();
        let answer = read(echo.bridge(Options::default()).handle(request).await).await;
        assert!(answer.contains(want), "{content_type}: {answer}");
        assert!(echo.asked().is_empty(), "{content_type}");
    }
}

/// A server that accepts and says nothing: the time that the client gave is over in the bridge.
#[tokio::test]
async fn servers_that_say_nothing() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let endpoint = Endpoint { address, ..Endpoint::default() };
    let options = Options { endpoint, ..Options::default() };
    let bridge = Bridge::new(echo_schema(), Arc::new(Client::new()), options).unwrap();
    let frame = framed(0, HI);
    for (line, body, want) in [
        ("Say | content-type: application/grpc | grpc-timeout: 1m", &frame[..], "grpc-status: 4"),
        ("Say | content-type: application/grpc | grpc-timeout: 0m", &frame, "grpc-status: 4"),
        ("Chat | content-type: application/grpc | grpc-timeout: 1n", &frame, "grpc-status: 4"),
        ("Say | content-type: application/grpc-web | grpc-timeout: 1m", &frame, "grpc-status: 4"),
        ("Say | content-type: application/proto | connect-timeout-ms: 1", HI, "504 Gateway"),
        ("Say | content-type: application/proto | connect-timeout-ms: 0", HI, "504 Gateway"),
        (
            "Split | content-type: application/connect+proto | connect-timeout-ms: 1",
            &frame,
            "deadline_exceeded",
        ),
        ("Say | content-type: application/json | grpc-timeout: 1m", b"{}", "504 Gateway"),
    ] {
        let line = format!("POST /test.v1.Echo/{line}");
        let answer = read(bridge.handle(request(&line, body)).await).await;
        assert!(answer.contains(want), "{line}: {answer}");
    }
}
