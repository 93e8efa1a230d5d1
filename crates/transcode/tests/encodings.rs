//! What a message takes in each form.

mod common;

use common::{codec, to_wire};
use std::time::Duration;
use wirelab_transcode::{Encoded, Encoding};

const ALL: &str = "everything.Everything";

fn measured(json: &str) -> Vec<Encoded> {
    let wire = to_wire(ALL, json).unwrap();
    codec(ALL).encodings(&wire, &Encoding::ALL, Duration::ZERO).unwrap()
}

/// Sizes follow from the specifications of the forms.
#[test]
fn sizes() {
    use Encoding::{Cbor, Json, MessagePack, Protobuf};
    let cases: &[(&str, [(Encoding, usize); 4])] = &[
        // CBOR marks the end of an object whose length is not known before.
        ("{}", [(Json, 2), (Protobuf, 0), (MessagePack, 1), (Cbor, 2)]),
        // Names and values: 7 + 1 bytes in MessagePack, as in CBOR; 64-bit integers are integers.
        (r#"{"anInt64":"7"}"#, [(Json, 15), (Protobuf, 2), (MessagePack, 10), (Cbor, 11)]),
        (r#"{"anInt64":"-1"}"#, [(Json, 16), (Protobuf, 11), (MessagePack, 10), (Cbor, 11)]),
        (r#"{"aString":"abc"}"#, [(Json, 17), (Protobuf, 5), (MessagePack, 13), (Cbor, 14)]),
        (r#"{"aDouble":0.1}"#, [(Json, 15), (Protobuf, 9), (MessagePack, 18), (Cbor, 19)]),
        (r#"{"names":["a","b"]}"#, [(Json, 19), (Protobuf, 8), (MessagePack, 12), (Cbor, 13)]),
        // Bytes stay base64 text.
        (r#"{"someBytes":"AAEC"}"#, [(Json, 20), (Protobuf, 5), (MessagePack, 16), (Cbor, 17)]),
    ];
    for (json, expected) in cases {
        let got = measured(json);
        for (encoding, bytes) in expected {
            let found = got.iter().find(|one| one.encoding == *encoding).unwrap();
            assert_eq!(found.bytes, *bytes, "{json} as {}", encoding.name());
        }
    }
}

#[test]
fn every_form_of_every_kind_of_field_is_measured() {
    let json = r#"{"aDouble": 0.5, "aFloat": -2, "anInt32": -1, "aUint64": "18446744073709551615",
        "aSint64": "-9223372036854775808", "aFixed64": "1", "aBool": true, "aString": "KB-204 \"x\"",
        "someBytes": "AAEC", "status": "STATUS_OPEN", "items": [{"sku": "a", "price": 1e300}], "doubles": ["NaN", 1],
        "labels": {"tier": "gold"}, "byNumber": {"-7": {"count": 1}}, "byBool": {"true": "5"},
        "inner": {"maybe": 0}, "at": "2026-11-21T09:31:00Z", "took": "1.5s", "mask": "aDouble", "wrapped": "9",
        "free": {"a": [1, null, {"b": true}]}, "nothing": {},
        "any": {"@type": "type.googleapis.com/everything.Item", "sku": "z"}}"#;
    let got = measured(json);
    let forms: Vec<_> = got.iter().map(|one| one.encoding).collect();
    assert_eq!(forms, Encoding::ALL);
    for one in got {
        let name = one.encoding.name();
        assert!(one.samples > 0 && one.bytes > 0, "{name}");
        assert!(one.encode_ns > 0.0 && one.decode_ns > 0.0, "{name}");
    }
}

#[test]
fn repetition_shrinks_and_a_chosen_form_comes_alone() {
    let text = format!(r#"{{"names":[{}"x"]}}"#, r#""KB-204","#.repeat(500));
    let wire = to_wire(ALL, &text).unwrap();
    let of = |encoding| {
        let got = codec(ALL).encodings(&wire, &[encoding], Duration::ZERO).unwrap();
        assert_eq!((got.len(), got[0].encoding), (1, encoding));
        got[0].bytes
    };
    for (plain, packed) in [
        (Encoding::Json, Encoding::JsonGzip),
        (Encoding::Json, Encoding::JsonZstd),
        (Encoding::Protobuf, Encoding::ProtobufGzip),
        (Encoding::Protobuf, Encoding::ProtobufZstd),
    ] {
        assert!(of(packed) * 10 < of(plain), "{}", packed.name());
    }
}

#[test]
fn what_is_not_the_message_is_an_error() {
    let error = codec(ALL).encodings(b"\x18", &Encoding::ALL, Duration::ZERO).unwrap_err();
    assert_eq!(error.offset(), Some(0));
}
