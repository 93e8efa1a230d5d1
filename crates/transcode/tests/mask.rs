//! Field masks: what paths mean, and what wires become.

mod common;

use common::{codec, line, message, to_json, to_wire};
use proptest::prelude::*;
use prost::Message;
use prost_reflect::{DynamicMessage, MapKey, ReflectMessage, Value};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fmt::Write;
use wirelab_transcode::{Merging, Options};

const ALL: &str = "everything.Everything";
const OLD: &str = "older.Old";

fn prune(name: &str, mask: &str, wire: &[u8]) -> Vec<u8> {
    let mut pruned = Vec::new();
    codec(name).mask([mask]).unwrap().prune(wire, &mut pruned).unwrap();
    pruned
}

fn merge(mask: &[&str], from: &[u8], into: &[u8], merging: Merging) -> Vec<u8> {
    let mut merged = Vec::new();
    codec(ALL).mask(mask).unwrap().merge(from, into, merging, &mut merged).unwrap();
    merged
}

/// A wire as JSON, entries of maps and other members by name.
fn shown(name: &str, wire: &[u8]) -> String {
    fn sorted(value: Json) -> Json {
        match value {
            Json::Object(members) => {
                let members: BTreeMap<_, _> = members.into_iter().collect();
                members.into_iter().map(|(name, value)| (name, sorted(value))).collect()
            }
            Json::Array(items) => items.into_iter().map(sorted).collect(),
            value => value,
        }
    }
    let json = to_json(name, wire, &Options::default()).unwrap();
    sorted(serde_json::from_str(&json).unwrap()).to_string()
}

#[test]
fn pruning() {
    let json = r#"{"aString": "s", "maybe": 0, "item": {"sku": "a", "count": 1}, "numbers": [1, 2],
        "items": [{"sku": "a", "price": 1.5}, {"price": 2.5}], "labels": {"tier": "gold", "a.b": "c", "*": "star"},
        "byNumber": {"-7": {"sku": "x", "count": 1}, "8": {"count": 2}}, "byBool": {"true": "5"},
        "inner": {"inner": {"aString": "deep", "item": {"sku": "b"}}, "aString": "inner"},
        "free": {"k": [1.5]}, "at": "2026-11-21T09:31:00Z"}"#;
    let wire = to_wire(ALL, json).unwrap();
    let mut report = String::new();
    for mask in [
        "",
        "*",
        "a_string",
        "aString,maybe",
        " a_string , ",
        "item",
        "item.sku",
        "item.sku,item.count",
        "item.price",
        "item,item.sku",
        "thing.sku",
        "numbers",
        "numbers.*",
        "items",
        "items.*",
        "items.*.sku",
        "items.*.*",
        "labels",
        "labels.tier",
        "labels.`a.b`",
        "labels.`*`",
        "labels.*",
        "labels.none",
        "by_number.-7",
        "byNumber.-7.sku",
        "by_number.*.sku,by_number.8.count",
        "by_bool.*",
        "inner.inner.item.sku",
        "inner.a_string,inner.inner.*",
        "free.fields.k",
        "at.seconds",
    ] {
        let pruned = prune(ALL, mask, &wire);
        let json = shown(ALL, &pruned);
        let _ = writeln!(report, "{mask}\n    {json}");
    }
    let old = to_wire(
        OLD,
        r#"{"name": "n", "part": {"weight": 2, "screw": [{"thread": "M3"}, {}]}, "[older.nick]": "nick"}"#,
    );
    let old = old.unwrap();
    for mask in ["name,part.weight", "name,part.screw.*.thread", "name,[older.nick]"] {
        let json = shown(OLD, &prune(OLD, mask, &old));
        let _ = writeln!(report, "{mask}\n    {json}");
    }
    insta::assert_snapshot!(report);
}

#[test]
fn masks_that_mean_nothing_there_are_refused() {
    let mut report = String::new();
    for mask in [
        "nothing_like_this",
        "item.nothing",
        "items.0",
        "items.0.sku",
        "items.sku",
        "*.a_string",
        "item.*.sku",
        "a_string.x",
        "numbers.*.x",
        "by_number.x",
        "by_number.2147483648",
        "by_bool.true",
        "labels.tier.x",
        "item..sku",
        ".item",
        "item.",
        "labels.`tier",
        "[no.such]",
        "[no.such",
    ] {
        let error = codec(ALL).mask([mask]).unwrap_err();
        let _ = writeln!(report, "{mask}\n    {}", line(&error));
    }
    insta::assert_snapshot!(report);
}

