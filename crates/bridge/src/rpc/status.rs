//! A gRPC status as headers, trailers and lines of text.

use super::metadata;
use crate::upstream::End;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");

/// What `grpc-message` cannot hold as it is
/// (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses>, "Percent-Encoded").
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%');

/// Adds the end of a call to headers or trailers.
pub(super) fn to_headers(end: &End, headers: &mut HeaderMap) {
    let End { status, trailers } = end;
    metadata::to_headers(trailers, "", headers);
    headers.insert(STATUS, HeaderValue::from(status.code));
    if !status.message.is_empty() {
        let text = utf8_percent_encode(&status.message, ESCAPED).to_string();
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(MESSAGE, value);
        }
    }
    if !status.details.is_empty()
        && let Ok(value) = HeaderValue::try_from(STANDARD_NO_PAD.encode(&status.details.0))
    {
        headers.insert(DETAILS, value);
    }
}

/// The end of a call as gRPC-Web writes trailers into a body: lines of HTTP/1.1 with names in lower case
/// (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md#protocol-differences-vs-grpc-over-http2>).
pub(super) fn to_lines(end: &End) -> Vec<u8> {
    let mut headers = HeaderMap::new();
    to_headers(end, &mut headers);
    let mut lines = Vec::new();
    for (name, value) in &headers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            lines.extend_from_slice(part);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use wirelab_model::{Metadatum, Status};

    #[test]
    fn ends() {
        let status = |code, message: &str, details: &[u8]| Status {
            code,
            message: message.into(),
            details: details.to_vec().into(),
            problem: None,
        };
        let table = [
            (status(0, "", b""), "grpc-status: 0\r\n"),
            (status(5, "no %", b""), "grpc-status: 5\r\ngrpc-message: no %25\r\n"),
            (
                status(4242, "ü\r\nx: y\u{7f}", b"\x01\xff"),
                "grpc-status: 4242\r\ngrpc-message: %C3%BC%0D%0Ax: y%7F\r\ngrpc-status-details-bin: Af8\r\n",
            ),
        ];
        for (status, want) in table {
            let trailers = vec![Metadatum::text("a", "1"), Metadatum::text("grpc-message", "old")];
            let lines = to_lines(&End { status, trailers });
            assert_eq!(String::from_utf8(lines).unwrap(), format!("a: 1\r\n{want}"));
        }
    }
}
