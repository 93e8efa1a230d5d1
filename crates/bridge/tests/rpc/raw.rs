//! Requests byte for byte, and everything of their answers.

use crate::support::*;
use axum::body::{Body, HttpBody};
use http::{HeaderMap, Request, Response, Version};
use std::fmt::Write;
use std::future::poll_fn;
use std::pin::Pin;
use wirelab_bridge::Options;
use wirelab_model::Metadatum;

/// `{"text": "hi"}`.
pub const HI: &[u8] = b"\x0a\x02hi";

pub fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

fn headers(text: &mut String, headers: &HeaderMap) {
    let mut lines: Vec<String> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", shown(value.as_bytes())))
        .collect();
    lines.sort();
    for line in lines {
        let _ = writeln!(text, "{line}");
    }
}

/// Everything of an answer.
pub async fn read(response: Response<Body>) -> String {
    let (head, mut body) = response.into_parts();
    let mut text = format!("{}\n", head.status);
    headers(&mut text, &head.headers);
    let mut data = Vec::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        match frame.unwrap().into_data() {
            Ok(piece) => data.extend(piece),
            Err(frame) => {
                let _ = writeln!(text, "{}\ntrailers", shown(&data));
                headers(&mut text, &frame.into_trailers().unwrap());
                return text;
            }
        }
    }
    let _ = writeln!(text, "{}", shown(&data));
    text
}

/// A request: `METHOD target [HTTP/1] | header: value | …`, and its body.
pub fn request(line: &str, body: &[u8]) -> Request<Body> {
    let mut parts = line.split(" | ");
    let mut first = parts.next().unwrap().split(' ');
    let (method, target) = (first.next().unwrap(), first.next().unwrap());
    let version = if first.next().is_some() { Version::HTTP_11 } else { Version::HTTP_2 };
    let mut request = Request::builder().method(method).uri(target).version(version);
    for header in parts {
        let (name, value) = header.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    request.body(Body::from(body.to_vec())).unwrap()
}

/// What a bridge in front of `echo` answers to each request, and what it made of it.
pub async fn table(echo: &Echo, options: Options, rows: &[(&str, &[u8])]) -> String {
    let bridge = echo.bridge(options);
    let mut text = String::new();
    for (line, body) in rows {
        let _ = writeln!(text, ">>> {line} | {}", shown(body));
        let answer = read(bridge.handle(request(line, body)).await).await;
        for spec in echo.asked() {
            let kind = spec.kind;
            let _ = write!(text, "[{} {kind:?}", spec.method);
            let metadata = spec.metadata.iter();
            // That it came without TLS is true of all.
            let plain =
                |datum: &&Metadatum| **datum != Metadatum::text("x-forwarded-proto", "http");
            for Metadatum { key, value } in metadata.filter(plain) {
                let _ = write!(text, " {key}={value:?}");
            }
            if let Some(ms) = spec.deadline_ms {
                // What is left of a second.
                let _ = write!(text, " {}", if ms <= 1_000 { "soon" } else { "later" });
            }
            let _ = writeln!(text, "]");
        }
        text.push_str(&answer);
        text.push('\n');
    }
    text
}

pub fn gzip(data: &[u8]) -> Vec<u8> {
    wirelab_call::wire::compress(wirelab_model::Compression::Gzip, data, Vec::new()).unwrap()
}
