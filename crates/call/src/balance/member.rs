//! One instance as calls see it: how busy it is, how it fared, whether it may be called.

use super::Breaker;
use crate::resolve::Instance;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;
use wirelab_model::{InstanceInfo, InstanceState, Problem, ProblemKind, Status, StatusCode};

/// An instance and what is known of it.
pub(crate) struct Member {
    pub instance: Instance,
    /// Whether failures eject it.
    ejects: AtomicBool,
    active: AtomicU64,
    calls: AtomicU64,
    condition: Mutex<Condition>,
}

#[derive(Default)]
struct Condition {
    breaker: Breaker,
    healthy: Healthy,
    problem: Option<Problem>,
    rtt_ns: Option<u64>,
}

/// What an instance's health service says of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Healthy {
    /// It is not asked, or has no such service.
    #[default]
    Unasked,
    /// It was asked and has not answered yet.
    Unknown,
    /// SERVING.
    Yes,
    /// Anything else, or it cannot be reached.
    No,
}

impl Member {
    /// One that nobody has called.
    pub fn new(instance: Instance, healthy: Healthy) -> Member {
        Member {
            instance,
            ejects: AtomicBool::new(false),
            active: AtomicU64::new(0),
            calls: AtomicU64::new(0),
            condition: Mutex::new(Condition { healthy, ..Condition::default() }),
        }
    }

    fn condition(&self) -> MutexGuard<'_, Condition> {
        self.condition.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether failures eject it from now on.
    pub fn set_ejects(&self, ejects: bool) {
        self.ejects.store(ejects, SeqCst);
    }

    /// Calls under way.
    pub fn active(&self) -> u64 {
        self.active.load(SeqCst)
    }

    /// What its health service says.
    pub fn healthy(&self) -> Healthy {
        self.condition().healthy
    }

    /// Takes what its health service says, with the reason where that is not good.
    pub fn set_healthy(&self, healthy: Healthy, problem: Option<Problem>) {
        let mut condition = self.condition();
        condition.healthy = healthy;
        if healthy == Healthy::No {
            condition.problem = problem;
        }
    }

    /// Takes the round trip of a ping.
    pub fn set_rtt(&self, rtt_ns: u64) {
        self.condition().rtt_ns = Some(rtt_ns);
    }

    /// Whether the breaker lets a call go there now.
    pub fn admits(&self, now: Instant) -> bool {
        self.condition().breaker.admits(now)
    }

    /// When its ejection ends.
    pub fn ejected_until(&self) -> Option<Instant> {
        self.condition().breaker.until()
    }

    /// A call goes there.
    pub fn assign(self: &Arc<Self>) -> Assignment {
        self.active.fetch_add(1, SeqCst);
        self.calls.fetch_add(1, SeqCst);
        self.condition().breaker.begin();
        Assignment { member: self.clone(), settled: false, deadline: None }
    }

    /// How it stands; `connection` says what its connections are when nothing else matters more.
    pub fn info(&self, connection: InstanceState) -> InstanceInfo {
        let condition = self.condition();
        let failures = condition.breaker.failures();
        let state = if condition.healthy == Healthy::No {
            InstanceState::Unhealthy
        } else if let Some(shown) = condition.breaker.shown(Instant::now()) {
            shown
        } else if connection == InstanceState::Idle && failures > 0 {
            InstanceState::Failed
        } else {
            connection
        };
        InstanceInfo {
            address: self.instance.place.to_string(),
            weight: self.instance.weight,
            state,
            active: self.active(),
            calls: self.calls.load(SeqCst),
            failures,
            rtt_ns: condition.rtt_ns,
            problem: condition.problem.clone(),
        }
    }
}

/// A call that goes to an instance; it counts as under way until this is dropped.
pub(crate) struct Assignment {
    pub member: Arc<Member>,
    settled: bool,
    deadline: Option<Instant>,
}

impl Assignment {
    /// When the call gives up: an instance that has said nothing until then has failed.
    pub fn until(&mut self, deadline: Option<Instant>) {
        self.deadline = deadline;
    }

    /// The instance answered.
    pub fn succeeded(&mut self) {
        if !std::mem::replace(&mut self.settled, true) {
            let mut condition = self.member.condition();
            condition.breaker.succeeded();
            condition.problem = None;
        }
    }

    /// The instance failed.
    pub fn failed(&mut self, status: &Status) {
        if !std::mem::replace(&mut self.settled, true) {
            let problem = status.problem.clone();
            let text = || Problem::new(ProblemKind::Status, status.name());
            self.note(problem.unwrap_or_else(text));
        }
    }

    /// Tells success from failure by how the call ended.
    pub fn settle(&mut self, status: &Status) {
        if is_at_fault(status) { self.failed(status) } else { self.succeeded() }
    }

    fn note(&self, problem: Problem) {
        let mut condition = self.member.condition();
        condition.problem = Some(problem);
        if self.member.ejects.load(SeqCst) {
            condition.breaker.failed(Instant::now(), fastrand::f64());
        } else {
            condition.breaker.noted();
        }
    }
}

impl Drop for Assignment {
    fn drop(&mut self) {
        self.member.active.fetch_sub(1, SeqCst);
        if self.settled {
            return;
        }
        let now = Instant::now();
        if self.deadline.is_some_and(|deadline| now >= deadline) {
            self.note(Problem::new(ProblemKind::Deadline, "no answer within the call's deadline"));
        } else {
            self.member.condition().breaker.abandoned(now);
        }
    }
}

/// Whether a status speaks against the instance rather than the request.
fn is_at_fault(status: &Status) -> bool {
    use ProblemKind::{Interrupted, NotGrpc, Tls, Unreachable};
    status.code == StatusCode::Unavailable as u32
        || status.problem.as_ref().is_some_and(|problem| {
            matches!(problem.kind, Interrupted | NotGrpc | Tls | Unreachable)
        })
}
