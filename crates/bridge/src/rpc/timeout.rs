//! How much time a client gives a call, as Connect says it.

use crate::headers;
use crate::refusal::Refusal;
use http::HeaderMap;
use std::time::Duration;

/// The most digits that `connect-timeout-ms` may have (<https://connectrpc.com/docs/protocol/#unary-request>).
const DIGITS: usize = 10;

/// What `connect-timeout-ms` says; none where it is missing.
///
/// # Errors
/// INVALID_ARGUMENT for what is no time.
pub(super) fn connect(headers: &HeaderMap) -> Result<Option<Duration>, Refusal> {
    headers::time(headers, "connect-timeout-ms", "milliseconds in at most ten digits", milliseconds)
}

fn milliseconds(digits: &str) -> Option<Duration> {
    let good = digits.len() <= DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| good).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let table = [
            ("0", Some(0)),
            ("3600000", Some(3_600_000)),
            ("9999999999", Some(9_999_999_999)),
            ("12345678901", None),
            ("", None),
            ("+1", None),
            ("1.5", None),
            ("1S", None),
        ];
        for (text, want) in table {
            assert_eq!(milliseconds(text), want.map(Duration::from_millis), "{text}");
        }
    }
}
