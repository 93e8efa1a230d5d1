//! `wirelab bridge` as those who run it meet it: its addresses and certificates, who is let in, what it tells of itself,
//! how it follows its schema and how it ends.

mod admission;
mod drain;
mod hosts;
mod issuers;
mod live;
mod own;
mod refused;
mod secure;
mod telling;

use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use wirelab_tests::process::eventually;

/// A request of REST that the sample server answers with 200.
const STOCK: &str = "/v1/stock/KB-204-EU";

/// A folder with files for one test.
struct Folder(TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).expect("a file");
        self.text(name)
    }
}

/// Sends a signal, such as `TERM`.
fn signal(process: u32, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status();
    assert!(sent.expect("kill runs").success());
}

/// Replaces a file in one step, as mounted secrets are.
fn replace(path: &Path, by: &Path) {
    let next = path.with_extension("next");
    std::fs::copy(by, &next).expect("a copy");
    std::fs::rename(&next, path).expect("a rename");
}

/// What a metric says; the line begins with `start`.
fn metric(address: &str, start: &str) -> Option<f64> {
    let text = wirelab_tests::http::ask(address, "GET", "/metrics", &[], b"").text();
    let line = text.lines().find(|line| line.starts_with(start))?.to_owned();
    line.rsplit(' ').next()?.parse().ok()
}

/// Waits until a metric says this.
fn metric_becomes(address: &str, start: &str, value: f64) {
    eventually(&format!("{start} {value}"), || {
        (metric(address, start) == Some(value)).then_some(())
    });
}
