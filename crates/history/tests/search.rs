//! Filters: a table over a fixed set, random words against a naive filter, and a hundred thousand rows.

mod common;

use common::{call, message, store};
use proptest::{prelude::*, test_runner::TestRunner};
use wirelab_history::History;
use wirelab_model::*;

async fn ids(history: &History, filter: HistoryFilter) -> Vec<CallId> {
    let query = HistoryQuery { filter, offset: 0, limit: 1_000 };
    let page = history.query(&query).await.expect("the query runs");
    assert_eq!(page.total, page.rows.len() as u64);
    page.rows.iter().map(|row| row.id).collect()
}

#[tokio::test]
async fn filters() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path()).await.unwrap();
    let ok = || Status::new(StatusCode::Ok, "");
    let sent = |text: &str| vec![message(0, Direction::Sent, text)];
    // Ids are 1 to 6 in this order.
    let texts = r#"{"name":"Straße 100%_done","sku":"KB-204"}"#;
    store(&history, call("shop.v1.Stock/Get", "localhost:50051", 100), &sent(texts), ok()).await;
    let not_found = Status::new(StatusCode::NotFound, "no such \"thing\"");
    store(&history, call("shop.v1.Stock/Get", "[::1]:50051", 200), &[], not_found).await;
    let two = [
        message(0, Direction::Sent, r#"{"text":"ΑΣ ΜΑΪΟΣ","emoji":"🦀x"}"#),
        message(1, Direction::Received, r#"{"text":"it's a\\b*c^d"}"#),
    ];
    store(&history, call("chat.Chat/Talk", "example.com:443", 300), &two, ok()).await;
    let odd = Status { code: 42, ..Status::default() };
    store(&history, call("chat.Chat/Talk", "example.com:443", 300), &[], odd).await;
    history.begin(&call("chat.Chat/Watch", "example.com:443", 500)).await.unwrap();
    store(&history, call("helloworld.Greeter/SayHello", "localhost:1", 50), &[], ok()).await;

    let text = |text: &str| HistoryFilter { text: text.into(), ..Default::default() };
    let all = HistoryFilter::default;
    let cases: Vec<(HistoryFilter, &[CallId])> = vec![
        (all(), &[5, 4, 3, 2, 1, 6]),
        (text(""), &[5, 4, 3, 2, 1, 6]),
        (text("  "), &[5, 4, 3, 2, 1, 6]),
        (text("stock"), &[2, 1]),
        (text("STOCK/get"), &[2, 1]),
        (text("stock localhost"), &[1]),
        (text("localhost stock stock"), &[1]),
        (text("chat kb-204"), &[]),
        (text("straßE"), &[1]),
        (text("100%"), &[1]),
        (text("%_d"), &[1]),
        (text("100_"), &[]),
        (text("_"), &[4, 2, 1]),
        (text("%"), &[1]),
        (text("not_found"), &[2]),
        (text("\"thing\""), &[2]),
        (text("\"kb\""), &[]),
        (text("code_42"), &[4]),
        (text("ok"), &[3, 1, 6]),
        (text("ασ"), &[3]),
        (text("ας"), &[3]),
        (text("μαϊοσ"), &[3]),
        (text("🦀"), &[3]),
        (text("🦀X"), &[3]),
        (text("it's"), &[3]),
        (text("a\\\\b*c^d"), &[3]),
        (text("a AND b"), &[]),
        (text("* OR \" NEAR( -x :"), &[]),
        (text("watch"), &[5]),
        (text("z"), &[]),
        (text("ex"), &[5, 4, 3]),
        (text("[::1]:"), &[2]),
        (text("\0"), &[]),
        (HistoryFilter { method: Some("shop.v1.Stock/Get".into()), ..all() }, &[2, 1]),
        (HistoryFilter { method: Some("shop.v1.stock/get".into()), ..all() }, &[]),
        (HistoryFilter { method: Some("Stock".into()), ..all() }, &[]),
        (HistoryFilter { status: Some(0), ..all() }, &[3, 1, 6]),
        (HistoryFilter { status: Some(42), ..all() }, &[4]),
        (HistoryFilter { status: Some(1), ..all() }, &[]),
        (HistoryFilter { failed: Some(true), ..all() }, &[4, 2]),
        (HistoryFilter { failed: Some(false), ..all() }, &[3, 1, 6]),
        (HistoryFilter { since_unix_ms: Some(200), ..all() }, &[5, 4, 3, 2]),
        (HistoryFilter { until_unix_ms: Some(200), ..all() }, &[1, 6]),
        (HistoryFilter { since_unix_ms: Some(100), until_unix_ms: Some(300), ..all() }, &[2, 1]),
        (HistoryFilter { since_unix_ms: Some(300), until_unix_ms: Some(300), ..all() }, &[]),
        (HistoryFilter { failed: Some(true), status: Some(5), ..text("stock") }, &[2]),
        (HistoryFilter { method: Some("chat.Chat/Talk".into()), ..text("ok") }, &[3]),
    ];
    for (filter, expected) in cases {
        let found = ids(&history, filter.clone()).await;
        assert_eq!(found, expected, "{filter:?}");
    }

    let long = text(&"x".repeat(wirelab_history::MAX_SEARCH_TEXT + 1));
    let query = HistoryQuery { filter: long.clone(), offset: 0, limit: 1 };
    assert_eq!(history.query(&query).await.unwrap_err().kind, ProblemKind::TooLarge);
    assert_eq!(history.clear(&long).await.unwrap_err().kind, ProblemKind::TooLarge);
    assert!(ids(&history, text(&"x".repeat(1_024))).await.is_empty());
    let words: Vec<String> = (0..300).map(|i| format!("w{i}")).collect();
    assert!(ids(&history, text(&words.join(" ")[..1_024])).await.is_empty());

    // Pages: `(offset, limit)` gives these rows, the total always being the same.
    for (offset, limit, expected) in [
        (0, 2, &[5, 4][..]),
        (2, 2, &[3, 2]),
        (4, 2, &[1, 6]),
        (5, 2, &[6]),
        (6, 2, &[]),
        (u64::MAX, 2, &[]),
        (0, 0, &[]),
    ] {
        let page = history.query(&HistoryQuery { filter: all(), offset, limit }).await.unwrap();
        let found: Vec<CallId> = page.rows.iter().map(|row| row.id).collect();
        assert_eq!(
            (page.total, page.offset, &found[..]),
            (6, offset, expected),
            "{offset} {limit}"
        );
    }
}

fn fold(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect::<String>().replace('ς', "σ")
}

#[test]
fn search_finds_what_a_naive_filter_finds() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    // A small alphabet so that words do meet texts: both cases, quotes, wildcards, several bytes a character.
    let texts = proptest::collection::vec("[aAbB\"%_*ÄäσΣς🦀\\- ]{0,12}", 1..8);
    let words = proptest::collection::vec("[aAbB\"%_*ÄäσΣς🦀\\-]{1,4}", 1..3);
    let mut runner = TestRunner::new(ProptestConfig { cases: 64, ..Default::default() });
    let run = |(texts, words): (Vec<String>, Vec<String>)| {
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let history = History::open(folder.path()).await.unwrap();
            let mut expected = Vec::new();
            for (at, text) in texts.iter().enumerate() {
                let messages = [message(0, Direction::Received, text)];
                let record = call("Q/Q", "Q:1", at as i64);
                let ok = Status::new(StatusCode::Ok, "");
                let id = store(&history, record, &messages, ok).await.id;
                if words.iter().all(|word| fold(text).contains(&fold(word))) {
                    expected.insert(0, id);
                }
            }
            let filter = HistoryFilter { text: words.join(" "), ..Default::default() };
            prop_assert_eq!(ids(&history, filter).await, expected);
            Ok(())
        })
    };
    runner.run(&(texts, words), run).unwrap();
}

