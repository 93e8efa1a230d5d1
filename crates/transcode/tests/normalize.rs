//! The canonical form of wires.

mod common;

use common::{codec, line};
use wirelab_transcode::{Limits, MAX_DEPTH};

const ALL: &str = "everything.Everything";

fn bytes(hex: &str) -> Vec<u8> {
    let digits: String = hex.split_whitespace().collect();
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}

fn normalize(name: &str, wire: &[u8]) -> Result<Vec<u8>, String> {
    let mut canonical = Vec::new();
    codec(name).normalize(wire, &mut canonical).map_err(|error| {
        assert!(canonical.is_empty());
        line(&error)
    })?;
    Ok(canonical)
}

#[test]
fn two_wires_of_a_message_have_one_form() {
    let cases = [
        ("the last scalar counts", ALL, "18 01 18 02", "18 02"),
        ("fields by number", ALL, "68 01 18 02", "18 02 68 01"),
        ("zero where presence is implicit", ALL, "18 00 72 00 68 00 09 0000000000000000", ""),
        ("minus zero is no zero", ALL, "09 0000000000000080", "09 0000000000000080"),
        ("zero where presence is explicit", ALL, "88 01 00", "88 01 00"),
        ("zero after another value", ALL, "18 01 18 00", ""),
        ("a varint as short as can be", ALL, "18 81 80 80 00", "18 01"),
        ("an int32 drops its upper bits", ALL, "18 81 80 80 80 70", "18 01"),
        (
            "a negative int32 has ten bytes",
            ALL,
            "18 ff ff ff ff 0f",
            "18 ff ff ff ff ff ff ff ff ff 01",
        ),
        ("any bool that is not 0 is true", ALL, "68 80 10", "68 01"),
        (
            "singular messages merge",
            ALL,
            "92 01 03 0a 01 61 92 01 02 18 05",
            "92 01 05 0a 01 61 18 05",
        ),
        ("an empty message is there", ALL, "92 01 00", "92 01 00"),
        (
            "messages of a list do not merge",
            ALL,
            "9a 01 02 18 01 9a 01 02 18 02",
            "9a 01 02 18 01 9a 01 02 18 02",
        ),
        (
            "lists come together",
            ALL,
            "a2 01 01 61 18 01 a2 01 01 62",
            "18 01 a2 01 01 61 a2 01 01 62",
        ),
        (
            "lists are packed as the type says",
            ALL,
            "a8 01 01 aa 01 02 02 03 a8 01 04",
            "aa 01 04 01 02 03 04",
        ),
        ("and unpacked", ALL, "aa 02 02 02 03", "a8 02 02 a8 02 03"),
        ("an empty packed list is none", ALL, "aa 01 00", ""),
        (
            "map entries by key, the last of each",
            ALL,
            "c2 01 06 0a 01 62 12 01 31 c2 01 06 0a 01 61 12 01 32 c2 01 06 0a 01 62 12 01 33",
            "c2 01 06 0a 01 61 12 01 32 c2 01 06 0a 01 62 12 01 33",
        ),
        (
            "number keys by number",
            ALL,
            "ca 01 04 08 0a 12 00 ca 01 0d 08 ff ff ff ff ff ff ff ff ff 01 12 00",
            "ca 01 0d 08 ff ff ff ff ff ff ff ff ff 01 12 00 ca 01 04 08 0a 12 00",
        ),
        ("an entry has key and value", ALL, "ca 01 00", "ca 01 04 08 00 12 00"),
        (
            "value before key, twice",
            ALL,
            "ca 01 08 12 02 18 01 08 02 08 03",
            "ca 01 06 08 03 12 02 18 01",
        ),
        ("the last member of a oneof counts", ALL, "da 01 01 61 e2 01 02 18 01", "e2 01 02 18 01"),
        (
            "a member that was replaced is gone",
            ALL,
            "e2 01 02 18 01 da 01 01 61 e2 01 03 0a 01 62",
            "e2 01 03 0a 01 62",
        ),
        ("a zero in a oneof is written", ALL, "da 01 00", "da 01 00"),
        (
            "unknown fields stay, last and in order",
            ALL,
            "c0 3e 05 68 01 c2 3e 01 61 c3 3e 08 01 c4 3e",
            "68 01 c0 3e 05 c2 3e 01 61 c3 3e 08 01 c4 3e",
        ),
        ("another wire type is unknown", ALL, "1a 01 61 18 01", "18 01 1a 01 61"),
        (
            "groups",
            "older.Old",
            "0a 01 61 13 18 01 14 13 23 2a 01 78 24 18 02 14",
            "0a 01 61 13 18 02 23 2a 01 78 24 14",
        ),
        ("extensions", "older.Old", "a8 06 02 a2 06 01 61", "a2 06 01 61 a8 06 02"),
    ];
    for (what, name, wire, canonical) in cases {
        let made = normalize(name, &bytes(wire)).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(made, bytes(canonical), "{what}: {made:02x?}");
        assert_eq!(normalize(name, &made).unwrap(), made, "{what}: the form of the form");
    }
}

