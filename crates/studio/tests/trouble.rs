//! Bad input and bad luck: each is a clear problem or a clear status, and nothing stored is lost.

mod common;

use common::{HANG, Rig, open, samples};
use serde_json::{Value, json};
use std::path::Path;
use tokio::{io::AsyncWriteExt, net::TcpListener};
use wirelab_model::*;
use wirelab_studio::{Config, METHODS, Studio};

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_cannot_be() {
    let rig = Rig::new().await;
    let call = |method: &str, messages: Value| {
        json!({"spec": {"endpoint": {"address": rig.address}, "method": method, "kind": "Unary"},
            "messages": messages, "finish": true})
    };
    let bench = |calls: u64, in_flight: u64, text: &str| {
        let spec = call("user.v1.UserService/GetUser", json!([]))["spec"].clone();
        json!({"call": spec, "messages": [text], "calls": calls, "in_flight": in_flight, "warm_up": 0})
    };
    let user = "user.v1.UserService/GetUser";
    let many = "user.v1.UserService/CreateUsers";
    use ProblemKind::{Invalid, Mismatch, NotFound, Syntax, TooLarge};
    // Method, request, kind, words of the message, path.
    let cases: Vec<(&str, Value, ProblemKind, &str, Option<&str>)> = vec![
        ("nonsense", json!(null), NotFound, "nonsense", None),
        ("start_call", json!(null), Mismatch, "start_call", None),
        ("start_call", json!({"spec": 5}), Mismatch, "start_call", None),
        ("start_call", call("no.Such/Method", json!(["{}"])), NotFound, "no.Such/Method", None),
        ("start_call", call("", json!(["{}"])), NotFound, "\"\"", None),
        ("start_call", call(user, json!([])), Mismatch, "exactly one", None),
        ("start_call", call(user, json!(["{}", "{}"])), Mismatch, "exactly one", None),
        ("start_call", call(user, json!([""])), Syntax, "", None),
        ("start_call", call(user, json!(["{"])), Syntax, "", None),
        ("start_call", call(user, json!(["{} x"])), Syntax, "", None),
        ("start_call", call(user, json!(["[]"])), Mismatch, "", None),
        ("start_call", call(user, json!([r#"{"id": "x"}"#])), Mismatch, "", Some("id")),
        ("start_call", call(user, json!([r#"{"idd": 1}"#])), Mismatch, "idd", Some("idd")),
        (
            "start_call",
            call(many, json!(["{}", r#"{"age": true}"#])),
            Mismatch,
            "",
            Some("messages[1].age"),
        ),
        ("start_call", call(many, json!(["{}", "{"])), Syntax, "", Some("messages[1]")),
        ("send_message", json!({"call": 77, "json": "{}"}), NotFound, "77", None),
        ("finish_sending", json!(77), NotFound, "77", None),
        ("cancel_call", json!(77), NotFound, "77", None),
        ("call", json!(77), NotFound, "77", None),
        ("call", json!(-77), NotFound, "-77", None),
        ("call", json!(0), NotFound, "0", None),
        ("messages", json!({"call": 77, "from": 0, "limit": 1}), NotFound, "77", None),
        ("message", json!({"call": 77, "index": 0}), NotFound, "77", None),
        ("replay", json!(77), NotFound, "77", None),
        ("bench", json!(77), NotFound, "77", None),
        ("cancel_bench", json!(-77), NotFound, "-77", None),
        ("start_bench", bench(0, 1, "{}"), Mismatch, "calls", None),
        ("start_bench", bench(1_000_001, 1, "{}"), Mismatch, "calls", None),
        ("start_bench", bench(1, 0, "{}"), Mismatch, "in flight", None),
        ("start_bench", bench(1, 1_025, "{}"), Mismatch, "in flight", None),
        ("start_bench", bench(1, 1, "{"), Syntax, "", None),
        ("form", json!("no.Such/Method"), NotFound, "no.Such/Method", None),
        ("form", json!("no.Such"), NotFound, "no.Such", None),
        ("describe", json!("no.Such"), NotFound, "no.Such", None),
        (
            "check",
            json!({"method": "no.Such/Method", "json": "{}"}),
            NotFound,
            "no.Such/Method",
            None,
        ),
        ("remove_source", json!("nope"), NotFound, "nope", None),
        ("reload", json!("nope"), NotFound, "nope", None),
        ("add_source", json!({"Files": {"path": "", "import_roots": []}}), Invalid, "path", None),
        (
            "add_source",
            json!({"Reflection": {"endpoint": {"address": " "}}}),
            Invalid,
            "address",
            None,
        ),
        (
            "save",
            json!({"id": 0, "name": "", "spec": call(user, json!([]))["spec"], "messages": [],
            "updated_unix_ms": 0}),
            Invalid,
            "name",
            None,
        ),
        (
            "history",
            json!({"filter": {"text": "x".repeat(5_000)}, "offset": 0, "limit": 1}),
            TooLarge,
            "1024",
            None,
        ),
    ];
    for (method, request, kind, words, path) in cases {
        let problem = rig.ask::<Value>(method, &request).await.expect_err(method);
        let place = problem.path.as_deref();
        assert_eq!((problem.kind, place), (kind, path), "{method} {request}: {problem}");
        assert!(problem.message.contains(words), "{method} {request}: {problem}");
        assert!(!problem.message.is_empty() && !problem.message.ends_with('.'), "{problem}");
    }
    // None of them left anything behind.
    assert_eq!(rig.history("").await.total, 0);
    assert!(rig.must::<Vec<BenchRow>>("benches", ()).await.is_empty());

    // Whatever bytes come: a problem, never a panic.
    for method in METHODS {
        for body in [&b"{"[..], b"\xff", b"[[[", b"18446744073709551616", b"{\"call\": 1e999}"] {
            let problem = rig.studio.dispatch(method, body).await.expect_err(method);
            assert!(matches!(problem.kind, Syntax | Mismatch), "{method}: {problem}");
        }
    }
}

/// The sample server gives back what it gets, byte for byte: types that differ between request and response make it
/// answer what cannot be read.
const CROOKED: &str = r#"
syntax = "proto3";
package everything.v1;
service Everything { rpc EchoBidi(stream Bytes) returns (stream Text); }
message Bytes { bytes value = 1; }
message Text { string value = 1; }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_cannot_be_read() {
    let mut rig = Rig::new().await;
    let file = rig.folder.path().join("crooked.proto");
    std::fs::write(&file, CROOKED).unwrap();
    let samples = rig.must::<Catalog>("catalog", ()).await.sources.remove(0);
    rig.must::<Catalog>("remove_source", samples.id).await;
    let crooked = SourceSpec::Files { path: file.display().to_string(), import_roots: Vec::new() };
    rig.must::<Catalog>("add_source", crooked).await;

    let spec = CallSpec { kind: CallKind::Bidi, ..rig.spec("everything.v1.Everything/EchoBidi") };
    let messages = [r#"{"value": "aGk="}"#, r#"{"value": "/w=="}"#, r#"{"value": "aG8="}"#];
    let call = rig.start(spec, &messages, true).await;
    let (record, rows) = rig.finished(call.id).await;
    // The call itself went well, and what can be read before and after is there.
    assert_eq!(record.status.as_ref().unwrap().name(), "OK");
    let received: Vec<&MessageRow> =
        rows.iter().filter(|row| row.direction == Direction::Received).collect();
    let texts: Vec<&str> = received.iter().map(|row| row.text.as_str()).collect();
    assert_eq!(texts, [r#"{"value":"hi"}"#, "", r#"{"value":"ho"}"#]);
    assert_eq!((received[1].bytes, received[1].json_bytes), (3, None));
    // Running or recorded, the bytes and the reason are told.
    rig.studio.close().await;
    rig.studio = open(rig.folder.path()).await;
    let query = MessageQuery { call: call.id, index: received[1].index };
    let detail: MessageDetail = rig.must("message", query).await;
    let problem = detail.problem.expect("it says why");
    assert_eq!((&detail.wire[..], detail.json.as_str()), (&b"\x0a\x01\xff"[..], ""));
    assert!(problem.message.contains("UTF-8"), "{problem}");
    assert!(detail.spans.iter().any(|span| span.value == 2), "{:?}", detail.spans);
}

/// How a call to `address` ends.
async fn end(rig: &mut Rig, address: String) -> Status {
    let mut spec = rig.spec("user.v1.UserService/GetUser");
    spec.endpoint.address = address;
    let call = rig.start(spec, &[r#"{"id": 1}"#], true).await;
    rig.follow(call.id, |record, _| record.state == CallState::Finished).await.0.status.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_are_none() {
    let mut rig = Rig::new().await;
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let down = free.local_addr().unwrap().to_string();
    drop(free);
    let status = end(&mut rig, down.clone()).await;
    let problem = status.problem.clone().expect("it says why");
    assert_eq!((status.name().as_str(), problem.kind), ("UNAVAILABLE", ProblemKind::Unreachable));

    let web = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = web.local_addr().unwrap().to_string();
    let serving = tokio::spawn(async move {
        while let Ok((mut stream, _)) = web.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").await;
        }
    });
    let status = end(&mut rig, address.clone()).await;
    let problem = status.problem.expect("it says why");
    assert_eq!(problem.kind, ProblemKind::NotGrpc, "{problem}");
    let health: Health = rig
        .must("health", Endpoint { address: address.clone(), tls: Tls::Off, ..Endpoint::default() })
        .await;
    assert!(matches!(health, Health::Down(_)), "{health:?}");
    serving.abort();

    let health: Health = rig
        .must(
            "health",
            Endpoint { address: rig.address.clone(), tls: Tls::Off, ..Endpoint::default() },
        )
        .await;
    assert_eq!(health, Health::Serving);
    let reflection = |address: String| SourceSpec::Reflection {
        endpoint: Endpoint { address, tls: Tls::Off, ..Endpoint::default() },
        metadata: Vec::new(),
    };
    let catalog: Catalog = rig.must("add_source", reflection(down)).await;
    let source = catalog.sources.last().unwrap();
    assert_eq!(
        (source.state, source.problems[0].kind),
        (SourceState::Failed, ProblemKind::Unreachable)
    );
    // All of it is in the history, and the failed source took nothing away.
    assert_eq!(rig.history("").await.total, 2);
    assert!(catalog.services.iter().any(|service| service.name == "user.v1.UserService"));
}

async fn studio_on(data: &Path, given: &Path) -> Result<Studio, Problem> {
    let config =
        Config { data_dir: Some(data.into()), sources: vec![samples(given)], ..Config::default() };
    tokio::time::timeout(HANG, Studio::open(config)).await.expect("no hang")
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_usable_history_everything_but_remembering_works() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let junk = b"SQLite format 3\0 but not really".repeat(200);
    std::fs::write(data.join("history.db"), &junk).unwrap();

    let mut rig = Rig::on(folder).await;
    let hello: Hello = rig.must("hello", ()).await;
    let problem = hello.history_problem.expect("it says so");
    assert_eq!(problem.kind, ProblemKind::Damaged);
    assert!(problem.path.is_some_and(|path| path.ends_with("history.db")));

    let call = rig.start(rig.spec("user.v1.UserService/ListUsers"), &["{}"], true).await;
    assert!(call.id < 0);
    let (record, rows) = rig.finished(call.id).await;
    assert_eq!(record.status.as_ref().map(|status| status.code), Some(0));
    assert_eq!(rig.must::<CallRecord>("call", call.id).await, record);
    let all = MessagesQuery { call: call.id, from: 0, limit: 100 };
    assert_eq!(rig.must::<Vec<MessageRow>>("messages", all).await, rows);
    let found = rig.history("listusers").await;
    assert_eq!((found.total, found.rows[0].id), (1, call.id));
    let again: CallRecord = rig.must("replay", call.id).await;
    assert!(again.id < call.id);
    rig.finished(again.id).await;
    assert_eq!(rig.must::<u64>("delete_calls", [again.id, 5]).await, 1);

    // What would be lost is refused rather than pretended.
    let request = SavedRequest { name: "a".into(), ..SavedRequest::default() };
    let refused = rig.ask::<SavedRequest>("save", request).await.unwrap_err();
    assert_eq!(refused.kind, ProblemKind::Damaged);
    rig.studio.close().await;
    let file = rig.folder.path().join("data/history.db");
    assert!(std::fs::read(file).unwrap() == junk, "the file was changed");
}

#[tokio::test]
async fn a_data_folder_that_cannot_be() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let problem = studio_on(&file, folder.path()).await.err().expect("it is refused");
    assert_eq!(problem.kind, ProblemKind::Io);
    let line = problem.to_string();
    assert!(line.contains(file.to_str().unwrap()) && !line.contains('\n'), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_studios_share_a_data_folder() {
    let mut one = Rig::new().await;
    let two = open(one.folder.path()).await;
    let spec = one.spec("shop.inventory.v1.InventoryService/WatchStock");
    let call = one.start(spec, &["{}"], true).await;
    one.follow(call.id, |record, _| record.totals.received >= 1).await;
    // A third one starts meanwhile: the call is the first one's and still runs.
    let three = open(one.folder.path()).await;
    for studio in [&two, &three] {
        let reply = studio.dispatch("call", call.id.to_string().as_bytes()).await.unwrap();
        let record: CallRecord = serde_json::from_slice(&reply).unwrap();
        assert_eq!(record.state, CallState::Running);
    }
    two.close().await;
    three.close().await;
    one.must::<()>("cancel_call", call.id).await;
    one.follow_state(call.id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_screen_that_does_not_read_is_told_so() {
    let mut rig = Rig::new().await;
    for _ in 0..=wirelab_studio::EVENTS {
        rig.must::<u64>("clear_history", HistoryFilter::default()).await;
    }
    assert_eq!(rig.event().await, StudioEvent::Lagged);
    assert!(matches!(rig.event().await, StudioEvent::History { total: 0 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_watched_server_s_health_is_told() {
    let mut rig = Rig::new().await;
    let query = |address: &str, service: &str| HealthQuery {
        endpoint: Endpoint { address: address.into(), tls: Tls::Off, ..Endpoint::default() },
        service: service.into(),
        metadata: Vec::new(),
    };
    async fn next(rig: &mut Rig) -> HealthUpdate {
        loop {
            if let StudioEvent::Health(update) = rig.event().await {
                return *update;
            }
        }
    }
    let address = rig.address.clone();
    for (service, health) in [("", Health::Serving), ("no.Such", Health::Unknown)] {
        let query = query(&address, service);
        rig.must::<()>("watch_health", Some(&query)).await;
        assert_eq!(next(&mut rig).await, HealthUpdate { query, health });
    }
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    rig.must::<()>("watch_health", Some(query(&dead.to_string(), ""))).await;
    let down = next(&mut rig).await;
    assert!(matches!(down.health, Health::Down(_)), "{down:?}");
    rig.must::<()>("watch_health", None::<HealthQuery>).await;
    rig.studio.close().await;
}
