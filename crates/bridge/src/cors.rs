//! Pages of other origins (<https://fetch.spec.whatwg.org/#http-cors-protocol>): who may call, and what of an answer
//! their browsers may show them. Without being told otherwise, nobody may.

mod origin;

pub use origin::{Origin, Origins};

use crate::options::Options;
use crate::refusal::NoCall;
use axum::body::Body;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, CONTENT_TYPE, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, request};
use std::collections::BTreeSet;
use std::time::Duration;
use wirelab_model::{Problem, ProblemKind};

/// How long a browser may remember what it was allowed, unless told otherwise: two hours, the most that Chromium takes.
pub const CORS_MAX_AGE: Duration = Duration::from_secs(2 * 3_600);

/// By which methods pages may call.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/// What an answer may have that a page must see to know what became of its call, also where it came to nothing.
const ALWAYS_EXPOSED: [&str; 3] = ["grpc-status", "grpc-message", "grpc-status-details-bin"];

/// Headers that pages need for gRPC-Web, Connect and REST, whatever else they may send.
const ALWAYS_ALLOWED: [&str; 15] = [
    "accept",
    "authorization",
    "connect-accept-encoding",
    "connect-content-encoding",
    "connect-protocol-version",
    "connect-timeout-ms",
    "content-encoding",
    "content-type",
    "grpc-accept-encoding",
    "grpc-encoding",
    "grpc-timeout",
    "traceparent",
    "x-grpc-web",
    "x-server-timeout",
    "x-user-agent",
];
/// Whether a page asks to call a host of a more private network than its own, and the answer
/// (<https://wicg.github.io/private-network-access/#headers>).
const REQUEST_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-request-private-network");
const ALLOW_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-allow-private-network");

/// Whose page a request comes from (<https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header>).
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Headers that begin so are metadata by REST.
const METADATA: &str = "grpc-metadata-";

/// What pages of other origins may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorsOptions {
    /// Which pages.
    pub origins: Origins,
    /// Whether browsers send cookies and client certificates along. Not together with [`Origins::Any`].
    pub credentials: bool,
    /// Which headers pages may send beside those of the protocols: metadata can have any name, so any unless told.
    pub request_headers: Headers,
    /// Which headers of an answer pages may see beside those that say the status.
    pub response_headers: Headers,
    /// How long browsers may remember that.
    pub max_age: Duration,
}

impl Default for CorsOptions {
    fn default() -> CorsOptions {
        CorsOptions {
            origins: Origins::default(),
            credentials: false,
            request_headers: Headers::default(),
            response_headers: Headers::default(),
            max_age: CORS_MAX_AGE,
        }
    }
}

impl CorsOptions {
    /// What makes no sense, or is not safe.
    pub(crate) fn problem(&self) -> Option<Problem> {
        let whoever = match self.origins {
            Origins::Any => "any origin",
            _ if self.origins.has_null() => "the origin `null`, which is no one's and everyone's,",
            _ => return None,
        };
        self.credentials.then(|| {
            let message = format!("pages of {whoever} may not call with credentials");
            Problem::new(ProblemKind::Mismatch, message)
                .at("cors.credentials")
                .help("name the origins, or leave the credentials out")
        })
    }
}

/// Which headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Headers {
    /// All.
    #[default]
    Any,
    /// These.
    List(Vec<HeaderName>),
}

/// What a request means for CORS.
pub(crate) struct Cors<'a> {
    options: &'a CorsOptions,
    /// Of a page that may call.
    origin: Option<HeaderValue>,
}