#[test]
fn what_is_no_message_is_refused_with_its_place() {
    let cases = [
        ("18", ALL, "- +0: the message ends inside this field"),
        ("68 01 72 05 61", ALL, "- +2: the message ends inside this field"),
        ("68 01 72 02 61 ff", ALL, "aString +2: the string is not UTF-8"),
        ("92 01 03 0a 01 ff", ALL, "item.sku +3: the string is not UTF-8"),
        ("9a 01 00 9a 01 02 18 80", ALL, "items[1] +6: the message ends inside this field"),
        (
            "ca 01 06 08 07 12 02 18 80",
            ALL,
            "byNumber[\"7\"] +7: the message ends inside this field",
        ),
        ("b2 01 05 0000000000", ALL, "doubles +0: the list ends inside a number"),
        ("18 ff ff ff ff ff ff ff ff ff ff 01", ALL, "- +0: a varint is longer than ten bytes"),
        ("00 01", ALL, "- +0: no field has the number 0"),
        ("68 01 0e", ALL, "- +2: there is no wire type 6"),
        ("1c", ALL, "- +0: group 3 ends but has not begun"),
        ("13 18 01", "older.Old", "- +0: group 2 has no end"),
        ("13 18 01 1c", "older.Old", "- +3: group 2 ends as if it were group 3"),
        ("98 80 80 80 80 01 01", ALL, "- +0: this is not the tag of a field"),
    ];
    for (wire, name, error) in cases {
        assert_eq!(normalize(name, &bytes(wire)), Err(error.to_owned()), "{wire}");
    }
}

#[test]
fn limits_hold() {
    let nested = |depth: usize| {
        (0..depth).fold(Vec::new(), |inner: Vec<u8>, _| {
            let mut wire = vec![0xEA, 0x01];
            prost::encoding::encode_varint(inner.len() as u64, &mut wire);
            [wire, inner].concat()
        })
    };
    let unknown = |depth: usize| [[0xC3, 0x3E].repeat(depth), [0xC4, 0x3E].repeat(depth)].concat();
    for wire in [nested(MAX_DEPTH), unknown(MAX_DEPTH)] {
        assert_eq!(normalize(ALL, &wire).unwrap(), wire);
    }
    for wire in [nested(MAX_DEPTH + 1), unknown(MAX_DEPTH + 1), unknown(1_000_000)] {
        let error = normalize(ALL, &wire).unwrap_err();
        assert!(error.ends_with("messages are nested more than 100 deep"), "{error}");
    }
    for (limits, error) in [
        (Limits { input: 3, ..Limits::default() }, "the message is longer than 3 bytes"),
        (Limits { output: 3, ..Limits::default() }, "the message would be longer than 3 bytes"),
        (Limits { depth: 0, ..Limits::default() }, "messages are nested more than 0 deep"),
    ] {
        let mut canonical = vec![7];
        let refused =
            codec(ALL).with_limits(limits).normalize(&bytes("92 01 02 18 05"), &mut canonical);
        assert_eq!(refused.unwrap_err().message(), error);
        assert_eq!(canonical, [7]);
    }
}
