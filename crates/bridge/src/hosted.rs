//! A bridge behind a listener of its own, for this program alone: with a token, and without what a server among others
//! needs ([`serve`](crate::serve) has that).

use crate::bridge::Bridge;
use crate::serve::Hosts;
use axum::Router;
use axum::body::Body;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use std::io;
use std::net::{IpAddr, SocketAddr};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

/// The header that a bridge with a token wants to see; it goes no further.
pub const TOKEN: HeaderName = HeaderName::from_static("x-wirelab-token");

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

impl Bridge {
    /// Serves on `listener` until `stop`, and then ends once no connection is busy. Where there is a `token`, every request
    /// must bring it. On loopback no request may name another host. `closed` is dropped with the listener.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn hosted(
        self,
        listener: TcpListener,
        token: Option<HeaderValue>,
        stop: CancellationToken,
        closed: DropGuard,
    ) -> io::Result<()> {
        let at = listener.local_addr()?.ip();
        let listener = Closing { listener, _closed: closed };
        let router = router(self, at, token);
        axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await
    }
}

fn router(bridge: Bridge, at: IpAddr, token: Option<HeaderValue>) -> Router {
    Router::new().fallback(move |mut request: Request<Body>| {
        let bridge = bridge.clone();
        let allowed = token.as_ref().is_none_or(|token| {
            request.headers_mut().remove(TOKEN).is_some_and(|given| given == *token)
        });
        async move {
            if !allowed {
                let mut response = Response::new(Body::from("this bridge is not for you"));
                *response.status_mut() = StatusCode::FORBIDDEN;
                return response;
            }
            let (head, body) = request.into_parts();
            if let Some(answer) = bridge.misdirected(&head, &Hosts::default(), Some(at)) {
                return answer;
            }
            bridge.handle(Request::from_parts(head, body)).await
        }
    })
}
