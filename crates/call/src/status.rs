//! gRPC status out of headers, HTTP statuses and stream resets.

use crate::metadata::decode;
use h2::Reason;
use http::header::HeaderMap;
use percent_encoding::percent_decode;
use prost::Message;
use prost_types::Any;
use wirelab_model::{Status, StatusCode};

/// What the types of details begin with in an `Any`.
pub(crate) const TYPE_URL: &str = "type.googleapis.com/";

/// `google.rpc.Status`, as gRPC's `grpc-status-details-bin` carries it.
#[derive(Message)]
pub(crate) struct RpcStatus {
    #[prost(int32, tag = "1")]
    pub code: i32,
    #[prost(string, tag = "2")]
    pub message: String,
    #[prost(message, repeated, tag = "3")]
    pub details: Vec<Any>,
}

/// The details of a status, each with the full name of its type and its bytes; none where `details` is not a
/// `google.rpc.Status`.
pub fn details(details: &[u8]) -> Vec<(String, Vec<u8>)> {
    let status = RpcStatus::decode(details).unwrap_or_default();
    let named = status.details.into_iter().map(|Any { type_url, value }| {
        let name = type_url.rsplit('/').next().unwrap_or_default().to_owned();
        (name, value)
    });
    named.collect()
}

/// The status that trailers (or the headers of a trailers-only response) carry; none when `grpc-status` is
/// missing, and the text of it when that is not a number.
pub(crate) fn from_trailers(headers: &HeaderMap) -> Option<Result<Status, String>> {
    let code = headers.get("grpc-status")?;
    let Some(code) = code.to_str().ok().and_then(|text| text.trim().parse::<u32>().ok()) else {
        return Some(Err(String::from_utf8_lossy(code.as_bytes()).into_owned()));
    };
    let message = headers
        .get("grpc-message")
        .map(|text| percent_decode(text.as_bytes()).decode_utf8_lossy().into_owned())
        .unwrap_or_default();
    let details = headers
        .get("grpc-status-details-bin")
        // What is not base64 after all is better shown than lost.
        .map(|text| decode(text.as_bytes()).unwrap_or_else(|| text.as_bytes().to_vec()))
        .unwrap_or_default();
    Some(Ok(Status { code, message, details: details.into(), problem: None }))
}

/// What an HTTP status means where gRPC's own is missing
/// (<https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md>).
pub(crate) fn from_http(status: http::StatusCode) -> StatusCode {
    match status.as_u16() {
        400 => StatusCode::Internal,
        401 => StatusCode::Unauthenticated,
        403 => StatusCode::PermissionDenied,
        404 => StatusCode::Unimplemented,
        429 | 502 | 503 | 504 => StatusCode::Unavailable,
        _ => StatusCode::Unknown,
    }
}

/// What a stream reset means
/// (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors>).
pub(crate) fn from_reset(reason: Reason) -> StatusCode {
    match reason {
        Reason::REFUSED_STREAM => StatusCode::Unavailable,
        Reason::CANCEL => StatusCode::Cancelled,
        Reason::ENHANCE_YOUR_CALM => StatusCode::ResourceExhausted,
        Reason::INADEQUATE_SECURITY => StatusCode::PermissionDenied,
        _ => StatusCode::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    type Headers = [(&'static str, &'static str)];
    type Parsed<'a> = Option<Result<(u32, &'a str, &'a [u8]), &'a str>>;

    #[test]
    fn trailers() {
        let table: [(&Headers, Parsed<'_>); 9] = [
            (&[], None),
            (&[("grpc-message", "x")], None),
            (&[("grpc-status", "0")], Some(Ok((0, "", &[])))),
            (&[("grpc-status", "5"), ("grpc-message", "no%20%C3%BC")], Some(Ok((5, "no ü", &[])))),
            (
                &[("grpc-status", "5"), ("grpc-message", "100% %zz %ff")],
                Some(Ok((5, "100% %zz \u{fffd}", &[]))),
            ),
            (&[("grpc-status", "4242")], Some(Ok((4242, "", &[])))),
            (
                &[("grpc-status", "3"), ("grpc-status-details-bin", "AQI")],
                Some(Ok((3, "", &[1, 2]))),
            ),
            (
                &[("grpc-status", "3"), ("grpc-status-details-bin", "***")],
                Some(Ok((3, "", b"***"))),
            ),
            (&[("grpc-status", "fine")], Some(Err("fine"))),
        ];
        for (headers, want) in table {
            let map: HeaderMap = headers
                .iter()
                .map(|(k, v)| (HeaderName::from_static(k), HeaderValue::from_static(v)))
                .collect();
            let got = from_trailers(&map);
            let got = got.as_ref().map(|status| match status {
                Ok(status) => Ok((status.code, status.message.as_str(), &status.details[..])),
                Err(text) => Err(text.as_str()),
            });
            assert_eq!(got, want, "{headers:?}");
        }
    }
}
