//! From an address to the instances behind it, watched as they change. A resolver is one file here behind
//! [`Resolve`]; it knows nothing of calls, connections or balancing.

mod consul;
mod dns;
mod etcd;
mod fixed;

pub use dns::{DNS_MIN_GAP, DNS_REFRESH};
pub(crate) use dns::{Lookup, system_lookup};

use crate::address::{Address, Scheme};
use crate::endpoint::Target;
use futures_util::stream::BoxStream;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use wirelab_model::Problem;

/// The most instances of an address that are used; the rest is left out.
pub const MAX_INSTANCES: usize = 256;

/// A registry that cannot be asked is asked again after this long, twice as long each time, up to the second.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LAST_WAIT: Duration = Duration::from_secs(30);

/// One server behind an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Instance {
    /// What it is called in messages and by TLS.
    pub target: Target,
    /// Where it listens.
    pub place: Place,
    /// Its share of the calls against the others'; 1 where the resolver has none.
    pub weight: u32,
}

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// A TCP port.
    Socket(SocketAddr),
    /// A TCP port of a host whose name is resolved when it is dialled; only registries give those.
    Host(String, u16),
    /// The path of a Unix socket.
    Unix(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Socket(address) => address.fmt(f),
            Place::Host(host, port) => write!(f, "{host}:{port}"),
            Place::Unix(path) => f.write_str(path),
        }
    }
}

impl Instance {
    /// An instance that a registry names as `host:port`, with brackets around IPv6 addresses.
    fn registered(address: &str, weight: u32, tls: bool) -> Option<Instance> {
        if let Ok(socket) = address.parse::<SocketAddr>() {
            if socket.port() == 0 {
                return None;
            }
            let target = Target::new(socket.ip().to_string(), socket.port(), tls);
            return Some(Instance { target, place: Place::Socket(socket), weight });
        }
        let (host, port) = address.rsplit_once(':')?;
        let port = port.parse::<u16>().ok().filter(|port| *port > 0)?;
        let fine = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        if host.is_empty() || !host.chars().all(fine) {
            return None;
        }
        let target = Target::new(host.to_ascii_lowercase(), port, tls);
        Some(Instance { target, place: Place::Host(host.to_owned(), port), weight })
    }
}

/// The instances now, in an order that does not change by itself; or why they cannot be had, while those of
/// the update before stay in use.
pub(crate) type Update = Result<Vec<Instance>, Problem>;

/// Updates as they come; does not end.
pub(crate) type Watch = BoxStream<'static, Update>;

/// Asks a resolver to look again soon, because calls fail.
#[derive(Clone, Default)]
pub(crate) struct Nudge(Arc<Notify>);

impl Nudge {
    /// Asks.
    pub fn give(&self) {
        self.0.notify_one();
    }

    /// Waits until somebody asks.
    async fn taken(&self) {
        self.0.notified().await;
    }

    /// Waits for this long, or less when somebody asks.
    async fn or_after(&self, wait: Duration) {
        let _ = tokio::time::timeout(wait, self.taken()).await;
    }
}

/// Finds the instances behind an address.
pub(crate) trait Resolve: Send {
    /// `dns`, `ipv4`, `ipv6`, `unix`, `etcd` or `consul`.
    fn name(&self) -> &'static str;

    /// Whether a nudge makes it look again at once; the others know without being asked.
    fn looks(&self) -> bool {
        false
    }

    /// Begins to look and goes on until the stream is dropped.
    fn watch(self: Box<Self>, nudge: Nudge) -> Watch;
}

/// What resolves an address. `lookup` finds the addresses of host names.
pub(crate) fn resolver(address: &Address, lookup: &Lookup) -> Box<dyn Resolve> {
    let tls = address.tls;
    match &address.scheme {
        Scheme::Name(target) => match target.host().parse::<IpAddr>() {
            Ok(ip) => Box::new(fixed::Fixed::one(target, SocketAddr::new(ip, target.port()))),
            Err(_) => Box::new(dns::Dns { target: target.clone(), lookup: lookup.clone() }),
        },
        Scheme::List(addresses) => Box::new(fixed::Fixed::list(addresses, tls)),
        Scheme::Unix(path) => Box::new(fixed::Fixed::unix(path, tls)),
        Scheme::Etcd { members, prefix } => {
            Box::new(etcd::Etcd { members: members.clone(), prefix: prefix.clone(), tls })
        }
        Scheme::Consul { agent, service, tag, datacenter } => Box::new(consul::Consul {
            agent: agent.clone(),
            service: service.clone(),
            tag: tag.clone(),
            datacenter: datacenter.clone(),
            tls,
        }),
    }
}

/// How long to wait after this many failures in a row.
fn wait_after(failures: u32) -> Duration {
    let factor = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
    FIRST_WAIT.saturating_mul(factor).min(LAST_WAIT)
}
