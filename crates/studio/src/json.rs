//! JSON texts and wire bytes of messages whose type is known, and what can be said when they do not fit.

use flate2::{Compression, write::GzEncoder};
use std::{io::Write, time::Duration};
use wirelab_model::*;
use wirelab_transcode::{Codec, Encoding, Error, Options};

/// The types of a method.
#[derive(Clone)]
pub struct Types {
    pub kind: CallKind,
    pub input: Codec,
    pub output: Codec,
}

impl Types {
    pub fn codec(&self, direction: Direction) -> &Codec {
        match direction {
            Direction::Sent => &self.input,
            Direction::Received => &self.output,
        }
    }
}

/// A method that no source defines.
pub fn unknown_method(method: &str) -> Problem {
    Problem::new(ProblemKind::NotFound, format!("no loaded source defines the method {method:?}"))
        .help("check its name, or add or reload the source that defines it")
}

/// A request's wire bytes.
pub fn encode(codec: &Codec, text: &str) -> Result<Vec<u8>, Problem> {
    let mut wire = Vec::new();
    codec.json_to_wire(text.as_bytes(), &mut wire).map_err(|error| refused(&error, text))?;
    Ok(wire)
}

/// Why a text is not the message.
fn refused(error: &Error, text: &str) -> Problem {
    let well_formed = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    let kind = if well_formed { ProblemKind::Mismatch } else { ProblemKind::Syntax };
    let mut problem = Problem::new(kind, error.message());
    problem.path = error.path().map(str::to_owned);
    match error.line_column() {
        Some((line, column)) => problem.span(line, column),
        None => problem,
    }
}

/// Compact ProtoJSON.
pub fn compact(codec: &Codec, wire: &[u8]) -> Result<Vec<u8>, Error> {
    let mut json = Vec::new();
    codec.wire_to_json(wire, &mut json, &Options::default()).map(|()| json)
}

/// Indented ProtoJSON.
pub fn pretty(codec: &Codec, wire: &[u8]) -> Result<String, Problem> {
    let mut json = Vec::new();
    let options = Options { pretty: true, ..Options::default() };
    codec.wire_to_json(wire, &mut json, &options).map_err(|error| unreadable(&error))?;
    Ok(String::from_utf8_lossy(&json).into_owned())
}

/// Why bytes are not the message.
fn unreadable(error: &Error) -> Problem {
    let place = error.offset().map(|offset| format!(" (at byte {offset})")).unwrap_or_default();
    let mut problem = Problem::new(ProblemKind::Mismatch, format!("{}{place}", error.message()))
        .help("the loaded schema may not be the one the server uses; reload it");
    problem.path = error.path().map(str::to_owned);
    problem
}

/// The beginning of a JSON text, as rows show it.
pub fn row_text(json: &[u8]) -> String {
    // A little more than is shown, so that a character cut here cannot be one that is shown.
    let head = json.get(..MESSAGE_TEXT_BYTES + 4).unwrap_or(json);
    let mut text = String::from_utf8_lossy(head).into_owned();
    text.truncate(text.floor_char_boundary(MESSAGE_TEXT_BYTES));
    text
}

/// Sizes of one message in each form; JSON ones are 0 when it has no JSON form.
pub fn sizes(wire: &[u8], json: &[u8]) -> Sizes {
    Sizes {
        proto: wire.len() as u64,
        proto_gzip: gzipped(wire),
        json: json.len() as u64,
        json_gzip: if json.is_empty() { 0 } else { gzipped(json) },
    }
}

/// Bytes after gzip, counted without keeping them.
fn gzipped(bytes: &[u8]) -> u64 {
    struct Counter(u64);
    impl Write for Counter {
        fn write(&mut self, part: &[u8]) -> std::io::Result<usize> {
            self.0 += part.len() as u64;
            Ok(part.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut encoder = GzEncoder::new(Counter(0), Compression::default());
    // Counting cannot fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().map_or(0, |counter| counter.0)
}

/// The forms whose costs come with every message; the others are measured when asked for.
pub const COSTED: [Encoding; 2] = [Encoding::Json, Encoding::Protobuf];

/// What a message takes in each of these forms; empty when it cannot be read or written in one of them.
pub fn encodings(
    codec: &Codec,
    wire: &[u8],
    encodings: &[Encoding],
    budget: Duration,
) -> Vec<Encoded> {
    let measured = codec.encodings(wire, encodings, budget).unwrap_or_default();
    let measured = measured.into_iter().map(|one| Encoded {
        form: one.encoding.name().to_owned(),
        bytes: one.bytes as u64,
        samples: one.samples,
        encode_ns: one.encode_ns,
        decode_ns: one.decode_ns,
    });
    measured.collect()
}

/// The costs of JSON and Protobuf among those of other forms.
pub fn costs(encodings: &[Encoded]) -> Option<Costs> {
    let of = |encoding: Encoding| encodings.iter().find(|one| one.form == encoding.name());
    let (json, proto) = (of(Encoding::Json)?, of(Encoding::Protobuf)?);
    Some(Costs {
        samples: json.samples,
        proto_encode_ns: proto.encode_ns,
        proto_decode_ns: proto.decode_ns,
        json_encode_ns: json.encode_ns,
        json_decode_ns: json.decode_ns,
    })
}
