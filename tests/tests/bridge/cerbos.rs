//! Ours beside Cerbos's own REST face (grpc-gateway v2, in the same process as its gRPC), on the same Cerbos, from what
//! its reflection says alone.

use crate::cases::Case;
use serde_json::{Map, Value};
use std::fmt::Write as _;
use wirelab_tests::command::wirelab;
use wirelab_tests::http::{Answer, ask};
use wirelab_tests::process::eventually;
use wirelab_tests::servers::{Bridge, Cerbos};

/// What differs from one call to the next, whoever makes it, or from one checkout to the other.
const CHANGING: [&str; 5] = ["address", "callId", "cerbosCallId", "directory", "timestamp"];

/// Takes out what differs; members are told in one order, which maps of Go do not have.
fn settled(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut kept: Vec<(String, Value)> = members
                .into_iter()
                .filter(|(name, _)| !CHANGING.contains(&name.as_str()))
                .map(|(name, value)| (name, settled(value)))
                .collect();
            kept.sort_by(|(one, _), (other, _)| one.cmp(other));
            Value::Object(Map::from_iter(kept))
        }
        Value::Array(values) => values.into_iter().map(settled).collect(),
        other => other,
    }
}

/// An answer as the table tells it; `address` is where it came from.
fn told(answer: &Answer, address: &str) -> String {
    let text = answer.text().replace(address, "HERE");
    let values = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
    let values: Vec<String> = values
        .map(|value| settled(value.unwrap_or_else(|_| Value::String(text.clone()))).to_string())
        .collect();
    format!("{} {} {}", answer.status, answer.media(), values.join(" "))
}

#[test]
fn the_profile_of_grpc_gateway_does_as_that_of_cerbos() {
    let cerbos = Cerbos::start();
    // Cerbos has its marshaler leave out what is empty, which is not what grpc-gateway does by itself.
    let arguments = ["--profile", "grpc-gateway", "--print-defaults", "false"];
    let ours = Bridge::before(&cerbos.address, &arguments);
    // One decision, so that both have the same log to tell; it is written within a second.
    let decide =
        |body: &str| ask(&cerbos.rest, "POST", "/api/check/resources", &[], body.as_bytes());
    let decision = r#"{"principal": {"id": "anna", "roles": ["user"]}, "resources": [{"actions": ["view"],
        "resource": {"kind": "album", "id": "a", "attr": {"public": true}}}]}"#;
    assert_eq!(decide(decision).status, 200, "{}", cerbos.said());
    let log = Case {
        line: "GET /admin/auditlog/list/KIND_DECISION?tail=9 | authorization: Basic Y2VyYm9zOmNlcmJvc0FkbWlu",
        why: None,
    };
    eventually("the decision is logged", || {
        log.ask(&cerbos.rest).text().contains("anna").then_some(())
    });

    let (mut all, mut wrong) = (String::new(), String::new());
    for case in Case::all(include_str!("cerbos.txt")) {
        let theirs = told(&case.ask(&cerbos.rest), &cerbos.rest);
        let mine = told(&case.ask(&ours.address), &ours.address);
        let _ = writeln!(all, "{}", case.line);
        match (theirs == mine, case.why) {
            (true, None) => {
                let _ = writeln!(all, "  = {theirs}");
            }
            (false, Some(why)) => {
                let _ = writeln!(all, "  cerbos {theirs}\n  ours   {mine}\n  ! {why}");
            }
            (equal, why) => {
                let _ = writeln!(
                    wrong,
                    "{}\n  cerbos {theirs}\n  ours   {mine}\n  {equal} {why:?}",
                    case.line
                );
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}\n{}", ours.said());
    insta::assert_snapshot!(all);
}

/// Its reflection has both versions, of which clients prefer the newer.
#[test]
fn reflection_of_both_versions_goes_through() {
    let cerbos = Cerbos::start();
    let ours = Bridge::before(&cerbos.address, &[]);
    for arguments in [&["list"][..], &["list", "cerbos.svc.v1.CerbosService"]] {
        let list = |address: &str| {
            let ran = wirelab(&[arguments, &[address]].concat());
            assert_eq!(ran.code, 0, "{ran:?}");
            ran.out
        };
        let (direct, through) = (list(&cerbos.address), list(&ours.address));
        assert_eq!(direct, through, "{}", ours.said());
        assert!(direct.contains("Cerbos"), "{direct}");
    }
    let described = |address: &str| {
        let ran = wirelab(&["describe", "cerbos.svc.v1.CerbosService", address]);
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.out
    };
    assert_eq!(described(&cerbos.address), described(&ours.address));
}
