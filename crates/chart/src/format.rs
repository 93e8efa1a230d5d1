//! Numbers with their units, the same in charts, tables and cards. Units are decimal (1 kB is 1,000 B).

/// Bytes: `247 B`, `1.2 kB`, `12.3 MB`.
pub fn bytes(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64;
    for unit in ["kB", "MB", "GB", "TB", "PB"] {
        value /= 1000.0;
        if value < 999.5 {
            let digits = usize::from(value < 99.95);
            return format!("{value:.digits$} {unit}");
        }
    }
    format!("{:.1} EB", value / 1000.0)
}

/// Nanoseconds: `850 ns`, `61 µs`, `3.84 ms`, `12.4 s`, `2 min 5 s`, `1 h 3 min`.
pub fn ns(ns: u64) -> String {
    if ns < 1000 {
        return format!("{ns} ns");
    }
    let mut value = ns as f64;
    for (unit, limit) in [("µs", 999.5), ("ms", 999.5), ("s", 119.5)] {
        value /= 1000.0;
        if value < limit {
            return format!("{} {unit}", three_digits(value));
        }
    }
    let seconds = value.round() as u64;
    match (seconds / 3600, seconds % 3600 / 60, seconds % 60) {
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, 0, _) => format!("{} h", count(hours)),
        (hours, minutes, _) => format!("{} h {minutes} min", count(hours)),
    }
}

/// A count with its thousands apart: `1,284`.
pub fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How many times one is the other: `3.2×`, `14×`; `–` where that means nothing.
pub fn ratio(ratio: f64) -> String {
    if !ratio.is_finite() || ratio < 0.0 {
        return "–".to_owned();
    }
    if ratio < 9.95 {
        return format!("{ratio:.1}×");
    }
    format!("{}×", count(ratio.round() as u64))
}

/// `3.84`, `61.2`, `61`, `410`.
fn three_digits(value: f64) -> String {
    if value < 9.995 {
        return format!("{value:.2}");
    }
    let text = if value < 99.95 { format!("{value:.1}") } else { format!("{value:.0}") };
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}
