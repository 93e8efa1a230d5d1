//! Times one conversion, sample by sample.

use std::time::{Duration, Instant};

/// A sample times a run of conversions that takes at least this long, so that reading the clock (some tens of
/// nanoseconds) does not show.
const SAMPLE: Duration = Duration::from_micros(5);

/// A sample is at most this many conversions.
const MAX_BATCH: u32 = 64;

/// A conversion that is timed.
pub(super) struct Contender<F> {
    run: F,
    batch: u32,
    /// Of a conversion that took so long when it was tried that once has to do.
    tried: Option<f64>,
    nanoseconds: Vec<f64>,
}

impl<F: FnMut()> Contender<F> {
    /// Warms up and finds how many conversions make a sample. One that takes as long as the whole `budget` is not
    /// run again: that run is its first sample.
    pub fn new(budget: Duration, mut run: F) -> Self {
        let mut once = time(&mut run);
        let tried = (once >= budget).then_some(once.as_nanos() as f64);
        if tried.is_none() {
            once = time(&mut run);
        }
        let batch = SAMPLE.as_nanos().div_ceil(once.as_nanos().max(1));
        let batch = u32::try_from(batch).unwrap_or(MAX_BATCH).clamp(1, MAX_BATCH);
        Contender { run, batch, tried, nanoseconds: Vec::new() }
    }

    pub fn sample(&mut self) {
        if let Some(tried) = self.tried.take() {
            return self.nanoseconds.push(tried);
        }
        let took = time(|| (0..self.batch).for_each(|_| (self.run)()));
        self.nanoseconds.push(took.as_nanos() as f64 / f64::from(self.batch));
    }

    pub fn median(&mut self) -> f64 {
        self.nanoseconds.sort_by(f64::total_cmp);
        let middle = self.nanoseconds.len() / 2;
        self.nanoseconds.get(middle).copied().unwrap_or_default()
    }
}

fn time(mut run: impl FnMut()) -> Duration {
    let begin = Instant::now();
    run();
    begin.elapsed()
}
