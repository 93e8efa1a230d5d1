//! A call's options as typed: deadline, largest message, compression, and when to try again.

use super::span::{self, time_ms};
use serde::{Deserialize, Serialize};
use wirelab_model::{CallSpec, Compression, RetryPolicy, StatusCode};

/// The longest deadline that gRPC can say: 99,999,999 hours, milliseconds.
const MAX_DEADLINE_MS: u64 = 99_999_999 * 3_600_000;
/// How often a call is made at most: gRPC takes more as this.
pub const MAX_ATTEMPTS: u32 = 5;
/// The longest wait between two attempts that can be asked for, milliseconds.
const MAX_BACKOFF_MS: u64 = 3_600_000;

/// Options as typed; empty means the default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// `2.5s`, `300 ms`, `1m`; a bare number is seconds.
    pub deadline: String,
    /// `64 MiB`, `500kB`; a bare number is bytes.
    pub max_message: String,
    /// How requests are compressed.
    pub compression: Option<Compression>,
    /// Wait for an instance instead of failing at once.
    pub wait_for_ready: bool,
    /// Make a new connection although one is open.
    pub cold: bool,
    /// When to try again; none leaves it to the service config.
    pub retry: Option<Retry>,
}

/// When to try again, as typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Retry {
    /// The first attempt included.
    pub attempts: u32,
    /// Before the second attempt, at most: `100ms`.
    pub first: String,
    /// The most it grows to: `1s`.
    pub longest: String,
    /// What it grows by: `2`.
    pub growth: String,
    /// The status codes after which it is tried again.
    pub codes: Vec<u32>,
}

impl Default for Retry {
    fn default() -> Self {
        Retry::of(&RetryPolicy::default())
    }
}

impl Retry {
    fn of(policy: &RetryPolicy) -> Self {
        let percent = policy.backoff_percent;
        let growth = match percent % 100 {
            0 => (percent / 100).to_string(),
            _ => format!("{}.{:02}", percent / 100, percent % 100).trim_end_matches('0').to_owned(),
        };
        Retry {
            attempts: policy.max_attempts,
            first: span::text(policy.initial_backoff_ms),
            longest: span::text(policy.max_backoff_ms),
            growth,
            codes: policy.codes.clone(),
        }
    }

    /// The policy.
    ///
    /// # Errors
    /// A sentence for people.
    pub fn policy(&self) -> Result<RetryPolicy, String> {
        if !(2..=MAX_ATTEMPTS).contains(&self.attempts) {
            return Err(format!("A call is tried between 2 and {MAX_ATTEMPTS} times"));
        }
        let wait = |text: &str, which: &str| match time_ms(text)? {
            None => Err(format!("Say how long the {which} wait is, for example 100ms")),
            Some(ms) if ms > MAX_BACKOFF_MS => Err("A wait is at most one hour".into()),
            Some(ms) => Ok(ms),
        };
        let initial_backoff_ms = wait(&self.first, "first")?;
        let max_backoff_ms = wait(&self.longest, "longest")?;
        if max_backoff_ms < initial_backoff_ms {
            return Err("The longest wait is shorter than the first".into());
        }
        let growth = self.growth.trim().trim_start_matches(['×', 'x']).parse::<f64>();
        let backoff_percent = match growth {
            Ok(growth) if (0.01..=100.0).contains(&growth) => (growth * 100.0).round() as u32,
            _ => return Err("Expected what the wait grows by, for example 2 or 1.5".into()),
        };
        if self.codes.is_empty() {
            return Err("Choose at least one status to try again after".into());
        }
        let (max_attempts, codes) = (self.attempts, self.codes.clone());
        Ok(RetryPolicy { max_attempts, initial_backoff_ms, max_backoff_ms, backoff_percent, codes })
    }

    /// Takes a status code in or out; the codes stay in order.
    pub fn toggle(&mut self, code: StatusCode) {
        let code = code as u32;
        match self.codes.iter().position(|c| *c == code) {
            Some(at) => {
                self.codes.remove(at);
            }
            None => {
                self.codes.push(code);
                self.codes.sort_unstable();
            }
        }
    }
}

