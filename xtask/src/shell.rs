//! Running other programs: found on the path, started in the workspace, their failures in one line.

use crate::workspace;
use anyhow::{Result, bail};
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Where `program` is on the path.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(format!("{program}{}", std::env::consts::EXE_SUFFIX)))
        .find(|file| file.is_file())
}

/// Whichever of `programs` is on the path first.
pub fn find_any(programs: &[&str]) -> Option<PathBuf> {
    programs.iter().find_map(|program| find(program))
}

/// A command that runs in the workspace root and never waits for somebody to type.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(workspace::root()).stdin(Stdio::null());
    command
}

/// Cargo, of the toolchain that runs this program.
pub fn cargo() -> Command {
    let mut cargo = command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // What `cargo run` sets for this program is not meant for the ones it starts.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        }) {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// Runs a command to its end; one that fails is an error that says `what` could not be done.
pub fn run(command: &mut Command, what: &str) -> Result<()> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => bail!("{what} failed ({status}); its own words are above"),
        Err(error) => bail!(not_started(command, what, &error)),
    }
}

/// What a command printed; one that fails is an error with its last words.
pub fn output(command: &mut Command, what: &str) -> Result<String> {
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => bail!(not_started(command, what, &error)),
    };
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let last =
            text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
        bail!("{what} failed ({}): {last}", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a command runs and succeeds; what it prints is dropped.
pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn not_started(command: &Command, what: &str, error: &std::io::Error) -> String {
    let program = command.get_program().to_string_lossy();
    match error.kind() {
        ErrorKind::NotFound => format!("{what} needs `{program}`, which is not installed"),
        _ => format!("{what}: `{program}` could not be started: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_name_the_program_and_its_last_words() {
        let missing = output(&mut command("wirelab-no-such-program"), "drawing").unwrap_err();
        assert_eq!(
            missing.to_string(),
            "drawing needs `wirelab-no-such-program`, which is not installed"
        );
        let failing =
            output(cargo().arg("no-such-subcommand"), "building").unwrap_err().to_string();
        assert!(failing.starts_with("building failed"), "{failing}");
    }

    #[test]
    fn programs_are_found_on_the_path() {
        assert!(find_any(&["wirelab-no-such-program", "rustc"]).is_some());
        assert!(find("wirelab-no-such-program").is_none());
    }
}
