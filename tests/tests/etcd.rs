//! `wirelab` against etcd: a server in Go without reflection, by the `.proto` files that it ships.

use serde_json::{Value, json};
use wirelab_tests::command::wirelab;
use wirelab_tests::conversation::Conversation;
use wirelab_tests::outside;
use wirelab_tests::servers::Etcd;

/// The answers to a call that succeeds.
fn answers(server: &Etcd, method: &str, data: &Value) -> Vec<Value> {
    let ran = server.run(method, data);
    assert_eq!((ran.code, &*ran.err), (0, ""), "{method}: {ran:?}");
    serde_json::Deserializer::from_str(&ran.out)
        .into_iter::<Value>()
        .map(|value| value.unwrap_or_else(|error| panic!("{error} in {}", ran.out)))
        .collect()
}

fn answer(server: &Etcd, method: &str, data: Value) -> Value {
    let mut answers = answers(server, method, &data);
    assert_eq!(answers.len(), 1, "{method}: {answers:?}");
    answers.remove(0)
}

fn converse(server: &Etcd, method: &str) -> Conversation {
    let (method, schema) = (format!("etcdserverpb.{method}"), Etcd::schema());
    let mut arguments = vec![&*server.address, &method];
    arguments.extend(schema.iter().map(String::as_str));
    Conversation::start(&arguments)
}

