//! Wires as they may come, and the texts that they are.
//!
//! A wire is written as hex digits; `{…}` is its content with its length before, `"…"` a text as it is.

mod common;

use common::line;
use prost_reflect::DescriptorPool;
use std::fmt::Write;
use std::sync::LazyLock;
use wirelab_transcode::{Codec, Limits, Options};

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");
    let files = ["everything.proto", "older.proto", "closed.proto"];
    DescriptorPool::from_file_descriptor_set(protox::compile(files, [root]).unwrap()).unwrap()
});

/// What the notation stands for, up to its end or the bracket that closes it.
fn wire(text: &mut std::str::Chars<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(char) = text.next() {
        match char {
            '}' => break,
            '{' => {
                let inner = wire(text);
                prost::encoding::encode_varint(inner.len() as u64, &mut bytes);
                bytes.extend(inner);
            }
            '"' => bytes
                .extend(text.by_ref().take_while(|char| *char != '"').collect::<String>().bytes()),
            ' ' => {}
            high => {
                let digits: String = [high, text.next().unwrap()].iter().collect();
                bytes.push(u8::from_str_radix(&digits, 16).unwrap());
            }
        }
    }
    bytes
}

fn options(text: &str) -> Options {
    Options {
        original_names: text.contains("original"),
        print_defaults: text.contains("defaults"),
        enums_as_numbers: text.contains("numbers"),
        print_nulls: text.contains("nulls"),
        int64_as_numbers: text.contains("int64"),
        pretty: text.contains("pretty"),
    }
}

#[test]
fn every_case_of_the_table() {
    let mut report = String::new();
    let table = include_str!("wire_to_json.txt");
    for case in table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let [name, flags, notation] = case.splitn(3, '|').collect::<Vec<_>>()[..] else {
            panic!("{case}: not TYPE | OPTIONS | WIRE");
        };
        let codec = Codec::new(&POOL.get_message_by_name(name.trim()).unwrap());
        let wire = wire(&mut notation.chars());
        // What was learned from the first time must not change the second.
        let outcomes = [(); 3].map(|()| {
            let mut json = Vec::new();
            match codec.wire_to_json(&wire, &mut json, &options(flags)) {
                Ok(()) => String::from_utf8(json).unwrap(),
                Err(error) => format!("error {}", line(&error)),
            }
        });
        assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0]), "{case}: {outcomes:?}");
        if !outcomes[0].starts_with("error") {
            serde_json::from_str::<serde_json::Value>(&outcomes[0]).unwrap();
        }
        let _ = writeln!(report, "{case}\n    {}", outcomes[0].replace('\n', "\n    "));
    }
    insta::assert_snapshot!(report);
}

/// What lies within `depth` messages: each level begins with the next of these beginnings, before its length.
fn nested(beginnings: &[&[u8]], depth: usize) -> Vec<u8> {
    let mut wire = Vec::new();
    for beginning in beginnings.iter().cycle().take(depth) {
        let mut outer = beginning.to_vec();
        prost::encoding::encode_varint(wire.len() as u64, &mut outer);
        outer.append(&mut wire);
        wire = outer;
    }
    wire
}

#[test]
fn the_deepest_nesting_that_can_be_allowed_fits_on_a_stack() {
    let inner: &[u8] = b"\xea\x01";
    let any: &[u8] = b"\x0a\x14/google.protobuf.Any\x12";
    // Values do not count, and neither do map entries: they make no level in JSON.
    let value: [&[u8]; 2] = [b"\x32", b"\x0a"];
    let map: [&[u8]; 2] = [b"\x12", b"\x5a"];
    let groups = |depth| [vec![0x63; depth], vec![0x64; depth]].concat();
    let unknown = |depth| [vec![0x73; depth], vec![0x74; depth]].concat();
    let cases: [(&str, Vec<u8>, Vec<u8>); 6] = [
        ("everything.Everything", nested(&[inner], 999), nested(&[inner], 1_000)),
        ("google.protobuf.Any", nested(&[any], 999), nested(&[any], 1_001)),
        ("google.protobuf.ListValue", nested(&value, 2 * 999), nested(&value, 2 * 1_000)),
        ("closed.Closed", nested(&map, 2 * 999), nested(&map, 2 * 1_000)),
        ("closed.Closed", groups(1), groups(2).repeat(500)),
        ("closed.Closed", unknown(999), unknown(1_000)),
    ];
    let deep = Limits { depth: 5_000, ..Limits::default() };
    for (name, fine, deeper) in cases {
        let codec = Codec::new(&POOL.get_message_by_name(name).unwrap()).with_limits(deep);
        for flags in ["", "pretty", "defaults", "defaults pretty"] {
            let mut json = Vec::new();
            let outcome = codec.wire_to_json(&fine, &mut json, &options(flags));
            outcome.unwrap_or_else(|error| panic!("{name} {flags}: {}", line(&error)));
            if deeper.len() > fine.len() + 1_000 {
                continue;
            }
            let error = codec.wire_to_json(&deeper, &mut json, &options(flags)).unwrap_err();
            assert!(error.message().contains("nested more than 1000 deep"), "{}", line(&error));
        }
    }
}

