//! The handshake: from HTTP/1.1 (RFC 6455 §4.2) or HTTP/2 (RFC 8441 §5), with subprotocol, token and compression.
//!
//! What is wrong here is answered by plain HTTP.

use super::options::Framings;
use super::wire::{Agreed, negotiate};
use crate::cors::Origins;
use crate::refusal::Refusal;
use axum::body::Body;
use http::header::{
    AUTHORIZATION, CONNECTION, COOKIE, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode as Http, request};
use hyper::upgrade::OnUpgrade;
use tungstenite::handshake::derive_accept_key;
use wirelab_model::StatusCode;

/// The version of the protocol (RFC 6455 §4.1).
const VERSION: HeaderValue = HeaderValue::from_static("13");
/// The cookie that grpc-websocket-proxy takes a token from.
const TOKEN_COOKIE: &str = "token";

/// The subprotocols that can be answered with.
const PROTOCOLS: &[(&str, Protocol)] = &[
    ("wirelab.v1", Protocol { framing: Framings::Wirelab, form: None }),
    ("wirelab.v1.json", Protocol { framing: Framings::Wirelab, form: Some(Form::Json) }),
    ("wirelab.v1.proto", Protocol { framing: Framings::Wirelab, form: Some(Form::Proto) }),
    ("grpc-websockets", Protocol { framing: Framings::GrpcWebsockets, form: None }),
];

/// What a subprotocol stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Protocol {
    pub framing: Framings,
    /// The form of answers, where it is asked for.
    pub form: Option<Form>,
}

/// The forms of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// ProtoJSON in text frames.
    Json,
    /// Protobuf in binary frames.
    Proto,
}

/// What a client asked for and gets.
pub(super) struct Handshake {
    /// The subprotocol's meaning; none when the client named none.
    pub protocol: Option<Protocol>,
    /// What both sides compress by.
    pub agreed: Option<Agreed>,
    upgrade: OnUpgrade,
    /// Of HTTP/1.1 only.
    accept: Option<String>,
    /// The subprotocol as it is answered; never a token.
    name: Option<&'static str>,
}

impl Handshake {
    /// Reads a request that asks for a WebSocket. A token among the subprotocols becomes its `Authorization`.
    pub fn read(head: &mut request::Parts, compression: bool) -> Result<Handshake, Refusal> {
        if head.headers.get(SEC_WEBSOCKET_VERSION) != Some(&VERSION) {
            let message = "the version of WebSocket must be 13: set sec-websocket-version";
            let refusal = Refusal::new(StatusCode::InvalidArgument, message);
            return Err(refusal
                .http(Http::UPGRADE_REQUIRED)
                .header(SEC_WEBSOCKET_VERSION, VERSION));
        }
        let accept = match head.headers.get(SEC_WEBSOCKET_KEY) {
            // A CONNECT of HTTP/2 has none.
            _ if head.method == Method::CONNECT => None,
            Some(key) => Some(derive_accept_key(key.as_bytes())),
            None => return Err(invalid("the request has no sec-websocket-key")),
        };
        let mut offered = Vec::new();
        for value in values(&head.headers, SEC_WEBSOCKET_PROTOCOL)? {
            offered.extend(value.split(',').map(|name| name.trim().to_owned()));
        }
        let (protocol, name) = choose(&offered);
        if let Some(token) = token(&offered) {
            let value = HeaderValue::try_from(format!("Bearer {token}"));
            let mut value =
                value.map_err(|_| invalid("the token among the subprotocols is none"))?;
            value.set_sensitive(true);
            head.headers.insert(AUTHORIZATION, value);
            head.headers.remove(SEC_WEBSOCKET_PROTOCOL);
        }
        let mut agreed = None;
        for offers in values(&head.headers, SEC_WEBSOCKET_EXTENSIONS)? {
            agreed = agreed.or_else(|| negotiate(offers).filter(|_| compression));
        }
        let Some(upgrade) = head.extensions.remove::<OnUpgrade>() else {
            return Err(Refusal::new(
                StatusCode::Internal,
                "the connection cannot become a WebSocket: no upgrade was offered by what accepted it",
            ));
        };
        Ok(Handshake { protocol, agreed, upgrade, accept, name })
    }

    /// The answer that makes the request a socket, and what gives the socket once it was sent.
    pub fn accept(self) -> (Response<Body>, OnUpgrade) {
        let mut response = Response::new(Body::empty());
        let headers = response.headers_mut();
        if let Some(accept) = self.accept.and_then(|accept| HeaderValue::try_from(accept).ok()) {
            headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
            *response.status_mut() = Http::SWITCHING_PROTOCOLS;
        }
        let headers = response.headers_mut();
        if let Some(name) = self.name {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(name));
        }
        if let Some(agreed) = self.agreed {
            headers.insert(SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static(agreed.header()));
        }
        (response, self.upgrade)
    }
}

/// The first of the client's subprotocols that we speak. One that names none that we speak, but a token, has the framing
/// of grpc-websocket-proxy when the token comes as that one's clients send it.
fn choose(offered: &[String]) -> (Option<Protocol>, Option<&'static str>) {
    let known = |name: &String| PROTOCOLS.iter().find(|(known, _)| known == name);
    if let Some((name, protocol)) = offered.iter().find_map(known) {
        return (Some(*protocol), Some(name));
    }
    // Browsers want one of the subprotocols back; the word is no secret.
    match offered.first().is_some_and(|first| first == "Bearer") {
        true => {
            (Some(Protocol { framing: Framings::GrpcWebsocketProxy, form: None }), Some("Bearer"))
        }
        false => (None, None),
    }
}

/// `bearer.TOKEN`, or what comes after `Bearer`.
fn token(offered: &[String]) -> Option<&str> {
    if let Some(token) = offered.iter().find_map(|name| name.strip_prefix("bearer.")) {
        return Some(token);
    }
    let place = offered.iter().position(|name| name == "Bearer")?;
    offered.get(place + 1).map(String::as_str)
}

/// The token that grpc-websocket-proxy takes from a cookie.
pub(super) fn cookie_token(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.find_map(|(name, value)| (name.trim() == TOKEN_COOKIE).then_some(value.trim()))
}

/// Whether a page may open a socket: browsers let any page open one to any host and send its cookies along, so that the
/// server must look at the `Origin` (RFC 6455 §10.2). What is no page has none; pages of this host are welcome.
pub(super) fn check_origin(head: &request::Parts, origins: &Origins) -> Result<(), Refusal> {
    if origins.admit(head) {
        return Ok(());
    }
    let origin = head.headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
    let origin = origin.unwrap_or_default();
    let message = format!("pages of {origin:?} may not open sockets here: have the origin allowed");
    Err(Refusal::new(StatusCode::PermissionDenied, message))
}

fn values(headers: &HeaderMap, name: HeaderName) -> Result<Vec<&str>, Refusal> {
    let values = headers.get_all(&name).into_iter().map(|value| value.to_str());
    values.collect::<Result<_, _>>().map_err(|_| invalid(&format!("{name} is not ASCII")))
}

fn invalid(message: &str) -> Refusal {
    Refusal::new(StatusCode::InvalidArgument, message)
}
