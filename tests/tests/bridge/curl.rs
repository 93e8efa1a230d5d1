//! curl: command lines as people write them, over HTTP/1.0, 1.1 and 2, and what it prints.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use wirelab_tests::outside;
use wirelab_tests::servers::{Bridge, Sample, rest_descriptors};

/// What stands for `LONG`: long enough to be compressed.
const LONG: usize = 2_000;

/// A line of the table: curl's arguments, and after ` < ` what it reads. `@/` begins an address of the bridge.
fn curl(line: &str, address: &str, socket: &str) -> String {
    let (arguments, input) = line.split_once(" < ").unwrap_or((line, ""));
    let long = "x".repeat(LONG);
    let arguments = arguments.split(" | ").map(|word| match word {
        "SOCKET" => socket.to_owned(),
        _ if word.starts_with("@/") => {
            format!("http://{address}{}", word[1..].replace("LONG", &long))
        }
        _ => word.to_owned(),
    });
    let mut curl = Command::new(outside::curl());
    // Without the configuration that a person may have; `-i` prints the head, and the trailers where they come.
    curl.args(["-q", "-sS", "-i", "--noproxy", "*", "--max-time", "60"]).args(arguments);
    let mut child = curl
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("curl starts");
    let input = input.replace("\\n", "\n");
    // One that does not read does not mind.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{line}\n{output:?}");
    let text = String::from_utf8(output.stdout).expect("UTF-8").replace('\r', "");
    let text = text.replace(address, "ADDRESS").replace(&long, "LONG");
    // Whether a curl waits for it before it sends a body is its own affair.
    let text = text.replace("HTTP/1.1 100 Continue\n\n", "");
    let mut shown = String::new();
    for line in text.lines().filter(|line| !line.starts_with("date: ")) {
        // Which one depends on what that curl can undo.
        let coded = line.starts_with("content-encoding: ");
        let line = if coded { "content-encoding: one that curl takes" } else { line };
        let _ = writeln!(shown, "{line}");
    }
    shown
}

#[test]
fn curl_is_answered() {
    let folder = tempfile::tempdir().expect("a folder");
    let descriptors = rest_descriptors(folder.path()).display().to_string();
    let socket = folder.path().join("bridge").display().to_string();
    let listen = format!("unix://{socket}");
    let sample = Sample::start();
    let bridge =
        Bridge::before(&sample.address, &["--listen", &listen, "--protoset", &descriptors]);
    let mut all = String::new();
    for line in include_str!("curl.txt").lines() {
        if line.starts_with('#') || line.is_empty() {
            let _ = writeln!(all, "{line}");
        } else {
            let _ = writeln!(all, ">>> {line}\n{}", curl(line, &bridge.address, &socket));
        }
    }
    insta::assert_snapshot!(all);
}
