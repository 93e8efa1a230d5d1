//! What goes wrong on the command line: a failing exit code and one clear line that names the thing and says what to
//! do. The texts are in `snapshots/`, with paths and ports left out.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;
use wirelab_tests::command::{Ran, run, wirelab};
use wirelab_tests::outside;
use wirelab_tests::process::{Running, free_port};

/// What was printed and the exit code, without what differs from run to run.
fn told(ran: &Ran, replace: &[(&str, &str)]) -> String {
    let mut text = format!("exit code {}\n", ran.code);
    for (name, stream) in [("out", &ran.out), ("err", &ran.err)] {
        for line in stream.lines() {
            text += &format!("{name}: {line}\n");
        }
    }
    for (from, to) in replace {
        text = text.replace(from, to);
    }
    text
}

/// Runs a command that must fail, and compares what it told.
fn fails(name: &str, arguments: &[&str], replace: &[(&str, &str)]) {
    let ran = wirelab(arguments);
    assert_ne!(ran.code, 0, "{name}: {ran:?}");
    assert!(!ran.err.contains("panicked"), "{name}: {ran:?}");
    insta::assert_snapshot!(name, told(&ran, replace));
}

fn text(path: &Path) -> String {
    path.to_str().expect("a path in UTF-8").to_owned()
}

/// Files in a folder of their own.
fn files(contents: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, content) in contents {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, content).expect("a file");
    }
    folder
}

#[test]
fn broken_schemas_are_named_with_their_place() {
    let service = "service S { rpc M(Q) returns (Q); } message Q {}";
    let cases: &[(&str, &[(&str, &str)])] = &[
        (
            "syntax_error",
            &[("a.proto", "syntax = \"proto3\";\nmessage A {\n  string name 1;\n}\n")],
        ),
        (
            "import_cycle",
            &[
                ("a.proto", "syntax = \"proto3\";\nimport \"b.proto\";\n"),
                ("b.proto", "syntax = \"proto3\";\nimport \"a.proto\";\n"),
            ],
        ),
        (
            "missing_import",
            &[(
                "a.proto",
                "syntax = \"proto3\";\nimport \"no/such.proto\";\nmessage A { no.Such s = 1; }\n",
            )],
        ),
        ("unknown_type", &[("a.proto", "syntax = \"proto3\";\nmessage A { Nowhere n = 1; }\n")]),
        ("folder_without_protos", &[("readme.txt", service)]),
        ("no_text", &[("a.proto", "\u{0}\u{1}")]),
    ];
    for (name, contents) in cases {
        let folder = files(contents);
        let path = text(folder.path());
        fails(name, &["list", "--proto", &path], &[(&path, "[FOLDER]")]);
    }
}

#[test]
fn one_broken_file_leaves_the_others_usable() {
    let folder = files(&[
        (
            "good.proto",
            "syntax = \"proto3\";\nservice Good { rpc M(Q) returns (Q); }\nmessage Q {}\n",
        ),
        ("bad.proto", "syntax = \"proto3\";\nmessage {\n"),
    ]);
    let path = text(folder.path());
    let ran = wirelab(&["list", "--proto", &path]);
    insta::assert_snapshot!("one_broken_of_two", told(&ran, &[(&path, "[FOLDER]")]));
    assert_eq!(ran.out, "Good\n");
}

#[test]
fn a_huge_schema_loads_or_says_which_limit_it_passes() {
    let mut huge = String::from("syntax = \"proto3\";\nservice Huge { rpc M(M0) returns (M0); }\n");
    let mut number = 0;
    while huge.len() < 10_000_000 {
        huge += &format!(
            "message M{number} {{ string some_field_with_a_long_name = 1; repeated int64 other = 2; }}\n"
        );
        number += 1;
    }
    let folder = files(&[("huge.proto", &huge)]);
    let path = text(&folder.path().join("huge.proto"));
    let ran = wirelab(&["list", "--proto", &path]);
    insta::assert_snapshot!("ten_megabytes", told(&ran, &[(&text(folder.path()), "[FOLDER]")]));
}

#[test]
fn what_is_not_there_or_not_what_it_should_be_is_named() {
    let folder = files(&[("not.binpb", "this is no descriptor set")]);
    let (path, set) = (text(folder.path()), text(&folder.path().join("not.binpb")));
    let nowhere = text(&folder.path().join("nowhere"));
    let replace = [(path.as_str(), "[FOLDER]")];
    fails("no_such_path", &["list", "--proto", &nowhere], &replace);
    fails("not_a_descriptor_set", &["list", "--protoset", &set], &replace);
    fails("no_such_service", &["list", "shop.Nothing", "--proto", "proto-samples"], &replace);
    fails("no_such_symbol", &["describe", "shop.Nothing", "--proto", "proto-samples"], &replace);
    let method = "shop.inventory.v1.InventoryService/GetStocks";
    fails("no_such_method", &["call", "localhost:1", method, "--proto", "proto-samples"], &replace);
    fails("no_address", &["list"], &replace);
    let transcode = ["transcode", "proto-samples", "--type", "a.B"];
    fails("a_path_for_an_address", &transcode, &replace);
    fails("unknown_flag", &["serve", "--nonsense"], &replace);
    fails("bad_metadata", &["call", "localhost:1", "a.B/C", "-H", "no colon here"], &replace);
}

