//! Addresses that people type, parsed into where to connect.

use std::fmt;
use std::net::Ipv6Addr;
use wirelab_model::{Endpoint, Problem, ProblemKind, Tls};

/// The longest host name that DNS allows, in characters (RFC 1035 §2.3.4).
const MAX_HOST: usize = 253;

/// Where an [`Endpoint`] leads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    host: String,
    port: u16,
    tls: bool,
}

impl Target {
    /// Understands `host:port`, `[v6]:port` and `http(s)://host[:port]`; a scheme overrides `tls`.
    ///
    /// # Errors
    /// A `Mismatch` problem at the address, with the form that would be right.
    pub fn parse(endpoint: &Endpoint) -> Result<Target, Problem> {
        let address = endpoint.address.trim();
        parse(address, endpoint.tls == Tls::System).map_err(|(message, help)| {
            let problem = Problem::new(ProblemKind::Mismatch, message).help(help);
            if address.is_empty() { problem } else { problem.at(address) }
        })
    }

    /// The host name or IP address, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether TLS is wanted.
    pub fn tls(&self) -> bool {
        self.tls
    }
}

/// `host:port`, as `:authority` carries it.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

type Wrong = (String, String);

fn wrong<T>(message: impl Into<String>, help: impl Into<String>) -> Result<T, Wrong> {
    Err((message.into(), help.into()))
}

fn parse(address: &str, tls: bool) -> Result<Target, Wrong> {
    const FORM: &str = "write host:port, for example localhost:50051";
    if address.is_empty() {
        return wrong("no address is given", FORM);
    }
    let (scheme, rest) = match address.split_once("://") {
        Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
        None => (None, address),
    };
    let (tls, default_port) = match scheme.as_deref() {
        None => (tls, None),
        Some("http") => (false, Some(80)),
        Some("https") => (true, Some(443)),
        Some(other) => {
            return wrong(
                format!("addresses that begin with `{other}://` are not supported"),
                "write host:port, http://host:port or https://host:port",
            );
        }
    };
    if let Some(other) = ["unix:", "dns:", "ipv4:", "ipv6:", "xds:", "vsock:"]
        .iter()
        .find(|prefix| scheme.is_none() && starts_with_ignoring_case(rest, prefix))
        .filter(|prefix| !rest[prefix.len()..].bytes().all(|b| b.is_ascii_digit()))
    {
        return wrong(format!("addresses that begin with `{other}` are not supported"), FORM);
    }
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if let Some(at) = rest.find(['/', '?', '#']) {
        return wrong(
            format!("`{}` is not part of a gRPC address", &rest[at..]),
            "write only host:port; the method says which path is called",
        );
    }
    if let Some((user, _)) = rest.rsplit_once('@') {
        return wrong(
            format!("`{user}@` is not part of a gRPC address"),
            "send credentials as metadata, for example `authorization`",
        );
    }
    let (host, port) = split(rest)?;
    let port = match (port, default_port) {
        (Some(port), _) => match port.parse::<u16>() {
            Ok(port) if port > 0 => port,
            _ => return wrong(format!("`{port}` is not a port"), "use a number from 1 to 65535"),
        },
        (None, Some(port)) => port,
        (None, None) => {
            return wrong("the port is missing", format!("add it, for example {rest}:50051"));
        }
    };
    Ok(Target { host: host.to_ascii_lowercase(), port, tls })
}

