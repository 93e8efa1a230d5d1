//! Where the fields of a wire are in its JSON text.

mod common;

use common::{codec, to_json, to_wire};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write;
use wirelab_transcode::{FieldSpan, Options};

const ALL: &str = "everything.Everything";
const OLD: &str = "older.Old";

fn map(name: &str, wire: &[u8], options: &Options) -> (String, Vec<FieldSpan>) {
    let json = to_json(name, wire, options).unwrap();
    let spans = codec(name).byte_map(wire, json.as_bytes(), 1000);
    (json, spans)
}

/// Each field with what it takes on the wire (tag, length, value), in compact JSON, and its place in the text.
fn report(name: &str, wire: &[u8], options: &Options) -> String {
    let (json, spans) = map(name, wire, options);
    let mut text = format!("{json}\n");
    for span in spans {
        let FieldSpan { start, length, value, end, path, .. } = span;
        let indent = "  ".repeat(span.depth as usize);
        let sizes = format!("{}+{}+{}", length - start, value - length, end - value);
        let place = span.json.map_or("–".to_owned(), |place| {
            let found = &json[place.start as usize..place.end as usize];
            assert!(place.start <= place.value && place.value <= place.end, "{path}");
            format!("{} {}", place.compact, found.split_whitespace().collect::<Vec<_>>().join(" "))
        });
        let _ = writeln!(text, "{indent}{path} {sizes} {place}");
    }
    text
}

#[test]
fn every_kind_of_field_has_its_place() {
    let wire = to_wire(
        ALL,
        r#"{"aDouble": 0.5, "anInt64": "-1", "aString": "a \"b\" {c}, [d]", "someBytes": "AAEC", "status": "STATUS_OPEN",
            "items": [{"sku": "a"}, {"sku": "b", "count": 1840}], "names": ["x", ""], "numbers": [1, 300],
            "loose": [1, 2], "item": {}, "labels": {"tier": "gold", "a\nb": "c"}, "byNumber": {"-7": {"count": 1}},
            "byBool": {"true": "5"}, "inner": {"inner": {"maybe": 0}}, "at": "2026-11-21T09:31:00Z", "wrapped": "9",
            "free": {"k": [1.5, {"l": null}]}, "any": {"@type": "type.googleapis.com/everything.Item", "sku": "z"},
            "thing": {"sku": "t"}, "nothing": {}}"#,
    );
    let old = to_wire(
        OLD,
        r#"{"name": "n", "part": {"weight": 2, "screw": [{"thread": "M3"}, {}]}, "[older.nick]": "nick",
            "[older.marks]": [-1, 1]}"#,
    );
    let wire = wire.unwrap();
    let compact = report(ALL, &wire, &Options::default());
    let options = Options { pretty: true, original_names: true, ..Options::default() };
    let pretty = report(ALL, &wire, &options);
    // The layout changes places, not what fields take in compact JSON.
    let sizes = |options| {
        let spans = map(ALL, &wire, options).1.into_iter();
        spans.map(|span| span.json.map(|place| place.compact)).collect::<Vec<_>>()
    };
    let spaced = Options { pretty: true, ..Options::default() };
    assert_eq!(sizes(&Options::default()), sizes(&spaced));
    let old = report(OLD, &old.unwrap(), &Options::default());
    insta::assert_snapshot!(format!("{compact}\n{pretty}\n{old}"));
}

