//! Takes turns and times them.

use crate::contenders::Contender;
use cpu_time::ThreadTime;
use std::time::Duration;

/// A turn: long against the clock's own cost, short against what disturbs a busy machine.
const SLICE: Duration = Duration::from_millis(2);

/// Enough for a median.
const LEAST_ROUNDS: usize = 15;

/// The times of all turns, nanoseconds for one conversion.
pub struct Rounds {
    /// One list a round, in the order of the contenders.
    rounds: Vec<Vec<f64>>,
}

impl Rounds {
    /// For each contender its times.
    pub fn times(&self) -> impl Iterator<Item = Vec<f64>> {
        let contenders = self.rounds.first().map_or(0, Vec::len);
        (0..contenders).map(|index| self.rounds.iter().map(|round| round[index]).collect())
    }

    /// For each contender the median over the rounds of its time by the first one's in that round.
    pub fn ratios_to_first(&self) -> impl Iterator<Item = f64> {
        let contenders = self.rounds.first().map_or(0, Vec::len);
        (0..contenders)
            .map(|index| median(self.rounds.iter().map(|round| round[index] / round[0]).collect()))
    }
}

/// Lets each contender have its turn, beginning with another one in each round, until `budget` of CPU time is spent.
pub fn rotate(contenders: &mut [Contender<'_>], budget: Duration) -> Rounds {
    let repetitions: Vec<u32> = contenders.iter_mut().map(calibrate).collect();
    let mut rounds = Vec::new();
    let start = ThreadTime::now();
    while start.elapsed() < budget || rounds.len() < LEAST_ROUNDS {
        let mut times = vec![0.0; contenders.len()];
        for turn in 0..contenders.len() {
            let index = (turn + rounds.len()) % contenders.len();
            let taken = time(&mut contenders[index], repetitions[index]);
            times[index] = taken.as_nanos() as f64 / f64::from(repetitions[index]);
        }
        rounds.push(times);
    }
    Rounds { rounds }
}

/// How often it runs in one slice; warms it up, too.
fn calibrate(contender: &mut Contender<'_>) -> u32 {
    let mut repetitions = 1;
    loop {
        let taken = time(contender, repetitions);
        if taken >= SLICE {
            let fitting = f64::from(repetitions) * SLICE.as_secs_f64() / taken.as_secs_f64();
            return (fitting as u32).max(1);
        }
        repetitions *= 2;
    }
}

fn time(contender: &mut Contender<'_>, repetitions: u32) -> Duration {
    let start = ThreadTime::now();
    for _ in 0..repetitions {
        contender.run();
    }
    start.elapsed()
}

/// The middle value; of none, NaN.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
