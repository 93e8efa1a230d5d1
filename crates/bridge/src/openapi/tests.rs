//! The document of the test schema, and where it is served.

use super::page::{DOCUMENT, PAGE};
use super::*;
use crate::Options;
use crate::bridge::Bridge;
use crate::rules::tests::schema;
use axum::body::Body;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use std::sync::Arc;
use wirelab_call::scripted::Scripted;

fn bridge(open_api: OpenApi) -> Bridge {
    let options = Options { open_api, ..Options::default() };
    Bridge::new(schema(), Arc::new(Scripted::new(vec![])), options).expect("rules that can be")
}

async fn ask(bridge: &Bridge, method: Method, path: &str) -> (StatusCode, String, String) {
    let request =
        Request::builder().method(method).uri(path).body(Body::empty()).expect("a request");
    let response = bridge.handle(request).await;
    let policy = response.headers().get("content-security-policy").cloned();
    let status = response.status();
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    let text = String::from_utf8(body.to_vec()).expect("a text");
    (status, policy.map_or_else(String::new, |p| p.to_str().expect("a text").to_owned()), text)
}

fn secured() -> OpenApi {
    OpenApi {
        title: "Rules".to_owned(),
        servers: vec!["https://api.example.com/base".to_owned()],
        security: vec![Security::Bearer, Security::ApiKey { header: "x-api-key".to_owned() }],
        ..OpenApi::default()
    }
}

#[tokio::test]
async fn the_document_says_what_is_served() {
    let (status, _, text) = ask(&bridge(secured()), Method::GET, DOCUMENT).await;
    assert_eq!(status, StatusCode::OK);
    let document: Value = serde_json::from_str(&text).expect("JSON");
    insta::assert_snapshot!(serde_json::to_string_pretty(&document).expect("JSON"));
}

/// A reference that leads nowhere, or a parameter that its path does not have, breaks every tool that reads the document.
#[tokio::test]
async fn references_and_parameters_are_there() {
    fn references<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|value| references(value, found));
            }
            Value::Array(elements) => elements.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let (_, _, text) = ask(&bridge(OpenApi::default()), Method::GET, DOCUMENT).await;
    let document: Value = serde_json::from_str(&text).expect("JSON");
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 10, "{found:?}");
    for reference in found {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    for (path, item) in document["paths"].as_object().expect("paths") {
        for operation in item.as_object().expect("operations").values() {
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let names = parameters
                .iter()
                .filter(|p| p["in"] == "path")
                .map(|p| format!("{{{}}}", p["name"].as_str().unwrap()));
            let names: Vec<String> = names.collect();
            assert_eq!(names.len(), path.matches('{').count(), "{path}");
            assert!(names.iter().all(|name| path.contains(name)), "{path}: {names:?}");
        }
    }
}

#[tokio::test]
async fn the_page_may_do_nothing_beyond_its_own() {
    let bridge = bridge(OpenApi::default());
    for path in [PAGE, "/docs/docs.js", "/docs/try.js", "/docs/docs.css", DOCUMENT] {
        let (status, policy, text) = ask(&bridge, Method::GET, path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(
            !text.is_empty() && !text.contains("://") || path == DOCUMENT,
            "{path} goes elsewhere"
        );
    }
    let (status, ..) = ask(&bridge, Method::GET, "/docs/other.js").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, ..) = ask(&bridge, Method::POST, DOCUMENT).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn nothing_is_served_when_it_shall_not_be() {
    let bridge = bridge(OpenApi { serve: false, ..OpenApi::default() });
    for path in [PAGE, DOCUMENT] {
        let (status, ..) = ask(&bridge, Method::GET, path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
}

/// What each method wants is what the policy says of it.
#[tokio::test]
async fn the_policy_is_told() {
    let keys = tempfile::NamedTempFile::new().expect("a file");
    let admission = |rules: Value| {
        let keys = json!({"file": keys.path(), "header": "X-Key", "query": "the key"});
        json!({"api-keys": keys, "client-certificates": true, "rules": rules})
    };
    let told = async |admission: Value| {
        let admission = serde_json::from_value(admission).expect("a policy");
        let options = Options { admission, ..Options::default() };
        let calls = Arc::new(Scripted::new(vec![]));
        let bridge = Bridge::new(schema(), calls, options).expect("rules that can be");
        let (.., text) = ask(&bridge, Method::GET, DOCUMENT).await;
        serde_json::from_str::<Value>(&text).expect("JSON")
    };
    let open = told(json!({})).await;
    assert!(open["security"].is_null() && open["components"]["securitySchemes"].is_null());
    let all = told(admission(json!([]))).await;
    let any = json!([{"x-key": []}, {"the_key-in-query": []}, {"client-certificate": []}]);
    assert_eq!(all["security"], any);
    let schemes = json!({
        "x-key": {"type": "apiKey", "in": "header", "name": "x-key"},
        "the_key-in-query": {"type": "apiKey", "in": "query", "name": "the key"},
        "client-certificate": {"type": "mutualTLS"},
    });
    assert_eq!(all["components"]["securitySchemes"], schemes);
    let operations = |document: &Value| -> Vec<Value> {
        let paths = document["paths"].as_object().expect("paths").values();
        paths.flat_map(|item| item.as_object().expect("operations").values().cloned()).collect()
    };
    let methods: Vec<Value> =
        operations(&all).iter().map(|operation| operation["x-grpc-method"].clone()).collect();
    let [Some(first), Some(second)] = [methods.first(), methods.last()] else { panic!("{all}") };
    assert_ne!(first, second);
    let some = told(admission(json!([
        {"methods": [first], "allow": "anyone"},
        {"methods": [second], "scopes": ["write"]},
    ])))
    .await;
    for operation in operations(&some) {
        let scoped = json!(
            [{"x-key": ["write"]}, {"the_key-in-query": ["write"]}, {"client-certificate": ["write"]}]
        );
        let wanted = if operation["x-grpc-method"] == *first { json!([]) } else { scoped };
        assert_eq!(operation["security"], wanted, "{operation}");
    }
    let none = told(admission(json!([{"methods": ["*"], "allow": "nobody"}]))).await;
    assert!(operations(&none).is_empty(), "{none}");
}
