//! One call measured, and the sum of them.

use crate::Measured;
use crate::latency::Latencies;
use bytes::Bytes;
use futures_util::StreamExt;
use std::time::Duration;
use wirelab_call::Events;
use wirelab_model::{
    BenchPath, BenchState, Blob, CallEventKind, PathReport, Problem, ProblemKind, Status,
    StatusCode,
};

/// One call that is over.
#[derive(Debug, Default)]
pub(crate) struct Sample {
    /// From begin to end.
    pub ns: u64,
    /// Why it failed, if it did.
    pub problem: Option<Problem>,
    /// Whether this side cancelled it.
    pub cancelled: bool,
    /// Bytes on a warm connection that no other call used meanwhile; of a call by WebSocket those of its own connection.
    pub wire: Option<u64>,
    /// Payload bytes as they travelled: of JSON those of its text.
    pub request_bytes: u64,
    pub response_bytes: u64,
    pub responses: Vec<Bytes>,
}

impl Sample {
    /// Reads a call to its end.
    pub async fn of(path: BenchPath, mut events: Events) -> Sample {
        let json = matches!(path, BenchPath::RestJson | BenchPath::WebSocketJson);
        let size = |message: &Blob, travelled: Option<u64>| match travelled {
            Some(travelled) if json => travelled,
            _ => message.len() as u64,
        };
        let mut sample = Sample::default();
        // Every call by WebSocket has a connection of its own, whose handshake is a part of it.
        let mut warm = path == BenchPath::WebSocketJson;
        while let Some(event) = events.next().await {
            match event.kind {
                CallEventKind::Reused { .. } => warm = true,
                CallEventKind::Sent { message, compressed } => {
                    sample.request_bytes += size(&message, compressed);
                }
                CallEventKind::Received { message, compressed } => {
                    sample.response_bytes += size(&message, compressed);
                    sample.responses.push(message.0);
                }
                CallEventKind::Finished { status, wire } => {
                    sample.ns = event.at_ns;
                    sample.wire = wire
                        .filter(|wire| warm && !wire.shared)
                        .map(|wire| wire.sent.saturating_add(wire.received));
                    sample.cancelled = status.code == StatusCode::Cancelled as u32;
                    sample.problem = (!status.is_ok()).then(|| problem(status));
                }
                _ => {}
            }
        }
        sample
    }
}

fn problem(status: Status) -> Problem {
    let message = match status.message.as_str() {
        "" => status.name(),
        message => format!("{}: {message}", status.name()),
    };
    let code = status.code;
    status.problem.unwrap_or_else(|| Problem::new(ProblemKind::Status, message).grpc(code))
}

/// The sums of the calls.
pub(crate) struct Tally {
    paths: Vec<Sum>,
    first_error: Option<Problem>,
    responses: Option<Vec<Bytes>>,
}

/// The sum of the calls of one path.
struct Sum {
    path: BenchPath,
    latencies: Latencies,
    succeeded: bool,
    errors: u32,
    /// What every call sends as Protobuf, and what those that succeeded sent as JSON.
    request_bytes: u64,
    sent: Mean,
    response_bytes: u64,
    wire: Mean,
    warm_up_wire: Mean,
}

#[derive(Clone, Copy, Default)]
struct Mean {
    sum: u64,
    count: u64,
}

impl Mean {
    fn add(&mut self, value: Option<u64>) {
        if let Some(value) = value {
            self.sum = self.sum.saturating_add(value);
            self.count += 1;
        }
    }

    fn get(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }
}

impl Tally {
    pub fn new(requests: &[Bytes], paths: &[BenchPath]) -> Tally {
        let sum = |path: &BenchPath| Sum {
            path: *path,
            latencies: Latencies::default(),
            succeeded: false,
            errors: 0,
            request_bytes: requests.iter().map(|message| message.len() as u64).sum(),
            sent: Mean::default(),
            response_bytes: 0,
            wire: Mean::default(),
            warm_up_wire: Mean::default(),
        };
        Tally { paths: paths.iter().map(sum).collect(), first_error: None, responses: None }
    }

    /// Takes a call that is not counted; gives the problem that ends its path.
    pub fn warm_up(&mut self, path: usize, sample: Sample) -> Option<Problem> {
        let sum = self.paths.get_mut(path)?;
        match sample.problem {
            Some(problem) => sum.is_fatal(&problem).then(|| {
                self.first_error.get_or_insert_with(|| problem.clone());
                problem
            }),
            None => {
                sum.succeeded = true;
                sum.warm_up_wire.add(sample.wire);
                self.responses.get_or_insert(sample.responses);
                None
            }
        }
    }

    /// Takes a call that is counted; gives the problem that ends its path.
    pub fn count(&mut self, path: usize, sample: Sample) -> Option<Problem> {
        let sum = self.paths.get_mut(path)?;
        match sample.problem {
            Some(problem) => {
                sum.errors += 1;
                let fatal = sum.is_fatal(&problem);
                self.first_error.get_or_insert_with(|| problem.clone());
                fatal.then_some(problem)
            }
            None => {
                sum.succeeded = true;
                sum.latencies.push(sample.ns);
                sum.sent.add(Some(sample.request_bytes));
                sum.response_bytes = sum.response_bytes.saturating_add(sample.response_bytes);
                sum.wire.add(sample.wire);
                self.responses.get_or_insert(sample.responses);
                None
            }
        }
    }

    /// Counted calls and those of them that failed.
    pub fn progress(&self) -> (u32, u32) {
        self.paths.iter().map(Sum::progress).fold((0, 0), |(done, failed), (calls, errors)| {
            (done.saturating_add(calls), failed.saturating_add(errors))
        })
    }

    /// The result; `problem` is why the run could not go on.
    pub fn measured(
        self,
        state: BenchState,
        elapsed: Duration,
        problem: Option<Problem>,
    ) -> Measured {
        Measured {
            state,
            elapsed_ns: u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX),
            paths: self.paths.into_iter().map(Sum::report).collect(),
            first_error: problem.or(self.first_error),
            responses: self.responses.unwrap_or_default(),
        }
    }
}

impl Sum {
    /// Whether no call can be expected to succeed: it failed on this side, and none succeeded before.
    fn is_fatal(&self, problem: &Problem) -> bool {
        let passing = matches!(
            problem.kind,
            ProblemKind::Status
                | ProblemKind::Deadline
                | ProblemKind::Cancelled
                | ProblemKind::Interrupted
        );
        !passing && !self.succeeded
    }

    fn progress(&self) -> (u32, u32) {
        let succeeded = u32::try_from(self.latencies.count()).unwrap_or(u32::MAX);
        (succeeded.saturating_add(self.errors), self.errors)
    }

    fn report(self) -> PathReport {
        let (calls, errors) = self.progress();
        let succeeded = self.latencies.count();
        let json = matches!(self.path, BenchPath::RestJson | BenchPath::WebSocketJson);
        PathReport {
            path: self.path,
            calls,
            errors,
            latency: self.latencies.finish(),
            request_bytes: match self.sent.get() {
                Some(sent) if json => sent,
                _ => self.request_bytes as f64,
            },
            response_bytes: match succeeded {
                0 => 0.0,
                count => self.response_bytes as f64 / count as f64,
            },
            wire_bytes: self.wire.get().or(self.warm_up_wire.get()),
        }
    }
}
