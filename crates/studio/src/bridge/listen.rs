//! A bridge behind a port.

use super::traffic::{Traffic, Watched};
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
    pub traffic: Arc<Traffic>,
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
        let traffic = Arc::<Traffic>::default();
        let watched = Watched { invoke, traffic: traffic.clone(), stop: stop.clone() };
        let bridge = Bridge::new(schema, Arc::new(watched), options).map_err(first)?;
        let listener = TcpListener::bind(listen).await.map_err(|error| refused(listen, &error))?;
        let address = listener.local_addr().map_err(|error| refused(listen, &error))?;
        let closed = CancellationToken::new();
        let seen = traffic.clone();
        let hosted = bridge.clone().hosted(
            listener,
            token.clone(),
            move || seen.request(),
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
        Ok(Listening {
            address,
            reachable,
            client,
            token,
            bridge,
            traffic,
            stop,
            closed,
            _dropped: dropped,
        })
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
    let (kind, help) = match error.kind() {
        io::ErrorKind::AddrInUse => (ProblemKind::Io, "choose another port, or 0 for a free one"),
        io::ErrorKind::PermissionDenied => (ProblemKind::Io, "choose a port above 1023"),
        _ => (ProblemKind::Mismatch, "give host:port, such as 127.0.0.1:8080"),
    };
    let message = format!("the bridge cannot listen at `{}`: {error}", listen.escape_debug());
    Problem::new(kind, message).at("listen").help(help)
}
