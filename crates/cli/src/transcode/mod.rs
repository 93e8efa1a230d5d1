//! `wirelab transcode`: messages from standard input to standard output, one after the other.

mod records;
mod scan;
mod write;

use crate::{
    args::{Format, Transcode},
    source::{self, Keep, Opened},
};
use records::{Place, Records};
use std::io;
use wirelab_model::{Problem, ProblemKind};
use wirelab_transcode::{Codec, Error, Options};
use write::Writer;

/// What problems call the input.
const SOURCE: &str = "standard input";

/// Converts all there is on standard input; the number is the exit code.
pub async fn run(args: Transcode) -> Result<u8, Problem> {
    let codec = codec(&args).await?;
    let converted = tokio::task::spawn_blocking(move || {
        let mut records = Records::new(io::stdin(), args.max_message);
        convert(&codec, &mut records, &args, io::stdout())
    });
    converted
        .await
        .map_err(|_| Problem::new(ProblemKind::Internal, "converting the stream failed"))?
        .map(|()| 0)
}

/// The codec of the type, from the schema that the flags name. The studio is closed when it returns.
async fn codec(args: &Transcode) -> Result<Codec, Problem> {
    let endpoint = args.address.as_deref().map(|at| source::endpoint(at, &args.schemas));
    let specs = source::specs(&args.schemas, endpoint.as_ref())?;
    let opened = Opened::new(specs, Keep::Nothing).await?;
    let found = match opened.catalog().await {
        Ok(catalog) => {
            let found = opened.studio.codec(&args.message);
            if found.is_err() {
                source::tell_problems(&catalog);
            }
            found
        }
        Err(problem) => Err(problem),
    };
    opened.studio.close().await;
    found
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
    };
    let mut writer = Writer::new(out, to);
    let (mut wire, mut json) = (Vec::new(), Vec::new());
    while let Some(place) = records.next(from, || writer.flush())? {
        let bytes = records.current();
        let wire: &[u8] = if from.is_text() {
            wire.clear();
            codec.json_to_wire(bytes, &mut wire).map_err(|error| refused(&place, &error))?;
            &wire
        } else {
            bytes
        };
        if to.is_text() {
            json.clear();
            let written = codec.wire_to_json(wire, &mut json, &options);
            written.map_err(|error| unreadable(&place, &error))?;
            writer.write(&json)?;
        } else {
            writer.write(wire)?;
        }
    }
    writer.finish()
}

/// Why a JSON text is not the message; line and column are the stream's.
fn refused(place: &Place, error: &Error) -> Problem {
    let problem = Problem::new(ProblemKind::Mismatch, told(error)).at(place.name());
    match error.line_column() {
        Some((line, column)) => {
            let before = if line == 1 { place.column } else { 0 };
            problem.span(
                u32::try_from(place.line + u64::from(line) - 1).unwrap_or(u32::MAX),
                u32::try_from(before + u64::from(column)).unwrap_or(u32::MAX),
            )
        }
        None => problem,
    }
}

/// Why bytes are not the message; the offset is the stream's.
fn unreadable(place: &Place, error: &Error) -> Problem {
    let at = match error.offset() {
        Some(offset) => format!("{}, byte {}", place.name(), place.offset + offset as u64),
        None => place.name(),
    };
    Problem::new(ProblemKind::Mismatch, told(error)).at(at)
}

/// What happened, and to which field.
fn told(error: &Error) -> String {
    match error.path() {
        Some(path) => format!("{path}: {}", error.message()),
        None => error.message().to_owned(),
    }
}
