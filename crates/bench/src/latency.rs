//! Percentiles over every latency that was measured.

use wirelab_model::Latency;

/// Each step of the curve halves what is left above a percentile in this many parts.
const STEPS_PER_HALVING: i32 = 4;
/// The most points of the curve between 0 and 100.
const MAX_STEPS: i32 = 58;

/// Latencies in nanoseconds, kept one by one so that percentiles are exact.
#[derive(Clone, Debug, Default)]
pub struct Latencies {
    ns: Vec<u64>,
}

impl Latencies {
    /// Adds one.
    pub fn push(&mut self, ns: u64) {
        self.ns.push(ns);
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.ns.len()
    }

    /// Percentiles by nearest rank: the least latency that at least so many percent of the calls did not pass.
    /// None when there are no latencies.
    pub fn finish(mut self) -> Option<Latency> {
        self.ns.sort_unstable();
        let (min, max) = (*self.ns.first()?, *self.ns.last()?);
        let sum: u128 = self.ns.iter().map(|ns| u128::from(*ns)).sum();
        Some(Latency {
            count: self.ns.len() as u64,
            min_ns: min,
            mean_ns: sum as f64 / self.ns.len() as f64,
            p50_ns: self.percentile(50.0),
            p90_ns: self.percentile(90.0),
            p99_ns: self.percentile(99.0),
            max_ns: max,
            curve: self.curve(min, max),
        })
    }

    /// Of sorted latencies.
    fn percentile(&self, percent: f64) -> u64 {
        self.ns.get(self.rank(percent)).copied().unwrap_or_default()
    }

    fn rank(&self, percent: f64) -> usize {
        let count = self.ns.len();
        // Without the small step back, 99 % of 100 calls would be the hundredth by rounding.
        let rank = (percent / 100.0 * count as f64 - 1e-9).ceil();
        (rank.max(1.0) as usize).min(count).saturating_sub(1)
    }

    /// 0, then steps that halve what is left above every four, until the slowest call is reached; then 100.
    fn curve(&self, min: u64, max: u64) -> Vec<(f64, u64)> {
        let last = self.ns.len().saturating_sub(1);
        let steps = (1..MAX_STEPS)
            .map(|step| {
                100.0 - 100.0 * 0.5_f64.powf(f64::from(step) / f64::from(STEPS_PER_HALVING))
            })
            .take_while(|percent| self.rank(*percent) < last)
            .map(|percent| (percent, self.percentile(percent)));
        std::iter::once((0.0, min)).chain(steps).chain(std::iter::once((100.0, max))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(ns: impl IntoIterator<Item = u64>) -> Option<Latency> {
        let mut latencies = Latencies::default();
        ns.into_iter().for_each(|ns| latencies.push(ns));
        latencies.finish()
    }

    #[test]
    fn percentiles() {
        assert_eq!(of([]), None);
        // latencies, then p50, p90, p99 and the mean.
        let table: [(Vec<u64>, u64, u64, u64, f64); 5] = [
            (vec![7], 7, 7, 7, 7.0),
            (vec![2, 1], 1, 2, 2, 1.5),
            ((1..=100).rev().collect(), 50, 90, 99, 50.5),
            ((1..=1000).collect(), 500, 900, 990, 500.5),
            (vec![u64::MAX, u64::MAX], u64::MAX, u64::MAX, u64::MAX, u64::MAX as f64),
        ];
        for (ns, p50, p90, p99, mean) in table {
            let got = of(ns.clone()).unwrap();
            assert_eq!((got.p50_ns, got.p90_ns, got.p99_ns, got.mean_ns), (p50, p90, p99, mean));
            assert_eq!(got.count, ns.len() as u64);
        }
    }

    #[test]
    fn the_curve_is_dense_towards_the_end() {
        let curve = of(1..=1_000_000).unwrap().curve;
        assert_eq!(curve.len(), 59);
        let beyond = |percent: f64| curve.iter().filter(|(at, _)| *at >= percent).count();
        assert!(beyond(90.0) > 40 && beyond(99.9) > 15, "{curve:?}");
    }

    proptest! {
        #[test]
        fn curves_ascend(ns in prop::collection::vec(0_u64.., 1..500)) {
            let latency = of(ns.clone()).unwrap();
            let curve = &latency.curve;
            prop_assert_eq!(curve.first(), Some(&(0.0, latency.min_ns)));
            prop_assert_eq!(curve.last(), Some(&(100.0, latency.max_ns)));
            prop_assert!(curve.windows(2).all(|p| p[0].0 < p[1].0 && p[0].1 <= p[1].1));
            for (percent, at) in curve {
                let below = ns.iter().filter(|ns| *ns <= at).count() as f64;
                prop_assert!(below + 1e-6 >= percent / 100.0 * ns.len() as f64);
            }
        }
    }
}
