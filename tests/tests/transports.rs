//! gRPC-Web and Connect against the stacks that others call them with: Connect's own server for Node, and Envoy in
//! front of Python's grpcio.

use serde_json::{Value, json};
use wirelab_tests::api::Called;
use wirelab_tests::certificates::Authority;
use wirelab_tests::servers::{Connect, Envoy, Python, protos};
use wirelab_tests::studio::Studio;

/// A studio that has the schema of both servers from its text.
fn studio() -> Studio {
    let studio = Studio::serve(&[]);
    let path = protos().join("parts/v1/parts.proto").display().to_string();
    let catalog = studio.ask("add_source", &json!({"Files": {"path": path, "import_roots": []}}));
    assert_eq!(catalog["sources"][0]["state"], "Ready", "{catalog}");
    studio
}

fn endpoint(address: &str, transport: &str, http: &str) -> Value {
    json!({"address": address, "transport": transport, "http": http})
}

fn text(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"Text": value}})
}

fn call(
    studio: &Studio,
    endpoint: &Value,
    method: &str,
    metadata: &[Value],
    requests: &[Value],
) -> Called {
    let method = format!("parts.v1.Parts/{method}");
    studio.call(&json!({"endpoint": endpoint, "method": method, "metadata": metadata}), requests)
}

/// Calls a method of each kind; `bidi` is whether the one that streams both ways can be called.
fn every_kind_works(studio: &Studio, endpoint: &Value, bidi: bool) {
    let part = |id: i64, second: &str| {
        json!({
            "id": id.to_string(), "name": format!("part {id}"), "tags": ["a", "b"],
            "madeAt": format!("2023-11-14T22:13:{second}Z"),
        })
    };
    let large = json!({"id": "-9223372036854775808", "name": "ä".repeat(50_000)});
    let echoed = vec![large.clone(), json!({}), large.clone()];
    let cases = [
        ("GetPart", vec![json!({"id": "7"})], vec![part(7, "27")]),
        ("ListParts", vec![json!({"count": 0})], vec![]),
        (
            "ListParts",
            vec![json!({"count": 2})],
            vec![
                json!({"name": "part 0", "tags": ["a", "b"], "madeAt": "2023-11-14T22:13:20Z"}),
                part(1, "21"),
            ],
        ),
        (
            "AddParts",
            vec![json!({"name": "first"}), large, json!({"name": "last"})],
            vec![json!({"added": 3, "last": "last"})],
        ),
        ("AddParts", vec![], vec![json!({})]),
        ("Echo", echoed.clone(), echoed),
    ];
    for (method, requests, expected) in cases {
        let called = call(studio, endpoint, method, &[], &requests);
        if method == "Echo" && !bidi {
            let problem = &called.record["status"]["problem"];
            assert_eq!((called.code(), &problem["kind"]), (3, &json!("Mismatch")), "{called:?}");
            assert!(problem["message"].to_string().contains("HTTP/1.1"), "{endpoint}: {problem}");
            assert_eq!(
                called.record["peer"],
                Value::Null,
                "{endpoint}: said before anything is sent"
            );
            continue;
        }
        assert_eq!(called.code(), 0, "{endpoint}: {method}: {:?}", called.record);
        assert!(called.answers == expected, "{endpoint}: {method}: {:?}", called.answers);
    }
}

/// Of both stacks, by each protocol that they speak, over each version of HTTP.
const NODE: [&str; 3] = ["GrpcWeb", "Connect", "ConnectJson"];
const ENVOY: [&str; 2] = ["GrpcWeb", "GrpcWebText"];

#[test]
fn every_kind_is_called_by_every_protocol_of_connect() {
    let (studio, server) = (studio(), Connect::start(&[]));
    for transport in NODE {
        every_kind_works(&studio, &endpoint(&server.http1, transport, "Http1"), false);
        every_kind_works(&studio, &endpoint(&server.http2, transport, "Http2"), true);
    }
    every_kind_works(&studio, &endpoint(&server.http2, "Grpc", "Auto"), true);
}

#[test]
fn every_kind_is_called_through_envoy() {
    let (studio, server) = (studio(), Python::start(&[]));
    let envoy = Envoy::before(&server.address);
    for transport in ENVOY {
        every_kind_works(&studio, &endpoint(&envoy.address, transport, "Http1"), false);
        every_kind_works(&studio, &endpoint(&envoy.address, transport, "Http2"), true);
    }
    every_kind_works(&studio, &endpoint(&envoy.address, "Grpc", "Auto"), true);
}

#[test]
fn failures_come_with_their_details() {
    let (studio, node, python) = (studio(), Connect::start(&[]), Python::start(&[]));
    let envoy = Envoy::before(&python.address);
    let node = NODE.map(|transport| (endpoint(&node.http1, transport, "Http1"), "node"));
    let envoy = ENVOY.map(|transport| (endpoint(&envoy.address, transport, "Http1"), "python"));
    for (endpoint, server) in node.into_iter().chain(envoy) {
        let cases = [
            ("GetPart", vec![text("fail", "NOT_FOUND")], 5, 0),
            ("ListParts", vec![text("fail", "ABORTED")], 10, 0),
            ("AddParts", vec![text("fail", "DATA_LOSS")], 15, 0),
            ("ListParts", vec![text("fail", "UNAUTHENTICATED"), text("fail-after", "3")], 16, 3),
        ];
        for (method, metadata, code, received) in cases {
            if server == "python" && received > 0 {
                // That server fails at once or never.
                continue;
            }
            let request = if method == "ListParts" { json!({"count": 9}) } else { json!({}) };
            let called = call(&studio, &endpoint, method, &metadata, &[request]);
            assert_eq!(called.code(), code, "{endpoint}: {method}: {called:?}");
            assert_eq!(called.answers.len(), received, "{endpoint}: {method}: {called:?}");
            let status = &called.record["status"];
            assert_eq!(status["message"], "asked to fail", "{endpoint}: {method}: {status}");
            let details = studio.ask("status_details", &status["details"]);
            assert_eq!(details[0]["type_name"], "google.rpc.BadRequest", "{endpoint}: {details}");
            let detail = details[0]["json"].as_str().expect("a text");
            assert!(detail.contains("no such part"), "{endpoint}: {method}: {detail}");
        }
    }
}

