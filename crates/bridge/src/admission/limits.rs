//! How often a client may begin a call (a token bucket each), and how many may be under way.

use super::policy::{LimitPolicy, REMEMBERED_CLIENTS};
use crate::refusal::Refusal;
use http::HeaderValue;
use http::header::RETRY_AFTER;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use wirelab_model::StatusCode;

/// How long a client should wait that has too much under way.
const BUSY_WAIT: Duration = Duration::from_secs(1);

/// Whose calls are counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// The subject of a token or the name of a key.
    Name(Arc<str>),
    Ip(IpAddr),
    /// A Unix socket.
    Local,
}

impl Key {
    /// One household of IPv6 has a network of 64 bits to choose addresses from (RFC 6177).
    pub fn of(name: Option<&Arc<str>>, ip: Option<IpAddr>) -> Key {
        match (name, ip) {
            (Some(name), _) => Key::Name(name.clone()),
            (None, Some(IpAddr::V6(ip))) => match ip.to_ipv4_mapped() {
                Some(ip) => Key::Ip(IpAddr::V4(ip)),
                None => {
                    let network = u128::from(ip) & !u128::from(u64::MAX);
                    Key::Ip(IpAddr::V6(Ipv6Addr::from(network)))
                }
            },
            (None, Some(ip)) => Key::Ip(ip),
            (None, None) => Key::Local,
        }
    }
}

#[derive(Debug)]
pub(super) struct Limits {
    policy: LimitPolicy,
    burst: f64,
    counts: Arc<Counts>,
}

/// What was counted, which outlives a change of the policy.
#[derive(Debug, Default)]
struct Counts {
    total: Arc<AtomicUsize>,
    clients: Mutex<Clients>,
}

/// Places that a call takes, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    taken: Vec<Arc<AtomicUsize>>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        for count in &self.taken {
            count.fetch_sub(1, Relaxed);
        }
    }
}

/// Clients in two generations: when the young are as many as may be remembered, they become the old and the old are
/// forgotten, but for those with calls under way. So the least recently seen go, at the cost of a move now and then.
#[derive(Debug, Default)]
struct Clients {
    young: HashMap<Key, Client>,
    old: HashMap<Key, Client>,
}

#[derive(Debug)]
struct Client {
    tokens: f64,
    at: Instant,
    open: Arc<AtomicUsize>,
}

impl Clients {
    fn get(&mut self, key: Key, most: usize, new: impl FnOnce() -> Client) -> &mut Client {
        if !self.young.contains_key(&key) {
            let client = self.old.remove(&key).unwrap_or_else(new);
            if self.young.len() >= most.div_ceil(2) {
                let mut gone = std::mem::replace(&mut self.old, std::mem::take(&mut self.young));
                gone.retain(|_, client| client.open.load(Relaxed) > 0);
                self.old.extend(gone);
            }
            return self.young.entry(key).or_insert(client);
        }
        self.young.entry(key).or_insert_with(new)
    }
}

impl Limits {
    pub fn new(policy: LimitPolicy) -> Limits {
        let burst = match (policy.burst, policy.rate) {
            (Some(burst), _) => f64::from(burst.max(1)),
            (None, rate) => rate.unwrap_or(1.0).max(1.0),
        };
        Limits { burst, policy, counts: Arc::default() }
    }

    /// Another policy for the same calls.
    pub fn changed(&self, policy: LimitPolicy) -> Limits {
        Limits { counts: self.counts.clone(), ..Limits::new(policy) }
    }

    /// Takes the places of one call.
    pub fn take(&self, key: impl FnOnce() -> Key, now: Instant) -> Result<Option<Slot>, Refusal> {
        let LimitPolicy { rate, concurrent, total, clients, .. } = &self.policy;
        let mut slot = Slot { taken: Vec::new() };
        if let Some(most) = total {
            take(&self.counts.total, *most, &mut slot)
                .ok_or_else(|| busy("the bridge has as many calls under way as it may"))?;
        }
        if rate.is_some() || concurrent.is_some() {
            let mut known = self.counts.clients.lock().unwrap_or_else(PoisonError::into_inner);
            let most = clients.unwrap_or(REMEMBERED_CLIENTS).max(2);
            let new = || Client { tokens: self.burst, at: now, open: Arc::default() };
            let client = known.get(key(), most, new);
            if let Some(most) = concurrent {
                take(&client.open, *most, &mut slot).ok_or_else(|| {
                    let message = format!("this client has {most} calls under way already");
                    too_much(message, BUSY_WAIT)
                })?;
            }
            if let Some(rate) = rate.filter(|rate| *rate > 0.0) {
                client.take(rate, self.burst, now)?;
            }
        }
        Ok((!slot.taken.is_empty()).then_some(slot))
    }
}