impl Options {
    /// The deadline in milliseconds; none waits for ever.
    ///
    /// # Errors
    /// A sentence for people.
    pub fn deadline_ms(&self) -> Result<Option<u64>, String> {
        match time_ms(&self.deadline)? {
            Some(ms) if !(1..=MAX_DEADLINE_MS).contains(&ms) => {
                Err("A deadline is at least 1 ms".into())
            }
            ms => Ok(ms),
        }
    }

    /// The largest message in bytes; none means the default.
    ///
    /// # Errors
    /// A sentence for people.
    pub fn max_message_bytes(&self) -> Result<Option<u64>, String> {
        let Some((number, unit)) = span::split(&self.max_message) else { return Ok(None) };
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

    /// What shows the options of a call.
    pub fn of(spec: &CallSpec) -> Self {
        let max_message = match spec.max_message_bytes {
            None => String::new(),
            Some(b) if b % (1 << 20) == 0 => format!("{} MiB", b >> 20),
            Some(b) => b.to_string(),
        };
        Options {
            deadline: spec.deadline_ms.map(span::text).unwrap_or_default(),
            max_message,
            compression: spec.compression,
            wait_for_ready: spec.wait_for_ready,
            cold: spec.cold,
            retry: spec.retry.as_ref().map(Retry::of),
        }
    }

    /// Puts them into a call.
    ///
    /// # Errors
    /// Which option is wrong, and a sentence for people.
    pub fn apply(&self, spec: &mut CallSpec) -> Result<(), (&'static str, String)> {
        spec.deadline_ms = self.deadline_ms().map_err(|why| ("deadline", why))?;
        spec.max_message_bytes = self.max_message_bytes().map_err(|why| ("message limit", why))?;
        spec.compression = self.compression;
        spec.wait_for_ready = self.wait_for_ready;
        spec.cold = self.cold;
        spec.retry =
            self.retry.as_ref().map(Retry::policy).transpose().map_err(|why| ("retry", why))?;
        Ok(())
    }

    /// How many are set, for the tab's count.
    pub fn count(&self) -> usize {
        let typed = [&self.deadline, &self.max_message];
        let typed = typed.iter().filter(|text| !text.trim().is_empty()).count();
        let set =
            [self.compression.is_some(), self.wait_for_ready, self.cold, self.retry.is_some()];
        typed + set.iter().filter(|set| **set).count()
    }
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
            ("300ms", Ok(Some(300))),
            ("0", Err("A deadline is at least 1 ms")),
            ("soon", Err(time)),
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
        let spec = CallSpec {
            deadline_ms: Some(1_500),
            max_message_bytes: Some(64 << 20),
            compression: Some(Compression::Zstd),
            wait_for_ready: true,
            cold: true,
            retry: Some(RetryPolicy { backoff_percent: 150, ..RetryPolicy::default() }),
            ..CallSpec::default()
        };
        for spec in [spec, CallSpec::default()] {
            let (mut again, options) = (CallSpec::default(), Options::of(&spec));
            assert_eq!(options.apply(&mut again), Ok(()));
            assert_eq!(again, spec);
            assert_eq!(options.count(), if spec.cold { 6 } else { 0 });
        }
    }

    #[test]
    fn says_what_is_wrong_with_a_retry() {
        let good = Retry::default();
        assert_eq!(good.policy(), Ok(RetryPolicy::default()));
        for (retry, why) in [
            (Retry { attempts: 1, ..good.clone() }, "A call is tried between 2 and 5 times"),
            (
                Retry { first: "".into(), ..good.clone() },
                "Say how long the first wait is, for example 100ms",
            ),
            (Retry { longest: "2h".into(), ..good.clone() }, "A wait is at most one hour"),
            (
                Retry { longest: "1ms".into(), ..good.clone() },
                "The longest wait is shorter than the first",
            ),
            (
                Retry { growth: "fast".into(), ..good.clone() },
                "Expected what the wait grows by, for example 2 or 1.5",
            ),
            (
                Retry { codes: vec![], ..good.clone() },
                "Choose at least one status to try again after",
            ),
        ] {
            assert_eq!(retry.policy(), Err(why.to_owned()));
            let options = Options { retry: Some(retry), ..Options::default() };
            assert_eq!(options.apply(&mut CallSpec::default()), Err(("retry", why.to_owned())));
        }
        let mut retry = good;
        retry.toggle(StatusCode::Aborted);
        retry.toggle(StatusCode::Unavailable);
        assert_eq!(retry.codes, [10]);
    }
}
