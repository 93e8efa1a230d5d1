//! Connect's own server for Node.

use super::{descriptors, local};
use crate::outside;
use crate::process::Running;
use std::process::Command;

/// `tests/servers/connect_server.mjs`: Connect, gRPC-Web and gRPC on two ports.
pub struct Connect {
    process: Running,
    /// HTTP/1.1; no gRPC here. With `--tls` in TLS.
    pub http1: String,
    /// HTTP/2 without TLS, or with `--tls` what ALPN agrees on.
    pub http2: String,
}

impl Connect {
    /// Starts it with the arguments that its script takes after the first two.
    pub fn start(arguments: &[&str]) -> Connect {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(outside::node());
        command.arg(outside::checkout("tests/servers/connect_server.mjs"));
        command.arg(outside::connect()).arg(descriptors(folder.path())).args(arguments);
        let process = Running::start(&mut command);
        let (http1, http2) = process.wait_for(|line| {
            let (http1, http2) = line.strip_prefix("listening ")?.split_once(' ')?;
            Some((http1.parse().ok()?, http2.parse().ok()?))
        });
        Connect { process, http1: local(http1), http2: local(http2) }
    }

    /// What it said so far.
    pub fn said(&self) -> String {
        self.process.said()
    }
}
