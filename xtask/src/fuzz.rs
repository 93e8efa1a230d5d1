//! Fuzzing for a while: the targets of the crates that have some, in their folder `fuzz`, as
//! `cargo fuzz run --sanitizer none` builds them, but by the Rust that is there and without cargo-fuzz.
//!
//! Begins each time with the same inputs, made from the samples, and the same seed, so that a run finds what the last
//! one found. What is new is for `cargo fuzz run`, which keeps its corpus.

use crate::{shell, workspace};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// The crates that have targets.
const CRATES: &[Crate] = &[
    Crate {
        folder: "crates/transcode/fuzz",
        seeds: "seeds",
        targets: &[("json_to_wire", 250_000), ("wire_to_json", 60_000)],
    },
    Crate {
        folder: "crates/bridge/fuzz",
        seeds: "bridge_seeds",
        targets: &[
            ("template", 100_000),
            ("query", 60_000),
            ("socket", 200_000),
            ("grpc", 10_000),
            ("grpc_web", 10_000),
            ("connect", 20_000),
            ("rest", 8_000),
        ],
    },
];

/// A crate with targets.
struct Crate {
    folder: &'static str,
    /// The program that writes what to begin with; of all crates, no two programs have one name.
    seeds: &'static str,
    /// The targets and how many inputs each is run with: 10 to 20 seconds, most of it on two cores.
    targets: &'static [(&'static str, u32)],
}

/// Seconds after which a run ends with fewer inputs, on machines that are slow or busy.
const AT_MOST: u32 = 30;

/// What makes a program tell libFuzzer where it has been: cargo-fuzz's own flags.
const INSTRUMENTS: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
    "--cfg",
    "fuzzing",
];

/// Where the built targets are.
pub struct Targets(PathBuf);

/// Builds the targets.
pub fn build() -> Result<Targets> {
    let mut rustc = shell::command(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    let version = shell::output(rustc.arg("-vV"), "asking for the version of Rust")?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("rustc names no host")?;
    let folder = workspace::target_dir()?.join("fuzz");
    for part in CRATES {
        let mut build = shell::cargo();
        // With a target of its own, so that build scripts and macros go without instruments.
        build.args(["build", "--release", "--target", host, "--manifest-path"]);
        build.arg(workspace::root().join(part.folder).join("Cargo.toml"));
        build.arg("--target-dir").arg(&folder);
        build.env("RUSTFLAGS", INSTRUMENTS.join(" ")).env_remove("CARGO_ENCODED_RUSTFLAGS");
        build.env("CARGO_INCREMENTAL", "0");
        shell::run(&mut build, &format!("building the fuzz targets of {}", part.folder))?;
    }
    Ok(Targets(folder.join(host).join("release")))
}

/// Runs each target; one that fails is an error with the input that it failed on.
pub fn run(targets: &Targets) -> Result<()> {
    let folder = workspace::target_dir()?.join("fuzz/runs");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("clearing {}", folder.display()))?;
    }
    let program = |name: &str| targets.0.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    for part in CRATES {
        let mut seeds = shell::command(program(part.seeds));
        shell::run(seeds.arg(&folder), "making inputs from the samples")?;
    }
    for (target, runs) in CRATES.iter().flat_map(|part| part.targets) {
        let mut fuzz = shell::command(program(target));
        fuzz.args(["-seed=1", "-max_len=4096", "-timeout=10", "-rss_limit_mb=2048"]);
        fuzz.arg("-print_final_stats=1").arg(format!("-runs={runs}"));
        fuzz.arg(format!("-max_total_time={AT_MOST}"));
        fuzz.arg(format!("-artifact_prefix={}/{target}-", folder.display()));
        fuzz.arg(folder.join(target));
        println!("fuzz: {target}: {} inputs without a failure", inputs(&mut fuzz, target)?);
    }
    Ok(())
}

/// How many inputs a target took, all of them well.
fn inputs(fuzz: &mut Command, target: &str) -> Result<String> {
    let output = fuzz.output().with_context(|| format!("starting the fuzz target {target}"))?;
    let words = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        // The panic comes first and the input in base64 last.
        let panicked = words.lines().skip_while(|line| !line.contains("panicked at"));
        let panicked: Vec<&str> = panicked.take(12).collect();
        let last: Vec<&str> = words.lines().rev().take(8).collect();
        for line in panicked.into_iter().chain(last.into_iter().rev()) {
            println!("{line}");
        }
        bail!("the fuzz target {target} failed ({}); its words are above", output.status);
    }
    let count = words.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    Ok(count.context("libFuzzer does not tell how many inputs it took")?.trim().to_owned())
}
