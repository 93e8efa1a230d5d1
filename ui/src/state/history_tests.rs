use super::*;
use wirelab_model::{CallKind, CallState, ProblemKind, Totals};

const NOW: Now = Now { unix_ms: 1_795_253_467_000, offset_min: 0 };

fn methods() -> Vec<String> {
    ["shop.Inventory/GetStock", "a.A/Get", "b.B/Get"].map(str::to_owned).into()
}

#[test]
fn typed_words_become_a_filter() {
    let none = HistoryFilter::default;
    let text = |text: &str| HistoryFilter { text: text.to_owned(), ..none() };
    let get_stock = Some("shop.Inventory/GetStock".to_owned());
    for (typed, expected) in [
        ("", none()),
        ("  kb-204   Berlin ", text("kb-204 Berlin")),
        ("status:NOT_FOUND", HistoryFilter { status: Some(5), ..none() }),
        ("status:not-found", HistoryFilter { status: Some(5), ..none() }),
        ("status:una", HistoryFilter { status: None, ..none() }),
        ("status:unava", HistoryFilter { status: Some(14), ..none() }),
        ("status:42", HistoryFilter { status: Some(42), ..none() }),
        ("status:", none()),
        ("method:getstock", HistoryFilter { method: get_stock.clone(), ..none() }),
        ("method:x.Y/Z", HistoryFilter { method: Some("x.Y/Z".to_owned()), ..none() }),
        ("method:Get", text("Get")),
        ("method:Unknown", text("Unknown")),
        ("failed", HistoryFilter { failed: Some(true), ..none() }),
        ("OK", HistoryFilter { failed: Some(false), ..none() }),
        ("since:1h", HistoryFilter { since_unix_ms: Some(NOW.unix_ms - 3_600_000), ..none() }),
        ("until:1970-01-02", HistoryFilter { until_unix_ms: Some(86_400_000), ..none() }),
        ("10:30 a:b", text("10:30 a:b")),
        (
            "failed method:GetStock KB",
            HistoryFilter { failed: Some(true), method: get_stock, ..text("KB") },
        ),
    ] {
        let reading = read(typed, NOW, &methods());
        assert_eq!((reading.filter, reading.remarks), (expected, vec![]), "{typed:?}");
    }
}

#[test]
fn what_cannot_be_read_is_said() {
    for (typed, remark) in [
        (
            "status:FOO x",
            "No status is called “FOO”; write its name or number, as status:NOT_FOUND",
        ),
        ("since:soon x", "“soon” is no time; write since:30m, since:2d or since:2026-11-21"),
    ] {
        let reading = read(typed, NOW, &methods());
        assert_eq!((reading.filter.text.as_str(), reading.remarks), ("x", vec![remark.to_owned()]));
    }
}

fn page(total: u64, offset: u64) -> HistoryPage {
    let row = |n: u64| HistoryRow {
        id: (total - n) as i64,
        method: "a.A/Get".to_owned(),
        kind: CallKind::Unary,
        address: String::new(),
        started_unix_ms: 0,
        state: CallState::Finished,
        status: Some(0),
        total_ns: 0,
        totals: Totals::default(),
        text: String::new(),
        transport: wirelab_model::Transport::Grpc,
        retries: 0,
    };
    HistoryPage { total, offset, rows: (offset..(offset + PAGE).min(total)).map(row).collect() }
}

/// Asks until nothing more is wanted, answering out of a history of `total` calls; returns the offsets asked for.
fn settle(list: &mut HistoryList, total: u64, view: Range<u64>) -> Vec<u64> {
    let mut asked = Vec::new();
    while let Some((generation, query)) = list.wanted(view.clone()) {
        asked.push(query.offset);
        assert!(asked.len() < 20, "asks for ever: {asked:?}");
        list.answered(generation, page(total, query.offset));
    }
    asked
}

#[test]
fn fetches_the_pages_in_view() {
    for (total, view, expected) in [
        (0, 0..40, vec![0]),
        (3, 0..40, vec![0]),
        (100_000, 0..40, vec![0]),
        (100_000, 190..230, vec![0, 200]),
        (100_000, 50_000..50_040, vec![0, 50_000]),
        (100_000, 99_990..200_000, vec![0, 99_800]),
    ] {
        let mut list = HistoryList::default();
        assert!(list.is_loading());
        assert_eq!(settle(&mut list, total, view.clone()), expected, "{view:?} of {total}");
        assert_eq!((list.len(), list.is_loading(), list.is_empty()), (total, false, total == 0));
        let last = view.end.min(total).saturating_sub(1);
        assert_eq!(list.row(last).map(|row| row.id), (total > 0).then(|| (total - last) as i64));
    }
}

#[test]
fn rows_stay_until_newer_ones_are_there() {
    let mut list = HistoryList::default();
    settle(&mut list, 300, 0..250);
    list.changed();
    assert_eq!(list.row(0).map(|row| row.id), Some(300), "still shown");
    let (older, query) = list.wanted(0..250).expect("stale");
    list.changed();
    list.answered(older, page(300, query.offset));
    assert_eq!(settle(&mut list, 301, 0..250), [0, 200]);
    assert_eq!(
        (list.row(0).map(|row| row.id), list.row(250).map(|row| row.id)),
        (Some(301), Some(51))
    );
    assert_eq!(list.position_of(300), Some(1));
}

#[test]
fn answers_to_an_older_filter_are_dropped() {
    let mut list = HistoryList::default();
    settle(&mut list, 300, 0..40);
    list.changed();
    let (old, _) = list.wanted(0..40).expect("stale");
    list.set_text("failed", NOW, &[]);
    assert_eq!(list.len(), 300, "old rows show until the answer");
    list.answered(old, page(77, 0));
    assert_eq!(list.len(), 300);
    assert_eq!(settle(&mut list, 5, 0..40), [0]);
    assert_eq!(list.len(), 5);
    let generation = list.generation;
    list.set_text(" failed ", NOW, &[]);
    assert_eq!(list.generation, generation, "the same filter");
}

#[test]
fn a_failure_is_kept_until_it_is_tried_again() {
    let mut list = HistoryList::default();
    let (generation, _) = list.wanted(0..40).expect("nothing is known");
    list.failed(generation, Problem::new(ProblemKind::Locked, "The history is held"));
    assert!(!list.is_loading() && list.problem().is_some());
    assert_eq!(list.wanted(0..40), None);
    list.retry();
    assert_eq!(settle(&mut list, 1, 0..40), [0]);
    assert!(list.problem().is_none());
}

#[test]
fn pages_are_bounded() {
    let mut list = HistoryList::default();
    for at in (0..100_000).step_by(PAGE as usize) {
        settle(&mut list, 100_000, at..at + 40);
    }
    assert!(list.pages.len() <= MAX_PAGES && list.fresh.len() <= MAX_PAGES);
    assert!(list.row(99_999).is_some() && list.row(0).is_none());
    assert_eq!(settle(&mut list, 100_000, 0..40), [0]);
}
