//! Open connections, kept per instance.

use crate::connect::{Connection, Patience, State, Way, dial};
use crate::explain::{self, Failure};
use crate::http::{Hold, Http, HttpError, MAX_HEADER_BYTES};
use crate::queue::Teller;
use crate::resolve::Instance;
use crate::socket::Pulse;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wirelab_model::{CallEventKind, InstanceState, WireBytes};

/// A connection that no call uses is closed after this long, or up to twice that.
pub const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(300);
/// How many connections an endpoint gets when there are more calls than [`CALLS_PER_CONNECTION`], or than the server allows
/// streams on one; calls beyond share them, or wait for a stream.
pub const MAX_CONNECTIONS_PER_ENDPOINT: usize = 8;
/// With so many calls on each connection another one is made, even if the server would allow more: what happens to a
/// connection happens to all of its calls, and servers give one up on which too much goes on at once.
pub const CALLS_PER_CONNECTION: usize = 256;

/// How many calls an endpoint gets at once over HTTP/1.1, each on a connection of its own; calls beyond wait.
pub const MAX_HTTP1_CALLS_PER_ENDPOINT: usize = 64;

/// How many instances may have idle connections.
const MAX_SLOTS: usize = 512;
/// How often the driving task of a connection is let run while something waits to be read.
const PENDING_YIELDS: usize = 64;

/// How a call takes a connection.
pub(crate) struct Taking<'a> {
    pub way: &'a Way,
    /// For a new connection, TLS included.
    pub time: Duration,
    /// Make a new one whatever there is, and keep it from others.
    pub cold: bool,
}

/// All connections of a client.
#[derive(Default)]
pub(crate) struct Pool {
    pub patience: Patience,
    slots: Mutex<HashMap<Way, Arc<Slot>>>,
}

/// The connections of one way.
struct Slot {
    connections: Mutex<Vec<Connection>>,
    /// Held while dialling, so that calls made at once share one connection. The last dial that failed is in it, so
    /// that calls which waited for it need not each wait for their own.
    dialling: tokio::sync::Mutex<Option<(Instant, Failure)>>,
    /// One permit for each call over HTTP/1.1.
    lines: Arc<Semaphore>,
}

impl Default for Slot {
    fn default() -> Self {
        let lines = Arc::new(Semaphore::new(MAX_HTTP1_CALLS_PER_ENDPOINT));
        Slot { connections: Mutex::default(), dialling: tokio::sync::Mutex::default(), lines }
    }
}

/// A connection while a call uses it.
pub(crate) struct Lease {
    pub hold: Hold,
    pub state: Arc<State>,
    /// How many calls had begun when this one did, itself included.
    begun: u64,
    /// Whether others were under way then.
    busy: bool,
    sent: u64,
    received: u64,
    /// Where only one call at a time is possible.
    line: Option<OwnedSemaphorePermit>,
    /// Whether the connection was made for this call.
    fresh: bool,
    unprocessed: AtomicBool,
}

impl Pool {
    /// An open connection, telling `Reused`, or a new one, telling its phases.
    pub async fn lease(&self, taking: Taking<'_>, teller: &Teller) -> Result<Lease, Failure> {
        let Taking { way, time, cold } = taking;
        if cold {
            // Nobody else holds a handle of it, so that it closes by itself after the call.
            let connection = dial(way, time, self.patience, teller).await?;
            return Lease::new(&connection, true).ok_or_else(explain::gone);
        }
        let asked = Instant::now();
        let slot = self.slot(way);
        let line = match way.http {
            Http::Two => None,
            Http::One | Http::Agreed => slot.lines.clone().acquire_owned().await.ok(),
        };
        let reused = |lease: Lease| {
            teller.tell(CallEventKind::Reused {
                peer: lease.state.peer.clone(),
                tls: lease.state.tls.clone(),
            });
            lease
        };
        // Most calls find one at once and need not take turns for it.
        if let Found::Lease(lease) = slot.find(false, CALLS_PER_CONNECTION) {
            return Ok(reused(lease).on(line));
        }
        let mut failed = slot.dialling.lock().await;
        if let Some((at, failure)) = &*failed
            && *at >= asked
        {
            return Err(failure.clone());
        }
        if let Some(lease) = slot.reuse().await {
            return Ok(reused(lease).on(line));
        }
        match Box::pin(dial(way, time, self.patience, teller)).await {
            Ok(connection) => {
                let lease = Lease::new(&connection, true);
                slot.connections().push(connection);
                *failed = None;
                lease.map(|lease| lease.on(line)).ok_or_else(explain::gone)
            }
            Err(failure) => {
                // Better one connection too few than none.
                if let Found::Lease(lease) = slot.find(true, usize::MAX) {
                    return Ok(reused(lease).on(line));
                }
                *failed = Some((Instant::now(), failure.clone()));
                Err(failure)
            }
        }
    }