#[test]
fn its_files_load_with_the_options_that_they_define() {
    let root = outside::etcd_protos();
    let file = root.join("etcd/raft/raftpb/raft.proto").display().to_string();
    let import = root.display().to_string();
    let described =
        wirelab(&["describe", "raftpb.Snapshot", "--proto", &file, "--import-path", &import]);
    assert_eq!((described.code, &*described.err), (0, ""), "{described:?}");
    insta::assert_snapshot!(described.out.trim_end(), @r"
    message Snapshot {
      optional bytes data = 1;
      optional SnapshotMetadata metadata = 2 [(gogoproto.nullable) = false];
    }
    ");

    // Some files of the tree import others by paths of Go's; they alone are lost.
    let folder = root.join("etcd").display().to_string();
    let listed = wirelab(&["list", "--proto", &folder, "--import-path", &import]);
    assert_eq!(listed.code, 0, "{listed:?}");
    insta::assert_snapshot!(listed.out.trim_end());
    insta::assert_snapshot!(listed.err.replace(&import, "PROTOS").trim_end());
}

#[test]
fn keys_are_put_read_and_changed_in_transactions() {
    let server = Etcd::start();
    let put = answer(&server, "KV/Put", json!({"key": "YQ==", "value": "b25l"}));
    assert_eq!(put["header"]["revision"], json!("2"), "{put}");
    let previous = json!({"key": "YQ==", "value": "dHdv", "prevKv": true});
    let put = answer(&server, "KV/Put", previous);
    assert_eq!(put["prevKv"]["value"], json!("b25l"), "{put}");
    answer(&server, "KV/Put", json!({"key": "Yg==", "value": "//79"}));

    // All keys of one letter, the last first.
    let range = json!({"key": "YQ==", "rangeEnd": "eg==", "sortOrder": "DESCEND"});
    let got = answer(&server, "KV/Range", range);
    let pairs: Vec<_> = got["kvs"].as_array().expect("keys").iter().collect();
    assert_eq!(got["count"], json!("2"), "{got}");
    assert_eq!((&pairs[0]["key"], &pairs[0]["value"]), (&json!("Yg=="), &json!("//79")), "{got}");
    assert_eq!((&pairs[1]["key"], &pairs[1]["version"]), (&json!("YQ=="), &json!("2")), "{got}");

    let once = json!({
        "compare": [{"key": "Yw==", "target": "VERSION", "result": "EQUAL", "version": "0"}],
        "success": [{"requestPut": {"key": "Yw==", "value": "MQ=="}}],
        "failure": [{"requestRange": {"key": "Yw=="}}],
    });
    let first = answer(&server, "KV/Txn", once.clone());
    assert_eq!(first["succeeded"], json!(true), "{first}");
    let second = answer(&server, "KV/Txn", once);
    assert_eq!(second.get("succeeded"), None, "{second}");
    let found = &second["responses"][0]["responseRange"]["kvs"][0]["value"];
    assert_eq!(*found, json!("MQ=="), "{second}");

    let refused = server.run("KV/Range", &json!({}));
    assert_eq!(refused.code, 67, "{refused:?}");
    for words in ["INVALID_ARGUMENT", "key is not provided"] {
        assert!(refused.err.contains(words), "{refused:?}");
    }
}

#[test]
fn events_of_a_watch_arrive_while_it_is_open() {
    let server = Etcd::start();
    let mut watch = converse(&server, "Watch/Watch");
    watch.say(&json!({"createRequest": {"key": "YQ==", "prevKv": true}}));
    let created = watch.hear();
    assert_eq!(created["created"], json!(true), "{created}");

    for (value, before) in [("MQ==", None), ("Mg==", Some("MQ=="))] {
        answer(&server, "KV/Put", json!({"key": "YQ==", "value": value}));
        let told = watch.hear();
        let event = &told["events"][0];
        assert_eq!(event["kv"]["value"], json!(value), "{told}");
        assert_eq!(event["prevKv"]["value"].as_str(), before, "{told}");
    }
    answer(&server, "KV/DeleteRange", json!({"key": "YQ=="}));
    let told = watch.hear();
    assert_eq!(told["events"][0]["type"], json!("DELETE"), "{told}");

    // A second watch in the same call, from the first revision on.
    watch.say(&json!({"createRequest": {"key": "YQ==", "startRevision": "2"}}));
    let created = watch.hear();
    assert_eq!((&created["created"], &created["watchId"]), (&json!(true), &json!("1")));
    let told = watch.hear();
    assert_eq!(told["events"].as_array().map(Vec::len), Some(3), "{told}");

    watch.say(&json!({"cancelRequest": {"watchId": "1"}}));
    let canceled = watch.hear();
    assert_eq!((&canceled["canceled"], &canceled["watchId"]), (&json!(true), &json!("1")));
    // etcd goes on watching when nothing more is asked for, until the call is cancelled.
    let (rest, code, complaints) = watch.interrupt();
    assert_eq!((rest.len(), code), (0, 65), "{rest:?} {complaints}");
    assert!(complaints.contains("CANCELLED"), "{complaints}");
}

#[test]
fn a_lease_is_kept_alive_and_takes_its_keys_along() {
    let server = Etcd::start();
    let lease = answer(&server, "Lease/LeaseGrant", json!({"TTL": "3600"}));
    let id = &lease["ID"];
    assert!(id.is_string(), "{lease}");
    answer(&server, "KV/Put", json!({"key": "YQ==", "value": "MQ==", "lease": id}));

    let mut alive = converse(&server, "Lease/LeaseKeepAlive");
    for _ in 0..3 {
        alive.say(&json!({"ID": id}));
        let kept = alive.hear();
        assert_eq!((&kept["ID"], &kept["TTL"]), (id, &json!("3600")), "{kept}");
    }
    // A lease that nobody has.
    alive.say(&json!({"ID": "7"}));
    let unknown = alive.hear();
    assert_eq!(unknown.get("TTL"), None, "{unknown}");
    let (rest, code, complaints) = alive.end();
    assert_eq!((rest.len(), code, &*complaints), (0, 0, ""), "{rest:?}");

    answer(&server, "Lease/LeaseRevoke", json!({"ID": id}));
    let gone = answer(&server, "KV/Range", json!({"key": "YQ=="}));
    assert_eq!(gone.get("kvs"), None, "{gone}");
}

#[test]
fn a_snapshot_streams_whole() {
    let server = Etcd::start();
    // The store is sent in pieces of 32 KiB.
    let value = "AAAA".repeat(16 * 1024);
    for key in ["YQ==", "Yg==", "Yw=="] {
        answer(&server, "KV/Put", json!({"key": key, "value": value}));
    }
    let pieces = answers(&server, "Maintenance/Snapshot", &json!({}));
    assert!(pieces.len() > 4, "{} pieces", pieces.len());
    let mut remaining = None;
    let (data, checksum) = pieces.split_at(pieces.len() - 1);
    for piece in data {
        let left: u64 =
            piece["remainingBytes"].as_str().map_or(0, |text| text.parse().expect("a number"));
        let size = bytes(&piece["blob"]);
        if let Some(before) = remaining {
            assert_eq!(before, left + size);
        }
        remaining = Some(left);
    }
    assert_eq!(remaining, Some(0));
    assert_eq!(bytes(&checksum[0]["blob"]), 32, "SHA-256 of the whole");
}

/// How many bytes base64 text stands for.
fn bytes(text: &Value) -> u64 {
    let text = text.as_str().expect("base64");
    let padding = text.len() - text.trim_end_matches('=').len();
    (text.len() / 4 * 3 - padding) as u64
}
