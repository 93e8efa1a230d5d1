//! WebSocket: one socket is one call of any kind.
//!
//! `WEBSOCKET.md` beside this crate says what clients see. Layers, from the outside in: `handshake` (HTTP), `wire` (frames
//! and messages), `framing` (what messages say: ours, grpc-websocket-proxy's, improbable's), `session` (moves everything
//! between the socket and its call), `side` (the call). What is wrong before the upgrade is answered by plain HTTP.

mod clock;
mod converter;
mod framing;
pub(crate) mod fuzz;
mod handshake;
mod options;
mod outbox;
mod resume;
mod session;
mod side;
mod stats;
mod target;
mod wire;

#[cfg(test)]
mod tests;

pub use options::{
    Framings, PING_INTERVAL, PONG_TIMEOUT, RESUME_BYTES, RESUME_MESSAGES, RESUME_STREAMS,
    RESUME_WINDOW, ResumeOptions, SOCKET_QUEUE_BYTES, SOCKET_QUEUE_MESSAGES, START_TIMEOUT,
    SlowConsumer, SocketOptions,
};
pub(crate) use stats::ROUND_TRIP_BOUNDS;
pub use stats::SocketCounts;

use crate::bridge::{Arrival, Shared};
use crate::face::Face;
use crate::headers;
use crate::refusal::Refusal;
use crate::rest::failure::{self, Types};
use crate::serve::Place;
use crate::upstream::Order;
use axum::body::Body;
use converter::Converter;
use framing::{Framing, GrpcWebsocketProxy, GrpcWebsockets, Own, Said};
use handshake::{Handshake, check_origin, cookie_token};
use http::header::AUTHORIZATION;
use http::{HeaderMap, Response};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use outbox::Outbox;
use session::{Common, Parts, Session};
use side::Side;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use wire::{Agreed, Limits, Pool, Wire};
use wirelab_model::{CallKind, Metadatum};

/// How long a connection may take to become a socket once the answer is given.
const UPGRADE_TIMEOUT: Duration = Duration::from_secs(10);

/// What all sockets of a bridge share.
pub(crate) struct Sockets {
    common: Common,
    pool: Arc<Pool>,
}

impl Sockets {
    pub fn new(options: &SocketOptions) -> Sockets {
        let (streams, stats) = Default::default();
        let common = Common { options: options.clone(), streams, stats };
        Sockets { common, pool: Arc::default() }
    }

    /// What was counted so far.
    pub fn counts(&self) -> SocketCounts {
        self.common.stats.counts()
    }
}

/// Answers a request for a socket.
pub(crate) async fn answer(mut arrival: Arrival) -> Response<Body> {
    match open(&mut arrival) {
        Ok((response, plan, upgrade)) => {
            let tracker = arrival.shared.life.tracker.clone();
            tracker.spawn(serve(arrival.shared, plan, upgrade));
            response
        }
        Err(refusal) => {
            let behaviour = &arrival.shared.rest.behaviour;
            let types = Types { loaded: &arrival.loaded, method: None };
            failure::refused(refusal, types, behaviour)
        }
    }
}

/// What a socket is to do.
struct Plan {
    limits: Limits,
    place: Option<Place>,
    side: Side,
    method: String,
    resumable: bool,
    said: VecDeque<Said>,
    agreed: Option<Agreed>,
}

