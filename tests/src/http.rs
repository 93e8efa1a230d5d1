//! Requests of HTTP/1.1 as they are written here, and whole answers: no library tidies up the path on its way.

use crate::process::READY;
use serde_json::Value;
use std::fmt;
use std::io::{Read, Write};
use std::net::TcpStream;

/// An answer, read to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names in lower case, in the order in which they came; trailers at the end.
    pub headers: Vec<(String, String)>,
    /// The body, out of its chunks.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The type of the body without parameters; empty when there is none.
    pub fn media(&self) -> &str {
        self.header("content-type").and_then(|value| value.split(';').next()).unwrap_or_default()
    }

    /// The body as JSON, or as a JSON string when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| Value::String(self.text()))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.status, self.media(), self.json())
    }
}

/// Sends one request on a connection of its own. `headers` are lines; without a `Host` among them it is the address.
///
/// # Panics
/// When the server does not answer, or not in HTTP/1.1.
pub fn ask(address: &str, method: &str, target: &str, headers: &[&str], body: &[u8]) -> Answer {
    let host = match headers.iter().any(|line| line.starts_with("Host:")) {
        true => String::new(),
        false => format!("Host: {address}\r\n"),
    };
    let mut head = format!("{method} {target} HTTP/1.1\r\n{host}Connection: close\r\n");
    for line in headers {
        head.push_str(line);
        head.push_str("\r\n");
    }
    let sized = headers.iter().any(|line| line.to_ascii_lowercase().starts_with("content-length"));
    if !sized && (!body.is_empty() || matches!(method, "POST" | "PUT" | "PATCH")) {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    let mut connection = TcpStream::connect(address).expect("the server listens");
    connection.set_read_timeout(Some(READY)).expect("a time limit");
    connection.write_all(&[head.as_bytes(), body].concat()).expect("a request");
    let mut answer = Vec::new();
    // A server that refuses a body may reset the connection after its answer.
    let _ = connection.read_to_end(&mut answer);
    parse(&answer, method).unwrap_or_else(|| {
        panic!("{method} {target}: no answer in {:?}", String::from_utf8_lossy(&answer))
    })
}

fn parse(mut bytes: &[u8], method: &str) -> Option<Answer> {
    let (status, mut headers) = loop {
        let (head, rest) = head(bytes)?;
        bytes = rest;
        let mut lines = head.split("\r\n");
        let status: u16 = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        // 100 Continue and its like come before the answer.
        if status >= 200 {
            break (status, lines.filter_map(header).collect::<Vec<_>>());
        }
    };
    let chunked =
        headers.iter().any(|(key, value)| key == "transfer-encoding" && value == "chunked");
    let mut body = Vec::new();
    if chunked && method != "HEAD" {
        loop {
            let line = bytes.windows(2).position(|pair| pair == b"\r\n")?;
            let size = std::str::from_utf8(&bytes[..line]).ok()?.split(';').next()?.trim();
            let size = usize::from_str_radix(size, 16).ok()?;
            bytes = &bytes[line + 2..];
            if size == 0 {
                break;
            }
            body.extend_from_slice(bytes.get(..size)?);
            bytes = bytes.get(size + 2..)?;
        }
        let trailers = String::from_utf8_lossy(bytes).into_owned();
        headers.extend(trailers.split("\r\n").filter_map(header));
    } else {
        body.extend_from_slice(bytes);
    }
    Some(Answer { status, headers, body })
}

fn head(bytes: &[u8]) -> Option<(String, &[u8])> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some((String::from_utf8_lossy(&bytes[..end]).into_owned(), &bytes[end + 4..]))
}

fn header(line: &str) -> Option<(String, String)> {
    let (key, value) = line.split_once(':')?;
    Some((key.to_ascii_lowercase(), value.trim().to_owned()))
}
