//! Pages of other origins (<https://fetch.spec.whatwg.org/#http-cors-protocol>): who may call, and what of an answer
//! their browsers may show them. Without being told otherwise, nobody may.

use crate::options::Options;
use axum::body::Body;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HOST, ORIGIN, VARY,
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
        (self.credentials && self.origins == Origins::Any).then(|| {
            let message = "pages of any origin may not call with credentials";
            Problem::new(ProblemKind::Mismatch, message)
                .at("cors.credentials")
                .help("name the origins, or leave the credentials out")
        })
    }
}

/// Pages of which origins may call, or open a WebSocket. A page of the bridge's own origin always may.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origins {
    /// No other.
    #[default]
    None,
    /// All.
    Any,
    /// These.
    List(Vec<Origin>),
}

/// An origin that may call, or a pattern of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// With `://`, or `null`.
    scheme: String,
    /// Whether names below `host` are meant instead of itself.
    below: bool,
    host: String,
    port: Port,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Port {
    /// As written, with a colon; empty for that of the scheme.
    Is(String),
    Any,
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

impl Origin {
    /// `https://example.com`, `https://*.example.com` for every name below it, `http://localhost:*` for every port, or
    /// `null` for pages without an origin (sandboxed ones, files).
    ///
    /// # Errors
    /// What is no origin.
    pub fn parse(text: &str) -> Result<Origin, Problem> {
        let wrong = || {
            let message = format!("`{}` is not an origin", text.escape_debug());
            Problem::new(ProblemKind::Mismatch, message).at("cors.origins").help(
                "write scheme://host or scheme://host:port without a path, such as https://example.com, \
                 https://*.example.com or http://localhost:*",
            )
        };
        let text = text.to_ascii_lowercase();
        if text == "null" {
            let nothing = String::new();
            let port = Port::Is(nothing.clone());
            return Ok(Origin { scheme: text, below: false, host: nothing, port });
        }
        let (scheme, host, port) = split(&text).ok_or_else(wrong)?;
        let (below, host) = match host.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, host),
        };
        let good =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '[' | ']' | ':');
        if host.is_empty() || !host.chars().all(good) {
            return Err(wrong());
        }
        let port = match port {
            ":*" => Port::Any,
            "" => Port::Is(String::new()),
            port if port[1..].parse::<u16>().is_ok() => Port::Is(default_port(scheme, port).into()),
            _ => return Err(wrong()),
        };
        Ok(Origin { scheme: scheme.into(), below, host: host.into(), port })
    }

    fn is(&self, origin: &str) -> bool {
        if origin == "null" || self.scheme == "null" {
            return origin == self.scheme;
        }
        let Some((scheme, host, port)) = split(origin) else { return false };
        let named = match self.below {
            false => host == self.host,
            true => host
                .strip_suffix(&self.host)
                .and_then(|rest| rest.strip_suffix('.'))
                .is_some_and(|rest| !rest.is_empty()),
        };
        named
            && scheme == self.scheme
            && match &self.port {
                Port::Any => true,
                Port::Is(wanted) => wanted == default_port(scheme, port),
            }
    }
}

/// `https://`, the host and `:port`, which may be empty.
fn split(origin: &str) -> Option<(&str, &str, &str)> {
    let (scheme, rest) = origin.split_at(origin.find("://")? + 3);
    // The colons of an IPv6 address are in brackets.
    let after = rest.rfind(']').map_or(0, |at| at + 1);
    let colon = rest.get(after..)?.find(':').map_or(rest.len(), |at| after + at);
    let (host, port) = rest.split_at(colon);
    (!host.is_empty() && port != ":").then_some((scheme, host, port))
}

/// Browsers leave the scheme's own port out.
fn default_port<'a>(scheme: &str, port: &'a str) -> &'a str {
    match (scheme, port) {
        ("https://", ":443") | ("http://", ":80") => "",
        _ => port,
    }
}

impl Origins {
    /// The list of these, in the form of [`Origin::parse`]; `*` among them is any.
    ///
    /// # Errors
    /// What is no origin.
    pub fn parse<S: AsRef<str>>(origins: impl IntoIterator<Item = S>) -> Result<Origins, Problem> {
        let mut list = Vec::new();
        for origin in origins {
            match origin.as_ref().trim() {
                "*" => return Ok(Origins::Any),
                origin => list.push(Origin::parse(origin)?),
            }
        }
        Ok(if list.is_empty() { Origins::None } else { Origins::List(list) })
    }

