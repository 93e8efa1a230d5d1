//! Opens the studio beside the sample server, building only what changed.

use crate::{StudioArgs, shell, system, ui, workspace};
use anyhow::{Context, Result, bail};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Command, ExitCode};

/// What people see first.
const SAMPLES: &str = "proto-samples";

/// Builds and starts it; returns when it ends.
pub fn run(args: &StudioArgs) -> Result<ExitCode> {
    // What would stop it after a long build is said before.
    if let Some(folder) = &args.data_dir {
        check_writable(folder)?;
    }
    if args.desktop {
        check_display()?;
    } else {
        check_port(args.port)?;
    }
    system::ensure(&system::for_studio(args.desktop))?;
    system::ensure_rust()?;
    ui::build(true)?;

    let mut build = shell::cargo();
    build.args(["build", "--release", "--package"]);
    let name = if args.desktop {
        build.args(["wirelab-desktop", "--features", "custom-protocol"]);
        "wirelab-desktop"
    } else {
        build.arg("wirelab-cli");
        "wirelab"
    };
    shell::run(&mut build, "building the studio")?;

    let mut studio = Command::new(workspace::binary("release", name)?);
    if !args.desktop {
        studio.arg("serve").arg(format!("--port={}", args.port));
        if args.no_open {
            studio.arg("--no-open");
        }
    }
    studio.arg("--demo");
    if let Some(folder) = &args.data_dir {
        studio.arg("--data-dir").arg(std::path::absolute(folder)?);
    }
    studio.arg(workspace::root().join(SAMPLES));
    become_it(studio)
}

/// Lets the studio take this process's place, so that signals and the exit code are its own.
#[cfg(unix)]
fn become_it(mut studio: Command) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    Err(studio.exec()).context("starting the studio")
}

#[cfg(not(unix))]
fn become_it(mut studio: Command) -> Result<ExitCode> {
    let status = studio.status().context("starting the studio")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn check_port(port: u16) -> Result<()> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AddrInUse => bail!(
            "port {port} on 127.0.0.1 is taken; stop what uses it or choose another with --port"
        ),
        Err(error) => bail!("port {port} on 127.0.0.1: {error}; choose another with --port"),
    }
}

fn check_writable(folder: &Path) -> Result<()> {
    let probe = folder.join(format!(".wirelab-{}", std::process::id()));
    let tried = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&probe, ""));
    if let Err(error) = tried {
        bail!(
            "the data folder {} cannot be written: {error}; choose another with --data-dir",
            folder.display()
        );
    }
    std::fs::remove_file(&probe).context("removing the probe")
}

fn check_display() -> Result<()> {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if cfg!(target_os = "linux") && !set("DISPLAY") && !set("WAYLAND_DISPLAY") {
        bail!("no display to open a window on; leave --desktop out to use the studio in a browser");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_one_line_that_says_what_to_do() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let message = check_port(port).unwrap_err().to_string();
        assert!(message.contains("is taken") && message.contains("--port"), "{message}");
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_one_line_that_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        check_writable(&folder.path().join("new")).unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let message = check_writable(&file.join("below")).unwrap_err().to_string();
        assert!(
            message.contains("cannot be written") && message.contains("--data-dir"),
            "{message}"
        );
    }
}
