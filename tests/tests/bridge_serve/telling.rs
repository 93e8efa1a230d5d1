//! Health, readiness, figures, traces, the log, and addresses.

use crate::{Folder, STOCK, metric_becomes};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use wirelab_tests::command::wirelab;
use wirelab_tests::http::ask;
use wirelab_tests::process::READY;
use wirelab_tests::servers::Bridge;
use wirelab_tests::servers::Sample;

#[test]
fn health_readiness_and_figures_beside_the_calls() {
    let sample = Sample::start();
    let bridge = Bridge::before(&sample.address, &[]);
    let unknown = "/v1/nothing?secret=hunter2";
    for (method, target, status) in [
        ("GET", STOCK, 200),
        ("GET", STOCK, 200),
        ("GET", "/v1/stock/NONE", 404),
        ("GET", unknown, 404),
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 200),
        ("HEAD", "/readyz", 200),
        ("POST", "/metrics", 405),
    ] {
        let answer = ask(&bridge.address, method, target, &[], b"");
        assert_eq!(answer.status, status, "{method} {target}: {answer}");
    }
    let call = "method=\"shop.inventory.v1.InventoryService/GetStock\",face=\"rest\"";
    for (metric, value) in [
        (format!("wirelab_bridge_calls_total{{{call},code=\"OK\"}}"), 2.0),
        (format!("wirelab_bridge_calls_total{{{call},code=\"NOT_FOUND\"}}"), 1.0),
        (format!("wirelab_bridge_call_duration_seconds_count{{{call}}}"), 3.0),
        (format!("wirelab_bridge_call_duration_seconds_bucket{{{call},le=\"+Inf\"}}"), 3.0),
        (format!("wirelab_bridge_request_messages_total{{{call}}}"), 3.0),
        (format!("wirelab_bridge_response_messages_total{{{call}}}"), 2.0),
        (format!("wirelab_bridge_open_calls{{{call}}}"), 0.0),
        ("wirelab_bridge_requests_total{face=\"rest\",code=\"404\"}".to_owned(), 2.0),
        ("wirelab_bridge_ready".to_owned(), 1.0),
        ("wirelab_bridge_upstream_up".to_owned(), 1.0),
    ] {
        metric_becomes(&bridge.address, &metric, value);
    }
    let text = ask(&bridge.address, "GET", "/metrics", &[], b"").text();
    assert!(!text.contains("nothing") && !text.contains("hunter2"), "{text}");
}

