//! What stands behind an endpoint: its instances, watched as they change, and the picking among them.
//!
//! A channel lives as long as it is used and a while longer. It makes no connections, except that health, where
//! it is asked for, is watched on one connection to each instance.

mod health;

use crate::address::Address;
use crate::balance::{Assignment, Candidate, Healthy, Member, Picker};
use crate::client::Core;
use crate::connect::CONNECT_TIMEOUT;
use crate::keepalive::MIN_KEEPALIVE;
use crate::pool::{POOL_IDLE_TIMEOUT, Pool};
use crate::resolve::{
    Instance, Lookup, MAX_INSTANCES, Nudge, Place, Resolve, Update, Watch, resolver, system_lookup,
};
use crate::retry::Throttle;
use crate::service_config::ServiceConfig;
use futures_util::StreamExt;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout};
use wirelab_model::{ChannelInfo, Endpoint, Problem, ProblemKind};

/// How many endpoints are watched at once when no call uses them.
const MAX_CHANNELS: usize = 64;

/// How long whoever asks for the instances waits for the first answer of the resolver.
const INFO_WAIT: Duration = Duration::from_secs(1);
/// Longer ones are taken as this.
const MAX_CONNECT_TIMEOUT: Duration = Duration::from_secs(86_400);

type Map = Arc<Mutex<HashMap<Endpoint, Arc<Channel>>>>;

/// The channels of a client.
pub(crate) struct Channels {
    /// How long an unused one is kept.
    idle: Duration,
    /// Finds the addresses of names.
    lookup: Lookup,
    map: Map,
}

impl Default for Channels {
    fn default() -> Self {
        Channels { idle: POOL_IDLE_TIMEOUT, lookup: system_lookup(), map: Map::default() }
    }
}

impl Channels {
    /// None yet.
    #[cfg(test)]
    pub fn new(idle: Duration, lookup: Lookup) -> Channels {
        Channels { idle, lookup, map: Map::default() }
    }

    /// The channel of an endpoint; a new one resolves nothing until it is started.
    ///
    /// # Errors
    /// When the address, the service config or another part of the endpoint is wrong.
    pub fn get(&self, core: &Arc<Core>, endpoint: &Endpoint) -> Result<Arc<Channel>, Problem> {
        let mut map = self.map.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(channel) = map.get(endpoint) {
            channel.shared.use_it();
            return Ok(channel.clone());
        }
        let channel = Arc::new(self.open(core, endpoint)?);
        if map.len() >= MAX_CHANNELS {
            map.retain(|_, channel| Arc::strong_count(channel) > 1);
        }
        map.insert(endpoint.clone(), channel.clone());
        Ok(channel)
    }

    fn open(&self, core: &Arc<Core>, endpoint: &Endpoint) -> Result<Channel, Problem> {
        let address = Address::parse(endpoint)?;
        let config = endpoint.service_config.as_deref().map(ServiceConfig::parse).transpose()?;
        let config = config.unwrap_or_default();
        let balancing = &endpoint.balancing;
        let policy = balancing.policy.or(config.policy).unwrap_or_default();
        let resolver = resolver(&address, &self.lookup);
        let shared = Arc::new(Shared {
            listing: Mutex::default(),
            picker: Mutex::new(Picker::new(policy, fastrand::Rng::new())),
            changed: watch::Sender::default(),
            nudge: Nudge::default(),
            used: Mutex::new(Instant::now()),
            ejects: !balancing.never_eject,
            health: balancing.health.clone().or_else(|| config.health.clone()),
        });
        let keepalive = keepalive(endpoint)?;
        let (name, looks) = (resolver.name(), resolver.looks());
        let driver = Driver {
            shared: shared.clone(),
            core: core.clone(),
            endpoint: endpoint.clone(),
            keepalive,
            tls: address.tls(),
            map: Arc::downgrade(&self.map),
            idle: self.idle,
        };
        Ok(Channel {
            name: endpoint.address.trim().to_owned(),
            resolver: name,
            looks,
            policy,
            keepalive,
            connect_timeout: connect_timeout(endpoint, core.pool.patience.connect),
            throttle: config.throttling.map(|(max, ratio)| Throttle::new(max, ratio)),
            config,
            address,
            shared,
            idle: Mutex::new(Some((driver, resolver))),
            task: OnceLock::new(),
        })
    }
}

fn keepalive(endpoint: &Endpoint) -> Result<Option<Duration>, Problem> {
    match endpoint.keepalive_ms.map(Duration::from_millis) {
        Some(every) if every < MIN_KEEPALIVE => {
            let message = format!("pings every {} ms are too many", every.as_millis());
            Err(Problem::new(ProblemKind::Mismatch, message)
                .at("keepalive_ms")
                .help("use at least 1,000 ms; gRPC's servers want 300,000"))
        }
        every => Ok(every),
    }
}

fn connect_timeout(endpoint: &Endpoint, patience: Duration) -> Duration {
    endpoint.connect_timeout_ms.map_or(patience, Duration::from_millis).min(MAX_CONNECT_TIMEOUT)
}

