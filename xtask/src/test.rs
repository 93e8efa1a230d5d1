//! Everything that has to hold, in one run.

use crate::phases::{Phases, Tally};
use crate::{fuzz, parts, shell, system, ui, workspace};
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

/// Runs everything, or only `cargo test` with `only` as its arguments.
pub fn run(only: &[String]) -> Result<ExitCode> {
    let mut phases = Phases::default();
    let mut tally = Tally::default();
    let finished = all(&mut phases, &mut tally, only).is_some();

    println!("\n== where the time went\n{}", phases.table());
    if finished {
        println!("{tally}");
    }
    if finished && phases.succeeded() {
        return Ok(ExitCode::SUCCESS);
    }
    bail!("not everything holds; the phases marked FAILED above say what")
}

/// None where a phase failed without which the rest means nothing.
fn all(phases: &mut Phases, tally: &mut Tally, only: &[String]) -> Option<()> {
    phases.run("set-up: system packages", || system::ensure(&system::for_tests()))?;
    phases.run("set-up: Rust", system::ensure_rust)?;
    let parts = phases.run("set-up: parts from registries", parts::ensure)?;
    if only.is_empty() {
        phases.run("format", || {
            shell::run(
                shell::cargo().args(["fmt", "--all", "--check"]),
                "`cargo fmt --all --check`",
            )
        });
    }
    // The desktop shell embeds the screens, so they come before it is looked at.
    phases.run("the screens to wasm", || ui::build(false))?;
    if only.is_empty() {
        // One selection of packages everywhere: another would build shared dependencies again.
        phases.run("clippy, everything on this machine", || {
            clippy(&["--workspace", "--all-targets"])
        });
        phases.run("clippy, the screens on wasm", || {
            clippy(&["--package", "wirelab-ui", "--target", "wasm32-unknown-unknown"])
        });
    }
    phases.run("build binaries and tests", || {
        let mut build = cargo();
        build.args(["build", "--workspace", "--all-targets"]);
        shell::run(&mut build, "building")
    })?;
    phases.run("tests", || {
        let mut test = cargo();
        test.arg("test");
        if only.is_empty() {
            test.args(["--workspace", "--no-fail-fast"]);
        } else {
            test.args(only);
        }
        test.envs(environment(&parts)?);
        counted(&mut test, tally)
    });
    if only.is_empty()
        && let Some(targets) = phases.run("build fuzz targets", fuzz::build)
    {
        phases.run("fuzz", || fuzz::run(&targets));
    }
    Some(())
}

/// Takes pictures of the real app: those of the README from what people run, others from a development build.
pub fn shots(out: &Path, readme: bool, only: Option<&str>) -> Result<ExitCode> {
    system::ensure(&system::for_shots())?;
    system::ensure_rust()?;
    ui::build(readme)?;
    let profile = if readme { "release" } else { "debug" };
    let mut studio = cargo();
    studio.args(["build", "--package", "wirelab-cli"]);
    if readme {
        studio.arg("--release");
    }
    shell::run(&mut studio, "building the studio")?;
    let mut tests = cargo();
    tests.args(["build", "--package", "wirelab-tests", "--bins"]);
    shell::run(&mut tests, "building what takes the pictures")?;
    let mut shots = shell::command(workspace::binary("debug", "shots")?);
    shots.arg(std::path::absolute(workspace::root().join(out))?);
    shots.arg(if readme { "readme" } else { "all" }).args(only);
    shots.envs(environment(&Vec::new())?);
    shots.env("WIRELAB_BIN", workspace::binary(profile, "wirelab")?);
    shell::run(&mut shots, "taking pictures")?;
    Ok(ExitCode::SUCCESS)
}

fn cargo() -> Command {
    let mut cargo = shell::cargo();
    if std::env::var_os("CI").is_some() {
        // What is built once has no use for what makes the next build faster.
        cargo.env("CARGO_INCREMENTAL", "0");
    }
    cargo
}

fn clippy(selection: &[&str]) -> Result<()> {
    let mut clippy = cargo();
    clippy.arg("clippy").args(selection);
    clippy.args(["--", "--deny", "warnings", "--deny", "missing_docs"]);
    shell::run(&mut clippy, "clippy")
}

/// What tells the tests where the outside parts are; they fail, and say so, where it is absent.
fn environment(parts: &parts::Variables) -> Result<Vec<(&'static str, OsString)>> {
    let mut set: Vec<(&str, OsString)> = Vec::new();
    for (variable, binary) in
        [("WIRELAB_BIN", "wirelab"), ("WIRELAB_DESKTOP_BIN", "wirelab-desktop")]
    {
        set.push((variable, workspace::binary("debug", binary)?.into()));
    }
    for (variable, programs) in [
        ("WIRELAB_CHROMIUM", system::CHROMIUM),
        ("WIRELAB_CHROMEDRIVER", system::CHROMEDRIVER),
        ("WIRELAB_WEBKIT_DRIVER", system::WEBKIT_DRIVER),
        ("WIRELAB_XVFB", system::XVFB),
        ("WIRELAB_CURL", system::CURL),
    ] {
        if let Some(program) = shell::find_any(programs) {
            set.push((variable, program.into()));
        }
    }
    set.extend(parts.iter().map(|(variable, path)| (*variable, path.into())));
    set.push(("WIRELAB_E2E_OUT", workspace::target_dir()?.join("e2e").into()));
    Ok(set)
}

/// Runs tests, passing on what they print and counting their summaries.
fn counted(test: &mut Command, tally: &mut Tally) -> Result<()> {
    let mut child = test.stdout(Stdio::piped()).spawn().context("starting cargo test")?;
    if let Some(output) = child.stdout.take() {
        let mut lines = BufReader::new(output);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line)? > 0 {
            std::io::stdout().write_all(&line)?;
            tally.line(String::from_utf8_lossy(&line).trim_end());
            line.clear();
        }
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("tests failed ({status})");
    }
    Ok(())
}
