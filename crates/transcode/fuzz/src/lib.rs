//! What has to hold for any input. The first byte of an input picks a type of the samples, the rest is the text or
//! the wire.

mod seeds;

pub use seeds::write_seeds;

use prost_reflect::DescriptorPool;
use serde_json::Value;
use std::sync::LazyLock;
use wirelab_transcode::{Codec, Options};

/// Types of the samples with every kind of field, of proto3 and of proto2.
const TYPES: &[&str] = &[
    "everything.v1.EverythingMessage",
    "everything.v1.LegacyMessage",
    "everything.v1.WellKnown",
    "everything.v1.WellKnownCollections",
    "everything.v1.Maps",
    "everything.v1.Choices",
    "everything.v1.Lists",
    "everything.v1.Scalars",
];

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../proto-samples");
    let files = ["everything/v1/everything.proto", "everything/v1/legacy.proto"];
    let set = protox::compile(files, [root]).expect("the samples compile");
    DescriptorPool::from_file_descriptor_set(set).expect("the samples are a schema")
});

static CODECS: LazyLock<Vec<Codec>> = LazyLock::new(|| {
    let messages = TYPES.iter().map(|name| POOL.get_message_by_name(name).expect("a sample"));
    messages.map(|message| Codec::new(&message)).collect()
});

fn codec(data: &[u8]) -> Option<(&'static Codec, &[u8])> {
    let (first, rest) = data.split_first()?;
    Some((&CODECS[usize::from(*first) % CODECS.len()], rest))
}

/// A text is refused with its place, or comes back from its wire.
pub fn json_to_wire(data: &[u8]) {
    let Some((codec, text)) = codec(data) else { return };
    const BEFORE: &[u8] = b"before";
    let mut wire = BEFORE.to_vec();
    match codec.json_to_wire(text, &mut wire) {
        Err(error) => {
            assert_eq!(wire, BEFORE, "a failure leaves no trace");
            let (line, column) = error.line_column().expect("a failure has a place");
            assert!(line >= 1 && column >= 1, "{line}:{column}");
        }
        Ok(()) => {
            let wire = wire.strip_prefix(BEFORE).expect("what was there stays");
            assert!(std::str::from_utf8(text).is_ok(), "JSON is UTF-8");
            let json =
                to_json(codec, wire, &Options::default()).expect("what was read can be written");
            let again = to_wire(codec, &json).unwrap_or_else(|error| panic!("{error}: {json}"));
            let json_again = to_json(codec, &again, &Options::default()).expect("and once more");
            assert_eq!(value(&json), value(&json_again));
            canonical(codec, wire).expect("what is written is well-formed");

            let mut lenient = Vec::new();
            codec.clone().ignoring_unknown(true).json_to_wire(text, &mut lenient).expect("no less");
            assert_eq!(lenient, wire, "nothing is unknown, so nothing is left out");
        }
    }
}

/// A wire is refused with its place, or its JSON says what its canonical form says and can be read.
pub fn wire_to_json(data: &[u8]) {
    let Some((codec, wire)) = codec(data) else { return };
    for span in codec.spans(wire, 1000) {
        assert!(span.start <= span.value && span.value <= span.end, "{span:?}");
        assert!(span.end as usize <= wire.len(), "{span:?}");
    }
    let canonical = canonical(codec, wire);
    let json = match (to_json(codec, wire, &Options::default()), &canonical) {
        (Ok(json), Ok(_)) => json,
        (Ok(json), Err(error)) => panic!("{json} of a wire that is broken: {error}"),
        (Err(error), Err(_)) => {
            assert!(error.offset().is_some_and(|offset| offset <= wire.len()), "{error:?}");
            return;
        }
        // ProtoJSON has no form for it, in whatever form its wire is.
        (Err(error), Ok(canonical)) => {
            assert!(error.offset().is_some() || error.path().is_some(), "{error:?}");
            to_json(codec, canonical, &Options::default()).expect_err("the same message");
            return;
        }
    };
    let canonical = canonical.expect("looked at above");
    let same = to_json(codec, &canonical, &Options::default()).expect("the same message");
    assert_eq!(value(&json), value(&same), "{json} and {same}");
    let pretty = Options { pretty: true, ..Options::default() };
    let pretty = to_json(codec, wire, &pretty).expect("white space is all it adds");
    assert_eq!(value(&json), value(&pretty));
    match to_wire(codec, &json) {
        Ok(again) => {
            let again =
                to_json(codec, &again, &Options::default()).expect("what was read can be written");
            assert_eq!(value(&json), value(&again), "{json} and {again}");
        }
        // A wire may lack them, a text may not.
        Err(error) => assert!(error.contains("required"), "{error}: {json}"),
    }
}

fn to_json(
    codec: &Codec,
    wire: &[u8],
    options: &Options,
) -> Result<String, wirelab_transcode::Error> {
    let mut json = Vec::new();
    codec.wire_to_json(wire, &mut json, options)?;
    Ok(String::from_utf8(json).expect("JSON is UTF-8"))
}

fn to_wire(codec: &Codec, json: &str) -> Result<Vec<u8>, String> {
    let mut wire = Vec::new();
    codec.json_to_wire(json.as_bytes(), &mut wire).map_err(|error| error.to_string())?;
    Ok(wire)
}

fn canonical(codec: &Codec, wire: &[u8]) -> Result<Vec<u8>, wirelab_transcode::Error> {
    let mut canonical = Vec::new();
    codec.normalize(wire, &mut canonical)?;
    Ok(canonical)
}

/// A JSON text without the members that are null: a `NullValue` is null whatever its number is, and reading null gives
/// the number 0, which may be as good as nothing.
fn value(json: &str) -> Value {
    let mut value = serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"));
    fn strip(value: &mut Value) {
        match value {
            Value::Object(members) => {
                members.retain(|_, member| !member.is_null());
                members.values_mut().for_each(strip);
            }
            Value::Array(elements) => elements.iter_mut().for_each(strip),
            _ => {}
        }
    }
    strip(&mut value);
    value
}
