//! What a server says of itself: reflection, health, channelz.

use crate::values;
use serde_json::{Value, json};
use wirelab_tests::command::wirelab;
use wirelab_tests::conversation::Conversation;
use wirelab_tests::servers::Python;

#[test]
fn what_the_server_offers_is_listed_and_described() {
    let server = Python::start(&[]);
    let listed = wirelab(&["list", &server.address]);
    assert_eq!((listed.code, &*listed.err), (0, ""), "{listed:?}");
    let services: Vec<&str> = listed.out.lines().collect();
    assert!(services.contains(&"parts.v1.Parts"), "{services:?}");
    for service in ["grpc.health.v1.Health", "grpc.channelz.v1.Channelz"] {
        assert!(services.contains(&service), "{services:?} lacks {service}");
    }

    let methods = wirelab(&["list", "parts.v1.Parts", &server.address]);
    assert_eq!(
        methods.out.lines().collect::<Vec<_>>(),
        ["GetPart", "ListParts", "AddParts", "Echo"].map(|name| format!("parts.v1.Parts/{name}"))
    );

    let described = wirelab(&["describe", "parts.v1.Part", &server.address]);
    assert_eq!(described.code, 0, "{described:?}");
    insta::assert_snapshot!(described.out.trim_end(), @r"
    message Part {
      int64 id = 1;
      string name = 2;
      repeated string tags = 3;
      google.protobuf.Timestamp made_at = 4;
    }
    ");
}

#[test]
fn health_is_checked_and_watched() {
    let server = Python::start(&[]);
    let check = |service: &str| {
        let data = json!({ "service": service }).to_string();
        wirelab(&["call", &server.address, "grpc.health.v1.Health/Check", "-d", &data])
    };
    assert_eq!(values(&check("").out), [json!({"status": "SERVING"})]);
    let unknown = check("no.such.Service");
    assert_eq!(unknown.code, 69, "{unknown:?}");

    let mut watch = Conversation::start(&[&server.address, "grpc.health.v1.Health/Watch"]);
    watch.say(&json!({}));
    // The one request of a method that takes one is sent when it is known to be alone.
    watch.finish();
    assert_eq!(watch.hear(), json!({"status": "SERVING"}));
    for status in ["NOT_SERVING", "SERVING"] {
        let called = server.call("GetPart", &["-d", "{}", "-H", &format!("health: {status}")]);
        assert_eq!(called.code, 0, "{called:?}");
        assert_eq!(watch.hear(), json!({ "status": status }));
    }
}

/// Its answers are of files that the server's reflection gives, with wrappers, Any and addresses as bytes.
#[test]
fn channelz_tells_of_the_call_that_asks() {
    let server = Python::start(&[]);
    let call = |method: &str, data: Value| {
        let (method, data) = (format!("grpc.channelz.v1.Channelz/{method}"), data.to_string());
        let called = wirelab(&["call", &server.address, &method, "-d", &data]);
        assert_eq!((called.code, &*called.err), (0, ""), "{called:?}");
        values(&called.out).remove(0)
    };
    assert_eq!(server.call("GetPart", &["-d", "{}"]).code, 0);
    let servers = call("GetServers", json!({}));
    let found = &servers["server"][0];
    let started = found["data"]["callsStarted"].as_str().and_then(|text| text.parse::<u64>().ok());
    assert!(started.is_some_and(|started| started >= 2), "{servers}");
    let id = &found["ref"]["serverId"];

    assert_eq!(call("GetServer", json!({ "serverId": id }))["server"]["ref"]["serverId"], *id);
    let sockets = call("GetServerSockets", json!({ "serverId": id }));
    let socket = &sockets["socketRef"][0]["socketId"];
    assert!(socket.is_string(), "{sockets}");
    let missing = wirelab(&[
        "call",
        &server.address,
        "grpc.channelz.v1.Channelz/GetSocket",
        "-d",
        r#"{"socketId": "999999"}"#,
    ]);
    assert_eq!(missing.code, 69, "{missing:?}");
}