fn starts_with_ignoring_case(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn split(rest: &str) -> Result<(&str, Option<&str>), Wrong> {
    if let Some(inner) = rest.strip_prefix('[') {
        let Some((host, after)) = inner.split_once(']') else {
            return wrong("the `]` after the IPv6 address is missing", "write [::1]:50051");
        };
        if host.parse::<Ipv6Addr>().is_err() {
            return wrong(
                format!("`{host}` is not an IPv6 address"),
                "write for example [::1]:50051",
            );
        }
        return match after.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if after.is_empty() => Ok((host, None)),
            None => wrong(format!("`{after}` after `]` is not a port"), "write [::1]:50051"),
        };
    }
    if rest.bytes().filter(|&b| b == b':').count() > 1 {
        return wrong("an IPv6 address needs brackets", "write for example [::1]:50051");
    }
    let (host, port) = match rest.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (rest, None),
    };
    if host.is_empty() {
        return wrong(
            "the host is missing",
            format!("write localhost:{}", port.unwrap_or("50051")),
        );
    }
    if let Some(bad) = host.chars().find(|c| !c.is_ascii_alphanumeric() && !"-._".contains(*c)) {
        return wrong(
            format!("a host name cannot contain `{}`", bad.escape_default()),
            "write host:port; names beyond ASCII go in their xn-- form",
        );
    }
    if host.len() > MAX_HOST {
        return wrong(
            format!("the host name is longer than {MAX_HOST} characters"),
            "check the address",
        );
    }
    Ok((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        // address, TLS wanted beside it, and `host:port tls` or the message.
        let table = [
            ("localhost:50051", false, "localhost:50051 off"),
            ("localhost:50051", true, "localhost:50051 on"),
            ("  LocalHost:1 ", false, "localhost:1 off"),
            ("127.0.0.1:65535", false, "127.0.0.1:65535 off"),
            ("[::1]:50051", false, "[::1]:50051 off"),
            ("http://a.b:8080/", true, "a.b:8080 off"),
            ("HTTPS://a.b", false, "a.b:443 on"),
            ("http://a", false, "a:80 off"),
            ("https://[2001:db8::1]", false, "[2001:db8::1]:443 on"),
            ("my_service:80", false, "my_service:80 off"),
            ("dns:50051", false, "dns:50051 off"),
            ("", false, "no address is given"),
            ("   ", false, "no address is given"),
            ("localhost", false, "the port is missing"),
            ("localhost:", false, "`` is not a port"),
            ("localhost:0", false, "`0` is not a port"),
            ("localhost:65536", false, "`65536` is not a port"),
            ("localhost:abc", false, "`abc` is not a port"),
            (":50051", false, "the host is missing"),
            ("::1", false, "an IPv6 address needs brackets"),
            ("::1:50051", false, "an IPv6 address needs brackets"),
            ("[::1", false, "the `]` after the IPv6 address is missing"),
            ("[::g]:1", false, "`::g` is not an IPv6 address"),
            ("[::1]x", false, "`x` after `]` is not a port"),
            ("[::1]", false, "the port is missing"),
            ("ftp://a:1", false, "addresses that begin with `ftp://` are not supported"),
            ("unix:/tmp/socket", false, "addresses that begin with `unix:` are not supported"),
            ("dns:///a:1", false, "addresses that begin with `dns://` are not supported"),
            ("http://a:1/v1/things", false, "`/v1/things` is not part of a gRPC address"),
            ("a:1?x=y", false, "`?x=y` is not part of a gRPC address"),
            ("me:secret@a:1", false, "`me:secret@` is not part of a gRPC address"),
            ("a b:1", false, "a host name cannot contain ` `"),
            ("bücher:1", false, "a host name cannot contain `\\u{fc}`"),
        ];
        for (address, tls, want) in table {
            let tls = if tls { Tls::System } else { Tls::Off };
            let got = match Target::parse(&Endpoint {
                address: address.into(),
                tls,
                ..Endpoint::default()
            }) {
                Ok(target) => format!("{target} {}", if target.tls() { "on" } else { "off" }),
                Err(problem) => {
                    assert!(problem.help.is_some(), "{address:?} gets no help");
                    assert_eq!(problem.kind, ProblemKind::Mismatch);
                    problem.message
                }
            };
            assert_eq!(got, want, "{address:?}");
        }
        let long = format!("{}:1", "a".repeat(254));
        assert!(
            Target::parse(&Endpoint { address: long, tls: Tls::Off, ..Endpoint::default() })
                .is_err()
        );
    }

    proptest::proptest! {
        #[test]
        fn anything_is_an_answer(address in ".{0,40}") {
            if let Ok(target) = Target::parse(&Endpoint { address, tls: Tls::Off, ..Endpoint::default() }) {
                let again = Endpoint { address: target.to_string(), tls: if target.tls() { Tls::System } else { Tls::Off }, ..Endpoint::default() };
                proptest::prop_assert_eq!(Target::parse(&again), Ok(target));
            }
        }
    }
}
