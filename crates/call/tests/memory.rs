//! A long stream takes no more memory than a short one. In a process of its own, where nothing else allocates.
#![cfg(target_os = "linux")]

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use std::future::poll_fn;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use wirelab_call::{Client, Invoke, QUEUE_BYTES, requests};
use wirelab_model::{CallEventKind, CallKind, CallSpec, Endpoint};

/// `cargo bench -p wirelab-call` receives a million.
const MESSAGES: usize = 200_000;
const SIZE: usize = 1_000;
/// When everything that is made once has been made.
const WARM: usize = 20_000;
/// What may be added after that: less than all messages take, and what both sides may hold of them at once.
const GROWTH: usize = 32 << 20;

/// Resident memory of this process, bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix("kB").unwrap().trim().parse::<usize>().unwrap() << 10
}

/// Answers every call with all messages, as fast as they are taken.
async fn serve(listener: TcpListener) {
    let (stream, _) = listener.accept().await.unwrap();
    let mut connection = h2::server::handshake(stream).await.unwrap();
    while let Some(Ok((_, mut respond))) = connection.accept().await {
        tokio::spawn(async move {
            let response = http::Response::builder().header("content-type", "application/grpc");
            let mut stream = respond.send_response(response.body(()).unwrap(), false).unwrap();
            let mut batch = BytesMut::new();
            for _ in 0..16 {
                batch.extend_from_slice(&[0]);
                batch.extend_from_slice(&(SIZE as u32).to_be_bytes());
                batch.extend_from_slice(&[7; SIZE]);
            }
            let batch = batch.freeze();
            for _ in 0..MESSAGES / 16 {
                let mut left: Bytes = batch.clone();
                while !left.is_empty() {
                    stream.reserve_capacity(left.len());
                    let room = poll_fn(|cx| stream.poll_capacity(cx)).await.unwrap().unwrap();
                    stream.send_data(left.split_to(room.min(left.len())), false).unwrap();
                }
            }
            let mut trailers = http::HeaderMap::new();
            trailers.insert("grpc-status", "0".parse().unwrap());
            stream.send_trailers(trailers).unwrap();
        });
    }
}

#[tokio::test]
async fn a_long_stream_takes_no_more_memory_than_a_short_one() {
    const { assert!(GROWTH < (MESSAGES - WARM) * SIZE / 4 && QUEUE_BYTES * 4 < GROWTH) };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(serve(listener));
    let spec = CallSpec {
        endpoint: Endpoint { address, ..Endpoint::default() },
        method: "test.Test/Call".into(),
        kind: CallKind::ServerStream,
        ..CallSpec::default()
    };
    let mut events = Client::new().invoke(spec, requests([vec![]]), CancellationToken::new());
    let (mut count, mut warm, mut most) = (0, 0, 0);
    while let Some(event) = events.next().await {
        match event.kind {
            CallEventKind::Received { message, .. } => {
                assert_eq!(message.len(), SIZE);
                count += 1;
                if count == WARM {
                    warm = resident();
                }
                if count % 1_000 == 0 {
                    most = most.max(resident());
                }
            }
            CallEventKind::Finished { status, .. } => assert!(status.is_ok(), "{status:?}"),
            _ => {}
        }
    }
    assert_eq!(count, MESSAGES);
    assert!(most - warm < GROWTH, "{} bytes more", most - warm);
}
