//! What holds for every message and every text.

mod common;

use common::{codec, message, to_json};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use prost::encoding::encode_varint;
use prost_reflect::{DynamicMessage, SerializeOptions};
use serde_json::{Map, Value, json};
use wirelab_transcode::Options;

const ALL: &str = "everything.Everything";

fn item() -> impl Strategy<Value = Value> {
    (any::<String>(), finite(), any::<i32>())
        .prop_map(|(sku, price, count)| json!({"sku": sku, "price": price, "count": count}))
}

fn finite() -> impl Strategy<Value = f64> {
    any::<f64>().prop_filter("JSON numbers are finite", |number| number.is_finite())
}

fn entry(
    name: &'static str,
    value: impl Strategy<Value = Value> + 'static,
) -> BoxedStrategy<(String, Value)> {
    value.prop_map(move |value| (name.to_owned(), value)).boxed()
}

fn field() -> impl Strategy<Value = (String, Value)> {
    prop_oneof![
        entry("aDouble", finite().prop_map(|v| json!(v))),
        entry(
            "aFloat",
            any::<f32>().prop_filter("finite", |v| v.is_finite()).prop_map(|v| json!(v))
        ),
        entry("anInt32", any::<i32>().prop_map(|v| json!(v))),
        entry("anInt64", any::<i64>().prop_map(|v| json!(v.to_string()))),
        entry("aUint64", any::<u64>().prop_map(|v| json!(v.to_string()))),
        entry("aSint64", any::<i64>().prop_map(|v| json!(v.to_string()))),
        entry("aFixed32", any::<u32>().prop_map(|v| json!(v))),
        entry("aSfixed64", any::<i64>().prop_map(|v| json!(v.to_string()))),
        entry("aBool", any::<bool>().prop_map(|v| json!(v))),
        entry("aString", any::<String>().prop_map(|v| json!(v))),
        entry("status", any::<i32>().prop_map(|v| json!(v))),
        entry("maybe", any::<i32>().prop_map(|v| json!(v))),
        entry("item", item()),
        entry("items", vec(item(), 0..4).prop_map(|v| json!(v))),
        entry("names", vec(any::<String>(), 0..4).prop_map(|v| json!(v))),
        entry("numbers", vec(any::<i32>(), 0..9).prop_map(|v| json!(v))),
        entry("loose", vec(any::<i32>(), 0..4).prop_map(|v| json!(v))),
        entry("doubles", vec(finite(), 0..9).prop_map(|v| json!(v))),
        entry("labels", btree_map(any::<String>(), any::<String>(), 0..4).prop_map(|v| json!(v))),
        entry("thing", item()),
    ]
}

fn text() -> impl Strategy<Value = String> {
    let fields = || vec(field(), 0..8).prop_map(Map::from_iter);
    (fields(), fields()).prop_map(|(mut outer, inner)| {
        outer.insert("inner".to_owned(), Value::Object(inner));
        Value::Object(outer).to_string()
    })
}

fn record(number: u32, wire_type: u8, value: Vec<u8>) -> Vec<u8> {
    let mut record = Vec::new();
    encode_varint(u64::from(number << 3 | u32::from(wire_type)), &mut record);
    if wire_type == 2 {
        encode_varint(value.len() as u64, &mut record);
    }
    [record, value].concat()
}

fn varint(number: u64) -> Vec<u8> {
    let mut value = Vec::new();
    encode_varint(number, &mut value);
    value
}

/// Records that may follow one another in any order.
fn records(of: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    vec(of, 0..6).prop_map(|records| records.concat())
}

fn number() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![0u64..4, any::<u64>(), any::<i32>().prop_map(|n| n as u64)].prop_map(varint)
}

fn text_bytes() -> impl Strategy<Value = Vec<u8>> {
    "([a-c]{0,2}|\\PC{0,30}|[a-z\"\n]{0,40})".prop_map(String::into_bytes)
}

fn item_records() -> BoxedStrategy<Vec<u8>> {
    records(prop_oneof![
        text_bytes().prop_map(|value| record(1, 2, value)),
        any::<u64>().prop_map(|value| record(2, 1, value.to_le_bytes().to_vec())),
        number().prop_map(|value| record(3, 0, value)),
        number().prop_map(|value| record(99, 0, value)),
    ])
    .boxed()
}

/// Any of the fields of `Everything`, of few numbers so that they come again.
fn any_record(inner: BoxedStrategy<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let packed = || vec(number(), 0..4).prop_map(|values| values.concat());
    let entry = |value: BoxedStrategy<Vec<u8>>| {
        let key = (0u64..3).prop_map(|key| record(1, 0, varint(key)));
        records(prop_oneof![key, value.prop_map(|value| record(2, 2, value))])
    };
    let label = || records((1u32..3, text_bytes()).prop_map(|(part, text)| record(part, 2, text)));
    let seconds = (0u64..1 << 30).prop_map(|seconds| record(1, 0, varint(seconds)));
    let nanos = (0u64..1_000_000_000).prop_map(|nanos| record(2, 0, varint(nanos)));
    prop_oneof![
        (
            prop_oneof![3u32..9, Just(13), Just(16), Just(17), Just(21), Just(23), Just(37)],
            number()
        )
            .prop_map(|(number, value)| record(number, 0, value)),
        (prop_oneof![Just(1u32), Just(10), Just(22)], any::<u64>())
            .prop_map(|(number, value)| record(number, 1, value.to_le_bytes().to_vec())),
        (prop_oneof![Just(14u32), Just(20), Just(27), Just(15)], text_bytes())
            .prop_map(|(number, value)| record(number, 2, value)),
        (prop_oneof![Just(21u32), Just(23), Just(37)], packed())
            .prop_map(|(number, value)| record(number, 2, value)),
        (prop_oneof![Just(18u32), Just(19), Just(28)], item_records())
            .prop_map(|(number, value)| record(number, 2, value)),
        label().prop_map(|value| record(24, 2, value)),
        entry(item_records()).prop_map(|value| record(25, 2, value)),
        inner.prop_map(|value| record(29, 2, value)),
        (30u32..32, records(prop_oneof![seconds, nanos]))
            .prop_map(|(number, value)| record(number, 2, value)),
        number().prop_map(|value| record(36, 2, record(1, 0, value))),
        (200u32..202, number()).prop_map(|(number, value)| record(number, 0, value)),
    ]
}

