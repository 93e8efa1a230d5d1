//! What is drawn for which data.

use proptest::collection::vec;
use proptest::prelude::*;
use wirelab_chart::*;
use wirelab_model::{
    BenchPath, BenchReport, Costs, Latency, LatencyPoint, MethodPayload, PathReport,
};

const SIZE: Size = Size { width: 520, height: 210 };

/// 21 Nov 2026 09:31:00 UTC.
const START: i64 = 1_795_253_460_000;

/// Times that look like latencies, without a random generator: always the same.
fn latency(index: u64) -> u64 {
    let wave = (index * 7919 % 997) as f64 / 997.0;
    (250_000.0 + 180_000.0 * wave + 900_000.0 * wave.powi(24)) as u64
}

fn points(count: u64) -> Vec<LatencyPoint> {
    (0..count)
        .map(|index| LatencyPoint {
            started_unix_ms: START + index as i64 * 4_000,
            total_ns: latency(index),
            ok: index % 37 != 5,
        })
        .collect()
}

fn curve(count: u64, factor: f64) -> Latency {
    let mut values: Vec<u64> =
        (0..count).map(|index| (latency(index) as f64 * factor) as u64).collect();
    values.sort_unstable();
    let rank = |percentile: f64| {
        let rank = (percentile / 100.0 * count as f64).ceil() as usize;
        values.get(rank.max(1) - 1).copied().unwrap_or_default()
    };
    let percentiles =
        (0..=90).map(f64::from).chain((901..=1000).map(|tenths| f64::from(tenths) / 10.0));
    Latency {
        count,
        min_ns: rank(0.0),
        mean_ns: 0.0,
        p50_ns: rank(50.0),
        p90_ns: rank(90.0),
        p99_ns: rank(99.0),
        max_ns: rank(100.0),
        curve: percentiles.map(|percentile| (percentile, rank(percentile))).collect(),
    }
}

fn path(path: BenchPath, latency: Option<Latency>) -> PathReport {
    PathReport {
        path,
        calls: 2000,
        errors: 0,
        latency,
        request_bytes: 47.0,
        response_bytes: 77.0,
        wire_bytes: Some(214.0),
    }
}

fn report(paths: Vec<PathReport>) -> BenchReport {
    let costs = |scale: f64| Costs {
        samples: 100,
        proto_encode_ns: 420.0 * scale,
        proto_decode_ns: 980.0 * scale,
        json_encode_ns: 1800.0 * scale,
        json_decode_ns: 3900.0 * scale,
    };
    BenchReport {
        paths,
        request_costs: Some(costs(1.0)),
        response_costs: Some(costs(1.7)),
        ..BenchReport::default()
    }
}

fn payload(method: &str, calls: u64, proto: f64, json: f64) -> MethodPayload {
    let method = format!("shop.v1.Service/{method}");
    MethodPayload { method, calls, proto_bytes: proto, json_bytes: json }
}

fn stream(count: u64) -> Vec<BytesPoint> {
    (1..=count)
        .map(|index| BytesPoint {
            at_ns: index * 100_000_000,
            proto_bytes: index * 27 + index * index / 9,
            json_bytes: index * 78 + index * index / 3,
        })
        .collect()
}

