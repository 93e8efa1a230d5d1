//! One connection: name, TCP, TLS, HTTP, and the task that drives it.

use crate::endpoint::Target;
use crate::explain::{self, Failure, Lost};
use crate::http::{Http, HttpError, Sender, handshake};
use crate::pool::POOL_IDLE_TIMEOUT;
use crate::queue::Teller;
use crate::tap::{Tap, Tapped};
use crate::tls::{Met, Trust, secure};
use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use wirelab_model::{CallEventKind, TlsInfo};

/// How long resolving, TCP and TLS may take together, and how long a new peer may then say nothing.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A connection without traffic for this long is probed by TCP. HTTP/2 pings are not used: servers close
/// connections that ping more often than they like.
pub const KEEPALIVE_TIME: Duration = Duration::from_secs(30);
/// Time between TCP probes.
pub const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
/// After this many unanswered TCP probes the connection is dead.
pub const KEEPALIVE_PROBES: u32 = 3;

/// The most socket addresses of a name that are tried.
const MAX_ADDRESSES: usize = 16;

/// How long a client waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For a new connection, and then for the peer's first word.
    pub connect: Duration,
    /// For another call on a connection.
    pub idle: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience { connect: CONNECT_TIMEOUT, idle: POOL_IDLE_TIMEOUT }
    }
}

/// A live connection.
pub(crate) struct Connection {
    pub sender: Sender,
    pub state: Arc<State>,
}

/// What is known of a connection, shared by its calls and the task that drives it.
pub(crate) struct State {
    pub target: Target,
    /// `ip:port`.
    pub peer: String,
    /// What TLS agreed on, where there is TLS.
    pub tls: Option<TlsInfo>,
    /// Whom TLS met.
    met: Option<Arc<Met>>,
    /// Bytes on the TCP connection.
    pub wire: Arc<Tap>,
    /// Calls under way.
    pub active: AtomicUsize,
    /// Calls ever begun.
    pub begun: AtomicU64,
    /// Bytes inside TLS, where there is TLS.
    plain: Arc<Tap>,
    closed: AtomicBool,
    silent: AtomicBool,
    patience: Patience,
    probe: Mutex<Option<std::net::TcpStream>>,
}

/// What the socket says without being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pulse {
    /// Open and quiet.
    Quiet,
    /// Open, with something not read yet.
    Pending,
    /// The peer has closed it.
    Dead,
}

impl State {
    /// Whether no more calls can be made on it.
    pub fn is_closed(&self) -> bool {
        self.closed.load(SeqCst)
    }

    /// Looks at the socket itself, where the end of a connection shows before the driving task runs.
    pub fn pulse(&self) -> Pulse {
        let Ok(probe) = self.probe.lock() else { return Pulse::Dead };
        match probe.as_ref().map(|socket| socket.peek(&mut [0])) {
            Some(Ok(0)) | None => Pulse::Dead,
            Some(Ok(_)) => Pulse::Pending,
            Some(Err(error)) if error.kind() == io::ErrorKind::WouldBlock => Pulse::Quiet,
            Some(Err(_)) => Pulse::Dead,
        }
    }

    /// Explains an HTTP error that ended a call.
    pub fn explain(&self, error: &HttpError) -> Failure {
        if let HttpError::Two(error) = error
            && let (true, Some(reason)) = (error.is_reset(), error.reason())
        {
            return explain::reset(reason, error.is_remote());
        }
        let head = self.plain.head();
        if let (true, Some(met)) = (head.is_empty(), &self.met)
            && let Some(refused) = met.refused(&self.target)
        {
            return refused;
        }
        explain::lost(&Lost {
            target: &self.target,
            head: &head,
            silent: self.silent.load(SeqCst).then_some(self.patience.connect),
            error,
        })
    }

    fn close(&self) {
        self.closed.store(true, SeqCst);
        // The probe is a second handle of the socket: without this the peer would not see it close.
        if let Ok(mut probe) = self.probe.lock() {
            *probe = None;
        }
    }
}

