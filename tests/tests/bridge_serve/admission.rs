//! Who is let in, through every face.

use crate::{Folder, STOCK};
use serde_json::json;
use wirelab_tests::command::wirelab;
use wirelab_tests::http::ask;
use wirelab_tests::process::eventually;
use wirelab_tests::servers::Bridge;
use wirelab_tests::servers::Sample;

/// Of `secret` and `two`, as `sha256sum` has them.
const SECRET: &str = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
const TWO: &str = "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3";

const KEY: &str = "X-Api-Key: secret";
const HELLO: &str = "/helloworld.Greeter/SayHello";

/// A bridge with a configuration.
fn bridge(folder: &Folder, sample: &Sample, admission: serde_json::Value) -> Bridge {
    let config = folder.write("bridge.json", &json!({"admission": admission}).to_string());
    Bridge::before(&sample.address, &["--config", &config])
}

#[test]
fn keys_and_rules_hold_for_every_face() {
    let sample = Sample::start();
    let folder = Folder::new();
    let keys = folder.write("keys", &format!("app {SECRET} read\n"));
    let admission = json!({
        "api-keys": {"file": keys, "query": "key"},
        "rules": [
            {"methods": ["helloworld.Greeter/*"], "allow": "anyone"},
            {"methods": ["grpc.reflection.*"], "allow": "nobody"},
            {"methods": ["shop.inventory.v1.*/Get*"]},
            {"methods": ["shop.*"], "scopes": ["write"]},
        ],
    });
    let bridge = bridge(&folder, &sample, admission);
    let reserve = "/v1/stock/KB-204-EU:reserve";
    for (method, target, headers, status) in [
        ("POST", HELLO, &[][..], 200),
        ("GET", STOCK, &[], 401),
        ("GET", STOCK, &["X-Api-Key: guess"], 401),
        ("GET", STOCK, &[KEY], 200),
        ("GET", "/v1/stock/KB-204-EU?key=secret", &[], 200),
        ("POST", reserve, &[KEY], 403),
        ("POST", "/user.v1.UserService/GetUser", &[KEY], 403),
    ] {
        let answer = ask(
            &bridge.address,
            method,
            target,
            headers,
            if method == "GET" { b"" } else { b"{}" },
        );
        assert_eq!(answer.status, status, "{method} {target} {headers:?}: {answer}");
        assert_eq!(status == 401, answer.header("www-authenticate").is_some(), "{answer:?}");
    }
    // gRPC, its kin and WebSocket.
    for (flags, code) in [
        (&["--transport", "grpc"][..], 16),
        (&["--transport", "grpc", "-H", KEY], 0),
        (&["--transport", "grpc-web"], 16),
        (&["--transport", "grpc-web", "-H", KEY], 0),
        (&["--transport", "connect"], 16),
        (&["--transport", "connect", "-H", KEY], 0),
    ] {
        let method = "shop.inventory.v1.InventoryService/GetStock";
        let mut args = vec![
            "call",
            &bridge.address,
            method,
            "-d",
            "{\"sku\": \"KB-204-EU\"}",
            "--proto",
            "proto-samples",
        ];
        args.extend_from_slice(flags);
        let ran = wirelab(&args);
        let wanted = if code == 0 { 0 } else { 64 + code };
        assert_eq!(ran.code, wanted, "{flags:?}: {ran:?}");
    }
    let upgrade = [
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ];
    let answer = ask(&bridge.address, "GET", "/v1/stock:watch", &upgrade, b"");
    assert_eq!(answer.status, 401, "before the upgrade: {answer}");

    // A file of keys is read again.
    folder.write("keys", &format!("app {TWO} read\n"));
    eventually("the new key", || {
        let answer = ask(&bridge.address, "GET", STOCK, &["X-Api-Key: two"], b"");
        (answer.status == 200).then_some(())
    });
    assert_eq!(ask(&bridge.address, "GET", STOCK, &[KEY], b"").status, 401);
}

#[test]
fn too_much_is_told_to_wait() {
    let sample = Sample::start();
    let folder = Folder::new();
    let admission = json!({"limits": {"rate": 0.01, "burst": 2}, "trusted-proxies": 1});
    let bridge = bridge(&folder, &sample, admission);
    for (client, status) in [("a", 200), ("a", 200), ("a", 429), ("b", 200), ("a", 429)] {
        let ip = if client == "a" { "10.0.0.1" } else { "10.0.0.2" };
        let forwarded = format!("X-Forwarded-For: 6.6.6.6, {ip}");
        let answer = ask(&bridge.address, "GET", STOCK, &[&forwarded], b"");
        assert_eq!(answer.status, status, "{client}: {answer}");
        let wait = answer.header("retry-after").map(|wait| wait.parse::<u64>().unwrap());
        assert_eq!(status == 429, wait.is_some_and(|wait| (1..=100).contains(&wait)), "{answer:?}");
    }
}

#[test]
fn no_more_calls_are_under_way_than_may_be() {
    let sample = Sample::start();
    let folder = Folder::new();
    let bridge = bridge(&folder, &sample, json!({"limits": {"total": 1}}));
    let address = bridge.address.clone();
    let held = std::thread::spawn(move || {
        ask(&address, "GET", STOCK, &["Grpc-Metadata-Demo-Delay-Ms: 1500"], b"")
    });
    let open = "wirelab_bridge_open_calls{method=\"shop.inventory.v1.InventoryService/GetStock\"";
    eventually("the first call", || {
        (crate::metric(&bridge.address, open) == Some(1.0)).then_some(())
    });
    let answer = ask(&bridge.address, "GET", STOCK, &[], b"");
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")), "{answer}");
    assert_eq!(held.join().unwrap().status, 200);
    eventually("its place is free again", || {
        (ask(&bridge.address, "GET", STOCK, &[], b"").status == 200).then_some(())
    });
}
