//! Drives one call: picks an instance, makes an attempt there, and another one where that is allowed; tells its
//! events.

use crate::balance::{Assignment, Member};
use crate::channel::{Channel, HEALTH_WAIT, Listing, Pick, Picked};
use crate::client::{Client, Core};
use crate::connect::{READY_MAX_WAIT, Way};
use crate::exchange::{self, exchange};
use crate::explain::{self, Failure};
use crate::invoke::Requests;
use crate::plan::Plan;
use crate::pool::{Lease, Taking};
use crate::queue::Teller;
use crate::replay::Replay;
use crate::resolve::{Instance, Place};
use crate::retry::Retries;
use crate::tls::Trust;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use wirelab_model::{
    Attempt, CallEventKind, CallSpec, Problem, RetryPolicy, Status, StatusCode, WireBytes,
};

/// Makes the call and ends it with exactly one `Finished`, unless nobody reads any more.
pub(crate) async fn call(
    client: Client,
    mut spec: CallSpec,
    requests: Requests,
    cancel: CancellationToken,
    mut teller: Teller,
) {
    let finish = |teller: &Teller, status: Failure, wire| {
        teller.tell(CallEventKind::Finished { status: *status, wire });
    };
    let prepared = prepare(&client, &mut spec).await;
    let Prepared { channel, plan, trust } = match prepared {
        Ok(prepared) => prepared,
        Err(failure) => return finish(&teller, failure, None),
    };
    let started = teller.start();
    let mut meter = Meter::default();
    let status = {
        let course = Course {
            core: &client.inner.core,
            channel: &channel,
            plan: &plan,
            trust: &trust,
            spec: &spec,
            started,
            teller: &teller,
        };
        // In place: it is large.
        let mut attempts = pin!(course.run(requests, &mut meter));
        tokio::select! {
            biased;
            () = cancel.cancelled() => explain::cancelled(),
            deadline = over(plan.deadline) => explain::deadline(deadline, teller.progress()),
            status = &mut attempts => late(status, &plan, started, &teller),
        }
    };
    finish(&teller, status, meter.total());
}

/// Waits until the time is over, and says how long it was; for ever where there is no deadline.
async fn over(deadline: Option<Duration>) -> Duration {
    match deadline {
        // Far deadlines are none: the timer saturates.
        Some(deadline) => sleep(deadline).await,
        None => std::future::pending().await,
    }
    deadline.unwrap_or_default()
}

/// A server may notice that the time is over just before this side does, and many then say CANCELLED.
fn late(status: Failure, plan: &Plan, started: std::time::Instant, teller: &Teller) -> Failure {
    match plan.deadline {
        Some(deadline)
            if status.code == StatusCode::Cancelled as u32 && started.elapsed() >= deadline =>
        {
            explain::deadline(deadline, teller.progress())
        }
        _ => status,
    }
}

/// What is there before the clock starts.
struct Prepared {
    channel: Arc<Channel>,
    plan: Plan,
    trust: Option<Trust>,
}

/// Checks the call, and takes from the service config what the call itself does not say.
async fn prepare(client: &Client, spec: &mut CallSpec) -> Result<Prepared, Failure> {
    let Client { inner, types } = client;
    let channel = inner.channels.get(&inner.core, &spec.endpoint).map_err(explain::refused)?;
    let config = channel.config.method(&spec.method);
    let timeout_ms = config
        .timeout
        .map(|timeout| u64::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX));
    spec.deadline_ms = match (spec.deadline_ms, timeout_ms) {
        (Some(own), Some(config)) => Some(own.min(config)),
        (own, config) => own.or(config),
    };
    spec.wait_for_ready |= config.wait_for_ready.unwrap_or(false);
    spec.retry = spec.retry.take().or(config.retry);
    let plan = Plan::new(spec, channel.address.tls(), types.as_ref()).map_err(explain::refused)?;
    let trust = trust(&inner.core, spec, channel.address.tls()).await?;
    Ok(Prepared { channel, plan, trust })
}

/// Reading certificates is no part of any call's time.
async fn trust(core: &Core, spec: &CallSpec, tls: bool) -> Result<Option<Trust>, Failure> {
    match tls {
        true => core.tls.trust(&spec.endpoint.tls_options).await.map(Some),
        false => Ok(None),
    }
}

/// Counts the bytes of all attempts.
#[derive(Default)]
struct Meter {
    lease: Option<Lease>,
    before: Option<WireBytes>,
}

impl Meter {
    /// Goes on with another connection.
    fn next(&mut self, lease: Lease) -> &mut Lease {
        self.before = self.total();
        self.lease.insert(lease)
    }

    fn total(&self) -> Option<WireBytes> {
        let (Some(now), before) = (self.lease.as_ref().map(Lease::wire), self.before) else {
            return self.before;
        };
        let before = before.unwrap_or_default();
        Some(WireBytes {
            sent: before.sent + now.sent,
            received: before.received + now.received,
            shared: before.shared || now.shared,
        })
    }
}

