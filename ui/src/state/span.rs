//! Spans of time as typed.

/// Milliseconds of `2.5s`, `300 ms`, `1m`, `2h`; a bare number is seconds. None for nothing typed.
///
/// # Errors
/// A sentence for people.
pub fn time_ms(text: &str) -> Result<Option<u64>, String> {
    let Some((number, unit)) = split(text) else { return Ok(None) };
    let factor = match unit.as_str() {
        "ms" => Some(1.0),
        "" | "s" | "sec" => Some(1e3),
        "m" | "min" => Some(60e3),
        "h" => Some(3600e3),
        _ => None,
    };
    match number.zip(factor).map(|(n, f)| (n * f).round()) {
        Some(ms) if ms < u64::MAX as f64 => Ok(Some(ms as u64)),
        _ => Err("Expected a time, for example 5s, 300ms or 2m".into()),
    }
}

/// What [`time_ms`] reads as `ms` again.
pub fn text(ms: u64) -> String {
    match ms {
        ms if ms > 0 && ms.is_multiple_of(3_600_000) => format!("{}h", ms / 3_600_000),
        ms if ms > 0 && ms.is_multiple_of(60_000) => format!("{}m", ms / 60_000),
        ms if ms > 0 && ms.is_multiple_of(1_000) => format!("{}s", ms / 1_000),
        ms => format!("{ms}ms"),
    }
}

/// A number and the letters behind it in lower case; none for nothing typed. The number is none where it is not one.
pub fn split(text: &str) -> Option<(Option<f64>, String)> {
    let text = text.trim().to_ascii_lowercase();
    if text.is_empty() {
        return None;
    }
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let number = text[..end].parse::<f64>().ok().filter(|n| n.is_finite());
    Some((number, text[end..].trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_times() {
        let wrong = Err("Expected a time, for example 5s, 300ms or 2m".to_owned());
        for (typed, expected) in [
            ("", Ok(None)),
            ("5", Ok(Some(5_000))),
            ("2.5 s", Ok(Some(2_500))),
            ("300ms", Ok(Some(300))),
            ("2M", Ok(Some(120_000))),
            ("1h", Ok(Some(3_600_000))),
            ("0", Ok(Some(0))),
            ("soon", wrong.clone()),
            ("5 days", wrong.clone()),
            ("1.2.3", wrong.clone()),
            ("99999999999999999999999h", wrong),
        ] {
            assert_eq!(time_ms(typed), expected, "{typed}");
        }
        for ms in [0, 1, 999, 1_000, 1_500, 60_000, 90_000, 3_600_000] {
            assert_eq!(time_ms(&text(ms)), Ok(Some(ms)));
        }
    }
}
