//! Comparisons: what is about to be run, the list of past runs, and what a report says in words.
//!
//! Owns the bounds of what can be typed, the grouping by day, and the sentences of cards and table. Knows no
//! screen and measures nothing: every number comes from the report, and what was not measured is a dash with
//! the reason.

use super::when::{self, Now};
use wirelab_chart::format;
use wirelab_model::{
    BenchPath, BenchReport, BenchRow, BenchSpec, BenchState, CallSpec, PathReport, Problem,
    ProblemKind,
};

/// The most calls of a comparison.
pub const MAX_CALLS: u32 = 1_000_000;
/// The most calls in flight at once.
pub const MAX_IN_FLIGHT: u32 = 1_024;
/// The most messages that one call sends.
pub const MAX_MESSAGES: u32 = 10_000;
/// The longest deadline of a call, milliseconds: a day.
pub const MAX_DEADLINE_MS: u32 = 86_400_000;
/// What stands where nothing was measured.
const NOT_MEASURED: &str = "–";
/// Fewer calls than this cannot tell the 99th percentile from the slowest call.
const CALLS_FOR_P99: u64 = 100;
/// Why JSON text has no latency.
const NOT_SENT: &str =
    "JSON was not sent: its sizes and conversion are measured, its latency is not";
const DAY_MS: i64 = 86_400_000;

/// A number that is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// How many calls.
    Calls,
    /// How many at once.
    InFlight,
    /// How many before counting.
    WarmUp,
    /// How many messages each call sends, where the client streams.
    Messages,
    /// Milliseconds after which a call is given up; nothing typed means never.
    Deadline,
}

impl Field {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Field::Calls => "Calls",
            Field::InFlight => "In flight",
            Field::WarmUp => "Warm-up calls",
            Field::Messages => "Messages per call",
            Field::Deadline => "Deadline, ms",
        }
    }

    fn bounds(self) -> (u32, u32) {
        match self {
            Field::Calls => (1, MAX_CALLS),
            Field::InFlight => (1, MAX_IN_FLIGHT),
            Field::WarmUp => (0, MAX_CALLS),
            Field::Messages => (1, MAX_MESSAGES),
            Field::Deadline => (1, MAX_DEADLINE_MS),
        }
    }

    /// Whether nothing needs to be typed.
    pub fn is_optional(self) -> bool {
        self == Field::Deadline
    }

    /// What is wrong with what is typed.
    pub fn wrong(self, typed: &str) -> Option<String> {
        if self.is_optional() && typed.trim().is_empty() {
            return None;
        }
        self.read(typed).err()
    }

    /// Reads what is typed; thousands may be set apart.
    ///
    /// # Errors
    /// A sentence about what can be typed.
    pub fn read(self, typed: &str) -> Result<u32, String> {
        let (least, most) = self.bounds();
        let digits: String = typed.chars().filter(|c| !matches!(c, ',' | '_' | ' ')).collect();
        digits.parse().ok().filter(|n| (least..=most).contains(n)).ok_or_else(|| {
            format!("A whole number from {least} to {}", format::count(u64::from(most)))
        })
    }
}

/// A comparison about to be run, as typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The call.
    pub call: CallSpec,
    /// JSON text of the message.
    pub message: String,
    /// [`Field::Messages`].
    pub messages: String,
    /// [`Field::Calls`].
    pub calls: String,
    /// [`Field::InFlight`].
    pub in_flight: String,
    /// [`Field::WarmUp`].
    pub warm_up: String,
    /// [`Field::Deadline`].
    pub deadline: String,
    /// The paths to call, in the order of [`PATHS`].
    pub paths: Vec<BenchPath>,
}

/// The paths that can be called, each with a word for it.
pub const PATHS: [(BenchPath, &str); 4] = [
    (BenchPath::GrpcProtobuf, "gRPC"),
    (BenchPath::GrpcWebProtobuf, "gRPC-Web"),
    (BenchPath::RestJson, "REST"),
    (BenchPath::WebSocketJson, "WebSocket"),
];

/// Protobuf over gRPC, JSON over REST and WebSocket.
const USUAL_PATHS: [BenchPath; 3] =
    [BenchPath::GrpcProtobuf, BenchPath::RestJson, BenchPath::WebSocketJson];

impl Draft {
    /// A usual run of this call with this message.
    pub fn new(call: CallSpec, message: String) -> Draft {
        Draft {
            deadline: deadline(&call),
            call,
            message,
            messages: "1".into(),
            calls: "2,000".into(),
            in_flight: "8".into(),
            warm_up: "100".into(),
            paths: USUAL_PATHS.to_vec(),
        }
    }

    /// The same as an earlier run.
    pub fn of(spec: &BenchSpec) -> Draft {
        let count = |n: u32| format::count(u64::from(n));
        Draft {
            deadline: deadline(&spec.call),
            call: spec.call.clone(),
            message: spec.messages.first().cloned().unwrap_or_default(),
            messages: format::count(spec.messages.len() as u64),
            calls: count(spec.calls),
            in_flight: count(spec.in_flight),
            warm_up: count(spec.warm_up),
            // Older runs called gRPC alone.
            paths: match spec.paths.is_empty() {
                true => vec![BenchPath::GrpcProtobuf],
                false => spec.paths.clone(),
            },
        }
    }

