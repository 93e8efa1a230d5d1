//! The real binary against the sample server: what it prints and how it exits.

mod common;

use common::{Sample, run, wirelab};
use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, Command},
};

/// Runs each command line and compares what it printed with the snapshot.
fn check(name: &str, cases: &[(&str, &str)]) {
    insta::assert_snapshot!(name, run(cases));
}

#[test]
fn list_and_describe() {
    check(
        "list_and_describe",
        &[
            ("list {sample}", ""),
            ("list shop.inventory.v1.InventoryService {sample}", ""),
            ("list {sample} helloworld.Greeter", ""),
            ("list --proto proto-samples/tutorials", ""),
            ("list --proto proto-samples/tutorials/helloworld.proto --json", ""),
            ("list --proto proto-samples/tutorials Greeter", ""),
            ("list --proto proto-samples/tutorials nothing.Like.This", ""),
            ("describe shop.inventory.v1.InventoryService/WatchStock {sample}", ""),
            ("describe shop.inventory.v1.Bin --proto proto-samples/shop", ""),
            ("describe helloworld.HelloReply --proto proto-samples/tutorials --json", ""),
            ("describe no.Such --proto proto-samples/tutorials", ""),
            ("list", ""),
            ("list a b", ""),
            ("list a:1 b:2", ""),
            ("describe -proto proto-samples/tutorials/helloworld.proto", ""),
            ("list proto-samples/tutorials", ""),
            ("list proto-samples/tutorials/helloworld.proto helloworld.Greeter", ""),
            ("describe proto-samples/tutorials helloworld.HelloReply -msg-template", ""),
            ("list -import-path proto-samples/tutorials -proto helloworld.proto", ""),
            ("list -unix /no/such.sock", ""),
            ("list --proto no/such/folder", ""),
            ("list {dead}", ""),
        ],
    );
}

#[test]
fn call_each_kind() {
    check(
        "call_each_kind",
        &[
            ("call {sample} helloworld.Greeter/SayHello -d '{\"name\": \"Ada\"}'", ""),
            ("call {sample} helloworld.Greeter.SayHello -d @-", "{\"name\":\n\"Ada\"}"),
            ("call {sample} /helloworld.Greeter/SayHello", ""),
            ("call {sample} helloworld.Greeter/SayHello --proto proto-samples/tutorials", ""),
            (
                "call {sample} shop.inventory.v1.InventoryService/GetStock -d '{\"sku\": \"KB-204-EU\"}'",
                "",
            ),
            (
                "call {sample} shop.inventory.v1.InventoryService/GetStock -d '{\"sku\": \"HD-7\"}' --emit-defaults",
                "",
            ),
            ("call {sample} helloworld.Greeter/SayHelloStreamReply -d '{\"name\":\"Ada\"}'", ""),
            (
                "call {sample} helloworld.Greeter/SayHelloStreamRequest -d '{\"name\":\"A\"} {\"name\":\"B\"}'",
                "",
            ),
            ("call {sample} helloworld.Greeter/SayHelloStreamRequest", ""),
            (
                "call {sample} helloworld.Greeter/SayHelloBidiStream -d @-",
                "{\"name\":\"A\"}\n{\"name\":\"B\"}\n",
            ),
            ("call {sample} helloworld.Greeter/SayHelloStreamReply --json -H 'demo-count: 2'", ""),
            (
                "call {sample} everything.v1.Everything/EchoLegacy -d '{\"id\":\"x\",\"revision\":1,\"item\":[{\"sku\":\"a\"}],\"[everything.v1.nickname]\":\"n\"}'",
                "",
            ),
        ],
    );
}

