//! The figures as Prometheus reads them
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>, text format 0.0.4).

use super::Observe;
use super::figures::{BOUNDS, CODES, Cell};
use crate::life::Life;
use crate::socket::SocketCounts;
use std::fmt::Write;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use wirelab_model::StatusCode;

/// The media type of it.
pub(crate) const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Writes everything.
pub(super) fn write(
    observe: &Observe,
    life: &Life,
    ready: bool,
    sockets: &SocketCounts,
    out: &mut String,
) {
    // Writing to a String does not fail.
    let _ = whole(observe, life, ready, out);
    let _ = super::sockets::write(sockets, out);
}

pub(super) fn head(out: &mut String, name: &str, kind: &str, help: &str) -> std::fmt::Result {
    writeln!(out, "# HELP wirelab_bridge_{name} {help}\n# TYPE wirelab_bridge_{name} {kind}")
}

/// A name, what it says, and where it is counted.
type Series<T> = (&'static str, &'static str, fn(&Cell) -> &T);

fn whole(observe: &Observe, life: &Life, ready: bool, out: &mut String) -> std::fmt::Result {
    let figures = &observe.figures;
    for (name, help, statuses) in [
        ("requests_total", "Answers to clients by face and HTTP status.", &figures.answers),
        ("refusals_total", "Those to requests that became no call.", &figures.refusals),
    ] {
        head(out, name, "counter", help)?;
        for (face, status, count) in statuses.all() {
            let labels = format!("face=\"{}\",code=\"{status}\"", face.name());
            writeln!(out, "wirelab_bridge_{name}{{{labels}}} {count}")?;
        }
    }
    let methods = figures.methods();
    let cells: Vec<(String, &Cell)> = methods
        .iter()
        .flat_map(|method| {
            // Names of Protobuf need no escapes.
            let labels = |face: &str| format!("method=\"{}\",face=\"{face}\"", method.path);
            method.counted().map(move |(face, cell)| (labels(face.name()), cell))
        })
        .collect();

    head(out, "calls_total", "counter", "Calls that ended, by their gRPC status.")?;
    for (labels, cell) in &cells {
        for (code, count) in cell.codes.iter().enumerate() {
            let count = count.load(Relaxed);
            if count > 0 {
                let code = code_name(code);
                writeln!(out, "wirelab_bridge_calls_total{{{labels},code=\"{code}\"}} {count}")?;
            }
        }
    }
    head(out, "call_duration_seconds", "histogram", "From a request to the end of its call.")?;
    for (labels, cell) in &cells {
        latency(out, labels, cell)?;
    }
    let counters: [Series<AtomicU64>; 5] = [
        ("request_messages_total", "Messages of clients.", |cell| &cell.request_messages),
        ("request_bytes_total", "Their bytes, as Protobuf.", |cell| &cell.request_bytes),
        ("response_messages_total", "Messages of the server.", |cell| &cell.response_messages),
        ("response_bytes_total", "Their bytes, as Protobuf.", |cell| &cell.response_bytes),
        ("dropped_messages_total", "Messages that slow clients missed.", |cell| &cell.dropped),
    ];
    for (name, help, of) in counters {
        head(out, name, "counter", help)?;
        for (labels, cell) in &cells {
            writeln!(out, "wirelab_bridge_{name}{{{labels}}} {}", of(cell).load(Relaxed))?;
        }
    }
    let gauges: [Series<AtomicI64>; 2] = [
        ("open_calls", "Calls under way.", |cell| &cell.open),
        ("queue_depth", "Messages that wait for clients to take them.", |cell| &cell.queued),
    ];
    for (name, help, of) in gauges {
        head(out, name, "gauge", help)?;
        for (labels, cell) in &cells {
            writeln!(out, "wirelab_bridge_{name}{{{labels}}} {}", of(cell).load(Relaxed))?;
        }
    }
    head(out, "connections", "gauge", "Open connections of clients.")?;
    writeln!(out, "wirelab_bridge_connections {}", figures.connections.load(Relaxed))?;
    head(out, "ready", "gauge", "Whether requests should be sent here.")?;
    writeln!(out, "wirelab_bridge_ready {}", u8::from(ready))?;
    head(out, "upstream_up", "gauge", "Whether the server behind the bridge answers.")?;
    writeln!(out, "wirelab_bridge_upstream_up {}", u8::from(!life.lost.load(Relaxed)))?;
    head(out, "reloads_total", "counter", "What was read again, and taken or refused.")?;
    for (what, counts) in figures.reloads() {
        for (result, count) in ["refused", "taken"].into_iter().zip(counts) {
            let labels = format!("what=\"{what}\",result=\"{result}\"");
            writeln!(out, "wirelab_bridge_reloads_total{{{labels}}} {count}")?;
        }
    }
    head(out, "spans_dropped_total", "counter", "Spans that no collector took.")?;
    let dropped = observe.tracer.as_ref().map_or(0, |tracer| tracer.dropped());
    writeln!(out, "wirelab_bridge_spans_dropped_total {dropped}")
}

fn latency(out: &mut String, labels: &str, cell: &Cell) -> std::fmt::Result {
    let name = "wirelab_bridge_call_duration_seconds";
    let mut all = 0;
    for (index, count) in cell.latency.iter().enumerate() {
        all += count.load(Relaxed);
        match BOUNDS.get(index) {
            Some(bound) => {
                let bound = *bound as f64 / 1e6;
                writeln!(out, "{name}_bucket{{{labels},le=\"{bound}\"}} {all}")?;
            }
            None => writeln!(out, "{name}_bucket{{{labels},le=\"+Inf\"}} {all}")?,
        }
    }
    let sum = cell.latency_micros.load(Relaxed) as f64 / 1e6;
    writeln!(out, "{name}_sum{{{labels}}} {sum}\n{name}_count{{{labels}}} {all}")
}

/// `OK`, `NOT_FOUND` …; `OTHER` for what gRPC does not define.
pub(super) fn code_name(code: usize) -> &'static str {
    let known = u32::try_from(code).ok().filter(|code| (*code as usize) < CODES - 1);
    known.and_then(StatusCode::from_number).map_or("OTHER", StatusCode::name)
}