#[test]
fn metadata_goes_both_ways_whole() {
    let (studio, node, python) = (studio(), Connect::start(&[]), Python::start(&[]));
    let envoy = Envoy::before(&python.address);
    let sent = [
        text("mirror", "one"),
        json!({"key": "mirror-bin", "value": {"Binary": "AAH/"}}),
        text("mirror-other", "two words"),
    ];
    let node = NODE.map(|transport| (endpoint(&node.http1, transport, "Http1"), "node"));
    let envoy = ENVOY.map(|transport| (endpoint(&envoy.address, transport, "Http2"), "python"));
    for (endpoint, server) in node.into_iter().chain(envoy) {
        for method in ["GetPart", "ListParts"] {
            let called = call(&studio, &endpoint, method, &sent, &[json!({})]);
            assert_eq!(called.code(), 0, "{endpoint}: {called:?}");
            for (part, more) in [("headers", None), ("trailers", Some(text("served-by", server)))] {
                let got = called.record[part].as_array().expect("a list");
                for entry in sent.iter().chain(&more) {
                    assert!(got.contains(entry), "{endpoint}: {method}: {part}: {got:?}");
                }
            }
        }
    }
}

#[test]
fn messages_are_compressed_both_ways() {
    let (studio, node) = (studio(), Connect::start(&[]));
    for transport in NODE {
        for (method, answers) in [("AddParts", 1), ("GetPart", 1), ("ListParts", 2)] {
            let requests = match method {
                "AddParts" => vec![json!({"name": "abc".repeat(10_000)}); 2],
                "ListParts" => vec![json!({"count": 2})],
                _ => vec![json!({"id": "7"})],
            };
            let spec = json!({
                "endpoint": endpoint(&node.http1, transport, "Http1"),
                "method": format!("parts.v1.Parts/{method}"),
                "compression": "Gzip",
            });
            let called = studio.call(&spec, &requests);
            assert_eq!(called.code(), 0, "{transport}: {method}: {called:?}");
            assert_eq!(called.answers.len(), answers, "{transport}: {method}: {called:?}");
            let size = |field: &Value| field.as_u64().unwrap_or_default();
            let record = &called.record;
            if method == "AddParts" {
                let (whole, went) =
                    (size(&record["totals"]["sent_bytes"]), size(&record["sent_compressed"]));
                assert!(
                    went > 0 && went < whole / 10,
                    "{transport}: {went} of {whole}: {called:?}"
                );
            }
        }
    }
}

#[test]
fn deadlines_and_what_is_not_there_end_calls() {
    let (studio, node) = (studio(), Connect::start(&[]));
    for transport in NODE {
        let endpoint = endpoint(&node.http1, transport, "Http1");
        let spec = json!({
            "endpoint": endpoint,
            "method": "parts.v1.Parts/GetPart",
            "metadata": [text("delay-ms", "20000")],
            "deadline_ms": 300,
        });
        let called = studio.call(&spec, &[json!({})]);
        assert_eq!(called.code(), 4, "{endpoint}: {called:?}");
    }
    // Its gRPC-Web is the binary form only; it says so by HTTP's 415.
    let endpoint = endpoint(&node.http1, "GrpcWebText", "Http1");
    let called = call(&studio, &endpoint, "GetPart", &[], &[json!({})]);
    assert_ne!(called.code(), 0, "{called:?}");
    let problem = called.record["status"]["problem"].to_string();
    assert!(problem.contains("415"), "{problem}");
}

#[test]
fn alpn_chooses_the_version_of_http() {
    let authority = Authority::new("authority of the test");
    let issued = authority.server(&["localhost", "127.0.0.1"]);
    let node = Connect::start(&["--tls", &issued.certificate, &issued.key]);
    let studio = studio();
    for (transport, http, alpn) in [
        ("Connect", "Auto", "h2"),
        ("Connect", "Http1", "http/1.1"),
        ("ConnectJson", "Http2", "h2"),
        ("GrpcWeb", "Auto", "h2"),
        ("GrpcWeb", "Http1", "http/1.1"),
        ("Grpc", "Auto", "h2"),
    ] {
        let mut endpoint = endpoint(&node.http2, transport, http);
        endpoint["tls"] = json!("System");
        endpoint["tls_options"] = json!({"ca": authority.file()});
        every_kind_works(&studio, &endpoint, alpn == "h2");
        let called = call(&studio, &endpoint, "GetPart", &[], &[json!({})]);
        assert_eq!(called.record["tls"]["alpn"], alpn, "{endpoint}: {called:?}");
    }
}
