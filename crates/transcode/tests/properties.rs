//! What holds for every message and every text.

mod common;

use common::{codec, message, to_json};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use prost_reflect::DynamicMessage;
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
