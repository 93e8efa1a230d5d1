//! Measuring beside programs that the set-up brings: a ratio needs its peer in the same run.

use crate::{parts, shell, workspace};
use anyhow::Result;
use clap::ValueEnum;
use std::process::ExitCode;

/// What can be measured so. What needs no outside program is measured by `cargo bench`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Bench {
    /// The bridge beside Envoy's transcoder
    Bridge,
}

/// Builds what people run, and measures it. `arguments` go to the bench.
pub fn run(bench: Bench, arguments: &[String]) -> Result<ExitCode> {
    let Bench::Bridge = bench;
    let parts = parts::ensure()?;
    let mut build = shell::cargo();
    build.args(["build", "--release", "--package", "wirelab-cli"]);
    shell::run(&mut build, "building wirelab")?;
    let mut bench = shell::cargo();
    bench.args(["bench", "--package", "wirelab-tests", "--bench", "bridge", "--"]).args(arguments);
    bench.env("WIRELAB_BIN", workspace::binary("release", "wirelab")?);
    bench.envs(parts);
    shell::run(&mut bench, "measuring")?;
    Ok(ExitCode::SUCCESS)
}