impl Client {
    /// Takes a token; tokens come at `rate` a second and at most `burst` are kept.
    fn take(&mut self, rate: f64, burst: f64, now: Instant) -> Result<(), Refusal> {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.tokens = (self.tokens + passed * rate).min(burst);
        self.at = self.at.max(now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        let wait = Duration::try_from_secs_f64((1.0 - self.tokens) / rate);
        let message = format!("this client may begin {rate} calls in a second");
        Err(too_much(message, wait.unwrap_or(Duration::MAX)))
    }
}

fn take(count: &Arc<AtomicUsize>, most: usize, slot: &mut Slot) -> Option<()> {
    let more = |now: usize| (now < most).then_some(now + 1);
    count.fetch_update(Relaxed, Relaxed, more).ok()?;
    slot.taken.push(count.clone());
    Some(())
}

/// 429 (RFC 6585 §4).
fn too_much(message: String, wait: Duration) -> Refusal {
    retry(Refusal::new(StatusCode::ResourceExhausted, message), wait)
}

/// 503 (RFC 9110 §15.6.4).
pub(super) fn busy(message: &str) -> Refusal {
    retry(Refusal::new(StatusCode::Unavailable, message), BUSY_WAIT)
}

/// Says when to come again, in whole seconds (RFC 9110 §10.2.3).
fn retry(refusal: Refusal, wait: Duration) -> Refusal {
    let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1);
    refusal.header(RETRY_AFTER, HeaderValue::from(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(policy: LimitPolicy) -> Limits {
        Limits::new(policy)
    }

    fn ip(last: u8) -> Key {
        Key::of(None, Some(IpAddr::from([10, 0, 0, last])))
    }

    fn told(taken: Result<Option<Slot>, Refusal>) -> (u16, Option<String>) {
        match taken {
            Ok(_) => (200, None),
            Err(refusal) => {
                let wait = refusal.headers.get(RETRY_AFTER);
                let wait = wait.map(|wait| wait.to_str().unwrap().to_owned());
                (refusal.http.as_u16(), wait)
            }
        }
    }

    #[test]
    fn a_bucket_fills_as_time_goes() {
        let limits =
            limits(LimitPolicy { rate: Some(0.5), burst: Some(2), ..LimitPolicy::default() });
        let start = Instant::now();
        // Which client, after how many milliseconds, and what it is told.
        let cases: &[(u8, u64, u16, Option<&str>)] = &[
            (1, 0, 200, None),
            (1, 0, 200, None),
            (1, 0, 429, Some("2")),
            (2, 0, 200, None),
            (1, 1_000, 429, Some("1")),
            (1, 2_000, 200, None),
            (1, 2_000, 429, Some("2")),
            (1, 60_000, 200, None),
            (1, 60_000, 200, None),
            (1, 60_000, 429, Some("2")),
            // A clock that another thread read earlier.
            (1, 59_000, 429, Some("2")),
        ];
        for (number, (client, after, status, wait)) in cases.iter().enumerate() {
            let now = start + Duration::from_millis(*after);
            let found = told(limits.take(|| ip(*client), now));
            assert_eq!(found, (*status, wait.map(str::to_owned)), "case {number}");
        }
    }

    #[test]
    fn places_are_given_back() {
        let limits =
            limits(LimitPolicy { concurrent: Some(1), total: Some(2), ..LimitPolicy::default() });
        let now = Instant::now();
        let first = limits.take(|| ip(1), now).unwrap();
        assert_eq!(told(limits.take(|| ip(1), now)).0, 429);
        let second = limits.take(|| ip(2), now).unwrap();
        assert_eq!(told(limits.take(|| ip(3), now)), (503, Some("1".to_owned())));
        drop(first);
        assert_eq!(told(limits.take(|| ip(1), now)).0, 200, "what was refused takes no place");
        drop(second);
        assert_eq!(limits.counts.total.load(Relaxed), 0);
    }

    #[test]
    fn no_more_clients_are_remembered_than_may_be() {
        let limits = limits(LimitPolicy {
            rate: Some(1.0),
            concurrent: Some(1),
            clients: Some(10),
            ..LimitPolicy::default()
        });
        let now = Instant::now();
        let held = limits.take(|| ip(255), now).unwrap();
        for round in 0..100 {
            // Dropped at once, each is forgotten after some more.
            assert_eq!(told(limits.take(|| ip(round), now)).0, 200, "{round}");
        }
        let clients = limits.counts.clients.lock().unwrap();
        assert!(clients.young.len() + clients.old.len() <= 11);
        drop(clients);
        assert_eq!(told(limits.take(|| ip(255), now)).0, 429, "one with a call is remembered");
        drop(held);
    }

    #[test]
    fn households_are_one_client() {
        let key = |text: &str| Key::of(None, Some(text.parse().unwrap()));
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:1"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_eq!(key("::ffff:10.0.0.1"), ip(1));
        assert_ne!(ip(1), ip(2));
    }
}
