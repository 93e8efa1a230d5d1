//! The real binary against the sample server: what it prints and how it exits.

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
};
use tokio_util::sync::CancellationToken;

/// The sample server on a thread of its own.
struct Sample {
    address: SocketAddr,
    shutdown: CancellationToken,
}

impl Sample {
    fn start() -> Sample {
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

fn wirelab(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirelab"));
    command
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .env("WIRELAB_DATA_DIR", folder)
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .env_remove("WIRELAB_LOG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs each command line and writes down what it printed; `{sample}` is the address of the sample server, `{dead}`
/// one where nobody listens, and words are split at spaces outside of single quotes.
fn check(name: &str, cases: &[(&str, &str)]) {
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
    insta::assert_snapshot!(name, steady(&text));
}

fn words(line: &str) -> Vec<String> {
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

/// Blots out what differs from run to run: after each of these marks, the text to the other.
fn steady(text: &str) -> String {
    const MARKS: [(&str, &str); 4] = [
        (" by {sample} after ", " ms"),
        ("< date: ", "\n"),
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
    text
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
            ("describe {sample}", ""),
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
        &[(
            "call {sample} helloworld.Greeter/SayHello -v -H 'x-a: 1' -H 'x-a: 2' -H 'x-raw-bin: AAE=' -H 'demo-echo-metadata: true'",
            "",
        )],
    );
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
