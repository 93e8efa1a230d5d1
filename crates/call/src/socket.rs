//! Sockets to servers: TCP and Unix.

use crate::endpoint::Target;
use crate::explain::{self, Failure};
use crate::resolve::Place;
use socket2::{SockRef, Socket, TcpKeepalive};
use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

/// A connection without traffic for this long is probed by TCP. HTTP/2 pings are sent only where people ask for
/// them: servers close connections that ping more often than they like.
pub const KEEPALIVE_TIME: Duration = Duration::from_secs(30);
/// Time between TCP probes.
pub const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
/// After this many unanswered TCP probes the connection is dead.
pub const KEEPALIVE_PROBES: u32 = 3;

/// The most socket addresses of a registered name that are tried.
const MAX_ADDRESSES: usize = 16;

/// How much is read of what a peer said last.
const REST_BYTES: usize = 256;

/// A stream of bytes in both directions.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Duplex for S {}

/// A socket that is connected.
pub(crate) struct Connected {
    pub stream: Box<dyn Duplex>,
    /// The peer's `ip:port`, or the path of its socket.
    pub peer: String,
    pub probe: Probe,
}

/// A second handle of a socket, to look at it without reading. The peer sees the socket close only once both
/// are dropped.
pub(crate) struct Probe(Socket);

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

impl Probe {
    /// Looks.
    pub fn pulse(&self) -> Pulse {
        match self.0.peek(&mut [MaybeUninit::uninit()]) {
            Ok(0) => Pulse::Dead,
            Ok(_) => Pulse::Pending,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Pulse::Quiet,
            Err(_) => Pulse::Dead,
        }
    }

    /// Takes what the peer said last and nobody read: a connection may end on the writing side before. Only for
    /// sockets that nobody reads any more.
    pub fn rest(&self) -> Vec<u8> {
        let mut rest = vec![0; REST_BYTES];
        let size = (&self.0).read(&mut rest).unwrap_or(0);
        rest.truncate(size);
        rest
    }
}

/// Connects to where an instance listens, until then at most.
pub(crate) async fn connect(
    target: &Target,
    place: &Place,
    until: Instant,
) -> Result<Connected, Failure> {
    let opened = match place {
        Place::Socket(address) => tcp(&[*address], until).await,
        Place::Host(host, port) => {
            let found = timeout_at(until, tokio::net::lookup_host((host.as_str(), *port))).await;
            let found: io::Result<Vec<SocketAddr>> = found
                .unwrap_or_else(|_| Err(slow("the name server")))
                .map(|found| found.take(MAX_ADDRESSES).collect());
            match found {
                Ok(addresses) if !addresses.is_empty() => tcp(&addresses, until).await,
                Ok(_) => return Err(explain::no_instance(explain::resolve(target, None))),
                Err(error) => {
                    return Err(explain::no_instance(explain::resolve(target, Some(&error))));
                }
            }
        }
        Place::Unix(path) => unix(path, until).await,
    };
    opened.map_err(|error| explain::connect(target, &error))
}

/// What an error says when a peer did not answer in time.
fn slow(who: &str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("{who} did not answer in time"))
}

/// Tries the addresses in order; each gets its share of the time that is left, so that one which swallows
/// everything does not hide the others.
async fn tcp(addresses: &[SocketAddr], until: Instant) -> io::Result<Connected> {
    let mut last = slow("the server");
    for (index, address) in addresses.iter().enumerate() {
        let left = until.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len() - index).unwrap_or(1);
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return opened_tcp(stream),
            Ok(Err(error)) => last = error,
            Err(_) => last = slow("the server"),
        }
    }
    Err(last)
}

fn opened_tcp(stream: TcpStream) -> io::Result<Connected> {
    stream.set_nodelay(true)?;
    let peer = stream.peer_addr()?.to_string();
    let socket = SockRef::from(&stream);
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE_TIME)
        .with_interval(KEEPALIVE_INTERVAL)
        .with_retries(KEEPALIVE_PROBES);
    socket.set_tcp_keepalive(&keepalive)?;
    let probe = Probe(socket.try_clone()?);
    Ok(Connected { stream: Box::new(stream), peer, probe })
}

#[cfg(unix)]
async fn unix(path: &str, until: Instant) -> io::Result<Connected> {
    let connecting = tokio::net::UnixStream::connect(path);
    let stream = timeout_at(until, connecting).await.unwrap_or_else(|_| Err(slow("the server")))?;
    let probe = Probe(SockRef::from(&stream).try_clone()?);
    Ok(Connected { stream: Box::new(stream), peer: path.to_owned(), probe })
}

#[cfg(not(unix))]
async fn unix(_: &str, _: Instant) -> io::Result<Connected> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no Unix sockets"))
}