/// Wires that no writer makes, as they are after pruning.
#[test]
fn odd_wires() {
    let cases: &[(&str, &str, &[u8], &[u8])] = &[
        ("unknown fields go", "a_bool", b"\xf8\x3e\x07\x68\x01", b"\x68\x01"),
        ("unless all is meant", "*", b"\xf8\x3e\x07\x68\x01", b"\xf8\x3e\x07\x68\x01"),
        ("another wire type is unknown", "a_bool", b"\x6a\x01x\x68\x01", b"\x68\x01"),
        (
            "a split message is one",
            "item.count",
            b"\x92\x01\x03\x0a\x01a\x92\x01\x02\x18\x01",
            b"\x92\x01\x02\x18\x01",
        ),
        ("a replaced member of a oneof stays away", "word", b"\xda\x01\x01a\xe2\x01\x00", b""),
        (
            "a member set anew comes back alone",
            "thing",
            b"\xe2\x01\x03\x0a\x01a\xda\x01\x01w\xe2\x01\x02\x18\x01",
            b"\xe2\x01\x02\x18\x01",
        ),
        (
            "an entry without a key",
            "labels.``",
            b"\xc2\x01\x03\x12\x01v\xc2\x01\x03\x0a\x01k",
            b"\xc2\x01\x03\x12\x01v",
        ),
        (
            "the last of two keys",
            "labels.b",
            b"\xc2\x01\x06\x0a\x01a\x0a\x01b",
            b"\xc2\x01\x06\x0a\x01a\x0a\x01b",
        ),
        (
            "an unpacked number",
            "numbers",
            b"\xa8\x01\x05\xaa\x01\x01\x06",
            b"\xa8\x01\x05\xaa\x01\x01\x06",
        ),
        (
            "what is skipped is not read",
            "a_bool",
            b"\x72\x01\xff\x92\x01\x01\xff\x68\x01",
            b"\x68\x01",
        ),
    ];
    for (what, mask, wire, expected) in cases {
        assert_eq!(prune(ALL, mask, wire), *expected, "{what}");
    }
    for (wire, place) in [(&b"\x68"[..], 0), (b"\x68\x01\x0c", 2), (b"\x92\x01\x02\x0a\x05", 3)] {
        let mut pruned = b"as it was".to_vec();
        let error = codec(ALL).mask(["item.sku"]).unwrap().prune(wire, &mut pruned).unwrap_err();
        assert_eq!((error.offset(), &*pruned), (Some(place), &b"as it was"[..]), "{wire:?}");
    }
}

