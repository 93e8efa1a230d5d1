use super::*;
use crate::state::when::Now;
use wirelab_model::{
    BenchPath, BenchReport, BenchRow, BenchSpec, BenchState, CallKind, CallSpec, Costs, Endpoint,
    Latency, PathReport, Sizes,
};

/// 2026-11-21 09:31:07 UTC, seen from Berlin.
const NOW: Now = Now { unix_ms: 1_795_253_467_000, offset_min: 60 };

fn spec() -> BenchSpec {
    BenchSpec {
        call: CallSpec {
            method: "shop.v1.Inventory/GetStock".into(),
            endpoint: Endpoint { address: "localhost:50051".into(), ..Endpoint::default() },
            ..CallSpec::default()
        },
        messages: vec!["{}".into()],
        calls: 2000,
        in_flight: 8,
        warm_up: 100,
        paths: vec![BenchPath::GrpcProtobuf, BenchPath::RestJson],
    }
}

fn latency(count: u64, p50_us: u64) -> Latency {
    Latency {
        count,
        p50_ns: p50_us * 1_000,
        p90_ns: p50_us * 1_700,
        p99_ns: p50_us * 3_000,
        max_ns: p50_us * 9_000,
        ..Latency::default()
    }
}

fn path(path: BenchPath, latency: Option<Latency>) -> PathReport {
    let json = path == BenchPath::JsonText;
    PathReport {
        path,
        calls: if json { 0 } else { 2000 },
        errors: 0,
        latency,
        request_bytes: if json { 151.0 } else { 47.0 },
        response_bytes: if json { 247.0 } else { 77.0 },
        wire_bytes: (!json).then_some(214.4),
    }
}

fn report() -> BenchReport {
    let costs = Costs {
        samples: 100,
        proto_encode_ns: 70.0,
        proto_decode_ns: 100.0,
        json_encode_ns: 300.0,
        json_decode_ns: 620.0,
    };
    BenchReport {
        id: 7,
        spec: spec(),
        started_unix_ms: NOW.unix_ms,
        state: BenchState::Finished,
        paths: vec![
            path(BenchPath::GrpcProtobuf, Some(latency(2000, 410))),
            path(BenchPath::JsonText, None),
        ],
        request: Sizes { proto: 47, json: 151, ..Sizes::default() },
        response: Sizes { proto: 77, json: 247, ..Sizes::default() },
        request_costs: Some(costs),
        response_costs: Some(costs),
        ..BenchReport::default()
    }
}

fn show(cards: &[Card]) -> Vec<String> {
    cards.iter().map(|card| format!("{}: {} ({})", card.label, card.value, card.note)).collect()
}

#[test]
fn numbers_are_read_within_their_bounds() {
    for (field, typed, expected) in [
        (Field::Calls, "2,000", Some(2000)),
        (Field::Calls, " 1_000 000 ", Some(1_000_000)),
        (Field::Calls, "1000001", None),
        (Field::Calls, "0", None),
        (Field::Calls, "", None),
        (Field::Calls, "many", None),
        (Field::Calls, "-1", None),
        (Field::Calls, "99999999999999999999", None),
        (Field::InFlight, "1024", Some(1024)),
        (Field::InFlight, "1025", None),
        (Field::WarmUp, "0", Some(0)),
        (Field::Messages, "10,000", Some(10_000)),
        (Field::Messages, "10,001", None),
        (Field::Deadline, "1,500", Some(1_500)),
        (Field::Deadline, "0", None),
    ] {
        assert_eq!(field.read(typed).ok(), expected, "{field:?} {typed:?}");
    }
    assert_eq!(Field::Deadline.wrong(" "), None);
    assert!(Field::Calls.wrong("").is_some() && Field::Deadline.wrong("soon").is_some());
    assert_eq!(Field::Calls.read("x"), Err("A whole number from 1 to 1,000,000".into()));
}