impl<'a> Cors<'a> {
    /// What the origin of a request is allowed.
    pub fn of(options: &'a Options, headers: &HeaderMap) -> Cors<'a> {
        let options = &options.cors;
        let origin = headers.get(ORIGIN).filter(|_| options.origins != Origins::None);
        let allowed =
            |origin: &&HeaderValue| origin.to_str().is_ok_and(|o| options.origins.allows(o));
        Cors { options, origin: origin.filter(allowed).cloned() }
    }

    /// The answer to a preflight request; none where this is none.
    pub fn preflight(&self, head: &request::Parts) -> Option<Response<Body>> {
        let asks = head.method == Method::OPTIONS
            && head.headers.contains_key(ORIGIN)
            && head.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if !asks {
            return None;
        }
        let mut response = Response::new(Body::empty());
        *response.status_mut() = match self.origin {
            Some(_) => StatusCode::NO_CONTENT,
            None => StatusCode::FORBIDDEN,
        };
        if self.origin.is_none() {
            response.extensions_mut().insert(NoCall::default());
        }
        self.say_origin(response.headers_mut());
        let headers = response.headers_mut();
        if self.origin.is_some() {
            let asked = head.headers.get_all(ACCESS_CONTROL_REQUEST_HEADERS);
            let asked = asked.into_iter().filter_map(|value| value.to_str().ok());
            let allowed = self.allowed(asked.flat_map(|value| value.split(',')));
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods(head));
            if let Ok(allowed) = HeaderValue::try_from(allowed) {
                headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed);
            }
            headers.insert(ACCESS_CONTROL_MAX_AGE, self.options.max_age.as_secs().into());
            // That everyone may call does not say that every page of the world may look into this network.
            let named = matches!(self.options.origins, Origins::List(_));
            if named && head.headers.get(REQUEST_PRIVATE_NETWORK).is_some_and(|asks| asks == "true")
            {
                headers.insert(ALLOW_PRIVATE_NETWORK, HeaderValue::from_static("true"));
            }
        }
        let asked = [
            ACCESS_CONTROL_REQUEST_METHOD,
            ACCESS_CONTROL_REQUEST_HEADERS,
            REQUEST_PRIVATE_NETWORK,
        ];
        for name in asked {
            headers.append(VARY, name.into());
        }
        Some(response)
    }

    /// The answer to a page that may not call; none where nothing is against it. What a form could have sent comes without
    /// a preflight and with the cookies of this host: the page would see no answer, but the call would be made.
    pub fn refusal(&self, head: &request::Parts) -> Option<Response<Body>> {
        let site = head.headers.get(FETCH_SITE)?;
        let foreign = site == "cross-site" || site == "same-site";
        if !foreign || self.origin.is_some() || head.method.is_safe() {
            return None;
        }
        let text = "pages of this origin may not call here: have the origin allowed\n";
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = StatusCode::FORBIDDEN;
        response.extensions_mut().insert(NoCall::default());
        self.say_origin(response.headers_mut());
        let text = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, text);
        Some(response)
    }

    /// Adds to an answer what its page may see of it.
    pub fn apply(&self, headers: &mut HeaderMap) {
        self.say_origin(headers);
        if self.origin.is_none() {
            return;
        }
        let mut exposed: BTreeSet<&str> = ALWAYS_EXPOSED.into();
        // A star would not do with credentials, and names of metadata can be any.
        let listed = |name: &HeaderName| match &self.options.response_headers {
            Headers::Any => true,
            Headers::List(list) => list.contains(name) || name.as_str().starts_with(METADATA),
        };
        let cors = |name: &HeaderName| name.as_str().starts_with("access-control-") || name == VARY;
        let names = headers.keys().filter(|name| listed(name) && !cors(name));
        exposed.extend(names.map(HeaderName::as_str));
        let exposed = exposed.into_iter().collect::<Vec<_>>().join(", ");
        if let Ok(value) = HeaderValue::try_from(exposed) {
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, value);
        }
    }

    fn say_origin(&self, headers: &mut HeaderMap) {
        let any = self.options.origins == Origins::Any;
        if matches!(self.options.origins, Origins::List(_)) {
            // Whoever keeps the answer must not give it to another origin.
            headers.append(VARY, HeaderValue::from_static("origin"));
        }
        let Some(origin) = &self.origin else { return };
        let origin = if any { HeaderValue::from_static("*") } else { origin.clone() };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if self.options.credentials {
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
    }

    /// Of the headers that a page wants to send, and those of the protocols, the ones that it may.
    fn allowed<'h>(&self, asked: impl Iterator<Item = &'h str>) -> String {
        let mut allowed: BTreeSet<String> = ALWAYS_ALLOWED.map(str::to_owned).into();
        let asked = asked.filter_map(|name| HeaderName::from_bytes(name.trim().as_bytes()).ok());
        allowed.extend(asked.filter_map(|name| {
            let may = match &self.options.request_headers {
                Headers::Any => true,
                Headers::List(list) => list.contains(&name) || name.as_str().starts_with(METADATA),
            };
            may.then(|| name.as_str().to_owned())
        }));
        allowed.into_iter().collect::<Vec<_>>().join(", ")
    }
}

