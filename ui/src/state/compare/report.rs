//! What a report says in words: cards, table, summary. What was not measured is a dash with the reason.

use super::short_name;
use crate::state::when::{self, Now};
use wirelab_chart::format;
use wirelab_model::{BenchPath, BenchReport, BenchSpec, BenchState, PathReport};

/// What stands where nothing was measured.
const NOT_MEASURED: &str = "–";
/// Fewer calls than this cannot tell the 99th percentile from the slowest call.
const CALLS_FOR_P99: u64 = 100;
/// Why JSON text has no latency.
const NOT_SENT: &str =
    "JSON was not sent: its sizes and conversion are measured, its latency is not";

/// `GetStock: JSON against Protobuf`.
pub fn title(spec: &BenchSpec) -> String {
    format!("{}: JSON against Protobuf", short_name(&spec.call.method))
}

/// What was run, where and when.
pub fn summary(report: &BenchReport, now: Now) -> String {
    let spec = &report.spec;
    let made = report.paths.iter().map(|path| path.calls).max().unwrap_or_default();
    let calls = match report.state {
        BenchState::Cancelled | BenchState::Failed if made < spec.calls => format!(
            "{} of {} calls",
            format::count(u64::from(made)),
            format::count(u64::from(spec.calls))
        ),
        _ => format!("{} {}", format::count(u64::from(spec.calls)), plural(spec.calls, "call")),
    };
    let ways = match spec.paths.as_slice() {
        // Older runs called gRPC alone.
        [] => "over gRPC",
        [one] => over(*one),
        _ => "each way, alternating",
    };
    let when = when::long(report.started_unix_ms, now);
    let when = when.rsplit_once(':').map_or(when.as_str(), |(minutes, _)| minutes);
    format!(
        "{calls} {ways}, {} in flight, to {}, {}",
        format::count(u64::from(spec.in_flight)),
        spec.call.endpoint.address,
        when.replacen(',', "", 1)
    )
}

fn over(path: BenchPath) -> &'static str {
    match path {
        BenchPath::GrpcProtobuf => "over gRPC",
        BenchPath::JsonText => "not sent",
        BenchPath::GrpcWebProtobuf => "over gRPC-Web",
        BenchPath::RestJson => "over REST",
        BenchPath::WebSocketJson => "over WebSocket",
    }
}

fn plural(count: u32, thing: &str) -> String {
    if count == 1 { thing.to_owned() } else { format!("{thing}s") }
}

/// A headline number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// What it is about.
    pub label: &'static str,
    /// The number.
    pub value: String,
    /// What it is made of.
    pub note: String,
    /// Whether it is Protobuf's gain.
    pub gain: bool,
}

/// The four headline numbers. A comparison stands only where both sides were measured.
pub fn cards(report: &BenchReport) -> Vec<Card> {
    let proto = report.request.proto + report.response.proto;
    let json = report.request.json + report.response.json;
    let bytes = |n: f64| format::bytes(n as u64);
    vec![
        against(
            "Payload, request + response",
            (json as f64, proto as f64),
            ("smaller", "larger"),
            bytes,
        ),
        latency(report, "p50 latency", |latency| Some(latency.p50_ns)),
        latency(report, "p99 latency", |latency| {
            (latency.count >= CALLS_FOR_P99).then_some(latency.p99_ns)
        }),
        conversion(report),
    ]
}

fn against(
    label: &'static str,
    (json, proto): (f64, f64),
    (better, worse): (&str, &str),
    show: impl Fn(f64) -> String,
) -> Card {
    let note = format!("{} against {}", show(proto), show(json));
    if !(proto > 0.0 && json > 0.0) {
        return Card { label, value: NOT_MEASURED.into(), note, gain: false };
    }
    let gain = json >= proto;
    let (ratio, word) = if gain { (json / proto, better) } else { (proto / json, worse) };
    Card { label, value: format!("{} {word}", format::ratio(ratio)), note, gain }
}