/// Connects, telling each phase.
pub(crate) async fn dial(
    target: &Target,
    http: Http,
    trust: Option<&Trust>,
    patience: Patience,
    teller: &Teller,
) -> Result<Connection, Failure> {
    let until = Instant::now() + patience.connect;
    let addresses = resolve(target, until).await?;
    teller.tell(CallEventKind::Resolved {
        addresses: addresses.iter().map(ToString::to_string).collect(),
    });
    let tcp = connect(target, &addresses, until).await?;
    let peer = tcp.peer_addr().map_err(|error| explain::connect(target, &error))?.to_string();
    let (tcp, probe) = prepare(tcp).map_err(|error| explain::connect(target, &error))?;
    teller.tell(CallEventKind::Connected { peer: peer.clone() });

    let wire = Arc::new(Tap::default());
    let stream = Tapped::new(tcp, wire.clone());
    let state = |plain, tls: Option<(TlsInfo, Arc<Met>)>| {
        let (tls, met) = tls.unzip();
        Arc::new(State {
            target: target.clone(),
            peer,
            tls,
            met,
            wire,
            active: AtomicUsize::new(0),
            begun: AtomicU64::new(0),
            plain,
            closed: AtomicBool::new(false),
            silent: AtomicBool::new(false),
            patience,
            probe: Mutex::new(Some(probe)),
        })
    };
    match trust {
        None => {
            let plain = stream.tap();
            drive(stream, http.agreed(None), state(plain, None)).await
        }
        Some(trust) => {
            let stream = secure(target, trust, http, stream, until).await?;
            let http = http.agreed(stream.alpn());
            let (info, met) = (stream.info(), stream.met());
            teller.tell(CallEventKind::Secured(info.clone()));
            let plain = Arc::new(Tap::default());
            drive(Tapped::new(stream, plain.clone()), http, state(plain, Some((info, met)))).await
        }
    }
}

async fn resolve(target: &Target, until: Instant) -> Result<Vec<SocketAddr>, Failure> {
    let looked_up =
        timeout_at(until, tokio::net::lookup_host((target.host(), target.port()))).await;
    let addresses: Vec<SocketAddr> = match looked_up {
        Ok(Ok(addresses)) => addresses.take(MAX_ADDRESSES).collect(),
        Ok(Err(error)) => return Err(explain::resolve(target, Some(&error))),
        Err(_) => return Err(explain::resolve(target, Some(&slow("the name server")))),
    };
    if addresses.is_empty() { Err(explain::resolve(target, None)) } else { Ok(addresses) }
}

fn slow(who: &str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("{who} did not answer in time"))
}

/// Tries the addresses in order; each gets its share of the time that is left, so that one which swallows
/// everything does not hide the others.
async fn connect(
    target: &Target,
    addresses: &[SocketAddr],
    until: Instant,
) -> Result<TcpStream, Failure> {
    let mut last = slow("the server");
    for (index, address) in addresses.iter().enumerate() {
        let left = until.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len() - index).unwrap_or(1);
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(tcp)) => return Ok(tcp),
            Ok(Err(error)) => last = error,
            Err(_) => last = slow("the server"),
        }
    }
    Err(explain::connect(target, &last))
}

fn prepare(tcp: TcpStream) -> io::Result<(TcpStream, std::net::TcpStream)> {
    tcp.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE_TIME)
        .with_interval(KEEPALIVE_INTERVAL)
        .with_retries(KEEPALIVE_PROBES);
    SockRef::from(&tcp).set_tcp_keepalive(&keepalive)?;
    let tcp = tcp.into_std()?;
    let probe = tcp.try_clone()?;
    Ok((TcpStream::from_std(tcp)?, probe))
}

async fn drive<S>(stream: S, http: Http, state: Arc<State>) -> Result<Connection, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) =
        handshake(stream, http).await.map_err(|error| state.explain(&error))?;
    let driven = state.clone();
    tokio::spawn(async move {
        let state = driven;
        tokio::select! {
            ended = connection => {
                if let Err(error) = ended {
                    tracing::debug!(peer = state.peer, ?error, "a connection ended");
                }
            }
            // Over HTTP/1.1 a server says nothing until it answers.
            () = silence(&state), if http != Http::One => {}
            () = idleness(&state) => {}
        }
        state.close();
    });
    Ok(Connection { sender, state })
}

/// Ends when a new peer has said nothing for too long; never for one that speaks.
async fn silence(state: &State) {
    tokio::time::sleep(state.patience.connect).await;
    if state.plain.received() > 0 {
        std::future::pending::<()>().await;
    }
    state.silent.store(true, SeqCst);
}

/// Ends when no call used the connection for its patience, or up to twice that.
async fn idleness(state: &State) {
    let mut begun = 0;
    loop {
        tokio::time::sleep(state.patience.idle).await;
        let before = std::mem::replace(&mut begun, state.begun.load(SeqCst));
        if begun == before && state.active.load(SeqCst) == 0 {
            // A call that takes it now sees that it is closed; one that took it just before counts as active.
            state.closed.store(true, SeqCst);
            if state.active.load(SeqCst) == 0 {
                return;
            }
            state.closed.store(false, SeqCst);
        }
    }
}
