//! The OpenAPI document, judged by a validator that others wrote after the specification.

use serde_json::Value;
use std::io::Write;
use std::process::{Command, Stdio};
use wirelab_tests::http::ask;
use wirelab_tests::outside;
use wirelab_tests::servers::{Bridge, Sample};

const JUDGE: &str = "import json, sys
from openapi_spec_validator import OpenAPIV31SpecValidator
for fault in OpenAPIV31SpecValidator(json.load(sys.stdin)).iter_errors():
    print('/'.join(str(step) for step in fault.absolute_path), fault.message.split(chr(10))[0])";

/// What is wrong with a document.
fn faults(document: &Value) -> String {
    let mut judge = Command::new(outside::python())
        .args(["-c", JUDGE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python starts");
    let text = document.to_string();
    judge.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("it is read");
    let output = judge.wait_with_output().expect("it ends");
    assert!(output.status.success(), "the judge fails");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn the_document_is_openapi() {
    let sample = Sample::start();
    let bridge = Bridge::before(&sample.address, &[]);
    let answer = ask(&bridge.address, "GET", "/openapi.json", &[], b"");
    assert_eq!(answer.status, 200, "{answer}");
    let mut document = answer.json();
    assert!(document["paths"]["/v1/stock/{sku}"]["get"].is_object(), "{document:#}");
    assert_eq!(faults(&document), "");
    // So is one that says what a client has to show.
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("a file");
        folder.path().join(name).display().to_string()
    };
    let key = serde_json::json!({"keys": [{"kty": "oct", "alg": "HS256", "k": "c2VjcmV0"}]});
    let admission = serde_json::json!({
        "api-keys": {"file": file("keys", ""), "query": "key"},
        "jwt": [{"keys": file("jwks", &key.to_string()), "algorithms": ["HS256"]}],
        "rules": [
            {"methods": ["helloworld.*"], "allow": "anyone"},
            {"methods": ["shop.*"], "scopes": ["shop.read"]},
        ],
    });
    let config = file("bridge.json", &serde_json::json!({"admission": admission}).to_string());
    let secured = Bridge::before(&sample.address, &["--config", &config]);
    let told = ask(&secured.address, "GET", "/openapi.json", &[], b"").json();
    assert_eq!(faults(&told), "");
    let wanted = &told["paths"]["/v1/stock/{sku}"]["get"]["security"];
    assert_eq!(wanted[0], serde_json::json!({"bearer": ["shop.read"]}), "{told:#}");
    // The judge sees what is wrong.
    document["paths"]["/v1/stock/{sku}"]["get"]["parameters"][0]["in"] = Value::from("nowhere");
    assert_ne!(faults(&document), "");
}