/// The charts by name, over data as people have it and at its edges.
fn gallery() -> Vec<(&'static str, String)> {
    let called = |count, factor| Some(curve(count, factor));
    let usual = report(vec![
        path(BenchPath::GrpcProtobuf, called(2000, 1.0)),
        path(BenchPath::JsonText, None),
    ]);
    let both = report(vec![
        path(BenchPath::GrpcProtobuf, called(2000, 1.0)),
        path(BenchPath::JsonText, called(2000, 2.1)),
    ]);
    let every = report(vec![
        path(BenchPath::GrpcProtobuf, called(2000, 1.0)),
        path(BenchPath::GrpcWebProtobuf, called(2000, 1.4)),
        path(BenchPath::RestJson, called(2000, 1.9)),
        path(BenchPath::WebSocketJson, called(2000, 2.3)),
    ]);
    let few = report(vec![path(BenchPath::GrpcProtobuf, called(12, 1.0))]);
    let one = report(vec![path(BenchPath::GrpcProtobuf, called(1, 1.0))]);
    let uncalled = report(vec![path(BenchPath::JsonText, None)]);
    let none = BenchReport::default();
    let mut slow = points(120);
    slow.iter_mut().skip(100).for_each(|point| point.total_ns *= 5000);
    let methods = [
        payload("GetStock", 120, 124.0, 398.0),
        payload("ImportOrders", 8, 15_320.0, 48_100.0),
        payload("AVeryLongMethodNameThatHasNoRoom", 44, 12.0, 20_040.0),
    ];
    let crowd: Vec<_> = (0..30)
        .map(|index| payload(&format!("Method{index}"), 100 - index, 50.0 + index as f64, 200.0))
        .collect();
    let gaps: Vec<u64> = (0..127).map(|index| 990_000_000 + latency(index) * 40).collect();
    let small = Size::new(300, 120);
    vec![
        ("percentile", latency_by_percentile(&usual, SIZE)),
        ("percentile_both", latency_by_percentile(&both, SIZE)),
        ("percentile_narrow", latency_by_percentile(&every, Size::new(290, 215))),
        ("percentile_few", latency_by_percentile(&few, SIZE)),
        ("percentile_one", latency_by_percentile(&one, SIZE)),
        ("percentile_none", latency_by_percentile(&uncalled, SIZE)),
        ("cost", cost_breakdown(&usual, SIZE)),
        ("cost_both", cost_breakdown(&both, SIZE)),
        ("cost_uncalled", cost_breakdown(&uncalled, SIZE)),
        ("cost_none", cost_breakdown(&none, SIZE)),
        ("over_time", latency_over_time(&points(300), SIZE)),
        ("over_time_wide", latency_over_time(&slow, Size::new(900, 210))),
        ("over_time_one", latency_over_time(&points(1), SIZE)),
        ("over_time_none", latency_over_time(&[], SIZE)),
        ("distribution", latency_distribution(&points(300), SIZE)),
        ("distribution_wide", latency_distribution(&slow, SIZE)),
        ("distribution_one", latency_distribution(&points(1), SIZE)),
        ("distribution_none", latency_distribution(&[], SIZE)),
        ("payload", payload_by_method(&methods, SIZE)),
        ("payload_crowd", payload_by_method(&crowd, SIZE)),
        ("payload_none", payload_by_method(&[], SIZE)),
        ("bytes", bytes_over_time(&stream(60), small)),
        ("bytes_one", bytes_over_time(&stream(1), small)),
        ("bytes_none", bytes_over_time(&[], small)),
        ("gaps", gap_distribution(&gaps, small)),
        ("gaps_none", gap_distribution(&[], small)),
    ]
}

/// Whether the text is one element with everything closed, and no colour but tokens.
fn well_formed(svg: &str) -> Result<(), String> {
    let mut reader = quick_xml::Reader::from_str(svg);
    let (mut depth, mut roots) = (0u32, 0u32);
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            quick_xml::events::Event::Start(tag) => {
                roots += u32::from(depth == 0);
                depth += 1;
                attributes(&tag)?;
            }
            quick_xml::events::Event::Empty(tag) => attributes(&tag)?,
            quick_xml::events::Event::End(_) => depth -= 1,
            quick_xml::events::Event::Eof => break,
            _ => {}
        }
    }
    if (depth, roots) != (0, 1) {
        return Err(format!("{roots} roots, {depth} left open"));
    }
    if let Some(c) = svg.chars().find(|c| matches!(c, '\0'..='\x08' | '\u{fffe}' | '\u{ffff}')) {
        return Err(format!("XML cannot carry {c:?}"));
    }
    Ok(())
}

fn attributes(tag: &quick_xml::events::BytesStart<'_>) -> Result<(), String> {
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let value = attribute.value;
        let paints = matches!(attribute.key.as_ref(), "fill" | "stroke");
        if paints && value != "none" && !value.starts_with("var(--") {
            return Err(format!("a colour that is no token: {value}"));
        }
        if value.contains("NaN") || value.contains("inf") {
            return Err(format!("not a number: {value}"));
        }
    }
    Ok(())
}

#[test]
fn charts_are_drawn_as_they_were() {
    for (name, svg) in gallery() {
        well_formed(&svg).unwrap_or_else(|why| panic!("{name}: {why}\n{svg}"));
        insta::assert_snapshot!(name, svg);
    }
}