    /// Whether a page of this origin, as the header `origin` says it, may call.
    pub fn allows(&self, origin: &str) -> bool {
        match self {
            Origins::None => false,
            Origins::Any => true,
            Origins::List(list) => list.iter().any(|one| one.is(origin)),
        }
    }

    /// Whether a request may be taken where browsers let every page ask, as for a WebSocket: one without an origin does
    /// not come from a page, and one of the bridge's own host is not of another's.
    pub(crate) fn admit(&self, head: &request::Parts) -> bool {
        let Some(origin) = head.headers.get(ORIGIN) else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        self.allows(origin) || is_own(origin, head)
    }
}

/// Whether this is the origin of the host that the request went to.
fn is_own(origin: &str, head: &request::Parts) -> bool {
    let authority = head.uri.authority().map(|authority| authority.as_str());
    let host = || head.headers.get(HOST)?.to_str().ok();
    let Some((_, of_origin)) = origin.split_once("://") else { return false };
    authority.or_else(host).is_some_and(|host| host.eq_ignore_ascii_case(of_origin))
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
        self.say_origin(response.headers_mut());
        let headers = response.headers_mut();
        if self.origin.is_some() {
            let asked = head.headers.get_all(ACCESS_CONTROL_REQUEST_HEADERS);
            let asked = asked.into_iter().filter_map(|value| value.to_str().ok());
            let allowed = self.allowed(asked.flat_map(|value| value.split(',')));
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
            if let Ok(allowed) = HeaderValue::try_from(allowed) {
                headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed);
            }
            headers.insert(ACCESS_CONTROL_MAX_AGE, self.options.max_age.as_secs().into());
        }
        for name in ["access-control-request-method", "access-control-request-headers"] {
            headers.append(VARY, HeaderValue::from_static(name));
        }
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
    fn origins() {
        let table = [
            ("https://a.example", "https://a.example", true),
            ("https://A.example:443", "https://a.example", true),
            ("https://a.example", "http://a.example", false),
            ("https://a.example", "https://a.example:8443", false),
            ("https://a.example", "https://b.a.example", false),
            ("https://a.example", "https://a.example.evil.example", false),
            ("https://*.a.example", "https://b.a.example", true),
            ("https://*.a.example", "https://c.b.a.example", true),
            ("https://*.a.example", "https://a.example", false),
            ("https://*.a.example", "https://.a.example", false),
            ("https://*.a.example", "https://evila.example", false),
            ("http://localhost:*", "http://localhost:8080", true),
            ("http://localhost:*", "http://localhost", true),
            ("http://localhost:*", "http://localhost.evil.example:80", false),
            ("http://[::1]:8080", "http://[::1]:8080", true),
            ("http://[::1]:8080", "http://[::1]", false),
            ("capacitor://localhost", "capacitor://localhost", true),
            ("null", "null", true),
            ("https://a.example", "null", false),
            ("*", "https://whoever.example", true),
        ];
        for (allowed, origin, want) in table {
            assert_eq!(
                Origins::parse([allowed]).unwrap().allows(origin),
                want,
                "{allowed} {origin}"
            );
        }
        for wrong in
            ["", "a.example", "https://", "https://a/b", "https://*", "https://a:x", "://a:"]
        {
            assert!(Origins::parse([wrong]).is_err(), "{wrong}");
        }
        assert_eq!(Origins::parse([""; 0]), Ok(Origins::None));
    }

    /// `origin` and `host` of a request for a WebSocket.
    #[test]
    fn sockets() {
        let table: [(&[&str], bool); 5] = [
            (&["host: me.example"], true),
            (&["host: me.example:81", "origin: http://ME.example:81"], true),
            (&["host: me.example", "origin: https://a.example"], true),
            (&["host: me.example", "origin: https://b.example"], false),
            (&["host: me.example", "origin: null"], false),
        ];
        let options = options(&["https://a.example"]);
        for (lines, want) in table {
            assert_eq!(options.cors.origins.admit(&headers(lines)), want, "{lines:?}");
        }
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
        let vary = ["vary: access-control-request-method", "vary: access-control-request-headers"];
        assert_eq!(refused, (403, vary.map(str::to_owned).into()));
        insta::assert_debug_snapshot!(preflight(&some, &asks));
        some.cors.request_headers = Headers::List(vec![HeaderName::from_static("x-b")]);
        some.cors.credentials = true;
        insta::assert_debug_snapshot!(preflight(&some, &asks));
        insta::assert_debug_snapshot!(preflight(&options(&["*"]), &ask));
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
