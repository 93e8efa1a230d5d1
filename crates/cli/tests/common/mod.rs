//! Runs the real binary against the sample server.
#![allow(dead_code)]

use std::{
    fmt::Write as _,
    io::Write,
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Command, Stdio},
};
use tokio_util::sync::CancellationToken;

/// The sample server on a thread of its own.
pub struct Sample {
    pub address: SocketAddr,
    shutdown: CancellationToken,
}

impl Sample {
    pub fn start() -> Sample {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let until = shutdown.clone();
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                wirelab_demo::serve(listener, until).await.unwrap();
            });
        });
        Sample { address, shutdown }
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

pub fn wirelab(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirelab"));
    command
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .env("WIRELAB_DATA_DIR", folder)
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .env("WIRELAB_TEST_STATUS", "not_found")
        .env_remove("WIRELAB_LOG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs each command line and gives what it printed; `{sample}` is the address of the sample server, `{dead}`
/// one where nobody listens, and words are split at spaces outside of single quotes.
pub fn run(cases: &[(&str, &str)]) -> String {
    let sample = Sample::start();
    let folder = tempfile::tempdir().unwrap();
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let live = sample.address.to_string();
    let mut text = String::new();
    for (line, input) in cases {
        let words = words(&line.replace("{sample}", &live).replace("{dead}", &dead));
        let mut child = wirelab(folder.path()).args(words).spawn().unwrap();
        // A program that fails before it reads leaves the pipe closed.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        writeln!(text, "$ wirelab {line}").unwrap();
        text += &String::from_utf8_lossy(&output.stdout);
        for line in String::from_utf8_lossy(&output.stderr).lines() {
            writeln!(text, "! {line}").unwrap();
        }
        writeln!(text, "= {}\n", output.status.code().unwrap()).unwrap();
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let text = text
        .replace(&live, "{sample}")
        .replace(&dead, "{dead}")
        .replace(root.to_str().unwrap(), "{root}");
    steady(&text)
}

pub fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            letter => words.last_mut().unwrap().push(letter),
        }
    }
    words
}

/// Blots out what differs from run to run: times, dates and the bytes of a connection.
fn steady(text: &str) -> String {
    const MARKS: [(&str, &str); 6] = [
        (" by nobody after ", " ms"),
        (" by {sample} after ", " ms"),
        ("< date: ", "\n"),
        ("< trailer date: ", "\n"),
        ("\"date\",\"", "\""),
        ("\"totalNs\":", "}"),
    ];
    let mut text = text.to_owned();
    for (before, after) in MARKS {
        let mut done = 0;
        while let Some(start) = text[done..].find(before).map(|at| done + at + before.len()) {
            let length = text[start..].find(after).unwrap();
            text.replace_range(start..start + length, "…");
            done = start;
        }
    }
    // `-vv`: the number before each of these units.
    let units = [" ms", " B on the connection"];
    let steady = |line: &str| {
        let mut line = line.to_owned();
        for unit in units {
            let mut parts: Vec<String> = line.split(unit).map(str::to_owned).collect();
            let last = parts.pop().unwrap();
            for part in &mut parts {
                let number = |letter: char| letter.is_ascii_digit() || letter == '.';
                *part = format!("{}…", part.trim_end_matches(number));
            }
            parts.push(last);
            line = parts.join(unit);
        }
        line
    };
    let lines = text.lines().map(|line| match line.starts_with("! * ") {
        true => steady(line),
        false => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}
