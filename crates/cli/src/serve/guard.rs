//! Who gets in: the right host (a page elsewhere may have its name point here), the right origin (a page elsewhere
//! may send requests here), and the launch token (another user of this machine may try).

use super::{Shared, api};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::net::{IpAddr, SocketAddr};
use wirelab_bridge::serve::Hosts;
use wirelab_model::{Problem, ProblemKind};

/// Bytes of the launch token: 128 bits.
const TOKEN_BYTES: usize = 16;

/// What a page may do: nothing but what is here, in any direction. Style attributes are allowed, since screens set
/// widths; style elements are not.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
     style-src-attr 'unsafe-inline'; connect-src 'self'; img-src 'self' data:; font-src 'self'; \
     manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// What is let in.
pub struct Guard {
    address: SocketAddr,
    token: String,
}

impl Guard {
    /// A guard of the server at `address` with a token of its own.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn new(address: SocketAddr) -> Result<Guard, Problem> {
        let mut bytes = [0; TOKEN_BYTES];
        getrandom::fill(&mut bytes).map_err(|error| {
            Problem::new(
                ProblemKind::Internal,
                format!("the system has no random numbers: {error}"),
            )
        })?;
        let token = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Guard { address, token })
    }

    /// The address to open, token included.
    pub fn url(&self) -> String {
        let mut shown = self.address;
        if shown.ip().is_unspecified() {
            // Browsers cannot open the address that means all of them.
            shown.set_ip(match shown.ip() {
                IpAddr::V4(_) => IpAddr::from([127, 0, 0, 1]),
                IpAddr::V6(_) => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
            });
        }
        format!("http://{shown}/?token={}", self.token)
    }

    /// Whether a token is the one of this launch. Takes as long whichever letter is wrong.
    pub fn is_token(&self, token: &str) -> bool {
        let (ours, theirs) = (self.token.as_bytes(), token.as_bytes());
        ours.len() == theirs.len()
            && ours.iter().zip(theirs).fold(0, |different, (a, b)| different | (a ^ b)) == 0
    }

    /// Cookies are the same for all ports of a host, so the name holds the port.
    fn cookie_name(&self) -> String {
        format!("wirelab_{}", self.address.port())
    }

    /// The cookie that the first visit gets.
    pub fn cookie(&self) -> String {
        format!("{}={}; Path=/; HttpOnly; SameSite=Strict", self.cookie_name(), self.token)
    }

    fn has_cookie(&self, headers: &HeaderMap) -> bool {
        let name = self.cookie_name();
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|cookies| cookies.to_str().ok())
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .any(|(key, value)| key == name && self.is_token(value))
    }

    fn has_bearer(&self, headers: &HeaderMap) -> bool {
        text(headers, &header::AUTHORIZATION)
            .and_then(|value| value.strip_prefix("Bearer "))
            .is_some_and(|token| self.is_token(token.trim()))
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The token in the address of a first visit.
pub fn token_of(uri: &Uri) -> Option<&str> {
    uri.query()?.split('&').find_map(|part| part.strip_prefix("token="))
}

/// For everything: the host must be this server, an origin its own; the answer says what a page may do.
pub async fn same_site(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let mut response = match check(&shared.guard, request.headers(), request.uri()) {
        Ok(()) => next.run(request).await,
        Err(problem) => api::refuse(&problem),
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn check(guard: &Guard, headers: &HeaderMap, uri: &Uri) -> Result<(), Problem> {
    // HTTP/2 has the host in the address instead.
    let host = text(headers, &header::HOST).or_else(|| Some(uri.authority()?.as_str()));
    let host = host
        .filter(|host| Hosts::default().admits(host, guard.address.ip()))
        .ok_or_else(|| forbidden("this server does not answer to the name in the address"))?;
    match headers.get(header::ORIGIN) {
        None => Ok(()),
        Some(origin) if origin.as_bytes() == format!("http://{host}").as_bytes() => Ok(()),
        Some(_) => Err(forbidden("another site asked this server to do something")),
    }
}

/// For the API: the launch token too, by header, or by cookie from a page of this server.
pub async fn known(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    // A browser says where a request that can do something comes from; one that does not say is not trusted with
    // the cookie alone.
    let by_page = headers.contains_key(header::ORIGIN) && shared.guard.has_cookie(headers);
    if by_page || shared.guard.has_bearer(headers) {
        return next.run(request).await;
    }
    api::refuse(&forbidden("the launch token is missing or not the one of this start"))
        .into_response()
}

/// A refusal, with the way in.
pub fn forbidden(message: &str) -> Problem {
    Problem::new(ProblemKind::Forbidden, message)
        .help("open the address that `wirelab serve` printed when it started")
}
