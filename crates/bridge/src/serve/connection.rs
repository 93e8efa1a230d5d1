//! One connection: which version of HTTP it speaks, and how it ends while the bridge drains.

use super::IDLE_GRACE;
use super::admin::AdminPaths;
use super::hosts::Hosts;
use super::limits::{Limits, MAX_HEADERS, PING_INTERVAL, PING_TIMEOUT};
use super::patient::Patient;
use super::place::Place;
use super::strict;
use super::tls::Tls;
use crate::Bridge;
use crate::admission::ClientCertificate;
use crate::headers::Peer;
use axum::body::Body;
use http::header::{CONNECTION, UPGRADE};
use http::{HeaderValue, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

/// What speaks HTTP/1.1 or HTTP/2, whichever the client begins with.
pub(super) fn builder(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_headers(MAX_HEADERS)
        .max_buf_size(limits.header_bytes.max(8_192));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .max_concurrent_streams(limits.streams)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT)
        .enable_connect_protocol();
    builder
}

/// How many bytes a client may send ahead on one stream, and on all of a connection.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;

/// What is told at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Answers to clients.
    Calls,
    /// Health, readiness and figures.
    Admin,
    /// Both.
    Both,
}

/// By which way a connection came in.
#[derive(Clone, Debug)]
pub(super) struct Door {
    pub scope: Scope,
    /// The address that listens; none is a Unix socket.
    pub at: Option<IpAddr>,
    /// What its client showed and was believed.
    pub certificate: Option<ClientCertificate>,
}

/// What all connections share.
pub(crate) struct Serving {
    pub bridge: Bridge,
    pub builder: auto::Builder<TokioExecutor>,
    pub patience: std::time::Duration,
    pub paths: AdminPaths,
    pub hosts: Hosts,
    pub tls: Option<Arc<Tls>>,
    /// Stop at once.
    pub kill: CancellationToken,
}

/// Serves a connection to its end. While the bridge drains, what is under way is finished: HTTP/2 is told to go away
/// at once, HTTP/1.1 with its next answer, or after [`IDLE_GRACE`] when none comes.
pub(super) async fn serve<S>(stream: S, peer: Peer, door: Door, serving: Arc<Serving>, place: Place)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let two = Arc::new(AtomicBool::new(false));
    let draining = serving.bridge.shared.life.draining.clone();
    let service = service_fn(|mut request: Request<Incoming>| {
        let (serving, draining) = (serving.clone(), draining.clone());
        let is_two = request.version() >= Version::HTTP_2;
        if is_two {
            two.store(true, Ordering::Relaxed);
        }
        request.extensions_mut().insert(peer);
        if !is_two && request.headers().contains_key(UPGRADE) {
            // What it may become takes the place over.
            request.extensions_mut().insert(place.clone());
        }
        if let Some(certificate) = &door.certificate {
            request.extensions_mut().insert(certificate.clone());
        }
        let (scope, at) = (door.scope, door.at);
        async move {
            let mut response = match strict::refusal(&request) {
                Some(refusal) => refusal,
                None => serving.answer(request.map(Body::new), scope, at).await,
            };
            let switches = response.status() == StatusCode::SWITCHING_PROTOCOLS;
            if !is_two && !switches && draining.is_cancelled() {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response)
        }
    });
    let io = TokioIo::new(Patient::new(stream, serving.patience));
    let mut connection = pin!(serving.builder.serve_connection_with_upgrades(io, service));
    tokio::select! {
        biased;
        ended = connection.as_mut() => return over(ended),
        () = draining.cancelled() => {}
    }
    if !two.load(Ordering::Relaxed) {
        tokio::select! {
            biased;
            ended = connection.as_mut() => return over(ended),
            () = tokio::time::sleep(IDLE_GRACE) => {}
        }
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        biased;
        ended = connection => over(ended),
        () = serving.kill.cancelled() => {}
    }
}

impl Serving {
    async fn answer(
        &self,
        request: Request<Body>,
        scope: Scope,
        at: Option<IpAddr>,
    ) -> Response<Body> {
        let (head, body) = request.into_parts();
        if let Some(answer) = self.bridge.misdirected(&head, &self.hosts, at) {
            return answer;
        }
        if scope == Scope::Calls {
            return self.bridge.handle(Request::from_parts(head, body)).await;
        }
        if let Some(answer) = self.paths.answer(&self.bridge, &head) {
            return answer;
        }
        if scope == Scope::Both {
            return self.bridge.handle(Request::from_parts(head, body)).await;
        }
        let mut nothing = Response::new(Body::empty());
        *nothing.status_mut() = StatusCode::NOT_FOUND;
        nothing
    }
}

fn over(ended: Result<(), Box<dyn std::error::Error + Send + Sync>>) {
    if let Err(error) = ended {
        // A client that went away, or does not speak HTTP: theirs, not ours.
        tracing::debug!(%error, "a connection ended");
    }
}
