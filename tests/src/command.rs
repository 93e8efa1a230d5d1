//! The command line, run to its end.

use crate::outside;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A command that takes longer hangs.
const AT_MOST: Duration = Duration::from_secs(120);

/// What a command did.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code.
    pub code: i32,
    /// What it printed.
    pub out: String,
    /// What it complained about.
    pub err: String,
}

/// Runs `wirelab` in the checkout with a data folder of its own.
pub fn wirelab(arguments: &[&str]) -> Ran {
    let data = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(outside::wirelab());
    command.args(arguments).current_dir(outside::checkout("."));
    command.env("WIRELAB_DATA_DIR", data.path()).env("NO_COLOR", "1").env("COLUMNS", "120");
    run(&mut command)
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Ran {
    let name = format!("{command:?}");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{name} could not be started: {error}"));
    let out = child.stdout.take().map(read);
    let err = child.stderr.take().map(read);
    let until = Instant::now() + AT_MOST;
    let status = loop {
        match child.try_wait().expect("a child of this process") {
            Some(status) => break status,
            None if Instant::now() > until => {
                let _ = child.kill();
                panic!("{name} hangs");
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let text = |reader: Option<std::thread::JoinHandle<String>>| {
        reader.map(|reader| reader.join().expect("it reads")).unwrap_or_default()
    };
    Ran { code: status.code().unwrap_or(-1), out: text(out), err: text(err) }
}

fn read(mut stream: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error is shown.
        let _ = stream.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
