//! How much time a client gives a call, as gRPC and as Connect say it.

use crate::headers::grpc_timeout;
use http::HeaderValue;
use std::time::Duration;
use wirelab_model::{Status, StatusCode};

/// The most digits that `connect-timeout-ms` may have (<https://connectrpc.com/docs/protocol/#unary-request>).
const CONNECT_DIGITS: usize = 10;

/// What `grpc-timeout` says; none where it is missing.
///
/// # Errors
/// INVALID_ARGUMENT for what is no time.
pub(super) fn grpc(value: Option<&HeaderValue>) -> Result<Option<Duration>, Status> {
    let Some(value) = value else { return Ok(None) };
    let time = value.to_str().ok().and_then(grpc_timeout);
    time.map(Some).ok_or_else(|| wrong("grpc-timeout", value, "digits and one of H, M, S, m, u, n"))
}

/// What `connect-timeout-ms` says; none where it is missing.
///
/// # Errors
/// INVALID_ARGUMENT for what is no time.
pub(super) fn connect(value: Option<&HeaderValue>) -> Result<Option<Duration>, Status> {
    let Some(value) = value else { return Ok(None) };
    let time = value.to_str().ok().and_then(number);
    let time = time.map(|ms| Some(Duration::from_millis(ms)));
    time.ok_or_else(|| wrong("connect-timeout-ms", value, "at most ten digits"))
}

fn number(digits: &str) -> Option<u64> {
    let good =
        (1..=CONNECT_DIGITS).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if good { digits.parse().ok() } else { None }
}

fn wrong(name: &str, value: &HeaderValue, wanted: &str) -> Status {
    let shown = String::from_utf8_lossy(value.as_bytes()).escape_debug().to_string();
    let message = format!("the header `{name}` is `{shown}`, which is no time; write {wanted}");
    Status::new(StatusCode::InvalidArgument, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let hour = Duration::from_secs(3_600);
        let table: [(&str, Option<Duration>, Option<Duration>); 14] = [
            ("1H", Some(hour), None),
            ("60M", Some(hour), None),
            ("3600S", Some(hour), None),
            ("3600000m", Some(hour), None),
            ("99999999H", Some(hour * 99_999_999), None),
            ("5u", Some(Duration::from_micros(5)), None),
            ("5n", Some(Duration::from_nanos(5)), None),
            ("0m", Some(Duration::ZERO), None),
            ("123456789S", None, None),
            ("S", None, None),
            ("+1S", None, None),
            ("", None, None),
            ("3600000", None, Some(hour)),
            ("12345678901", None, None),
        ];
        for (text, in_grpc, in_connect) in table {
            let value = HeaderValue::from_static(text);
            assert_eq!(grpc(Some(&value)).ok().flatten(), in_grpc, "{text}");
            assert_eq!(connect(Some(&value)).ok().flatten(), in_connect, "{text}");
        }
        let odd = HeaderValue::from_bytes(b"1\xff").unwrap();
        assert!(grpc(Some(&odd)).is_err() && connect(Some(&odd)).is_err());
        assert_eq!((grpc(None), connect(None)), (Ok(None), Ok(None)));
    }
}
