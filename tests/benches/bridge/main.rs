//! How fast the bridge is beside Envoy's transcoder.
//!
//! ```text
//! cargo xtask bench bridge [-- [--fast] [small | large | stream]...]
//! ```
//!
//! Both run as programs of their own with one worker thread each, in front of one server (HTTP/2, in this process, on a
//! thread of its own), with the same descriptors, and are sent the same requests over HTTP/1.1 connections that are
//! kept, in turns, in one run. The contenders have the first of the machine's processors to themselves, load and server
//! the others: otherwise the faster one is measured while it waits for a processor that the load keeps busy. A ratio is the median of those of the single pairs of turns, so that whatever else the
//! machine does meets both. Printed are, for each shape and number of connections,
//!
//! - `requests`: our requests per second over Envoy's;
//! - `p99`: our 99th percentile of the time from writing a request to having read its answer, over Envoy's (lower is
//!   better);
//! - `cpu`: Envoy's CPU time per request over ours: what the first would be if the machine had cores for all;
//! - and at the end `memory`: our resident memory at most over Envoy's (lower is better).
//!
//! `small` are bodies of some 100 bytes both ways, `large` of 100 KB, `stream` is one request that 10,000 messages answer.

#[path = "../../../crates/call/benches/speed/asked.rs"]
mod asked;
mod load;
mod processors;
mod report;
mod upstream;

use asked::Asked;
use load::{Request, Turn};
use processors::Share;
use report::Pair;
use std::process::ExitCode;
use std::time::Duration;
use wirelab_tests::servers::{Bridge, Envoy, rest_descriptors};

/// A contender's turn, and how many turns each has.
const TURN: Duration = Duration::from_millis(700);
const TURNS: usize = 9;
const NAMES: [&str; 3] = ["small", "large", "stream"];

fn main() -> ExitCode {
    let Asked { timed, fast, names: wanted } = match Asked::read(&NAMES) {
        Ok(asked) => asked,
        Err(wrong) => {
            eprintln!("{wrong}");
            return ExitCode::from(2);
        }
    };
    if std::env::var_os("WIRELAB_ENVOY").is_none() {
        println!("nothing is measured without Envoy: run `cargo xtask bench bridge`");
        return ExitCode::SUCCESS;
    }
    run(timed, fast, &wanted);
    ExitCode::SUCCESS
}

fn run(timed: bool, fast: bool, wanted: &[String]) {
    let folder = tempfile::tempdir().expect("a folder");
    let descriptors = rest_descriptors(folder.path());
    // Threads and programs stay where the thread that starts them is.
    processors::keep_to(Share::Load);
    let upstream = upstream::serve();
    processors::keep_to(Share::Contender);
    let envoy = Envoy::transcoding(&upstream, &descriptors, &["everything.v1.Everything"]);
    let descriptors = descriptors.display().to_string();
    let ours = Bridge::before(
        &upstream,
        &["--protoset", &descriptors, "--profile", "envoy", "--threads", "1"],
    );
    processors::keep_to(Share::Load);
    let pair = Pair {
        ours: (ours.address.as_str(), ours.id()),
        theirs: (envoy.address.as_str(), envoy.id()),
    };
    for name in wanted {
        let request = match name.as_str() {
            "small" => Request::small(),
            "large" => Request::large(),
            _ => Request::stream(),
        };
        // Both answer, and the same.
        let [mine, theirs] =
            [pair.ours.0, pair.theirs.0].map(|address| load::answer(address, &request));
        assert!(mine == theirs, "{name}: the answers differ");
        if !timed {
            continue;
        }
        let connections: &[usize] = if name == "stream" { &[1, 16] } else { &[1, 16, 256] };
        for connections in connections {
            let turns = if fast { 3 } else { TURNS };
            let take = |address: &str| Turn::take(address, &request, *connections, TURN);
            report::ratios(name, *connections, &pair, turns, take);
        }
    }
    if timed {
        report::memory(&pair);
    }
}
