//! `wirelab transcode` as people run it: every format into every other, what it says of broken streams, and memory that
//! does not grow with the stream.

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Read, Write},
    process::{Child, Command, Stdio},
};

const HELLO: &str = "helloworld.HelloRequest";

fn transcode(message: &str, flags: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirelab"));
    command
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .env_remove("WIRELAB_LOG")
        .args(["transcode", "--proto", "proto-samples", "--type", message])
        .args(flags.split_whitespace())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// What the command writes for this input: standard output, standard error, exit code.
fn run(message: &str, flags: &str, input: &[u8]) -> (Vec<u8>, String, i32) {
    let mut child = transcode(message, flags).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // A program that fails before it has read everything leaves the pipe closed.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    (output.stdout, told, output.status.code().unwrap())
}

/// Bytes in one line each, as far as they are text.
fn shown(bytes: &[u8]) -> String {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    lines
        .map(|line| format!("{}\n", line.escape_ascii().to_string().replace("\\\"", "\"")))
        .collect()
}

/// Runs each case and writes down what came of it.
fn check(name: &str, cases: &[(&str, &str, &[u8])]) {
    let mut text = String::new();
    for (message, flags, input) in cases {
        let (written, told, code) = run(message, flags, input);
        writeln!(text, "$ {message} {flags}").unwrap();
        for (mark, bytes) in [("< ", &input[..]), ("> ", &written)] {
            shown(bytes).lines().for_each(|line| text += &format!("{mark}{line}\n"));
        }
        told.lines().for_each(|line| text += &format!("! {line}\n"));
        writeln!(text, "= {code}\n").unwrap();
    }
    insta::assert_snapshot!(name, text);
}

#[test]
fn formats() {
    let texts: &[u8] = b"{\"name\": \"Ada\"}\n\n{\"name\":\n  \"Bob\"}{}";
    let lines = b"{\"name\": \"Ada\"}\r\n \n{}\n{\"name\": \"Bob\"}";
    let delimited = b"\x05\n\x03Ada\x00\x05\n\x03Bob";
    let framed = b"\0\0\0\0\x05\n\x03Ada\0\0\0\0\0\0\0\0\0\x05\n\x03Bob";
    check(
        "formats",
        &[
            // The direction follows from how the input begins.
            (HELLO, "", b"{\"name\": \"Ada\"}"),
            (HELLO, "", b" \n{ \"name\": \"Ada\"}"),
            (HELLO, "", b"{}"),
            (HELLO, "", b"\n\x03Ada"),
            (HELLO, "", b"\n\x7bx: 1}, and so on for a hundred and twenty-three characters: a pity to take it for JSON because of how it begins............"),
            (HELLO, "", b""),
            // Each format into others.
            (HELLO, "--to delimited", texts),
            (HELLO, "--to grpc", texts),
            (HELLO, "--to ndjson", texts),
            (HELLO, "--from ndjson", lines),
            (HELLO, "--from ndjson --to json --pretty", lines),
            (HELLO, "--from delimited", delimited),
            (HELLO, "--from delimited --to ndjson", delimited),
            (HELLO, "--from delimited --to grpc", delimited),
            (HELLO, "--from grpc", framed),
            (HELLO, "--from grpc --to delimited", framed),
            (HELLO, "--from binpb --to protobuf", b"\n\x03Ada"),
            (HELLO, "--from jsonl --to delimited", b""),
            (HELLO, "--from json --to json", b"{\"name\": \"Ada\"}"),
            // Well-known types that are no objects in JSON.
            ("google.protobuf.Duration", "--from json --to ndjson", b"\"1.5s\" \"-3s\"\"0s\""),
            ("google.protobuf.Value", "--from json --to ndjson", b"null 1.5 true[]{}\"a b\"\n"),
            ("google.protobuf.Int64Value", "--from json --to delimited", b"7\n\"8\" 9"),
        ],
    );
}

#[test]
fn options() {
    let user = br#"{"scalars": {"int64Value": "-1", "level": "LEVEL_HIGH"}, "names": {}}"#;
    let all = "everything.v1.EverythingMessage";
    check(
        "options",
        &[
            (all, "--from json --to json", user),
            (all, "--from json --to json --pretty", user),
            (all, "--from json --to json --original-names", user),
            (all, "--from json --to json --enums-as-numbers", user),
            (
                "everything.v1.OptionalScalars",
                "--from json --to json --emit-defaults",
                b"{\"level\": 0}",
            ),
            ("everything.v1.Lists", "--from json --to json --emit-defaults", b"{}"),
            (HELLO, "--to ndjson", b"{\"name\": \"a\", \"more\": [1, {}]}"),
            (HELLO, "--to ndjson --ignore-unknown", b"{\"name\": \"a\", \"more\": [1, {}]}"),
        ],
    );
}

#[test]
fn masks() {
    let json = br#"{"id": 1, "name": "Ada", "age": 36, "createdAt": "2026-11-21T09:31:00Z", "tags": ["a"]}"#;
    check(
        "masks",
        &[
            ("user.v1.User", "--to json --mask name,createdAt", json),
            ("user.v1.User", "--to delimited --mask id,age", json),
            ("user.v1.User", "--mask name", b"\x08\x02\x12\x03Bob"),
            ("user.v1.User", "--mask name --to protobuf", b"\x08\x02\x12\x03Bob"),
            ("user.v1.User", "--from delimited --mask id", b"\x02\x08\x02\x01\x08"),
            ("user.v1.User", "--mask name,tags.first", b""),
            ("user.v1.User", "--mask name..x", b""),
        ],
    );
}

#[test]
fn unknown_fields() {
    let two = b"\x09\x08\x02\x78\x07\x12\x03Bob\x08\x08\x03\x32\x04\x08\x05\x38\x01";
    check(
        "unknown_fields",
        &[
            ("user.v1.User", "--from delimited --list-unknown", two),
            ("user.v1.User", "--from delimited --list-unknown --mask id", two),
            ("user.v1.User", "--list-unknown --to json", b"{\"id\": 1}"),
        ],
    );
}

#[test]
fn failures() {
    let scalars = "everything.v1.Scalars";
    check(
        "failures",
        &[
            (HELLO, "", b"{\"name\": \"A\"} {\"name\": \"B\"}"),
            (HELLO, "--from json", b" \n"),
            (HELLO, "--to delimited", b"{\"name\": \"A\"}\n{\"name\": \"B\"}{\"nam\": 1}"),
            (HELLO, "--to delimited", b"{\"name\": \"A\"}\n{\"name\":\n\n  7}"),
            (HELLO, "--to delimited", b"{\"name\": \"A\"}\n{\"name\":"),
            (HELLO, "--to delimited", b"{\"name\": \"A\"}\n}"),
            (HELLO, "--from ndjson", b"{\"name\": \"A\"}\n{\"name\":\n{}"),
            (HELLO, "--from ndjson", b"{\"name\": \"A\"} {}"),
            (scalars, "--to delimited", b"{\"int32Value\": 1}{\"int32Value\": 1e10}"),
            (HELLO, "--from delimited", b"\x03\n\x01A\x04\n\x02\xff\xff"),
            (HELLO, "--from delimited", b"\x03\n\x01A\x04\n\x02B"),
            (HELLO, "--from delimited", b"\x03\n\x01A\x80"),
            (HELLO, "--from delimited", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
            (HELLO, "--from delimited", b"\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
            (HELLO, "--from grpc", b"\0\0\0\0\x03\n\x01A\x01\0\0\0\x01a"),
            (HELLO, "--from grpc", b"\x16\x03\x01"),
            (HELLO, "--from grpc", b"\0\0\0"),
            (HELLO, "", b"\n\x05Ada"),
            (HELLO, "--max-message 10 --to delimited", b"{}{\"name\": \"A\"}"),
            (HELLO, "--max-message 10 --from ndjson", b"{}\n{\"name\": \"A\"}"),
            (HELLO, "--max-message 10 --from delimited", b"\x02\n\x00\x0b\n\x09123456789"),
            (HELLO, "--max-message 10", b"\n\x09123456789"),
            (HELLO, "--max-message 0", b""),
            (HELLO, "--pretty --to ndjson", b"{}"),
            (HELLO, "--from yaml", b""),
            ("helloworld.Helo", "", b"{}"),
        ],
    );
}

/// Whoever has seen enough may go: nothing is told of it.
#[test]
fn a_reader_may_go_away() {
    let mut child = transcode(HELLO, "--from json --to ndjson").spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer =
        std::thread::spawn(move || while stdin.write_all(b"{\"name\":\"A\"}\n").is_ok() {});
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    drop(stdout);
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert_eq!((line.as_str(), told.as_str()), ("{\"name\":\"A\"}\n", ""));
    assert!(child.wait().unwrap().success());
    writer.join().unwrap();
}

/// A message is converted as soon as it is there, not when the next one comes.
#[test]
fn answers_come_at_once() {
    let mut child = transcode(HELLO, "--from json --to ndjson").spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for name in ["A", "B"] {
        write!(stdin, "{{\"name\": \"{name}\"}}").unwrap();
        assert_eq!(lines.next().unwrap().unwrap(), format!("{{\"name\":\"{name}\"}}"));
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

/// The most memory that the process ever had, KiB, after `records` messages of every size up to 2 KiB went through.
#[cfg(target_os = "linux")]
fn peak(flags: &str, records: usize, record: fn(usize) -> Vec<u8>, written: usize) -> u64 {
    let mut child: Child = transcode(HELLO, flags).stderr(Stdio::inherit()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        let mut piece = Vec::new();
        for index in 0..records {
            piece.extend(record(index));
            if piece.len() > 32 << 10 || index + 1 == records {
                stdin.write_all(&piece).unwrap();
                piece.clear();
            }
        }
        stdin
    });
    let mut stdout = child.stdout.take().unwrap();
    let (mut buffer, mut left) = (vec![0; 64 << 10], written);
    while left > 0 {
        let read = stdout.read(&mut buffer).unwrap();
        assert!(read > 0 && read <= left, "{left} bytes are missing or {read} too many");
        left -= read;
    }
    // All is written, and the input still open: the process waits, and can be asked.
    let stdin = writer.join().unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak = line.trim().trim_end_matches(" kB").parse().unwrap();
    drop(stdin);
    assert!(child.wait().unwrap().success());
    peak
}

#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_stream() {
    /// Length of the name in the message with this index.
    fn length(index: usize) -> usize {
        128 + index % 128
    }
    fn text(index: usize) -> Vec<u8> {
        format!("{{\"name\":\"{}\"}}\n", "n".repeat(length(index))).into_bytes()
    }
    fn frame(index: usize) -> Vec<u8> {
        let size = length(index);
        let varint = |number: usize| [(number & 0x7f) as u8 | 0x80, (number >> 7) as u8];
        // The name's tag and length before it.
        let mut frame = [&varint(size + 3)[..], &[10], &varint(size)].concat();
        frame.resize(frame.len() + size, b'n');
        frame
    }
    type Case = (&'static str, fn(usize) -> Vec<u8>, fn(usize) -> Vec<u8>);
    let cases: [Case; 3] = [
        ("--from json --to delimited", text, frame),
        ("--from ndjson --to delimited", text, frame),
        ("--from delimited --to ndjson", frame, text),
    ];
    const SHORT: usize = 10_000;
    for (flags, record, written) in cases {
        let peak = |records| {
            peak(flags, records, record, (0..records).map(|index| written(index).len()).sum())
        };
        let (short, long) = (peak(SHORT), peak(10 * SHORT));
        // The long stream has 19 MB more than the short one.
        assert!(long < short + 4 * 1024, "{flags}: {short} KiB, then {long} KiB");
    }
}
