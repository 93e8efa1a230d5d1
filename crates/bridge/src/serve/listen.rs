//! Where a bridge listens: TCP ports and Unix sockets.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use tokio::net::{TcpListener, TcpStream};
use wirelab_model::{Problem, ProblemKind};

/// Who may connect to a Unix socket unless told otherwise: its owner.
pub const SOCKET_MODE: u32 = 0o600;

/// An address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// A TCP port of one address; port 0 takes any free one.
    Tcp(SocketAddr),
    /// A Unix socket at this path.
    Unix(PathBuf),
}

impl Listen {
    /// Whether other machines, if the network lets them, get here.
    pub fn is_public(&self) -> bool {
        matches!(self, Listen::Tcp(address) if !address.ip().is_loopback())
    }
}

/// `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`, `:8080` and `8080` (both on loopback), `unix:///path`.
impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Listen, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return match path.is_empty() {
                true => Err("a path has to follow unix://".to_owned()),
                false => Ok(Listen::Unix(path.into())),
            };
        }
        let loopback = |port: &str| {
            let port = port.parse().ok()?;
            Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port))
        };
        let port = text.strip_prefix("localhost:").or_else(|| text.strip_prefix(':'));
        let address = text.parse().ok().or_else(|| loopback(port.unwrap_or(text)));
        address.map(Listen::Tcp).ok_or_else(|| {
            "expected an IP address with a port such as 127.0.0.1:8080, a port, or unix:///path"
                .to_owned()
        })
    }
}

/// What a client would write to get here, without TLS.
impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Listen::Tcp(address) => write!(f, "{address}"),
            Listen::Unix(path) => write!(f, "unix://{}", path.display()),
        }
    }
}

/// An open listener.
pub(super) enum Bound {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(super::unix::Socket),
}

/// A connection that came in.
pub(super) enum Stream {
    Tcp(TcpStream, SocketAddr),
    #[cfg(unix)]
    Unix(tokio::net::UnixStream),
}

impl Bound {
    /// Listens; `mode` is for Unix sockets.
    pub async fn new(at: &Listen, mode: u32) -> Result<Bound, Problem> {
        let bound = match at {
            Listen::Tcp(address) => TcpListener::bind(address).await.map(Bound::Tcp),
            #[cfg(unix)]
            Listen::Unix(path) => super::unix::Socket::bind(path, mode).await.map(Bound::Unix),
            #[cfg(not(unix))]
            Listen::Unix(_) => {
                let _ = mode;
                Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no Unix sockets"))
            }
        };
        bound.map_err(|error| refused(at, &error))
    }

    /// Where it listens, with the port that the system chose.
    pub fn address(&self) -> Option<Listen> {
        match self {
            Bound::Tcp(listener) => listener.local_addr().ok().map(Listen::Tcp),
            #[cfg(unix)]
            Bound::Unix(socket) => Some(Listen::Unix(socket.path.clone())),
        }
    }

    /// The address that listens; none is a Unix socket.
    pub fn ip(&self) -> Option<IpAddr> {
        match self.address() {
            Some(Listen::Tcp(address)) => Some(address.ip()),
            _ => None,
        }
    }

    /// The next connection.
    pub async fn accept(&self) -> io::Result<Stream> {
        match self {
            Bound::Tcp(listener) => {
                let (stream, from) = listener.accept().await?;
                // Answers are written whole: waiting for more to send with them only delays them.
                let _ = stream.set_nodelay(true);
                Ok(Stream::Tcp(stream, from))
            }
            #[cfg(unix)]
            Bound::Unix(socket) => Ok(Stream::Unix(socket.listener.accept().await?.0)),
        }
    }