/// What stands behind one endpoint.
pub(crate) struct Channel {
    /// The address as people wrote it.
    pub name: String,
    pub address: Address,
    pub config: ServiceConfig,
    /// Of all its calls.
    pub throttle: Option<Throttle>,
    /// Between HTTP/2 pings.
    pub keepalive: Option<Duration>,
    /// For a connection, TLS included, all instances together.
    pub connect_timeout: Duration,
    policy: wirelab_model::BalancingPolicy,
    resolver: &'static str,
    /// Whether a nudge brings an update soon.
    looks: bool,
    shared: Arc<Shared>,
    /// What watches, until it is started.
    idle: Mutex<Option<(Driver, Box<dyn Resolve>)>>,
    task: OnceLock<AbortHandle>,
}

impl Drop for Channel {
    fn drop(&mut self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }
}

/// What a channel shares with the task that watches.
struct Shared {
    listing: Mutex<Listing>,
    picker: Mutex<Picker>,
    /// Counts everything that may make a pick come out differently.
    changed: watch::Sender<u64>,
    nudge: Nudge,
    used: Mutex<Instant>,
    ejects: bool,
    health: Option<String>,
}

/// The instances as the resolver gave them last.
#[derive(Clone, Default)]
pub(crate) struct Listing {
    /// In the resolver's order.
    pub members: Vec<Arc<Member>>,
    /// Why there is nothing newer, or not all.
    pub problem: Option<Problem>,
    /// How many updates there were.
    pub version: u64,
    /// When the resolver said so.
    pub at: Option<Instant>,
}

impl Listing {
    /// Where the instances listen.
    pub fn places(&self) -> Vec<String> {
        self.members.iter().map(|member| member.instance.place.to_string()).collect()
    }
}

/// What picking comes to.
pub(crate) enum Pick {
    /// A call goes to one.
    Go(Picked),
    /// The health of an instance is not known yet.
    Wait,
    /// None that was not tried is left; says whether some are left out because they are not healthy.
    Nobody {
        /// How many.
        unhealthy: usize,
    },
}

/// An instance that was picked.
pub(crate) struct Picked {
    pub assignment: Assignment,
    /// How many could have been picked.
    pub ready: u32,
    /// How many there are.
    pub of: u32,
    /// How many are left after it.
    pub left: u32,
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl Channel {
    /// The instances now.
    pub fn listing(&self) -> Listing {
        self.shared.listing().clone()
    }

    /// Begins to resolve unless that was begun, so that it counts for the call which wanted it.
    pub fn start(&self) {
        if self.task.get().is_some() {
            return;
        }
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((driver, resolver)) = idle {
            let watch = resolver.watch(self.shared.nudge.clone());
            let _ = self.task.set(tokio::spawn(driver.drive(watch)).abort_handle());
        }
    }

    /// Whether there are instances that a call could go to.
    pub fn is_resolved(&self) -> bool {
        !self.shared.listing().members.is_empty()
    }

    /// Whether a call that fails at one instance goes on to the next without a word, because all that is looked
    /// for is the first that can be connected to.
    pub fn picks_first(&self) -> bool {
        self.policy == wirelab_model::BalancingPolicy::PickFirst
    }

    /// Waits for an update after `version`.
    pub async fn newer(&self, version: u64) -> Listing {
        let mut changed = self.shared.changed.subscribe();
        loop {
            changed.borrow_and_update();
            let listing = self.listing();
            if listing.version > version {
                return listing;
            }
            // The sender is in `shared`, which lives as long as this.
            let _ = changed.changed().await;
        }
    }

    /// Looks again, unless that was done since `asked`; none when there is nothing to look at.
    pub async fn refreshed(&self, asked: Instant) -> Option<Listing> {
        let listing = self.listing();
        if listing.at.is_some_and(|at| at >= asked) || !self.looks {
            return None;
        }
        self.shared.nudge.give();
        Some(self.newer(listing.version).await)
    }

    /// Has the resolver look again soon.
    pub fn nudge(&self) {
        self.shared.nudge.give();
    }

    /// Begins to notice changes after which a pick may come out differently.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.shared.changed.subscribe()
    }

    /// Picks an instance that is not among `tried`. One that is ejected is picked only when no other is left,
    /// the one first that is free again first: a call is better tried than not made.
    pub fn pick(&self, tried: &[Place]) -> Pick {
        let now = Instant::now();
        let listing = self.shared.listing();
        let (mut ready, mut ejected, mut unhealthy, mut unknown) = (Vec::new(), Vec::new(), 0, 0);
        for (index, member) in listing.members.iter().enumerate() {
            match member.healthy() {
                Healthy::No => unhealthy += 1,
                Healthy::Unknown => unknown += 1,
                Healthy::Yes | Healthy::Unasked => {
                    if tried.contains(&member.instance.place) {
                        continue;
                    }
                    let (weight, active) = (member.instance.weight, member.active());
                    let candidate = Candidate { index, weight, active };
                    if member.admits(now) {
                        ready.push(candidate);
                    } else {
                        ejected.push((member.ejected_until(), candidate));
                    }
                }
            }
        }
        let left = count(ready.len() + ejected.len()).saturating_sub(1);
        let index = match self.shared.picker().pick(&ready) {
            Some(index) => Some(index),
            // A trial that is under way sorts before every time, so that times come first.
            None => ejected
                .iter()
                .min_by_key(|(until, _)| (until.is_none(), *until))
                .map(|(_, candidate)| candidate.index),
        };
        match index.and_then(|index| listing.members.get(index)) {
            Some(member) => Pick::Go(Picked {
                assignment: member.assign(),
                ready: count(ready.len()),
                of: count(listing.members.len()),
                left,
            }),
            None if unknown > 0 => Pick::Wait,
            None => Pick::Nobody { unhealthy },
        }
    }

