//! What passes through the bridge, as it was of late: tiles with lines, a table by face, ages.

use std::collections::VecDeque;
use wirelab_chart::format;
use wirelab_model::{BridgeMetrics, BridgeState, FaceMetrics};

/// How many points a tile's line has.
pub const POINTS: usize = 60;
/// A second's requests are told over so many milliseconds.
const RATE_MS: u64 = 2_000;
/// Fewer calls than this cannot tell the 99th percentile from the slowest call.
const CALLS_FOR_P99: u64 = 100;
/// What stands where nothing was measured.
const NOT_MEASURED: &str = "–";

/// What the tiles show, as it was of late.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    seen: VecDeque<BridgeMetrics>,
}

impl Series {
    /// Takes what the studio says next. A bridge that was started anew begins a new series.
    pub fn take(&mut self, metrics: BridgeMetrics) {
        if self.seen.back().is_some_and(|last| last.uptime_ms > metrics.uptime_ms) {
            self.seen.clear();
        }
        if self.seen.back().is_some_and(|last| last.uptime_ms == metrics.uptime_ms) {
            self.seen.pop_back();
        }
        if self.seen.len() > POINTS {
            self.seen.pop_front();
        }
        self.seen.push_back(metrics);
    }

    /// How much a count rises in a second, at each point but the first.
    pub fn rates(&self, count: impl Fn(&FaceMetrics) -> u64) -> Vec<f64> {
        let each = self.seen.iter().zip(self.seen.iter().skip(1));
        each.map(|(before, after)| rate(before, after, &count)).collect()
    }

    /// One figure at each point.
    pub fn of(&self, figure: impl Fn(&FaceMetrics) -> f64) -> Vec<f64> {
        self.seen.iter().map(|metrics| figure(&metrics.total)).collect()
    }

    /// Requests a second of late.
    pub fn rate(&self) -> f64 {
        let Some(last) = self.seen.back() else { return 0.0 };
        let from = self.seen.iter().rev().skip(1);
        let from = from.take_while(|one| last.uptime_ms - one.uptime_ms <= RATE_MS).last();
        let from = from.or_else(|| self.seen.iter().rev().nth(1));
        from.map_or(0.0, |from| rate(from, last, |total| total.requests))
    }
}

fn rate(before: &BridgeMetrics, after: &BridgeMetrics, count: impl Fn(&FaceMetrics) -> u64) -> f64 {
    let ms = after.uptime_ms.saturating_sub(before.uptime_ms).max(1);
    count(&after.total).saturating_sub(count(&before.total)) as f64 * 1_000.0 / ms as f64
}

/// A tile: a figure, what stands below it, and its line.
#[derive(Clone, Debug, PartialEq)]
pub struct Tile {
    /// What it is.
    pub label: &'static str,
    /// The figure.
    pub value: String,
    /// More about it.
    pub note: String,
    /// Whether something is wrong.
    pub bad: bool,
    /// Its line over time.
    pub line: Vec<f64>,
}

/// The tiles, from left to right.
pub fn tiles(state: &BridgeState, series: &Series) -> Vec<Tile> {
    let total = &state.metrics.total;
    let tile = |label, value, note, bad, line| Tile { label, value, note, bad, line };
    let calls = match total.calls() {
        0 => "no calls yet".to_owned(),
        some => format!("of {}", counted(some, "call")),
    };
    let timed = match total.timed {
        0 => "no unary calls yet".to_owned(),
        some => format!("of {}", counted(some, "unary call")),
    };
    let rate = series.rate();
    let errors = total.errors();
    vec![
        tile(
            "Requests a second",
            if rate < 10.0 { format!("{rate:.1}") } else { format::count(rate.round() as u64) },
            match total.refused {
                0 => format!("{} in all", format::count(total.requests)),
                some => {
                    let (all, some) = (format::count(total.requests), format::count(some));
                    format!("{all} in all, {some} refused")
                }
            },
            false,
            series.rates(|m| m.requests),
        ),
        tile("p50 latency", p50(total), timed.clone(), false, series.of(|m| ns(m.p50_ns))),
        tile(
            "p99 latency",
            p99(total),
            match total.timed {
                few @ 1..CALLS_FOR_P99 => {
                    format!("{few} of the {CALLS_FOR_P99} unary calls it takes")
                }
                _ => timed,
            },
            false,
            if total.timed < CALLS_FOR_P99 { Vec::new() } else { series.of(|m| ns(m.p99_ns)) },
        ),
        tile(
            "Errors",
            format::count(errors),
            match total.calls() {
                0 => calls.clone(),
                all => format!("{:.1} % {calls}", errors as f64 * 100.0 / all as f64),
            },
            errors > 0,
            series.rates(FaceMetrics::errors),
        ),
        tile(
            "Under way",
            format::count(total.open),
            under_way(state),
            false,
            series.of(|m| m.open as f64),
        ),
        tile(
            "Protobuf in + out",
            format::bytes(total.request_bytes + total.response_bytes),
            format!(
                "{} + {}",
                format::bytes(total.request_bytes),
                format::bytes(total.response_bytes)
            ),
            false,
            series.rates(|m| m.request_bytes + m.response_bytes),
        ),
    ]
}

