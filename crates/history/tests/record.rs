//! What is written is what is read, through restarts, crashes and neighbours.

mod common;

use common::{call, message, store, totals};
use std::process::Command;
use wirelab_history::History;
use wirelab_model::*;

async fn open(folder: &tempfile::TempDir) -> History {
    History::open(folder.path()).await.expect("the history opens")
}

fn sample() -> Vec<MessageRecord> {
    vec![
        message(0, Direction::Sent, r#"{"sku":"KB-204"}"#),
        message(1, Direction::Received, r#"{"count":1}"#),
        message(2, Direction::Received, ""),
        message(3, Direction::Sent, r#"{"sku":"ÄÖ"}"#),
    ]
}

#[tokio::test]
async fn a_call_reads_back_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let history = open(&folder).await;
    let status = Status {
        code: 42,
        message: "odd".into(),
        details: Blob::from(vec![1, 2, 3]),
        problem: Some(Problem::new(ProblemKind::Status, "why")),
    };
    let mut made = call("a.B/C", "h:1", 7);
    made.spec.endpoint.transport = Transport::ConnectJson;
    made.attempts = vec![Attempt::default(), Attempt::default()];
    let stored = store(&history, made, &sample(), status).await;
    history.close().await;

    let history = open(&folder).await;
    assert_eq!(history.call(stored.id).await.unwrap(), Some(stored.clone()));
    let rows: Vec<MessageRow> = sample().into_iter().map(|message| message.row).collect();
    assert_eq!(history.messages(stored.id, 0, 100).await.unwrap(), rows);
    assert_eq!(history.messages(stored.id, 1, 2).await.unwrap(), rows[1..3]);
    assert_eq!(history.messages(stored.id, 4, 2).await.unwrap(), []);
    assert_eq!(history.records(stored.id, 2, 9).await.unwrap(), sample()[2..]);
    assert_eq!(history.message(stored.id, 3).await.unwrap(), Some(sample()[3].clone()));
    assert_eq!(history.message(stored.id, 4).await.unwrap(), None);
    assert_eq!(
        history.requests(stored.id).await.unwrap(),
        [sample()[0].wire.clone(), sample()[3].wire.clone()]
    );
    assert_eq!(history.call(stored.id + 1).await.unwrap(), None);
    assert_eq!(history.count().await.unwrap(), 1);

    let page = history.query(&HistoryQuery { limit: 9, ..Default::default() }).await.unwrap();
    let row = HistoryRow {
        id: stored.id,
        method: "a.B/C".into(),
        kind: CallKind::Bidi,
        address: "h:1".into(),
        started_unix_ms: 7,
        state: CallState::Finished,
        status: Some(42),
        total_ns: 5_000_000,
        totals: totals(&sample()),
        text: r#"{"sku":"KB-204"}"#.into(),
        transport: Transport::ConnectJson,
        retries: 2,
    };
    assert_eq!(page, HistoryPage { total: 1, offset: 0, rows: vec![row] });
}

#[tokio::test]
async fn messages_are_taken_all_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let history = open(&folder).await;
    let id = history.begin(&call("a.B/C", "h:1", 7)).await.unwrap();
    let many: Vec<_> = (0..1_000).map(|i| message(i, Direction::Received, "{}")).collect();
    history.append(id, &many).await.unwrap();
    // Index 999 is there already: nothing of the second batch may stay.
    let again: Vec<_> = (1_000..1_300)
        .map(|i| message(if i == 1_299 { 999 } else { i }, Direction::Received, "{}"))
        .collect();
    assert_eq!(history.append(id, &again).await.unwrap_err().kind, ProblemKind::Internal);
    assert_eq!(history.messages(id, 0, 10_000).await.unwrap().len(), 1_000);
    history.append(id, &[]).await.unwrap();
    let missing = history.append(id + 1, &many).await.unwrap_err();
    assert_eq!(missing.kind, ProblemKind::NotFound);
    let missing = history.finish(&CallRecord { id: id + 1, ..CallRecord::default() }).await;
    assert_eq!(missing.unwrap_err().kind, ProblemKind::NotFound);
}

#[tokio::test]
async fn deleting_takes_the_messages_along_and_leaves_what_is_under_way() {
    let folder = tempfile::tempdir().unwrap();
    let history = open(&folder).await;
    let mut ids = Vec::new();
    for status in [StatusCode::Ok, StatusCode::NotFound, StatusCode::Ok] {
        let call = call("a.B/C", "h:1", 7);
        ids.push(store(&history, call, &sample(), Status::new(status, "")).await.id);
    }
    let running = history.begin(&call("a.B/C", "h:1", 7)).await.unwrap();
    history.append(running, &sample()).await.unwrap();

    assert_eq!(history.delete(&[ids[0], running, 999]).await.unwrap(), 1);
    assert_eq!(history.messages(ids[0], 0, 10).await.unwrap(), []);
    assert_eq!(history.messages(running, 0, 10).await.unwrap().len(), 4);
    let failed = HistoryFilter { failed: Some(true), ..Default::default() };
    assert_eq!(history.clear(&failed).await.unwrap(), 1);
    let text = HistoryFilter { text: "ÄÖ".into(), ..Default::default() };
    assert_eq!(history.clear(&text).await.unwrap(), 1);
    assert_eq!(history.clear(&HistoryFilter::default()).await.unwrap(), 0);
    assert_eq!(history.count().await.unwrap(), 1);
    // What was deleted is not found any more, and its name is not given again.
    let found = history
        .query(&HistoryQuery { filter: text, limit: 10, ..Default::default() })
        .await
        .unwrap();
    assert_eq!(found.rows.iter().map(|row| row.id).collect::<Vec<_>>(), [running]);
    assert!(history.begin(&call("a.B/C", "h:1", 7)).await.unwrap() > running);
}

/// Run by the next test in a process of its own, which it leaves without any clean-up.
#[tokio::test]
#[ignore = "the child of the test below"]
async fn child_that_dies_in_the_middle_of_a_call() {
    let Ok(folder) = std::env::var("WIRELAB_TEST_FOLDER") else { return };
    let history = History::open(folder.as_ref()).await.unwrap();
    let id = history.begin(&call("a.B/C", "h:1", 7)).await.unwrap();
    history.append(id, &sample()[..1]).await.unwrap();
    history.append(id, &sample()[1..]).await.unwrap();
    let bench = BenchReport { state: BenchState::Running, ..Default::default() };
    history.put_bench(&bench).await.unwrap();
    std::process::abort();
}

#[tokio::test]
async fn a_crash_in_the_middle_of_a_call_loses_nothing_recorded() {
    let folder = tempfile::tempdir().unwrap();
    // A neighbour lives through it all; its running call is its own.
    let neighbour = open(&folder).await;
    let done =
        store(&neighbour, call("a.B/C", "h:1", 1), &sample(), Status::new(StatusCode::Ok, ""))
            .await;
    let running = neighbour.begin(&call("a.B/C", "h:1", 2)).await.unwrap();

    let child = Command::new(std::env::current_exe().unwrap())
        .args(["child_that_dies_in_the_middle_of_a_call", "--exact", "--ignored"])
        .env("WIRELAB_TEST_FOLDER", folder.path())
        .output()
        .unwrap();
    assert!(!child.status.success(), "the child was to abort");

    let history = open(&folder).await;
    let page = history.query(&HistoryQuery { limit: 9, ..Default::default() }).await.unwrap();
    let states: Vec<_> = page.rows.iter().map(|row| (row.started_unix_ms, row.state)).collect();
    assert_eq!(
        states,
        [(7, CallState::Interrupted), (2, CallState::Running), (1, CallState::Finished)]
    );
    let id = page.rows[0].id;
    assert_eq!(history.records(id, 0, 10).await.unwrap(), sample());
    let record = history.call(id).await.unwrap().unwrap();
    assert_eq!(record.state, CallState::Interrupted);
    assert_eq!(record.totals, totals(&sample()));
    assert_eq!(record.timings.total_ns, 3_000);
    assert_eq!(history.call(done.id).await.unwrap(), Some(done));
    let failed = HistoryFilter { failed: Some(true), ..Default::default() };
    let failed = HistoryQuery { filter: failed, limit: 9, ..Default::default() };
    assert_eq!(history.query(&failed).await.unwrap().total, 1);

    let bench = history.bench(history.benches().await.unwrap()[0].id).await.unwrap().unwrap();
    assert_eq!(bench.state, BenchState::Failed);
    assert_eq!(bench.problem.unwrap().kind, ProblemKind::Interrupted);

    // The neighbour goes on as if nothing had been, and once it is gone its call is found abandoned too.
    neighbour.append(running, &sample()).await.unwrap();
    let files = || {
        let names = std::fs::read_dir(folder.path()).unwrap();
        names
            .filter(|name| name.as_ref().unwrap().path().extension() == Some("lock".as_ref()))
            .count()
    };
    assert_eq!(files(), 3, "the opening lock and one for each that lives");
    drop(neighbour);
    drop(history);
    let history = open(&folder).await;
    let left = history.call(running).await.unwrap().unwrap();
    assert_eq!((left.state, left.totals), (CallState::Interrupted, totals(&sample())));
    assert_eq!(files(), 2);
}

#[tokio::test]
async fn two_processes_write_the_same_file_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = tokio::join!(open(&folder), open(&folder));
    let write = |history: History| async move {
        for i in 0..50 {
            let record = call("a.B/C", "h:1", i);
            let messages = sample();
            store(&history, record, &messages, Status::new(StatusCode::Ok, "")).await;
        }
    };
    tokio::join!(write(one.clone()), write(two.clone()), write(one.clone()));
    assert_eq!(one.count().await.unwrap(), 150);
    assert_eq!(two.count().await.unwrap(), 150);
    let clean = HistoryFilter { failed: Some(false), ..Default::default() };
    let clean = HistoryQuery { filter: clean, limit: 1, ..Default::default() };
    assert_eq!(two.query(&clean).await.unwrap().total, 150);
}

