use super::*;
use wirelab_model::{CallSpec, Timings, Totals};

fn record(kind: CallKind, state: CallState) -> CallRecord {
    CallRecord {
        id: 7,
        spec: CallSpec { kind, ..CallSpec::default() },
        state,
        timings: Timings { total_ns: 3_840_000, ..Timings::default() },
        ..CallRecord::default()
    }
}

fn row(index: u64, direction: Direction) -> MessageRow {
    MessageRow { index, direction, at_ns: 5, bytes: 77, json_bytes: Some(247), text: "{}".into() }
}

fn detail(index: u64) -> MessageDetail {
    MessageDetail {
        row: row(index, Direction::Received),
        json: String::new(),
        problem: None,
        wire: Vec::new().into(),
        spans: Vec::new(),
        sizes: Default::default(),
        costs: None,
    }
}

fn finished(code: u32, message: &str, problem: Option<Problem>) -> CallRecord {
    let status = Status { code, message: message.to_owned(), problem, ..Status::default() };
    CallRecord { status: Some(status), ..record(CallKind::Unary, CallState::Finished) }
}

#[test]
fn follows_the_store() {
    let mut response = Response::new(record(CallKind::Bidi, CallState::Running), 0.0);
    let mut call = LiveCall::new(record(CallKind::Bidi, CallState::Running));
    let mut sync = |id, state, rows: std::ops::Range<u64>| {
        call.record = CallRecord { id, state, ..call.record.clone() };
        call.record.totals = Totals { received: rows.end, ..Totals::default() };
        call.push(rows.map(|index| row(index, Direction::Received)).collect());
        response.sync(&call, 100.0);
        (response.is_running(), response.messages().total(), response.flow().next())
    };
    assert_eq!(sync(7, CallState::Running, 0..1), (true, 1, 1));
    assert_eq!(sync(7, CallState::Running, 1..1), (true, 1, 1));
    assert_eq!(sync(7, CallState::Running, 1..5), (true, 5, 5));
    assert_eq!(sync(8, CallState::Finished, 5..9), (true, 5, 5), "another call");
    assert_eq!(sync(7, CallState::Finished, 9..30_000), (false, 30_000, 5), "rows were let go");
    assert_eq!(response.flow_wanted().map(|query| query.from), Some(5));
}

#[test]
fn status_in_words() {
    let unary = |state| Response::new(record(CallKind::Unary, state), 1_000.0);
    let stream = Response::new(record(CallKind::ServerStream, CallState::Running), 1_000.0);
    for (response, expected, tone) in [
        (unary(CallState::Running), "waiting 00:00.4", Tone::Open),
        (stream, "open 00:00.4", Tone::Open),
        (unary(CallState::Interrupted), "interrupted", Tone::Dim),
        (Response::new(finished(0, "", None), 1_000.0), "OK", Tone::Good),
        (Response::new(finished(5, "", None), 1_000.0), "NOT_FOUND", Tone::Bad),
        (Response::new(finished(1, "", None), 1_000.0), "CANCELLED", Tone::Dim),
        (Response::new(finished(99, "", None), 1_000.0), "CODE_99", Tone::Bad),
    ] {
        assert_eq!(response.status(1_400.0), (expected.to_owned(), tone));
    }
}

#[test]
fn elapsed_stands_still_after_the_end() {
    let open = Response::new(record(CallKind::Bidi, CallState::Running), 1_000.0);
    let over = Response::new(finished(0, "", None), 1_000.0);
    let old = CallRecord { started_unix_ms: 500, ..record(CallKind::Bidi, CallState::Running) };
    let old = Response::new(old, 1_000.0);
    for (response, now, expected) in [
        (&open, 1_000.0, 3_840_000),
        (&open, 1_010.0, 13_840_000),
        (&open, 0.0, 3_840_000),
        (&over, 9_000.0, 3_840_000),
        (&old, 1_000.0, 500_000_000),
        (&old, 100.0, 3_840_000),
    ] {
        assert_eq!(response.elapsed_ns(now), expected);
    }
}