fn latency(
    report: &BenchReport,
    label: &'static str,
    of: impl Fn(&wirelab_model::Latency) -> Option<u64>,
) -> Card {
    let measured = |path: BenchPath| {
        let found = report.paths.iter().find(|report| report.path == path)?;
        found.latency.as_ref().filter(|latency| latency.count > 0)
    };
    let proto = measured(BenchPath::GrpcProtobuf);
    // What was sent as JSON speaks before the text that was only measured.
    let json = [BenchPath::RestJson, BenchPath::WebSocketJson, BenchPath::JsonText];
    let json = json.into_iter().find_map(measured);
    let show = |ns: f64| format::ns(ns as u64);
    match (proto, json) {
        (Some(proto), Some(json)) => match (of(proto), of(json)) {
            (Some(proto), Some(json)) => {
                against(label, (json as f64, proto as f64), ("faster", "slower"), show)
            }
            _ => too_few(label, proto.count.min(json.count)),
        },
        (Some(proto), None) => match of(proto) {
            Some(ns) => Card {
                label,
                value: format::ns(ns),
                note: "gRPC alone, JSON was not sent".into(),
                gain: false,
            },
            None => too_few(label, proto.count),
        },
        _ => Card {
            label,
            value: NOT_MEASURED.into(),
            note: "No call succeeded".into(),
            gain: false,
        },
    }
}

fn too_few(label: &'static str, count: u64) -> Card {
    let note = format!("{} calls are too few to tell; run {CALLS_FOR_P99}", format::count(count));
    Card { label, value: NOT_MEASURED.into(), note, gain: false }
}

fn conversion(report: &BenchReport) -> Card {
    let label = "CPU to encode + decode";
    let (Some(request), Some(response)) = (report.request_costs, report.response_costs) else {
        let note = "It takes a response to measure".into();
        return Card { label, value: NOT_MEASURED.into(), note, gain: false };
    };
    let proto = request.proto_encode_ns + response.proto_decode_ns;
    let json = request.json_encode_ns + response.json_decode_ns;
    against(label, (json, proto), ("less", "more"), |ns| format::ns(ns.round() as u64))
}

/// A cell of the table: its text, and why it is a dash.
pub type Cell = (String, &'static str);

/// A line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The path's name.
    pub name: &'static str,
    /// The class of its colour.
    pub class: &'static str,
    /// As [`COLUMNS`] after the first.
    pub cells: Vec<Cell>,
}

/// The columns of the table.
pub const COLUMNS: [&str; 10] =
    ["Path", "Calls", "p50", "p90", "p99", "max", "Request", "Response", "On the wire", "Errors"];

/// The table, one line a path.
pub fn table(report: &BenchReport) -> Vec<Line> {
    report.paths.iter().map(line).collect()
}

fn line(path: &PathReport) -> Line {
    let (name, class, sent) = match path.path {
        BenchPath::GrpcProtobuf => ("gRPC · Protobuf", "proto", true),
        BenchPath::JsonText => ("JSON text", "json", false),
        BenchPath::GrpcWebProtobuf => ("gRPC-Web · Protobuf", "bidi", true),
        BenchPath::RestJson => ("REST · JSON", "json", true),
        BenchPath::WebSocketJson => ("WebSocket · JSON", "client", true),
    };
    let sent = sent || path.latency.is_some();
    let dash = |why: &'static str| (NOT_MEASURED.to_owned(), why);
    let count = |n: u32| match sent {
        true => (format::count(u64::from(n)), ""),
        false => dash(NOT_SENT),
    };
    let latency = path.latency.as_ref().filter(|latency| latency.count > 0);
    let time = |ns: fn(&wirelab_model::Latency) -> u64| match latency {
        Some(latency) => (format::ns(ns(latency)), ""),
        None if sent => dash("No call succeeded"),
        None => dash(NOT_SENT),
    };
    let bytes = |n: f64| (format::bytes(n.max(0.0).round() as u64), "");
    let wire = match path.wire_bytes {
        Some(n) => bytes(n),
        None if sent => {
            dash("Calls shared connections, so that the bytes of one could not be told")
        }
        None => dash(NOT_SENT),
    };
    let cells = vec![
        count(path.calls),
        time(|latency| latency.p50_ns),
        time(|latency| latency.p90_ns),
        time(|latency| latency.p99_ns),
        time(|latency| latency.max_ns),
        bytes(path.request_bytes),
        bytes(path.response_bytes),
        wire,
        count(path.errors),
    ];
    Line { name, class, cells }
}

/// The report as a file to keep.
pub fn export(report: &BenchReport) -> String {
    serde_json::to_string_pretty(report).unwrap_or_default()
}

/// What the file is called.
pub fn file_name(report: &BenchReport) -> String {
    format!("wirelab-{}-{}.json", short_name(&report.spec.call.method), report.id)
}
