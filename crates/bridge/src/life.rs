//! Whether a bridge is ready, and how it comes to its end.

use std::sync::atomic::AtomicBool;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What a bridge's parts have to know of its life.
#[derive(Debug, Default)]
pub(crate) struct Life {
    /// Whether every source of the schema has been read.
    pub known: AtomicBool,
    /// Whether nobody answers where the server behind the bridge should be.
    pub lost: AtomicBool,
    /// It is about to end: requests are still taken, but better went elsewhere.
    pub leaving: AtomicBool,
    /// It ends: what is under way is finished, connections are not kept.
    pub draining: CancellationToken,
    /// It is time for streams without an end to go.
    pub closing: CancellationToken,
    /// What the end waits for: connections, and whatever outlives the connection that it came by.
    pub tracker: TaskTracker,
}
