//! Addresses that name their instances themselves.

use super::{Instance, Nudge, Place, Resolve, Watch};
use crate::endpoint::Target;
use futures_util::{StreamExt, stream};
use std::net::SocketAddr;

/// Instances that never change.
pub(super) struct Fixed {
    name: &'static str,
    instances: Vec<Instance>,
}

impl Fixed {
    /// The one server at an address that people wrote as `target`.
    pub fn one(target: &Target, address: SocketAddr) -> Fixed {
        let instance =
            Instance { target: target.clone(), place: Place::Socket(address), weight: 1 };
        Fixed { name: family(address), instances: vec![instance] }
    }

    /// A server at each address.
    pub fn list(addresses: &[SocketAddr], tls: bool) -> Fixed {
        let instance = |address: &SocketAddr| Instance {
            target: Target::new(address.ip().to_string(), address.port(), tls),
            place: Place::Socket(*address),
            weight: 1,
        };
        Fixed {
            name: addresses.first().copied().map_or("ipv4", family),
            instances: addresses.iter().map(instance).collect(),
        }
    }

    /// The server at a Unix socket.
    pub fn unix(path: &str, tls: bool) -> Fixed {
        let instance = Instance {
            target: Target::unix(path, tls),
            place: Place::Unix(path.to_owned()),
            weight: 1,
        };
        Fixed { name: "unix", instances: vec![instance] }
    }
}

fn family(address: SocketAddr) -> &'static str {
    if address.is_ipv4() { "ipv4" } else { "ipv6" }
}

impl Resolve for Fixed {
    fn name(&self) -> &'static str {
        self.name
    }

    fn watch(self: Box<Self>, _: Nudge) -> Watch {
        stream::iter([Ok(self.instances)]).chain(stream::pending()).boxed()
    }
}
