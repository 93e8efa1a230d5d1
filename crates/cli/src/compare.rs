//! `wirelab compare`: what messages take in each form, as a table or as JSON.

use crate::{
    args::{Compare, Format},
    output, source,
    transcode::{place, records::Records},
};
use serde_json::{Value, json};
use std::{fs::File, io, path::Path};
use wirelab_model::{Problem, ProblemKind};
use wirelab_transcode::{Codec, Encoded, Encoding, MAX_BYTES};

/// Measures every file; the number is the exit code.
pub async fn run(args: Compare) -> Result<u8, Problem> {
    let codec = source::codec(&args.message, args.server.as_deref(), &args.schemas).await?;
    let compared = tokio::task::spawn_blocking(move || compare(&codec, &args));
    compared
        .await
        .map_err(|_| Problem::new(ProblemKind::Internal, "measuring the messages failed"))?
        .map(|()| 0)
}

fn compare(codec: &Codec, args: &Compare) -> Result<(), Problem> {
    let mut reports = Vec::new();
    for (index, file) in args.files.iter().enumerate() {
        let name = name(file);
        let wire = read(codec, file, args.from.as_deref())?;
        let forms = codec
            .encodings(&wire, &Encoding::ALL, args.time)
            .map_err(|error| place::unreadable(&name, 0, &error))?;
        if args.json {
            reports.push(report(&name, &args.message, &forms));
        } else {
            let gap = if index == 0 { "" } else { "\n" };
            output::print(&format!("{gap}{}", table(&name, &args.message, &forms)))?;
        }
    }
    if args.json { output::print_json(&reports) } else { Ok(()) }
}

fn name(file: &Path) -> String {
    if file.as_os_str() == "-" { place::STDIN.to_owned() } else { file.display().to_string() }
}

/// The only message of a file, as wire.
fn read(codec: &Codec, file: &Path, from: Option<&str>) -> Result<Vec<u8>, Problem> {
    let name = name(file);
    let reader: Box<dyn io::Read> = match file.as_os_str() == "-" {
        true => Box::new(io::stdin()),
        false => Box::new(
            File::open(file)
                .map_err(|error| output::io("cannot be read", &error).at(name.clone()))?,
        ),
    };
    let mut records = Records::new(reader, &name, MAX_BYTES);
    let from = match from {
        Some("json") => Format::Json,
        Some(_) => Format::Protobuf,
        None => records.sniff()?,
    };
    if !records.next(from, || Ok(()))? {
        return Err(Problem::new(ProblemKind::Mismatch, "the file holds no message").at(name));
    }
    let wire = match from {
        Format::Json => {
            let mut wire = Vec::new();
            let read = codec.json_to_wire(records.current(), &mut wire);
            read.map_err(|error| place::refused(records.place(), &error))?;
            wire
        }
        _ => records.current().to_vec(),
    };
    match records.next(from, || Ok(()))? {
        false => Ok(wire),
        true => Err(Problem::new(ProblemKind::Mismatch, "the file holds several messages")
            .help("give each a file of its own")
            .at(name)),
    }
}

/// For programs.
fn report(name: &str, message: &str, forms: &[Encoded]) -> Value {
    let forms = forms.iter().map(|form| {
        json!({
            "form": form.encoding.name(),
            "bytes": form.bytes,
            "samples": form.samples,
            "encodeNs": form.encode_ns,
            "decodeNs": form.decode_ns,
        })
    });
    json!({"file": name, "type": message, "forms": forms.collect::<Vec<_>>()})
}

/// For people.
fn table(name: &str, message: &str, forms: &[Encoded]) -> String {
    let json = forms.iter().find(|form| form.encoding == Encoding::Json);
    let json = json.map_or(0, |form| form.bytes).max(1) as f64;
    let samples = forms.first().map_or(0, |form| form.samples);
    let mut text = format!("{name}  {message}  medians of {samples} samples\n");
    let mut row = |cells: [&str; 5]| {
        let [form, bytes, share, encode, decode] = cells;
        text += &format!("{form:<15}  {bytes:>11}  {share:>9}  {encode:>9}  {decode:>9}\n");
    };
    row(["", "bytes", "of JSON", "encode", "decode"]);
    for form in forms {
        row([
            form.encoding.name(),
            &grouped(form.bytes),
            &format!("{:.1} %", form.bytes as f64 * 100.0 / json),
            &time(form.encode_ns),
            &time(form.decode_ns),
        ]);
    }
    text
}

/// `1,234,567`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Nanoseconds with three digits and a unit.
fn time(nanoseconds: f64) -> String {
    const UNITS: [(f64, &str); 3] = [(1e9, "s"), (1e6, "ms"), (1e3, "µs")];
    let unit = UNITS.iter().find(|(size, _)| nanoseconds >= *size);
    let (size, unit) = unit.copied().unwrap_or((1.0, "ns"));
    let value = nanoseconds / size;
    let decimals = if value < 10.0 && size > 1.0 {
        2
    } else if value < 100.0 {
        1
    } else {
        0
    };
    format!("{value:.decimals$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::{grouped, time};

    #[test]
    fn numbers() {
        for (number, expected) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (123_456, "123,456"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), expected);
        }
        for (nanoseconds, expected) in [
            (7.25, "7.2 ns"),
            (120.4, "120 ns"),
            (1_234.0, "1.23 µs"),
            (56_780.0, "56.8 µs"),
            (1_500_000.0, "1.50 ms"),
            (2e9, "2.00 s"),
        ] {
            assert_eq!(time(nanoseconds), expected);
        }
    }
}
