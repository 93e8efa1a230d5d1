//! A circuit breaker: an instance that failed several times in a row gets no calls for a while that grows each
//! time, then one call as a trial.

use std::time::Duration;
use tokio::time::Instant;
use wirelab_model::InstanceState;

/// An instance is ejected after this many failures in a row.
pub const EJECT_AFTER: u32 = 3;
/// For how long at first; twice as long each time after that a trial fails.
pub const FIRST_EJECTION: Duration = Duration::from_secs(5);
/// For how long at most, before jitter.
pub const LAST_EJECTION: Duration = Duration::from_secs(300);
/// The share by which an ejection is longer or shorter by chance, so that instances which failed together are
/// not tried together.
const JITTER: f64 = 0.2;

/// The state of one instance.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    /// In a row.
    failures: u32,
    /// In a row, without a success between.
    ejections: u32,
    state: State,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Closed,
    Ejected(Instant),
    Probing,
}

impl Breaker {
    /// Whether a call may go there.
    pub fn admits(&self, now: Instant) -> bool {
        match self.state {
            State::Closed => true,
            State::Ejected(until) => now >= until,
            State::Probing => false,
        }
    }

    /// When the ejection ends, where there is one; a trial under way may end at any time.
    pub fn until(&self) -> Option<Instant> {
        match self.state {
            State::Ejected(until) => Some(until),
            State::Closed | State::Probing => None,
        }
    }

    /// A call goes there.
    pub fn begin(&mut self) {
        if matches!(self.state, State::Ejected(_)) {
            self.state = State::Probing;
        }
    }

    /// A call was answered.
    pub fn succeeded(&mut self) {
        *self = Breaker::default();
    }

    /// A call failed in a way that is the instance's fault. `random` is from 0 to 1.
    pub fn failed(&mut self, now: Instant, random: f64) {
        self.failures = self.failures.saturating_add(1);
        let trial = matches!(self.state, State::Probing);
        let enough = matches!(self.state, State::Closed) && self.failures >= EJECT_AFTER;
        if trial || enough {
            let factor = 1_u32.checked_shl(self.ejections).unwrap_or(u32::MAX);
            let time = FIRST_EJECTION.saturating_mul(factor).min(LAST_EJECTION);
            self.ejections = self.ejections.saturating_add(1);
            let jitter = 1.0 - JITTER + 2.0 * JITTER * random.clamp(0.0, 1.0);
            self.state = State::Ejected(now + time.mul_f64(jitter));
        }
    }

    /// A failure that does not eject.
    pub fn noted(&mut self) {
        self.failures = self.failures.saturating_add(1);
    }

    /// A call ended without telling anything about the instance.
    pub fn abandoned(&mut self, now: Instant) {
        if matches!(self.state, State::Probing) {
            self.state = State::Ejected(now);
        }
    }

    /// Failures in a row.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// How screens show it; none when it does nothing.
    pub fn shown(&self, now: Instant) -> Option<InstanceState> {
        match self.state {
            State::Closed => None,
            State::Ejected(until) => {
                let left = until.saturating_duration_since(now).as_millis();
                Some(InstanceState::Ejected { for_ms: u64::try_from(left).unwrap_or(u64::MAX) })
            }
            State::Probing => Some(InstanceState::Probing),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn ejection_and_recovery() {
        let mut breaker = Breaker::default();
        let ejected = |seconds: u64| Some(InstanceState::Ejected { for_ms: seconds * 1000 });
        for _ in 1..EJECT_AFTER {
            breaker.failed(Instant::now(), 0.5);
            assert!(breaker.admits(Instant::now()));
        }
        breaker.failed(Instant::now(), 0.5);
        // Each trial that fails doubles the time, up to a limit.
        for seconds in [5, 10, 20, 40, 80, 160, 300, 300] {
            let now = Instant::now();
            assert_eq!(breaker.shown(now), ejected(seconds));
            assert!(!breaker.admits(now));
            // Calls that began before the ejection change nothing.
            breaker.failed(now, 0.5);
            assert_eq!(breaker.shown(now), ejected(seconds));
            tokio::time::advance(Duration::from_secs(seconds)).await;
            assert!(breaker.admits(Instant::now()));
            breaker.begin();
            assert_eq!(breaker.shown(now), Some(InstanceState::Probing));
            assert!(!breaker.admits(Instant::now()), "one trial at a time");
            breaker.failed(Instant::now(), 0.5);
        }
        tokio::time::advance(LAST_EJECTION).await;
        breaker.begin();
        // A trial that was cancelled is made again by the next call.
        breaker.abandoned(Instant::now());
        assert!(breaker.admits(Instant::now()));
        breaker.begin();
        breaker.succeeded();
        assert_eq!((breaker.shown(Instant::now()), breaker.failures()), (None, 0));
        for _ in 0..EJECT_AFTER {
            breaker.failed(Instant::now(), 0.0);
        }
        assert_eq!(breaker.shown(Instant::now()), ejected(4));
    }

    #[tokio::test(start_paused = true)]
    async fn only_failures_in_a_row_count() {
        let mut breaker = Breaker::default();
        for _ in 0..5 * EJECT_AFTER {
            breaker.failed(Instant::now(), 1.0);
            breaker.failed(Instant::now(), 1.0);
            breaker.succeeded();
        }
        assert!(breaker.admits(Instant::now()));
        for _ in 0..EJECT_AFTER {
            breaker.failed(Instant::now(), 1.0);
        }
        assert_eq!(breaker.shown(Instant::now()), Some(InstanceState::Ejected { for_ms: 6000 }));
    }
}
