//! The web edition, started as people start it.

use crate::outside;
use crate::process::Running;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A studio with a data folder of its own.
pub struct Studio {
    process: Running,
    data: TempDir,
    /// The address with its launch token.
    pub address: String,
}

impl Studio {
    /// Starts `wirelab serve` with more arguments and waits until it says its address.
    pub fn serve(arguments: &[&str]) -> Studio {
        let data = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(outside::wirelab());
        command.args(["serve", "--port", "0", "--data-dir"]).arg(data.path()).args(arguments);
        command.current_dir(outside::checkout("."));
        let process = Running::start(&mut command);
        let address = process.wait_for(|line| {
            let begin = line.find("http://127.0.0.1:")?;
            let word = line[begin..].split_whitespace().next()?;
            word.contains("token=").then(|| word.to_owned())
        });
        Studio { process, data, address }
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// What it said so far.
    pub fn said(&self) -> String {
        self.process.said()
    }

    /// Ends it now, as a crash would.
    pub fn kill(&mut self) {
        self.process.kill();
    }
}