/// The time that these take is linear in their size; were it not, this would not end.
#[test]
fn hostile_wires_end() {
    let closed = Codec::new(&POOL.get_message_by_name("closed.Closed").unwrap());
    let all = Codec::new(&POOL.get_message_by_name("everything.Everything").unwrap());
    let mut json = Vec::new();
    // At every depth something is split, so every level takes the merging path.
    let mut split = Vec::new();
    for _ in 0..90 {
        let mut outer = b"\x18\x01\xea\x01".to_vec();
        prost::encoding::encode_varint(split.len() as u64, &mut outer);
        outer.append(&mut split);
        outer.extend(b"\x18\x02");
        split = outer;
    }
    for _ in 0..3 {
        all.wire_to_json(&split, &mut json, &Options::default()).unwrap();
    }
    // Groups, all of them interleaved with another field.
    let groups: Vec<u8> =
        [vec![0x63, 0x0a, 0x00], vec![0x64], vec![0x48, 0x00]].concat().repeat(100_000);
    closed.wire_to_json(&groups, &mut json, &Options::default()).unwrap();
    let unknown = [[0xa3, 0x06].repeat(90), [0xa4, 0x06].repeat(90)].concat().repeat(2_000);
    closed.wire_to_json(&unknown, &mut json, &Options::default()).unwrap();
    // A million map entries, half of them with keys that came before.
    let mut entries = Vec::new();
    for key in 0..200_000u32 {
        let key = key / 2;
        entries.extend([
            0xca,
            0x01,
            5,
            0x08,
            key as u8 | 0x80,
            (key >> 7) as u8 | 0x80,
            (key >> 14) as u8 & 0x7f,
        ]);
    }
    all.wire_to_json(&entries, &mut json, &Options::default()).unwrap_err();
    let mut entries = Vec::new();
    for key in 0..200_000u32 {
        let key = key / 2;
        entries.extend([
            0xca,
            0x01,
            4,
            0x08,
            key as u8 | 0x80,
            (key >> 7) as u8 | 0x80,
            (key >> 14) as u8 & 0x7f,
        ]);
    }
    json.clear();
    all.wire_to_json(&entries, &mut json, &Options::default()).unwrap();
    let read: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(read["byNumber"].as_object().unwrap().len(), 100_000);
    // Many small messages of a type that has many fields.
    let many = b"\x9a\x01\x00".repeat(300_000);
    for flags in ["", "defaults"] {
        all.wire_to_json(&many, &mut json, &options(flags)).unwrap();
    }
}

#[test]
fn sizes_are_limited() {
    let message = POOL.get_message_by_name("everything.Everything").unwrap();
    let wire = b"\x72\x05hello";
    for (input, output, fine) in [(7, 19, true), (6, 19, false), (7, 18, false)] {
        let limits = Limits { input, output, ..Limits::default() };
        let codec = Codec::new(&message).with_limits(limits);
        let mut json = b"before".to_vec();
        let outcome = codec.wire_to_json(wire, &mut json, &Options::default());
        assert_eq!(outcome.is_ok(), fine, "{input} {output}");
        assert_eq!(json.len(), if fine { 6 + 19 } else { 6 });
    }
    let long = [&[0x7a, 0x80, 0x80, 0x40][..], &vec![0; 1 << 20]].concat();
    let limits = Limits { output: 1 << 20, ..Limits::default() };
    let mut json = Vec::new();
    Codec::new(&message)
        .with_limits(limits)
        .wire_to_json(&long, &mut json, &Options::default())
        .unwrap_err();
    assert!(json.is_empty());
}