#[tokio::test]
async fn saved_requests_have_names_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let history = open(&folder).await;
    let request = |id, name: &str| SavedRequest {
        id,
        name: name.into(),
        spec: call("a.B/C", "h:1", 0).spec,
        messages: vec!["{".into(), "{}".into()],
        auth: None,
        updated_unix_ms: 0,
    };
    let a = history.save(&request(0, " a ")).await.unwrap();
    let b = history.save(&request(0, "b")).await.unwrap();
    assert_eq!((a.name.as_str(), a.messages.len()), ("a", 2));
    assert!(a.updated_unix_ms > 1_700_000_000_000 && a.id > 0 && b.id != a.id);
    for (id, name, kind) in [
        (0, "a", ProblemKind::Invalid),
        (0, "", ProblemKind::Invalid),
        (0, "  ", ProblemKind::Invalid),
        (b.id, "a", ProblemKind::Invalid),
        (999, "c", ProblemKind::NotFound),
    ] {
        let problem = history.save(&request(id, name)).await.unwrap_err();
        assert_eq!(problem.kind, kind, "{id} {name:?}: {problem}");
    }
    let a = history.save(&request(a.id, "z")).await.unwrap();
    assert_eq!(history.saved().await.unwrap(), [b.clone(), a.clone()]);
    history.delete_saved(b.id).await.unwrap();
    history.delete_saved(b.id).await.unwrap();
    assert_eq!(history.saved().await.unwrap(), [a]);
}

