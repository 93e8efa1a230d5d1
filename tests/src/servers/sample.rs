//! The sample server, started as people start it.

use crate::outside;
use crate::process::Running;
use std::process::Command;

/// A running `wirelab demo`.
pub struct Sample {
    process: Running,
    /// Where it listens.
    pub address: String,
}

impl Sample {
    /// Starts it on a port that is free.
    pub fn start() -> Sample {
        Sample::start_at("127.0.0.1:0")
    }

    /// Starts it where it is looked for.
    pub fn start_at(address: &str) -> Sample {
        let mut command = Command::new(outside::wirelab());
        command.args(["demo", "--listen", address]);
        let process = Running::start(&mut command);
        let begin = "The sample server listens on ";
        let address = process.wait_for(|line| line.strip_prefix(begin).map(str::to_owned));
        Sample { process, address }
    }

    /// Ends it now, as a crash would.
    pub fn kill(&mut self) {
        self.process.kill();
    }
}
