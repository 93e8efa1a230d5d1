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
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use wirelab_call::Invoke;
use wirelab_model::{
    BenchPath, BenchSpec, BenchState, CallSpec, PathReport, Problem, ProblemKind, Transport,
};

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
    /// Counted calls, one entry a path in the order of the spec; `wire_bytes` is over calls that had a warm connection
    /// for themselves, none if none had.
    pub paths: Vec<PathReport>,
    /// Why it could not go on, or the first error met.
    pub first_error: Option<Problem>,
    /// The response messages of one successful call.
    pub responses: Vec<Bytes>,
}

/// Makes `spec.calls` calls each way, `spec.in_flight` at once and the ways in turn, after `spec.warm_up` each that are
/// not counted; each sends `requests`. `progress` is told how many counted calls are done and how many of them failed.
///
/// Cancelling ends the calls under way, which are not counted, and keeps what was measured. A problem on this
/// side (a bad address, nobody there, not gRPC) before any call succeeded ends the calls of its path; when it does so for
/// all the run ends as `Failed`, as does a spec out of bounds.
pub async fn run(
    invoke: Arc<dyn Invoke>,
    spec: &BenchSpec,
    requests: Vec<Bytes>,
    mut progress: impl FnMut(u32, u32) + Send,
    cancel: CancellationToken,
) -> Measured {
    let paths = paths(spec);
    let mut tally = Tally::new(&requests, &paths);
    if let Some(problem) = out_of_bounds(spec) {
        return tally.measured(BenchState::Failed, Duration::ZERO, Some(problem));
    }
    let dead = paths.iter().map(|_| AtomicBool::new(false)).collect();
    let caller = Caller { invoke, spec, paths, dead, requests, cancel: cancel.child_token() };
    // Calls still under way when the run ends are cancelled with it.
    let _guard = caller.cancel.clone().drop_guard();

    let alone = spec.warm_up.min(ALONE);
    for (calls, in_flight) in [(alone, 1), (spec.warm_up - alone, spec.in_flight)] {
        let mut samples = caller.samples(calls, in_flight);
        while let Some((path, sample)) = next(&mut samples, &cancel).await {
            if let Some(problem) = tally.warm_up(path, sample)
                && caller.ends(path)
            {
                return tally.measured(BenchState::Failed, Duration::ZERO, Some(problem));
            }
        }
    }

    let started = Instant::now();
    let mut told = None::<Instant>;
    let mut samples = caller.samples(spec.calls, spec.in_flight);
    while let Some((path, sample)) = next(&mut samples, &cancel).await {
        let failure = tally.count(path, sample);
        let fatal = failure.filter(|_| caller.ends(path));
        let (done, errors) = tally.progress();
        let due = told.is_none_or(|at| at.elapsed() >= PROGRESS_INTERVAL);
        if due || fatal.is_some() || done == caller.total() {
            told = Some(Instant::now());
            progress(done, errors);
        }
        if let Some(problem) = fatal {
            return tally.measured(BenchState::Failed, started.elapsed(), Some(problem));
        }
    }
    let elapsed = started.elapsed();
    let (done, errors) = tally.progress();
    if !cancel.is_cancelled() || done == caller.total() {
        if done != caller.total() {
            progress(done, errors);
        }
        return tally.measured(BenchState::Finished, elapsed, None);
    }
    progress(done, errors);
    tally.measured(BenchState::Cancelled, elapsed, None)
}

/// The paths of a run: gRPC where none is named.
fn paths(spec: &BenchSpec) -> Vec<BenchPath> {
    match spec.paths.is_empty() {
        true => vec![BenchPath::GrpcProtobuf],
        false => spec.paths.clone(),
    }
}

/// The call as a path makes it; what is said of no path stays as it is.
fn by(path: BenchPath, spec: &BenchSpec) -> CallSpec {
    let mut call = spec.call.clone();
    if !spec.paths.is_empty() {
        call.endpoint.transport = match path {
            BenchPath::GrpcProtobuf | BenchPath::JsonText => Transport::Grpc,
            BenchPath::GrpcWebProtobuf => Transport::GrpcWeb,
            BenchPath::RestJson => Transport::Rest,
            BenchPath::WebSocketJson => Transport::WebSocket,
        };
        call.endpoint.bridged = path != BenchPath::GrpcProtobuf;
    }
    call
}

/// The next call that ended, none when all have or the run is cancelled.
async fn next(
    samples: &mut (impl Stream<Item = (usize, Sample)> + Unpin),
    cancel: &CancellationToken,
) -> Option<(usize, Sample)> {
    // Calls that had ended by then are measured, those under way are not.
    tokio::select! {
        biased;
        sample = samples.next() => {
            sample.filter(|(_, sample)| !sample.cancelled || !cancel.is_cancelled())
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
    paths: Vec<BenchPath>,
    /// The paths that are called no longer: no call by them can be expected to succeed.
    dead: Vec<AtomicBool>,
    requests: Vec<Bytes>,
    cancel: CancellationToken,
}

impl Caller<'_> {
    /// Calls that are to be counted.
    fn total(&self) -> u32 {
        let paths = u32::try_from(self.paths.len()).unwrap_or(u32::MAX);
        self.spec.calls.saturating_mul(paths)
    }

    /// Makes no more calls by a path; whether it was the last.
    fn ends(&self, path: usize) -> bool {
        self.dead.iter().skip(path).take(1).for_each(|dead| dead.store(true, Relaxed));
        self.dead.iter().all(|dead| dead.load(Relaxed))
    }

    /// A closed loop: a new call begins when one ends. So many calls each way, in turn.
    fn samples(&self, calls: u32, in_flight: u32) -> impl Stream<Item = (usize, Sample)> + Unpin {
        let turns = (0..calls).flat_map(|_| self.paths.iter().copied().enumerate());
        Box::pin(
            stream::iter(turns)
                .map(|(at, path)| self.turn(at, path))
                .buffer_unordered(usize::try_from(in_flight).unwrap_or(1))
                .filter_map(std::future::ready),
        )
    }

    /// One call; none by a path that is called no longer.
    async fn turn(&self, at: usize, path: BenchPath) -> Option<(usize, Sample)> {
        if self.dead.get(at)?.load(Relaxed) {
            return None;
        }
        let requests = wirelab_call::requests(self.requests.clone());
        let events = self.invoke.invoke(by(path, self.spec), requests, self.cancel.clone());
        // On a task of its own: whoever reads a call's events drives it, and calls in flight must not wait for each other.
        let reading = AbortOnDropHandle::new(tokio::spawn(Sample::of(path, events)));
        // Only a runtime that ends takes it away.
        Some((at, reading.await.ok()?))
    }
}
