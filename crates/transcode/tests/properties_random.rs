//! What holds for every message of every schema.

mod random;

use proptest::collection::vec;
use proptest::prelude::*;
use prost_reflect::MessageDescriptor;
use random::{Choices, Known, Schema, Syntax, vary, wire};
use wirelab_transcode::{Codec, Options};

const SYNTAXES: &[Syntax] =
    &[Syntax::Proto3, Syntax::Proto2, Syntax::Edition2023, Syntax::Edition2024];

fn schema() -> impl Strategy<Value = Schema> {
    vec(any::<u8>(), 0..300).prop_map(|bytes| Schema::new(&mut Choices(&bytes), SYNTAXES, &[]))
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..500)
}

fn json(codec: &Codec, wire: &[u8], options: &Options) -> Result<String, TestCaseError> {
    let mut json = Vec::new();
    codec.wire_to_json(wire, &mut json, options).map_err(|error| {
        TestCaseError::fail(format!("{:?}: {error} for {wire:02x?}", error.path()))
    })?;
    Ok(String::from_utf8(json).expect("JSON is UTF-8"))
}

fn to_wire(codec: &Codec, json: &str) -> Result<Vec<u8>, TestCaseError> {
    let mut wire = Vec::new();
    codec
        .json_to_wire(json.as_bytes(), &mut wire)
        .map_err(|error| TestCaseError::fail(format!("{:?}: {error} for {json}", error.path())))?;
    Ok(wire)
}

fn canonical(codec: &Codec, wire: &[u8]) -> Result<Vec<u8>, TestCaseError> {
    let mut canonical = Vec::new();
    codec
        .normalize(wire, &mut canonical)
        .map_err(|error| TestCaseError::fail(format!("{error} for {wire:02x?}")))?;
    Ok(canonical)
}

fn codec(message: &MessageDescriptor) -> Codec {
    Codec::new(message)
}

fn every_option() -> impl Iterator<Item = Options> {
    (0..32).map(|bits| Options {
        original_names: bits & 1 != 0,
        print_defaults: bits & 2 != 0,
        enums_as_numbers: bits & 4 != 0,
        pretty: bits & 8 != 0,
        int64_as_numbers: bits & 16 != 0,
        ..Options::default()
    })
}

fn value(json: &str) -> serde_json::Value {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"))
}

/// What a wire says, whatever the order of entries in its maps, those inside of an `Any` included.
fn meaning(codec: &Codec, wire: &[u8]) -> Result<String, TestCaseError> {
    let mut value = value(&json(codec, wire, &Options::default())?);
    value.sort_all_objects();
    Ok(value.to_string())
}

proptest! {
    #![proptest_config(random::cases(128))]

    /// wire → JSON → wire gives the same message, and the JSON of that is the same text.
    #[test]
    fn nothing_is_lost_on_the_way(schema in schema(), messages in vec(bytes(), 1..4)) {
        let codec = codec(&schema.root());
        for bytes in messages {
            let wire = wire(&mut Choices(&bytes), &schema.root(), Known::All);
            let first = json(&codec, &wire, &Options::default())?;
            let again = to_wire(&codec, &first)?;
            prop_assert_eq!(canonical(&codec, &again)?, canonical(&codec, &wire)?, "{}", &first);
            prop_assert_eq!(json(&codec, &again, &Options::default())?, first);
        }
    }

    /// The form of a wire has no influence on what it means.
    #[test]
    fn every_wire_of_a_message_has_the_same_json(schema in schema(), messages in vec(bytes(), 1..4)) {
        let codec = codec(&schema.root());
        for bytes in messages {
            let wire = wire(&mut Choices(&bytes), &schema.root(), Known::Some);
            let straight = canonical(&codec, &wire)?;
            prop_assert_eq!(&canonical(&codec, &straight)?, &straight, "the form of the form");
            let (one, other) = (
                json(&codec, &wire, &Options::default())?,
                json(&codec, &straight, &Options::default())?,
            );
            prop_assert_eq!(value(&one), value(&other), "{:02x?}", wire);
        }
    }

    /// Whatever the options are, the message comes back, and white space is all that `pretty` adds.
    #[test]
    fn every_option_is_read_back(schema in schema(), bytes in bytes()) {
        let codec = codec(&schema.root());
        let wire = wire(&mut Choices(&bytes), &schema.root(), Known::All);
        let wanted = canonical(&codec, &wire)?;
        for options in every_option() {
            let text = json(&codec, &wire, &options)?;
            let again = to_wire(&codec, &text)?;
            prop_assert_eq!(&canonical(&codec, &again)?, &wanted, "{:?}: {}", options, text);
            if options.pretty {
                let compact = json(&codec, &wire, &Options { pretty: false, ..options })?;
                prop_assert_eq!(value(&text), value(&compact));
            }
        }
    }

    /// White space, order, escapes and the form of numbers have no influence on what a text means.
    #[test]
    fn every_text_of_a_message_has_the_same_wire(schema in schema(), bytes in bytes(), other in bytes()) {
        let codec = codec(&schema.root());
        let wire = wire(&mut Choices(&bytes), &schema.root(), Known::All);
        let text = json(&codec, &wire, &Options::default())?;
        let varied = vary(&mut Choices(&other), &value(&text));
        let again = to_wire(&codec, &varied)?;
        prop_assert_eq!(meaning(&codec, &again)?, meaning(&codec, &wire)?, "{}", varied);
    }
}
