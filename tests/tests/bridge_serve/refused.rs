//! Requests that become no call: each is counted and logged, and nothing secret of it is told.

use crate::{Folder, STOCK, metric_becomes};
use serde_json::{Value, json};
use wirelab_tests::http::ask;
use wirelab_tests::process::eventually;
use wirelab_tests::servers::{Bridge, Sample};

const GET_STOCK: &str = "shop.inventory.v1.InventoryService/GetStock";
const HELLO: &str = "helloworld.Greeter/SayHello";
const SOCKET: [&str; 4] = [
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 12",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

/// A request and what the log says of it.
struct Case {
    method: &'static str,
    target: &'static str,
    headers: &'static [&'static str],
    body: &'static [u8],
    face: &'static str,
    status: u16,
    said: Value,
}

fn cases() -> Vec<Case> {
    let case = |method, target, headers, body, face, status, said| Case {
        method,
        target,
        headers,
        body,
        face,
        status,
        said,
    };
    vec![
        case(
            "GET",
            "/v1/nothing?token=hunter2",
            &[],
            b"",
            "rest",
            404,
            json!({"path": "/v1/nothing", "verb": "GET", "code": "NOT_FOUND", "method": null}),
        ),
        case("PUT", "/v1/stock/x?a=hunter2", &[], b"", "rest", 405, json!({"path": "/v1/stock/x"})),
        case(
            "GET",
            "/v1/stock/KB-204?hunter2=1",
            &["X-Api-Key: secret"],
            b"",
            "rest",
            400,
            json!({"method": GET_STOCK, "path": null, "code": "INVALID_ARGUMENT"}),
        ),
        case(
            "POST",
            "/helloworld.Greeter/SayHello",
            &["X-Api-Key: secret", "Content-Type: application/json"],
            b"{\"hunter2\": ",
            "rest",
            400,
            json!({"method": HELLO, "client": "127.0.0.1"}),
        ),
        case("GET", STOCK, &[], b"", "rest", 401, json!({"method": GET_STOCK})),
        case("GET", STOCK, &["X-Api-Key: hunter2"], b"", "rest", 401, json!({"method": GET_STOCK})),
        case(
            "POST",
            "/user.v1.UserService/GetUser",
            &["X-Api-Key: secret"],
            b"{}",
            "rest",
            403,
            json!({"code": "PERMISSION_DENIED"}),
        ),
        case(
            "OPTIONS",
            "/v1/stock/x",
            &["Origin: https://a.example", "Access-Control-Request-Method: PUT"],
            b"",
            "rest",
            403,
            json!({"verb": "OPTIONS"}),
        ),
        case(
            "POST",
            "/helloworld.Greeter/SayHello",
            &["Sec-Fetch-Site: cross-site", "Content-Type: application/json"],
            b"{}",
            "rest",
            403,
            json!({"verb": "POST"}),
        ),
        case("GET", "/v1/stock:watch", &SOCKET, b"", "websocket", 426, json!({"verb": "GET"})),
        case(
            "POST",
            "/helloworld.Greeter/SayHello",
            &["Content-Type: application/proto"],
            b"",
            "connect",
            401,
            json!({"method": HELLO, "code": "UNAUTHENTICATED"}),
        ),
        case(
            "POST",
            "/helloworld.Greeter/SayHello",
            &["Content-Type: application/grpc-web"],
            b"",
            "grpc-web",
            200,
            json!({"method": HELLO, "code": "UNAUTHENTICATED"}),
        ),
        case(
            "POST",
            "/helloworld.Greeter/SayHello",
            &["Content-Type: application/grpc"],
            b"",
            "grpc",
            505,
            json!({"path": "/helloworld.Greeter/SayHello", "code": null}),
        ),
    ]
}

#[test]
fn each_is_a_line_and_a_count() {
    const SECRET: &str = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
    let sample = Sample::start();
    let folder = Folder::new();
    let keys = folder.write("keys", &format!("app {SECRET}\n"));
    let rules = json!([{"methods": ["shop.*", "helloworld.*"]}]);
    let admission = json!({"api-keys": {"file": keys}, "rules": rules});
    let config = folder.write("bridge.json", &json!({"admission": admission}).to_string());
    let flags = ["--config", &config, "--access-log", "--log-format", "json"];
    let bridge = Bridge::before(&sample.address, &flags);
    let lines = || -> Vec<Value> {
        let said = bridge.said();
        let lines = said.lines().filter_map(|line| serde_json::from_str(line).ok());
        lines.filter(|line: &Value| line["target"] == "wirelab_bridge::access").collect()
    };
    for (number, case) in cases().into_iter().enumerate() {
        let Case { method, target, headers, body, face, status, said } = case;
        let answer = ask(&bridge.address, method, target, headers, body);
        assert_eq!(answer.status, status, "{method} {target} {headers:?}: {answer}");
        // One line each, also for what was let in before it was refused.
        let line = eventually("a line of the log", || lines().get(number).cloned());
        assert_eq!((&line["face"], &line["http"]), (&json!(face), &json!(status)), "{line}");
        for (key, value) in said.as_object().unwrap() {
            assert_eq!(line[key], *value, "{method} {target}: {line}");
        }
    }
    let count = |face: &str, status: u16| {
        cases().iter().filter(|case| case.face == face && case.status == status).count()
    };
    for (face, status) in [("rest", 401), ("rest", 404), ("websocket", 426), ("grpc-web", 200)] {
        let metric = format!("wirelab_bridge_refusals_total{{face=\"{face}\",code=\"{status}\"}}");
        metric_becomes(&bridge.address, &metric, count(face, status) as f64);
    }
    assert_eq!(ask(&bridge.address, "GET", STOCK, &["X-Api-Key: secret"], b"").status, 200);
    let last = eventually("the line of a call", || lines().get(cases().len()).cloned());
    assert_eq!((&last["code"], &last["http"]), (&json!("OK"), &Value::Null), "{last}");
    let said = bridge.said();
    for secret in ["hunter2", "secret", "KB-204"] {
        assert!(!said.contains(secret), "{secret} in {said}");
    }
}