fn any_wire() -> impl Strategy<Value = Vec<u8>> {
    let leaf = records(any_record(Just(Vec::new()).boxed()));
    leaf.prop_recursive(3, 32, 4, |inner| records(any_record(inner)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// JSON → wire → JSON → wire gives the same message.
    #[test]
    fn messages_survive_the_round_trip(json in text()) {
        let mut wire = Vec::new();
        codec(ALL).json_to_wire(json.as_bytes(), &mut wire).unwrap();
        let first = DynamicMessage::decode(message(ALL), &*wire).unwrap();
        for options in [
            Options::default(),
            Options { original_names: true, pretty: true, ..Options::default() },
            Options { print_defaults: true, enums_as_numbers: true, ..Options::default() },
        ] {
            let again = to_json(ALL, &wire, &options).unwrap();
            let mut rewired = Vec::new();
            codec(ALL).json_to_wire(again.as_bytes(), &mut rewired).unwrap();
            let second = DynamicMessage::decode(message(ALL), &*rewired).unwrap();
            prop_assert_eq!(&first, &second);
        }
    }

    /// Split, interleaved and repeated fields make the same message as in prost-reflect, first time and later.
    #[test]
    fn wires_are_read_as_prost_reflect_reads_them(wire in any_wire()) {
        let message = DynamicMessage::decode(message(ALL), &*wire).unwrap();
        let codec = codec(ALL);
        for (options, theirs) in [
            (Options::default(), SerializeOptions::new()),
            (
                Options { print_defaults: true, enums_as_numbers: true, original_names: true, pretty: true, ..Options::default() },
                SerializeOptions::new()
                    .skip_default_fields(false)
                    .use_enum_numbers(true)
                    .use_proto_field_name(true),
            ),
            (Options { pretty: true, ..Options::default() }, SerializeOptions::new()),
        ] {
            let wanted = message.serialize_with_options(serde_json::value::Serializer, &theirs).unwrap();
            let mut json = Vec::new();
            codec.wire_to_json(&wire, &mut json, &options).unwrap();
            let read: Value = serde_json::from_slice(&json).unwrap();
            prop_assert_eq!(&read, &wanted);
            // Members keep the order they are written in.
            let text = if options.pretty { serde_json::to_string_pretty(&read) } else { serde_json::to_string(&read) };
            prop_assert_eq!(String::from_utf8(json).unwrap(), text.unwrap());
        }
    }

    /// The spans of a message's top level lie end to end, and inner ones inside their outer ones.
    #[test]
    fn spans_cover_the_wire(json in text()) {
        let mut wire = Vec::new();
        codec(ALL).json_to_wire(json.as_bytes(), &mut wire).unwrap();
        let spans = codec(ALL).spans(&wire, usize::MAX);
        let mut at = 0;
        let mut open: Vec<(u32, u32)> = vec![];
        for span in &spans {
            prop_assert!(span.start <= span.value && span.value <= span.end);
            while open.last().is_some_and(|(_, end)| *end <= span.start) {
                open.pop();
            }
            match open.last() {
                Some((start, end)) => prop_assert!(*start <= span.start && span.end <= *end),
                None => {
                    prop_assert_eq!(span.start, at);
                    at = span.end;
                }
            }
            if span.end > span.start {
                open.push((span.start, span.end));
            }
        }
        prop_assert_eq!(at as usize, wire.len());
    }

    /// Arbitrary bytes are refused or read, in every direction, and a refusal says where.
    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..64), limit in 0usize..20) {
        prop_assert!(codec(ALL).spans(&bytes, limit).len() <= limit);
        if let Err(error) = to_json(ALL, &bytes, &Options::default()) {
            prop_assert!(error.offset().is_some() || error.path().is_some(), "{:?}", error);
            prop_assert!(error.offset().unwrap_or(0) <= bytes.len());
        }
        let mut wire = Vec::new();
        if let Err(error) = codec(ALL).json_to_wire(&bytes, &mut wire) {
            prop_assert!(error.line_column().is_some());
            prop_assert!(wire.is_empty());
        }
    }

    /// The same near to messages: one byte of a good wire changed, or its tail cut.
    #[test]
    fn damaged_messages_never_panic(json in text(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut wire = Vec::new();
        codec(ALL).json_to_wire(json.as_bytes(), &mut wire).unwrap();
        let at = at.index(wire.len());
        for damaged in [wire[..at].to_vec(), [&wire[..at], &[byte], &wire[at + 1..]].concat()] {
            codec(ALL).spans(&damaged, 1000);
            if let Err(error) = to_json(ALL, &damaged, &Options::default()) {
                prop_assert!(error.offset().is_some() || error.path().is_some(), "{:?}", error);
            }
        }
    }
}
