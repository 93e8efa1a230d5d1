//! The health of a server, as `grpc.health.v1` tells it
//! (<https://github.com/grpc/grpc/blob/master/doc/health-checking.md>).

use crate::invoke::{Invoke, requests};
use crate::transport::without_json;
use futures_util::StreamExt;
use prost::Message;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use wirelab_model::{CallEventKind, CallSpec, Endpoint, Health, Problem, ProblemKind, Status};

/// How long a server is waited for.
pub const HEALTH_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) async fn health(client: &impl Invoke, endpoint: &Endpoint) -> Health {
    let spec = CallSpec {
        endpoint: without_json(endpoint),
        method: "grpc.health.v1.Health/Check".into(),
        deadline_ms: u64::try_from(HEALTH_TIMEOUT.as_millis()).ok(),
        ..CallSpec::default()
    };
    // The empty service name asks for the server as a whole.
    let request = HealthCheckRequest { service: String::new() }.encode_to_vec();
    let mut events = client.invoke(spec, requests([request]), CancellationToken::new());
    let mut serving = None;
    let mut end = Status::default();
    while let Some(event) = events.next().await {
        match event.kind {
            CallEventKind::Received { message, .. } => {
                let response = HealthCheckResponse::decode(message.0).ok();
                serving = response.map(|response| response.status());
            }
            CallEventKind::Finished { status, .. } => end = status,
            _ => {}
        }
    }
    match (serving, end.problem) {
        (Some(ServingStatus::Serving), None) => Health::Serving,
        (Some(_), None) => Health::NotServing,
        (None, None) => Health::Up,
        // A status that the server made: it speaks gRPC, if not of health.
        (_, Some(problem)) if problem.kind == ProblemKind::Status => Health::Up,
        (_, Some(problem)) => Health::Down(late(problem)),
    }
}

fn late(problem: Problem) -> Problem {
    match problem.kind {
        ProblemKind::Deadline => Problem {
            message: format!("no answer within {} s", HEALTH_TIMEOUT.as_secs()),
            help: Some("the server hangs, or something on the way does".into()),
            ..problem
        },
        _ => problem,
    }
}