#[test]
fn paths_keep_their_order() {
    let mut draft = Draft::of(&BenchSpec { paths: Vec::new(), ..spec() });
    assert_eq!(draft.paths, [BenchPath::GrpcProtobuf]);
    for (path, on, wanted) in [
        (BenchPath::WebSocketJson, true, &[BenchPath::GrpcProtobuf, BenchPath::WebSocketJson][..]),
        (BenchPath::GrpcProtobuf, false, &[BenchPath::WebSocketJson]),
        (BenchPath::RestJson, true, &[BenchPath::RestJson, BenchPath::WebSocketJson]),
    ] {
        draft.call_by(path, on);
        assert_eq!(draft.paths, wanted);
    }
}

#[test]
fn what_was_sent_as_json_speaks_before_what_was_only_measured() {
    let mut report = report();
    report.paths.insert(1, path(BenchPath::RestJson, Some(latency(2000, 820))));
    let told = show(&cards(&report));
    assert!(told[1].contains("2.0× faster"), "{told:?}");
    let lines = table(&report);
    assert_eq!((lines[1].name, lines[1].class), ("REST · JSON", "json"));
}

#[test]
fn a_draft_becomes_what_is_run_and_back() {
    assert_eq!(Draft::of(&spec()).spec(), Ok(spec()));
    let check = |change: fn(&mut Draft), place: &str| {
        let mut draft = Draft::of(&spec());
        change(&mut draft);
        assert_eq!(draft.spec().unwrap_err().path.as_deref(), Some(place));
    };
    check(|draft| draft.paths.clear(), "Paths");
    check(|draft| draft.call.method.clear(), "Method");
    check(|draft| draft.call.endpoint.address = " ".into(), "Server");
    check(|draft| draft.set(Field::Calls, "0".into()), "Calls");
    check(|draft| draft.set(Field::InFlight, "x".into()), "In flight");
    check(|draft| draft.set(Field::WarmUp, "-1".into()), "Warm-up calls");
    check(|draft| draft.set(Field::Deadline, "0".into()), "Deadline, ms");

    let mut draft = Draft::of(&spec());
    draft.set(Field::Deadline, "2,000".into());
    let late = draft.spec().unwrap();
    assert_eq!(late.call.deadline_ms, Some(2000));
    assert_eq!(Draft::of(&late).spec(), Ok(late));

    let mut draft = Draft::of(&spec());
    draft.set(Field::Messages, "3".into());
    draft.message = " \n".into();
    assert_eq!(draft.spec().unwrap().messages, ["{}"], "only a client that streams sends more");
    draft.call.kind = CallKind::Bidi;
    assert_eq!(draft.spec().unwrap().messages, ["{}", "{}", "{}"]);
}

#[test]
fn runs_are_grouped_by_the_days_of_local_time() {
    let run = |id, method: &str, hours_ago: i64| BenchRow {
        id,
        method: format!("shop.v1.Inventory/{method}"),
        kind: CallKind::Unary,
        started_unix_ms: NOW.unix_ms - hours_ago * 3_600_000,
        state: BenchState::Finished,
    };
    let runs = [
        run(1, "GetStock", 24 * 18),
        run(2, "WatchStock", 11),
        run(3, "CreateOrder", 10),
        run(4, "GetStock", 0),
    ];
    let show = |search: &str| {
        let days = days(&runs, search, NOW);
        let days = days.iter().map(|day| {
            let names: Vec<_> = day.runs.iter().map(|run| short_name(&run.method)).collect();
            format!("{}: {}", day.name, names.join(", "))
        });
        days.collect::<Vec<_>>()
    };
    assert_eq!(
        show(""),
        ["Today: GetStock, CreateOrder", "Yesterday: WatchStock", "3 Nov 2026: GetStock"]
    );
    assert_eq!(show("STOCK get"), ["Today: GetStock", "3 Nov 2026: GetStock"]);
    assert_eq!(show("nothing"), [""; 0]);
    assert_eq!(clock(NOW.unix_ms, NOW), "10:31");
    assert!(!days(&[run(1, "x", i64::MAX / 4_000_000)], "", NOW).is_empty());
}

