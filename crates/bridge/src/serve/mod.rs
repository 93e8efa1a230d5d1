//! Listening: ports and sockets, connections and their limits, and an end that loses nothing.
//!
//! Knows no face: every request goes to [`Bridge::handle`].

mod admin;
mod connection;
mod hosts;
mod limits;
mod listen;
mod patient;
mod place;
mod strict;
mod tls;
#[cfg(unix)]
mod unix;

pub use admin::AdminPaths;
pub use hosts::Hosts;
pub use limits::{
    HANDSHAKE_TIMEOUT, HEADER_BYTES, HEADER_TIMEOUT, Limits, MAX_CONNECTIONS, MAX_HEADERS,
    MAX_STREAMS, PING_INTERVAL, PING_TIMEOUT,
};
pub use listen::{Listen, SOCKET_MODE};
pub(crate) use place::Place;
pub use tls::TlsFiles;

use crate::Bridge;
use crate::bridge::Shared;
use crate::headers::Peer;
use crate::live::{Fingerprint, WATCH_INTERVAL};
use crate::observe::Reload;
use connection::{Door, Scope, Serving};
use listen::{Bound, Stream};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tls::Tls;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};
use wirelab_model::Problem;

/// How long requests under way have to end once the bridge is told to stop.
pub const DRAIN: Duration = Duration::from_secs(25);
/// How much of that streams without an end have before they are told to go.
pub const STREAM_GRACE: Duration = Duration::from_secs(10);
/// How long an idle HTTP/1.1 connection is kept while the bridge drains: a request may be on its way in it.
pub const IDLE_GRACE: Duration = Duration::from_secs(1);
/// How long it goes on accepting when it drains: what clients began before has to get here.
const LAST_ACCEPT: Duration = Duration::from_millis(100);
/// The most connections to where figures are told apart.
const ADMIN_CONNECTIONS: usize = 64;
/// How long the end waits for the last spans to be sent.
const FLUSH: Duration = Duration::from_secs(2);
/// How long nothing is accepted after the system refused to, mostly for lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How often that is told at most.
const ACCEPT_TELL: Duration = Duration::from_secs(10);

/// Where and how a bridge is served.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it listens.
    pub listen: Vec<Listen>,
    /// Permissions of Unix sockets.
    pub socket_mode: u32,
    /// What makes TCP connections secure; none leaves them as they are.
    pub tls: Option<TlsFiles>,
    /// Where health, readiness and figures are told instead of beside the calls.
    pub admin: Option<Listen>,
    /// Their paths.
    pub paths: AdminPaths,
    /// By which names it may be called; on loopback by those of this machine anyway and by no others, elsewhere by any
    /// unless there are names.
    pub hosts: Hosts,
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
    admin: Option<Bound>,
    tls: Option<Arc<Tls>>,
    settings: Settings,
}

impl Server {
    /// Listens everywhere that `settings` say.
    ///
    /// # Errors
    /// The first address that cannot be had, and what to do.
    pub async fn bind(settings: Settings) -> Result<Server, Problem> {
        let tls = settings.tls.clone().map(Tls::new).transpose()?.map(Arc::new);
        let mut bound = Vec::with_capacity(settings.listen.len());
        for at in &settings.listen {
            bound.push(Bound::new(at, settings.socket_mode).await?);
        }
        let admin = match &settings.admin {
            None => None,
            Some(at) => Some(Bound::new(at, settings.socket_mode).await?),
        };
        Ok(Server { bound, admin, tls, settings })
    }

    /// Where it listens, with the ports that the system chose.
    pub fn addresses(&self) -> Vec<Listen> {
        self.bound.iter().filter_map(Bound::address).collect()
    }

    /// Where health, readiness and figures are told, where that is apart.
    pub fn admin_address(&self) -> Option<Listen> {
        self.admin.as_ref().and_then(Bound::address)
    }

    /// Whether its ports speak TLS.
    pub fn is_secure(&self) -> bool {
        self.tls.is_some()
    }

    /// Serves `bridge` until `stop`, then lets what is under way end. Gives the number of connections that were cut
    /// because they did not.
    pub async fn run(self, bridge: Bridge, stop: CancellationToken) -> usize {
        let Settings { limits, drain, paths, hosts, .. } = self.settings;
        let shared = bridge.shared.clone();
        let life = &shared.life;
        let serving = Arc::new(Serving {
            builder: connection::builder(&limits),
            patience: limits.header_timeout,
            kill: CancellationToken::new(),
            paths,
            hosts,
            tls: self.tls.clone(),
            bridge,
        });
        let _reloads =
            self.tls.map(|tls| AbortOnDropHandle::new(tokio::spawn(reloads(tls, shared.clone()))));
        // Those who watch are answered to the end, and nobody waits for them.
        let watchers = TaskTracker::new();
        let asked = CancellationToken::new();
        let _asked = asked.clone().drop_guard();
        let scope = match self.admin {
            None => Scope::Both,
            Some(bound) => {
                let places = Arc::new(Semaphore::new(ADMIN_CONNECTIONS));
                let door = Door { scope: Scope::Admin, at: bound.ip(), certificate: None };
                let until = asked.clone();
                let entrance = Entrance { places, tracker: watchers, door, until };
                tokio::spawn(accept(bound, entrance, serving.clone(), asked));
                Scope::Calls
            }
        };
        let closed = CancellationToken::new();
        let places = Arc::new(Semaphore::new(limits.connections));
        let listeners = TaskTracker::new();
        for bound in self.bound {
            let door = Door { scope, at: bound.ip(), certificate: None };
            let (places, tracker) = (places.clone(), life.tracker.clone());
            let until = life.draining.clone();
            let entrance = Entrance { places, tracker, door, until };
            listeners.spawn(accept(bound, entrance, serving.clone(), closed.clone()));
        }
        listeners.close();

        stop.cancelled().await;
        life.leaving.store(true, Ordering::Relaxed);
        tokio::time::sleep(drain.delay).await;
        life.draining.cancel();
        tokio::time::sleep(LAST_ACCEPT).await;
        closed.cancel();
        let all = async {
            listeners.wait().await;
            life.tracker.close();
            life.tracker.wait().await;
        };
        let streams = async {
            tokio::time::sleep(drain.streams).await;
            life.closing.cancel();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = all => {}
            () = streams => {}
            () = tokio::time::sleep(drain.limit) => {}
        }
        serving.kill.cancel();
        let cut = life.tracker.len();
        shared.observe.flush(FLUSH).await;
        cut
    }
}