/// How many streams there are, and what of them is noteworthy.
fn under_way(state: &BridgeState) -> String {
    let BridgeMetrics { total, open_streams, .. } = &state.metrics;
    if total.dropped > 0 {
        return format!("{} missed by slow clients", counted(total.dropped, "message"));
    }
    if total.queued > 0 {
        return format!(
            "{} for clients",
            match total.queued {
                1 => "1 message waits".to_owned(),
                some => format!("{} messages wait", format::count(some)),
            }
        );
    }
    match (open_streams, state.streams.iter().map(|stream| stream.age_ms).max()) {
        (0, _) | (_, None) => "no streams".to_owned(),
        (some, Some(oldest)) => format!("{}, oldest {}", counted(*some, "stream"), age(oldest)),
    }
}

/// `1 call`, `2,000 calls`.
fn counted(count: u64, thing: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{} {thing}{s}", format::count(count))
}

fn ns(figure: Option<u64>) -> f64 {
    figure.unwrap_or_default() as f64
}

fn p50(metrics: &FaceMetrics) -> String {
    metrics.p50_ns.map_or_else(|| NOT_MEASURED.to_owned(), format::ns)
}

fn p99(metrics: &FaceMetrics) -> String {
    let enough = metrics.p99_ns.filter(|_| metrics.timed >= CALLS_FOR_P99);
    enough.map_or_else(|| NOT_MEASURED.to_owned(), format::ns)
}

/// A line of the table by face.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaceLine {
    /// The face's name.
    pub name: &'static str,
    /// The class of its colour, as comparisons have it.
    pub class: &'static str,
    /// Whether anything came by it.
    pub used: bool,
    /// Whether some of its calls failed.
    pub bad: bool,
    /// As [`FACE_COLUMNS`] after the first.
    pub cells: [String; 6],
    /// More about it.
    pub title: String,
}

/// The columns of the table by face.
pub const FACE_COLUMNS: [&str; 7] =
    ["Face", "Requests", "Errors", "p50", "p99", "Open", "In + out"];

/// The faces in the order of the transport switch: as the bridge calls them, as people read them, their colours.
const FACES: [(&str, &str, &str); 5] = [
    ("grpc", "gRPC", "proto"),
    ("grpc-web", "gRPC-Web", "bidi"),
    ("connect", "Connect", "unary"),
    ("rest", "REST", "json"),
    ("websocket", "WebSocket", "client"),
];

/// How people read the name of a face.
pub fn face_name(face: &str) -> &str {
    FACES.iter().find(|(name, ..)| *name == face).map_or(face, |found| found.1)
}

/// The table by face, every face always.
pub fn faces(metrics: &BridgeMetrics) -> Vec<FaceLine> {
    let none = FaceMetrics::default();
    let line = |(face, name, class): (&str, &'static str, &'static str)| {
        let of = metrics.faces.iter().find(|one| one.face == face).unwrap_or(&none);
        let FaceMetrics { requests, refused, open, request_bytes, response_bytes, .. } = of;
        FaceLine {
            name,
            class,
            used: *requests > 0 || *open > 0,
            bad: of.errors() > 0,
            cells: [
                format::count(*requests),
                format::count(of.errors()),
                p50(of),
                p99(of),
                format::count(*open),
                format::bytes(request_bytes + response_bytes),
            ],
            title: format!(
                "{}, {} refused; {} as Protobuf to the server, {} from it",
                counted(of.calls(), "call"),
                format::count(*refused),
                format::bytes(*request_bytes),
                format::bytes(*response_bytes)
            ),
        }
    };
    FACES.into_iter().map(line).collect()
}

/// Minutes and seconds.
pub fn age(ms: u64) -> String {
    let s = ms / 1_000;
    match (s / 3_600, s / 60 % 60, s % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m}:{s:02}"),
        (h, m, s) => format!("{h}:{m:02}:{s:02}"),
    }
}

/// The points of a line in a box of 100 by 24, for an SVG polyline; empty where there is nothing to draw.
pub fn points(values: &[f64]) -> String {
    let top = values.iter().copied().filter(|v| v.is_finite()).fold(0.0, f64::max);
    if values.len() < 2 || top <= 0.0 {
        return String::new();
    }
    let step = 100.0 / (values.len() - 1) as f64;
    let point = |(at, value): (usize, &f64)| {
        let value = if value.is_finite() { value.max(0.0) } else { 0.0 };
        format!("{:.1},{:.1}", at as f64 * step, 23.0 - value / top * 22.0)
    };
    values.iter().enumerate().map(point).collect::<Vec<_>>().join(" ")
}
