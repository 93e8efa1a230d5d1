//! The same through sockets: what hyper makes of trailers, streams and clients that go away.

use crate::harness::Harness;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::Request;
use http_body_util::{BodyExt, Empty, StreamBody};
use hyper::body::Frame;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::convert::Infallible;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A bridge on a port of its own.
async fn serve(options: &str) -> (Harness, SocketAddr) {
    let harness = Harness::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = harness.bridge(options).router();
    tokio::spawn(axum::serve(listener, router).into_future());
    (harness, address)
}

#[tokio::test]
async fn trailers_of_http1() {
    let (_harness, address) = serve("").await;
    let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (mut client, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get("/v1/things/7")
        .header("host", "shop.example")
        .header("te", "trailers")
        .header("grpc-metadata-demo-echo-metadata", "true")
        .header("grpc-metadata-x-shelf", "7");
    let response = client.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
    assert!(response.headers()["trailer"].to_str().unwrap().contains("grpc-trailer-x-shelf"));
    let all = response.into_body().collect().await.unwrap();
    assert_eq!(all.trailers().unwrap()["grpc-trailer-x-shelf"], "7");
    assert_eq!(all.to_bytes(), r#"{"id":"7"}"#);
}

/// A stream's trailers are sent where its head announced them, and the connection goes on where it did not.
#[tokio::test]
async fn trailers_of_streams_over_http1() {
    for (options, wanted) in [("trailer=x-shelf", Some("7")), ("", None)] {
        let (_harness, address) = serve(options).await;
        let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
        let (mut client, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
        tokio::spawn(connection);
        for _ in 0..2 {
            let request = Request::get("/v1/stream/7")
                .header("host", "shop.example")
                .header("te", "trailers")
                .header("grpc-metadata-demo-count", "1")
                .header("grpc-metadata-demo-echo-metadata", "true")
                .header("grpc-metadata-x-shelf", "7");
            let request = request.body(Empty::<Bytes>::new()).unwrap();
            let response = client.send_request(request).await.unwrap();
            let all = response.into_body().collect().await.unwrap();
            let trailer = all.trailers().map(|fields| fields["grpc-trailer-x-shelf"].to_owned());
            assert_eq!(trailer.as_ref().map(|value| value.to_str().unwrap()), wanted);
            assert_eq!(all.to_bytes(), r#"[{"id":"7"}]"#);
        }
    }
}

/// What is no chunk is the client's mistake, not a client that went away.
#[tokio::test]
async fn chunks_that_are_none() {
    let (_harness, address) = serve("").await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = "POST /v1/things HTTP/1.1\r\nhost: shop.example\r\ntransfer-encoding: chunked\r\n\r\n\
                   2\r\n{}\r\nzz\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 400");
}

/// Each message is answered before the next is sent.
#[tokio::test]
async fn both_ways_at_once_over_http2() {
    let (_harness, address) = serve("").await;
    let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let executor = TokioExecutor::new();
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(executor, io).await.unwrap();
    tokio::spawn(connection);
    let (sender, receiver) = tokio::sync::mpsc::channel::<String>(1);
    let pieces = stream::unfold(receiver, |mut receiver| async {
        let piece = receiver.recv().await?;
        Some((Ok::<_, Infallible>(Frame::data(Bytes::from(piece))), receiver))
    });
    let request = Request::post(format!("http://{address}/v1/both"))
        .header("content-type", "application/x-ndjson")
        .header("accept", "application/x-ndjson");
    let request = request.body(BodyExt::boxed_unsync(StreamBody::new(pieces))).unwrap();
    sender.send("{\"id\": \"0\"}\n".to_owned()).await.unwrap();
    let response = client.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let mut answers = response.into_body().into_data_stream();
    for n in 0..3 {
        let answer = answers.next().await.unwrap().unwrap();
        assert_eq!(answer, format!("{{\"id\":\"{n}\"}}\n"));
        if n < 2 {
            sender.send(format!("{{\"id\": \"{}\"}}\n", n + 1)).await.unwrap();
        }
    }
    drop(sender);
    while let Some(rest) = answers.next().await {
        assert_eq!(rest.unwrap(), "");
    }
}

/// A body that cannot tell a failure in-band ends the connection instead of looking whole.
#[tokio::test]
async fn raw_streams_break() {
    let (_harness, address) = serve("").await;
    let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (mut client, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
    tokio::spawn(connection);
    let pieces = stream::iter(
        ["hel", "lo", "!"].map(|piece| Ok::<_, Infallible>(Frame::data(Bytes::from(piece)))),
    );
    let request = Request::post("/v1/raw/7")
        .header("host", "shop.example")
        .header("content-type", "text/plain")
        .header("grpc-metadata-demo-fail-after", "1");
    let response = client.send_request(request.body(StreamBody::new(pieces)).unwrap()).await;
    let whole = match response {
        Ok(response) => response.into_body().collect().await,
        Err(_) => return,
    };
    assert!(whole.is_err());
}