fn open(arrival: &mut Arrival) -> Result<(Response<Body>, Box<Plan>, OnUpgrade), Refusal> {
    let options = &arrival.shared.sockets.common.options;
    check_origin(&arrival.head, &arrival.shared.options.cors.origins)?;
    let handshake = Handshake::read(&mut arrival.head, options.compression)?;
    let headers = &arrival.shared.options.headers;
    let inbound = arrival.shared.rest.behaviour.inbound;
    let mut order = Order {
        metadata: headers::metadata(&arrival.head, headers, inbound)?,
        timeout: headers::timeout(&arrival.head.headers, headers)?,
        ..Order::default()
    };
    let limit = usize::try_from(arrival.shared.options.message_limit()).unwrap_or(usize::MAX);
    let protocol = handshake.protocol;
    let named = protocol.map(|protocol| protocol.framing).or(options.unnamed);
    let mut said = VecDeque::new();
    let (framing, resumable): (Box<dyn Framing>, bool) = match target::find(arrival) {
        Ok(target) => {
            let method = target.asked.rule.method.clone();
            (order.method, order.kind) = (method.path.clone(), method.kind);
            let framings = named.unwrap_or(target.unnamed);
            let mut converter = Converter::new(target.asked)?;
            if framings != Framings::GrpcWebsockets
                && let Some(whole) = converter.whole()
            {
                said.extend([Said::Request(whole), Said::HalfClose]);
            }
            let framing: Box<dyn Framing> = match framings {
                Framings::Wirelab => {
                    Box::new(Own::new(converter, protocol.and_then(|protocol| protocol.form)))
                }
                Framings::GrpcWebsocketProxy => {
                    cookie_authorization(&arrival.head.headers, &mut order);
                    Box::new(GrpcWebsocketProxy::new(converter, limit))
                }
                Framings::GrpcWebsockets => Box::new(GrpcWebsockets::new(limit)),
            };
            (framing, resume::is_safe(&method, &options.resume))
        }
        // Bytes are passed on for methods that the schema does not have.
        Err(refusal) => {
            let path = arrival.head.uri.path().strip_prefix('/').unwrap_or_default();
            if named != Some(Framings::GrpcWebsockets) || path.split('/').count() != 2 {
                return Err(refusal);
            }
            (order.method, order.kind) = (path.to_owned(), CallKind::Bidi);
            (Box::new(GrpcWebsockets::new(limit)), false)
        }
    };
    let headers = &mut order.metadata;
    headers.retain(|entry| !entry.key.starts_with("sec-websocket-"));
    order.permit = Some(arrival.shared.admit(&arrival.head, Face::Socket, &order.method)?);
    let agreed = handshake.agreed;
    let (response, upgrade) = handshake.accept();
    let method = order.method.clone();
    let side = Side::new(framing, Outbox::new(options), order);
    let (limits, place) = (limits(arrival), arrival.head.extensions.remove::<Place>());
    let plan = Plan { limits, place, side, method, resumable, said, agreed };
    Ok((response, Box::new(plan), upgrade))
}

/// As grpc-websocket-proxy does it: a token of the handshake goes before that of a cookie.
fn cookie_authorization(headers: &HeaderMap, order: &mut Order) {
    if let Some(token) = cookie_token(headers).filter(|_| !headers.contains_key(AUTHORIZATION)) {
        order.metadata.push(Metadatum::text("authorization", format!("Bearer {token}")));
    }
}

/// The socket itself, once it is one.
async fn serve(shared: Arc<Shared>, plan: Box<Plan>, upgrade: OnUpgrade) {
    let Ok(Ok(upgraded)) = tokio::time::timeout(UPGRADE_TIMEOUT, upgrade).await else { return };
    session(&shared, *plan, upgraded).run().await;
}

fn session(shared: &Shared, plan: Plan, upgraded: Upgraded) -> Box<Session<'_, TokioIo<Upgraded>>> {
    let Plan { limits, place, side, method, resumable, said, agreed } = plan;
    let wire = Wire::new(TokioIo::new(upgraded), limits, agreed, &shared.sockets.pool);
    let shutdown = shared.life.closing.clone();
    let parts = Parts { wire, place, side, method, resumable, said, shutdown };
    Session::new(parts, &shared.sockets.common, &shared.upstream)
}

fn limits(arrival: &Arrival) -> Limits {
    let message = arrival.shared.options.message_limit();
    let wire = arrival.shared.sockets.common.options.max_compressed_bytes;
    Limits { wire: wire.unwrap_or(message), message }
}
