//! What sockets count, for metrics.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Upper bounds of the histogram of pings' round trips, microseconds; a last bucket takes the rest.
pub(crate) const ROUND_TRIP_BOUNDS: [u64; 10] =
    [500, 1_000, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000];

/// Counts of all sockets of a bridge since it began.
#[derive(Debug, Default)]
pub(crate) struct SocketStats {
    open: AtomicU64,
    opened: AtomicU64,
    waiting: AtomicU64,
    pings: AtomicU64,
    pongs: AtomicU64,
    round_trip_ns: AtomicU64,
    round_trips: [AtomicU64; ROUND_TRIP_BOUNDS.len() + 1],
    dropped: AtomicU64,
    slow: AtomicU64,
    silent: AtomicU64,
    parked: AtomicU64,
    resumed: AtomicU64,
}

/// The same at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SocketCounts {
    /// Sockets that are open.
    pub open: u64,
    /// Sockets that were ever open.
    pub opened: u64,
    /// Messages that wait for slow clients.
    pub waiting: u64,
    /// Pings sent.
    pub pings: u64,
    /// Pongs of them that came.
    pub pongs: u64,
    /// The round trips of those pings together; divided by `pongs` it is their mean.
    pub round_trips: Duration,
    /// How many of them took up to 0.5, 1, 5, 10, 25, 50, 100, 250 ms, 1 s, 5 s, and longer.
    pub round_trip_buckets: [u64; ROUND_TRIP_BOUNDS.len() + 1],
    /// Messages that slow clients missed, by [`DropOldest`](crate::SlowConsumer::DropOldest).
    pub dropped: u64,
    /// Sockets closed by [`Close1013`](crate::SlowConsumer::Close1013).
    pub slow: u64,
    /// Sockets given up because no pong came.
    pub silent: u64,
    /// Streams that wait to be resumed.
    pub parked: u64,
    /// Streams that were resumed.
    pub resumed: u64,
}

impl SocketStats {
    pub fn counts(&self) -> SocketCounts {
        let get = |count: &AtomicU64| count.load(Relaxed);
        SocketCounts {
            open: get(&self.open),
            opened: get(&self.opened),
            waiting: get(&self.waiting),
            pings: get(&self.pings),
            pongs: get(&self.pongs),
            round_trips: Duration::from_nanos(get(&self.round_trip_ns)),
            round_trip_buckets: self.round_trips.each_ref().map(get),
            dropped: get(&self.dropped),
            slow: get(&self.slow),
            silent: get(&self.silent),
            parked: get(&self.parked),
            resumed: get(&self.resumed),
        }
    }

    pub fn opened(&self) {
        self.open.fetch_add(1, Relaxed);
        self.opened.fetch_add(1, Relaxed);
    }

    /// A socket closed while so many messages waited for it.
    pub fn closed(&self, waiting: usize) {
        self.open.fetch_sub(1, Relaxed);
        self.waiting.fetch_sub(waiting as u64, Relaxed);
    }

    /// So many messages of a socket waited, now so many do.
    pub fn waiting(&self, before: usize, now: usize) {
        // Adding a difference that is negative wraps to the right number.
        self.waiting.fetch_add((now as u64).wrapping_sub(before as u64), Relaxed);
    }

    pub fn pinged(&self) {
        self.pings.fetch_add(1, Relaxed);
    }

    pub fn answered(&self, round_trip: Duration) {
        self.pongs.fetch_add(1, Relaxed);
        let nanos = u64::try_from(round_trip.as_nanos()).unwrap_or(u64::MAX);
        self.round_trip_ns.fetch_add(nanos, Relaxed);
        let micros = nanos.div_ceil(1_000);
        let bucket = ROUND_TRIP_BOUNDS.partition_point(|bound| *bound < micros);
        if let Some(bucket) = self.round_trips.get(bucket) {
            bucket.fetch_add(1, Relaxed);
        }
    }

    pub fn dropped(&self, count: u64) {
        self.dropped.fetch_add(count, Relaxed);
    }

    pub fn slow(&self) {
        self.slow.fetch_add(1, Relaxed);
    }

    pub fn silent(&self) {
        self.silent.fetch_add(1, Relaxed);
    }

    pub fn parked(&self) {
        self.parked.fetch_add(1, Relaxed);
    }

    pub fn unparked(&self) {
        self.parked.fetch_sub(1, Relaxed);
    }

    pub fn resumed(&self) {
        self.resumed.fetch_add(1, Relaxed);
    }
}
