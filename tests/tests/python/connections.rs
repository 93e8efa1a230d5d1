//! Below calls: TLS, certificates of clients, compression, connections that end.

use serde_json::{Value, json};
use wirelab_tests::api::Called;
use wirelab_tests::certificates::Authority;
use wirelab_tests::command::wirelab;
use wirelab_tests::servers::Python;
use wirelab_tests::studio::Studio;

/// A studio that has the server's schema by its reflection.
fn studio(endpoint: &Value) -> Studio {
    let studio = Studio::serve(&[]);
    let catalog = studio.ask("add_source", &json!({"Reflection": {"endpoint": endpoint}}));
    assert_eq!(catalog["sources"][0]["state"], "Ready", "{catalog}");
    studio
}

fn metadata(pairs: &[(&str, &str)]) -> Value {
    pairs.iter().map(|(key, value)| json!({"key": key, "value": {"Text": value}})).collect()
}

fn get_part(studio: &Studio, endpoint: &Value) -> Called {
    let spec = json!({"endpoint": endpoint, "method": "parts.v1.Parts/GetPart"});
    studio.call(&spec, &[json!({"id": "7"})])
}

#[test]
fn a_server_that_wants_tls_says_so() {
    let authority = Authority::new("authority of the test");
    let issued = authority.server(&["localhost", "127.0.0.1"]);
    let server = Python::start(&["--tls", &issued.certificate, &issued.key]);

    let plain = wirelab(&["list", &server.address]);
    assert_ne!(plain.code, 0, "{plain:?}");
    assert!(plain.err.contains("TLS") && plain.err.contains(&server.address), "{plain:?}");

    let untrusted = wirelab(&["list", &server.address, "--tls"]);
    assert_ne!(untrusted.code, 0, "{untrusted:?}");
    assert!(untrusted.err.contains("certificate"), "{untrusted:?}");
}

#[test]
fn a_client_is_known_by_its_certificate() {
    let (authority, other) = (Authority::new("authority of the test"), Authority::new("another"));
    let issued = authority.server(&["localhost", "127.0.0.1"]);
    let server = Python::start(&[
        "--tls",
        &issued.certificate,
        &issued.key,
        "--client-ca",
        &authority.file(),
    ]);
    let (client, stranger) = (authority.client("client"), other.client("stranger"));
    let endpoint = |options: Value| json!({"address": server.address, "tls": "System", "tls_options": options});
    let known =
        endpoint(json!({"ca": authority.file(), "cert": client.certificate, "key": client.key}));
    let studio = studio(&known);

    let called = get_part(&studio, &known);
    assert_eq!(called.code(), 0, "{called:?}");
    assert_eq!(called.answers[0]["name"], "part 7", "{called:?}");
    let tls = &called.record["tls"];
    assert_eq!((&tls["version"], &tls["alpn"]), (&json!("TLSv1.3"), &json!("h2")), "{tls}");
    assert_eq!(tls["client_certificate"], json!(true), "{tls}");
    assert_eq!(tls["insecure"], json!(false), "{tls}");
    assert_eq!(tls["chain"][0]["names"], json!(["localhost", "127.0.0.1"]), "{tls}");
    assert!(tls["chain"][0]["issuer"].to_string().contains("authority of the test"), "{tls}");

    // Verification off is said in the record.
    let insecure =
        endpoint(json!({"insecure": true, "cert": client.certificate, "key": client.key}));
    let called = get_part(&studio, &insecure);
    assert_eq!(called.code(), 0, "{called:?}");
    assert_eq!(called.record["tls"]["insecure"], json!(true), "{called:?}");

    for (options, problem) in [
        (json!({"ca": authority.file()}), "no certificate"),
        (
            json!({"ca": authority.file(), "cert": stranger.certificate, "key": stranger.key}),
            "a stranger's",
        ),
        (
            json!({"ca": other.file(), "cert": client.certificate, "key": client.key}),
            "another authority",
        ),
        (
            json!({
                "ca": authority.file(), "cert": client.certificate, "key": client.key,
                "server_name": "elsewhere.example",
            }),
            "another name",
        ),
    ] {
        let called = get_part(&studio, &endpoint(options));
        assert_eq!(called.code(), 14, "{problem}: {called:?}");
        let told = &called.record["status"]["problem"];
        assert_eq!(told["kind"], "Tls", "{problem}: {called:?}");
        assert!(told["message"].to_string().contains("certificate"), "{problem}: {told}");
    }
}

