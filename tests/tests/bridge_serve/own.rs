//! What the bridge itself says to the server behind it, and to the collector of its traces.

use crate::{Folder, STOCK, metric_becomes};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use std::collections::BTreeSet;
use wirelab_tests::certificates::Authority;
use wirelab_tests::http::ask;
use wirelab_tests::process::eventually;
use wirelab_tests::servers::{Bridge, Sample, Web};

#[test]
fn it_goes_before_what_clients_say() {
    let (sample, folder) = (Sample::start(), Folder::new());
    let token = format!("bearer:file:{}", folder.write("token", "s3cret-one\n"));
    let flags = ["--upstream-auth", &token, "--upstream-header", "X-Tenant: acme", "--access-log"];
    let bridge = Bridge::before(&sample.address, &flags);
    let echoed = |name: &str| {
        let headers = [
            "Authorization: Bearer client",
            "Grpc-Metadata-X-Tenant: evil",
            "Grpc-Metadata-Demo-Echo-Metadata: true",
        ];
        let answer = ask(&bridge.address, "GET", STOCK, &headers, b"");
        assert_eq!(answer.status, 200, "{answer}");
        let of = |(key, _): &&(String, String)| key.ends_with(name);
        let values = answer.headers.iter().filter(of).map(|(_, value)| value.clone());
        // The server echoes in headers and in trailers.
        values.collect::<BTreeSet<String>>().into_iter().collect::<Vec<String>>()
    };
    assert_eq!(echoed("authorization"), ["Bearer s3cret-one"]);
    assert_eq!(echoed("x-tenant"), ["acme"]);
    folder.write("token", "s3cret-two");
    eventually("the new token", || {
        (echoed("authorization") == ["Bearer s3cret-two"]).then_some(())
    });
    let counted = "wirelab_bridge_reloads_total{what=\"credentials\",result=\"taken\"}";
    metric_becomes(&bridge.address, counted, 1.0);
    assert!(!bridge.said().contains("s3cret"), "{}", bridge.said());
}

#[test]
fn a_server_that_wants_a_key_gets_it_for_its_schema_too() {
    const SECRET: &str = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
    let (sample, folder) = (Sample::start(), Folder::new());
    let keys = folder.write("keys", &format!("app {SECRET}\n"));
    let config = json!({"admission": {"api-keys": {"file": keys}}}).to_string();
    let inner =
        Bridge::before(&sample.address, &["--config", &folder.write("inner.json", &config)]);
    assert_eq!(ask(&inner.address, "GET", STOCK, &[], b"").status, 401);
    let variables = [("INNER_KEY", "secret")];
    let flags = ["--upstream-auth", "api-key:x-api-key:env:INNER_KEY"];
    let outer = Bridge::among(&variables, &inner.address, &flags);
    eventually("its schema is known", || {
        (ask(&outer.address, "GET", STOCK, &[], b"").status == 200).then_some(())
    });
}

#[test]
fn traces_go_by_tls_with_what_the_environment_says() {
    let authority = Authority::new("collector");
    let web = Web::start(Some(&authority.server(&["127.0.0.1"])));
    let (sample, ca) = (Sample::start(), authority.file());
    let bridge = Bridge::among(
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &web.url),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", &ca),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=acme%20inc,authorization=Bearer%20s3cret"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
            ("OTEL_RESOURCE_ATTRIBUTES", "k8s.pod.name=pod-7"),
        ],
        &sample.address,
        &[],
    );
    assert_eq!(ask(&bridge.address, "GET", STOCK, &[], b"").status, 200);
    let post = web.posted();
    let wanted = [
        ("content-type", "application/x-protobuf"),
        ("content-encoding", "gzip"),
        ("x-tenant", "acme inc"),
        ("authorization", "Bearer s3cret"),
    ];
    for (name, value) in wanted {
        assert_eq!(post["headers"][name], value, "{post}");
    }
    assert_eq!(post["path"], "/v1/traces");
    let body = STANDARD.decode(post["body"].as_str().expect("a text")).expect("base64");
    assert!(body.starts_with(&[0x1f, 0x8b]), "it is gzip: {body:?}");
    assert!(
        !bridge.said().contains("s3cret") && !bridge.said().contains("lost"),
        "{}",
        bridge.said()
    );
}
