//! Clients of gRPC that share no code with ours: through a bridge they see what they see without it.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use wirelab_tests::certificates::Authority;
use wirelab_tests::command::{Ran, run};
use wirelab_tests::outside;
use wirelab_tests::process::Running;
use wirelab_tests::servers::{Bridge, Python, descriptors, rest_descriptors};

/// `tests/servers/python_client.py` with its arguments.
fn grpcio(descriptors: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(outside::python());
    command.arg(outside::checkout("tests/servers/python_client.py"));
    command.arg(descriptors).args(arguments);
    command
}

fn told(command: &mut Command) -> String {
    let ran = run(command);
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.out
}

#[test]
fn grpcio_sees_the_server_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let (parts, rest) = (descriptors(folder.path()), rest_descriptors(folder.path()));
    let server = Python::start(&[]);
    let direct = told(&mut grpcio(&parts, &[&server.address]));
    insta::assert_snapshot!(direct);

    let authority = Authority::new("bridge");
    let issued = authority.server(&["127.0.0.1"]);
    let tls = ["--tls-cert", &issued.certificate, "--tls-key", &issued.key];
    let ca = authority.file();
    let rest = rest.display().to_string();
    // Of a bridge that knows nothing of its server, everything goes through as it is.
    let table: [(&str, &[&str], &[&str]); 3] = [
        ("by reflection", &[], &[]),
        ("by another schema", &["--protoset", &rest], &[]),
        ("in TLS", &tls, &["--ca", &ca]),
    ];
    for (what, arguments, client) in table {
        let bridge = Bridge::before(&server.address, arguments);
        let through = told(&mut grpcio(&parts, &[&[&*bridge.address], client].concat()));
        assert_eq!(through, direct, "{what}: {}", bridge.said());
    }
}

/// A client that waits for its server waits for the bridge too, here at a socket of the file system.
#[test]
fn who_waits_for_a_server_gets_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let parts = descriptors(folder.path());
    let server = Python::start(&[]);
    let socket = format!("unix://{}", folder.path().join("bridge").display());
    let client = Running::start(&mut grpcio(&parts, &[&socket, "--wait"]));
    client.wait_for(|line| (line == "waiting").then_some(()));
    let bridge = Bridge::before(&server.address, &["--listen", &socket]);
    let part = client.wait_for(|line| line.contains("waited").then(|| line.to_owned()));
    assert!(part.contains("\"name\": \"part 5\""), "{part} {}", bridge.said());
}

/// A line of the table with the address where it is called.
fn grpcurl(line: &str, address: &str) -> Ran {
    let mut words: Vec<&str> = line.split('|').map(str::trim).collect();
    match words.iter_mut().find(|word| **word == "@") {
        Some(word) => *word = address,
        None => words.insert(0, address),
    }
    run(Command::new(outside::grpcurl()).arg("-plaintext").args(words))
}

#[test]
fn grpcurl_sees_the_server_itself() {
    let server = Python::start(&[]);
    let bridge = Bridge::before(&server.address, &[]);
    let (mut all, mut wrong) = (String::new(), String::new());
    let lines = include_str!("grpcurl.txt").lines().filter(|line| !line.starts_with('#'));
    for line in lines.filter(|line| !line.is_empty()) {
        let (direct, through) = (grpcurl(line, &server.address), grpcurl(line, &bridge.address));
        let shown = |Ran { code, out, err }: &Ran| format!("{code}\n{out}{err}");
        let (direct, through) = (shown(&direct), shown(&through));
        if direct != through {
            let _ = writeln!(wrong, "{line}\ndirect {direct}\nthrough {through}");
        }
        let _ = writeln!(all, ">>> {line}\n{direct}");
    }
    assert!(wrong.is_empty(), "\n{wrong}\n{}", bridge.said());
    insta::assert_snapshot!(all);
}
