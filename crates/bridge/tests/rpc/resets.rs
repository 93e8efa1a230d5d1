//! Clients that begin calls and take them back at once, as fast as they can (CVE-2023-44487).

use crate::support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wirelab_bridge::Options;

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_HEADERS: u8 = 4;
const ENHANCE_YOUR_CALM: u32 = 11;

/// A frame of HTTP/2 (RFC 9113 §4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A field without indexing (RFC 7541 §6.2.2).
fn field(name: &str, value: &str) -> Vec<u8> {
    let text = |text: &str| [&[text.len() as u8], text.as_bytes()].concat();
    [vec![0], text(name), text(value)].concat()
}

/// The connection is told to go away, long before it cost much, and the next one is served.
#[tokio::test]
async fn calls_that_are_taken_back_at_once() {
    let bridge = listen(Echo::default().bridge(Options::default())).await;
    let fields = [
        field(":method", "POST"),
        field(":scheme", "http"),
        field(":path", "/test.v1.Echo/Say"),
        field(":authority", &bridge.address),
        field("content-type", "application/grpc"),
    ];
    let fields = fields.concat();
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(SETTINGS, 0, 0, &[]));
    for stream in (1..2_000).step_by(2) {
        bytes.extend(frame(HEADERS, END_HEADERS, stream, &fields));
        bytes.extend(frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
    }
    let mut stream = TcpStream::connect(&bridge.address).await.unwrap();
    // It may be closed before it took everything.
    let _ = stream.write_all(&bytes).await;
    let reason = loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.expect("a GOAWAY before the end");
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload).await.unwrap();
        if head[3] == GOAWAY {
            break u32::from_be_bytes(payload[4..8].try_into().unwrap());
        }
    };
    assert_eq!(reason, ENHANCE_YOUR_CALM);
    assert!(TcpStream::connect(&bridge.address).await.is_ok());
}
