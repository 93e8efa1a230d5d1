//! When a call may be tried again, and after how long
//! (<https://github.com/grpc/proposal/blob/master/A6-client-retries.md>).

use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use wirelab_model::{ProblemKind, RetryPolicy, Status};

/// The most attempts, whatever a policy says.
const MAX_ATTEMPTS: u32 = 5;
/// How often a call that the server certainly did not begin is made again without a policy that says so.
pub const MAX_TRANSPARENT: u32 = 1;

/// The throttle counts in thousandths of a token, because ratios have three decimals.
const TOKEN: i64 = 1_000;

/// What a server says in `grpc-retry-pushback-ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pushback {
    /// Try again after this.
    After(Duration),
    /// Do not try again: a negative number, or what is none.
    Never,
}

impl Pushback {
    /// Reads the value of the trailer.
    pub fn parse(text: &str) -> Pushback {
        text.trim()
            .parse::<u32>()
            .map_or(Pushback::Never, |ms| Pushback::After(Duration::from_millis(u64::from(ms))))
    }
}

/// The retries of one call.
pub(crate) struct Retries<'a> {
    policy: Option<&'a RetryPolicy>,
    throttle: Option<&'a Throttle>,
    random: fastrand::Rng,
    /// Attempts that count.
    made: u32,
    /// Since the last pushback, which makes the back-off begin anew.
    backoffs: u32,
    transparent: u32,
}

impl<'a> Retries<'a> {
    /// No attempt was made yet.
    pub fn new(
        policy: Option<&'a RetryPolicy>,
        throttle: Option<&'a Throttle>,
        random: fastrand::Rng,
    ) -> Self {
        Retries { policy, throttle, random, made: 0, backoffs: 0, transparent: 0 }
    }

    /// What `grpc-previous-rpc-attempts` says: how many attempts the server may have seen.
    pub fn previous(&self) -> u32 {
        self.made
    }

    /// An attempt ended before anything of an answer came that could not be taken back. Returns how long to
    /// wait before the next, none when there is none.
    ///
    /// `unprocessed` says that the server certainly did not begin with it.
    pub fn again(
        &mut self,
        status: &Status,
        unprocessed: bool,
        pushback: Option<Pushback>,
    ) -> Option<Duration> {
        if unprocessed && self.transparent < MAX_TRANSPARENT {
            self.transparent += 1;
            return Some(Duration::ZERO);
        }
        self.made += 1;
        let policy = self.policy?;
        let retryable = policy.codes.contains(&status.code) && !is_ours(status);
        let allowed = match self.throttle {
            Some(throttle) if retryable || pushback == Some(Pushback::Never) => throttle.failed(),
            _ => true,
        };
        if !retryable || !allowed || self.made >= policy.max_attempts.min(MAX_ATTEMPTS) {
            return None;
        }
        match pushback {
            Some(Pushback::Never) => None,
            Some(Pushback::After(wait)) => {
                self.backoffs = 0;
                Some(wait)
            }
            None => {
                let wait = ceiling(policy, self.backoffs).mul_f64(self.random.f64());
                self.backoffs += 1;
                Some(wait)
            }
        }
    }

    /// The call ended well.
    pub fn succeeded(&self) {
        if let Some(throttle) = self.throttle {
            throttle.succeeded();
        }
    }
}

/// The most that is waited after this many waits.
fn ceiling(policy: &RetryPolicy, waits: u32) -> Duration {
    let growth = f64::from(policy.backoff_percent) / 100.0;
    let exponent = i32::try_from(waits).unwrap_or(i32::MAX);
    #[allow(clippy::cast_precision_loss, reason = "a wait of 2^53 ms is no matter of precision")]
    let (first, most) = (policy.initial_backoff_ms as f64, policy.max_backoff_ms as f64);
    let ms = (first * growth.powi(exponent)).min(most);
    Duration::try_from_secs_f64(ms / 1_000.0).unwrap_or(Duration::MAX)
}

/// Whether the status was made here because the call itself is wrong or was ended: another attempt would end
/// the same way.
fn is_ours(status: &Status) -> bool {
    use ProblemKind::{Cancelled, Deadline, Internal, Mismatch, TooLarge};
    status.problem.as_ref().is_some_and(|problem| {
        matches!(problem.kind, Cancelled | Deadline | Internal | Mismatch | TooLarge)
    })
}

/// Keeps retries from drowning servers that are in trouble: a bucket of tokens that all calls of an endpoint
/// share. A failure takes one, a success gives a part of one, and there are retries only while it is more than
/// half full.
pub(crate) struct Throttle {
    max: i64,
    ratio: i64,
    tokens: Mutex<i64>,
}

impl Throttle {
    /// Full. Both are in thousandths of a token.
    pub fn new(max: u32, ratio: u32) -> Throttle {
        let max = i64::from(max);
        Throttle { max, ratio: i64::from(ratio), tokens: Mutex::new(max) }
    }

    /// Takes a token; says whether retries are allowed.
    fn failed(&self) -> bool {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        *tokens = (*tokens - TOKEN).max(0);
        *tokens > self.max / 2
    }

