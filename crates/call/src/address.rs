//! Addresses that people type, parsed
//! (<https://github.com/grpc/grpc/blob/master/doc/naming.md>, and the registries' own forms).

use crate::endpoint::Target;
use crate::resolve::MAX_INSTANCES;
use percent_encoding::percent_decode_str;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use wirelab_model::{Endpoint, Problem, ProblemKind, Tls};

/// The longest host name that DNS allows, in characters (RFC 1035 §2.3.4).
const MAX_HOST: usize = 253;
/// The longest path of a Unix socket, bytes (`sun_path` of unix(7), less its end).
const MAX_SOCKET_PATH: usize = 107;
/// The port of an address with a gRPC scheme and without a port.
const DEFAULT_PORT: u16 = 443;
/// The ports of registries whose address has none.
const ETCD_PORT: u16 = 2379;
const CONSUL_PORT: u16 = 8500;

const FORM: &str = "write host:port, for example localhost:50051";

/// Where an [`Endpoint`] leads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    pub(crate) scheme: Scheme,
    pub(crate) tls: bool,
}

/// The kinds of addresses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Scheme {
    /// A host name or IP address; every address of the name is an instance.
    Name(Target),
    /// IP addresses, each an instance.
    List(Vec<SocketAddr>),
    /// The path of a Unix socket.
    Unix(String),
    /// Instances that registered themselves in etcd.
    Etcd {
        /// Members of the etcd cluster, any of which may be asked.
        members: Vec<Target>,
        /// Instances are at the keys that begin with this and a slash.
        prefix: String,
    },
    /// Instances that registered themselves in Consul.
    Consul {
        /// The agent that is asked.
        agent: Target,
        /// The service's name.
        service: String,
        /// Only instances with this tag.
        tag: Option<String>,
        /// Instances of this datacenter instead of the agent's own.
        datacenter: Option<String>,
    },
}

impl Address {
    /// Understands `host:port`, `[v6]:port`, `http(s)://host[:port]` (the scheme overrides `tls`),
    /// `unix:path`, `unix:///path`, `dns:[///]name[:port]`, `ipv4:a:1,b:2`, `ipv6:[a]:1,[b]:2`,
    /// `etcd://host:port/prefix` and `consul://host:port/service?tag=…&dc=…`.
    ///
    /// # Errors
    /// A `Mismatch` problem at the address, with the form that would be right.
    pub fn parse(endpoint: &Endpoint) -> Result<Address, Problem> {
        let address = endpoint.address.trim();
        parse(address, endpoint.tls == Tls::System).map_err(|(message, help)| {
            let problem = Problem::new(ProblemKind::Mismatch, message).help(help);
            if address.is_empty() { problem } else { problem.at(address) }
        })
    }

    /// Whether TLS is wanted.
    pub fn tls(&self) -> bool {
        self.tls
    }

    /// The host that all instances share; empty where each has its own.
    pub fn host(&self) -> &str {
        match &self.scheme {
            Scheme::Name(target) => target.host(),
            Scheme::Unix(_) => "localhost",
            Scheme::List(_) | Scheme::Etcd { .. } | Scheme::Consul { .. } => "",
        }
    }
}

impl Target {
    /// The one server that `host:port` or `http(s)://host[:port]` leads to.
    ///
    /// # Errors
    /// As [`Address::parse`], and for addresses of another kind.
    pub(crate) fn parse(endpoint: &Endpoint) -> Result<Target, Problem> {
        match Address::parse(endpoint)?.scheme {
            Scheme::Name(target) => Ok(target),
            _ => {
                let message = "the address is not that of one server";
                Err(Problem::new(ProblemKind::Mismatch, message).help(FORM))
            }
        }
    }
}

type Wrong = (String, String);

fn wrong<T>(message: impl Into<String>, help: impl Into<String>) -> Result<T, Wrong> {
    Err((message.into(), help.into()))
}