    /// Lets nobody connect any more, while those who have can still be accepted: a listener that is just closed resets
    /// whoever connected a moment before, and the request that it sent is lost. On Linux, where a client's SYN is not
    /// answered from now on; on others TCP goes on as before.
    pub fn turn_away(&self) {
        match self {
            #[cfg(target_os = "linux")]
            Bound::Tcp(listener) => {
                if let Err(error) = socket2::SockRef::from(listener).attach_filter(&NO_SYN) {
                    tracing::debug!(%error, "new connections cannot be turned away");
                }
            }
            #[cfg(not(target_os = "linux"))]
            Bound::Tcp(_) => {}
            #[cfg(unix)]
            Bound::Unix(socket) => socket.unlink(),
        }
    }

    /// Closes, and gives the connections that the system accepted and nobody has taken yet.
    pub fn close(self) -> Vec<Stream> {
        // Asked of the system itself: tokio's listeners know only of what they were woken for.
        match self {
            Bound::Tcp(listener) => {
                let Ok(listener) = listener.into_std() else { return Vec::new() };
                let accept = || listener.accept();
                let streams = std::iter::from_fn(|| accept().ok()).filter_map(|(stream, from)| {
                    stream.set_nonblocking(true).ok()?;
                    let _ = stream.set_nodelay(true);
                    Some(Stream::Tcp(TcpStream::from_std(stream).ok()?, from))
                });
                streams.collect()
            }
            #[cfg(unix)]
            Bound::Unix(socket) => socket.close().into_iter().map(Stream::Unix).collect(),
        }
    }
}

/// A filter for the packets of a listening socket (`Documentation/networking/filter.rst` of Linux) that lets pass all but
/// those that begin a connection.
#[cfg(target_os = "linux")]
const NO_SYN: [socket2::SockFilter; 5] = [
    // The flags of the TCP header (RFC 9293 §3.1): of SYN and ACK, is it SYN alone?
    socket2::SockFilter::new(0x30, 0, 0, 13),
    socket2::SockFilter::new(0x54, 0, 0, 0x12),
    socket2::SockFilter::new(0x15, 0, 1, 0x02),
    // Nothing of it, or all.
    socket2::SockFilter::new(0x06, 0, 0, 0),
    socket2::SockFilter::new(0x06, 0, 0, u32::MAX),
];

fn refused(at: &Listen, error: &io::Error) -> Problem {
    let (message, help) = match error.kind() {
        io::ErrorKind::AddrInUse => (
            "the address is taken by another program".to_owned(),
            "choose another with --listen, or any free port with --listen 127.0.0.1:0",
        ),
        io::ErrorKind::PermissionDenied => (
            "the system does not allow this address".to_owned(),
            "choose a port above 1023, or a folder that you may write",
        ),
        io::ErrorKind::AddrNotAvailable => {
            ("this machine does not have the address".to_owned(), "127.0.0.1 is always there")
        }
        _ => (format!("cannot listen: {error}"), "choose another address with --listen"),
    };
    Problem::new(ProblemKind::Io, message).at(at.to_string()).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_to_listen_on() {
        let cases = [
            ("127.0.0.1:8080", Some(("127.0.0.1:8080", false))),
            ("localhost:8080", Some(("127.0.0.1:8080", false))),
            (":8080", Some(("127.0.0.1:8080", false))),
            ("0", Some(("127.0.0.1:0", false))),
            ("[::1]:8080", Some(("[::1]:8080", false))),
            ("0.0.0.0:8080", Some(("0.0.0.0:8080", true))),
            ("[::]:80", Some(("[::]:80", true))),
            ("10.0.0.1:80", Some(("10.0.0.1:80", true))),
            ("unix:///run/a.sock", Some(("unix:///run/a.sock", false))),
            ("unix:a.sock", Some(("unix://a.sock", false))),
            ("unix://", None),
            ("example.com:80", None),
            ("127.0.0.1", None),
            ("65536", None),
            ("", None),
        ];
        for (text, wanted) in cases {
            let found = Listen::from_str(text).ok();
            let found = found.map(|listen| (listen.to_string(), listen.is_public()));
            assert_eq!(found, wanted.map(|(text, public)| (text.to_owned(), public)), "{text}");
        }
    }
}