#[test]
fn headlines_say_what_was_run() {
    let mut report = report();
    assert_eq!(title(&report.spec), "GetStock: JSON against Protobuf");
    assert_eq!(
        summary(&report, NOW),
        "2,000 calls each way, alternating, 8 in flight, to localhost:50051, 21 Nov 2026 10:31"
    );
    for (paths, wanted) in [
        (&[][..], "2,000 calls over gRPC, 8"),
        (&[BenchPath::RestJson], "2,000 calls over REST, 8"),
    ] {
        report.spec.paths = paths.to_vec();
        assert!(summary(&report, NOW).starts_with(wanted), "{}", summary(&report, NOW));
    }
    report.state = BenchState::Cancelled;
    report.paths[0].calls = 812;
    assert!(summary(&report, NOW).starts_with("812 of 2,000 calls over REST"));
}

#[test]
fn cards_compare_only_what_was_measured() {
    assert_eq!(
        show(&cards(&report())),
        [
            "Payload, request + response: 3.2× smaller (124 B against 398 B)",
            "p50 latency: 410 µs (gRPC alone, JSON was not sent)",
            "p99 latency: 1.23 ms (gRPC alone, JSON was not sent)",
            "CPU to encode + decode: 5.4× less (170 ns against 920 ns)",
        ]
    );
    let mut both = report();
    both.paths[1].latency = Some(latency(2000, 861));
    assert_eq!(
        show(&cards(&both))[1..3],
        [
            "p50 latency: 2.1× faster (410 µs against 861 µs)",
            "p99 latency: 2.1× faster (1.23 ms against 2.58 ms)"
        ]
    );
    let mut small = report();
    small.paths[0].latency = Some(latency(12, 410));
    small.request = Sizes { proto: 40, json: 30, ..Sizes::default() };
    small.response = Sizes::default();
    assert_eq!(
        show(&cards(&small))[..3],
        [
            "Payload, request + response: 1.3× larger (40 B against 30 B)",
            "p50 latency: 410 µs (gRPC alone, JSON was not sent)",
            "p99 latency: – (12 calls are too few to tell; run 100)",
        ]
    );
    assert_eq!(
        show(&cards(&BenchReport::default())),
        [
            "Payload, request + response: – (0 B against 0 B)",
            "p50 latency: – (No call succeeded)",
            "p99 latency: – (No call succeeded)",
            "CPU to encode + decode: – (It takes a response to measure)",
        ]
    );
}

#[test]
fn the_table_gives_a_reason_for_each_dash() {
    let lines = table(&report());
    let texts = |line: &Line| line.cells.iter().map(|cell| cell.0.clone()).collect::<Vec<_>>();
    assert_eq!(
        texts(&lines[0]),
        ["2,000", "410 µs", "697 µs", "1.23 ms", "3.69 ms", "47 B", "77 B", "214 B", "0"]
    );
    assert_eq!(texts(&lines[1]), ["–", "–", "–", "–", "–", "151 B", "247 B", "–", "–"]);
    for line in &lines {
        assert_eq!(line.cells.len(), COLUMNS.len() - 1);
        for (text, why) in &line.cells {
            assert_eq!(text == "–", !why.is_empty(), "{text} {why}");
        }
    }
    let mut failed = report();
    failed.paths[0].latency = None;
    assert_eq!(table(&failed)[0].cells[1].1, "No call succeeded");
}

#[test]
fn an_export_is_the_whole_report() {
    let report = report();
    assert_eq!(serde_json::from_str::<BenchReport>(&export(&report)).unwrap(), report);
    assert_eq!(file_name(&report), "wirelab-GetStock-7.json");
}
