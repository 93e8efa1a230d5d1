//! Origins of pages (RFC 6454), and patterns of them.

use http::header::{HOST, ORIGIN};
use http::request;
use wirelab_model::{Problem, ProblemKind};

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

    /// Whether pages without an origin of their own are among them: sandboxed ones, of whomever.
    pub(super) fn has_null(&self) -> bool {
        self != &Origins::Any && self.allows("null")
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

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

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
        let origins = Origins::parse(["https://a.example"]).unwrap();
        for (lines, want) in table {
            let mut request = Request::builder().uri("/a.B/C");
            for line in lines {
                let (name, value) = line.split_once(": ").unwrap();
                request = request.header(name, value);
            }
            let (head, ()) = request.body(()).unwrap().into_parts();
            assert_eq!(origins.admit(&head), want, "{lines:?}");
        }
    }
}
