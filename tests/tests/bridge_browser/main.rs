//! Pages of another origin that call through the bridge by the npm packages `grpc-web` and `@connectrpc/connect-web`,
//! neither of them built or changed, in Chromium.

mod pages;

use pages::Pages;
use serde_json::{Value, json};
use std::panic::resume_unwind;
use wirelab_tests::browser::{DESK, Shell};
use wirelab_tests::servers::{Bridge, Sample, rest_descriptors};

/// Every kind of detail that the sample server gives.
const DETAILS: [&str; 10] = [
    "google.rpc.RetryInfo",
    "google.rpc.DebugInfo",
    "google.rpc.QuotaFailure",
    "google.rpc.ErrorInfo",
    "google.rpc.PreconditionFailure",
    "google.rpc.BadRequest",
    "google.rpc.RequestInfo",
    "google.rpc.ResourceInfo",
    "google.rpc.Help",
    "google.rpc.LocalizedMessage",
];

/// What a client has to see, in the words that it has for codes.
fn wanted([cancelled, late, not_found, unavailable]: [Value; 4]) -> Value {
    let failed = |code: &Value, messages: &[&str], message: &str| {
        json!({
            "messages": messages, "code": code, "message": message, "details": DETAILS, "reason": "DEMO_FAILURE",
        })
    };
    json!({
        "unary": {"messages": ["hällo"]},
        "unary with metadata": {"messages": ["hi"], "header": "seen", "trailer": "seen"},
        "unary that fails": failed(&not_found, &[], "no such: 100%"),
        "unary with bytes as metadata": {"messages": ["hi"], "header": "AAH+/w", "trailer": "AAH+/w"},
        "unary, large": true,
        "unary that is late": late,
        "stream": {"messages": ["hällo", "hällo", "hällo", "hällo"]},
        "stream with metadata": {"messages": ["hi"], "header": "seen", "trailer": "seen"},
        "stream that fails": failed(&not_found, &[], "no such: 100%"),
        "stream with bytes as metadata":
            {"messages": ["hi"], "header": "AAH+/w", "trailer": "AAH+/w"},
        "stream that the page aborts": {"messages": ["hi"], "code": cancelled},
        "stream that fails on its way":
            failed(&unavailable, &["hi", "hi"], "failed as asked"),
    })
}

#[tokio::test]
async fn pages_call_by_every_client() {
    let sample = Sample::start();
    let folder = tempfile::tempdir().expect("a folder");
    let descriptors = rest_descriptors(folder.path());
    let pages = Pages::serve(&descriptors);
    let descriptors = descriptors.display().to_string();
    let bridge = Bridge::before(
        &sample.address,
        &["--protoset", &descriptors, "--cors-origin", &pages.origin],
    );
    let shell =
        Shell::chromium(&format!("{}/?bridge=http://{}", pages.origin, bridge.address), DESK).await;
    let screen = shell.screen.clone();
    let seen = tokio::task::LocalSet::new()
        .run_until(async {
            tokio::task::spawn_local(async move { screen.reads("#result", "}").await }).await
        })
        .await;
    let seen = match seen {
        Ok(text) => serde_json::from_str::<Value>(&text).expect("JSON"),
        Err(failure) => {
            eprintln!("what the page complained about: {:#?}", shell.screen.complaints().await);
            resume_unwind(failure.into_panic());
        }
    };
    shell.screen.close().await;
    let words = ["Canceled", "DeadlineExceeded", "NotFound", "Unavailable"];
    let words = wanted(words.map(|word| json!(word)));
    let numbers = wanted([1, 4, 5, 14].map(|number| json!(number)));
    let mut binary = numbers.clone();
    binary["stream that the page aborts"] = json!({});
    for (client, wanted) in [
        ("connect-web", &words),
        ("connect-web, binary", &words),
        ("connect-web, GET", &words),
        ("connect-web, gRPC-Web", &words),
        ("grpc-web", &numbers),
        ("grpc-web, binary", &binary),
    ] {
        for (name, wanted) in wanted.as_object().expect("cases") {
            assert_eq!(&seen[client][name], wanted, "{client}: {name}");
        }
    }
}

/// A page of an origin that was not named gets nothing.
#[tokio::test]
async fn other_pages_are_kept_out() {
    let sample = Sample::start();
    let folder = tempfile::tempdir().expect("a folder");
    let descriptors = rest_descriptors(folder.path());
    let pages = Pages::serve(&descriptors);
    let descriptors = descriptors.display().to_string();
    let bridge = Bridge::before(
        &sample.address,
        &["--protoset", &descriptors, "--cors-origin", "https://page.example"],
    );
    let shell =
        Shell::chromium(&format!("{}/?bridge=http://{}", pages.origin, bridge.address), DESK).await;
    let screen = &shell.screen;
    let text = screen.reads("#result", "}").await;
    let seen: Value = serde_json::from_str(&text).expect("JSON");
    for (client, cases) in seen.as_object().expect("clients") {
        let case = &cases["unary"];
        assert_eq!(case["messages"], json!([]), "{client}");
        assert!(case["code"].is_string() || case["code"].is_number(), "{client}: {case}");
    }
    shell.screen.close().await;
}
