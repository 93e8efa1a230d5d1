//! `wirelab compare` as people run it.

use serde_json::Value;
use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

const FILES: &str = "crates/cli/tests/messages";

fn compare(flags: &str, input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_wirelab"))
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .env_remove("WIRELAB_LOG")
        .args(["compare", "--proto", "proto-samples", "--type", "user.v1.User", "--time", "10ms"])
        .args(flags.replace("{files}", FILES).split_whitespace())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that fails before it reads leaves the pipe closed.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// The table without its times and counts, which differ from run to run.
fn steady(text: &str) -> String {
    let mut kept = String::new();
    for line in text.lines() {
        let line = match line.split_once("  medians of ") {
            Some((head, _)) => format!("{head}  medians of …"),
            // The last two columns; the row of names has none to hide.
            None if line.ends_with('s') => line.chars().take(39).collect::<String>() + " …",
            None => line.to_owned(),
        };
        kept += line.trim_end();
        kept.push('\n');
    }
    kept
}

#[test]
fn tables() {
    let output = compare("{files}/ada.json {files}/bob.binpb -", b"{\"id\":3}");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    insta::assert_snapshot!(steady(&String::from_utf8(output.stdout).unwrap()));
}

#[test]
fn for_programs() {
    let output = compare("--json {files}/ada.json {files}/bob.binpb", b"");
    let reports: Value = serde_json::from_slice(&output.stdout).unwrap();
    let sizes: Vec<_> = reports
        .as_array()
        .unwrap()
        .iter()
        .map(|report| {
            let forms = report["forms"].as_array().unwrap();
            for form in forms {
                for figure in ["samples", "encodeNs", "decodeNs"] {
                    assert!(form[figure].as_f64().unwrap() > 0.0, "{form}");
                }
            }
            let bytes = |name: &str| {
                forms.iter().find(|form| form["form"] == name).unwrap()["bytes"].as_u64().unwrap()
            };
            (report["file"].as_str().unwrap(), forms.len(), bytes("JSON"), bytes("Protobuf"))
        })
        .collect();
    let (ada, bob) = (format!("{FILES}/ada.json"), format!("{FILES}/bob.binpb"));
    assert_eq!(sizes, [(&*ada, 8, 138, 76), (&*bob, 8, 21, 7)]);
}

#[test]
fn failures() {
    let cases: &[(&str, &[u8], &str)] = &[
        (
            "no/such/file",
            b"",
            "no/such/file: cannot be read: No such file or directory (os error 2)",
        ),
        ("-", b"{\"id\":\"x\"}", "standard input, record 1:1:7: id: "),
        (
            "-",
            b"{} {}",
            "standard input: the file holds several messages; give each a file of its own",
        ),
        ("- --from json", b" ", "standard input: the file holds no message"),
        ("-", b"\x08", "standard input, byte 0: "),
        ("- --from protobuf", b"{}", "standard input, byte "),
        ("{files}/ada.json --type user.v1.Usr", b"", ""),
    ];
    for (flags, input, told) in cases {
        let output = compare(flags, input);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{flags}: {error}");
        assert!(error.contains(told), "{flags}: {error}");
    }
}