    /// An instance was connected to, or could not be.
    pub fn connected(&self, member: &Member, success: bool) {
        let listing = self.shared.listing();
        let place = &member.instance.place;
        let index = listing.members.iter().position(|known| known.instance.place == *place);
        if let Some(index) = index {
            self.shared.picker().connected(index, success);
        }
    }

    /// How it stands; waits a moment for the first answer of the resolver.
    pub async fn info(&self, pool: &Pool) -> ChannelInfo {
        self.start();
        let listing = timeout(INFO_WAIT, self.newer(0)).await.unwrap_or_default();
        let member = |member: &Arc<Member>| member.info(pool.state(&member.instance));
        ChannelInfo {
            resolver: self.resolver.to_owned(),
            problem: listing.problem,
            policy: self.policy,
            instances: listing.members.iter().map(member).collect(),
        }
    }
}

impl Shared {
    fn listing(&self) -> MutexGuard<'_, Listing> {
        self.listing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn picker(&self) -> MutexGuard<'_, Picker> {
        self.picker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn use_it(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn unused_for(&self) -> Duration {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// Says that a pick may come out differently.
    fn announce(&self) {
        self.changed.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Takes what the resolver says; instances that stay keep what is known of them.
    fn apply(&self, update: Update) {
        let mut listing = self.listing();
        match update {
            Ok(mut instances) => {
                listing.problem = (instances.len() > MAX_INSTANCES).then(too_many);
                instances.truncate(MAX_INSTANCES);
                let old = std::mem::take(&mut listing.members);
                let known = |instance: &Instance| {
                    old.iter().find(|member| member.instance == *instance).cloned()
                };
                let healthy = match self.health {
                    Some(_) => Healthy::Unknown,
                    None => Healthy::Unasked,
                };
                // One instance is never ejected: there would be nobody else to call.
                let ejects = self.ejects && instances.len() > 1;
                let new = |instance: Instance| Arc::new(Member::new(instance, healthy));
                let members: Vec<Arc<Member>> = instances
                    .into_iter()
                    .map(|instance| known(&instance).unwrap_or_else(|| new(instance)))
                    .collect();
                members.iter().for_each(|member| member.set_ejects(ejects));
                let moved = |index: usize| {
                    let place = &old.get(index)?.instance.place;
                    members.iter().position(|member| member.instance.place == *place)
                };
                self.picker().relist(moved);
                listing.members = members;
            }
            Err(problem) => listing.problem = Some(problem),
        }
        listing.version += 1;
        listing.at = Some(Instant::now());
        drop(listing);
        self.announce();
    }
}

fn too_many() -> Problem {
    let message = format!("there are more than {MAX_INSTANCES} instances; the rest is left out");
    Problem::new(ProblemKind::TooLarge, message).help("use a name with fewer instances")
}

/// The task behind a channel.
struct Driver {
    shared: Arc<Shared>,
    core: Arc<Core>,
    endpoint: Endpoint,
    keepalive: Option<Duration>,
    tls: bool,
    map: Weak<Mutex<HashMap<Endpoint, Arc<Channel>>>>,
    idle: Duration,
}

impl Driver {
    async fn drive(self, mut watch: Watch) {
        let mut health = health::Watches::default();
        loop {
            tokio::select! {
                update = watch.next() => match update {
                    Some(update) => {
                        self.shared.apply(update);
                        health.follow(&self);
                    }
                    None => std::future::pending().await,
                },
                () = self.unused() => {
                    if self.close() {
                        return;
                    }
                }
            }
        }
    }

    /// Waits until nobody used the channel for a while.
    async fn unused(&self) {
        loop {
            match self.idle.checked_sub(self.shared.unused_for()) {
                Some(left) if !left.is_zero() => sleep(left).await,
                _ => return,
            }
        }
    }

    /// Takes the channel off the list unless a call holds it.
    fn close(&self) -> bool {
        let Some(map) = self.map.upgrade() else { return true };
        let mut map = map.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = map.get(&self.endpoint).is_none_or(|channel| Arc::strong_count(channel) == 1);
        if idle {
            map.remove(&self.endpoint);
        } else {
            self.shared.use_it();
        }
        idle
    }
}

/// How long a call waits until the health of an instance is known.
pub(crate) const HEALTH_WAIT: Duration = CONNECT_TIMEOUT;

#[cfg(test)]
mod tests;