    /// Calls a path, or calls it no longer.
    pub fn call_by(&mut self, path: BenchPath, on: bool) {
        let wanted = |one: &BenchPath| if *one == path { on } else { self.paths.contains(one) };
        self.paths = PATHS.into_iter().map(|(path, _)| path).filter(wanted).collect();
    }

    /// What is typed into a field.
    pub fn typed(&self, field: Field) -> &str {
        match field {
            Field::Calls => &self.calls,
            Field::InFlight => &self.in_flight,
            Field::WarmUp => &self.warm_up,
            Field::Messages => &self.messages,
            Field::Deadline => &self.deadline,
        }
    }

    /// Takes what is typed into a field.
    pub fn set(&mut self, field: Field, typed: String) {
        *match field {
            Field::Calls => &mut self.calls,
            Field::InFlight => &mut self.in_flight,
            Field::WarmUp => &mut self.warm_up,
            Field::Messages => &mut self.messages,
            Field::Deadline => &mut self.deadline,
        } = typed;
    }

    /// What to run.
    ///
    /// # Errors
    /// The first thing that is missing or out of bounds.
    pub fn spec(&self) -> Result<BenchSpec, Problem> {
        let wrong = |what: &str, message: String| {
            Problem::new(ProblemKind::Mismatch, message).at(what.to_owned())
        };
        let number = |field: Field| {
            field.read(self.typed(field)).map_err(|message| wrong(field.name(), message))
        };
        if self.call.method.trim().is_empty() {
            return Err(wrong("Method", "Choose the method to call".into()));
        }
        if self.call.endpoint.address.trim().is_empty() {
            return Err(wrong("Server", "There is no server to call".into())
                .help("Type its address, for example localhost:50051"));
        }
        if self.paths.is_empty() {
            return Err(wrong("Paths", "Choose at least one way to call".into()));
        }
        let copies = match self.call.kind.client_streams() {
            true => number(Field::Messages)?,
            false => 1,
        };
        let message = match self.message.trim() {
            "" => "{}".to_owned(),
            _ => self.message.clone(),
        };
        let deadline_ms = match self.deadline.trim() {
            "" => None,
            _ => Some(u64::from(number(Field::Deadline)?)),
        };
        Ok(BenchSpec {
            call: CallSpec { deadline_ms, ..self.call.clone() },
            messages: vec![message; copies as usize],
            calls: number(Field::Calls)?,
            in_flight: number(Field::InFlight)?,
            warm_up: number(Field::WarmUp)?,
            paths: self.paths.clone(),
        })
    }
}

fn deadline(call: &CallSpec) -> String {
    call.deadline_ms.map(format::count).unwrap_or_default()
}

/// The method's name without package and service.
pub fn short_name(method: &str) -> &str {
    method.rsplit('/').next().unwrap_or(method)
}

/// Runs of one day.
#[derive(Clone, Debug, PartialEq)]
pub struct Day {
    /// `Today`, `Yesterday`, `3 Nov 2026`.
    pub name: String,
    /// Newest first.
    pub runs: Vec<BenchRow>,
}

/// The runs whose method has every word typed, by day, newest first.
pub fn days(runs: &[BenchRow], search: &str, now: Now) -> Vec<Day> {
    let words: Vec<String> = search.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let day = |ms: i64| ms.saturating_add(i64::from(now.offset_min) * 60_000).div_euclid(DAY_MS);
    let today = day(now.unix_ms);
    let mut sorted: Vec<&BenchRow> = runs
        .iter()
        .filter(|run| {
            let method = run.method.to_lowercase();
            words.iter().all(|word| method.contains(word))
        })
        .collect();
    sorted.sort_by_key(|run| std::cmp::Reverse((run.started_unix_ms, run.id)));
    let mut days: Vec<Day> = Vec::new();
    for run in sorted {
        let name = match today - day(run.started_unix_ms) {
            0 => "Today".to_owned(),
            1 => "Yesterday".to_owned(),
            _ => {
                let long = when::long(run.started_unix_ms, now);
                long.split(',').next().unwrap_or_default().to_owned()
            }
        };
        match days.last_mut().filter(|day| day.name == name) {
            Some(day) => day.runs.push(run.clone()),
            None => days.push(Day { name, runs: vec![run.clone()] }),
        }
    }
    days
}

/// `09:31`.
pub fn clock(unix_ms: i64, now: Now) -> String {
    let long = when::long(unix_ms, now);
    long.split(", ").nth(1).and_then(|time| time.get(..5)).unwrap_or_default().to_owned()
}

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
    let when = when::long(report.started_unix_ms, now);
    let when = when.rsplit_once(':').map_or(when.as_str(), |(minutes, _)| minutes);
    format!(
        "{calls} over gRPC, {} in flight, to {}, {}",
        format::count(u64::from(spec.in_flight)),
        spec.call.endpoint.address,
        when.replacen(',', "", 1)
    )
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

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
