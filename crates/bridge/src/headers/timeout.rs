//! How long a call may take: `Grpc-Timeout` and `X-Server-Timeout`.

use super::HeaderOptions;
use crate::refusal::Refusal;
use http::HeaderMap;
use std::time::Duration;
use wirelab_model::StatusCode;

/// The least that the headers and the options allow.
///
/// # Errors
/// INVALID_ARGUMENT for a header that says no time.
pub(crate) fn timeout(
    headers: &HeaderMap,
    options: &HeaderOptions,
) -> Result<Option<Duration>, Refusal> {
    let grpc = grpc_timeout(headers)?;
    let server = time(headers, "x-server-timeout", "seconds, such as `1.5`", seconds)?;
    Ok(options.timeout(grpc.into_iter().chain(server).min()))
}

/// What `grpc-timeout` says; none where it is missing.
///
/// # Errors
/// INVALID_ARGUMENT for what is no time.
pub(crate) fn grpc_timeout(headers: &HeaderMap) -> Result<Option<Duration>, Refusal> {
    time(headers, "grpc-timeout", "digits and one of H, M, S, m, u and n", units)
}

/// The time that a header says in a `form`; none where it is missing.
///
/// # Errors
/// INVALID_ARGUMENT for what is no time.
pub(crate) fn time(
    headers: &HeaderMap,
    name: &str,
    form: &str,
    parse: impl Fn(&str) -> Option<Duration>,
) -> Result<Option<Duration>, Refusal> {
    let mut least = None;
    for value in headers.get_all(name) {
        let time = value.to_str().ok().and_then(|text| parse(text.trim()));
        let time = time.ok_or_else(|| {
            let shown = String::from_utf8_lossy(value.as_bytes());
            let message =
                format!("the header `{name}` is `{}`; write {form}", shown.escape_debug());
            Refusal::new(StatusCode::InvalidArgument, message)
        })?;
        least = least.into_iter().chain([time]).min();
    }
    Ok(least)
}

/// `Timeout` of <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests>: at most eight digits.
fn units(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let digital =
        !digits.is_empty() && digits.len() <= 8 && digits.bytes().all(|b| b.is_ascii_digit());
    let number: u64 = digits.parse().ok().filter(|_| digital)?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

/// Seconds with or without a fraction (<https://cloud.google.com/apis/docs/system-parameters>).
fn seconds(text: &str) -> Option<Duration> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let number: f64 = text.parse().ok().filter(|_| plain)?;
    Duration::try_from_secs_f64(number).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Case = (&'static [(&'static str, &'static str)], Result<Option<u64>, &'static str>);

    /// Headers, and nanoseconds or what is wrong.
    const CASES: &[Case] = &[
        (&[], Ok(None)),
        (&[("grpc-timeout", "1S")], Ok(Some(1_000_000_000))),
        (&[("grpc-timeout", "2H")], Ok(Some(7_200_000_000_000))),
        (&[("grpc-timeout", "3M")], Ok(Some(180_000_000_000))),
        (&[("grpc-timeout", "99999999n")], Ok(Some(99_999_999))),
        (&[("grpc-timeout", "15u")], Ok(Some(15_000))),
        (&[("grpc-timeout", "0m")], Ok(Some(0))),
        (&[("x-server-timeout", "1.5")], Ok(Some(1_500_000_000))),
        (&[("x-server-timeout", "0.25")], Ok(Some(250_000_000))),
        (&[("x-server-timeout", "9"), ("grpc-timeout", "20m")], Ok(Some(20_000_000))),
        (&[("x-server-timeout", "1"), ("grpc-timeout", "20S")], Ok(Some(1_000_000_000))),
        (&[("grpc-timeout", "5S"), ("grpc-timeout", "3S")], Ok(Some(3_000_000_000))),
        (&[("grpc-timeout", "5S"), ("grpc-timeout", "x")], Err("`grpc-timeout` is `x`")),
        (&[("grpc-timeout", "100000000n")], Err("`grpc-timeout` is `100000000n`")),
        (&[("grpc-timeout", "S")], Err("`grpc-timeout` is `S`")),
        (&[("grpc-timeout", "")], Err("`grpc-timeout` is ``")),
        (&[("grpc-timeout", "+1S")], Err("`grpc-timeout` is `+1S`")),
        (&[("grpc-timeout", "1s")], Err("`grpc-timeout` is `1s`")),
        (&[("x-server-timeout", "-1")], Err("`x-server-timeout` is `-1`")),
        (&[("x-server-timeout", "inf")], Err("`x-server-timeout` is `inf`")),
        (&[("x-server-timeout", "1e3")], Err("`x-server-timeout` is `1e3`")),
    ];

    #[test]
    fn what_the_headers_say() {
        for (given, wanted) in CASES {
            let mut headers = HeaderMap::new();
            for (name, value) in *given {
                headers.append(*name, value.parse().unwrap());
            }
            match (timeout(&headers, &HeaderOptions::default()), wanted) {
                (Ok(time), Ok(wanted)) => {
                    assert_eq!(time, wanted.map(Duration::from_nanos), "{given:?}");
                }
                (Err(refusal), Err(wanted)) => {
                    assert!(refusal.status.message.contains(wanted), "{given:?}: {refusal:?}");
                    assert_eq!(refusal.http, 400, "{given:?}");
                }
                (got, _) => panic!("{given:?}: {got:?}"),
            }
        }
    }

    #[test]
    fn the_options_bound_it() {
        let second = Duration::from_secs(1);
        let options = |default_timeout, max_timeout| HeaderOptions {
            default_timeout,
            max_timeout,
            ..HeaderOptions::default()
        };
        let long = Some(second * 5);
        let table = [
            (None, options(None, None), None),
            (None, options(Some(second), None), Some(second)),
            (None, options(None, Some(second)), Some(second)),
            (None, options(Some(second * 9), Some(second)), Some(second)),
            (long, options(Some(second), None), long),
            (long, options(None, Some(second)), Some(second)),
            (long, options(None, Some(second * 9)), long),
        ];
        for (asked, options, wanted) in table {
            assert_eq!(options.timeout(asked), wanted, "{options:?}");
        }
    }
}
