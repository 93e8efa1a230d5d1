//! What converting allocates: nothing per message once a codec and its buffers are warm, and never more than in
//! proportion to what is written.

use allocation_counter::{AllocationInfo, measure};
use wirelab_transcode::{Codec, Options};
use wirelab_transcode_shapes::{self as shapes, Shape};

const OTHER_OPTIONS: Options = Options {
    original_names: true,
    print_defaults: false,
    print_nulls: false,
    enums_as_numbers: true,
    int64_as_numbers: false,
    pretty: true,
};

/// a to d and the other layouts of c: name, shape, JSON.
fn cases() -> Vec<(&'static str, Shape, Vec<u8>)> {
    let c = shapes::c(500);
    let (pretty, shuffled) = (shapes::pretty(&c.json), shapes::shuffled(&c.json));
    let mut cases: Vec<_> = [shapes::a(), shapes::b(), c.clone(), shapes::d(10_000), shapes::e(1)]
        .map(|shape| (shape.name, shape.clone(), shape.json))
        .into();
    cases.push(("c-pretty", c.clone(), pretty));
    cases.push(("c-shuffled", c, shuffled));
    cases
}

#[test]
fn a_warm_codec_allocates_nothing() {
    for (name, shape, text) in cases() {
        let codec = Codec::new(&shape.message);
        let (mut wire, mut json) = (Vec::new(), Vec::new());
        let mut both_ways = || {
            wire.clear();
            codec.json_to_wire(&text, &mut wire).unwrap();
            for options in [Options::default(), OTHER_OPTIONS] {
                json.clear();
                codec.wire_to_json(&shape.wire, &mut json, &options).unwrap();
            }
        };
        // Compiles the plans, learns, and lets the buffers grow.
        both_ways();
        both_ways();
        let info = measure(|| (0..10).for_each(|_| both_ways()));
        assert_eq!(info.count_total, 0, "{name}: {info:?}");
    }
}

#[test]
fn a_clone_of_a_warm_codec_is_warm() {
    let shape = shapes::b();
    let codec = Codec::new(&shape.message);
    let (mut wire, mut json) = (Vec::with_capacity(4_096), Vec::with_capacity(4_096));
    codec.json_to_wire(&shape.json, &mut wire).unwrap();
    codec.wire_to_json(&shape.wire, &mut json, &Options::default()).unwrap();
    let info = measure(|| {
        let clone = codec.clone();
        wire.clear();
        clone.json_to_wire(&shape.json, &mut wire).unwrap();
    });
    assert_eq!(info.count_total, 0, "{info:?}");
}

/// The most that is held at once while one message is converted with a cold codec into an empty buffer.
fn peak(convert: impl FnOnce(&mut Vec<u8>)) -> (AllocationInfo, usize) {
    let mut output = Vec::new();
    let info = measure(|| convert(&mut output));
    (info, output.len())
}

/// A growing vector holds its old and its new half for a moment: three times what was written, and what the plans
/// of a handful of types take.
fn linear(what: &str, (info, written): (AllocationInfo, usize)) {
    let allowed = 4 * written as u64 + 64 * 1024;
    assert!(info.bytes_max <= allowed, "{what}: {} bytes for {written} written", info.bytes_max);
}

#[test]
fn memory_is_linear_in_the_output() {
    let sizes = [1, 4, 16];
    let shapes = sizes
        .into_iter()
        .flat_map(|times| [shapes::c(500 * times), shapes::d(10_000 * times), shapes::e(times)]);
    for shape in shapes {
        let codec = || Codec::new(&shape.message);
        let what = format!("{} of {} bytes", shape.name, shape.json.len());
        linear(&what, peak(|wire| codec().json_to_wire(&shape.json, wire).unwrap()));
        let options = Options::default();
        linear(&what, peak(|json| codec().wire_to_json(&shape.wire, json, &options).unwrap()));
    }
}
