//! Makes the same call many times and measures it.
//!
//! Owns the closed loop, the counting and the percentiles. Knows neither Protobuf nor where reports go: messages
//! are bytes, and calls are made by any [`Invoke`].
//!
//! Latency is what the engine's clock says from a call's begin to its end; time that this loop takes to start
//! the next call is not in it.

mod latency;
mod sample;

pub use latency::Latencies;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use sample::{Sample, Tally};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use wirelab_call::Invoke;
use wirelab_model::{BenchSpec, BenchState, PathReport, Problem, ProblemKind};

/// The most calls of a run.
pub const MAX_CALLS: u32 = 1_000_000;
/// The most calls in flight at once.
pub const MAX_IN_FLIGHT: u32 = 1_024;
/// Progress is told at most this often; the last always.
pub const PROGRESS_INTERVAL: Duration = Duration::from_millis(50);

/// This many warm-up calls are made one by one, so that bytes on a warm connection are seen for one call alone.
const ALONE: u32 = 2;

/// What was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// How it ended.
    pub state: BenchState,
    /// Nanoseconds that the counted calls took together.
    pub elapsed_ns: u64,
    /// Counted calls; `wire_bytes` is over calls that had a warm connection for themselves, none if none had.
    pub path: PathReport,
    /// Why it could not go on, or the first error met.
    pub first_error: Option<Problem>,
    /// The response messages of one successful call.
    pub responses: Vec<Bytes>,
}

/// Makes `spec.calls` calls, `spec.in_flight` at once, after `spec.warm_up` that are not counted; each sends
/// `requests`. `progress` is told how many counted calls are done and how many of them failed.
///
/// Cancelling ends the calls under way, which are not counted, and keeps what was measured. A problem on this
/// side (a bad address, nobody there, not gRPC) before any call succeeded ends the run as `Failed`, as does a
/// spec out of bounds.
pub async fn run(
    invoke: Arc<dyn Invoke>,
    spec: &BenchSpec,
    requests: Vec<Bytes>,
    mut progress: impl FnMut(u32, u32) + Send,
    cancel: CancellationToken,
) -> Measured {
    let mut tally = Tally::new(&requests);
    if let Some(problem) = out_of_bounds(spec) {
        return tally.measured(BenchState::Failed, Duration::ZERO, Some(problem));
    }
    let caller = Caller { invoke, spec, requests, cancel: cancel.child_token() };
    // Calls still under way when the run ends are cancelled with it.
    let _guard = caller.cancel.clone().drop_guard();

    let alone = spec.warm_up.min(ALONE);
    for (calls, in_flight) in [(alone, 1), (spec.warm_up - alone, spec.in_flight)] {
        let mut samples = caller.samples(calls, in_flight);
        while let Some(sample) = next(&mut samples, &cancel).await {
            if let Some(problem) = tally.warm_up(sample) {
                return tally.measured(BenchState::Failed, Duration::ZERO, Some(problem));
            }
        }
    }

    let started = Instant::now();
    let mut told = None::<Instant>;
    let mut samples = caller.samples(spec.calls, spec.in_flight);
    while let Some(sample) = next(&mut samples, &cancel).await {
        let fatal = tally.count(sample);
        let (done, errors) = tally.progress();
        let due = told.is_none_or(|at| at.elapsed() >= PROGRESS_INTERVAL);
        if due || fatal.is_some() || done == spec.calls {
            told = Some(Instant::now());
            progress(done, errors);
        }
        if let Some(problem) = fatal {
            return tally.measured(BenchState::Failed, started.elapsed(), Some(problem));
        }
    }
    let elapsed = started.elapsed();
    let (done, errors) = tally.progress();
    if done == spec.calls {
        return tally.measured(BenchState::Finished, elapsed, None);
    }
    progress(done, errors);
    tally.measured(BenchState::Cancelled, elapsed, None)
}

/// The next call that ended, none when all have or the run is cancelled.
async fn next(
    samples: &mut (impl Stream<Item = Sample> + Unpin),
    cancel: &CancellationToken,
) -> Option<Sample> {
    // Calls that had ended by then are measured, those under way are not.
    tokio::select! {
        biased;
        sample = samples.next() => {
            sample.filter(|sample| !sample.cancelled || !cancel.is_cancelled())
        }
        () = cancel.cancelled() => None,
    }
}

fn out_of_bounds(spec: &BenchSpec) -> Option<Problem> {
    let problem = |name: &str, value: u32, least: u32, most: u32| {
        if (least..=most).contains(&value) {
            return None;
        }
        let kind = if value > most { ProblemKind::TooLarge } else { ProblemKind::Mismatch };
        let message = format!("`{name}` is {value}, but must be from {least} to {most}");
        Some(Problem::new(kind, message).at(name).help("choose a number in this range"))
    };
    problem("calls", spec.calls, 1, MAX_CALLS)
        .or_else(|| problem("in_flight", spec.in_flight, 1, MAX_IN_FLIGHT))
        .or_else(|| problem("warm_up", spec.warm_up, 0, MAX_CALLS))
}

struct Caller<'a> {
    invoke: Arc<dyn Invoke>,
    spec: &'a BenchSpec,
    requests: Vec<Bytes>,
    cancel: CancellationToken,
}

impl Caller<'_> {
    /// A closed loop: a new call begins when one ends.
    fn samples(&self, calls: u32, in_flight: u32) -> impl Stream<Item = Sample> + Unpin {
        let calls = (0..calls).map(move |_| {
            let requests = wirelab_call::requests(self.requests.clone());
            (requests, self.spec.call.clone())
        });
        let begin = |(requests, spec)| {
            // The call begins here, when the loop takes it, not before.
            Sample::of(self.invoke.invoke(spec, requests, self.cancel.clone()))
        };
        Box::pin(
            stream::iter(calls)
                .map(begin)
                .buffer_unordered(usize::try_from(in_flight).unwrap_or(1)),
        )
    }
}
