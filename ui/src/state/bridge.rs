//! The Bridge view: its figures over time, its bindings as rows, and what is said of it in words.

use std::collections::VecDeque;
use wirelab_chart::format;
use wirelab_model::{
    Binding, BridgeMetrics, BridgePhase, BridgeSettings, BridgeState, CallKind, Problem,
};

/// How many points a tile's line has.
pub const POINTS: usize = 60;
/// A second's requests are told over so many milliseconds.
const RATE_MS: u64 = 2_000;

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

    /// Requests a second at each point but the first.
    pub fn rates(&self) -> Vec<f64> {
        let each = self.seen.iter().zip(self.seen.iter().skip(1));
        each.map(|(before, after)| rate(before, after)).collect()
    }

    /// One figure at each point.
    pub fn of(&self, figure: impl Fn(&BridgeMetrics) -> f64) -> Vec<f64> {
        self.seen.iter().map(figure).collect()
    }

    /// Requests a second of late.
    pub fn rate(&self) -> f64 {
        let Some(last) = self.seen.back() else { return 0.0 };
        let from = self.seen.iter().rev().skip(1);
        let from = from.take_while(|one| last.uptime_ms - one.uptime_ms <= RATE_MS).last();
        let from = from.or_else(|| self.seen.iter().rev().nth(1));
        from.map_or(0.0, |from| rate(from, last))
    }
}

fn rate(before: &BridgeMetrics, after: &BridgeMetrics) -> f64 {
    let ms = after.uptime_ms.saturating_sub(before.uptime_ms).max(1);
    after.requests.saturating_sub(before.requests) as f64 * 1_000.0 / ms as f64
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
    let metrics = &state.metrics;
    let time = |ns: Option<u64>| ns.map_or_else(|| "–".to_owned(), format::ns);
    let errors = metrics.errors();
    let calls: u64 = metrics.codes.iter().map(|(_, count)| count).sum();
    let part = if calls == 0 { 0.0 } else { errors as f64 * 100.0 / calls as f64 };
    let tile = |label, value, note, bad, line| Tile { label, value, note, bad, line };
    let rate = series.rate();
    vec![
        tile(
            "Requests a second",
            if rate < 10.0 { format!("{rate:.1}") } else { format::count(rate.round() as u64) },
            format!("{} in all", format::count(metrics.requests)),
            false,
            series.rates(),
        ),
        tile(
            "p50 latency",
            time(metrics.p50_ns),
            "of the last calls, upstream".into(),
            false,
            series.of(|m| m.p50_ns.unwrap_or_default() as f64),
        ),
        tile(
            "p99 latency",
            time(metrics.p99_ns),
            "of the last calls, upstream".into(),
            false,
            series.of(|m| m.p99_ns.unwrap_or_default() as f64),
        ),
        tile(
            "Errors",
            format::count(errors),
            format!("{part:.1} % of {} calls", format::count(calls)),
            errors > 0,
            series.of(|m| m.errors() as f64),
        ),
        tile(
            "Open streams",
            format::count(metrics.open),
            if state.streams.is_empty() { "none under way".into() } else { oldest(state) },
            false,
            series.of(|m| m.open as f64),
        ),
        tile(
            "Protobuf in + out",
            format::bytes(metrics.request_bytes + metrics.response_bytes),
            format!(
                "{} to, {} from the server",
                format::bytes(metrics.request_bytes),
                format::bytes(metrics.response_bytes)
            ),
            false,
            series.of(|m| (m.request_bytes + m.response_bytes) as f64),
        ),
    ]
}

fn oldest(state: &BridgeState) -> String {
    let age = state.streams.iter().map(|stream| stream.age_ms).max().unwrap_or_default();
    format!("oldest {}", self::age(age))
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

/// A row of the bindings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// Begins a service.
    Service {
        /// Its full name.
        name: String,
        /// How many bindings follow.
        count: usize,
    },
    /// A binding, by its place.
    Binding(usize),
}

/// The bindings that match, by service. Every word of the filter must be in the method, the verb or the template.
pub fn rows(bindings: &[Binding], filter: &str) -> Vec<Row> {
    let words: Vec<String> = filter.split_whitespace().map(str::to_lowercase).collect();
    let mut rows = Vec::new();
    let mut head = None;
    for (at, binding) in bindings.iter().enumerate() {
        let text = format!("{} {} {}", binding.verb, binding.template, binding.method);
        let text = text.to_lowercase();
        if !words.iter().all(|word| text.contains(word)) {
            continue;
        }
        let service = service(&binding.method);
        let known = head.and_then(|head: usize| match rows.get_mut(head) {
            Some(Row::Service { name, count }) if name == service => Some(count),
            _ => None,
        });
        match known {
            Some(count) => *count += 1,
            None => {
                head = Some(rows.len());
                rows.push(Row::Service { name: service.to_owned(), count: 1 });
            }
        }
        rows.push(Row::Binding(at));
    }
    rows
}