fn parse(address: &str, tls: bool) -> Result<Address, Wrong> {
    if address.is_empty() {
        return wrong("no address is given", FORM);
    }
    // `unix:50051` is a host of that name, as it always was.
    let prefix = address.split_once(':').filter(|(_, rest)| !is_digits(rest));
    let (prefix, rest) = match prefix {
        Some((prefix, rest)) => (prefix.to_ascii_lowercase(), rest),
        None => (String::new(), address),
    };
    let scheme = match (prefix.as_str(), rest.strip_prefix("//")) {
        ("http", Some(rest)) => return web(rest, 80, false),
        ("https", Some(rest)) => return web(rest, 443, true),
        ("unix", _) => Scheme::Unix(socket_path(rest)?),
        ("dns", _) => Scheme::Name(dns(rest, tls)?),
        ("ipv4", _) => Scheme::List(list(rest, "ipv4:10.0.0.1:50051,10.0.0.2:50051", true)?),
        ("ipv6", _) => Scheme::List(list(rest, "ipv6:[::1]:50051,[::1]:50052", false)?),
        ("etcd", Some(rest)) => etcd(rest)?,
        ("consul", Some(rest)) => consul(rest)?,
        ("xds" | "vsock" | "unix-abstract" | "etcd" | "consul", None) => {
            return wrong(format!("addresses that begin with `{prefix}:` are not supported"), FORM);
        }
        (other, Some(_)) => {
            return wrong(
                format!("addresses that begin with `{other}://` are not supported"),
                "write host:port, http(s)://host:port, unix:///path, dns:///name:port, ipv4:, ipv6:, \
                 etcd://host:port/prefix or consul://host:port/service",
            );
        }
        (_, None) => Scheme::Name(name(address, None, tls)?),
    };
    Ok(Address { scheme, tls })
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn web(rest: &str, port: u16, tls: bool) -> Result<Address, Wrong> {
    Ok(Address { scheme: Scheme::Name(name(rest, Some(port), tls)?), tls })
}

/// `host[:port]` and nothing else.
fn name(rest: &str, default_port: Option<u16>, tls: bool) -> Result<Target, Wrong> {
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if let Some(at) = rest.find(['/', '?', '#']) {
        return wrong(
            format!("`{}` is not part of a gRPC address", rest.get(at..).unwrap_or_default()),
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
    Ok(Target::new(host.to_ascii_lowercase(), port, tls))
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

fn socket_path(rest: &str) -> Result<String, Wrong> {
    const FORM: &str = "write unix:///run/server.sock, or unix:server.sock for a relative path";
    let path = rest.strip_prefix("//").unwrap_or(rest);
    if path.is_empty() {
        return wrong("the path of the socket is missing", FORM);
    }
    if rest.starts_with("//") && !path.starts_with('/') {
        return wrong("the path of the socket is not absolute", FORM);
    }
    if path.contains('\0') {
        return wrong("the path of the socket contains a zero byte", FORM);
    }
    if path.len() > MAX_SOCKET_PATH {
        return wrong(
            format!("the path of the socket is longer than {MAX_SOCKET_PATH} bytes"),
            "the system allows no more: use a shorter path",
        );
    }
    Ok(path.to_owned())
}

fn dns(rest: &str, tls: bool) -> Result<Target, Wrong> {
    let rest = match rest.strip_prefix("//") {
        None => rest,
        Some(rest) => match rest.split_once('/') {
            Some(("", rest)) => rest,
            Some((server, rest)) => {
                return wrong(
                    format!("the name server `{server}` cannot be chosen"),
                    format!("write dns:///{rest}: the system's name servers are asked"),
                );
            }
            None => {
                return wrong(
                    "the third slash is missing",
                    format!("write dns:///{}", if rest.is_empty() { "name:50051" } else { rest }),
                );
            }
        },
    };
    name(rest, Some(DEFAULT_PORT), tls)
}

fn list(rest: &str, example: &str, v4: bool) -> Result<Vec<SocketAddr>, Wrong> {
    let rest = rest.strip_prefix("///").unwrap_or(rest);
    let mut addresses = Vec::new();
    for entry in rest.split(',').map(str::trim) {
        // IPv6 addresses may come without brackets when they have no port.
        let parsed = entry.parse::<SocketAddr>().ok().or_else(|| {
            let bare = entry.strip_prefix('[').and_then(|entry| entry.strip_suffix(']'));
            let ip = bare.unwrap_or(entry).parse::<IpAddr>().ok()?;
            Some(SocketAddr::new(ip, DEFAULT_PORT))
        });
        match parsed {
            Some(address) if address.is_ipv4() == v4 && address.port() > 0 => {
                if !addresses.contains(&address) {
                    addresses.push(address);
                }
            }
            _ => {
                let version = if v4 { 4 } else { 6 };
                return wrong(
                    format!("`{entry}` is not an IPv{version} address with a port"),
                    format!("write for example {example}"),
                );
            }
        }
    }
    if addresses.len() > MAX_INSTANCES {
        return wrong(
            format!("there are more than {MAX_INSTANCES} addresses"),
            "list fewer, or use a name that resolves to them",
        );
    }
    Ok(addresses)
}

fn decoded(text: &str) -> Result<String, Wrong> {
    percent_decode_str(text)
        .decode_utf8()
        .map(|text| text.into_owned())
        .or_else(|_| wrong(format!("`{text}` is not UTF-8 when decoded"), "write % as %25"))
}

fn etcd(rest: &str) -> Result<Scheme, Wrong> {
    const FORM: &str =
        "write etcd://host:2379/prefix, the prefix being what the instances register below";
    let (members, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = decoded(prefix.trim_end_matches('/'))?;
    if prefix.is_empty() {
        return wrong("the prefix of the keys is missing", FORM);
    }
    let members: Result<Vec<Target>, Wrong> =
        members.split(',').map(|member| name(member, Some(ETCD_PORT), false)).collect();
    let members = members?;
    if members.len() > MAX_INSTANCES {
        return wrong(format!("there are more than {MAX_INSTANCES} etcd members"), FORM);
    }
    Ok(Scheme::Etcd { members, prefix })
}

fn consul(rest: &str) -> Result<Scheme, Wrong> {
    const FORM: &str = "write consul://host:8500/service, with ?tag=… and &dc=… where they matter";
    let (agent, rest) = rest.split_once('/').unwrap_or((rest, ""));
    let (service, query) = rest.split_once('?').unwrap_or((rest, ""));
    let service = decoded(service.trim_end_matches('/'))?;
    if service.is_empty() {
        return wrong("the name of the service is missing", FORM);
    }
    if service.contains('/') {
        return wrong(format!("`{service}` is not the name of a service"), FORM);
    }
    let (mut tag, mut datacenter) = (None, None);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decoded(value)?;
        match key {
            "tag" => tag = Some(value),
            "dc" => datacenter = Some(value),
            other => return wrong(format!("`{other}` is not known for Consul"), FORM),
        }
    }
    let agent = name(agent, Some(CONSUL_PORT), false)?;
    Ok(Scheme::Consul { agent, service, tag, datacenter })
}

#[cfg(test)]
mod tests;
