//! Listening: ports and sockets, connections and their limits, and an end that loses nothing.
//!
//! Knows no face: every request goes to [`Bridge::handle`].

mod connection;
mod limits;
mod listen;
mod patient;
#[cfg(unix)]
mod unix;

pub use limits::{
    HANDSHAKE_TIMEOUT, HEADER_BYTES, HEADER_TIMEOUT, Limits, MAX_CONNECTIONS, MAX_HEADERS,
    MAX_STREAMS, PING_INTERVAL, PING_TIMEOUT,
};
pub use listen::{Listen, SOCKET_MODE};

use crate::Bridge;
use crate::headers::Peer;
use connection::Serving;
use listen::{Bound, Stream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wirelab_model::Problem;

/// How long requests under way have to end once the bridge is told to stop.
pub const DRAIN: Duration = Duration::from_secs(25);
/// How much of that streams without an end have before they are told to go.
pub const STREAM_GRACE: Duration = Duration::from_secs(10);
/// How long an idle HTTP/1.1 connection is kept while the bridge drains: a request may be on its way in it.
pub const IDLE_GRACE: Duration = Duration::from_secs(1);
/// How long it goes on accepting when it drains: what the system took in before has to be noticed.
const LAST_ACCEPT: Duration = Duration::from_millis(50);
/// How long nothing is accepted after the system refused to, mostly for lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Where and how a bridge is served.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it listens.
    pub listen: Vec<Listen>,
    /// Permissions of Unix sockets.
    pub socket_mode: u32,
    /// What connections may take.
    pub limits: Limits,
    /// How it ends.
    pub drain: Drain,
}

/// How a bridge ends.
#[derive(Clone, Copy, Debug)]
pub struct Drain {
    /// How long it goes on accepting after it says that it is not ready, so that a load balancer notices.
    pub delay: Duration,
    /// See [`DRAIN`].
    pub limit: Duration,
    /// See [`STREAM_GRACE`].
    pub streams: Duration,
}

impl Default for Drain {
    fn default() -> Drain {
        Drain { delay: Duration::ZERO, limit: DRAIN, streams: STREAM_GRACE }
    }
}

/// Open listeners that nobody serves yet.
pub struct Server {
    bound: Vec<Bound>,
    settings: Settings,
}

impl Server {
    /// Listens everywhere that `settings` say.
    ///
    /// # Errors
    /// The first address that cannot be had, and what to do.
    pub async fn bind(settings: Settings) -> Result<Server, Problem> {
        let mut bound = Vec::with_capacity(settings.listen.len());
        for at in &settings.listen {
            bound.push(Bound::new(at, settings.socket_mode).await?);
        }
        Ok(Server { bound, settings })
    }

    /// Where it listens, with the ports that the system chose.
    pub fn addresses(&self) -> Vec<Listen> {
        self.bound.iter().filter_map(Bound::address).collect()
    }

    /// Serves `bridge` until `stop`, then lets what is under way end. Gives the number of connections that were cut
    /// because they did not.
    pub async fn run(self, bridge: Bridge, stop: CancellationToken) -> usize {
        let Settings { limits, drain, .. } = self.settings;
        let shared = bridge.shared.clone();
        let life = &shared.life;
        let serving = Arc::new(Serving {
            builder: connection::builder(&limits),
            patience: limits.header_timeout,
            kill: CancellationToken::new(),
            bridge,
        });
        let closed = CancellationToken::new();
        let places = Arc::new(Semaphore::new(limits.connections));
        let listeners = TaskTracker::new();
        for bound in self.bound {
            let (closed, places, serving) = (closed.clone(), places.clone(), serving.clone());
            let tracker = life.tracker.clone();
            listeners.spawn(accept(bound, places, tracker, serving, closed));
        }
        listeners.close();

        stop.cancelled().await;
        life.leaving.store(true, Ordering::Relaxed);
        tokio::time::sleep(drain.delay).await;
        life.draining.cancel();
        tokio::time::sleep(LAST_ACCEPT).await;
        closed.cancel();
        listeners.wait().await;
        life.tracker.close();
        let streams = async {
            tokio::time::sleep(drain.streams).await;
            life.closing.cancel();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = life.tracker.wait() => {}
            () = streams => {}
            () = tokio::time::sleep(drain.limit) => {}
        }
        serving.kill.cancel();
        life.tracker.len()
    }
}

/// Accepts until `closed`, then what the system has accepted already.
async fn accept(
    bound: Bound,
    places: Arc<Semaphore>,
    tracker: TaskTracker,
    serving: Arc<Serving>,
    closed: CancellationToken,
) {
    loop {
        let place = tokio::select! {
            biased;
            place = places.clone().acquire_owned() => place,
            () = closed.cancelled() => return,
        };
        // The semaphore is never closed.
        let Ok(place) = place else { return };
        let accepted = tokio::select! {
            biased;
            accepted = bound.accept() => accepted,
            () = closed.cancelled() => return,
        };
        let stream = match accepted {
            Ok(stream) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let serving = serving.clone();
        tracker.spawn(async move {
            match stream {
                Stream::Tcp(stream, from) => {
                    let peer = Peer { ip: Some(from.ip()), tls: false };
                    connection::serve(stream, peer, serving).await;
                }
                #[cfg(unix)]
                Stream::Unix(stream) => {
                    connection::serve(stream, Peer { ip: None, tls: false }, serving).await;
                }
            }
            drop(place);
        });
    }
}
