//! Held against prost-reflect's own reading and writing of JSON, which goes through a message object and
//! serde_json: another implementation of the same specification, by other people.
//!
//! Where the two differ on purpose is in `DIFFERENCES`, where each difference is shown to be there, and what random
//! schemas and messages hold of these is left out.

mod random;

use proptest::collection::vec;
use proptest::prelude::*;
use prost_reflect::prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor, SerializeOptions};
use random::{Choices, Known, Schema, Syntax, vary, wire};
use serde_json::Value;
use wirelab_transcode::{Codec, Options};

/// prost-reflect knows no editions; what it is given of them is proto2.
const SYNTAXES: &[Syntax] = &[Syntax::Proto3, Syntax::Proto2];

/// Types whose forms differ, see [`DIFFERENCES`].
const WITHOUT: &[&str] = &["Any", "DoubleValue", "FloatValue", "Set"];

fn schema() -> impl Strategy<Value = Schema> {
    vec(any::<u8>(), 0..300).prop_map(|bytes| Schema::new(&mut Choices(&bytes), SYNTAXES, WITHOUT))
}

fn ours_to_json(
    message: &MessageDescriptor,
    wire: &[u8],
    options: &Options,
) -> Result<String, String> {
    let mut json = Vec::new();
    Codec::new(message)
        .wire_to_json(wire, &mut json, options)
        .map_err(|error| error.to_string())?;
    Ok(String::from_utf8(json).expect("JSON is UTF-8"))
}

fn theirs_to_json(
    message: &MessageDescriptor,
    wire: &[u8],
    options: &Options,
) -> Result<String, String> {
    let value = DynamicMessage::decode(message.clone(), wire).map_err(|error| error.to_string())?;
    let form = SerializeOptions::new()
        .skip_default_fields(!options.print_defaults)
        .use_proto_field_name(options.original_names)
        .use_enum_numbers(options.enums_as_numbers);
    let mut json = Vec::new();
    let mut writer = serde_json::Serializer::new(&mut json);
    value.serialize_with_options(&mut writer, &form).map_err(|error| error.to_string())?;
    Ok(String::from_utf8(json).expect("JSON is UTF-8"))
}

/// In canonical form, so that the order of records has no influence.
fn ours_to_wire(message: &MessageDescriptor, json: &str) -> Result<Vec<u8>, String> {
    let mut wire = Vec::new();
    let codec = Codec::new(message);
    codec.json_to_wire(json.as_bytes(), &mut wire).map_err(|error| error.to_string())?;
    canonical(message, &wire)
}

fn theirs_to_wire(message: &MessageDescriptor, json: &str) -> Result<Vec<u8>, String> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let value = DynamicMessage::deserialize(message.clone(), &mut reader)
        .map_err(|error| error.to_string())?;
    reader.end().map_err(|error| error.to_string())?;
    canonical(message, &value.encode_to_vec())
}

fn canonical(message: &MessageDescriptor, wire: &[u8]) -> Result<Vec<u8>, String> {
    let mut canonical = Vec::new();
    Codec::new(message).normalize(wire, &mut canonical).map_err(|error| error.to_string())?;
    Ok(canonical)
}

/// With members by name, and numbers as they are written.
fn value(json: &str) -> String {
    let mut value: Value =
        serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"));
    value.sort_all_objects();
    value.to_string()
}

/// Where presence is implicit, prost-reflect takes -0.0 for the default, which it is not
/// (<https://protobuf.dev/programming-guides/proto3/#default>).
fn has_negative_zero(json: &str) -> bool {
    json.contains("-0.0")
}

proptest! {
    #![proptest_config(random::cases(96))]

    #[test]
    fn wires_have_the_same_json(schema in schema(), messages in vec(vec(any::<u8>(), 0..500), 1..4)) {
        let root = schema.root();
        for bytes in messages {
            let wire = wire(&mut Choices(&bytes), &root, Known::All);
            for bits in 0..8u8 {
                let options = Options {
                    original_names: bits & 1 != 0,
                    print_defaults: bits & 2 != 0,
                    enums_as_numbers: bits & 4 != 0,
                    ..Options::default()
                };
                let ours = ours_to_json(&root, &wire, &options).map(|json| value(&json));
                let theirs = theirs_to_json(&root, &wire, &options).map(|json| value(&json));
                if ours.as_ref().is_ok_and(|json| has_negative_zero(json)) {
                    continue;
                }
                prop_assert_eq!(ours, theirs, "{:?} {:02x?}", options, wire);
            }
        }
    }

    #[test]
    fn texts_have_the_same_wire(schema in schema(), messages in vec(vec(any::<u8>(), 0..500), 1..4)) {
        let root = schema.root();
        for bytes in messages {
            let mut choices = Choices(&bytes);
            let wire = wire(&mut choices, &root, Known::All);
            let json = ours_to_json(&root, &wire, &Options::default()).map_err(TestCaseError::fail)?;
            let varied = vary(&mut choices, &serde_json::from_str(&json).expect("JSON"));
            let (ours, theirs) = (ours_to_wire(&root, &varied), theirs_to_wire(&root, &varied));
            // The largest float, see [`DIFFERENCES`].
            let is_largest = |error: &String| error.contains("float value out of range");
            if theirs.as_ref().is_err_and(is_largest) || has_negative_zero(&json) {
                continue;
            }
            prop_assert_eq!(ours, theirs, "{}", varied);
        }
    }
}

/// Where the two differ on purpose: the reason, a type, a text, and what prost-reflect makes of it. Ours takes the text
/// and writes it again as it was.
const DIFFERENCES: &[(&str, &str, &str, Theirs)] = &[
    (
        "numbers that JSON has none for are texts in wrappers too",
        "google.protobuf.DoubleValue",
        r#""Infinity""#,
        Theirs::Writes("null"),
    ),
    ("the same of floats", "google.protobuf.FloatValue", r#""NaN""#, Theirs::Writes("null")),
    (
        "Empty has no form of its own that an Any would have to set apart",
        "google.protobuf.Any",
        r#"{"@type":"type.googleapis.com/google.protobuf.Empty"}"#,
        Theirs::Refuses("expected 'value' field"),
    ),
    (
        "the largest float in its shortest form is above it as a double, and rounds to it",
        "google.protobuf.FloatValue",
        "3.4028235e+38",
        Theirs::Refuses("float value out of range"),
    ),
];

enum Theirs {
    Refuses(&'static str),
    Writes(&'static str),
}

#[test]
fn the_differences_are_there() {
    let schema = Schema::new(&mut Choices(&[]), SYNTAXES, &[]);
    for (reason, name, text, theirs) in DIFFERENCES {
        let message = schema.pool.get_message_by_name(name).expect("imported");
        let wire = ours_to_wire(&message, text).unwrap_or_else(|error| panic!("{reason}: {error}"));
        assert_eq!(
            ours_to_json(&message, &wire, &Options::default()).as_deref(),
            Ok(*text),
            "{reason}"
        );
        match theirs {
            Theirs::Refuses(why) => {
                let error = theirs_to_wire(&message, text).expect_err(reason);
                assert!(error.contains(why), "{reason}: {error}");
            }
            Theirs::Writes(other) => {
                let written = theirs_to_json(&message, &wire, &Options::default());
                assert_eq!(written.as_deref(), Ok(*other), "{reason}");
            }
        }
    }
}