/// Fields that come several times, and such as the text does not have.
#[test]
fn what_was_replaced_has_no_place() {
    let wires = |texts: &[&str]| -> Vec<u8> {
        texts.iter().flat_map(|text| to_wire(ALL, text).unwrap()).collect()
    };
    let mut text = String::new();
    for (what, wire) in [
        ("a scalar set twice", wires(&[r#"{"aString": "old"}"#, r#"{"aString": "new"}"#])),
        (
            "a scalar set to zero again",
            [wires(&[r#"{"anInt32": 5}"#]), b"\x18\x00".to_vec()].concat(),
        ),
        ("a split message", wires(&[r#"{"item": {"sku": "s"}}"#, r#"{"item": {"count": 1}}"#])),
        (
            "a list in a split message",
            wires(&[r#"{"inner": {"names": ["a"]}}"#, r#"{"inner": {"names": ["b", "c"]}}"#]),
        ),
        ("a packed list in two pieces", wires(&[r#"{"numbers": [1, 2]}"#, r#"{"numbers": [3]}"#])),
        (
            "a key twice",
            wires(&[r#"{"labels": {"a": "old", "b": "b"}}"#, r#"{"labels": {"a": "new"}}"#]),
        ),
        ("members of a oneof", wires(&[r#"{"thing": {"sku": "t"}}"#, r#"{"word": "w"}"#])),
        (
            "a member set anew",
            wires(&[r#"{"thing": {"sku": "t"}}"#, r#"{"word": "w"}"#, r#"{"thing": {}}"#]),
        ),
        ("unknown fields", b"\xf8\x3e\x07\x92\x01\x06\x18\x01\xfa\x3e\x01a".to_vec()),
    ] {
        let _ = writeln!(text, "{what}: {}", report(ALL, &wire, &Options::default()));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn unknown_fields_are_listed() {
    let mut text = String::new();
    for (what, wire) in [
        ("none", &b"\x18\x01"[..]),
        ("of each wire type", b"\xf8\x3e\x07\xf9\x3e\x01\0\0\0\0\0\0\0\xfd\x3e\x02\0\0\0\xfa\x3e\x02hi"),
        ("a group with fields, and one more", b"\xfb\x3e\x08\x01\x13\x08\x01\x14\xfc\x3e\xf8\x3e\x07"),
        ("inside messages, lists and maps", b"\x92\x01\x02\x38\x01\x9a\x01\x00\x9a\x01\x02\x38\x02\xca\x01\x06\x08\x05\x12\x02\x38\x03"),
        ("another wire type", b"\x1a\x01a\x18\x01"),
        ("before what is broken", b"\xf8\x3e\x07\x72\x05abc"),
    ] {
        let _ = writeln!(text, "{what}");
        for span in codec(ALL).unknown_fields(wire, 100) {
            assert!(!span.known);
            let FieldSpan { start, end, path, number, wire_type, text: value, .. } = span;
            let _ = writeln!(text, "    {start}..{end} {path} #{number} {wire_type} = {value}");
        }
    }
    insta::assert_snapshot!(text);
    assert_eq!(codec(ALL).unknown_fields(&[0xf8, 0x3e, 7].repeat(9), 4).len(), 4);
}

/// Whatever a wire nests or repeats, what is found is bounded by what was asked for.
#[test]
fn hostile_wires_end() {
    let deep = |open: &[u8]| open.repeat(100_000);
    for (what, wire) in [
        ("a million empty groups", b"\x0b\x0c".repeat(1_000_000)),
        ("groups in groups", deep(b"\xfb\x3e")),
        ("messages that say to be as long as can be", deep(b"\xea\x01\xff\xff\xff\xff\x07")),
        ("a length beyond the end", b"\x72\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01".to_vec()),
        ("one packed list", [&b"\xaa\x01\xc0\x84\x3d"[..], &[1; 1_000_000]].concat()),
        ("a million entries of one key", b"\xc2\x01\x03\x0a\x01k".repeat(500_000)),
        ("a million members of a oneof", b"\xda\x01\x00\xe2\x01\x00".repeat(300_000)),
    ] {
        let codec = codec(ALL);
        assert!(codec.spans(&wire, 1_000).len() <= 1_000, "{what}");
        assert!(
            codec.byte_map(&wire, br#"{"labels": {"k": ""}, "word": ""}"#, 1_000).len() <= 1_000
        );
        assert!(codec.unknown_fields(&wire, 1_000).len() <= 1_000, "{what}");
        let mask = codec.mask(["word,inner.word,labels.k,inner.inner.item.sku"]).unwrap();
        let mut pruned = Vec::new();
        if mask.prune(&wire, &mut pruned).is_ok() {
            assert!(pruned.len() <= wire.len(), "{what}");
        }
    }
}

/// The value of a text at a path such as `items[1].sku` or `labels["a"].value`.
fn at<'a>(json: &'a Value, path: &str) -> Option<&'a Value> {
    let mut value = json;
    let mut in_map = false;
    for step in path.replace("[\"", ".\"").replace("[", ".#").replace("]", "").split('.') {
        value = match (step.strip_prefix('"'), step.strip_prefix('#')) {
            (Some(key), _) => {
                in_map = true;
                value.get(key.trim_end_matches('"'))?
            }
            (_, Some(index)) => value.get(index.parse::<usize>().unwrap())?,
            _ if in_map => {
                assert_eq!(step, "value");
                in_map = false;
                value
            }
            _ => value.get(step)?,
        };
    }
    Some(value)
}

fn scalars(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(scalars).sum(),
        Value::Object(members) => members.values().map(scalars).sum(),
        _ => 1,
    }
}

fn wire() -> impl Strategy<Value = Vec<u8>> {
    let item =
        || prop_oneof![Just("{}"), Just(r#"{"sku":"s"}"#), Just(r#"{"price":1.5,"count":2}"#)];
    let field = || {
        prop_oneof![
            (0..9u8).prop_map(|n| format!(r#""aString":"{n}, \" \\ [{{""#)),
            (0..9u8).prop_map(|n| format!(r#""maybe":{n}"#)),
            (0..9u8).prop_map(|n| format!(r#""numbers":[{n},1]"#)),
            (0..9u8).prop_map(|n| format!(r#""loose":[{n},1]"#)),
            item().prop_map(|item| format!(r#""item":{item}"#)),
            (item(), item()).prop_map(|(a, b)| format!(r#""items":[{a},{b}]"#)),
            ("[abc]", 0..9u8).prop_map(|(key, n)| format!(r#""labels":{{"{key}":"{n}"}}"#)),
            (-1..3i8, item()).prop_map(|(key, item)| format!(r#""byNumber":{{"{key}":{item}}}"#)),
            Just(r#""word":"w""#.to_owned()),
            item().prop_map(|item| format!(r#""thing":{item}"#)),
        ]
    };
    let nested = (field(), field())
        .prop_map(|(a, b)| [format!("{{{a}}}"), format!(r#"{{"inner":{{{b}}}}}"#)]);
    proptest::collection::vec(nested, 0..5).prop_map(|texts| {
        texts.concat().iter().flat_map(|text| to_wire(ALL, text).unwrap()).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// The place of a field holds the value that the text has at its path, and every value is some field's.
    #[test]
    fn places_are_those_of_the_paths(wire in wire(), pretty in any::<bool>()) {
        let options = Options { original_names: true, pretty, ..Options::default() };
        let (json, spans) = map(ALL, &wire, &options);
        let whole: Value = serde_json::from_str(&json).unwrap();
        let mut lit = BTreeSet::new();
        for span in spans {
            let Some(place) = span.json else { continue };
            let text = &json[place.value as usize..place.end as usize];
            let value: Value = serde_json::from_str(text).unwrap();
            prop_assert_eq!(place.compact as usize, {
                let name = &json[place.start as usize..place.value as usize];
                name.trim_end().len() + value.to_string().len()
            }, "{}", span.path);
            if span.path.ends_with(".key") {
                continue;
            }
            prop_assert_eq!(Some(&value), at(&whole, &span.path), "{}", span.path);
            if scalars(&value) == 1 && !value.is_object() && !value.is_array() {
                lit.insert(place.value);
            }
        }
        prop_assert_eq!(lit.len(), scalars(&whole));
    }

    /// Any text beside any wire does no harm.
    #[test]
    fn texts_of_something_else_do_no_harm(wire in wire(), json in "[\\[\\]{}\",:a-c0-9 \\\\]{0,40}") {
        for span in codec(ALL).byte_map(&wire, json.as_bytes(), 100) {
            if let Some(place) = span.json {
                prop_assert!(place.start <= place.value && place.value <= place.end);
                prop_assert!(place.end as usize <= json.len());
            }
        }
    }
}
