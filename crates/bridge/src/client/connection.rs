//! Connections to where a bridge listens: HTTP/1.1, one call at a time, kept for the next; their bytes are counted.

use super::failed;
use axum::body::Body;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use wirelab_call::{Tap, Tapped};
use wirelab_model::{CallEventKind, Problem, ProblemKind, Status, StatusCode, WireBytes};

/// How many idle connections are kept; further ones are closed.
pub const MAX_IDLE_CONNECTIONS: usize = 256;
/// How long connecting may take.
pub const CLIENT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The idle connections to one bridge.
pub(super) struct Pool {
    address: SocketAddr,
    idle: Mutex<Vec<Connection>>,
}

/// A connection that no other call uses.
pub(super) struct Connection {
    pub sender: SendRequest<Body>,
    tap: Arc<Tap>,
    /// What had passed when it was taken.
    before: WireBytes,
}

impl Pool {
    pub fn new(address: SocketAddr) -> Pool {
        Pool { address, idle: Mutex::default() }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A connection and how it was come by. `cold` makes a new one.
    pub async fn take(&self, cold: bool) -> Result<(Connection, CallEventKind), Status> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        while let Some(mut kept) = if cold { None } else { idle() } {
            if kept.sender.is_closed() || !kept.sender.is_ready() {
                continue;
            }
            kept.before = passed(&kept.tap);
            return Ok((kept, CallEventKind::Reused { peer: self.address.to_string(), tls: None }));
        }
        let (stream, tap) = self.connect().await?;
        let made = handshake(TokioIo::new(stream)).await;
        let (sender, connection) = made.map_err(|error| self.unreachable(&error))?;
        tokio::spawn(async move {
            // What goes wrong is told where the answer is read.
            let _ = connection.await;
        });
        let connected = CallEventKind::Connected { peer: self.address.to_string() };
        Ok((Connection { sender, tap, before: WireBytes::default() }, connected))
    }

    /// Keeps a connection for the next call.
    pub fn keep(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE_CONNECTIONS && !connection.sender.is_closed() {
            idle.push(connection);
        }
    }

    /// A stream of bytes that are counted.
    pub async fn connect(&self) -> Result<(Tapped<TcpStream>, Arc<Tap>), Status> {
        let connecting = TcpStream::connect(self.address);
        let connected = match timeout(CLIENT_CONNECT_TIMEOUT, connecting).await {
            Ok(connected) => connected,
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        };
        let stream = connected.map_err(|error| self.unreachable(&error))?;
        // Small requests must not wait for each other's acknowledgement; that it cannot be set is slower, not wrong.
        let _ = stream.set_nodelay(true);
        let tap = Arc::<Tap>::default();
        Ok((Tapped::new(stream, tap.clone()), tap))
    }

    fn unreachable(&self, error: &dyn std::error::Error) -> Status {
        let message = format!("nobody answers at the bridge's {}: {error}", self.address);
        let problem =
            Problem::new(ProblemKind::Unreachable, message).help("start the bridge again");
        failed(StatusCode::Unavailable, problem)
    }
}

impl Connection {
    /// Bytes since it was taken.
    pub fn wire(&self) -> WireBytes {
        let WireBytes { sent, received, shared } = passed(&self.tap);
        WireBytes {
            sent: sent.saturating_sub(self.before.sent),
            received: received.saturating_sub(self.before.received),
            shared,
        }
    }
}

/// Bytes of a connection that no other call uses.
pub(super) fn passed(tap: &Tap) -> WireBytes {
    WireBytes { sent: tap.sent(), received: tap.received(), shared: false }
}