/// A call under way.
struct Course<'a> {
    core: &'a Core,
    channel: &'a Channel,
    plan: &'a Plan,
    trust: &'a Option<Trust>,
    spec: &'a CallSpec,
    started: std::time::Instant,
    teller: &'a Teller,
}

/// How an attempt ended.
struct Outcome {
    status: Failure,
    /// Whether another attempt may follow as far as this one is concerned.
    free: bool,
    /// Whether the server certainly did not begin with it.
    unprocessed: bool,
    member: Option<Arc<Member>>,
}

impl Course<'_> {
    /// Makes attempts until one is the last.
    async fn run(&self, requests: Requests, meter: &mut Meter) -> Failure {
        let policy: Option<&RetryPolicy> = self.spec.retry.as_ref();
        let throttle = self.channel.throttle.as_ref();
        let mut retries = Retries::new(policy, throttle, fastrand::Rng::new());
        let replay = Replay::new(requests);
        let mut number = 1;
        loop {
            let outcome = match self.route(&mut number).await {
                Ok((assignment, lease)) => {
                    let lease = meter.next(lease);
                    self.once(assignment, lease, &replay, retries.previous()).await
                }
                Err(status) => Outcome { status, free: true, unprocessed: false, member: None },
            };
            let Outcome { status, free, unprocessed, member } = outcome;
            if status.is_ok() {
                retries.succeeded();
                return status;
            }
            let wait = retries.again(&status, unprocessed && free, self.teller.progress().pushback);
            let Some(wait) = wait.filter(|_| free && replay.is_whole()) else { return status };
            self.retrying(&mut number, member.as_deref(), &status, wait);
            sleep(wait).await;
        }
    }

    fn retrying(&self, number: &mut u32, member: Option<&Member>, status: &Status, wait: Duration) {
        self.teller.tell(CallEventKind::Retrying(Attempt {
            number: *number,
            instance: member.map(|member| member.instance.place.to_string()),
            ended_at_ns: self.teller.now(),
            status: status.clone(),
            backoff_ns: u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX),
        }));
        *number = number.saturating_add(1);
    }

    /// One attempt on a connection.
    async fn once(
        &self,
        mut assignment: Assignment,
        lease: &mut Lease,
        replay: &Replay,
        previous: u32,
    ) -> Outcome {
        let deadline = self.plan.deadline.and_then(|time| self.started.checked_add(time));
        assignment.until(deadline.map(Instant::from_std));
        let instance = &assignment.member.instance;
        let authority = instance.target.authority();
        let rtt = lease.state.round_trips();
        let member = assignment.member.clone();
        let result = {
            let mut answered = || {
                replay.commit();
                assignment.succeeded();
            };
            let attempt = exchange::Attempt {
                plan: self.plan,
                started: self.started,
                authority: &authority,
                previous,
                answered: &mut answered,
            };
            let mut exchange = pin!(exchange(attempt, lease, replay.requests(), self.teller));
            tokio::select! {
                biased;
                result = &mut exchange => result,
                never = self.pings(rtt, |rtt_ns| member.set_rtt(rtt_ns)) => never,
            }
        };
        let status = result.unwrap_or_else(|failure| failure);
        assignment.settle(&status);
        Outcome {
            free: !self.teller.progress().answered,
            unprocessed: lease.is_unprocessed(),
            member: Some(member),
            status,
        }
    }

    /// Tells the round trips of the connection's pings as they come.
    async fn pings<T>(&self, rtt: Option<watch::Receiver<Option<u64>>>, took: impl Fn(u64)) -> T {
        let Some(mut rtt) = rtt else { return std::future::pending().await };
        loop {
            if rtt.changed().await.is_err() {
                // The connection is over, which the call learns by itself.
                return std::future::pending().await;
            }
            let last = *rtt.borrow_and_update();
            if let Some(rtt_ns) = last {
                took(rtt_ns);
                self.teller.tell(CallEventKind::Pinged { rtt_ns });
            }
        }
    }

    /// A connection to an instance; waits for one where the call wants that.
    async fn route(&self, number: &mut u32) -> Result<(Assignment, Lease), Failure> {
        let mut wait = self.core.pool.patience.ready;
        let mut told: Option<Problem> = None;
        loop {
            let mut changes = self.channel.changes();
            let failure = match self.reach(number).await {
                Ok(found) => return Ok(found),
                Err(failure) => failure,
            };
            if !self.spec.wait_for_ready || failure.code != StatusCode::Unavailable as u32 {
                return Err(failure);
            }
            if let Some(problem) = failure.problem
                && told.as_ref() != Some(&problem)
            {
                self.teller.tell(CallEventKind::Waiting { problem: problem.clone() });
                told = Some(problem);
            }
            self.channel.nudge();
            let _ = timeout(wait, changes.changed()).await;
            wait = (wait * 2).min(READY_MAX_WAIT);
        }
    }

    /// A connection to one of the instances, each of which is tried once.
    async fn reach(&self, number: &mut u32) -> Result<(Assignment, Lease), Failure> {
        let asked = Instant::now();
        self.resolved(asked).await?;
        let until = Instant::now() + self.channel.connect_timeout;
        let mut tried: Vec<Place> = Vec::new();
        let mut failed: Option<(Arc<Member>, Failure)> = None;
        loop {
            let mut changes = self.channel.changes();
            let picked = match self.channel.pick(&tried) {
                Pick::Go(picked) => picked,
                Pick::Wait => {
                    let waited = timeout(HEALTH_WAIT, changes.changed()).await;
                    if waited.is_err() {
                        let problem = explain::health_unknown(&self.channel.name);
                        return Err(explain::no_instance(problem));
                    }
                    continue;
                }
                Pick::Nobody { unhealthy } => {
                    // Perhaps the name leads elsewhere by now.
                    if let Some(listing) = self.channel.refreshed(asked).await
                        && listing.members.iter().any(|new| !tried.contains(&new.instance.place))
                    {
                        self.tell_resolved(&listing);
                        continue;
                    }
                    return Err(match failed {
                        Some((_, failure)) => failure,
                        None if unhealthy > 0 => {
                            let problem = explain::unhealthy(&self.channel.name, unhealthy);
                            explain::no_instance(problem)
                        }
                        None => explain::no_instance(explain::nobody(&self.channel.name)),
                    });
                }
            };
            if let Some((member, failure)) = failed.take()
                && !self.channel.picks_first()
            {
                self.retrying(number, Some(&member), &failure, Duration::ZERO);
            }
            let Picked { mut assignment, ready, of, left } = picked;
            let instance = assignment.member.instance.clone();
            if of > 1 {
                let instance = instance.place.to_string();
                self.teller.tell(CallEventKind::Picked { instance, ready, of });
            }
            let time = until.saturating_duration_since(Instant::now()) / left.saturating_add(1);
            tried.push(instance.place.clone());
            match self.lease(instance, time).await {
                Ok(lease) => {
                    self.channel.connected(&assignment.member, true);
                    return Ok((assignment, lease));
                }
                Err(failure) => {
                    self.channel.connected(&assignment.member, false);
                    assignment.failed(&failure);
                    failed = Some((assignment.member.clone(), failure));
                }
            }
        }
    }

    async fn lease(&self, instance: Instance, time: Duration) -> Result<Lease, Failure> {
        let Instance { target, place, .. } = instance;
        let (http, keepalive) = (self.plan.http, self.channel.keepalive);
        let way = Way { target, place, http, trust: self.trust.clone(), keepalive };
        let taking = Taking { way: &way, time, cold: self.spec.cold };
        self.core.pool.lease(taking, self.teller).await
    }

    /// Sees to it that there are instances.
    async fn resolved(&self, asked: Instant) -> Result<(), Failure> {
        // Asked before, as the answer may come at once.
        let was_resolved = self.channel.is_resolved();
        self.channel.start();
        if was_resolved {
            return Ok(());
        }
        let mut listing = self.channel.listing();
        if listing.version == 0 {
            listing = self.channel.newer(0).await;
        } else {
            listing = self.channel.refreshed(asked).await.unwrap_or(listing);
        }
        if !listing.members.is_empty() {
            self.tell_resolved(&listing);
            return Ok(());
        }
        let problem = listing.problem.unwrap_or_else(|| explain::nobody(&self.channel.name));
        Err(explain::no_instance(problem))
    }

    fn tell_resolved(&self, listing: &Listing) {
        self.teller.tell(CallEventKind::Resolved { addresses: listing.places() });
    }
}

