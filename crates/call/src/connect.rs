//! One connection: socket, TLS, HTTP, and the task that drives it.

use crate::endpoint::Target;
use crate::explain::{self, Failure, Lost};
use crate::http::{Http, HttpError, Opened, STREAM_WINDOW, Sender, handshake};
use crate::keepalive::{KEEPALIVE_TIMEOUT, Pinging, keep_alive};
use crate::pool::POOL_IDLE_TIMEOUT;
use crate::queue::Teller;
use crate::resolve::Place;
use crate::socket::{self, Connected, Probe, Pulse};
use crate::tap::{Tap, Tapped};
use crate::tls::{Met, Trust, secure};
use h2::PingPong;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::Instant;
use wirelab_model::{CallEventKind, TlsInfo};

/// How long a name may take to resolve, TCP and TLS with all instances of an address together, and how long a
/// new peer may then say nothing.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A call that waits for a server which can be reached looks for it again after this long, twice as long each
/// time up to [`READY_MAX_WAIT`], or as soon as the address leads elsewhere.
pub const READY_WAIT: Duration = Duration::from_millis(100);
/// The longest time between two looks.
pub const READY_MAX_WAIT: Duration = Duration::from_secs(5);
/// How long a client waits, and for how much of what nobody reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For a new connection, and then for the peer's first word.
    pub connect: Duration,
    /// For another call on a connection.
    pub idle: Duration,
    /// For the answer to a ping.
    pub pong: Duration,
    /// Before another look for a server that can be reached, at first.
    pub ready: Duration,
    /// Bytes of one stream that a server may send ahead of its reader.
    pub window: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Patience {
            connect: CONNECT_TIMEOUT,
            idle: POOL_IDLE_TIMEOUT,
            pong: KEEPALIVE_TIMEOUT,
            ready: READY_WAIT,
            window: STREAM_WINDOW,
        }
    }
}

/// A live connection.
pub(crate) struct Connection {
    pub sender: Sender,
    pub state: Arc<State>,
}

impl Connection {
    /// Whether calls are under way on it.
    pub fn is_used(&self) -> bool {
        self.state.active.load(SeqCst) > 0
    }
}

/// What is known of a connection, shared by its calls and the task that drives it.
pub(crate) struct State {
    pub target: Target,
    /// `ip:port`, or the path of a socket.
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
    /// Round trips of pings, nanoseconds, as they come.
    rtt: watch::Sender<Option<u64>>,
    /// Bytes inside TLS, where there is TLS.
    plain: Arc<Tap>,
    closed: AtomicBool,
    silent: AtomicBool,
    unanswered: AtomicBool,
    patience: Patience,
    keepalive: Option<Duration>,
    probe: Mutex<Option<Probe>>,
}

impl State {
    /// Whether no more calls can be made on it.
    pub fn is_closed(&self) -> bool {
        self.closed.load(SeqCst)
    }

    /// The round trips of pings from now on; none where there are no pings.
    pub fn round_trips(&self) -> Option<watch::Receiver<Option<u64>>> {
        self.keepalive.map(|_| self.rtt.subscribe())
    }

    /// Looks at the socket itself, where the end of a connection shows before the driving task runs.
    pub fn pulse(&self) -> Pulse {
        let probe = self.probe.lock().unwrap_or_else(PoisonError::into_inner);
        probe.as_ref().map_or(Pulse::Dead, Probe::pulse)
    }

