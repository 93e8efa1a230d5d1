//! A server that is scripted byte by byte below HTTP/2.

use crate::support::{Server, tcp};
use socket2::SockRef;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What a client begins a connection with (RFC 9113 §3.4).
const PREFACE: usize = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len();
const FRAME_HEADER: usize = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// What a server does after its word.
#[derive(Clone, Copy, Debug)]
pub enum After {
    /// Closes the connection in good order.
    Close,
    /// Breaks it with a TCP reset.
    Reset,
    /// Says no more and waits for the client to close it.
    Silence,
}

/// A server that waits for a whole request on each connection, then says `word`.
pub async fn says(word: Vec<u8>, after: After) -> Server {
    tcp(move |mut stream| {
        let word = word.clone();
        async move {
            request(&mut stream).await;
            let _ = stream.write_all(&word).await;
            match after {
                After::Close => {
                    let _ = stream.shutdown().await;
                    // Reading to the end keeps the kernel from resetting what was just written.
                    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
                }
                After::Reset => {
                    SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
                }
                After::Silence => {
                    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
                }
            }
        }
    })
    .await
}

/// Reads until a DATA frame ends a stream, or what comes is not HTTP/2.
async fn request(stream: &mut TcpStream) {
    let mut seen = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        if let Some(frames) = seen.get(PREFACE..) {
            let mut rest: &[u8] = frames;
            while let Some([a, b, c, kind, flags, ..]) = rest.get(..FRAME_HEADER) {
                if *kind == 0 && flags & END_STREAM != 0 {
                    return;
                }
                let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
                let Some(next) = rest.get(FRAME_HEADER + length..) else { break };
                rest = next;
            }
        }
        match stream.read(&mut chunk).await {
            Ok(size) if size > 0 => seen.extend(&chunk[..size]),
            _ => return,
        }
        if seen.first() != Some(&b'P') {
            return;
        }
    }
}

/// One HTTP/2 frame.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    out.extend([kind, flags]);
    out.extend(stream.to_be_bytes());
    out.extend(payload);
    out
}

/// An empty SETTINGS, which every server begins with.
pub fn settings() -> Vec<u8> {
    frame(4, 0, 0, &[])
}

/// The ordinary response headers: `:status` 200 and the content type.
pub fn headers() -> Vec<u8> {
    frame(1, END_HEADERS, 1, b"\x88\x5f\x10application/grpc")
}

/// Trailers with `grpc-status` 0.
pub fn trailers() -> Vec<u8> {
    frame(1, END_HEADERS | END_STREAM, 1, b"\x00\x0bgrpc-status\x010")
}

pub fn data(payload: &[u8]) -> Vec<u8> {
    frame(0, 0, 1, payload)
}

pub fn go_away(last: u32, code: u32, debug: &str) -> Vec<u8> {
    let mut payload = last.to_be_bytes().to_vec();
    payload.extend(code.to_be_bytes());
    payload.extend(debug.as_bytes());
    frame(7, 0, 0, &payload)
}

pub fn reset(code: u32) -> Vec<u8> {
    frame(3, 0, 1, &code.to_be_bytes())
}
