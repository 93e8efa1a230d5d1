//! Inputs made to cost more than they are worth, large enough that a cost above linear would not end. What memory they
//! take is counted: twice the input may ask for little more than twice as many bytes.

mod common;

use allocation_counter::measure;
use common::codec;
use std::fmt::Write;
use wirelab_transcode::{Codec, Error, Options};

const ALL: &str = "everything.Everything";
const OLD: &str = "older.Old";

/// Makes an input of a size.
type Make = fn(usize) -> Vec<u8>;

fn text(make: impl FnOnce(&mut String)) -> Vec<u8> {
    let mut text = String::new();
    make(&mut text);
    text.into_bytes()
}

fn record(tag: &[u8], content: &[u8]) -> Vec<u8> {
    let mut record = tag.to_vec();
    prost::encoding::encode_varint(content.len() as u64, &mut record);
    record.extend(content);
    record
}

/// What it is, whether it is read, and how it is made.
const TEXTS: &[(&str, bool, Make)] = &[
    ("nothing but brackets", false, |size| b"[".repeat(size)),
    ("nothing but objects", false, |size| br#"{"inner":"#.repeat(size / 9)),
    ("unknown fields that are deep", false, |size| {
        [br#"{"no":"#.to_vec(), b"[".repeat(size)].concat()
    }),
    ("a number of many digits", true, |size| {
        [br#"{"aDouble":0."#.to_vec(), b"1".repeat(size), b"}".to_vec()].concat()
    }),
    ("an integer of many zeros", true, |size| {
        [br#"{"anInt32":1."#.to_vec(), b"0".repeat(size), b"}".to_vec()].concat()
    }),
    ("an exponent of many digits", false, |size| {
        [br#"{"anInt32":1e"#.to_vec(), b"9".repeat(size), b"}".to_vec()].concat()
    }),
    ("a text of escapes", true, |size| {
        [br#"{"aString":""#.to_vec(), br"\u0041".repeat(size / 6), br#""}"#.to_vec()].concat()
    }),
    ("a field name of escapes", false, |size| {
        [br#"{""#.to_vec(), br"\u0041".repeat(size / 6), br#"":1}"#.to_vec()].concat()
    }),
    ("many keys of a map", true, |size| {
        text(|text| {
            *text += r#"{"labels":{"#;
            for key in 0..size / 10 {
                let _ = write!(text, r#""{key}":"","#);
            }
            *text += r#""last":""}}"#;
        })
    }),
    ("a key that many others came before", false, |size| {
        text(|text| {
            *text += r#"{"labels":{"#;
            for key in 0..size / 10 {
                let _ = write!(text, r#""{key}":"","#);
            }
            *text += r#""0":""}}"#;
        })
    }),
    ("lengths that do not fit what was set aside, at each depth", true, |size| {
        text(|text| {
            *text += r#"{"items":["#;
            for item in 0..size / 400 {
                let sku = if item % 2 == 0 { String::new() } else { "x".repeat(300) };
                let _ = write!(text, r#"{{"sku":"{sku}"}},"#);
            }
            *text += "{}]}";
        })
    }),
    ("lengths that grow with each depth", true, |size| {
        let depth = 45;
        let inner = format!(r#"{{"aString":"{}"}}"#, "x".repeat(size));
        text(|text| {
            for _ in 0..depth {
                *text += r#"{"inner":"#;
            }
            *text += &inner;
            *text += &"}".repeat(depth);
        })
    }),
    ("white space", true, |size| [b" \n".repeat(size / 2), b"{}".to_vec()].concat()),
];

const WIRES: &[(&str, &str, bool, Make)] = &[
    ("a length beyond everything", ALL, false, |size| {
        [vec![0x72, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], vec![b'a'; size]].concat()
    }),
    ("a packed list of a length beyond everything", ALL, false, |_| {
        vec![0xB2, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]
    }),
    ("nothing but empty groups", OLD, true, |size| [0x13, 0x14].repeat(size)),
    ("the same, unknown", OLD, true, |size| [0xA3, 0x01, 0xA4, 0x01].repeat(size / 2)),
    ("groups that never end", OLD, false, |size| [0xA3, 0x01].repeat(size)),
    ("groups that never begin", OLD, false, |size| [0x14].repeat(size)),
    ("groups as deep as may be, again and again", OLD, true, |size| {
        [[0xA3, 0x01].repeat(90), [0xA4, 0x01].repeat(90)].concat().repeat(size / 360)
    }),
    ("a scalar again and again", ALL, true, |size| [0x18, 0x01].repeat(size / 2)),
    ("a message in pieces", ALL, true, |size| [0x92, 0x01, 0x02, 0x18, 0x05].repeat(size / 5)),
    ("a list that another field interrupts", ALL, true, |size| {
        [0xA8, 0x01, 0x05, 0x18, 0x01].repeat(size / 5)
    }),
    ("members of a oneof in turn", ALL, true, |size| {
        [0xDA, 0x01, 0x00, 0xE2, 0x01, 0x00].repeat(size / 6)
    }),
    ("the same key of a map", ALL, true, |size| {
        record(&[0xC2, 0x01], b"\x0a\x01k\x12\x01v").repeat(size / 9)
    }),
    ("a message in pieces at each depth", ALL, true, |size| {
        let mut wire = vec![0x18; 0];
        for _ in 0..40 {
            wire = [vec![0x18, 0x01], record(&[0xEA, 0x01], &wire), vec![0x18, 0x02]].concat();
        }
        wire.repeat(size / wire.len())
    }),
];

/// Bytes asked of the allocator, and whether the input was read.
fn cost(run: impl FnOnce() -> Result<(), Error>) -> (u64, bool) {
    let mut read = false;
    let info = measure(|| read = run().is_ok());
    (info.bytes_total, read)
}

fn check(what: &str, reads: bool, make: Make, run: impl Fn(&[u8]) -> Result<(), Error>) {
    const SIZE: usize = 1 << 17;
    let (small, large) = (make(SIZE), make(2 * SIZE));
    // What is learnt or compiled at the first time is no part of it.
    let _ = run(&make(1 << 12));
    let (before, read) = cost(|| run(&small));
    assert_eq!(read, reads, "{what}");
    let (after, _) = cost(|| run(&large));
    let spare = 1 << 16;
    assert!(
        after <= before * 5 / 2 + spare,
        "{what}: {before} bytes for {} and {after} for {}",
        small.len(),
        large.len()
    );
    assert!(before <= 200 * small.len() as u64 + spare, "{what}: {before} bytes");
}

#[test]
fn texts_cost_what_their_size_does() {
    let codec = codec(ALL);
    for lenient in [false, true] {
        let codec = codec.clone().ignoring_unknown(lenient);
        for (what, reads, make) in TEXTS {
            let reads = *reads || (lenient && *what == "a field name of escapes");
            check(what, reads, *make, |text| codec.json_to_wire(text, &mut Vec::new()));
        }
    }
}

#[test]
fn wires_cost_what_their_size_does() {
    for (what, name, reads, make) in WIRES {
        let codec: Codec = codec(name);
        check(what, *reads, *make, |wire| {
            codec.wire_to_json(wire, &mut Vec::new(), &Options::default())
        });
        check(what, *reads, *make, |wire| codec.normalize(wire, &mut Vec::new()));
        // Spans are limited by what is asked for.
        check(what, true, *make, |wire| {
            assert!(codec.spans(wire, 1000).len() <= 1000);
            Ok(())
        });
    }
}