/// By which methods a page may call: those of HTTP, and the one that it asks for, which a rule may have made up.
fn methods(head: &request::Parts) -> HeaderValue {
    let asked = head.headers.get(ACCESS_CONTROL_REQUEST_METHOD);
    let asked = asked.and_then(|method| Method::from_bytes(method.as_bytes()).ok());
    let known = |method: &Method| METHODS.split(", ").any(|known| known == method.as_str());
    let other = asked.filter(|method| !known(method)).map(|method| format!("{METHODS}, {method}"));
    let all = other.and_then(|methods| HeaderValue::try_from(methods).ok());
    all.unwrap_or(HeaderValue::from_static(METHODS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn headers(lines: &[&str]) -> request::Parts {
        let mut request = Request::builder().method("OPTIONS").uri("/a.B/C");
        for line in lines {
            let (name, value) = line.split_once(": ").unwrap();
            request = request.header(name, value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn shown(headers: &HeaderMap) -> Vec<String> {
        let line = |(name, value): (&HeaderName, &HeaderValue)| {
            let name = name.as_str().replace("access-control-", "");
            format!("{name}: {}", value.to_str().unwrap())
        };
        headers.iter().map(line).collect()
    }

    fn options(origins: &[&str]) -> Options {
        let cors =
            CorsOptions { origins: Origins::parse(origins).unwrap(), ..CorsOptions::default() };
        Options { cors, ..Options::default() }
    }

    #[test]
    fn preflights() {
        let ask = ["origin: https://a.example", "access-control-request-method: POST"];
        let asks =
            [ask[0], ask[1], "access-control-request-headers: x-a,content-type, grpc-metadata-b"];
        let preflight = |options: &Options, lines: &[&str]| {
            let head = headers(lines);
            let response = Cors::of(options, &head.headers).preflight(&head)?;
            Some((response.status().as_u16(), shown(response.headers())))
        };
        let nobody = Options::default();
        let mut some = options(&["https://a.example"]);
        assert_eq!(preflight(&some, &[ask[0]]), None, "that is an ordinary OPTIONS");
        assert_eq!(preflight(&some, &[ask[1]]), None, "that is of no page");
        let refused = preflight(&nobody, &asks).unwrap();
        let vary = [
            "vary: access-control-request-method",
            "vary: access-control-request-headers",
            "vary: access-control-request-private-network",
        ];
        assert_eq!(refused, (403, vary.map(str::to_owned).into()));
        insta::assert_debug_snapshot!(preflight(&some, &asks));
        some.cors.request_headers = Headers::List(vec![HeaderName::from_static("x-b")]);
        some.cors.credentials = true;
        insta::assert_debug_snapshot!(preflight(&some, &asks));
        insta::assert_debug_snapshot!(preflight(&options(&["*"]), &ask));
    }

    #[test]
    fn methods_that_rules_make_up() {
        for (asked, want) in [
            ("GET", METHODS.to_owned()),
            ("LOCK", format!("{METHODS}, LOCK")),
            ("G E T", METHODS.to_owned()),
        ] {
            let head = headers(&[&format!("access-control-request-method: {asked}")]);
            assert_eq!(methods(&head), want, "{asked}");
        }
    }

    /// Who may look into a network that is more private than the page's.
    #[test]
    fn private_networks() {
        let asks = |value: &str| {
            let line = format!("access-control-request-private-network: {value}");
            headers(&["origin: https://a.example", "access-control-request-method: GET", &line])
        };
        let table = [
            (&["https://a.example"][..], "true", true),
            (&["https://a.example"], "false", false),
            (&["https://b.example"], "true", false),
            (&["*"], "true", false),
            (&[], "true", false),
        ];
        for (origins, value, want) in table {
            let (options, head) = (options(origins), asks(value));
            let response = Cors::of(&options, &head.headers).preflight(&head).unwrap();
            let got = response.headers().contains_key(ALLOW_PRIVATE_NETWORK);
            assert_eq!(got, want, "{origins:?} {value}");
        }
    }

    /// Pages that send what needs no preflight.
    #[test]
    fn pages_that_may_not_call() {
        let table: [(&str, &[&str], bool); 8] = [
            ("POST", &["sec-fetch-site: cross-site", "origin: https://b.example"], true),
            ("POST", &["sec-fetch-site: same-site", "origin: https://b.example"], true),
            ("DELETE", &["sec-fetch-site: cross-site", "origin: null"], true),
            ("POST", &["sec-fetch-site: cross-site", "origin: https://a.example"], false),
            ("POST", &["sec-fetch-site: same-origin", "origin: https://me.example"], false),
            ("POST", &["sec-fetch-site: none"], false),
            ("POST", &["origin: https://b.example"], false),
            ("GET", &["sec-fetch-site: cross-site"], false),
        ];
        let options = options(&["https://a.example"]);
        for (method, lines, want) in table {
            let mut head = headers(lines);
            head.method = method.parse().unwrap();
            let got = Cors::of(&options, &head.headers).refusal(&head).map(|r| r.status().as_u16());
            assert_eq!(got, want.then_some(403), "{method} {lines:?}");
        }
    }

    #[test]
    fn what_is_not_safe() {
        for (origins, credentials, want) in [
            (&["*"][..], true, true),
            (&["*"], false, false),
            (&["https://a.example", "null"], true, true),
            (&["null"], false, false),
            (&["https://a.example"], true, false),
        ] {
            let cors = CorsOptions { credentials, ..options(origins).cors };
            assert_eq!(cors.problem().is_some(), want, "{origins:?} {credentials}");
        }
    }

    #[test]
    fn answers() {
        let answer = |options: &Options, lines: &[&str]| {
            let head = headers(lines);
            let mut answer = HeaderMap::new();
            for name in ["content-type", "x-a", "grpc-metadata-b"] {
                answer.insert(HeaderName::from_static(name), HeaderValue::from_static("1"));
            }
            Cors::of(options, &head.headers).apply(&mut answer);
            shown(&answer).split_off(3)
        };
        let (page, other) = (["origin: https://a.example"], ["origin: https://b.example"]);
        let mut some = options(&["https://a.example"]);
        assert_eq!(answer(&Options::default(), &page), [""; 0]);
        assert_eq!(answer(&some, &other), ["vary: origin"]);
        assert_eq!(answer(&some, &[]), ["vary: origin"]);
        let all = "expose-headers: content-type, grpc-message, grpc-metadata-b, grpc-status, \
                   grpc-status-details-bin, x-a";
        let own = "allow-origin: https://a.example";
        assert_eq!(answer(&some, &page), ["vary: origin", own, all]);
        assert_eq!(answer(&options(&["*"]), &page), ["allow-origin: *", all]);
        some.cors.response_headers = Headers::List(Vec::new());
        some.cors.credentials = true;
        let few =
            "expose-headers: grpc-message, grpc-metadata-b, grpc-status, grpc-status-details-bin";
        assert_eq!(answer(&some, &page), ["vary: origin", own, "allow-credentials: true", few]);
    }
}
