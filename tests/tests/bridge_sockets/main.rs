//! Thousands of WebSockets at once, each program in a process of its own, so that what is measured is the bridge alone.
//!
//! Alone in their binary: nothing else runs beside them.

#![cfg(target_os = "linux")]

mod drain;
mod files;
mod limits;
mod load;
mod memory;

use futures_util::StreamExt;
use futures_util::stream;
use std::future::Future;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use wirelab_tests::servers::{Bridge, Sample};

/// Sockets that a load has where the system allows so many; as many files are open here and in the bridge.
const SOCKETS: usize = 10_000;
/// With fewer a load says nothing.
const MIN_SOCKETS: usize = 1_000;
/// Files that are none of these.
const OTHER_FILES: usize = 300;

/// How many sockets can be opened here, and by the bridge, which raises its limit by itself.
fn sockets() -> usize {
    static ALLOWED: OnceLock<usize> = OnceLock::new();
    *ALLOWED.get_or_init(|| {
        let wanted = (SOCKETS + OTHER_FILES) as u64;
        let files = rlimit::increase_nofile_limit(wanted).expect("a limit of open files");
        let sockets = (files as usize).saturating_sub(OTHER_FILES).min(SOCKETS);
        assert!(
            sockets >= MIN_SOCKETS,
            "{files} open files are too few: raise the hard limit (ulimit -Hn)"
        );
        if sockets < SOCKETS {
            println!("{files} open files allow {sockets} sockets, not {SOCKETS}");
        }
        sockets
    })
}

/// How many are opened at the same time.
const AT_ONCE: usize = 64;

/// Opens so many, some at once.
async fn many<T, F: Future<Output = T>>(count: usize, one: impl Fn() -> F) -> Vec<T> {
    stream::iter(0..count).map(|_| one()).buffer_unordered(AT_ONCE).collect().await
}

/// How long what must come may take: only a machine that stands still lets it pass.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long a metric is left alone between two looks: the bridge has more to do.
const BETWEEN: Duration = Duration::from_millis(50);

/// What a metric says, added up over the lines that begin with `start`; `None` when there is none.
fn metric(address: &str, start: &str) -> Option<f64> {
    let text = wirelab_tests::http::ask(address, "GET", "/metrics", &[], b"").text();
    let lines = text.lines().filter(|line| line.starts_with(start));
    let values: Vec<f64> = lines.filter_map(|line| line.rsplit(' ').next()?.parse().ok()).collect();
    (!values.is_empty()).then(|| values.iter().sum())
}

/// Waits until a metric says this.
fn metric_becomes(address: &str, start: &str, value: f64) {
    let mut last = None;
    let until = Instant::now() + PATIENCE;
    while last != Some(value) {
        assert!(Instant::now() < until, "{start} is {last:?} and does not become {value}");
        last = Some(metric(address, start).unwrap_or_default());
        std::thread::sleep(BETWEEN);
    }
}

/// A bridge that tells its figures apart, and where.
fn bridge_with_admin(sample: &Sample, flags: &[&str]) -> (Bridge, String) {
    let bridge = Bridge::before(&sample.address, &[flags, &["--admin", "127.0.0.1:0"]].concat());
    let said = bridge.said();
    let said = said.lines().find_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let admin = said.and_then(|said| Some(said["admin"].as_str()?.split_once("://")?.1.to_owned()));
    (bridge, admin.expect("an address for its figures"))
}
