//! What messages take in every form that they may travel in, as rows of a table.
//!
//! Owns the wording and the figures against JSON. Knows no screen; every figure is measured by the engine.

use wirelab_chart::format;
use wirelab_model::Encoded;

/// A form of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// `Protobuf + gzip`.
    pub form: String,
    /// The class that colours it.
    pub class: &'static str,
    /// `77 B`.
    pub bytes: String,
    /// `31 %` of the bytes as JSON.
    pub share: String,
    /// `41 ns`, message to bytes.
    pub encode: String,
    /// `128 ns`, bytes to message.
    pub decode: String,
    /// The exact size and how it was measured.
    pub title: String,
}

/// What is measured, for a title.
pub const ABOUT: &str = "Each form is made of, and read into, the same message in memory, one after the other in turns. \
MessagePack and CBOR hold the JSON document, with integers of 64 bits as integers; gzip is level 6, zstd level 3";

/// The forms as measured.
pub fn rows(forms: &[Encoded]) -> Vec<Row> {
    let json = forms.iter().find(|one| one.form == "JSON").map_or(0, |one| one.bytes);
    let row = |one: &Encoded| Row {
        form: one.form.clone(),
        class: class(&one.form),
        bytes: format::bytes(one.bytes),
        share: match json {
            0 => String::new(),
            json => format!("{:.0} %", one.bytes as f64 * 100.0 / json as f64),
        },
        encode: format::ns(whole(one.encode_ns)),
        decode: format::ns(whole(one.decode_ns)),
        title: format!(
            "{} bytes; medians of {} repetitions",
            format::count(one.bytes),
            format::count(u64::from(one.samples)),
        ),
    };
    forms.iter().map(row).collect()
}

/// The forms of requests and responses together; none when one of them was not measured in the same forms.
pub fn together(requests: &[Encoded], responses: &[Encoded]) -> Vec<Encoded> {
    if requests.len() != responses.len() {
        return Vec::new();
    }
    let add = |(request, response): (&Encoded, &Encoded)| Encoded {
        form: request.form.clone(),
        bytes: request.bytes + response.bytes,
        samples: request.samples.min(response.samples),
        encode_ns: request.encode_ns + response.encode_ns,
        decode_ns: request.decode_ns + response.decode_ns,
    };
    requests.iter().zip(responses).map(add).collect()
}

fn class(form: &str) -> &'static str {
    match form.split_whitespace().next() {
        Some("JSON") => "json",
        Some("Protobuf") => "proto",
        _ => "other",
    }
}

fn whole(ns: f64) -> u64 {
    if ns > 0.0 { ns.round().max(1.0) as u64 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(form: &str, bytes: u64, ns: f64) -> Encoded {
        Encoded { form: form.to_owned(), bytes, samples: 1_001, encode_ns: ns, decode_ns: 2.0 * ns }
    }

    #[test]
    fn rows_are_against_json() {
        let rows = rows(&[one("JSON", 1_240, 410.4), one("Protobuf + gzip", 310, 0.2)]);
        let cells = |row: &Row| {
            [&row.form, row.class, &row.bytes, &row.share, &row.encode, &row.decode]
                .map(str::to_owned)
        };
        assert_eq!(cells(&rows[0]), ["JSON", "json", "1.2 kB", "100 %", "410 ns", "821 ns"]);
        assert_eq!(cells(&rows[1]), ["Protobuf + gzip", "proto", "310 B", "25 %", "1 ns", "1 ns"]);
        assert_eq!(rows[0].title, "1,240 bytes; medians of 1,001 repetitions");
        assert_eq!(super::rows(&[one("CBOR", 3, 1.0)])[0].share, "");
    }

    #[test]
    fn requests_and_responses_add_up() {
        let (a, b) = ([one("JSON", 10, 1.0)], [one("JSON", 5, 2.0)]);
        assert_eq!(together(&a, &b), [one("JSON", 15, 3.0)]);
        assert_eq!(together(&a, &[]), []);
        assert_eq!(together(&[], &[]), []);
    }
}
