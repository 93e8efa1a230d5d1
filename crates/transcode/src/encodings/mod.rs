//! What one message takes in each form that it may travel in: bytes, and the time to make and to read them, all
//! measured there and then.

mod cbor;
mod form;
mod sample;

use crate::{Codec, Error};
use form::{Forms, Scratch};
use prost_reflect::DynamicMessage;
use sample::Contender;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// No more samples than this: medians do not get steadier.
const MAX_SAMPLES: u32 = 1001;

/// A form that a message may travel in.
///
/// Every form is made of, and read into, the same in-memory message (`prost_reflect::DynamicMessage`), so that
/// times differ by the form alone; services with types compiled in are faster in all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Compact canonical ProtoJSON, as [`Codec::wire_to_json`] writes it.
    Json,
    /// That after gzip (RFC 1952), level 6, with a compressor of its own for each message.
    JsonGzip,
    /// That after Zstandard (RFC 8878), level 3, with a compressor of its own for each message.
    JsonZstd,
    /// The wire form.
    Protobuf,
    /// That after gzip, as above.
    ProtobufGzip,
    /// That after Zstandard, as above.
    ProtobufZstd,
    /// The JSON document in MessagePack: the same names and values, but 64-bit integers are integers. Bytes are
    /// base64 text as in JSON.
    MessagePack,
    /// The JSON document in CBOR (RFC 8949), as for MessagePack.
    Cbor,
}

impl Encoding {
    /// All of them, in the order in which people compare them.
    pub const ALL: [Encoding; 8] = [
        Encoding::Json,
        Encoding::JsonGzip,
        Encoding::JsonZstd,
        Encoding::Protobuf,
        Encoding::ProtobufGzip,
        Encoding::ProtobufZstd,
        Encoding::MessagePack,
        Encoding::Cbor,
    ];

    /// As people write it: `JSON`, `Protobuf + gzip`, `MessagePack`.
    pub const fn name(self) -> &'static str {
        match self {
            Encoding::Json => "JSON",
            Encoding::JsonGzip => "JSON + gzip",
            Encoding::JsonZstd => "JSON + zstd",
            Encoding::Protobuf => "Protobuf",
            Encoding::ProtobufGzip => "Protobuf + gzip",
            Encoding::ProtobufZstd => "Protobuf + zstd",
            Encoding::MessagePack => "MessagePack",
            Encoding::Cbor => "CBOR",
        }
    }
}

/// What one message takes in one form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Encoded {
    /// The form.
    pub encoding: Encoding,
    /// Its size.
    pub bytes: usize,
    /// How many samples each median is over.
    pub samples: u32,
    /// From the in-memory message to these bytes, compression included: the median, nanoseconds.
    pub encode_ns: f64,
    /// From these bytes to the in-memory message: the median, nanoseconds.
    pub decode_ns: f64,
}

pub(crate) fn measure(
    codec: &Codec,
    wire: &[u8],
    encodings: &[Encoding],
    budget: Duration,
) -> Result<Vec<Encoded>, Error> {
    let begin = Instant::now();
    let mut json = Vec::new();
    codec.wire_to_json(wire, &mut json, &crate::Options::default())?;
    let message = DynamicMessage::decode(codec.message().clone(), wire)
        .map_err(|error| Error::new(error.to_string()))?;
    let forms = Forms { message: &message, json: &json, wire };
    let mut contenders = Vec::new();
    for encoding in encodings.iter().copied() {
        let mut bytes = Vec::new();
        forms.canonical(encoding, &mut bytes)?;
        // What cannot be read back has no time to read it in.
        form::decode(encoding, codec.message(), &bytes, &mut Scratch::default())?;
        contenders.push((encoding, bytes));
    }
    let mut timed: Vec<_> = contenders
        .iter()
        .map(|(encoding, bytes)| {
            let (forms, encoding) = (&forms, *encoding);
            let (mut out, mut scratch) = (Vec::with_capacity(bytes.len()), Scratch::default());
            let encode = Contender::new(budget, move || {
                out.clear();
                let _ = black_box(forms.encode(encoding, &mut out, &mut scratch));
            });
            let mut scratch = Scratch::default();
            let decode = Contender::new(budget, move || {
                let bytes = black_box(bytes.as_slice());
                let _ = black_box(form::decode(encoding, codec.message(), bytes, &mut scratch));
            });
            (encode, decode)
        })
        .collect();
    let mut samples = 0;
    // All take turns, so that what else the machine does meanwhile falls on all alike.
    while samples == 0 || (samples < MAX_SAMPLES && begin.elapsed() < budget) {
        for (encode, decode) in &mut timed {
            encode.sample();
            decode.sample();
        }
        samples += 1;
    }
    let measured = contenders.iter().zip(&mut timed);
    Ok(measured
        .map(|((encoding, bytes), (encode, decode))| Encoded {
            encoding: *encoding,
            bytes: bytes.len(),
            samples,
            encode_ns: encode.median(),
            decode_ns: decode.median(),
        })
        .collect())
}