#[test]
fn failures_and_exit_codes() {
    check(
        "failures_and_exit_codes",
        &[
            (
                "call {sample} shop.inventory.v1.InventoryService/GetStock -d '{\"sku\": \"none\"}'",
                "",
            ),
            (
                "call {sample} shop.inventory.v1.InventoryService/GetStock -d '{\"maxAge\": \"-1s\"}'",
                "",
            ),
            (
                "call {sample} helloworld.Greeter/SayHello -H 'demo-fail: unauthenticated' -H 'demo-fail-message: who are you' --json",
                "",
            ),
            (
                "call {sample} helloworld.Greeter/SayHelloStreamReply -H 'demo-fail-after: 1' -H 'demo-fail: data_loss'",
                "",
            ),
            ("call {sample} helloworld.Greeter/SayHello -H 'demo-stall: true' --deadline 50ms", ""),
            ("call {sample} helloworld.Greeter/SayHello -d '{\"nam\": 1}'", ""),
            ("call {sample} helloworld.Greeter/SayHello -d '{\"name\": '", ""),
            ("call {sample} helloworld.Greeter/SayHello -d '{} {}'", ""),
            ("call {sample} helloworld.Greeter/SayHello -d @no/such/file", ""),
            (
                "call {sample} helloworld.Greeter/SayHelloStreamRequest -d '{\"name\":\"A\"} {\"name\":2}'",
                "",
            ),
            ("call {sample} helloworld.Greeter/SayHi", ""),
            ("call {sample} SayHello", ""),
            ("call {sample} helloworld.Greeter/SayHello -H nonsense", ""),
            ("call {sample} helloworld.Greeter/SayHello --deadline soon", ""),
            ("call {dead} helloworld.Greeter/SayHello --proto proto-samples/tutorials", ""),
            ("call {sample} helloworld.Greeter/SayHello --proto crates/cli/Cargo.toml", ""),
            ("cal", ""),
        ],
    );
}

#[test]
fn verbose() {
    check(
        "verbose",
        &[
            (
                "call {sample} helloworld.Greeter/SayHello -v -H 'x-a: 1' -H 'x-a: 2' -H 'x-raw-bin: AAE=' -H 'demo-echo-metadata: true'",
                "",
            ),
            ("call {sample} helloworld.Greeter/SayHello -vv -d '{\"name\": \"A\"}'", ""),
            ("call {dead} helloworld.Greeter/SayHello --proto proto-samples/tutorials -vv", ""),
        ],
    );
}

#[test]
fn health() {
    check(
        "health",
        &[
            ("health {sample}", ""),
            ("health -plaintext {sample} helloworld.Greeter", ""),
            ("health {sample} no.Such", ""),
            ("health {dead}", ""),
            ("health nowhere", ""),
        ],
    );
}

#[cfg(unix)]
#[test]
fn health_is_watched() {
    let sample = Sample::start();
    let folder = tempfile::tempdir().unwrap();
    let address = sample.address.to_string();
    let mut watch = wirelab(folder.path()).args(["health", &address, "--watch"]).spawn().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "SERVING");
    drop(sample);
    assert_eq!(lines.next().unwrap().unwrap(), "DOWN");
    interrupt(&watch);
    assert_eq!(watch.wait().unwrap().code(), Some(2));
}

#[test]
fn help() {
    check(
        "help",
        &[
            ("--help", ""),
            ("serve --help", ""),
            ("list --help", ""),
            ("describe --help", ""),
            ("call --help", ""),
            ("grpcurl --help", ""),
            ("health --help", ""),
            ("transcode --help", ""),
            ("compare --help", ""),
            ("demo --help", ""),
        ],
    );
}

#[test]
fn completions_for_each_shell() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = wirelab(folder.path()).args(["completions", shell]).output().unwrap();
        assert!(output.status.success(), "{shell}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("wirelab"), "{shell}");
    }
}

/// Answers come while requests are still being typed.
#[test]
fn a_conversation() {
    let sample = Sample::start();
    let folder = tempfile::tempdir().unwrap();
    let address = sample.address.to_string();
    let mut child = wirelab(folder.path())
        .args(["call", &address, "helloworld.Greeter/SayHelloBidiStream", "-d", "@-", "--json"])
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    for name in ["A", "B"] {
        writeln!(input, "{{\"name\": \"{name}\"}}").unwrap();
        let line = output.next().unwrap().unwrap();
        assert_eq!(line, format!("{{\"message\":{{\"message\":\"Hello {name}\"}}}}"));
    }
    drop(input);
    assert!(output.next().unwrap().unwrap().starts_with("{\"status\":{\"code\":0,"));
    assert!(child.wait().unwrap().success());
}

