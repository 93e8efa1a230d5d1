//! JSON texts and the wires they become, one line a case. Every wire that is taken is also what prost-reflect reads
//! from the same text, where it reads that.

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};
use serde::de::DeserializeSeed;
use std::fmt::Write;
use wirelab_transcode::{Codec, Error, Limits};

mod common;

fn pool() -> DescriptorPool {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");
    let set = protox::compile(["reading.proto", "reading_older.proto"], [root]).unwrap();
    DescriptorPool::from_file_descriptor_set(set).unwrap()
}

fn codec(pool: &DescriptorPool, name: &str) -> Codec {
    Codec::new(&pool.get_message_by_name(name).unwrap_or_else(|| panic!("no type {name}")))
}

fn wire(codec: &Codec, json: &str) -> Result<Vec<u8>, Error> {
    let mut wire = b"before".to_vec();
    let result = codec.json_to_wire(json.as_bytes(), &mut wire);
    assert!(wire.starts_with(b"before"));
    if result.is_err() {
        assert_eq!(wire, b"before", "{json}");
    }
    result.map(|()| wire.split_off(6))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Fails when prost-reflect takes the text for another message.
fn compare(codec: &Codec, json: &str, wire: &[u8]) {
    let message = codec.message();
    let ours = DynamicMessage::decode(message.clone(), wire)
        .unwrap_or_else(|error| panic!("{json}: {error} in {}", hex(wire)));
    let mut reader = serde_json::Deserializer::from_str(json);
    if let Ok(theirs) = message.clone().deserialize(&mut reader) {
        // As JSON: NaN is no NaN's equal, and a zero that is set is as good as none where presence is implicit.
        let written = |message| serde_json::to_value(message).ok();
        assert!(written(&ours) == written(&theirs), "{json:.1000}");
    }
}

#[test]
fn every_text_has_its_wire_or_its_fault() {
    let pool = pool();
    let mut report = String::new();
    for (cases, lenient) in [
        (include_str!("json_to_wire/scalars.txt"), false),
        (include_str!("json_to_wire/structure.txt"), false),
        (include_str!("json_to_wire/known.txt"), false),
        (include_str!("json_to_wire/unknown.txt"), true),
    ] {
        for line in cases.lines().filter(|line| !line.is_empty()) {
            let Some((name, json)) = line.split_once(' ').filter(|_| !line.starts_with('#')) else {
                let _ = writeln!(report, "\n{line}");
                continue;
            };
            let codec = codec(&pool, name).ignoring_unknown(lenient);
            let result = match wire(&codec, json) {
                Ok(wire) => {
                    if !lenient {
                        compare(&codec, json, &wire);
                    }
                    hex(&wire)
                }
                Err(error) => format!("! {}", common::line(&error)),
            };
            let _ = writeln!(report, "{name} {json}\n    {result}");
        }
    }
    insta::assert_snapshot!(report);
}

#[test]
fn white_space_may_be_anywhere_between_tokens() {
    let pool = pool();
    let codec = codec(&pool, "reading.Known");
    let tokens = [
        "{",
        "\"object\"",
        ":",
        "{",
        "\"a\"",
        ":",
        "[",
        "1",
        ",",
        "{",
        "}",
        ",",
        "[",
        "]",
        ",",
        "null",
        "]",
        ",",
        "\"b\"",
        ":",
        "\"x\"",
        "}",
        ",",
        "\"any\"",
        ":",
        "{",
        "\"@type\"",
        ":",
        "\"x/google.protobuf.Int32Value\"",
        ",",
        "\"value\"",
        ":",
        "7",
        "}",
        ",",
        "\"empty\"",
        ":",
        "{",
        "}",
        ",",
        "\"yes\"",
        ":",
        "true",
        ",",
        "\"i64\"",
        ":",
        "\"5\"",
        "}",
    ];
    let plain = wire(&codec, &tokens.concat()).unwrap();
    assert!(!plain.is_empty());
    for space in [" ", "\n", "\r\n\t", "                  ", "\n        \t "] {
        let spaced: String =
            tokens.iter().flat_map(|token| [space, token]).chain([space]).collect();
        assert_eq!(hex(&wire(&codec, &spaced).unwrap()), hex(&plain), "{spaced}");
    }
    for other in ["\u{b}", "\u{a0}", "\u{feff}", "/**/", "\0"] {
        let spaced: String = tokens.iter().flat_map(|token| [other, token]).collect();
        wire(&codec, &spaced).unwrap_err();
    }
}

#[test]
fn every_cut_and_every_changed_byte_is_refused_or_read() {
    let pool = pool();
    let codec = codec(&pool, "reading.Known");
    let json = r#"{"object":{"a":[1.5,{},null,"\u00e9é\ud83e\udd80"]},"any":{"value":"1s","@type":"x/google.protobuf.Duration"},"at":"2026-11-21T09:31:00.5+01:00","data":"AAE=","mask":"aB,c","yes":true}"#;
    wire(&codec, json).unwrap();
    let mut out = Vec::new();
    for at in 0..json.len() {
        codec.json_to_wire(&json.as_bytes()[..at], &mut out).unwrap_err();
        for byte in [0, b'"', b'\\', b'{', b']', b'0', b' ', 0xff, b'e'] {
            let mut changed = json.as_bytes().to_vec();
            changed[at] = byte;
            match codec.json_to_wire(&changed, &mut out) {
                Ok(()) => out.clear(),
                Err(error) => assert!(error.line_column().is_some(), "{error:?}"),
            }
            assert!(out.is_empty());
        }
    }
}

#[test]
fn lengths_of_every_width_are_written_whatever_came_before() {
    let pool = pool();
    let codec = codec(&pool, "reading.Lists");
    // The same codec throughout, so that every width meets every other one as the hint.
    let sizes = [0, 1, 50, 120, 127, 128, 129, 1000, 1024, 1100, 16_370, 16_390, 70_000];
    for (count, first) in sizes.iter().enumerate() {
        for second in [sizes[(count * 5 + 3) % sizes.len()], 1, 300, 20_000] {
            let text = |size: usize| "x".repeat(size);
            let numbers = |size: usize| vec!["300"; size / 4].join(",");
            let json = format!(
                r#"{{"more":[{{"more":[{{"text":["{}"]}},{{"i32":[{}]}}]}},{{"text":["\n{}"],"more":[{{}},{{"more":[{{"i32":[{}]}}]}}]}}]}}"#,
                text(*first),
                numbers(second),
                text(second),
                numbers(*first),
            );
            let wire = wire(&codec, &json).unwrap();
            // Decoding and encoding again writes every length as short as it can be.
            let message = DynamicMessage::decode(codec.message().clone(), &*wire).unwrap();
            assert!(message.encode_to_vec() == wire, "{first} {second}");
            compare(&codec, &json, &wire);
        }
    }
}

#[test]
fn keys_that_come_twice_are_found_in_maps_of_every_size() {
    let pool = pool();
    let codec = codec(&pool, "reading.Maps");
    for count in [1, 2, 15, 16, 17, 18, 1000, 50_000] {
        let entries: Vec<String> =
            (0..count).map(|n| format!(r#""the key {n} of {n}":{n}"#)).collect();
        let numbers: Vec<String> = (0..count).map(|n| format!(r#""-{}7":"""#, n + 1)).collect();
        wire(&codec, &format!(r#"{{"text":{{{}}}}}"#, entries.join(","))).unwrap();
        wire(&codec, &format!(r#"{{"i64":{{{}}}}}"#, numbers.join(","))).unwrap();
        let again = r#""th\u0065 key 0 of 0":1"#;
        let error =
            wire(&codec, &format!(r#"{{"text":{{{},{again}}}}}"#, entries.join(","))).unwrap_err();
        assert_eq!(error.message(), r#""the key 0 of 0" is given twice"#, "{count}");
        let error = wire(&codec, &format!(r#"{{"i64":{{{},"-1.7e1":""}}}}"#, numbers.join(",")));
        assert_eq!(error.unwrap_err().message(), r#""-1.7e1" is given twice"#, "{count}");
    }
}

#[test]
fn limits_are_kept() {
    let pool = pool();
    let codec = codec(&pool, "reading.Lists");
    let deep = |depth: usize| format!("{}{{}}{}", r#"{"more":["#.repeat(depth), "]}".repeat(depth));
    let limits = |depth| Limits { depth, ..Limits::default() };
    let of = |depth| codec.clone().with_limits(limits(depth));
    wire(&of(41), &deep(20)).unwrap();
    let error = wire(&of(40), &deep(20)).unwrap_err();
    assert_eq!(common::line(&error), "- @1:181: the JSON text is nested more than 40 deep");
    let small = Limits { input: 10, output: 4, ..Limits::default() };
    let codec = codec.with_limits(small);
    wire(&codec, r#"{"i32":[]}"#).unwrap();
    let error = wire(&codec, r#"{"i32":[ ]}"#).unwrap_err();
    assert_eq!(error.message(), "the JSON text is longer than 10 bytes");
    let codec = codec.with_limits(Limits { input: 100, ..small });
    wire(&codec, r#"{"i32":[1,2]}"#).unwrap();
    let error = wire(&codec, r#"{"i32":[1,2,3]}"#).unwrap_err();
    assert_eq!(error.message(), "the wire is longer than 4 bytes");
}

/// On the stack of a test's thread (2 MiB), in whatever way a build is optimised.
#[test]
fn the_deepest_nesting_that_can_be_allowed_fits_on_a_stack() {
    let pool = pool();
    let any = r#"{"@type":"x/google.protobuf.Any","value":"#;
    // Type, what is repeated on the way in and out, and how many objects and arrays these open.
    let cases = [
        ("reading.Names", r#"{"inner":"#, "}", "{}", 1),
        ("reading.Lists", r#"{"more":["#, "]}", "{}", 2),
        ("reading.Maps", r#"{"more":{"a":"#, "}}", "{}", 2),
        ("google.protobuf.Struct", r#"{"a":"#, "}", "{}", 1),
        ("google.protobuf.Value", "[", "]", "[]", 1),
        ("google.protobuf.Any", any, "}", "{}", 1),
        ("google.protobuf.Any", r#"{"value":"#, r#","@type":"x/google.protobuf.Any"}"#, "{}", 1),
        (
            "reading.Known",
            r#"{"any":{"@type":"x/reading.Known","anys":["#,
            "]}}",
            r#"{"@type":"x/reading.Known"}"#,
            3,
        ),
        ("older_reading.Deep", r#"{"again":"#, "}", "{}", 1),
        ("reading.Names", r#"{"nope":"#, "}", "[]", 1),
    ];
    for (name, begin, end, innermost, levels) in cases {
        let codec = codec(&pool, name).ignoring_unknown(true);
        let codec = codec.with_limits(Limits { depth: 5000, ..Limits::default() });
        let nested =
            |count: usize| format!("{}{innermost}{}", begin.repeat(count), end.repeat(count));
        if levels < 3 {
            wire(&codec, &nested((1000 - 1) / levels))
                .unwrap_or_else(|e| panic!("{name} {begin} {e}"));
        }
        let error = wire(&codec, &nested(1000 / levels + 1)).unwrap_err();
        assert_eq!(
            error.message(),
            "the JSON text is nested more than 1000 deep",
            "{name} {begin}"
        );
    }
}

#[test]
fn anys_inside_each_other_are_read_whatever_the_order() {
    let pool = pool();
    let codec = codec(&pool, "reading.Known");
    let mut first = r#"{"@type":"x/reading.Known","at":"1970-01-01T00:00:01Z"}"#.to_owned();
    let mut last = r#"{"at":"1970-01-01T00:00:01Z","@type":"x/reading.Known"}"#.to_owned();
    for _ in 0..20 {
        first = format!(
            r#"{{"@type":"x/reading.Known","any":{first},"anys":[{first_small}]}}"#,
            first_small = r#"{"@type":"x/reading.Names"}"#
        );
        last = format!(
            r#"{{"any":{last},"anys":[{last_small}],"\u0040type":"x/reading.Known"}}"#,
            last_small = r#"{"@type":"x/reading.Names"}"#
        );
    }
    let whole = |any: &str| wire(&codec, &format!(r#"{{"any":{any}}}"#)).unwrap();
    assert_eq!(hex(&whole(&first)), hex(&whole(&last)));
}

/// More fields than a word has bits, and a name that two fields could have.
#[test]
fn messages_of_many_fields_know_what_came() {
    let fields: String = (1..=300).map(|n| format!("  optional int32 f{n} = {n};\n")).collect();
    let file = format!(
        "syntax = \"proto3\";\nmessage Wide {{\n{fields}  Wide inner = 301;\n  oneof one {{ int32 a = 302; int32 b = 303; }}\n}}\n"
    );
    let folder = std::env::temp_dir().join(format!("wirelab-wide-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("wide.proto"), file).unwrap();
    let set = protox::compile(["wide.proto"], [&folder]).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let pool = DescriptorPool::from_file_descriptor_set(set).unwrap();
    let codec = codec(&pool, "Wide");
    let all: Vec<String> = (1..=300).rev().map(|n| format!("\"f{n}\":{n}")).collect();
    let all = all.join(",");
    let nested = format!(r#"{{{all},"inner":{{{all},"inner":{{"f300":1}},"b":1}},"a":2}}"#);
    compare(&codec, &nested, &wire(&codec, &nested).unwrap());
    for (json, message) in [
        (format!(r#"{{{all},"f300":1}}"#), r#""f300" is given twice"#),
        (format!(r#"{{{all},"f1":1}}"#), r#""f1" is given twice"#),
        (
            r#"{"a":1,"b":1}"#.to_owned(),
            r#""b" is the second member of the oneof "one", of which one may be given"#,
        ),
    ] {
        assert_eq!(wire(&codec, &json).unwrap_err().message(), message);
    }
}

#[test]
fn members_are_read_in_whatever_order_they_come() {
    let pool = pool();
    let codec = codec(&pool, "reading.Presence");
    let mut members = [
        r#""number":5"#,
        r#""text":"t""#,
        r#""f64":1.5"#,
        r#""color":"RED""#,
        r#""d\u0061ta":"AA==""#,
    ];
    for round in 0..1000 {
        // No order twice in a row, then one for as long as it takes to trust it.
        if round < 600 {
            members.rotate_left(1 + round % 2);
            members.swap(0, 2 + round % 3);
        }
        let json = format!("{{{}}}", members[..1 + round % 5].join(","));
        compare(&codec, &json, &wire(&codec, &json).unwrap());
        let twice = format!(r#"{{{},"text":"","text":""}}"#, members[0]);
        assert_eq!(wire(&codec, &twice).unwrap_err().message(), r#""text" is given twice"#);
        let unknown = wire(&codec, r#"{"f64":1,"text":"","f6":2}"#).unwrap_err();
        assert!(unknown.message().contains(r#""f6""#), "{}", unknown.message());
    }
}

/// What is required may be missing from a part of a message, at any depth; what is there is read as ever.
#[test]
fn a_part_may_lack_what_is_required() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");
    let files = protox::compile(["reading_older.proto"], [root]).unwrap();
    let pool = DescriptorPool::from_file_descriptor_set(files).unwrap();
    let message = pool.all_messages().find(|message| {
        let has = |name: &str| message.get_field_by_name(name).is_some();
        has("id") && has("part")
    });
    let codec = Codec::new(&message.unwrap());
    let partial = codec.clone().allowing_partial(true);
    for (json, wanted) in
        [("{}", ""), (r#"{"id": 7}"#, "0807"), (r#"{"part": {}}"#, "1200"), (r#"{"id": null}"#, "")]
    {
        assert!(wire(&codec, json).is_err(), "{json}");
        assert_eq!(hex(&wire(&partial, json).unwrap()), wanted, "{json}");
    }
    assert!(wire(&partial, r#"{"id": "x"}"#).is_err());
}
