//! What WebSockets count, as Prometheus reads it. What they wait for and miss is told by method: `queue_depth` and
//! `dropped_messages_total`.

use super::text::head;
use crate::socket::{ROUND_TRIP_BOUNDS, SocketCounts};
use std::fmt::{Result, Write};

/// Writes all of it.
pub(super) fn write(counts: &SocketCounts, out: &mut String) -> Result {
    let gauges = [
        ("websockets", "Open WebSockets.", counts.open),
        (
            "websocket_parked_streams",
            "Streams whose WebSocket was lost and that may be resumed.",
            counts.parked,
        ),
    ];
    let counters = [
        ("websockets_opened_total", "WebSockets ever opened.", counts.opened),
        ("websocket_pings_total", "Pings sent.", counts.pings),
        ("websocket_resumed_streams_total", "Streams that were resumed.", counts.resumed),
    ];
    for (kind, series) in [("gauge", &gauges[..]), ("counter", &counters[..])] {
        for (name, help, count) in series {
            head(out, name, kind, help)?;
            writeln!(out, "wirelab_bridge_{name} {count}")?;
        }
    }
    let name = "websocket_given_up_total";
    head(out, name, "counter", "WebSockets given up because their client is slow, or silent.")?;
    for (reason, count) in [("slow", counts.slow), ("silent", counts.silent)] {
        writeln!(out, "wirelab_bridge_{name}{{reason=\"{reason}\"}} {count}")?;
    }
    round_trips(counts, out)
}

/// The pongs are its count.
fn round_trips(counts: &SocketCounts, out: &mut String) -> Result {
    let name = "websocket_ping_seconds";
    head(out, name, "histogram", "From a ping to its pong.")?;
    let name = format!("wirelab_bridge_{name}");
    let mut all = 0;
    for (index, count) in counts.round_trip_buckets.iter().enumerate() {
        all += count;
        match ROUND_TRIP_BOUNDS.get(index) {
            Some(bound) => writeln!(out, "{name}_bucket{{le=\"{}\"}} {all}", *bound as f64 / 1e6)?,
            None => writeln!(out, "{name}_bucket{{le=\"+Inf\"}} {all}")?,
        }
    }
    writeln!(out, "{name}_sum {}\n{name}_count {all}", counts.round_trips.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn all_counts_are_told() {
        let counts = SocketCounts {
            open: 3,
            opened: 9,
            waiting: 0,
            pings: 8,
            pongs: 6,
            round_trips: Duration::from_millis(1_500),
            round_trip_buckets: [1, 2, 0, 0, 0, 0, 0, 0, 2, 0, 1],
            dropped: 0,
            slow: 4,
            silent: 1,
            parked: 2,
            resumed: 5,
        };
        let mut out = String::new();
        write(&counts, &mut out).unwrap();
        insta::assert_snapshot!(out);
    }
}
