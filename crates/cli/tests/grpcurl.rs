//! What grpcurl users type from memory, and that the real grpcurl understands the lines that are printed for it.

mod common;

use common::{Sample, run, wirelab, words};
use serde_json::{Deserializer, Value};
use std::{path::PathBuf, process::Command};

#[test]
fn from_memory() {
    let text = run(&[
        ("list -plaintext {sample} helloworld.Greeter", ""),
        ("describe -plaintext {sample} helloworld.HelloRequest", ""),
        ("call -plaintext -d @ {sample} helloworld.Greeter/SayHello", "{\"name\": \"Ada\"}"),
        (
            "call -plaintext=true -emit-defaults=false -v=false -max-time=5 -d '{\"name\": \"Ada\"}' {sample} helloworld.Greeter/SayHello",
            "",
        ),
        (
            "call -plaintext -allow-unknown-fields -format json -d '{\"name\": \"Ada\", \"nick\": 1}' {sample} helloworld.Greeter/SayHello",
            "",
        ),
        (
            "call -plaintext -format-error -d '{\"sku\": \"none\"}' {sample} shop.inventory.v1.InventoryService/GetStock",
            "",
        ),
        (
            "call -plaintext -expand-headers -H 'demo-fail: ${WIRELAB_TEST_STATUS}' {sample} helloworld.Greeter/SayHello",
            "",
        ),
        (
            "call -plaintext -expand-headers -H 'x: ${NO_SUCH}' {sample} helloworld.Greeter/SayHello",
            "",
        ),
        ("call -plaintext -tls {sample} helloworld.Greeter/SayHello", ""),
        ("call -plaintext -cert x.pem {sample} helloworld.Greeter/SayHello", ""),
        ("call -plaintext -service-config @no/such {sample} helloworld.Greeter/SayHello", ""),
        ("call -plaintext -plaintxt {sample} helloworld.Greeter/SayHello", ""),
        (
            "call -plaintext -max-time 0.5 -rpc-header 'demo-stall: true' {sample} helloworld.Greeter/SayHello",
            "",
        ),
        ("grpcurl -plaintext {sample} list", ""),
        ("grpcurl -plaintext -v {sample} list helloworld.Greeter", ""),
        ("grpcurl -plaintext {sample} describe helloworld.HelloReply", ""),
        ("grpcurl -plaintext -d '{\"name\": \"Ada\"}' {sample} helloworld.Greeter.SayHello", ""),
        ("grpcurl -import-path proto-samples/tutorials -proto helloworld.proto describe", ""),
        ("grpcurl -plaintext -nonsense {sample} list", ""),
        ("grpcurl {sample}", ""),
    ]);
    insta::assert_snapshot!("from_memory", text);
}

/// Calls whose answers are always the same.
const CALLS: &[(&str, &str)] = &[
    ("-d '{\"name\": \"Ada\"}' {sample} helloworld.Greeter/SayHello", ""),
    (
        "-d @ {sample} helloworld.Greeter/SayHello",
        "{\"name\": \"it's \\\"me\\\" $HOME `x` \\\\ \\u00e9\"}",
    ),
    ("{sample} helloworld.Greeter.SayHello", ""),
    (
        "-H 'demo-count: 3' -d '{\"name\": \"A\"}' {sample} helloworld.Greeter/SayHelloStreamReply",
        "",
    ),
    (
        "-d '{\"name\": \"A\"} {\"name\": \"B\"}' {sample} helloworld.Greeter/SayHelloStreamRequest",
        "",
    ),
    ("-d @ {sample} helloworld.Greeter/SayHelloBidiStream", "{\"name\": \"A\"}\n{\"name\": \"B\"}"),
    (
        "-proto proto-samples/tutorials/helloworld.proto -import-path proto-samples/tutorials -d '{\"name\": \"A\"}' {sample} helloworld.Greeter/SayHello",
        "",
    ),
    ("-d '{\"sku\": \"none\"}' {sample} shop.inventory.v1.InventoryService/GetStock", ""),
    ("-H 'demo-fail: data_loss' -H 'x-raw-bin: AAE=' {sample} helloworld.Greeter/SayHello", ""),
    (
        "-user-agent 'a b' -authority some.where -max-msg-sz 1000000 -max-time 30.5 -rpc-header 'demo-count: 1' -d '{\"name\": \"Ada\"}' {sample} helloworld.Greeter/SayHello",
        "",
    ),
    (
        "-emit-defaults -d '{\"sku\": \"HD-7\"}' {sample} shop.inventory.v1.InventoryService/GetStock",
        "",
    ),
];

/// The real grpcurl.
fn grpcurl() -> PathBuf {
    match std::env::var_os("WIRELAB_GRPCURL") {
        Some(path) if !path.is_empty() => path.into(),
        _ => panic!("WIRELAB_GRPCURL is not set: run `cargo xtask test`"),
    }
}

/// The exit code and the JSON values that a program prints.
fn answers(mut command: Command, input: &str) -> (Option<i32>, Vec<Value>) {
    use std::io::Write;
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let values = Deserializer::from_slice(&output.stdout).into_iter();
    let values: Result<Vec<Value>, _> = values.collect();
    let values = values.unwrap_or_else(|error| {
        panic!(
            "{error}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    });
    (output.status.code(), values)
}

/// As `wirelab`, but another program.
fn program(path: &str, folder: &std::path::Path) -> Command {
    use std::process::Stdio;
    let mut command = Command::new(path);
    command.current_dir(wirelab(folder).get_current_dir().unwrap());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The same arguments do the same, and the line printed for a call makes the same call.
#[test]
fn the_real_grpcurl_agrees() {
    let sample = Sample::start();
    let folder = tempfile::tempdir().unwrap();
    let real = grpcurl();
    for (line, input) in CALLS {
        let args =
            words(&format!("-plaintext {line}").replace("{sample}", &sample.address.to_string()));
        let mut theirs = program(real.to_str().unwrap(), folder.path());
        theirs.args(&args);
        let theirs = answers(theirs, input);
        let mut ours = wirelab(folder.path());
        ours.arg("grpcurl").args(&args);
        assert_eq!(answers(ours, input), theirs, "{line}");

        let mut print = wirelab(folder.path());
        print.args(["call", "--print-command"]).args(&args);
        let mut print = print.spawn().unwrap();
        std::io::Write::write_all(&mut print.stdin.take().unwrap(), input.as_bytes()).unwrap();
        let printed = print.wait_with_output().unwrap();
        let printed = String::from_utf8(printed.stdout).unwrap();
        let rest = printed.strip_prefix("grpcurl ").unwrap_or_else(|| panic!("{line}: {printed}"));
        // What is about the answer and not about the call is no part of the line.
        let switch = if line.starts_with("-emit-defaults") { "-emit-defaults" } else { "" };
        let mut shell = program("sh", folder.path());
        shell.arg("-c").arg(format!("{} {switch} {rest}", real.display()));
        assert_eq!(answers(shell, ""), theirs, "{printed}");
    }
}
