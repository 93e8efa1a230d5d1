//! HTTP/2 pings on an open connection (RFC 9113 §6.7,
//! <https://github.com/grpc/grpc/blob/master/doc/keepalive.md>).
//!
//! There are none unless people ask for them: gRPC's servers count pings that come more often than every five
//! minutes without data as bad behaviour and close the connection after the second. Where they are asked for, one
//! goes out at once, so that there is a round trip to show, and then only while calls are under way.

use h2::{Ping, PingPong};
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// The shortest time between pings.
pub const MIN_KEEPALIVE: Duration = Duration::from_secs(1);
/// A connection whose ping was not answered for this long is dead.
pub const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);

/// How to ping a connection.
pub(crate) struct Pinging<'a> {
    /// Between two pings.
    pub every: Duration,
    /// For an answer.
    pub patience: Duration,
    /// Whether calls are under way.
    pub busy: &'a (dyn Fn() -> bool + Sync),
    /// Takes the round trips, nanoseconds.
    pub rtt: &'a (dyn Fn(u64) + Sync),
}

/// Pings until a ping is not answered in time; never ends when the connection ends otherwise.
pub(crate) async fn keep_alive(mut pings: PingPong, pinging: Pinging<'_>) {
    loop {
        let begin = Instant::now();
        match timeout(pinging.patience, pings.ping(Ping::opaque())).await {
            Ok(Ok(_)) => {
                (pinging.rtt)(u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX));
            }
            // The connection is over, which whoever drives it knows better.
            Ok(Err(_)) => std::future::pending().await,
            Err(_) => return,
        }
        loop {
            sleep(pinging.every).await;
            if (pinging.busy)() {
                break;
            }
        }
    }
}