/// A long stream comes whole and in order, also when somebody reads slowly.
#[test]
fn a_long_stream() {
    let sample = Sample::start();
    let folder = tempfile::tempdir().unwrap();
    let address = sample.address.to_string();
    let output = wirelab(folder.path())
        .args(["call", &address, "node.v1.NodeService/StreamMetrics", "--json", "--no-history"])
        .args([
            "-d",
            "{\"nodeId\": \"node-1\"}",
            "-H",
            "demo-count: 5000",
            "-H",
            "demo-interval-ms: 0",
        ])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 5_001, "{}", String::from_utf8_lossy(&output.stderr));
    // The memory in use rises by a fixed step for a hundred measurements, then begins again.
    let memory = |line: &str| -> u64 {
        let json: serde_json::Value = serde_json::from_str(line).unwrap();
        json["message"]["memoryBytes"].as_str().unwrap().parse().unwrap()
    };
    for (index, line) in lines[..5_000].iter().enumerate() {
        let step = u64::try_from(index % 100).unwrap();
        assert_eq!(memory(line), (16 << 30) + step * ((32 << 30) / 1_000), "{index}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is kept");
}

/// Waits for the line that tells the address.
fn first_line(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    line
}

#[cfg(unix)]
fn interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[cfg(unix)]
#[test]
fn ctrl_c_cancels_a_call_and_ends_servers() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo =
        wirelab(folder.path()).args(["demo", "--listen", "127.0.0.1:0"]).spawn().unwrap();
    let line = first_line(&mut demo);
    let address = line.trim().rsplit(' ').next().unwrap().to_owned();

    let mut call = wirelab(folder.path())
        .args([
            "call",
            &address,
            "node.v1.NodeService/StreamMetrics",
            "-d",
            "{\"nodeId\":\"node-1\"}",
        ])
        .args(["-H", "demo-interval-ms: 1"])
        .spawn()
        .unwrap();
    first_line(&mut call);
    interrupt(&call);
    // Whoever prints must be read, or it never gets to the end.
    let mut rest = Vec::new();
    call.stdout.take().unwrap().read_to_end(&mut rest).unwrap();
    assert_eq!(call.wait().unwrap().code(), Some(65));

    interrupt(&demo);
    assert_eq!(demo.wait().unwrap().code(), Some(0));
}

#[cfg(unix)]
#[test]
fn serve_announces_answers_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    let mut serve = wirelab(folder.path())
        .args([
            "serve",
            "--port",
            "0",
            "--no-open",
            "--json",
            "--demo=127.0.0.1:0",
            "proto-samples",
        ])
        .spawn()
        .unwrap();
    let line: serde_json::Value = serde_json::from_str(&first_line(&mut serve)).unwrap();
    let url = line["url"].as_str().unwrap();
    let (address, token) = url.strip_prefix("http://").unwrap().split_once("/?token=").unwrap();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST /api/hello HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let hello: serde_json::Value =
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(hello["default_endpoint"]["address"], line["demo"]);

    // The same port again: one line that says what to do.
    let second =
        wirelab(folder.path()).args(["serve", "--no-open", "--listen", address]).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&second.stderr),
        format!(
            "wirelab: {address}: the port is taken by another program; choose another port with --port N, or any free one with --port 0\n"
        )
    );
    interrupt(&serve);
    assert_eq!(serve.wait().unwrap().code(), Some(0));
}

#[cfg(unix)]
#[test]
fn a_data_folder_that_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let output = wirelab(&file).args(["serve", "--port", "0", "--no-open"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.starts_with("wirelab: ") && text.lines().count() == 1, "{text}");
    assert!(text.contains(file.to_str().unwrap()), "{text}");
}