#[test]
fn numbers_have_units() {
    let check = |texts: &[String], expected: &[&str]| assert_eq!(texts, expected);
    let bytes = [0, 247, 999, 1000, 1234, 12_345, 99_949, 123_456, 999_949, 5_300_000, u64::MAX];
    check(
        &bytes.map(format::bytes),
        &[
            "0 B", "247 B", "999 B", "1.0 kB", "1.2 kB", "12.3 kB", "99.9 kB", "123 kB", "1.0 MB",
            "5.3 MB", "18.4 EB",
        ],
    );
    let ns = [
        0,
        999,
        1000,
        61_000,
        61_400,
        410_000,
        999_600,
        3_840_000,
        1_300_000,
        12_400_000_000,
        125_000_000_000,
        180_000_000_000,
        3_780_000_000_000,
        7_200_000_000_000,
        u64::MAX,
    ];
    check(
        &ns.map(format::ns),
        &[
            "0 ns",
            "999 ns",
            "1.00 µs",
            "61 µs",
            "61.4 µs",
            "410 µs",
            "1.00 ms",
            "3.84 ms",
            "1.30 ms",
            "12.4 s",
            "2 min 5 s",
            "3 min",
            "1 h 3 min",
            "2 h",
            "5,124,095 h 34 min",
        ],
    );
    check(
        &[0, 999, 1284, 1_000_000, u64::MAX].map(format::count),
        &["0", "999", "1,284", "1,000,000", "18,446,744,073,709,551,615"],
    );
    check(
        &[0.0, 3.21, 9.96, 14.4, 1234.5, f64::NAN, f64::INFINITY, -1.0].map(format::ratio),
        &["0.0×", "3.2×", "10×", "14×", "1,235×", "–", "–", "–"],
    );
}

prop_compose! {
    fn any_latency()(
        count in prop_oneof![0u64..2000, any::<u64>()],
        p50_ns in any::<u64>(),
        curve in vec((any::<f64>(), any::<u64>()), 0..40),
    ) -> Latency {
        Latency { count, p50_ns, curve, ..Latency::default() }
    }
}

prop_compose! {
    fn any_costs()(a in any::<f64>(), b in any::<f64>(), c in any::<f64>(), d in any::<f64>()) -> Costs {
        Costs { samples: 1, proto_encode_ns: a, proto_decode_ns: b, json_encode_ns: c, json_decode_ns: d }
    }
}

fn any_size() -> impl Strategy<Value = Size> {
    prop_oneof![Just(SIZE), (any::<u32>(), any::<u32>()).prop_map(|(w, h)| Size::new(w, h))]
}

fn any_ns() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), Just(u64::MAX), 0u64..10_000_000, any::<u64>()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_report_is_drawn(
        latencies in vec(proptest::option::of(any_latency()), 0..4),
        request in proptest::option::of(any_costs()),
        response in proptest::option::of(any_costs()),
        size in any_size(),
    ) {
        let paths = [BenchPath::GrpcProtobuf, BenchPath::JsonText].into_iter().cycle();
        let report = BenchReport {
            paths: paths.zip(latencies).map(|(kind, latency)| path(kind, latency)).collect(),
            request_costs: request,
            response_costs: response,
            ..BenchReport::default()
        };
        prop_assert_eq!(well_formed(&latency_by_percentile(&report, size)), Ok(()));
        prop_assert_eq!(well_formed(&cost_breakdown(&report, size)), Ok(()));
    }

    #[test]
    fn any_history_is_drawn(
        points in vec((any::<i64>(), any_ns(), any::<bool>()), 0..60),
        methods in vec((any::<String>(), any::<u64>(), any::<f64>(), any::<f64>()), 0..12),
        size in any_size(),
    ) {
        let points: Vec<_> = points
            .into_iter()
            .map(|(started_unix_ms, total_ns, ok)| LatencyPoint { started_unix_ms, total_ns, ok })
            .collect();
        let methods: Vec<_> = methods
            .into_iter()
            .map(|(method, calls, proto_bytes, json_bytes)| MethodPayload { method, calls, proto_bytes, json_bytes })
            .collect();
        prop_assert_eq!(well_formed(&latency_over_time(&points, size)), Ok(()));
        prop_assert_eq!(well_formed(&latency_distribution(&points, size)), Ok(()));
        prop_assert_eq!(well_formed(&payload_by_method(&methods, size)), Ok(()));
    }

    #[test]
    fn any_stream_is_drawn(
        points in vec((any_ns(), any::<u64>(), any::<u64>()), 0..60),
        gaps in vec(any_ns(), 0..60),
        size in any_size(),
    ) {
        let points: Vec<_> = points
            .into_iter()
            .map(|(at_ns, proto_bytes, json_bytes)| BytesPoint { at_ns, proto_bytes, json_bytes })
            .collect();
        prop_assert_eq!(well_formed(&bytes_over_time(&points, size)), Ok(()));
        prop_assert_eq!(well_formed(&gap_distribution(&gaps, size)), Ok(()));
    }
}
