//! Measures what converting one message costs, between bytes and the same in-memory message.

use crate::{Error, Options, json};
use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// No more repetitions than this: medians do not get steadier.
const MAX_SAMPLES: usize = 1001;

/// A sample times a run of conversions that takes at least this long, so that reading the clock (some tens of
/// nanoseconds) does not show.
const SAMPLE: Duration = Duration::from_micros(5);

/// A sample is at most this many conversions.
const MAX_BATCH: u32 = 64;

/// Medians in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Costs {
    /// How many samples each median is over.
    pub samples: u32,
    /// Message to Protobuf bytes.
    pub proto_encode_ns: f64,
    /// Protobuf bytes to message.
    pub proto_decode_ns: f64,
    /// Message to compact JSON text.
    pub json_encode_ns: f64,
    /// Compact JSON text to message.
    pub json_decode_ns: f64,
}

pub(crate) fn measure(
    message: &MessageDescriptor,
    wire: &[u8],
    budget: Duration,
) -> Result<Costs, Error> {
    let begin = Instant::now();
    let value = json::decode(message, wire)?;
    let mut text = Vec::new();
    json::write(&value, &mut text, &Options::default())?;
    json::parse(message, &text)?;

    let mut wire_out = Vec::with_capacity(wire.len());
    let mut text_out = Vec::with_capacity(text.len());
    // The four take turns, so that what else the machine does meanwhile falls on all alike.
    let mut proto_encode = Contender::new(|| {
        wire_out.clear();
        let _ = black_box(black_box(&value).encode(&mut wire_out));
    });
    let mut proto_decode = Contender::new(|| {
        let _ = black_box(DynamicMessage::decode(message.clone(), black_box(wire)));
    });
    let mut json_encode = Contender::new(|| {
        text_out.clear();
        let _ = black_box(json::write(black_box(&value), &mut text_out, &Options::default()));
    });
    let mut json_decode = Contender::new(|| {
        let _ = black_box(json::parse(message, black_box(&text)));
    });
    let mut samples = 0;
    while samples == 0 || (samples < MAX_SAMPLES && begin.elapsed() < budget) {
        proto_encode.sample();
        json_encode.sample();
        proto_decode.sample();
        json_decode.sample();
        samples += 1;
    }
    Ok(Costs {
        samples: u32::try_from(samples).unwrap_or(u32::MAX),
        proto_encode_ns: proto_encode.median(),
        proto_decode_ns: proto_decode.median(),
        json_encode_ns: json_encode.median(),
        json_decode_ns: json_decode.median(),
    })
}

struct Contender<F> {
    run: F,
    batch: u32,
    nanoseconds: Vec<f64>,
}

impl<F: FnMut()> Contender<F> {
    /// Warms up and finds how many conversions make a sample.
    fn new(mut run: F) -> Self {
        run();
        let begin = Instant::now();
        run();
        let once = begin.elapsed().as_nanos().max(1);
        let batch = SAMPLE.as_nanos().div_ceil(once);
        let batch = u32::try_from(batch).unwrap_or(MAX_BATCH).clamp(1, MAX_BATCH);
        Contender { run, batch, nanoseconds: Vec::new() }
    }

    fn sample(&mut self) {
        let begin = Instant::now();
        for _ in 0..self.batch {
            (self.run)();
        }
        self.nanoseconds.push(begin.elapsed().as_nanos() as f64 / f64::from(self.batch));
    }

    fn median(&mut self) -> f64 {
        self.nanoseconds.sort_by(f64::total_cmp);
        let middle = self.nanoseconds.len() / 2;
        self.nanoseconds.get(middle).copied().unwrap_or_default()
    }
}
