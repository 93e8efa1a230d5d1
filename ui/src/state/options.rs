//! A call's options as typed: the deadline and the largest message.

use serde::{Deserialize, Serialize};

/// The longest deadline that gRPC can say: 99,999,999 hours, milliseconds.
const MAX_DEADLINE_MS: f64 = 99_999_999.0 * 3_600_000.0;

/// Options as typed; empty means the default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// `2.5s`, `300 ms`, `1m`; a bare number is seconds.
    pub deadline: String,
    /// `64 MiB`, `500kB`; a bare number is bytes.
    pub max_message: String,
}

impl Options {
    /// The deadline in milliseconds; none waits for ever.
    ///
    /// # Errors
    /// A sentence for people.
    pub fn deadline_ms(&self) -> Result<Option<u64>, String> {
        let Some((number, unit)) = split(&self.deadline) else { return Ok(None) };
        let factor = match unit.as_str() {
            "ms" => Some(1.0),
            "" | "s" | "sec" => Some(1e3),
            "m" | "min" => Some(60e3),
            "h" => Some(3600e3),
            _ => None,
        };
        match (number, factor) {
            (Some(n), Some(f)) if n * f >= 1.0 && n * f <= MAX_DEADLINE_MS => {
                Ok(Some((n * f).round() as u64))
            }
            (Some(_), Some(_)) => Err("A deadline is at least 1 ms".into()),
            _ => Err("Expected a time, for example 5s, 300ms or 2m".into()),
        }
    }

    /// The largest message in bytes; none means the default.
    ///
    /// # Errors
    /// A sentence for people.
    pub fn max_message_bytes(&self) -> Result<Option<u64>, String> {
        let Some((number, unit)) = split(&self.max_message) else { return Ok(None) };
        let factor = match unit.as_str() {
            "" | "b" => Some(1.0),
            "kb" => Some(1e3),
            "mb" => Some(1e6),
            "gb" => Some(1e9),
            "kib" => Some(1024.0),
            "mib" => Some(1048576.0),
            "gib" => Some(1073741824.0),
            _ => None,
        };
        match (number, factor) {
            (Some(n), Some(f)) if (1.0..=4294967295.0).contains(&(n * f)) => {
                Ok(Some((n * f).round() as u64))
            }
            (Some(_), Some(_)) => Err("A message has between 1 byte and 4 GiB".into()),
            _ => Err("Expected a size, for example 64 MiB or 500 kB".into()),
        }
    }

    /// What shows these values.
    pub fn of(deadline_ms: Option<u64>, max_message_bytes: Option<u64>) -> Self {
        let deadline = match deadline_ms {
            None => String::new(),
            Some(ms) if ms % 1000 == 0 => format!("{}s", ms / 1000),
            Some(ms) => format!("{ms}ms"),
        };
        let max_message = match max_message_bytes {
            None => String::new(),
            Some(b) if b % (1 << 20) == 0 => format!("{} MiB", b >> 20),
            Some(b) => b.to_string(),
        };
        Options { deadline, max_message }
    }

    /// How many are set, for the tab's count.
    pub fn count(&self) -> usize {
        [&self.deadline, &self.max_message].iter().filter(|text| !text.trim().is_empty()).count()
    }
}

fn split(text: &str) -> Option<(Option<f64>, String)> {
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
    fn reads_times_and_sizes() {
        let time = "Expected a time, for example 5s, 300ms or 2m";
        for (text, expected) in [
            ("", Ok(None)),
            ("5", Ok(Some(5_000))),
            ("2.5 s", Ok(Some(2_500))),
            ("300ms", Ok(Some(300))),
            ("2M", Ok(Some(120_000))),
            ("0", Err("A deadline is at least 1 ms")),
            ("soon", Err(time)),
            ("5 days", Err(time)),
            ("1.2.3", Err(time)),
        ] {
            let options = Options { deadline: text.into(), ..Options::default() };
            assert_eq!(options.deadline_ms(), expected.map_err(str::to_owned), "{text}");
        }
        let size = "Expected a size, for example 64 MiB or 500 kB";
        for (text, expected) in [
            ("", Ok(None)),
            ("64 MiB", Ok(Some(64 << 20))),
            ("500kB", Ok(Some(500_000))),
            ("12", Ok(Some(12))),
            ("0", Err("A message has between 1 byte and 4 GiB")),
            ("big", Err(size)),
        ] {
            let options = Options { max_message: text.into(), ..Options::default() };
            assert_eq!(options.max_message_bytes(), expected.map_err(str::to_owned), "{text}");
        }
    }

    #[test]
    fn shows_what_it_reads() {
        for (ms, bytes) in [(None, None), (Some(1_500), Some(64 << 20)), (Some(3_000), Some(77))] {
            let options = Options::of(ms, bytes);
            assert_eq!(options.deadline_ms(), Ok(ms));
            assert_eq!(options.max_message_bytes(), Ok(bytes));
        }
    }
}