#[tokio::test]
async fn a_hundred_thousand_rows_are_found_correctly() {
    const ROWS: i64 = 100_000;
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path()).await.unwrap();
    // Through SQL, because a call at a time would take this test minutes; the columns are those that `begin` fills.
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(history.file());
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let mut transaction = pool.begin().await.unwrap();
    for sql in [
        "CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
            SELECT i FROM n",
        "INSERT INTO call (id, session, method, kind, address, started_unix_ms, state, status, total_ns,
            sent, received, sent_bytes, received_bytes, sent_json_bytes, received_json_bytes)
            SELECT i, '0', 'shop.Stock/Get' || (i % 7), 0, 'localhost:1', i * 10, 1, (i % 10 = 0) * 5, i,
            1, 1, 10, 20, 30, 40 FROM n",
        "INSERT INTO call_detail SELECT i, '{}' FROM n",
        "INSERT INTO search_text (call, text) SELECT i, 'shop.stock/get' || (i % 7) || char(10) || 'sku-' || i FROM n",
    ] {
        sqlx::query(sql).execute(&mut *transaction).await.unwrap();
    }
    transaction.commit().await.unwrap();
    pool.close().await;

    let text = |text: &str| HistoryFilter { text: text.into(), ..Default::default() };
    let with = |part: &str| (1..=ROWS).filter(|i| format!("sku-{i}").contains(part)).count() as u64;
    for (filter, total, newest) in [
        (HistoryFilter::default(), 100_000, 100_000),
        (text("stock"), 100_000, 100_000),
        (text("SKU-99999"), 1, 99_999),
        (text("u-12345 sto"), 1, 12_345),
        (text("k"), 100_000, 100_000),
        (text("u-77"), with("u-77"), 77_999),
        (text("777"), with("777"), 99_777),
        (HistoryFilter { failed: Some(true), ..text("get3") }, 1_429, 99_970),
        (HistoryFilter { since_unix_ms: Some(999_990), ..Default::default() }, 2, 100_000),
    ] {
        let query = HistoryQuery { filter, offset: 0, limit: 10 };
        let page = history.query(&query).await.unwrap();
        let first = page.rows.first().map(|row| row.id);
        assert_eq!((page.total, first), (total, Some(newest)), "{:?}", query.filter);
    }
    let deep = HistoryQuery { offset: 99_995, limit: 100, ..Default::default() };
    let rows = history.query(&deep).await.unwrap().rows;
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [5, 4, 3, 2, 1]);
    assert_eq!(history.latencies(&HistoryFilter::default()).await.unwrap().len(), 5_000);
    assert_eq!(history.payloads(&HistoryFilter::default()).await.unwrap().len(), 7);
    assert_eq!(history.clear(&text("u-7")).await.unwrap(), with("u-7"));
    assert_eq!(history.count().await.unwrap(), 100_000 - with("u-7"));
}