/// What the connections of one listener share.
struct Entrance {
    places: Arc<Semaphore>,
    tracker: TaskTracker,
    door: Door,
    /// From when on nobody new is let in.
    until: CancellationToken,
}

/// Accepts until `closed`, then what the system has accepted already.
async fn accept(
    bound: Bound,
    entrance: Entrance,
    serving: Arc<Serving>,
    closed: CancellationToken,
) {
    let mut refusals = Refusals::default();
    let mut turned_away = false;
    loop {
        let next = async {
            let place = entrance.place().await;
            (place, bound.accept().await)
        };
        let (place, accepted) = tokio::select! {
            biased;
            () = entrance.until.cancelled(), if !turned_away => {
                turned_away = true;
                bound.turn_away();
                continue;
            }
            () = closed.cancelled() => break,
            next = next => next,
        };
        match accepted {
            Ok(stream) => entrance.let_in(stream, place, &serving),
            // It went away while it waited; the next one may be there.
            Err(error) if is_of_one(&error) => {}
            Err(error) => {
                refusals.tell(&error);
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    for stream in bound.close() {
        tokio::select! {
            biased;
            place = entrance.place() => entrance.let_in(stream, place, &serving),
            () = serving.kill.cancelled() => return,
        }
    }
}

impl Entrance {
    /// Waits for a place.
    async fn place(&self) -> OwnedSemaphorePermit {
        match self.places.clone().acquire_owned().await {
            Ok(place) => place,
            // The semaphore is never closed.
            Err(_) => std::future::pending().await,
        }
    }

    /// Serves a connection on a task of its own.
    fn let_in(&self, stream: Stream, place: OwnedSemaphorePermit, serving: &Arc<Serving>) {
        let place = Place::new(place, serving.bridge.clone());
        self.tracker.spawn(serving.clone().connection(stream, self.door.clone(), place));
    }
}

/// Whether only the one connection that was to be accepted failed.
fn is_of_one(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// What the system refused to accept, told now and then.
#[derive(Default)]
struct Refusals {
    told: Option<Instant>,
    since: u64,
}

impl Refusals {
    fn tell(&mut self, error: &io::Error) {
        self.since += 1;
        if self.told.is_some_and(|told| told.elapsed() < ACCEPT_TELL) {
            return;
        }
        let times = std::mem::take(&mut self.since);
        self.told = Some(Instant::now());
        tracing::warn!(
            %error, times,
            "connections cannot be accepted and wait; if there are too many open files, raise the limit (ulimit -n)"
        );
    }
}

impl Serving {
    /// Serves one connection to its end; `place` is given back when it, and what it became, is over.
    async fn connection(self: Arc<Serving>, stream: Stream, door: Door, place: Place) {
        match (stream, &self.tls) {
            (Stream::Tcp(stream, from), None) => {
                let peer = Peer { ip: Some(from.ip()), tls: false };
                connection::serve(stream, peer, door, self, place).await;
            }
            (Stream::Tcp(stream, from), Some(tls)) => match tls.accept(stream).await {
                Ok((stream, certificate)) => {
                    let peer = Peer { ip: Some(from.ip()), tls: true };
                    let door = Door { certificate, ..door };
                    connection::serve(stream, peer, door, self, place).await;
                }
                Err(error) => tracing::debug!(%from, %error, "a handshake failed"),
            },
            #[cfg(unix)]
            (Stream::Unix(stream), _) => {
                let peer = Peer { ip: None, tls: false };
                connection::serve(stream, peer, door, self, place).await;
            }
        }
    }
}

/// Reads certificates again whenever their files change. Never ends.
async fn reloads(tls: Arc<Tls>, shared: Arc<Shared>) {
    let look = |tls: Arc<Tls>, before: Option<Fingerprint>| {
        let shared = shared.clone();
        tokio::task::spawn_blocking(move || {
            let seen = tls.fingerprint();
            if before.is_some_and(|before| before != seen) {
                let read = tls.reload();
                shared.observe.figures.reloaded(Reload::Certificates, read.is_ok());
                match read {
                    Ok(()) => tracing::info!("the certificates were read again"),
                    Err(problem) => {
                        tracing::error!(%problem, "the certificates were not taken, the last ones hold");
                    }
                }
            }
            seen
        })
    };
    let mut seen = None;
    loop {
        // It does not panic; were it to, the next look compares with nothing.
        seen = look(tls.clone(), seen).await.ok();
        tokio::time::sleep(WATCH_INTERVAL).await;
    }
}
