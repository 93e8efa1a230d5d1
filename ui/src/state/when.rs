//! Wall-clock times in words.
//!
//! Owns the civil calendar as far as lists need it. Knows no clock: now and the offset of local time are given.

/// The moment that “today” and “an hour ago” are relative to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds since the Unix epoch.
    pub unix_ms: i64,
    /// How far local time is ahead of UTC, minutes.
    pub offset_min: i32,
}

const DAY_MS: i64 = 86_400_000;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `09:31:07` today, `yesterday 17:48`, `3 Nov 17:48` this year, else `3 Nov 2025 17:48`.
pub fn short(unix_ms: i64, now: Now) -> String {
    let (day, today) = (local_day(unix_ms, now), local_day(now.unix_ms, now));
    let (hour, minute, second) = time(unix_ms, now);
    if day == today {
        return format!("{hour:02}:{minute:02}:{second:02}");
    }
    if day == today - 1 {
        return format!("yesterday {hour:02}:{minute:02}");
    }
    let (year, _, _) = civil(day);
    let (this_year, _, _) = civil(today);
    match year == this_year {
        true => format!("{} {hour:02}:{minute:02}", date(day, false)),
        false => format!("{} {hour:02}:{minute:02}", date(day, true)),
    }
}

/// `21 Nov 2026, 09:31:07`.
pub fn long(unix_ms: i64, now: Now) -> String {
    let (hour, minute, second) = time(unix_ms, now);
    format!("{}, {hour:02}:{minute:02}:{second:02}", date(local_day(unix_ms, now), true))
}

/// `21 Nov 2026`.
pub fn day(unix_ms: i64, now: Now) -> String {
    date(local_day(unix_ms, now), true)
}

/// Milliseconds since the Unix epoch of a moment as typed: a span before now (`90s`, `30m`, `1h`, `2d`, `1w`) or a
/// local date or time (`2026-11-21`, `2026-11-21T09:30`); none when it is neither.
pub fn parse(text: &str, now: Now) -> Option<i64> {
    ago(text, now).or_else(|| moment(text, now))
}

fn ago(text: &str, now: Now) -> Option<i64> {
    let unit = text.chars().next_back()?;
    let ms = match unit {
        's' => 1_000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => DAY_MS,
        'w' => 7 * DAY_MS,
        _ => return None,
    };
    let count: u32 = text.strip_suffix(unit)?.parse().ok()?;
    now.unix_ms.checked_sub(i64::from(count).checked_mul(ms)?)
}

fn moment(text: &str, now: Now) -> Option<i64> {
    let (date, time) = text.split_once('T').unwrap_or((text, ""));
    let mut parts = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let known = (1970..=9999).contains(&year) && (1..=12).contains(&month);
    let days = known.then(|| days_from_civil(year, month, day))?;
    if civil(days) != (year, month, day) {
        return None;
    }
    let mut parts = time.splitn(3, ':').filter(|part| !part.is_empty()).map(|p| p.parse::<i64>());
    let mut next = |below: i64| match parts.next() {
        None => Some(0),
        Some(part) => part.ok().filter(|part| (0..below).contains(part)),
    };
    let (hour, minute, second) = (next(24)?, next(60)?, next(60)?);
    let local = days * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1_000;
    Some(local - i64::from(now.offset_min) * 60_000)
}

fn local_day(unix_ms: i64, now: Now) -> i64 {
    local(unix_ms, now).div_euclid(DAY_MS)
}

fn local(unix_ms: i64, now: Now) -> i64 {
    unix_ms.saturating_add(i64::from(now.offset_min) * 60_000)
}

fn time(unix_ms: i64, now: Now) -> (i64, i64, i64) {
    let second = local(unix_ms, now).rem_euclid(DAY_MS) / 1_000;
    (second / 3_600, second / 60 % 60, second % 60)
}

fn date(day: i64, with_year: bool) -> String {
    let (year, month, day) = civil(day);
    let month = usize::try_from(month - 1).ok().and_then(|m| MONTHS.get(m)).unwrap_or(&"");
    if with_year { format!("{day} {month} {year}") } else { format!("{day} {month}") }
}

/// Year, month and day of a day since 1970-01-01, by the proleptic Gregorian calendar
/// (<https://howardhinnant.github.io/date_algorithms.html>).
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21 09:31:07 UTC.
    const NOW: Now = Now { unix_ms: 1_795_253_467_000, offset_min: 0 };
    const BERLIN: Now = Now { offset_min: 60, ..NOW };

    #[test]
    fn says_when() {
        for (before_ms, now, expected) in [
            (0, NOW, "09:31:07"),
            (0, BERLIN, "10:31:07"),
            (DAY_MS, NOW, "yesterday 09:31"),
            (9 * 3_600_000, BERLIN, "01:31:07"),
            (18 * DAY_MS, NOW, "3 Nov 09:31"),
            (365 * DAY_MS, NOW, "21 Nov 2025 09:31"),
            (NOW.unix_ms, NOW, "1 Jan 1970 00:00"),
        ] {
            assert_eq!(short(NOW.unix_ms - before_ms, now), expected);
        }
        assert_eq!(long(NOW.unix_ms, BERLIN), "21 Nov 2026, 10:31:07");
        assert!(!short(i64::MAX, BERLIN).is_empty() && !short(i64::MIN, BERLIN).is_empty());
    }

    #[test]
    fn reads_moments() {
        let midnight = NOW.unix_ms - (9 * 3_600 + 31 * 60 + 7) * 1_000;
        for (text, now, expected) in [
            ("90s", NOW, Some(NOW.unix_ms - 90_000)),
            ("1h", NOW, Some(NOW.unix_ms - 3_600_000)),
            ("2d", NOW, Some(NOW.unix_ms - 2 * DAY_MS)),
            ("1w", NOW, Some(NOW.unix_ms - 7 * DAY_MS)),
            ("2026-11-21", NOW, Some(midnight)),
            ("2026-11-21", BERLIN, Some(midnight - 3_600_000)),
            ("2026-11-21T09:31", NOW, Some(NOW.unix_ms - 7_000)),
            ("2026-11-21T09:31:07", NOW, Some(NOW.unix_ms)),
            ("2026-02-30", NOW, None),
            ("2026-11-21T25:00", NOW, None),
            ("2026-13-01", NOW, None),
            ("h", NOW, None),
            ("-1h", NOW, None),
            ("1y", NOW, None),
            ("é", NOW, None),
            ("", NOW, None),
            ("99999999999h", NOW, None),
        ] {
            assert_eq!(parse(text, now), expected, "{text:?}");
        }
    }
}
