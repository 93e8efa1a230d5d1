//! A bridge behind a port.

use super::traffic::{Traffic, Watched};
use axum::{Router, body::Body};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use std::{io, net::SocketAddr, sync::Arc};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use wirelab_bridge::{Bridge, Options};
use wirelab_call::Invoke;
use wirelab_model::{Problem, ProblemKind};
use wirelab_schema::Schema;

/// What a private bridge wants to see; it goes no further.
pub const TOKEN: HeaderName = HeaderName::from_static("x-wirelab-token");

/// A bridge that serves until it is stopped or dropped.
pub struct Listening {
    pub address: SocketAddr,
    pub bridge: Bridge,
    pub traffic: Arc<Traffic>,
    stop: CancellationToken,
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
        let router = router(bridge.clone(), traffic.clone(), token);
        let ended = stop.clone().cancelled_owned();
        tokio::spawn(async move {
            let serving = axum::serve(listener, router).with_graceful_shutdown(ended);
            if let Err(error) = serving.await {
                tracing::warn!(%error, "the bridge ended");
            }
        });
        let dropped = stop.clone().drop_guard();
        Ok(Listening { address, bridge, traffic, stop, _dropped: dropped })
    }

    /// Ends it and the calls under way.
    pub fn stop(&self) {
        self.stop.cancel();
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