/// Without quotes they are the same numbers; keys and texts stay as they are, and so does the wire's order.
#[test]
fn integers_of_64_bits_as_numbers() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");
    let files = protox::compile(["longs.proto"], [root]).unwrap();
    let pool = DescriptorPool::from_file_descriptor_set(files).unwrap();
    let codec = Codec::new(&pool.get_message_by_name("longs.Longs").unwrap());
    let table = [
        r#"{"a":"-9223372036854775808","b":"18446744073709551615","c":"-1","d":"7","e":"9223372036854775807"}"#,
        r#"{"as":["1","-22","333333333333","0"],"bs":["18446744073709551615","5"],"cs":["-5","12345678"]}"#,
        r#"{"ds":["1","99999999"],"es":["-100000000","100000000"],"loose":["1","-2","3"]}"#,
        r#"{"map":{"-7":"8","9":"10000000000"},"maybe":"0","wrapped":"-4","unsigned":"4"}"#,
        r#"{"text":"12","small":3,"a":"12345678"}"#,
    ];
    for quoted in table {
        // Digits in quotes that are neither a key nor the text's.
        let mut bare = quoted.to_owned();
        for text in quoted.split('"').filter(|text| text.parse::<i128>().is_ok()) {
            if !quoted.contains(&format!("\"{text}\":"))
                && !quoted.contains(&format!("\"text\":\"{text}\""))
            {
                bare = bare.replace(&format!("\"{text}\""), text);
            }
        }
        assert_ne!(bare, quoted);
        let mut wire = Vec::new();
        codec.json_to_wire(quoted.as_bytes(), &mut wire).unwrap();
        for pretty in [false, true] {
            let options = Options { int64_as_numbers: true, pretty, ..Options::default() };
            let mut json = Vec::new();
            codec.wire_to_json(&wire, &mut json, &options).unwrap();
            let mut json = String::from_utf8(json).unwrap();
            json.retain(|char| !char.is_whitespace());
            assert_eq!(json, bare);
            let mut again = Vec::new();
            codec.json_to_wire(json.as_bytes(), &mut again).unwrap();
            assert_eq!(again, wire);
        }
    }
    let options = Options { int64_as_numbers: true, print_defaults: true, ..Options::default() };
    let mut json = Vec::new();
    codec.wire_to_json(&[], &mut json, &options).unwrap();
    assert_eq!(
        String::from_utf8(json).unwrap(),
        r#"{"a":0,"b":0,"c":0,"d":0,"e":0,"as":[],"bs":[],"cs":[],"ds":[],"es":[],"loose":[],"map":{},"text":"","small":0}"#
    );
}

/// What Go's `protojson` writes with `EmitUnpopulated`: `null` for what has presence, unless it is in a oneof, one that
/// `optional` makes included.
#[test]
fn what_is_not_set_as_null() {
    let codec = Codec::new(&POOL.get_message_by_name("everything.Item").unwrap());
    let options = Options { print_defaults: true, print_nulls: true, ..Options::default() };
    let written = |codec: &Codec, wire: &[u8]| {
        let mut json = Vec::new();
        codec.wire_to_json(wire, &mut json, &options).unwrap();
        String::from_utf8(json).unwrap()
    };
    assert_eq!(written(&codec, &[]), r#"{"sku":"","price":0.0,"count":0}"#);
    let all = Codec::new(&POOL.get_message_by_name("everything.Everything").unwrap());
    let json = written(&all, &[]);
    for there in
        [r#""item":null"#, r#""inner":null"#, r#""at":null"#, r#""items":[]"#, r#""labels":{}"#]
    {
        assert!(json.contains(there), "{there} in {json}");
    }
    for absent in ["maybe", "word", "thing"] {
        assert!(!json.contains(&format!("\"{absent}\":")), "{absent} in {json}");
    }
    let json = written(&all, &[0x92, 1, 0]);
    assert!(json.contains(r#""item":{"sku":"","price":0.0,"count":0}"#), "{json}");
}