#[test]
fn messages_are_compressed_both_ways() {
    let server = Python::start(&[]);
    let endpoint = json!({"address": server.address});
    let studio = studio(&endpoint);
    for (compression, header) in [("Gzip", "gzip"), ("Deflate", "deflate")] {
        let spec = json!({
            "endpoint": endpoint,
            "method": "parts.v1.Parts/Echo",
            "compression": compression,
            "metadata": metadata(&[("compress", header)]),
        });
        let part = json!({"name": "abc".repeat(10_000)});
        let called = studio.call(&spec, &[part.clone(), json!({}), part.clone()]);
        assert_eq!(called.code(), 0, "{called:?}");
        assert_eq!(called.answers, [part.clone(), json!({}), part], "{compression}");
        let record = &called.record;
        for (bytes, compressed) in [
            (&record["totals"]["sent_bytes"], &record["sent_compressed"]),
            (&record["totals"]["received_bytes"], &record["received_compressed"]),
        ] {
            let bytes = bytes.as_u64().expect("a size");
            let compressed = compressed.as_u64().expect("a compressed size");
            assert!(
                bytes > 60_000 && compressed < bytes / 10,
                "{compression}: {bytes} {compressed}"
            );
        }
    }
}

#[test]
fn certificates_are_given_on_the_command_line() {
    let authority = Authority::new("authority of the test");
    let issued = authority.server(&["localhost", "127.0.0.1"]);
    let client = authority.client("client");
    let (ca, tls) = (authority.file(), [&issued.certificate, &issued.key]);
    let server = Python::start(&["--tls", tls[0], tls[1], "--client-ca", &ca]);
    let shown = ["-cert", &client.certificate, "-key", &client.key];
    for (trusted, warned) in [(&["-cacert", &ca][..], false), (&["-insecure"], true)] {
        let called = server.call("GetPart", &[&["-d", r#"{"id": 7}"#], trusted, &shown].concat());
        assert_eq!(called.code, 0, "{called:?}");
        assert!(called.out.contains("part 7"), "{called:?}");
        assert_eq!(called.err.contains("verif"), warned, "{called:?}");
    }
    let unknown = server.call("GetPart", &["-cacert", &ca]);
    // Reflection fails before the call.
    assert_eq!(unknown.code, 1, "{unknown:?}");
    assert!(unknown.err.contains("wants a client certificate"), "{unknown:?}");
}

/// The server ends connections that have lasted a while by GOAWAY; calls that are open go on there.
#[test]
fn connections_that_grow_old_are_replaced() {
    let server = Python::start(&["--max-connection-age-ms", "300"]);
    let endpoint = json!({"address": server.address});
    let studio = studio(&endpoint);
    let spec = json!({
        "endpoint": endpoint,
        "method": "parts.v1.Parts/ListParts",
        "metadata": metadata(&[("interval-ms", "100")]),
    });
    let long = studio.call(&spec, &[json!({"count": 10})]);
    assert_eq!((long.code(), long.answers.len()), (0, 10), "{long:?}");
    let next = get_part(&studio, &endpoint);
    assert_eq!(next.code(), 0, "{next:?}");
    assert_eq!(next.record["timings"]["reused"], json!(false), "{next:?}");
}

#[test]
fn a_warm_connection_is_told_from_a_cold_one() {
    let server = Python::start(&[]);
    let endpoint = json!({"address": server.address});
    let studio = studio(&endpoint);
    let warm = get_part(&studio, &endpoint);
    assert_eq!(warm.record["timings"]["reused"], json!(true), "{warm:?}");
    let spec = json!({"endpoint": endpoint, "method": "parts.v1.Parts/GetPart", "cold": true});
    let cold = studio.call(&spec, &[json!({})]);
    assert_eq!((cold.code(), &cold.record["timings"]["reused"]), (0, &json!(false)), "{cold:?}");
}
