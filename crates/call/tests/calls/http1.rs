//! A server that answers HTTP/1.1 with given bytes and hands out what it was asked.

use crate::support::*;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

/// A request as it came.
pub struct Asked {
    /// The request line and headers in lower case, without the last empty line.
    pub head: String,
    pub body: Vec<u8>,
}

impl Asked {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// Answers every request with `answer`, on connections that are kept.
pub async fn http1(answer: Vec<u8>) -> (Server, mpsc::UnboundedReceiver<Asked>) {
    let (tx, rx) = mpsc::unbounded_channel();
    let answer = Arc::new(answer);
    let server = tcp(move |mut stream| {
        let (tx, answer) = (tx.clone(), answer.clone());
        async move {
            while let Some(asked) = read_request(&mut stream).await {
                let _ = tx.send(asked);
                if stream.write_all(&answer).await.is_err() {
                    return;
                }
            }
        }
    })
    .await;
    (server, rx)
}

/// The next request; none at the end of the connection.
pub async fn read_request(stream: &mut TcpStream) -> Option<Asked> {
    let mut got = Vec::new();
    let head = loop {
        if let Some(end) = find(&got, b"\r\n\r\n") {
            break end;
        }
        more(stream, &mut got).await?;
    };
    let mut body = got.split_off(head + 4);
    got.truncate(head);
    let mut asked = Asked { head: String::from_utf8(got).unwrap().to_lowercase(), body: vec![] };
    match asked.header("content-length") {
        Some(length) => {
            let length: usize = length.parse().unwrap();
            while body.len() < length {
                more(stream, &mut body).await?;
            }
            asked.body = body;
        }
        None => {
            while let Some((chunk, rest)) = loop {
                match next_chunk(&body) {
                    Some(chunk) => break chunk,
                    None => more(stream, &mut body).await?,
                }
            } {
                asked.body.extend(chunk);
                body = rest;
            }
        }
    }
    Some(asked)
}

async fn more(stream: &mut TcpStream, got: &mut Vec<u8>) -> Option<()> {
    (stream.read_buf(got).await.ok()? > 0).then_some(())
}

fn find(data: &[u8], wanted: &[u8]) -> Option<usize> {
    data.windows(wanted.len()).position(|window| window == wanted)
}

/// A whole chunk and what follows it (none for the last one), if it is there.
fn next_chunk(data: &[u8]) -> Option<Option<(Vec<u8>, Vec<u8>)>> {
    let line = find(data, b"\r\n")?;
    let size = usize::from_str_radix(std::str::from_utf8(&data[..line]).unwrap(), 16).unwrap();
    let rest = data.get(line + 2 + size + 2..)?;
    Some((size > 0).then(|| (data[line + 2..line + 2 + size].to_vec(), rest.to_vec())))
}

/// A response with its length.
pub fn response(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut out = format!("HTTP/1.1 {status}\r\n");
    for (key, value) in headers {
        out += &format!("{key}: {value}\r\n");
    }
    out += &format!("content-length: {}\r\n\r\n", body.len());
    [out.as_bytes(), body].concat()
}

/// A response in chunks of `size` bytes.
pub fn chunked(headers: &[(&str, &str)], body: &[u8], size: usize) -> Vec<u8> {
    let mut out = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n".to_vec();
    for (key, value) in headers {
        out.extend(format!("{key}: {value}\r\n").bytes());
    }
    out.extend(b"\r\n");
    for chunk in body.chunks(size) {
        out.extend(format!("{:x}\r\n", chunk.len()).bytes());
        out.extend(chunk);
        out.extend(b"\r\n");
    }
    out.extend(b"0\r\n\r\n");
    out
}
