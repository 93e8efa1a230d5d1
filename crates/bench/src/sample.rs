//! One call measured, and the sum of them.

use crate::Measured;
use crate::latency::Latencies;
use bytes::Bytes;
use futures_util::StreamExt;
use std::time::Duration;
use wirelab_call::Events;
use wirelab_model::{
    BenchPath, BenchState, CallEventKind, PathReport, Problem, ProblemKind, Status, StatusCode,
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
    /// Bytes on a warm connection that no other call used meanwhile.
    pub wire: Option<u64>,
    /// Payload bytes.
    pub response_bytes: u64,
    pub responses: Vec<Bytes>,
}

impl Sample {
    /// Reads a call to its end.
    pub async fn of(mut events: Events) -> Sample {
        let mut sample = Sample::default();
        let mut warm = false;
        while let Some(event) = events.next().await {
            match event.kind {
                CallEventKind::Reused { .. } => warm = true,
                CallEventKind::Received { message, .. } => {
                    sample.response_bytes += message.len() as u64;
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

/// The sum of the calls.
pub(crate) struct Tally {
    latencies: Latencies,
    errors: u32,
    first_error: Option<Problem>,
    request_bytes: u64,
    response_bytes: u64,
    responses: Option<Vec<Bytes>>,
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
    pub fn new(requests: &[Bytes]) -> Tally {
        Tally {
            latencies: Latencies::default(),
            errors: 0,
            first_error: None,
            request_bytes: requests.iter().map(|message| message.len() as u64).sum(),
            response_bytes: 0,
            responses: None,
            wire: Mean::default(),
            warm_up_wire: Mean::default(),
        }
    }

    /// Takes a call that is not counted; gives the problem that ends the run.
    pub fn warm_up(&mut self, sample: Sample) -> Option<Problem> {
        match sample.problem {
            Some(problem) => self.is_fatal(&problem).then_some(problem),
            None => {
                self.warm_up_wire.add(sample.wire);
                self.responses.get_or_insert(sample.responses);
                None
            }
        }
    }

    /// Takes a call that is counted; gives the problem that ends the run.
    pub fn count(&mut self, sample: Sample) -> Option<Problem> {
        match sample.problem {
            Some(problem) => {
                self.errors += 1;
                let fatal = self.is_fatal(&problem);
                self.first_error.get_or_insert_with(|| problem.clone());
                fatal.then_some(problem)
            }
            None => {
                self.latencies.push(sample.ns);
                self.response_bytes = self.response_bytes.saturating_add(sample.response_bytes);
                self.wire.add(sample.wire);
                self.responses.get_or_insert(sample.responses);
                None
            }
        }
    }

    /// Whether no call can be expected to succeed: it failed on this side, and none succeeded before.
    fn is_fatal(&self, problem: &Problem) -> bool {
        let passing = matches!(
            problem.kind,
            ProblemKind::Status
                | ProblemKind::Deadline
                | ProblemKind::Cancelled
                | ProblemKind::Interrupted
        );
        !passing && self.responses.is_none()
    }

    /// Counted calls and those of them that failed.
    pub fn progress(&self) -> (u32, u32) {
        let succeeded = u32::try_from(self.latencies.count()).unwrap_or(u32::MAX);
        (succeeded.saturating_add(self.errors), self.errors)
    }

    /// The result; `problem` is why the run could not go on.
    pub fn measured(
        self,
        state: BenchState,
        elapsed: Duration,
        problem: Option<Problem>,
    ) -> Measured {
        let (calls, errors) = self.progress();
        let succeeded = self.latencies.count();
        Measured {
            state,
            elapsed_ns: u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX),
            path: PathReport {
                path: BenchPath::GrpcProtobuf,
                calls,
                errors,
                latency: self.latencies.finish(),
                request_bytes: self.request_bytes as f64,
                response_bytes: match succeeded {
                    0 => 0.0,
                    count => self.response_bytes as f64 / count as f64,
                },
                wire_bytes: self.wire.get().or(self.warm_up_wire.get()),
            },
            first_error: problem.or(self.first_error),
            responses: self.responses.unwrap_or_default(),
        }
    }
}