    fn succeeded(&self) {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        *tokens = (*tokens + self.ratio).min(self.max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wirelab_model::{Problem, StatusCode};

    fn policy(max_attempts: u32, backoff_percent: u32) -> RetryPolicy {
        RetryPolicy { max_attempts, backoff_percent, ..RetryPolicy::default() }
    }

    fn unavailable() -> Status {
        Status::new(StatusCode::Unavailable, "")
    }

    #[test]
    fn waits_grow_up_to_a_limit() {
        let table = [
            (200, [100, 200, 400, 800, 1000, 1000]),
            (100, [100, 100, 100, 100, 100, 100]),
            (50, [100, 50, 25, 12, 6, 3]),
            (1_000_000, [100, 1000, 1000, 1000, 1000, 1000]),
        ];
        for (percent, want) in table {
            let got: Vec<u128> =
                (0..6).map(|waits| ceiling(&policy(5, percent), waits).as_millis()).collect();
            assert_eq!(got, want, "{percent}");
        }
        assert_eq!(ceiling(&policy(5, u32::MAX), u32::MAX), Duration::from_secs(1));
    }

    #[test]
    fn attempts_are_counted() {
        for (max, want) in [(0, 0), (1, 0), (2, 1), (3, 2), (5, 4), (100, 4)] {
            let policy = policy(max, 200);
            let mut retries = Retries::new(Some(&policy), None, fastrand::Rng::with_seed(7));
            let waits: Vec<Duration> =
                std::iter::from_fn(|| retries.again(&unavailable(), false, None)).collect();
            assert_eq!(waits.len(), want, "{max}");
            for (index, wait) in (0..).zip(&waits) {
                assert!(*wait <= ceiling(&policy, index));
            }
            // Random waits are not all the same.
            assert!(waits.len() < 2 || waits[0] != waits[1]);
        }
    }

    #[test]
    fn what_is_tried_again() {
        let policy = policy(5, 200);
        let ours = |kind| Status { problem: Some(Problem::new(kind, "")), ..unavailable() };
        let ms = |ms| Some(Duration::from_millis(ms));
        let parse = |text: &str| Some(Pushback::parse(text));
        let table = [
            (Status::new(StatusCode::Internal, ""), false, None, None),
            (Status::new(StatusCode::Internal, ""), true, None, ms(0)),
            (Status::new(StatusCode::Internal, ""), false, parse("5"), None),
            (ours(ProblemKind::Mismatch), false, None, None),
            (unavailable(), false, parse("0"), ms(0)),
            (unavailable(), false, parse(" 250 "), ms(250)),
            (unavailable(), false, parse("-1"), None),
            (unavailable(), false, parse("soon"), None),
            (unavailable(), false, parse(""), None),
            (unavailable(), false, parse("99999999999"), None),
        ];
        for (status, unprocessed, pushback, want) in table {
            let mut retries = Retries::new(Some(&policy), None, fastrand::Rng::with_seed(7));
            let got = retries.again(&status, unprocessed, pushback);
            assert_eq!(got, want, "{status:?} {pushback:?}");
        }
    }

    #[test]
    fn what_the_server_did_not_begin_is_tried_without_a_policy() {
        let mut retries = Retries::new(None, None, fastrand::Rng::with_seed(7));
        for _ in 0..MAX_TRANSPARENT {
            assert_eq!(retries.again(&unavailable(), true, None), Some(Duration::ZERO));
            assert_eq!(retries.previous(), 0);
        }
        assert_eq!(retries.again(&unavailable(), true, None), None);
    }

    #[test]
    fn a_pushback_begins_the_waits_anew() {
        let policy = policy(5, 10_000);
        let mut retries = Retries::new(Some(&policy), None, fastrand::Rng::with_seed(7));
        retries.again(&unavailable(), false, None);
        retries.again(&unavailable(), false, Some(Pushback::After(Duration::ZERO)));
        let wait = retries.again(&unavailable(), false, None).unwrap();
        assert!(wait <= Duration::from_millis(100), "{wait:?}");
        assert_eq!(retries.previous(), 3);
    }

    #[test]
    fn throttling() {
        // Four tokens, a tenth for each success: two failures leave two, which is not more than half.
        let throttle = Throttle::new(4_000, 100);
        let policy = policy(2, 200);
        let fails = || {
            let random = fastrand::Rng::with_seed(7);
            let mut retries = Retries::new(Some(&policy), Some(&throttle), random);
            retries.again(&unavailable(), false, None).is_some()
        };
        let succeeds = || Retries::new(None, Some(&throttle), fastrand::Rng::new()).succeeded();
        assert!(fails());
        assert!(!fails());
        for _ in 0..10 {
            assert!(!fails());
        }
        // The bucket is empty and must be filled to over a half, and a token for the failure itself.
        for _ in 0..30 {
            succeeds();
        }
        assert!(!fails());
        for _ in 0..11 {
            succeeds();
        }
        assert!(fails());
        for _ in 0..1000 {
            succeeds();
        }
        assert!(fails());
        assert!(!fails());
    }
}