    /// What the connections to an instance are, whatever is spoken on them: `Ready` where one is open,
    /// `Connecting` where one is being made, else `Idle`.
    pub fn state(&self, instance: &Instance) -> InstanceState {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = InstanceState::Idle;
        for (way, slot) in slots.iter() {
            if way.place == instance.place && way.target == instance.target {
                if slot.connections().iter().any(|connection| connection.state.is_open()) {
                    return InstanceState::Ready;
                }
                if slot.dialling.try_lock().is_err() {
                    state = InstanceState::Connecting;
                }
            }
        }
        state
    }

    fn slot(&self, key: &Way) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(key) {
            return slot.clone();
        }
        if slots.len() >= MAX_SLOTS {
            // Whoever dials or calls there holds a clone or an active call; the rest is idle.
            slots.retain(|_, slot| Arc::strong_count(slot) > 1 || slot.in_use());
        }
        slots.entry(key.clone()).or_default().clone()
    }
}

/// A look for a connection that can be used.
enum Found {
    Lease(Lease),
    /// One may live or not, which shows when the task that drives it has run.
    Unsure,
    Nothing,
}

impl Slot {
    fn connections(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn in_use(&self) -> bool {
        self.connections().iter().any(Connection::is_used)
    }

    /// The least used connection that lives, unless all are full and one more may be made. Waits a moment where one
    /// may live or not.
    async fn reuse(&self) -> Option<Lease> {
        for look in 0..=PENDING_YIELDS {
            match self.find(look == PENDING_YIELDS, CALLS_PER_CONNECTION) {
                Found::Lease(lease) => return Some(lease),
                Found::Nothing => return None,
                Found::Unsure => tokio::task::yield_now().await,
            }
        }
        None
    }

    /// Looks once; the `last` look is sure. A connection with `most` calls is full.
    fn find(&self, last: bool, most: usize) -> Found {
        let mut connections = self.connections();
        let mut unsure = false;
        connections.retain_mut(|connection| match life(connection) {
            Life::Alive => true,
            Life::Dead => false,
            Life::Unsure if last => is_ready(connection),
            Life::Unsure => {
                unsure = true;
                true
            }
        });
        if unsure {
            return Found::Unsure;
        }
        let active = |connection: &&Connection| connection.state.active.load(SeqCst);
        let Some(connection) = connections.iter().min_by_key(active) else {
            return Found::Nothing;
        };
        let full = active(&connection) >= connection.sender.capacity().min(most);
        if full && connections.len() < MAX_CONNECTIONS_PER_ENDPOINT {
            return Found::Nothing;
        }
        // It may be full with a request that allows no other beside it, or just have been closed for idleness.
        let lease = Lease::new(connection, false).filter(|lease| !lease.state.is_closed());
        lease.map_or(Found::Nothing, Found::Lease)
    }
}

enum Life {
    Alive,
    Dead,
    /// The task that drives it has to run first.
    Unsure,
}

fn life(connection: &mut Connection) -> Life {
    if connection.state.is_closed() {
        return Life::Dead;
    }
    if connection.is_used() {
        // Whatever happens to it, the task that drives it is awake and sees it: asking the socket would only cost.
        return connection.sender.is_ready().map_or(Life::Dead, |_| Life::Alive);
    }
    match connection.state.pulse() {
        Pulse::Dead => Life::Dead,
        // Perhaps its end, perhaps only data of other calls.
        Pulse::Pending => Life::Unsure,
        Pulse::Quiet => match connection.sender.is_ready() {
            None => Life::Dead,
            Some(true) => Life::Alive,
            // The end of the last response is being read.
            Some(false) => Life::Unsure,
        },
    }
}

/// Whether requests can be begun as far as can be known now.
fn is_ready(connection: &mut Connection) -> bool {
    let used = connection.is_used();
    connection.sender.is_ready().is_some_and(|ready| ready || used)
}

impl Lease {
    /// None when the connection is busy with a request that allows no other beside it.
    fn new(connection: &Connection, fresh: bool) -> Option<Lease> {
        let hold = connection.sender.hold()?;
        let state = connection.state.clone();
        let busy = state.active.fetch_add(1, SeqCst) > 0;
        let begun = state.begun.fetch_add(1, SeqCst) + 1;
        // What it took to set a new connection up belongs to the call that wanted it.
        let (sent, received) =
            if fresh { (0, 0) } else { (state.wire.sent(), state.wire.received()) };
        Some(Lease {
            hold,
            state,
            begun,
            busy,
            sent,
            received,
            line: None,
            fresh,
            unprocessed: AtomicBool::new(false),
        })
    }

