//! The map of a message's bytes.

mod common;

use common::{codec, to_wire};
use std::fmt::Write;

const ALL: &str = "everything.Everything";
const OLD: &str = "older.Old";

/// The map as text: one line a span, indented by depth.
fn map(name: &str, wire: &[u8]) -> String {
    let mut text = String::new();
    for span in codec(name).spans(wire, 1000) {
        let indent = "  ".repeat(span.depth as usize);
        let _ = writeln!(
            text,
            "{indent}{}..{}..{} {} #{} {} = {}",
            span.start, span.value, span.end, span.path, span.number, span.wire_type, span.text
        );
    }
    text
}

#[test]
fn every_kind_of_field_has_its_bytes() {
    let scalars = to_wire(
        ALL,
        r#"{"aDouble": 0.5, "aFloat": -2, "anInt32": -1, "anInt64": "-1", "aUint32": 7, "aUint64": "7",
            "aSint32": -7, "aSint64": "-7", "aFixed32": 1, "aFixed64": "1", "aSfixed32": -1, "aSfixed64": "-1",
            "aBool": true, "aString": "KB-204 \"x\" and a good deal more than forty characters",
            "someBytes": "AAECAwQFBgcICQ==", "status": "STATUS_OPEN"}"#,
    );
    let nested = to_wire(
        ALL,
        r#"{"items": [{"sku": "a"}, {"sku": "b", "count": 1840}], "names": ["x", "y"], "numbers": [1, 300],
            "doubles": [1, 2.5], "states": ["STATUS_CLOSED", 42], "loose": [1, 2], "item": {},
            "labels": {"tier": "gold"}, "byNumber": {"0": {"count": 1}}, "byBool": {"true": "5"},
            "inner": {"inner": {"maybe": 0}}, "at": "2026-11-21T09:31:00Z", "wrapped": "9"}"#,
    );
    let old = to_wire(
        OLD,
        r#"{"name": "n", "part": {"weight": 2, "screw": [{"thread": "M3"}, {}]}, "[older.nick]": "nick",
            "[older.marks]": [-1, 1]}"#,
    );
    let scalars = map(ALL, &scalars.unwrap());
    let (nested, old) = (map(ALL, &nested.unwrap()), map(OLD, &old.unwrap()));
    insta::assert_snapshot!(format!("scalars\n{scalars}\nnested\n{nested}\nold\n{old}"));
}

#[test]
fn unknown_and_broken_parts_are_shown_as_far_as_they_go() {
    let mut text = String::new();
    for (what, wire) in [
        (
            "unknown varint, i64, i32",
            &b"\xf8\x3e\x07\xf9\x3e\x01\0\0\0\0\0\0\0\xfd\x3e\x02\0\0\0"[..],
        ),
        ("unknown len: text, bytes, empty", b"\xfa\x3e\x02hi\xfa\x3e\x02\x00\x01\xfa\x3e\x00"),
        ("unknown group", b"\xfb\x3e\x08\x01\x13\x14\xfc\x3e\x18\x01"),
        ("wrong wire type", b"\x1a\x01a\x18\x01"),
        ("broken tail", b"\x18\x01\x72\x05abc"),
        ("broken inside", b"\x92\x01\x04\x0a\x01a\x0a\x18\x01"),
        ("open group", b"\xfb\x3e\x08\x01"),
        ("end without begin", b"\x18\x01\x1c\x18\x02"),
        ("packed cut short", b"\xaa\x01\x03\x01\x02\xff\x18\x01"),
        (
            "map entry without key, twice the key",
            b"\xc2\x01\x03\x12\x01v\xc2\x01\x06\x0a\x01a\x0a\x01b",
        ),
        ("empty", b""),
    ] {
        let _ = writeln!(text, "{what}\n{}", map(ALL, wire));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn the_list_is_bounded() {
    let many = to_wire(ALL, &format!(r#"{{"anInt32": 1, "numbers": [{}1]}}"#, "1,".repeat(9999)));
    let many = many.unwrap();
    let spans = codec(ALL).spans(&many, 1000);
    let paths: Vec<_> = spans.iter().map(|span| span.path.as_str()).collect();
    assert_eq!(paths.len(), 2 + 64);
    assert_eq!(spans[1].text, "10000 values");
    assert_eq!(paths.last(), Some(&"numbers[63]"));
    for limit in 0..5 {
        assert_eq!(codec(ALL).spans(&many, limit).len(), limit);
    }
}
