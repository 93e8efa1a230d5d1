//! Connections to where a bridge listens: HTTP/1.1, one call at a time, kept for the next; their bytes are counted.

use super::failed;
use axum::body::Body;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
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
    count: Arc<Count>,
    before: (u64, u64),
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
            kept.before = kept.count.now();
            return Ok((kept, CallEventKind::Reused { peer: self.address.to_string(), tls: None }));
        }
        let (stream, count) = self.connect().await?;
        let made = handshake(TokioIo::new(stream)).await;
        let (sender, connection) = made.map_err(|error| self.unreachable(&error))?;
        tokio::spawn(async move {
            // What goes wrong is told where the answer is read.
            let _ = connection.await;
        });
        let connected = CallEventKind::Connected { peer: self.address.to_string() };
        Ok((Connection { sender, count, before: (0, 0) }, connected))
    }

    /// Keeps a connection for the next call.
    pub fn keep(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE_CONNECTIONS && !connection.sender.is_closed() {
            idle.push(connection);
        }
    }

    /// A stream of bytes that are counted.
    pub async fn connect(&self) -> Result<(Counted, Arc<Count>), Status> {
        let connecting = TcpStream::connect(self.address);
        let connected = match timeout(CLIENT_CONNECT_TIMEOUT, connecting).await {
            Ok(connected) => connected,
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        };
        let stream = connected.map_err(|error| self.unreachable(&error))?;
        // Small requests must not wait for each other's acknowledgement; that it cannot be set is slower, not wrong.
        let _ = stream.set_nodelay(true);
        let count = Arc::<Count>::default();
        Ok((Counted { stream, count: count.clone() }, count))
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
        let (sent, received) = self.count.now();
        let (sent_before, received_before) = self.before;
        WireBytes {
            sent: sent.saturating_sub(sent_before),
            received: received.saturating_sub(received_before),
            shared: false,
        }
    }
}

/// Bytes that passed.
#[derive(Debug, Default)]
pub(super) struct Count {
    sent: AtomicU64,
    received: AtomicU64,
}

impl Count {
    fn now(&self) -> (u64, u64) {
        (self.sent.load(Relaxed), self.received.load(Relaxed))
    }

    /// Bytes of a connection for one call alone.
    pub fn wire(&self) -> WireBytes {
        let (sent, received) = self.now();
        WireBytes { sent, received, shared: false }
    }
}

/// A stream with a [`Count`].
pub(super) struct Counted {
    stream: TcpStream,
    count: Arc<Count>,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        let read = buf.filled().len().saturating_sub(before);
        self.count.received.fetch_add(read as u64, Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let wrote = ready!(Pin::new(&mut self.stream).poll_write(cx, buf))?;
        self.count.sent.fetch_add(wrote as u64, Relaxed);
        Poll::Ready(Ok(wrote))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
