//! One server: what it is called in messages and headers, and what TLS verifies.

use std::fmt;

/// A server that can be dialled.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    host: String,
    port: u16,
    tls: bool,
    /// The path of its Unix socket, where it has one.
    path: Option<String>,
}

impl Target {
    /// A server at a port. `host` is a name or an IP address without brackets.
    pub(crate) fn new(host: impl Into<String>, port: u16, tls: bool) -> Target {
        Target { host: host.into(), port, tls, path: None }
    }

    /// A server at a Unix socket; its host is `localhost`, as gRPC's own libraries have it.
    pub(crate) fn unix(path: impl Into<String>, tls: bool) -> Target {
        Target { path: Some(path.into()), ..Target::new("localhost", 0, tls) }
    }

    /// The host name or IP address, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The TCP port; 0 for a Unix socket.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether TLS is wanted.
    pub fn tls(&self) -> bool {
        self.tls
    }

    /// The path of its Unix socket.
    pub(crate) fn socket_path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// What `:authority` says: `host:port`, or `localhost` for a Unix socket.
    pub fn authority(&self) -> String {
        match &self.path {
            Some(_) => self.host.clone(),
            None => self.to_string(),
        }
    }
}

/// `host:port`, or `unix:` and the path.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(f, "unix:{path}")
        } else if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}
