//! Values of flags: times and sizes.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::time::Duration;

/// Values by the names that flags give them.
pub type Named<T> = &'static [(&'static str, T)];

/// Reads one of `names`; help and completions list them.
pub fn named<T: Copy + Send + Sync + 'static>(names: Named<T>) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(names.iter().map(|(name, _)| *name)).try_map(|given| {
        names
            .iter()
            .find_map(|(name, value)| (*name == given).then_some(*value))
            .ok_or("not one of the values")
    })
}

/// `500ms`, `5s`, `1.5s`, `2m` or `1h`; bare numbers are seconds, as grpcurl has them.
pub fn duration(text: &str) -> Result<Duration, String> {
    const UNITS: [(&str, f64); 5] =
        [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3_600.0), ("", 1.0)];
    UNITS
        .iter()
        .find_map(|(unit, seconds)| {
            let number: f64 = text.strip_suffix(unit)?.parse().ok()?;
            Duration::try_from_secs_f64(number * seconds).ok()
        })
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "expected a number with ms, s, m or h, such as 5s".to_owned())
}

/// `4096`, `64KiB`, `1MiB` or `1GiB`; at most what Protobuf itself allows.
pub fn size(text: &str) -> Result<usize, String> {
    const UNITS: [(&str, u32); 3] = [("KiB", 10), ("MiB", 20), ("GiB", 30)];
    const MOST: u64 = 2 << 30;
    let unit = UNITS.iter().find_map(|(unit, bits)| Some((text.strip_suffix(unit)?, bits)));
    let (number, bits) = unit.unwrap_or((text, &0));
    let bytes =
        number.trim_end().parse().ok().and_then(|number: u64| number.checked_mul(1 << bits));
    bytes
        .filter(|bytes| (1..=MOST).contains(bytes))
        .and_then(|bytes| usize::try_from(bytes).ok())
        .ok_or_else(|| "expected bytes up to 2GiB, such as 4096, 64KiB or 1GiB".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let cases = [
            ("1", Some(1)),
            ("4096", Some(4_096)),
            ("64KiB", Some(64 << 10)),
            ("256 MiB", Some(256 << 20)),
            ("2GiB", Some(2 << 30)),
            ("3GiB", None),
            ("0", None),
            ("-1", None),
            ("1.5MiB", None),
            ("64KB", None),
            ("99999999999999999999", None),
            ("18014398509481984KiB", None),
            ("KiB", None),
            ("", None),
        ];
        for (text, bytes) in cases {
            assert_eq!(size(text).ok(), bytes, "{text}");
        }
    }

    #[test]
    fn durations() {
        let cases = [
            ("500ms", Some(500)),
            ("5s", Some(5_000)),
            ("1.5s", Some(1_500)),
            ("2m", Some(120_000)),
            ("1h", Some(3_600_000)),
            ("5", Some(5_000)),
            ("0.25", Some(250)),
            ("s", None),
            ("0s", None),
            ("-1s", None),
            ("NaNs", None),
            ("infs", None),
            ("1e400h", None),
            ("", None),
        ];
        for (text, millis) in cases {
            assert_eq!(duration(text).ok(), millis.map(Duration::from_millis), "{text}");
        }
    }
}