#[test]
fn an_address_of_their_own_for_those_who_watch() {
    let sample = Sample::start();
    let flags = ["--admin", "127.0.0.1:0", "--ready-path", "/ready"];
    let bridge = Bridge::before(&sample.address, &flags);
    let said = bridge.said();
    let said: serde_json::Value =
        said.lines().find_map(|line| serde_json::from_str(line).ok()).unwrap();
    let admin = said["admin"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
    for (address, target, status) in [
        (&admin, "/ready", 200),
        (&admin, "/metrics", 200),
        (&admin, "/readyz", 404),
        (&admin, STOCK, 404),
        (&bridge.address, "/ready", 404),
        (&bridge.address, "/metrics", 404),
        (&bridge.address, STOCK, 200),
    ] {
        let answer = ask(address, "GET", target, &[], b"");
        assert_eq!(answer.status, status, "{address} {target}: {answer}");
    }
}

#[test]
fn every_call_is_a_line_of_json_without_what_is_secret() {
    let sample = Sample::start();
    let bridge = Bridge::before(&sample.address, &["--access-log", "--log-format", "json"]);
    let headers = ["Authorization: Bearer hunter2", "Cookie: a=hunter2"];
    let target = format!("{STOCK}?max_age=77.777s");
    assert_eq!(ask(&bridge.address, "GET", &target, &headers, b"").status, 200);
    let line = wirelab_tests::process::eventually("a line of the log", || {
        bridge.said().lines().find(|line| line.contains("GetStock")).map(str::to_owned)
    });
    let line: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    for (key, value) in [
        ("method", "shop.inventory.v1.InventoryService/GetStock"),
        ("face", "rest"),
        ("code", "OK"),
        ("client", "127.0.0.1"),
    ] {
        assert_eq!(line[key], value, "{line}");
    }
    assert!(line["duration_ms"].as_f64().is_some_and(|took| took > 0.0), "{line}");
    let said = bridge.said();
    for secret in ["hunter2", "77.777", "KB-204"] {
        assert!(!said.contains(secret), "{secret} in {said}");
    }
}

#[test]
fn traces_go_on_and_reach_the_collector() {
    let collector = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", collector.local_addr().unwrap());
    let (sender, posts) = mpsc::channel();
    std::thread::spawn(move || {
        for connection in collector.incoming().map_while(Result::ok) {
            let mut connection = connection;
            let mut bytes = Vec::new();
            let mut piece = [0; 65_536];
            loop {
                let read = connection.read(&mut piece).unwrap_or(0);
                bytes.extend_from_slice(&piece[..read]);
                let text = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
                let size = text
                    .split("content-length: ")
                    .nth(1)
                    .and_then(|rest| rest.split("\r\n").next()?.parse::<usize>().ok());
                let head = bytes.windows(4).position(|four| four == b"\r\n\r\n");
                if let (Some(size), Some(head)) = (size, head)
                    && bytes.len() >= head + 4 + size
                {
                    break;
                }
                if read == 0 {
                    break;
                }
            }
            let _ = connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
            if sender.send(bytes).is_err() {
                return;
            }
        }
    });
    let sample = Sample::start();
    let flags = ["--otlp", &address, "--service-name", "shop-bridge"];
    let bridge = Bridge::before(&sample.address, &flags);
    let parent = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let answer = ask(
        &bridge.address,
        "GET",
        STOCK,
        &[parent, "Grpc-Metadata-Demo-Echo-Metadata: true"],
        b"",
    );
    assert_eq!(answer.status, 200, "{answer}");
    let echoed = answer.headers.iter().find(|(key, _)| key.ends_with("traceparent"));
    let echoed = echoed.map(|(_, value)| value.as_str()).expect("the server saw a trace");
    assert!(echoed.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"), "{echoed}");
    assert!(!echoed.contains("00f067aa0ba902b7"), "the parent is the bridge's span: {echoed}");

    let post = posts.recv_timeout(READY).expect("spans");
    let has = |wanted: &[u8]| post.windows(wanted.len()).any(|part| part == wanted);
    let head = String::from_utf8_lossy(&post);
    assert!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
    assert!(head.contains("application/x-protobuf"), "{head}");
    let hex = |text: &str| -> Vec<u8> {
        let digits = (0..text.len()).step_by(2);
        digits.map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    };
    let span = echoed.split('-').nth(2).unwrap();
    for wanted in [
        &hex("4bf92f3577b34da6a3ce929d0e0e4736")[..],
        &hex("00f067aa0ba902b7"),
        &hex(span),
        b"shop-bridge",
        b"shop.inventory.v1.InventoryService/GetStock",
        b"rpc.grpc.status_code",
    ] {
        assert!(has(wanted), "{wanted:?} in {head}");
    }
}

#[test]
fn what_cannot_be_is_said_before_anything_listens() {
    let folder = Folder::new();
    let broken = folder.write("broken.proto", "syntax = \"proto3\"; message A { B b = 1; }");
    let config = folder.write("bridge.yaml", "upstream: localhost:1\nadmission: {limts: {}}\n");
    let key = folder.write("key.pem", "no key");
    for (flags, wanted) in [
        (
            &["--upstream", "localhost:1", "--require-upstream", "--listen", "0"][..],
            "nothing is listening",
        ),
        (&["--upstream", "localhost:1", "--proto", &broken, "--listen", "0"], "B"),
        (&["--config", &config], "limts"),
        (&["--upstream", "localhost:1", "--listen", "example.com:80"], "expected an IP address"),
        (&["--upstream", "a:1", "--upstream", "b:2", "--listen", "0"], "IP addresses"),
        (&["--upstream", "localhost:1", "--otlp", "ftp://c", "--listen", "0"], "write http://"),
        (
            &["--upstream", "localhost:1", "--upstream-auth", "s3cret", "--listen", "0"],
            "kind of cred",
        ),
        (
            &[
                "--upstream",
                "localhost:1",
                "--upstream-auth",
                "bearer:env:NO_SUCH",
                "--listen",
                "0",
            ],
            "NO_SUCH",
        ),
        (&["--upstream", "localhost:1", "--host", "http://a", "--listen", "0"], "without scheme"),
        (&["--upstream", "a:1", "--tls-cert", &key, "--tls-key", &key], "certificate"),
        (&["--upstream", "a:1", "--tls-cert", &key], "--tls-key"),
        (&[], "--upstream"),
    ] {
        let mut args = vec!["bridge"];
        args.extend_from_slice(flags);
        let ran = wirelab(&args);
        assert_eq!(ran.code, 1, "{flags:?}: {ran:?}");
        assert!(ran.err.contains(wanted) && ran.out.is_empty(), "{flags:?}: {ran:?}");
    }
}
