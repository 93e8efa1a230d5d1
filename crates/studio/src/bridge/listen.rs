//! A bridge behind a port.

use super::traffic::{Traffic, Watched};
use axum::{Router, body::Body};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};
use wirelab_bridge::{Bridge, BridgeClient, Options};
use wirelab_call::Invoke;
use wirelab_model::{Problem, ProblemKind};
use wirelab_schema::Schema;

/// What a private bridge wants to see; it goes no further.
pub const TOKEN: HeaderName = HeaderName::from_static("x-wirelab-token");

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

/// A listener that says when it is gone.
struct Closing {
    listener: TcpListener,
    _closed: DropGuard,
}

impl axum::serve::Listener for Closing {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        axum::serve::Listener::accept(&mut self.listener).await
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
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
        let router = router(bridge.clone(), traffic.clone(), token.clone());
        let ended = stop.clone().cancelled_owned();
        let closed = CancellationToken::new();
        let listener = Closing { listener, _closed: closed.clone().drop_guard() };
        tokio::spawn(async move {
            let serving = axum::serve(listener, router).with_graceful_shutdown(ended);
            if let Err(error) = serving.await {
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

fn router(bridge: Bridge, traffic: Arc<Traffic>, token: Option<HeaderValue>) -> Router {
    Router::new().fallback(move |mut request: Request<Body>| {
        let (bridge, traffic) = (bridge.clone(), traffic.clone());
        let allowed = token.as_ref().is_none_or(|token| {
            request.headers_mut().remove(TOKEN).is_some_and(|given| given == *token)
        });
        async move {
            if !allowed {
                let mut response = Response::new(Body::from("this bridge is not for you"));
                *response.status_mut() = StatusCode::FORBIDDEN;
                return response;
            }
            traffic.request();
            bridge.handle(request).await
        }
    })
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