#[test]
fn failures_are_sentences() {
    let down = Problem::new(ProblemKind::Unreachable, "Nobody answers at localhost:1")
        .help("Start the server");
    let echo = Problem::new(ProblemKind::Status, "no such sku");
    for (record, sentence, help) in [
        (
            finished(5, "no such sku", None),
            "no such sku",
            Some("Check the names and ids in the request"),
        ),
        (
            finished(5, "no such sku", Some(echo)),
            "no such sku",
            Some("Check the names and ids in the request"),
        ),
        (finished(2, "", None), "The server gave no message with this status", None),
        (
            finished(14, "", Some(down.clone())),
            "Nobody answers at localhost:1",
            Some("Start the server"),
        ),
        (
            finished(14, "tcp connect error", Some(down)),
            "Nobody answers at localhost:1 (tcp connect error)",
            Some("Start the server"),
        ),
    ] {
        let failure = Response::new(record, 0.0).failure().expect("it failed");
        assert_eq!((failure.sentence.as_str(), failure.help.as_deref()), (sentence, help));
    }
    assert_eq!(Response::new(finished(0, "", None), 0.0).failure(), None);
    assert_eq!(Response::new(record(CallKind::Unary, CallState::Running), 0.0).failure(), None);
}

#[test]
fn the_only_message_is_known_without_rows() {
    let totals = |sent, received| Totals { sent, received, ..Totals::default() };
    for (kind, totals, sent, received) in [
        (CallKind::Unary, totals(1, 1), Some(0), Some(1)),
        (CallKind::Unary, totals(1, 0), Some(0), None),
        (CallKind::Unary, totals(0, 0), None, None),
        (CallKind::ServerStream, totals(1, 5), Some(0), None),
        (CallKind::Bidi, totals(4, 5), None, None),
    ] {
        let record = CallRecord { totals, ..record(kind, CallState::Finished) };
        let response = Response::new(record, 0.0);
        let got = (response.only(Direction::Sent), response.only(Direction::Received));
        assert_eq!(got, (sent, received), "{kind:?} {totals:?}");
    }
}

#[test]
fn charts_of_a_recorded_call_are_fetched_once_each() {
    let totals = Totals { received: 8_000, ..Totals::default() };
    let record = CallRecord { totals, ..record(CallKind::ServerStream, CallState::Finished) };
    let mut response = Response::new(record, 0.0);
    let query = response.flow_wanted().expect("nothing is known");
    assert_eq!((query.from, response.flow_wanted()), (0, None));
    response.flow_answered((0..5_000).map(|n| row(n, Direction::Received)).collect());
    assert_eq!(response.flow_wanted().map(|q| q.from), Some(5_000));
    response.flow_answered(Vec::new());
    assert_eq!(response.flow_wanted(), None, "nothing came, so nothing more is asked");
    assert_eq!(response.flow_left_out(), 3_000);
}

#[test]
fn details_are_bounded() {
    let mut response = Response::new(record(CallKind::Bidi, CallState::Running), 0.0);
    (0..100).for_each(|index| response.set_detail(detail(index)));
    assert_eq!(response.details.len(), MAX_DETAILS);
    assert!(response.detail(99).is_some() && response.detail(0).is_none());
}

#[test]
fn times_and_metadata_in_words() {
    for (ns, expected) in [
        (0, "00:00.0"),
        (12_449_999_999, "00:12.4"),
        (754_000_000_000, "12:34.0"),
        (3_723_000_000_000, "1:02:03"),
    ] {
        assert_eq!(clock(ns), expected);
    }
    for (ns, expected) in
        [(0, "+0.000 s"), (1_006_499_999, "+1.006 s"), (75_000_000_000, "+75.000 s")]
    {
        assert_eq!(at(ns), expected);
    }
    let text = metadatum(&Metadatum::text("a", "b"));
    assert_eq!(text, ("a".to_owned(), "b".to_owned(), false));
    let binary = metadatum(&Metadatum::binary("a-bin", vec![1, 2, 255]));
    assert_eq!(binary, ("a-bin".to_owned(), "AQL/".to_owned(), true));
}