    /// Keeps the permit where the connection needs it.
    fn on(mut self, line: Option<OwnedSemaphorePermit>) -> Lease {
        self.line = line.filter(|_| self.hold.is_one());
        self
    }

    /// Explains an HTTP error that ended the call.
    pub fn lost(&self, error: &HttpError) -> Failure {
        self.unprocessed.fetch_or(State::is_unprocessed(error), SeqCst);
        if error.is_refused_headers() {
            return explain::headers(self.wire().received, MAX_HEADER_BYTES);
        }
        match error.is_io().then(|| self.hold.given_up()).flatten() {
            // It says nothing of whether the server began with this call.
            Some(given_up) => self.state.explain(&given_up),
            None => self.state.explain(error),
        }
    }

    /// Explains an HTTP error because of which nothing of the call was sent.
    pub fn unopened(&self, error: &HttpError) -> Failure {
        // A new connection that fails at once would only fail again.
        self.unprocessed.fetch_or(!self.fresh || State::is_unprocessed(error), SeqCst);
        self.state.explain(error)
    }

    /// Whether the server certainly did not begin with the call.
    pub fn is_unprocessed(&self) -> bool {
        self.unprocessed.load(SeqCst)
    }

    /// Bytes moved since.
    pub fn wire(&self) -> WireBytes {
        WireBytes {
            sent: self.state.wire.sent().saturating_sub(self.sent),
            received: self.state.wire.received().saturating_sub(self.received),
            shared: self.busy || self.state.begun.load(SeqCst) != self.begun,
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.state.active.fetch_sub(1, SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Client, Invoke, requests};
    use futures_util::StreamExt;
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;
    use tokio_util::sync::CancellationToken;
    use wirelab_model::{CallEvent, CallSpec, Problem};

    const SHORT: Duration = Duration::from_millis(30);

    fn client(patience: Patience) -> Client {
        Client::with_pool(Pool { patience, ..Pool::default() })
    }

    async fn call(client: &Client, address: &str) -> Vec<CallEvent> {
        let spec = CallSpec {
            endpoint: wirelab_model::Endpoint { address: address.into(), ..Default::default() },
            method: "a.B/C".into(),
            ..CallSpec::default()
        };
        client.invoke(spec, requests([vec![]]), CancellationToken::new()).collect().await
    }

    fn problem(events: Vec<CallEvent>) -> Problem {
        match events.into_iter().next_back().map(|event| event.kind) {
            Some(CallEventKind::Finished { status, .. }) => status.problem.unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_peer_that_says_nothing_is_left() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let patience = Patience { connect: Duration::from_secs(1), ..Patience::default() };
        let silent = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut all = Vec::new();
            stream.read_to_end(&mut all).await.unwrap();
        });
        let problem = problem(call(&client(patience), &address).await);
        assert_eq!(
            problem.message.replace(&address, "ADDR"),
            "ADDR accepted the connection, but said nothing for 1 s"
        );
        // The server sees the connection end.
        silent.await.unwrap();
    }

    #[tokio::test]
    async fn a_peer_that_leaves_a_ping_unanswered_is_left() {
        use tokio::io::AsyncWriteExt;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let patience = Patience { pong: Duration::from_secs(1), ..Patience::default() };
        let hanging = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            // An empty SETTINGS frame, and no more.
            stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
            let _ = stream.read_to_end(&mut Vec::new()).await;
        });
        let spec = CallSpec {
            endpoint: wirelab_model::Endpoint {
                address: address.clone(),
                keepalive_ms: Some(60_000),
                ..Default::default()
            },
            method: "a.B/C".into(),
            ..CallSpec::default()
        };
        let client = client(patience);
        let events = client.invoke(spec, requests([vec![]]), CancellationToken::new());
        let problem = problem(events.collect().await);
        assert_eq!(
            problem.message.replace(&address, "ADDR"),
            "ADDR stopped answering: a ping got no answer for 1 s"
        );
        hanging.await.unwrap();
    }

    #[tokio::test]
    async fn an_idle_connection_is_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut connection = h2::server::handshake(stream).await.unwrap();
            while let Some(Ok((_, mut respond))) = connection.accept().await {
                let mut response = http::Response::new(());
                response.headers_mut().insert("grpc-status", "5".parse().unwrap());
                respond.send_response(response, true).unwrap();
            }
        });
        let client = client(Patience { idle: SHORT, ..Patience::default() });
        assert_eq!(problem(call(&client, &address).await).grpc_status, Some(5));
        // Ends when the connection does, although the client lives.
        server.await.unwrap();
        drop(client);
    }
}
