//! What a message costs in each form, and where the time of a call went, as bars with figures.
//!
//! Owns the order, lengths and wording of the bars. Knows no screen; every figure is measured by the engine, and what
//! was measured beside the call is said to be.

use wirelab_chart::format;
use wirelab_model::{Costs, Sizes, Timings, Totals};

/// A bar with a figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// `Protobuf + gzip`.
    pub label: &'static str,
    /// The class that colours it; see `styles/wire.css`.
    pub class: &'static str,
    /// Where it begins, percent of the widest.
    pub left: f64,
    /// How long it is, percent of the widest.
    pub width: f64,
    /// `77 B`.
    pub figure: String,
    /// More about it.
    pub title: String,
}

/// The narrowest bar that is still seen, percent.
const MIN_WIDTH: f64 = 1.0;

/// The sizes of a message as bars, JSON first.
pub fn meters(sizes: &Sizes) -> [Bar; 4] {
    let widest = sizes.json.max(sizes.json_gzip).max(sizes.proto).max(sizes.proto_gzip);
    let bar = |label, class, bytes: u64, title: &str| Bar {
        label,
        class,
        left: 0.0,
        width: if bytes == 0 { 0.0 } else { percent(bytes as f64, widest as f64).max(MIN_WIDTH) },
        figure: format::bytes(bytes),
        title: format!("{title}: {} bytes", format::count(bytes)),
    };
    [
        bar("JSON", "json", sizes.json, "Compact ProtoJSON"),
        bar("JSON + gzip", "json soft", sizes.json_gzip, "Compact ProtoJSON, compressed with gzip"),
        bar("Protobuf", "proto", sizes.proto, "As it went"),
        bar("Protobuf + gzip", "proto soft", sizes.proto_gzip, "As it went, compressed with gzip"),
    ]
}

/// `3.2× smaller` and the like: what Protobuf is against JSON; none without a message.
pub fn against_json(sizes: &Sizes) -> Option<String> {
    match (sizes.json, sizes.proto) {
        (0, _) => None,
        (_, 0) => Some("nothing at all".to_owned()),
        (json, proto) if json == proto => Some("as large".to_owned()),
        (json, proto) if json > proto => {
            Some(format!("{} smaller", format::ratio(json as f64 / proto as f64)))
        }
        (json, proto) => Some(format!("{} larger", format::ratio(proto as f64 / json as f64))),
    }
}

/// `encode 41 ns, decode 128 ns` of the Protobuf form, and the same of JSON for a title.
pub fn costs(costs: &Costs) -> (String, String) {
    let pair = |encode: f64, decode: f64| {
        format!("encode {}, decode {}", format::ns(whole(encode)), format::ns(whole(decode)))
    };
    (
        pair(costs.proto_encode_ns, costs.proto_decode_ns),
        format!(
            "JSON: {}. Medians of {} repetitions of converting this message, measured beside the call",
            pair(costs.json_encode_ns, costs.json_decode_ns),
            format::count(u64::from(costs.samples)),
        ),
    )
}

/// The phases of a call in their order, as a waterfall.
pub fn phases(timings: &Timings) -> Vec<Bar> {
    let beside = "Measured beside the call, not part of its time";
    let (to_headers, to_first) = waits(timings);
    let all = [
        ("attempts", "soft", timings.retry_ns, "Attempts that failed and the waits after them"),
        ("resolve", "", timings.resolve_ns, "Until the name was resolved"),
        ("connect", "", timings.connect_ns, "Until TCP was up"),
        ("tls", "", timings.tls_ns, "Until TLS was up"),
        ("encode", "proto", timings.encode_ns, beside),
        ("send", "", timings.send_ns, "Until the first request was handed to the connection"),
        ("wait", "server", to_headers, "Until the response headers came"),
        (
            if to_headers.is_some() { "first message" } else { "wait" },
            "server",
            to_first,
            "Until the first response came, or else the end",
        ),
        ("receive", "", timings.receive_ns, "From the first response to the last"),
        ("trailers", "", timings.trailers_ns, "From the last response to the end"),
        ("decode", "json", timings.decode_ns, beside),
    ];
    let widest = all.iter().filter_map(|(_, _, ns, _)| *ns).fold(0, u64::saturating_add);
    let mut bars = Vec::with_capacity(all.len());
    if timings.reused {
        bars.push(Bar {
            label: "connect",
            class: "",
            left: 0.0,
            width: MIN_WIDTH,
            figure: "reused".to_owned(),
            title: "An open connection served the call".to_owned(),
        });
    }
    let mut before = 0_u64;
    for (label, class, ns, title) in all {
        // A call with one response receives it in no time: there is nothing to show.
        let Some(ns) = ns.filter(|ns| *ns > 0) else { continue };
        let width = percent(ns as f64, widest as f64).max(MIN_WIDTH);
        bars.push(Bar {
            label,
            class,
            left: percent(before as f64, widest as f64).min(100.0 - width),
            width,
            figure: format::ns(ns),
            title: title.to_owned(),
        });
        before = before.saturating_add(ns);
    }
    bars
}

