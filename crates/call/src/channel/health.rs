//! Watches the health of each instance (<https://github.com/grpc/grpc/blob/master/doc/health-checking.md>).

use super::{Driver, Shared};
use crate::attempts::{Pinned, pinned};
use crate::balance::{Healthy, Member};
use crate::client::Core;
use crate::drive::begin;
use crate::invoke::requests;
use futures_util::StreamExt;
use prost::Message;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::AbortHandle;
use tokio::time::sleep;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use wirelab_model::{CallEventKind, CallKind, CallSpec, Problem, ProblemKind, Status, StatusCode};

/// A watch that broke is begun again after this long, twice as long each time, up to the second.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LAST_WAIT: Duration = Duration::from_secs(30);

/// The watches of a channel; they end with it.
#[derive(Default)]
pub(super) struct Watches {
    running: Vec<(Arc<Member>, AbortHandle)>,
}

impl Watches {
    /// Begins to watch instances that are new and leaves those that are gone.
    pub fn follow(&mut self, driver: &Driver) {
        let Some(service) = &driver.shared.health else { return };
        let members = driver.shared.listing().members.clone();
        self.running.retain(|(member, task)| {
            let stays = members.iter().any(|new| Arc::ptr_eq(new, member));
            if !stays {
                task.abort();
            }
            stays
        });
        for member in members {
            if self.running.iter().any(|(known, _)| Arc::ptr_eq(known, &member)) {
                continue;
            }
            let watch = Watch {
                core: driver.core.clone(),
                shared: driver.shared.clone(),
                member: member.clone(),
                pinned: Pinned {
                    spec: spec(driver),
                    instance: member.instance.clone(),
                    keepalive: driver.keepalive,
                    tls: driver.tls,
                },
                service: service.clone(),
            };
            self.running.push((member, tokio::spawn(watch.run()).abort_handle()));
        }
    }
}

impl Drop for Watches {
    fn drop(&mut self) {
        for (_, task) in &self.running {
            task.abort();
        }
    }
}

fn spec(driver: &Driver) -> CallSpec {
    let mut endpoint = driver.endpoint.behind_bridge();
    // The messages here are Protobuf.
    endpoint.transport = endpoint.transport.as_protobuf();
    CallSpec {
        endpoint,
        method: "grpc.health.v1.Health/Watch".into(),
        kind: CallKind::ServerStream,
        ..CallSpec::default()
    }
}

struct Watch {
    core: Arc<Core>,
    shared: Arc<Shared>,
    member: Arc<Member>,
    pinned: Pinned,
    service: String,
}

impl Watch {
    async fn run(self) {
        let mut failures = 0_u32;
        loop {
            let (status, answered) = self.once().await;
            if status.code == StatusCode::Unimplemented as u32 {
                // It cannot be asked, which must not keep it from being called.
                self.set(Healthy::Unasked, None);
                return;
            }
            let why = match status.problem {
                Some(problem) => problem,
                None => Problem::new(ProblemKind::Interrupted, "the health watch ended"),
            };
            self.set(Healthy::No, Some(why));
            failures = if answered { 1 } else { failures.saturating_add(1) };
            let factor = 1_u32.checked_shl(failures - 1).unwrap_or(u32::MAX);
            sleep(FIRST_WAIT.saturating_mul(factor).min(LAST_WAIT)).await;
        }
    }

    /// Watches until the stream ends; says how, and whether there was any answer.
    async fn once(&self) -> (Status, bool) {
        let request = HealthCheckRequest { service: self.service.clone() }.encode_to_vec();
        let (core, call) = (self.core.clone(), self.pinned.clone());
        let course = |teller| pinned(core, call, requests([request]), teller);
        let mut events = begin(&self.core.standby, course);
        let mut answered = false;
        loop {
            let event = events.next().await;
            match event.map(|event| event.kind) {
                Some(CallEventKind::Received { message, .. }) => {
                    answered = true;
                    self.heard(HealthCheckResponse::decode(message.0).ok());
                }
                Some(CallEventKind::Finished { status, .. }) => return (status, answered),
                Some(_) => {}
                None => return (Status::default(), answered),
            }
        }
    }

    fn heard(&self, response: Option<HealthCheckResponse>) {
        match response.map(|response| response.status()) {
            Some(ServingStatus::Serving) => self.set(Healthy::Yes, None),
            other => {
                let says = other.map_or("what is no health status", |status| status.as_str_name());
                let service = match self.service.as_str() {
                    "" => "the server".to_owned(),
                    name => format!("`{name}`"),
                };
                let message = format!("its health service says {says} for {service}");
                self.set(Healthy::No, Some(Problem::new(ProblemKind::Status, message)));
            }
        }
    }

    fn set(&self, healthy: Healthy, problem: Option<Problem>) {
        self.member.set_healthy(healthy, problem);
        self.shared.announce();
    }
}
