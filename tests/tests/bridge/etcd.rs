//! Ours beside etcd's own REST face (grpc-gateway v1, in the same process as its gRPC), on the same etcd.

use crate::cases::Case;
use serde_json::Value;
use std::fmt::Write as _;
use wirelab_tests::http::Answer;
use wirelab_tests::outside;
use wirelab_tests::servers::{Bridge, Etcd};

/// What differs from one call to the next, whoever makes it.
const CHANGING: [&str; 9] = [
    "revision",
    "mod_revision",
    "create_revision",
    "version",
    "ID",
    "raftIndex",
    "dbSize",
    "raft_index",
    "clientURLs",
];

/// Takes out what differs from one call to the next.
pub fn settle(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !CHANGING.contains(&name.as_str()));
            members.values_mut().for_each(settle);
        }
        Value::Array(values) => values.iter_mut().for_each(settle),
        _ => {}
    }
}

fn told(answer: &Answer) -> String {
    let lines = answer.text();
    let values = serde_json::Deserializer::from_str(&lines).into_iter::<Value>();
    let values: Vec<String> = values
        .map(|value| {
            let mut value = value.unwrap_or_else(|_| Value::String(lines.clone()));
            settle(&mut value);
            value.to_string()
        })
        .collect();
    format!("{} {} {}", answer.status, answer.media(), values.join(" "))
}

#[test]
fn the_profile_of_grpc_gateway_does_as_etcds() {
    let etcd = Etcd::with_rest();
    let ours = bridge(&etcd);
    let (mut all, mut wrong) = (String::new(), String::new());
    for case in Case::all(include_str!("etcd.txt")) {
        // Etcd's own first, so that ours finds what it would have found.
        let theirs = told(&case.ask(&etcd.address));
        let mine = told(&case.ask(&ours.address));
        let _ = writeln!(all, "{}", case.line);
        match (theirs == mine, case.why) {
            (true, None) => {
                let _ = writeln!(all, "  = {theirs}");
            }
            (false, Some(why)) => {
                let _ = writeln!(all, "  etcd {theirs}\n  ours {mine}\n  ! {why}");
            }
            (equal, why) => {
                let _ = writeln!(
                    wrong,
                    "{}\n  etcd {theirs}\n  ours {mine}\n  {equal} {why:?}",
                    case.line
                );
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}\n{}", ours.said());
    insta::assert_snapshot!(anonymous(&all));
}

/// Ours in front of it, with its rules.
pub fn bridge(etcd: &Etcd) -> Bridge {
    let schema = Etcd::schema();
    let rules = outside::checkout("tests/tests/bridge/etcd.yaml").display().to_string();
    let mut arguments = vec!["--profile", "grpc-gateway-v1", "--rules", &rules];
    arguments.extend(schema.iter().map(String::as_str));
    Bridge::before(&etcd.address, &arguments)
}

/// Puts names in the place of numbers that each etcd has of its own.
pub fn anonymous(text: &str) -> String {
    let mut text = text.to_owned();
    for (name, begin) in [("CLUSTER", "\"cluster_id\":\""), ("MEMBER", "\"member_id\":\"")] {
        let id = text.split(begin).nth(1).and_then(|rest| rest.split('"').next());
        text = text.replace(&id.expect("an id").to_owned(), name);
    }
    text
}
