//! By which names the bridge answers: pages of another name that points here are no pages of its own.

use crate::STOCK;
use wirelab_tests::command::wirelab;
use wirelab_tests::http::ask;
use wirelab_tests::servers::{Bridge, Sample};

const SOCKET: [&str; 4] = [
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];
const GREETER: &str = "/helloworld.Greeter/SayHello";

/// A request of each face and of each path beside them, by method, target and headers, and the type of a refusal.
fn requests() -> Vec<(&'static str, &'static str, Vec<&'static str>, &'static str)> {
    vec![
        ("GET", STOCK, vec![], "application/json"),
        ("GET", "/openapi.json", vec![], "application/json"),
        ("GET", "/docs", vec![], "application/json"),
        ("GET", "/metrics", vec![], "application/json"),
        ("GET", "/healthz", vec![], "application/json"),
        ("GET", "/readyz", vec![], "application/json"),
        (
            "OPTIONS",
            STOCK,
            vec!["Origin: http://evil.example", "Access-Control-Request-Method: POST"],
            "application/json",
        ),
        ("GET", "/v1/stock:watch", SOCKET.to_vec(), "application/json"),
        (
            "POST",
            GREETER,
            vec!["Content-Type: application/grpc-web-text"],
            "application/grpc-web-text+proto",
        ),
        ("POST", GREETER, vec!["Content-Type: application/grpc+proto"], "application/grpc+proto"),
        ("POST", GREETER, vec!["Content-Type: application/proto"], "application/json"),
        ("POST", GREETER, vec!["Content-Type: application/connect+json"], "application/json"),
    ]
}

#[test]
fn on_loopback_only_this_machine_is_named() {
    let sample = Sample::start();
    let bridge = Bridge::before(&sample.address, &["--host", "Api.example.com"]);
    for (method, target, headers, media) in requests() {
        for (host, admitted) in [
            ("evil.example", false),
            ("api.example.com.evil.example", false),
            ("192.168.0.1", false),
            ("api.example.com:8443", true),
            ("studio.localhost", true),
        ] {
            // An open socket is no answer that ends.
            if admitted && headers.contains(&SOCKET[1]) {
                continue;
            }
            let host = format!("Host: {host}");
            let headers = [&headers[..], &[&host]].concat();
            let answer = ask(&bridge.address, method, target, &headers, b"");
            assert_eq!(answer.status == 421, !admitted, "{method} {target} {host}: {answer}");
            if !admitted {
                assert_eq!(answer.media(), media, "{method} {target}: {answer:?}");
                let said = format!("{answer:?} {}", answer.text());
                let told =
                    said.contains("--host NAME") || media.starts_with("application/grpc-web");
                assert!(told, "{method} {target}: {said}");
            }
        }
    }
    let called = |authority: &str| {
        let args =
            ["call", &bridge.address, "helloworld.Greeter/SayHello", "-d", "{}", "--authority"];
        wirelab(&[&args[..], &[authority]].concat())
    };
    assert_eq!(called("api.example.com").code, 0);
    let refused = called("evil.example");
    assert!(refused.code != 0 && refused.err.contains("--host NAME"), "{refused:?}");
    let counted = "wirelab_bridge_refusals_total{face=\"rest\",code=\"421\"}";
    assert_eq!(crate::metric(&bridge.address, counted), Some(21.0));
}

/// How this machine reaches the last address of a bridge, which is every address.
fn public(bridge: &Bridge) -> String {
    let said = bridge.said();
    let said = said.lines().find_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let urls = said.expect("a line of JSON")["urls"].as_array().cloned().expect("addresses");
    let port = urls.last().and_then(|url| url.as_str()?.rsplit(':').next()).expect("a port");
    format!("127.0.0.1:{port}")
}

#[test]
fn elsewhere_any_name_will_do_unless_there_are_some() {
    let sample = Sample::start();
    let open = Bridge::before(&sample.address, &["--listen", "0.0.0.0:0"]);
    let named = ["--listen", "0.0.0.0:0", "--host", "api.example.com"];
    let named = Bridge::before(&sample.address, &named);
    for (host, by_any, by_name) in [
        ("api.example.com", 200, 200),
        ("evil.example", 200, 421),
        // A number is nobody's name: probes come by it.
        ("10.1.2.3:8080", 200, 200),
        ("localhost", 200, 200),
    ] {
        let host = format!("Host: {host}");
        for (bridge, status) in [(&open, by_any), (&named, by_name)] {
            let answer = ask(&public(bridge), "GET", STOCK, &[&host], b"");
            assert_eq!(answer.status, status, "{host}: {answer}");
        }
    }
}