/// `pkg.Service` of `pkg.Service/Method`.
pub fn service(method: &str) -> &str {
    method.rsplit_once('/').map_or("", |(service, _)| service)
}

/// The binding that shows first for a method: its rule, else the one that every method has.
pub fn first_of(bindings: &[Binding], method: &str) -> Option<usize> {
    bindings.iter().position(|binding| binding.method == method)
}

/// A template in parts, variables apart.
pub fn parts(template: &str) -> Vec<(bool, String)> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let (before, from) = rest.split_at(open);
        let end = from.find('}').map_or(from.len(), |end| end + 1);
        let (variable, after) = from.split_at(end);
        if !before.is_empty() {
            parts.push((false, before.to_owned()));
        }
        parts.push((true, variable.to_owned()));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push((false, rest.to_owned()));
    }
    parts
}

/// What a binding says beside its path: its body, what of the answer it gives, and how it came.
pub fn note(binding: &Binding) -> String {
    if binding.implicit {
        return "no rule".to_owned();
    }
    let body = match binding.body.as_str() {
        "" => None,
        "*" => Some("body: all".to_owned()),
        field => Some(format!("body: {field}")),
    };
    let answer =
        (!binding.response_body.is_empty()).then(|| format!("answer: {}", binding.response_body));
    let came = binding.additional.then(|| "additional".to_owned());
    [body, answer, came].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// How an answer of this kind of call travels by REST.
pub fn answer(kind: CallKind) -> &'static str {
    match kind.server_streams() {
        true => "answers as a JSON array, NDJSON or server-sent events, as Accept says",
        false => "answers with one JSON document",
    }
}

/// How the bridge is, in a word or two; the class that colours it.
pub fn word(phase: &BridgePhase) -> (&'static str, &'static str) {
    match phase {
        BridgePhase::Stopped => ("stopped", "off"),
        BridgePhase::Starting => ("starting", "starting"),
        BridgePhase::Running { .. } => ("running", "on"),
        BridgePhase::Failed(_) => ("failed", "bad"),
    }
}

/// What the status bar says; nothing while it is stopped.
pub fn status(phase: &BridgePhase) -> Option<String> {
    match phase {
        BridgePhase::Stopped => None,
        BridgePhase::Starting => Some("Bridge is starting".to_owned()),
        BridgePhase::Running { address } => Some(format!("Bridge on {address}")),
        BridgePhase::Failed(_) => Some("Bridge failed".to_owned()),
    }
}

/// The bridge's settings as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// The settings, but for
    pub settings: BridgeSettings,
    /// origins, apart by commas or spaces.
    pub origins: String,
}

impl Draft {
    /// What was started last, or would be.
    pub fn new(settings: BridgeSettings) -> Draft {
        Draft { origins: settings.allowed_origins.join(", "), settings }
    }

    /// What to start.
    ///
    /// # Errors
    /// What is wrong, with the field that it is in.
    pub fn settings(&self) -> Result<BridgeSettings, Problem> {
        let wrong = |at: &str, message: String, help: &str| {
            Err(Problem::new(wirelab_model::ProblemKind::Mismatch, message).at(at).help(help))
        };
        let listen = self.settings.listen.trim();
        let port = listen.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        if port.is_none() || listen.starts_with(':') {
            let message = format!("“{listen}” is no address to listen at");
            return wrong("Listen", message, "Write host:port, for example 127.0.0.1:8080");
        }
        if self.settings.upstream.address.trim().is_empty() {
            let help = "Type its address, for example localhost:50051";
            return wrong("Server", "There is no server behind the bridge".into(), help);
        }
        let origins = self.origins.split([',', ' ', '\n']).map(str::trim);
        let origins: Vec<String> =
            origins.filter(|one| !one.is_empty()).map(str::to_owned).collect();
        let odd = |origin: &&String| {
            let host = origin.split_once("://").map(|(_, host)| host);
            *origin != "*" && host.is_none_or(|host| host.is_empty() || host.contains('/'))
        };
        if let Some(odd) = origins.iter().find(odd) {
            let help = "Write scheme and host, for example https://app.example, or * for all";
            return wrong("Origins", format!("“{odd}” is no origin"), help);
        }
        let mut settings = self.settings.clone();
        settings.listen = listen.to_owned();
        settings.upstream.address = settings.upstream.address.trim().to_owned();
        Ok(BridgeSettings { allowed_origins: origins, ..settings })
    }
}

/// Whether others than this machine can reach what listens there.
pub fn exposed(listen: &str) -> bool {
    let host = listen.trim().rsplit_once(':').map_or("", |(host, _)| host);
    !(host == "localhost" || host.starts_with("127.") || host == "[::1]")
}

#[cfg(test)]
#[path = "bridge_tests.rs"]
mod tests;