/// What a message replaced within itself is not replaced in the one that it is combined with.
#[test]
fn combining_counts_what_is_left() {
    let wires = |texts: &[&str]| -> Vec<u8> {
        texts.iter().flat_map(|text| to_wire(ALL, text).unwrap()).collect()
    };
    let from = wires(&[r#"{"inner": {"word": "w"}}"#, r#"{"inner": {"thing": {}}}"#]);
    let into = wires(&[r#"{"inner": {"thing": {"sku": "s"}}}"#]);
    let merged = merge(&["inner"], &from, &into, Merging::Combine);
    assert_eq!(shown(ALL, &merged), r#"{"inner":{"thing":{"sku":"s"}}}"#);
}

#[test]
fn merging() {
    let into = r#"{"aString": "old", "maybe": 1, "item": {"sku": "old", "count": 1}, "names": ["old"],
        "labels": {"tier": "old", "kept": "k"}, "byNumber": {"7": {"sku": "old", "count": 7}}, "word": "w"}"#;
    let from = r#"{"aString": "new", "item": {"sku": "new"}, "names": ["new"], "labels": {"tier": "new", "more": "m"},
        "byNumber": {"7": {"sku": "new"}, "8": {"count": 8}}, "thing": {"sku": "t"}}"#;
    let (from, into) = (to_wire(ALL, from).unwrap(), to_wire(ALL, into).unwrap());
    let mut report = String::new();
    for mask in [
        "",
        "*",
        "a_string",
        "maybe",
        "item",
        "item.sku",
        "item.count",
        "names",
        "labels",
        "labels.tier",
        "labels.more,labels.kept",
        "by_number.7",
        "by_number.7.sku,by_number.8.count",
        "by_number.9.sku",
        "thing",
        "thing.sku",
        "word",
    ] {
        for merging in [Merging::Replace, Merging::Combine] {
            let merged = merge(&[mask], &from, &into, merging);
            let json = shown(ALL, &merged);
            let _ = writeln!(report, "{mask} {merging:?}\n    {json}");
        }
    }
    let codec = codec(ALL);
    let both = to_wire(ALL, r#"{"items": [{}], "byNumber": {"1": {}}}"#).unwrap();
    for mask in ["items.*.sku", "by_number.*.sku"] {
        let mask = codec.mask([mask]).unwrap();
        let error = mask.merge(&both, &both, Merging::Replace, &mut Vec::new()).unwrap_err();
        let _ = writeln!(report, "{}", line(&error));
    }
    insta::assert_snapshot!(report);
}

// The same by the book, over message objects, one path at a time.

fn parts(path: &str) -> Vec<&str> {
    path.split('.').collect()
}

fn key_of(map: &std::collections::HashMap<MapKey, Value>, text: &str) -> Option<MapKey> {
    let key = |key: &&MapKey| match key {
        MapKey::String(key) => key == text,
        MapKey::I32(key) => key.to_string() == text,
        other => panic!("{other:?}"),
    };
    map.keys().find(key).cloned()
}

/// Copies what the path means.
fn copy(from: &DynamicMessage, into: &mut DynamicMessage, path: &[&str]) {
    let field = from.descriptor().get_field_by_name(path[0]).unwrap();
    if !from.has_field(&field) {
        return;
    }
    let value = from.get_field(&field);
    match (&*value, &path[1..]) {
        (_, [] | ["*"]) => into.set_field(&field, value.into_owned()),
        (Value::List(items), ["*", rest @ ..]) => {
            if !into.has_field(&field) {
                let kind = field.kind().as_message().unwrap().clone();
                let blank = Value::Message(DynamicMessage::new(kind));
                into.set_field(&field, Value::List(vec![blank; items.len()]));
            }
            let copies = into.get_field_mut(&field).as_list_mut().unwrap();
            for (item, copied) in items.iter().zip(copies) {
                copy(item.as_message().unwrap(), copied.as_message_mut().unwrap(), rest);
            }
        }
        (Value::Map(entries), [key, rest @ ..]) => {
            let Some(key) = key_of(entries, key) else { return };
            let value = &entries[&key];
            let copies = into.get_field_mut(&field).as_map_mut().unwrap();
            if rest.is_empty() {
                copies.insert(key, value.clone());
                return;
            }
            let value = value.as_message().unwrap();
            let blank = || Value::Message(DynamicMessage::new(value.descriptor()));
            let copied = copies.entry(key).or_insert_with(blank);
            copy(value, copied.as_message_mut().unwrap(), rest);
        }
        (Value::Message(inner), rest) => {
            if !into.has_field(&field) {
                into.set_field(&field, Value::Message(DynamicMessage::new(inner.descriptor())));
            }
            copy(inner, into.get_field_mut(&field).as_message_mut().unwrap(), rest);
        }
        (value, rest) => panic!("{value:?} {rest:?}"),
    }
}

/// Updates what the path means.
fn update(from: &DynamicMessage, into: &mut DynamicMessage, path: &[&str], merging: Merging) {
    let field = from.descriptor().get_field_by_name(path[0]).unwrap();
    let rest = &path[1..];
    if let ([key], true) = (rest, field.is_map()) {
        let from = from.get_field(&field);
        let from = from.as_map().unwrap();
        let here = key_of(into.get_field(&field).as_map().unwrap(), key);
        let there = key_of(from, key);
        if let Some(key) = here {
            into.get_field_mut(&field).as_map_mut().unwrap().remove(&key);
        }
        if let Some(key) = there {
            let value = from[&key].clone();
            into.get_field_mut(&field).as_map_mut().unwrap().insert(key, value);
        }
        if into.get_field(&field).as_map().unwrap().is_empty() {
            into.clear_field(&field);
        }
        return;
    }
    if !rest.is_empty() {
        if from.has_field(&field) || into.has_field(&field) {
            let from = from.get_field(&field);
            let mut inner = into.get_field(&field).as_message().unwrap().clone();
            update(from.as_message().unwrap(), &mut inner, rest, merging);
            into.set_field(&field, Value::Message(inner));
        }
        return;
    }
    let joins = field.is_list() || field.is_map() || field.kind().as_message().is_some();
    if joins && merging == Merging::Combine {
        // Parsing what follows is merging, by the rules of the wire format.
        let mut only = DynamicMessage::new(from.descriptor());
        if from.has_field(&field) {
            only.set_field(&field, from.get_field(&field).into_owned());
        }
        into.merge(&*only.encode_to_vec()).unwrap();
    } else if from.has_field(&field) {
        into.set_field(&field, from.get_field(&field).into_owned());
    } else {
        into.clear_field(&field);
    }
}

const READ: &[&str] = &[
    "a_string",
    "maybe",
    "numbers",
    "item",
    "item.sku",
    "item.count",
    "items",
    "items.*.sku",
    "items.*.price",
    "labels",
    "labels.a",
    "labels.b",
    "by_number.1",
    "by_number.1.sku",
    "by_number.-1.count",
    "word",
    "thing",
    "thing.sku",
    "inner",
    "inner.item.sku",
    "inner.items.*",
    "inner.word",
    "inner.inner.a_string",
    "inner.labels.a",
];
const UPDATED: &[&str] = &[
    "a_string",
    "maybe",
    "numbers",
    "item",
    "item.sku",
    "item.count",
    "items",
    "labels",
    "labels.a",
    "labels.b",
    "by_number.1",
    "thing",
    "thing.sku",
    "inner",
    "inner.item.sku",
    "inner.items",
    "inner.inner.a_string",
    "inner.labels.a",
];

fn chosen(paths: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(paths, 0..6)
}

/// Wires with the fields above, some of them several times.
fn wire() -> impl Strategy<Value = Vec<u8>> {
    let item =
        || prop_oneof![Just("{}"), Just(r#"{"sku":"s"}"#), Just(r#"{"price":1.5,"count":2}"#)];
    let field = || {
        prop_oneof![
            (0..9u8).prop_map(|n| format!(r#""aString":"{n}""#)),
            (0..9u8).prop_map(|n| format!(r#""maybe":{n}"#)),
            (0..9u8).prop_map(|n| format!(r#""numbers":[{n},1]"#)),
            item().prop_map(|item| format!(r#""item":{item}"#)),
            (item(), item()).prop_map(|(a, b)| format!(r#""items":[{a},{b}]"#)),
            ("[abc]", 0..9u8).prop_map(|(key, n)| format!(r#""labels":{{"{key}":"{n}"}}"#)),
            (-1..3i8, item()).prop_map(|(key, item)| format!(r#""byNumber":{{"{key}":{item}}}"#)),
            Just(r#""word":"w""#.to_owned()),
            item().prop_map(|item| format!(r#""thing":{item}"#)),
        ]
    };
    let nested = (field(), field(), field()).prop_map(|(a, b, c)| {
        vec![
            format!("{{{a}}}"),
            format!(r#"{{"inner":{{{b}}}}}"#),
            format!(r#"{{"inner":{{"inner":{{{c}}}}}}}"#),
        ]
    });
    proptest::collection::vec(nested, 0..4).prop_map(|texts| {
        texts.concat().iter().flat_map(|text| to_wire(ALL, text).unwrap()).collect()
    })
}

fn read(wire: &[u8]) -> DynamicMessage {
    DynamicMessage::decode(message(ALL), wire).unwrap()
}

/// That a wire is this message. Says so in JSON, because descriptors of types that hold themselves cannot be printed.
fn same(wire: &[u8], expected: &DynamicMessage) -> Result<(), TestCaseError> {
    let got = shown(ALL, wire);
    let wanted = shown(ALL, &expected.encode_to_vec());
    prop_assert!(read(wire) == *expected, "{got}\n{wanted}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn pruning_is_copying_what_the_paths_mean(wire in wire(), paths in chosen(READ)) {
        let whole = read(&wire);
        let mut expected = DynamicMessage::new(message(ALL));
        // What is meant as a whole last, for it has more than its parts.
        paths.iter().rev().for_each(|path| copy(&whole, &mut expected, &parts(path)));
        let pruned = prune(ALL, &paths.join(","), &wire);
        same(&pruned, &expected)?;
        prop_assert_eq!(prune(ALL, &paths.join(","), &pruned), pruned);
    }

    #[test]
    fn merging_is_updating_path_by_path(
        from in wire(),
        into in wire(),
        paths in chosen(UPDATED),
        combine in any::<bool>(),
    ) {
        // Of paths inside each other, the outer one counts.
        let inside = |path: &&str| paths.iter().any(|outer| path.starts_with(&format!("{outer}.")));
        let outer: Vec<&str> = paths.iter().copied().filter(|path| !inside(path)).collect();
        let merging = if combine { Merging::Combine } else { Merging::Replace };
        let source = read(&from);
        let mut expected = read(&into);
        outer.iter().for_each(|path| update(&source, &mut expected, &parts(path), merging));
        same(&merge(&paths, &from, &into, merging), &expected)?;
    }

    /// What was read by a mask and is written back by it changes nothing.
    #[test]
    fn writing_back_what_was_read_is_no_change(wire in wire(), paths in chosen(UPDATED)) {
        let back = merge(&paths, &prune(ALL, &paths.join(","), &wire), &wire, Merging::Replace);
        same(&back, &read(&wire))?;
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64), paths in chosen(UPDATED)) {
        let mask = codec(ALL).mask(paths).unwrap();
        let (mut pruned, mut merged) = (Vec::new(), Vec::new());
        if mask.prune(&bytes, &mut pruned).is_err() {
            prop_assert!(pruned.is_empty());
        }
        if mask.merge(&bytes, &bytes, Merging::Combine, &mut merged).is_err() {
            prop_assert!(merged.is_empty());
        }
    }
}
