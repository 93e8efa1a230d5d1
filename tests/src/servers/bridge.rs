//! The bridge, started as people start it.

use crate::outside;
use crate::process::Running;
use std::process::Command;

/// A running `wirelab bridge`.
pub struct Bridge {
    process: Running,
    /// Where it takes requests of every face.
    pub address: String,
}

impl Bridge {
    /// Starts it in front of a server, on a port that is free, with more arguments.
    pub fn before(upstream: &str, arguments: &[&str]) -> Bridge {
        Bridge::among(&[], upstream, arguments)
    }

    /// The same with variables of its environment.
    pub fn among(variables: &[(&str, &str)], upstream: &str, arguments: &[&str]) -> Bridge {
        let mut command = Command::new(outside::wirelab());
        command.args(["bridge", "--json", "--listen", "127.0.0.1:0", "--upstream", upstream]);
        command.envs(variables.iter().copied());
        command.args(arguments).current_dir(outside::checkout("."));
        let process = Running::start(&mut command);
        let address = process.wait_for(|line| {
            let said: serde_json::Value = serde_json::from_str(line).ok()?;
            let url = said["url"].as_str()?;
            Some(url.split_once("://")?.1.trim_end_matches('/').to_owned())
        });
        Bridge { process, address }
    }

    /// What it said so far.
    pub fn said(&self) -> String {
        self.process.said()
    }

    /// Waits for its end, and gives its exit code.
    pub fn wait(&mut self) -> i32 {
        self.process.wait()
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }
}