/// The wait for a response, parted where its headers came: until then, and from there on. Headers that came with the
/// message, or outside the wait, do not part it.
fn waits(timings: &Timings) -> (Option<u64>, Option<u64>) {
    let Timings { retry_ns, resolve_ns, connect_ns, tls_ns, send_ns, .. } = *timings;
    let before = [retry_ns, resolve_ns, connect_ns, tls_ns, send_ns];
    let began = before.iter().flatten().fold(0_u64, |sum, ns| sum.saturating_add(*ns));
    let parted = timings.wait_ns.zip(timings.headers_at_ns).and_then(|(wait, headers)| {
        let first = headers.checked_sub(began).filter(|ns| *ns > 0)?;
        let rest = wait.checked_sub(first).filter(|ns| ns.saturating_mul(50) > wait)?;
        Some((first, rest))
    });
    match parted {
        Some((first, rest)) => (Some(first), Some(rest)),
        None => (None, timings.wait_ns),
    }
}

/// How many messages and bytes of a stream went each way.
pub fn flow(totals: &Totals) -> Vec<Bar> {
    let messages = totals.sent.max(totals.received);
    let bytes = totals.sent_bytes.max(totals.received_bytes);
    let bar = |label, class, part: u64, widest: u64, figure: String, title: String| Bar {
        label,
        class,
        left: 0.0,
        width: if part == 0 { 0.0 } else { percent(part as f64, widest as f64).max(MIN_WIDTH) },
        figure,
        title,
    };
    let title = |wire: Option<u64>, what: &str| match wire {
        Some(wire) => {
            format!("{} {what} the connection, framing and headers included", format::bytes(wire))
        }
        None => format!("Protobuf messages {what} the connection, without framing"),
    };
    let (sent, received) = (totals.sent, totals.received);
    let (up, down) = (totals.sent_bytes, totals.received_bytes);
    vec![
        bar("sent", "client", sent, messages, format::count(sent), "Messages sent".to_owned()),
        bar(
            "received",
            "bidi",
            received,
            messages,
            format::count(received),
            "Messages received".to_owned(),
        ),
        bar(
            "bytes up",
            "client soft",
            up,
            bytes,
            format::bytes(up),
            title(totals.wire_sent, "written to"),
        ),
        bar(
            "bytes down",
            "bidi soft",
            down,
            bytes,
            format::bytes(down),
            title(totals.wire_received, "read from"),
        ),
    ]
}

fn percent(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole * 100.0 } else { 0.0 }
}

/// Nanoseconds as a whole number; what is below one counts as one when it is not nothing.
fn whole(ns: f64) -> u64 {
    if ns > 0.0 { ns.round().max(1.0) as u64 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(json: u64, proto: u64) -> Sizes {
        Sizes { json, proto, json_gzip: json / 2, proto_gzip: proto + 10 }
    }

    #[test]
    fn meters_are_measured_against_the_widest() {
        for (sizes, expected) in [
            (sizes(200, 50), [100.0, 50.0, 25.0, 30.0]),
            (sizes(0, 0), [0.0, 0.0, 0.0, 100.0]),
            (sizes(1_000_000, 1), [100.0, 50.0, 1.0, 1.0]),
            (Sizes::default(), [0.0; 4]),
        ] {
            assert_eq!(meters(&sizes).map(|bar| bar.width), expected, "{sizes:?}");
        }
    }

    #[test]
    fn says_what_protobuf_saves() {
        for (json, proto, expected) in [
            (247, 77, Some("3.2× smaller")),
            (2, 0, Some("nothing at all")),
            (10, 10, Some("as large")),
            (10, 15, Some("1.5× larger")),
            (0, 0, None),
        ] {
            assert_eq!(
                against_json(&sizes(json, proto)).as_deref(),
                expected,
                "{json} and {proto}"
            );
        }
    }

    #[test]
    fn flow_counts_each_way() {
        let totals = Totals { sent: 3, received: 12, sent_bytes: 50, ..Totals::default() };
        let shown: Vec<_> = flow(&totals).into_iter().map(|b| (b.width, b.figure)).collect();
        let expected = [(25.0, "3"), (100.0, "12"), (100.0, "50 B"), (0.0, "0 B")];
        assert_eq!(shown, expected.map(|(width, figure)| (width, figure.to_owned())));
    }

    #[test]
    fn phases_follow_each_other() {
        let timings = Timings {
            reused: true,
            encode_ns: Some(100),
            send_ns: Some(100),
            wait_ns: Some(700),
            receive_ns: Some(0),
            decode_ns: Some(100),
            ..Timings::default()
        };
        let shown: Vec<_> =
            phases(&timings).iter().map(|b| (b.label, b.left.round(), b.width.round())).collect();
        let expected = [
            ("connect", 0.0, 1.0),
            ("encode", 0.0, 10.0),
            ("send", 10.0, 10.0),
            ("wait", 20.0, 70.0),
            ("decode", 90.0, 10.0),
        ];
        assert_eq!(shown, expected);
        assert!(phases(&Timings::default()).is_empty());
        for (headers, wait, expected) in [
            (None, 700, (None, Some(700))),
            (Some(300), 700, (Some(200), Some(500))),
            (Some(799), 700, (None, Some(700))),
            (Some(9_000), 700, (None, Some(700))),
            (Some(50), 700, (None, Some(700))),
        ] {
            let timings = Timings { headers_at_ns: headers, wait_ns: Some(wait), ..timings };
            assert_eq!(waits(&timings), expected, "{headers:?}");
        }
        let none = Timings { wait_ns: Some(0), ..Timings::default() };
        assert!(phases(&none).is_empty());
        let huge = Timings { wait_ns: Some(u64::MAX), send_ns: Some(1), ..Timings::default() };
        assert!(phases(&huge).iter().all(|bar| bar.left >= 0.0 && bar.left + bar.width <= 101.0));
    }
}