/// A call that goes to one instance whatever others there are.
#[derive(Clone)]
pub(crate) struct Pinned {
    pub spec: CallSpec,
    pub instance: Instance,
    /// Between HTTP/2 pings.
    pub keepalive: Option<Duration>,
    pub tls: bool,
}

/// Makes it, in one attempt; tells its events, the last of which is `Finished`.
pub(crate) async fn pinned(core: Arc<Core>, call: Pinned, requests: Requests, mut teller: Teller) {
    let started = teller.start();
    let status = match attempt(&core, &call, requests, started, &teller).await {
        Ok(status) | Err(status) => status,
    };
    teller.tell(CallEventKind::Finished { status: *status, wire: None });
}

async fn attempt(
    core: &Core,
    call: &Pinned,
    requests: Requests,
    started: std::time::Instant,
    teller: &Teller,
) -> Result<Failure, Failure> {
    let plan = Plan::new(&call.spec, call.tls, None).map_err(explain::refused)?;
    let trust = trust(core, &call.spec, call.tls).await?;
    let Instance { target, place, .. } = call.instance.clone();
    let authority = target.authority();
    let way = Way { target, place, http: plan.http, trust, keepalive: call.keepalive };
    let taking = Taking { way: &way, time: core.pool.patience.connect, cold: false };
    let mut lease = core.pool.lease(taking, teller).await?;
    let attempt = exchange::Attempt {
        plan: &plan,
        started,
        authority: &authority,
        previous: 0,
        answered: &mut || {},
    };
    exchange(attempt, &mut lease, requests, teller).await
}