#[tokio::test]
async fn comparisons_and_sources_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let history = open(&folder).await;
    let mut report = BenchReport { started_unix_ms: 5, elapsed_ns: 9, ..Default::default() };
    report.spec.call = call("a.B/C", "h:1", 0).spec;
    report.id = history.put_bench(&report).await.unwrap();
    report.state = BenchState::Finished;
    assert_eq!(history.put_bench(&report).await.unwrap(), report.id);
    let newer = history.put_bench(&BenchReport::default()).await.unwrap();
    assert_eq!(history.bench(report.id).await.unwrap(), Some(report.clone()));
    let rows = history.benches().await.unwrap();
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [newer, report.id]);
    assert_eq!((rows[1].method.as_str(), rows[1].state), ("a.B/C", BenchState::Finished));
    history.delete_bench(report.id).await.unwrap();
    assert_eq!(history.bench(report.id).await.unwrap(), None);
    assert_eq!(history.put_bench(&report).await.unwrap_err().kind, ProblemKind::NotFound);

    let spec = |path: &str| SourceSpec::DescriptorSet { path: path.into() };
    history.put_source(&"one".into(), &spec("/1")).await.unwrap();
    history.put_source(&"two".into(), &spec("/2")).await.unwrap();
    history.put_source(&"one".into(), &spec("/3")).await.unwrap();
    let two = ("two".to_owned(), spec("/2"));
    assert_eq!(history.sources().await.unwrap(), [("one".to_owned(), spec("/3")), two.clone()]);
    history.delete_source(&"one".into()).await.unwrap();
    assert_eq!(history.sources().await.unwrap(), [two]);
}

#[tokio::test]
async fn charts_are_over_finished_calls_oldest_first() {
    let folder = tempfile::tempdir().unwrap();
    let history = open(&folder).await;
    for (at, method, status) in [
        (3, "a.B/C", StatusCode::Ok),
        (1, "a.B/D", StatusCode::Aborted),
        (2, "a.B/C", StatusCode::Ok),
    ] {
        store(&history, call(method, "h:1", at), &sample(), Status::new(status, "")).await;
    }
    // One message that is not JSON: this call has a latency, but no JSON size to compare.
    let mut odd = sample();
    odd[1].row.json_bytes = None;
    store(&history, call("a.B/E", "h:1", 4), &odd, Status::new(StatusCode::Ok, "")).await;
    history.begin(&call("a.B/C", "h:1", 9)).await.unwrap();

    let all = HistoryFilter::default();
    let points = history.latencies(&all).await.unwrap();
    let points: Vec<_> = points.iter().map(|p| (p.started_unix_ms, p.ok, p.total_ns)).collect();
    let ns = 5_000_000;
    assert_eq!(points, [(1, false, ns), (2, true, ns), (3, true, ns), (4, true, ns)]);
    let sums = totals(&sample());
    let proto = (sums.sent_bytes + sums.received_bytes) as f64;
    let payload = |method: &str, calls| MethodPayload {
        method: method.into(),
        calls,
        proto_bytes: proto,
        json_bytes: proto,
    };
    assert_eq!(history.payloads(&all).await.unwrap(), [payload("a.B/C", 2), payload("a.B/D", 1)]);
    let one = HistoryFilter { method: Some("a.B/D".into()), ..all };
    assert_eq!(history.payloads(&one).await.unwrap(), [payload("a.B/D", 1)]);
    assert_eq!(history.latencies(&one).await.unwrap().len(), 1);
}
