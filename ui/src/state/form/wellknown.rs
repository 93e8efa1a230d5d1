//! The well-known types that ProtoJSON writes as text: what is wrong with one, and helpers to write one.

/// The largest number of seconds that a `Duration` may have.
const MAX_DURATION_SECONDS: u64 = 315_576_000_000;

/// What is wrong with a `Timestamp` (RFC 3339, years 1 to 9999).
pub fn timestamp_problem(text: &str) -> Option<String> {
    timestamp(text)
        .is_none()
        .then(|| "Expected a time with its zone, for example 2026-11-21T09:30:00Z".into())
}

fn timestamp(text: &str) -> Option<()> {
    let number = |from: usize, to: usize| {
        let part = text.get(from..to)?;
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse::<u32>().ok())?
    };
    let is = |at: usize, expected: u8| (text.as_bytes().get(at)? == &expected).then_some(());
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    for (place, mark) in [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')] {
        is(place, mark)?;
    }
    is(10, b'T').or_else(|| is(10, b't'))?;
    let valid = year >= 1
        && (1..=12).contains(&month)
        && (1..=days(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    let mut zone = text.get(19..)?;
    if let Some(rest) = zone.strip_prefix('.') {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if !(1..=9).contains(&digits) {
            return None;
        }
        zone = rest.get(digits..)?;
    }
    let zone_valid = matches!(zone, "Z" | "z") || {
        let (hours, minutes) = zone.strip_prefix(['+', '-'])?.split_once(':')?;
        let two = |part: &str, below: u32| {
            part.len() == 2
                && part.bytes().all(|b| b.is_ascii_digit())
                && part.parse::<u32>().is_ok_and(|n| n < below)
        };
        two(hours, 24) && two(minutes, 60)
    };
    (valid && zone_valid).then_some(())
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 31,
    }
}

/// What is wrong with a `Duration`.
pub fn duration_problem(text: &str) -> Option<String> {
    let number = text.strip_suffix('s').map(|n| n.strip_prefix('-').unwrap_or(n));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let valid = number.is_some_and(|number| {
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        digits(whole) && digits(fraction) && fraction.len() <= 9
    });
    if !valid {
        return Some("Expected seconds with an “s” suffix, for example 300s".into());
    }
    let seconds = number.and_then(|n| n.split('.').next()).and_then(|n| n.parse::<u64>().ok());
    (seconds.is_none_or(|s| s > MAX_DURATION_SECONDS))
        .then(|| format!("A duration has at most {MAX_DURATION_SECONDS} seconds"))
}

/// The duration that was meant by words such as `5 minutes`, `1h` or `250ms`.
pub fn duration_guess(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
    let number = text[..end].parse::<f64>().ok()?;
    let factor = match text[end..].trim() {
        "ms" | "millis" | "milliseconds" | "millisecond" => 0.001,
        "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hr" | "hour" | "hours" => 3_600.0,
        "d" | "day" | "days" => 86_400.0,
        _ => return None,
    };
    let seconds = format!("{:.9}", number * factor);
    let text = format!("{}s", seconds.trim_end_matches('0').trim_end_matches('.'));
    duration_problem(&text).is_none().then_some(text)
}

/// What is wrong with a `FieldMask` as ProtoJSON writes it.
pub fn mask_problem(text: &str) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    let bad = text.split(',').map(str::trim).find(|path| {
        path.is_empty()
            || !path
                .split('.')
                .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()))
    })?;
    Some(match bad {
        "" => "A path is missing beside a comma".into(),
        bad => format!("“{bad}” is no field path, for example stock.on_hand"),
    })
}

/// The paths of a mask as the form shows them: `stock.onHand` as `stock.on_hand`.
pub fn mask_to_form(json: &str) -> String {
    let mut text = String::with_capacity(json.len() + 8);
    for c in json.chars() {
        if c.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}

/// The paths of a mask as ProtoJSON writes them; what is half typed comes back from [`mask_to_form`] as it was.
pub fn mask_to_json(form: &str) -> String {
    let mut text = String::with_capacity(form.len());
    let mut letters = form.chars().peekable();
    while let Some(c) = letters.next() {
        match letters.peek() {
            Some(next) if c == '_' && next.is_ascii_lowercase() => {
                text.push(next.to_ascii_uppercase());
                letters.next();
            }
            _ => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps() {
        for good in [
            "2026-11-21T09:30:00Z",
            "2024-02-29T23:59:59.123456789+01:00",
            "0001-01-01t00:00:00z",
            "9999-12-31T23:59:59.9-23:59",
        ] {
            assert_eq!(timestamp_problem(good), None, "{good}");
        }
        for bad in [
            "",
            "now",
            "2026-11-21",
            "2026-11-21 09:30:00Z",
            "2026-11-21T09:30:00",
            "2026-02-29T09:30:00Z",
            "2026-13-01T09:30:00Z",
            "2026-11-21T24:00:00Z",
            "2026-11-21T09:30:00.Z",
            "2026-11-21T09:30:00.1234567890Z",
            "2026-11-21T09:30:00+1:00",
            "2026-11-21T09:30:00Zé",
            "0000-01-01T00:00:00Z",
            "é026-11-21T09:30:00Z",
        ] {
            assert!(timestamp_problem(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn durations() {
        let suffix = Some("Expected seconds with an “s” suffix, for example 300s".to_owned());
        for (text, expected) in [
            ("300s", None),
            ("-1.5s", None),
            ("0.000000001s", None),
            ("315576000000s", None),
            ("5 minutes", suffix.clone()),
            ("300", suffix.clone()),
            ("s", suffix.clone()),
            ("1.s", suffix.clone()),
            ("--1s", suffix.clone()),
            ("1.0000000001s", suffix),
            ("315576000001s", Some("A duration has at most 315576000000 seconds".into())),
            (
                "99999999999999999999999s",
                Some("A duration has at most 315576000000 seconds".into()),
            ),
        ] {
            assert_eq!(duration_problem(text), expected, "{text}");
        }
    }

    #[test]
    fn durations_in_words() {
        for (text, expected) in [
            ("5 minutes", Some("300s")),
            ("1h", Some("3600s")),
            ("250 ms", Some("0.25s")),
            ("1.5 days", Some("129600s")),
            ("300s", None),
            ("300", None),
            ("soon", None),
            ("99999999999999 days", None),
        ] {
            assert_eq!(duration_guess(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn masks() {
        for typed in ["stock.on_hand,stock.updated_at", "on_", "_a", "a__b", "a,", "A", "a_1", ""] {
            let shown = mask_to_form(&mask_to_json(typed));
            let expected = if typed == "A" { "_a" } else { typed };
            assert_eq!(shown, expected, "typing is not disturbed");
        }
        assert_eq!(mask_to_json("stock.on_hand"), "stock.onHand");
        assert_eq!(mask_problem("stock.onHand, a"), None);
        assert_eq!(mask_problem("a,,b").unwrap(), "A path is missing beside a comma");
        assert_eq!(
            mask_problem("on_").unwrap(),
            "“on_” is no field path, for example stock.on_hand"
        );
    }
}
