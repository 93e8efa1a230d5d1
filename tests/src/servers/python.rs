//! Python's grpcio.

use super::{descriptors, local};
use crate::command::{Ran, wirelab};
use crate::outside;
use crate::process::Running;
use std::process::Command;

/// `tests/servers/python_server.py`.
pub struct Python {
    process: Running,
    /// Where it is called.
    pub address: String,
}

impl Python {
    /// Starts it with the arguments that its script takes.
    pub fn start(arguments: &[&str]) -> Python {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(outside::python());
        command.arg(outside::checkout("tests/servers/python_server.py"));
        command.arg(descriptors(folder.path())).args(arguments);
        let process = Running::start(&mut command);
        let port: u16 = process.wait_for(|line| line.strip_prefix("listening ")?.parse().ok());
        Python { process, address: local(port) }
    }

    /// Calls a method of `parts.v1.Parts` by the command line.
    pub fn call(&self, method: &str, more: &[&str]) -> Ran {
        let method = format!("parts.v1.Parts/{method}");
        let mut arguments = vec!["call", &self.address, &method];
        arguments.extend(more);
        wirelab(&arguments)
    }

    /// What it said so far.
    pub fn said(&self) -> String {
        self.process.said()
    }
}