#[test]
fn json_that_is_not_the_message_is_refused_with_its_place() {
    const METHOD: &str = "shop.inventory.v1.InventoryService/GetStock";
    let nobody = format!("127.0.0.1:{}", free_port());
    for (name, data) in [
        ("json_half", "{\"sku\": "),
        ("json_unknown_field", "{\"skuu\": \"x\"}"),
        ("json_wrong_type", "{\"sku\": 5}"),
        ("json_bad_number", "{\"warehouseIds\": [\"7\", \"seven\"]}"),
        ("json_bad_duration", "{\"maxAge\": \"5 minutes\"}"),
        ("json_twice", "{} {}"),
    ] {
        let arguments = ["call", &nobody, METHOD, "--proto", "proto-samples", "-d", data];
        fails(name, &arguments, &[(&nobody, "[ADDRESS]")]);
    }
}

#[test]
fn servers_that_are_down_or_speak_something_else_are_named() {
    const METHOD: &str = "helloworld.Greeter/SayHello";
    let nobody = format!("127.0.0.1:{}", free_port());
    let replace = [(nobody.as_str(), "[ADDRESS]")];
    fails("server_down_list", &["list", &nobody], &replace);
    fails("server_down_call", &["call", &nobody, METHOD, "--proto", "proto-samples"], &replace);

    let web = speaks(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let replace = [(web.as_str(), "[ADDRESS]")];
    fails("server_not_grpc_list", &["list", &web], &replace);
    fails("server_not_grpc_call", &["call", &web, METHOD, "--proto", "proto-samples"], &replace);

    let mail = speaks(b"220 mail.example.com ESMTP\r\n");
    fails("server_mail", &["list", &mail], &[(&mail, "[ADDRESS]")]);
}

/// A server that answers whoever comes with `words`, for as long as the test runs.
fn speaks(words: &'static [u8]) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                // Whoever hangs up early has heard enough. What comes after the answer is read too: closing before
                // would reset the connection, and the answer could be lost.
                let _ = stream.read(&mut [0; 1024]);
                let _ = stream.write_all(words);
                let _ = stream.shutdown(Shutdown::Write);
                let _ = stream.read_to_end(&mut Vec::new());
            });
        }
    });
    address
}

#[test]
fn a_taken_port_and_a_folder_that_cannot_be_written_are_named() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let port = taken.local_addr().expect("an address").port().to_string();
    fails("port_taken", &["serve", "--no-open", "--port", &port], &[(&port, "[PORT]")]);

    let folder = files(&[("file", "")]);
    let (path, below) = (text(folder.path()), text(&folder.path().join("file/below")));
    let arguments = ["serve", "--no-open", "--port", "0", "--data-dir", &below];
    fails("data_folder_not_writable", &arguments, &[(&path, "[FOLDER]")]);
}

/// A Python program on a history file.
fn python(program: &str, file: &Path) -> Command {
    let mut command = Command::new(outside::python());
    command.args(["-c", program]).arg(file);
    command
}

/// What a newer Wirelab would have done: one more step of the schema.
const NEWER: &str = "
import sqlite3, sys
file = sqlite3.connect(sys.argv[1])
file.execute(\"insert into _sqlx_migrations (version, description, success, checksum, execution_time) \"
             \"values (99991231235959, 'later', 1, x'00', 0)\")
file.commit()
file.execute('pragma wal_checkpoint(truncate)')
";

/// Holds the file as a program would that does not let others in.
const LOCK: &str = "
import sqlite3, sys, time
file = sqlite3.connect(sys.argv[1], isolation_level=None)
file.execute('pragma locking_mode = exclusive')
file.execute('begin exclusive')
print('locked', flush=True)
time.sleep(600)
";

#[test]
fn a_history_that_cannot_be_used_stops_no_call_and_is_left_alone() {
    let mut command = Command::new(outside::wirelab());
    let demo = Running::start(command.args(["demo", "--listen", "127.0.0.1:0"]));
    let address = demo.wait_for(|line| {
        let begin = line.find("127.0.0.1:")?;
        line[begin..].split_whitespace().next().map(|word| word.trim_end_matches(',').to_owned())
    });
    let folder = tempfile::tempdir().expect("a folder");
    let path = text(folder.path());
    let call = || {
        let data = ["-d", "{\"name\": \"Ada\"}", "--data-dir", &path];
        wirelab(&[&["call", &address, "helloworld.Greeter/SayHello"], &data[..]].concat())
    };
    let first = call();
    assert_eq!((first.code, &*first.err), (0, ""), "{first:?}");
    let file = folder.path().join("history.db");
    let good = fs::read(&file).expect("a history");
    let told = |ran: &Ran| told(ran, &[(&path, "[FOLDER]"), (&address, "[ADDRESS]")]);

    let ran = run(&mut python(NEWER, &file));
    assert_eq!(ran.code, 0, "{ran:?}");
    let newer = fs::read(&file).expect("a history");
    let mut damaged = good.clone();
    damaged.iter_mut().skip(100).for_each(|byte| *byte = 0x5a);
    for (name, bytes) in [
        ("history_newer", &newer),
        ("history_damaged", &damaged),
        ("history_cut_short", &good[..good.len() / 2].to_vec()),
        ("history_no_database", &b"somebody's notes\n".repeat(100)),
    ] {
        fs::write(&file, bytes).expect("a file");
        let ran = call();
        assert!(ran.out.contains("Ada"), "{name}: {ran:?}");
        assert!(fs::read(&file).is_ok_and(|there| there == *bytes), "{name}: the file was touched");
        insta::assert_snapshot!(name, told(&ran));
    }

    fs::write(&file, &good).expect("a file");
    let lock = Running::start(&mut python(LOCK, &file));
    lock.wait_for(|line| (line == "locked").then_some(()));
    let ran = call();
    assert!(ran.out.contains("Ada"), "{ran:?}");
    insta::assert_snapshot!("history_locked", told(&ran));
}
