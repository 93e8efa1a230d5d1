//! A bridge behind a port.

use super::ending::Ending;
use http::HeaderValue;
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use wirelab_bridge::{Bridge, BridgeClient, Options, TOKEN};
use wirelab_call::Invoke;
use wirelab_model::{Problem, ProblemKind};
use wirelab_schema::Schema;

/// A bridge that serves until it is stopped or dropped.
pub struct Listening {
    pub address: SocketAddr,
    /// The same as this machine reaches it.
    pub reachable: SocketAddr,
    /// Calls through it.
    pub client: BridgeClient,
    /// What every request must bring.
    pub token: Option<HeaderValue>,
    pub bridge: Bridge,
    stop: CancellationToken,
    /// Once nothing listens there any longer.
    closed: CancellationToken,
    _dropped: DropGuard,
}

impl Listening {
    /// Listens at `listen` (`host:port`) and makes its calls by `invoke`, until `stop`. Where there is a token, every
    /// request must bring it.
    ///
    /// # Errors
    /// An address that is none or taken, and rules of the schema that contradict each other.
    pub async fn start(
        listen: &str,
        schema: Schema,
        invoke: Arc<dyn Invoke>,
        options: Options,
        stop: CancellationToken,
        token: Option<HeaderValue>,
    ) -> Result<Listening, Problem> {
        let invoke = Arc::new(Ending { invoke, stop: stop.clone() });
        let bridge = Bridge::new(schema, invoke, options).map_err(first)?;
        let listener = TcpListener::bind(listen).await.map_err(|error| refused(listen, &error))?;
        let address = listener.local_addr().map_err(|error| refused(listen, &error))?;
        let closed = CancellationToken::new();
        let hosted = bridge.clone().hosted(
            listener,
            token.clone(),
            stop.clone(),
            closed.clone().drop_guard(),
        );
        tokio::spawn(async move {
            if let Err(error) = hosted.await {
                tracing::warn!(%error, "the bridge ended");
            }
        });
        let dropped = stop.clone().drop_guard();
        let reachable = reachable(address);
        let headers = token.iter().map(|token| (TOKEN, token.clone())).collect();
        let client = bridge.client(reachable, headers);
        Ok(Listening { address, reachable, client, token, bridge, stop, closed, _dropped: dropped })
    }

    /// Ends it and the calls under way; another can listen there then.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.closed.cancelled().await;
    }

    /// Whether it was not stopped yet.
    pub fn serves(&self) -> bool {
        !self.stop.is_cancelled()
    }

    /// Waits for its end.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }
}

/// An address that stands for all of this machine is reached by loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// The first of the problems of a schema's rules.
fn first(problems: Vec<Problem>) -> Problem {
    problems.into_iter().next().unwrap_or_else(|| {
        Problem::new(ProblemKind::Internal, "the bridge could not be made of these schemas")
    })
}

fn refused(listen: &str, error: &io::Error) -> Problem {
    let listen = listen.escape_debug();
    let (kind, why, help) = match error.kind() {
        io::ErrorKind::AddrInUse => (
            ProblemKind::Io,
            "something else listens there".to_owned(),
            "choose another port, or 0 for a free one",
        ),
        io::ErrorKind::AddrNotAvailable => (
            ProblemKind::Mismatch,
            "this machine has no such address".to_owned(),
            "listen at 127.0.0.1 for this machine alone, at 0.0.0.0 for others too",
        ),
        io::ErrorKind::PermissionDenied => (
            ProblemKind::Io,
            "this port is not for everyone".to_owned(),
            "choose a port above 1023",
        ),
        _ => (ProblemKind::Mismatch, error.to_string(), "give host:port, such as 127.0.0.1:8080"),
    };
    let message = format!("the bridge cannot listen at {listen}: {why}");
    Problem::new(kind, message).at("listen").help(help)
}
