//! The place that a connection takes: of those that may be open at once, and in the figures.

use crate::Bridge;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::OwnedSemaphorePermit;

/// A place, taken until the last clone is gone: a connection that became a WebSocket is as open as before.
#[derive(Clone)]
pub(crate) struct Place {
    _taken: Arc<Taken>,
}

struct Taken {
    bridge: Bridge,
    /// Given back after it is no longer counted.
    _permit: OwnedSemaphorePermit,
}

impl Place {
    pub(super) fn new(permit: OwnedSemaphorePermit, bridge: Bridge) -> Place {
        bridge.shared.observe.figures.connections.fetch_add(1, Ordering::Relaxed);
        Place { _taken: Arc::new(Taken { bridge, _permit: permit }) }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.bridge.shared.observe.figures.connections.fetch_sub(1, Ordering::Relaxed);
    }
}