    /// Whether the server certainly has not begun with a call that ended so
    /// (<https://github.com/grpc/proposal/blob/master/A6-client-retries.md#transparent-retries>).
    pub fn is_unprocessed(error: &HttpError) -> bool {
        match error {
            HttpError::One(error) => error.is_canceled(),
            // A GOAWAY ends only the streams that it says were not begun (RFC 9113 §6.8).
            HttpError::Two(error) => {
                error.is_remote()
                    && (error.is_go_away()
                        || error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM))
            }
        }
    }

    /// Explains an HTTP error that ended a call.
    pub fn explain(&self, error: &HttpError) -> Failure {
        if let HttpError::Two(error) = error
            && let (true, Some(reason)) = (error.is_reset(), error.reason())
        {
            return explain::reset(reason, error.is_remote());
        }
        self.hear_out();
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
            unanswered: self.unanswered.load(SeqCst).then_some(self.patience.pong),
            error,
        })
    }

    /// Whether calls can be made on it.
    pub fn is_open(&self) -> bool {
        !self.is_closed() && self.pulse() != Pulse::Dead
    }

    /// Reads what a peer in plaintext said before its connection ended, if nothing was read until then.
    fn hear_out(&self) {
        let probe = self.probe.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(probe) = probe.as_ref()
            && self.plain.received() == 0
            && Arc::ptr_eq(&self.plain, &self.wire)
        {
            self.plain.took(&probe.rest());
        }
    }

    fn close(&self) {
        self.hear_out();
        self.closed.store(true, SeqCst);
        // The probe is a second handle of the socket: without this the peer would not see it close.
        if let Ok(mut probe) = self.probe.lock() {
            *probe = None;
        }
    }
}

/// Whom a connection leads to and how; connections of equal ways are interchangeable.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Way {
    /// What the server is called.
    pub target: Target,
    /// Where it listens.
    pub place: Place,
    /// What may be spoken.
    pub http: Http,
    /// What TLS trusts; none is plaintext.
    pub trust: Option<Trust>,
    /// Between HTTP/2 pings.
    pub keepalive: Option<Duration>,
}

/// Connects within `time`, telling each phase.
pub(crate) async fn dial(
    way: &Way,
    time: Duration,
    patience: Patience,
    teller: &Teller,
) -> Result<Connection, Failure> {
    let until = Instant::now() + time;
    let Way { target, place, http, trust, keepalive } = way;
    let Connected { stream, peer, probe } = socket::connect(target, place, until).await?;
    teller.tell(CallEventKind::Connected { peer: peer.clone() });

    let wire = Arc::new(Tap::default());
    let stream = Tapped::new(stream, wire.clone());
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
            rtt: watch::Sender::default(),
            plain,
            closed: AtomicBool::new(false),
            silent: AtomicBool::new(false),
            unanswered: AtomicBool::new(false),
            patience,
            keepalive: *keepalive,
            probe: Mutex::new(Some(probe)),
        })
    };
    match trust {
        None => {
            let plain = stream.tap();
            drive(stream, http.agreed(None), state(plain, None)).await
        }
        Some(trust) => {
            let stream = secure(target, trust, *http, stream, until).await?;
            let http = http.agreed(stream.alpn());
            let (info, met) = (stream.info(), stream.met());
            teller.tell(CallEventKind::Secured(info.clone()));
            let plain = Arc::new(Tap::default());
            drive(Tapped::new(stream, plain.clone()), http, state(plain, Some((info, met)))).await
        }
    }
}

async fn drive<S>(stream: S, http: Http, state: Arc<State>) -> Result<Connection, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Opened { sender, driver, pings } = handshake(stream, http, state.patience.window)
        .await
        .map_err(|error| state.explain(&error))?;
    let driven = state.clone();
    tokio::spawn(async move {
        let state = driven;
        tokio::select! {
            ended = driver => {
                if let Err(error) = ended {
                    tracing::debug!(peer = state.peer, ?error, "a connection ended");
                }
            }
            // Over HTTP/1.1 a server says nothing until it answers.
            () = silence(&state), if http != Http::One => {}
            () = idleness(&state) => {}
            () = pinging(&state, pings) => {}
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

/// Ends when the peer leaves a ping unanswered; never where none are wanted or possible.
async fn pinging(state: &State, pings: Option<PingPong>) {
    let (Some(pings), Some(every)) = (pings, state.keepalive) else {
        return std::future::pending().await;
    };
    let pinging = Pinging {
        every,
        patience: state.patience.pong,
        busy: &|| state.active.load(SeqCst) > 0,
        rtt: &|rtt_ns| {
            state.rtt.send_replace(Some(rtt_ns));
        },
    };
    keep_alive(pings, pinging).await;
    state.unanswered.store(true, SeqCst);
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
