//! JSON to wire and back: what is equal, what is refused and how.

mod common;

use common::{line, to_json, to_wire};
use wirelab_transcode::{MAX_DEPTH, Options};

const ALL: &str = "everything.Everything";
const OLD: &str = "older.Old";

#[test]
fn texts_come_back_as_they_were() {
    let check = |name, json: &str| {
        let wire = to_wire(name, json).map_err(|error| line(&error)).unwrap();
        assert_eq!(to_json(name, &wire, &Options::default()).unwrap(), json);
    };
    for json in [
        r#"{}"#,
        r#"{"aDouble":0.1,"aFloat":0.1,"anInt32":-1,"anInt64":"-9223372036854775808","aUint64":"18446744073709551615"}"#,
        r#"{"aDouble":5e-324,"aSint32":-2147483648,"aFixed32":4294967295,"aSfixed64":"-1"}"#,
        r#"{"aDouble":"NaN","aFloat":"-Infinity"}"#,
        r#"{"aDouble":9007199254740992.0,"aString":"tab\t \"quoted\" ünïcödé 🦀","someBytes":"AAH/"}"#,
        r#"{"status":"STATUS_CLOSED","states":["STATUS_OPEN","STATUS_UNSPECIFIED",42,"STATUS_BROKEN"]}"#,
        r#"{"maybe":0,"item":{},"items":[{"sku":"a"},{}],"names":["",""],"numbers":[0,1,-1],"loose":[1,2]}"#,
        r#"{"labels":{"tier":"gold"},"byNumber":{"-7":{"count":1}},"byBool":{"true":"1"}}"#,
        r#"{"nothing":{}}"#,
        r#"{"word":""}"#,
        r#"{"thing":{"sku":"x"}}"#,
        r#"{"inner":{"inner":{"inner":{"aBool":true}}}}"#,
        r#"{"at":"2026-11-21T09:31:00.000000001Z","took":"-1.500s","mask":"aString,item.sku"}"#,
        r#"{"free":{"a":[1.0,"x",null,true,{"b":{}}]},"value":null}"#,
        r#"{"any":{"@type":"type.googleapis.com/everything.Item","sku":"k"},"wrapped":"0"}"#,
        r#"{"any":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"3s"}}"#,
    ] {
        check(ALL, json);
    }
    check(
        OLD,
        r#"{"name":"","part":{"weight":0,"screw":[{"thread":"M3"},{}]},"[older.nick]":"n"}"#,
    );
    check(OLD, r#"{"name":"n","[older.marks]":[-1,1]}"#);
}

#[test]
fn options_change_the_form() {
    let wire = to_wire(ALL, r#"{"anInt32": 7, "status": 1, "items": [{}]}"#).unwrap();
    let item = to_wire("everything.Item", "{}").unwrap();
    let check = |name, wire: &[u8], options, expected: &str| {
        assert_eq!(to_json(name, wire, &options).unwrap(), expected, "{options:?}");
    };
    let plain = Options::default();
    let names = Options { original_names: true, ..plain };
    check(ALL, &wire, names, r#"{"an_int32":7,"status":"STATUS_OPEN","items":[{}]}"#);
    let numbers = Options { enums_as_numbers: true, ..plain };
    check(ALL, &wire, numbers, r#"{"anInt32":7,"status":1,"items":[{}]}"#);
    let defaults = Options { print_defaults: true, ..plain };
    check("everything.Item", &item, defaults, r#"{"sku":"","price":0.0,"count":0}"#);
    let pretty = Options { pretty: true, ..plain };
    check(
        ALL,
        &wire,
        pretty,
        "{\n  \"anInt32\": 7,\n  \"status\": \"STATUS_OPEN\",\n  \"items\": [\n    {}\n  ]\n}",
    );
}

#[test]
fn output_is_appended_and_left_alone_on_failure() {
    let codec = common::codec(ALL);
    let mut out = b"before ".to_vec();
    codec.json_to_wire(br#"{"anInt32": 1}"#, &mut out).unwrap();
    assert_eq!(out, b"before \x18\x01");
    codec.json_to_wire(br#"{"anInt32": 1, "nope": 2}"#, &mut out).unwrap_err();
    assert_eq!(out, b"before \x18\x01");

    let mut out = b"before ".to_vec();
    codec.wire_to_json(b"\x18\x01", &mut out, &Options::default()).unwrap();
    assert_eq!(out, br#"before {"anInt32":1}"#);
    let late = b"\x18\x01\xf2\x01\x0a\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f";
    codec.wire_to_json(late, &mut out, &Options::default()).unwrap_err();
    assert_eq!(out, br#"before {"anInt32":1}"#);
}

#[test]
fn wrong_texts_are_refused_with_their_place() {
    let mut report = String::new();
    for json in [
        "",
        "   ",
        "{",
        "nonsense",
        "[]",
        "null",
        "\"text\"",
        r#"{"anInt32": 1} x"#,
        r#"{"anInt32": 1}{}"#,
        r#"{"anInt32": 1,}"#,
        r#"{"anInt32": 01}"#,
        r#"{'anInt32': 1}"#,
        r#"{"an_int": 1}"#,
        r#"{"item": {"sky": 1}}"#,
        "{\n  \"items\": [\n    {\"sku\": \"ü\"},\n    {\"sku\": \"ü\", \"price\": \"dear\"}\n  ]\n}",
        r#"{"labels": {"tier one": 5}}"#,
        r#"{"byNumber": {"1": {"count": 2147483648}}}"#,
        r#"{"byNumber": {"one": {}}}"#,
        r#"{"anInt32": 1.5}"#,
        r#"{"anInt32": "x"}"#,
        r#"{"anInt64": "9223372036854775808"}"#,
        r#"{"aUint32": -1}"#,
        r#"{"aFloat": 1e39}"#,
        r#"{"aBool": "true"}"#,
        r#"{"someBytes": "%%%"}"#,
        r#"{"aString": "\ud800"}"#,
        r#"{"status": "STATUS_OPNE"}"#,
        r#"{"states": ["STATUS_OPEN", "OPEN"]}"#,
        r#"{"word": "a", "thing": {}}"#,
        r#"{"numbers": 1}"#,
        r#"{"numbers": [1, null]}"#,
        r#"{"at": "yesterday"}"#,
        r#"{"at": "10000-01-01T00:00:00Z"}"#,
        r#"{"took": "5 minutes"}"#,
        r#"{"mask": 1}"#,
        r#"{"any": {"sku": "x"}}"#,
        r#"{"any": {"@type": "type.googleapis.com/no.Such"}}"#,
        r#"{"any": {"@type": "type.googleapis.com/everything.Item", "sku": 1}}"#,
        r#"{"nothing": {"a": 1}}"#,
        r#"{"inner": {"items": [{}, {"count": {}}]}}"#,
    ] {
        match to_wire(ALL, json) {
            Ok(wire) => report += &format!("{json}\n    taken as {wire:?}\n"),
            Err(error) => report += &format!("{json}\n    {}\n", line(&error)),
        }
    }
    insta::assert_snapshot!(report);
}

#[test]
fn text_that_is_not_utf8_is_refused() {
    let mut wire = Vec::new();
    for json in [&b"{\"aString\": \"\xff\"}"[..], b"\xef\xbb\xbf{}", b"{\xff}", b"\0"] {
        let error = common::codec(ALL).json_to_wire(json, &mut wire).unwrap_err();
        assert!(error.line_column().is_some(), "{}", line(&error));
    }
}

#[test]
fn depth_is_limited() {
    let nested = |depth: usize| {
        let (open, close) = (r#"{"inner":"#.repeat(depth - 1), "}".repeat(depth - 1));
        format!("{open}{{}}{close}")
    };
    let wire = to_wire(ALL, &nested(MAX_DEPTH)).unwrap();
    assert_eq!(to_json(ALL, &wire, &Options::default()).unwrap(), nested(MAX_DEPTH));
    let error = to_wire(ALL, &nested(MAX_DEPTH + 1)).unwrap_err();
    assert_eq!(line(&error), "- @1:901: the JSON text is nested more than 100 deep");
    for hostile in ["[".repeat(1 << 20), r#"{"free":{"a":"#.repeat(1 << 16)] {
        to_wire(ALL, &hostile).unwrap_err();
    }
    let mut wire = Vec::new();
    for _ in 0..200 {
        let mut outer = vec![0xea, 0x01];
        prost::encoding::encode_varint(wire.len() as u64, &mut outer);
        outer.append(&mut wire);
        wire = outer;
    }
    let error = to_json(ALL, &wire, &Options::default()).unwrap_err();
    assert!(error.message().contains("nested more than 100 deep"), "{}", line(&error));
    let groups = vec![0x13; 1 << 20];
    to_json(OLD, &groups, &Options::default()).unwrap_err();
    assert!(common::codec(OLD).spans(&groups, 1 << 20).len() <= MAX_DEPTH);
}

#[test]
fn broken_wires_are_refused_with_their_offset() {
    let mut report = String::new();
    for (what, name, wire) in [
        ("cut tag", ALL, &b"\x18\x01\x80"[..]),
        ("cut varint", ALL, b"\x18\x01\x18\xff"),
        ("cut length", ALL, b"\x18\x01\x72\x05abc"),
        ("cut fixed64", ALL, b"\x09\0\0\0"),
        ("eleven byte varint", ALL, b"\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
        ("field number 0", ALL, b"\x18\x01\x00\x01"),
        ("wire type 7", ALL, b"\x1f"),
        ("wrong wire type", ALL, b"\x18\x01\x1a\x01a"),
        ("wrong wire type inside", ALL, b"\x9a\x01\x00\x9a\x01\x02\x08\x01"),
        ("not UTF-8", ALL, b"\x72\x02\xff\xfe"),
        ("not UTF-8 inside a map", ALL, b"\xc2\x01\x06\x0a\x01k\x12\x01\xff"),
        ("packed cut short", ALL, b"\xb2\x01\x03\0\0\0"),
        ("end of group", ALL, b"\x1c"),
        ("group left open", OLD, b"\x13\x18\x01"),
        ("wrong end of group", OLD, b"\x13\x18\x01\x1c"),
        ("timestamp out of range", ALL, b"\xf2\x01\x0a\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
        ("year 10000", ALL, b"\xea\x01\x0a\xf2\x01\x07\x08\x80\x83\xd1\xff\xaf\x07"),
        ("unknown Any", ALL, b"\x9a\x02\x05\x0a\x03a/b"),
    ] {
        match to_json(name, wire, &Options::default()) {
            Ok(json) => report += &format!("{what}\n    taken as {json}\n"),
            Err(error) => report += &format!("{what}\n    {}\n", line(&error)),
        }
    }
    insta::assert_snapshot!(report);
}
