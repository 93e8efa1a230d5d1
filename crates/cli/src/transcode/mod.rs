//! `wirelab transcode`: messages from standard input to standard output, one after the other.

pub mod place;
pub mod records;
mod scan;
mod write;

use crate::{
    args::{Format, Transcode},
    output, source,
};
use place::Place;
use records::Records;
use std::io;
use wirelab_model::{Problem, ProblemKind};
use wirelab_transcode::{Codec, Error, FieldSpan, Limits, Options};
use write::Writer;

/// How many unknown fields of one message are listed.
const LISTED: usize = 1_000;

/// Converts all there is on standard input; the number is the exit code.
pub async fn run(args: Transcode) -> Result<u8, Problem> {
    let codec = source::codec(&args.message, args.address.as_deref(), &args.schemas)
        .await?
        .ignoring_unknown(args.ignore_unknown)
        .with_limits(limits(args.max_message));
    let converted = tokio::task::spawn_blocking(move || {
        let mut records = Records::new(io::stdin(), place::STDIN, args.max_message);
        convert(&codec, &mut records, &args, io::stdout())
    });
    converted
        .await
        .map_err(|_| Problem::new(ProblemKind::Internal, "converting the stream failed"))?
        .map(|()| 0)
}

/// Messages may be as long as the flag says, and what becomes of one some times as long: JSON is the longer form.
fn limits(max_message: usize) -> Limits {
    let usual = Limits::default();
    Limits { input: max_message, output: usual.output.max(max_message.saturating_mul(4)), ..usual }
}

/// Converts every message of the input.
fn convert<R: io::Read, W: io::Write>(
    codec: &Codec,
    records: &mut Records<R>,
    args: &Transcode,
    out: W,
) -> Result<(), Problem> {
    let from = args.from.map_or_else(|| records.sniff(), Ok)?;
    let to = args.to.unwrap_or(match from {
        Format::Json => Format::Protobuf,
        Format::Ndjson => Format::Delimited,
        Format::Protobuf | Format::Delimited | Format::Grpc => Format::Json,
    });
    if args.pretty && to == Format::Ndjson {
        let message = "--pretty takes several lines a message, --to ndjson one";
        return Err(Problem::new(ProblemKind::Mismatch, message).help("leave one of them out"));
    }
    let options = Options {
        original_names: args.original_names,
        print_defaults: args.emit_defaults,
        enums_as_numbers: args.enums_as_numbers,
        pretty: args.pretty,
        ..Options::default()
    };
    let mask = args.mask.as_deref().map(|paths| codec.mask([paths]).map_err(|error| named(&error)));
    let mask = mask.transpose()?;
    let mut writer = Writer::new(out, to);
    let (mut wire, mut pruned, mut json) = (Vec::new(), Vec::new(), Vec::new());
    while records.next(from, || writer.flush())? {
        let bytes = records.current();
        let wire: &[u8] = if from.is_text() {
            wire.clear();
            codec
                .json_to_wire(bytes, &mut wire)
                .map_err(|error| place::refused(records.place(), &error))?;
            &wire
        } else {
            bytes
        };
        let place = records.place();
        let unreadable = |error| place::unreadable(&place.name(), place.offset, &error);
        if args.list_unknown {
            codec.unknown_fields(wire, LISTED).iter().for_each(|span| tell(place, span));
        }
        let wire = match &mask {
            None => wire,
            Some(mask) => {
                pruned.clear();
                mask.prune(wire, &mut pruned).map_err(unreadable)?;
                &pruned
            }
        };
        if to.is_text() {
            json.clear();
            codec.wire_to_json(wire, &mut json, &options).map_err(unreadable)?;
            writer.write(&json)?;
        } else {
            writer.write(wire)?;
        }
    }
    writer.finish()
}

/// Says where an unknown field is.
fn tell(place: &Place, span: &FieldSpan) {
    let begin = place.offset + u64::from(span.start);
    let FieldSpan { start, end, path, number, wire_type, text, .. } = span;
    output::note(&format!(
        "{}, byte {begin}: {path}: unknown field {number}, {wire_type}, {} bytes: {text}",
        place.name(),
        end - start,
    ));
}

/// What is wrong with the mask.
fn named(error: &Error) -> Problem {
    Problem::new(ProblemKind::Mismatch, error.message()).at(format!(
        "--mask {}",
        error.path().unwrap_or_default()
    )
    .trim_end()
    .to_owned())
}
