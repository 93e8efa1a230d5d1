//! Calls of all four kinds, their metadata, deadlines and deaths.

use crate::values;
use serde_json::{Value, json};
use wirelab_tests::command::wirelab;
use wirelab_tests::servers::Python;

#[test]
fn every_kind_is_called() {
    let server = Python::start(&[]);
    let part = |id: i64, second: &str| {
        json!({
            "id": id.to_string(), "name": format!("part {id}"), "tags": ["a", "b"],
            "madeAt": format!("2023-11-14T22:13:{second}Z"),
        })
    };
    let cases = [
        ("GetPart", r#"{"id": "7"}"#, vec![part(7, "27")]),
        // 64-bit numbers stay whole beyond what a double holds.
        (
            "AddParts",
            r#"{"id": "9223372036854775807", "name": "first"} {"name": "second"}"#,
            vec![json!({"added": 2, "last": "second"})],
        ),
        (
            "ListParts",
            r#"{"count": 2}"#,
            vec![
                json!({"name": "part 0", "tags": ["a", "b"], "madeAt": "2023-11-14T22:13:20Z"}),
                part(1, "21"),
            ],
        ),
        (
            "Echo",
            r#"{"id": "-9223372036854775808"} {"tags": ["x"]} {}"#,
            vec![json!({"id": "-9223372036854775808"}), json!({"tags": ["x"]}), json!({})],
        ),
    ];
    for (method, data, expected) in cases {
        let called = server.call(method, &["-d", data]);
        assert_eq!((called.code, &*called.err), (0, ""), "{method}: {called:?}");
        assert_eq!(values(&called.out), expected, "{method}");
    }
}

/// The server decodes and encodes by its own understanding of the edition: delimited messages, lists that are not
/// packed, fields with implicit and explicit presence.
#[test]
fn services_of_editions_are_described_and_called() {
    let server = Python::start(&[]);
    let described = wirelab(&["describe", "parts.v2.Drawer", &server.address]);
    assert_eq!(described.code, 0, "{described:?}");
    insta::assert_snapshot!(described.out.trim_end(), @r#"
    edition = "2023";
    option features.field_presence = IMPLICIT;

    message Drawer {
      string label = 1;
      int32 explicit = 2 [features.field_presence = EXPLICIT];
      Drawer inner = 3 [features.message_encoding = DELIMITED];
      repeated int32 shelves = 4 [features.repeated_field_encoding = EXPANDED];
    }
    "#);
    for (data, expected) in [
        (
            r#"{"label": "out", "explicit": 0, "inner": {"label": "in"}, "shelves": [1, 2, 300]}"#,
            json!({"label": "in", "explicit": 0, "inner": {"label": "out"}, "shelves": [300, 2, 1]}),
        ),
        (r#"{"label": ""}"#, json!({})),
    ] {
        let called = wirelab(&["call", &server.address, "parts.v2.Drawers/Turn", "-d", data]);
        assert_eq!((called.code, &*called.err), (0, ""), "{data}: {called:?}");
        assert_eq!(values(&called.out), [expected], "{data}");
    }
}

#[test]
fn metadata_goes_both_ways_whole() {
    let server = Python::start(&[]);
    let sent = ["mirror: one", "mirror: two", "mirror-bin: AAH/"];
    let mut arguments = vec!["-d", "{}", "--json"];
    sent.iter().for_each(|header| arguments.extend(["-H", header]));
    let called = server.call("GetPart", &arguments);
    assert_eq!(called.code, 0, "{called:?}");
    let lines = values(&called.out);
    let end = lines.last().expect("a line for the status");
    let pairs = |name: &str| {
        let list = end[name].as_array().expect("a list").clone();
        list.into_iter()
            .filter(|pair| pair[0] != "content-type" && pair[0] != "grpc-accept-encoding")
    };
    let mirrored = json!([["mirror", "one"], ["mirror", "two"], ["mirror-bin", "AAH/"]]);
    let mirrored = mirrored.as_array().expect("a list");
    for name in ["headers", "trailers"] {
        let got: Vec<Value> = pairs(name).collect();
        for pair in mirrored {
            assert!(got.contains(pair), "{name}: {got:?} lacks {pair}");
        }
        let repeated: Vec<&Value> = got.iter().filter(|pair| pair[0] == "mirror").collect();
        assert_eq!(repeated, [&mirrored[0], &mirrored[1]], "{name}");
    }
    assert!(pairs("trailers").any(|pair| pair == json!(["served-by", "python"])));
}

#[test]
fn a_deadline_ends_a_call() {
    let server = Python::start(&[]);
    let called = server.call("GetPart", &["-H", "delay-ms: 20000", "--deadline", "300ms"]);
    assert_eq!(called.code, 68, "{called:?}");
    assert!(called.err.contains("DEADLINE_EXCEEDED"), "{called:?}");
}

#[test]
fn what_came_before_a_server_died_is_kept() {
    let server = Python::start(&[]);
    let called = server.call("ListParts", &["-d", r#"{"count": 9}"#, "-H", "die-after: 4"]);
    assert_eq!(called.code, 78, "{called:?}");
    assert_eq!(values(&called.out).len(), 4, "{called:?}");
    assert!(called.err.contains(&server.address), "{called:?}");
}
