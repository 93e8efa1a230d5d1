//! Calls from start to history, over a real connection.

mod common;

use common::{Rig, open};
use wirelab_model::*;

#[tokio::test(flavor = "multi_thread")]
async fn the_four_kinds() {
    let mut rig = Rig::new().await;
    // Method, requests, responses, text of the last row.
    let cases: [(&str, CallKind, &[&str], u64, &str); 5] = [
        ("user.v1.UserService/GetUser", CallKind::Unary, &[r#"{"id": 1}"#], 1, r#""id":1"#),
        (
            "user.v1.UserService/ListUsers",
            CallKind::ServerStream,
            &[r#"{"pageSize": 3}"#],
            3,
            r#""id":3"#,
        ),
        (
            "user.v1.UserService/CreateUsers",
            CallKind::ClientStream,
            &[r#"{"name": "Ada"}"#, r#"{"name": "Bob", "age": 7}"#],
            1,
            r#""created":2"#,
        ),
        (
            "user.v1.UserService/ChatStream",
            CallKind::Bidi,
            &[r#"{"from": "me", "text": "hello"}"#, r#"{"text": "again"}"#],
            2,
            r#""text":"#,
        ),
        ("everything.v1.Everything/Nothing", CallKind::Unary, &["{}"], 1, "{}"),
    ];
    for (method, kind, messages, received, last) in cases {
        let begun = rig.start(rig.spec(method), messages, true).await;
        assert_eq!((begun.state, begun.spec.kind), (CallState::Running, kind), "{method}");
        assert!(begun.id > 0, "{method}");
        let (record, rows) = rig.finished(begun.id).await;
        let status = record.status.clone().unwrap();
        assert_eq!((status.code, status.message.as_str()), (0, ""), "{method}: {status:?}");
        let totals = record.totals;
        assert_eq!((totals.sent, totals.received), (messages.len() as u64, received), "{method}");
        assert!(record.half_closed && record.peer.is_some(), "{method}");
        assert!(record.timings.encode_ns.is_some_and(|ns| ns > 0), "{method}");
        assert!(record.timings.decode_ns.is_some_and(|ns| ns > 0), "{method}");
        assert!(record.timings.total_ns > 0, "{method}");

        // The sums are those of the rows, and the rows those of the record.
        for (direction, bytes, json) in [
            (Direction::Sent, totals.sent_bytes, totals.sent_json_bytes),
            (Direction::Received, totals.received_bytes, totals.received_json_bytes),
        ] {
            let of: Vec<_> = rows.iter().filter(|row| row.direction == direction).collect();
            assert_eq!(bytes, of.iter().map(|row| row.bytes).sum::<u64>(), "{method}");
            assert_eq!(json, Some(of.iter().map(|row| row.text.len() as u64).sum()), "{method}");
            assert_eq!(json, of.iter().map(|row| row.json_bytes).sum::<Option<u64>>(), "{method}");
        }
        assert!(rows.last().unwrap().text.contains(last), "{method}: {:?}", rows.last());
        assert_eq!(rig.must::<CallRecord>("call", begun.id).await, record, "{method}");
        let all = MessagesQuery { call: begun.id, from: 0, limit: 100 };
        assert_eq!(rig.must::<Vec<MessageRow>>("messages", all).await, rows, "{method}");

        // Each message whole: its bytes, and a JSON text that makes the same bytes again.
        for row in &rows {
            let query = MessageQuery { call: begun.id, index: row.index };
            let detail: MessageDetail = rig.must("message", query).await;
            assert_eq!((&detail.row, &detail.problem), (row, &None), "{method}");
            assert_eq!(detail.wire.len() as u64, row.bytes, "{method}");
            assert_eq!(
                (detail.sizes.proto, Some(detail.sizes.json)),
                (row.bytes, row.json_bytes),
                "{method}"
            );
            assert!(detail.sizes.proto_gzip > 0 && detail.sizes.json_gzip > 0, "{method}");
            assert!(detail.costs.is_some_and(|costs| costs.samples > 0), "{method}");
            let compact: serde_json::Value = serde_json::from_str(&row.text).unwrap();
            let pretty: serde_json::Value = serde_json::from_str(&detail.json).unwrap();
            assert_eq!(compact, pretty, "{method}");
            if row.index == 0 {
                let query = MessageQuery { call: begun.id, index: 0 };
                let forms: Vec<Encoded> = rig.must("encodings", query).await;
                let of = |name| forms.iter().find(|one| one.form == name).map(|one| one.bytes);
                assert_eq!(of("Protobuf"), Some(row.bytes), "{method}");
                assert_eq!(of("JSON"), row.json_bytes, "{method}");
                assert_eq!(of("JSON + gzip"), Some(detail.sizes.json_gzip), "{method}");
                assert!(of("MessagePack") < of("JSON") && forms.len() == 8, "{method}");
                assert!(forms.iter().all(|one| one.samples > 0 && one.decode_ns > 0.0), "{method}");
            }
            if row.bytes > 0 {
                assert_eq!(detail.spans.first().map(|span| span.start), Some(0), "{method}");
                for span in &detail.spans {
                    let place = span.json.unwrap_or_else(|| panic!("{method}: {}", span.path));
                    let text = &detail.json[place.start as usize..place.end as usize];
                    assert!(!text.is_empty() && place.compact as usize <= text.len(), "{text}");
                }
            }
        }
        let found = rig.history(method).await;
        assert_eq!((found.total, found.rows[0].id), (1, begun.id), "{method}");
        assert_eq!((found.rows[0].status, found.rows[0].totals), (Some(0), totals), "{method}");
    }
    let hello: Hello = rig.must("hello", ()).await;
    assert_eq!((hello.history_count, hello.history_problem), (5, None));
    let payloads: Vec<MethodPayload> = rig.must("payloads", HistoryFilter::default()).await;
    assert_eq!(payloads.len(), 5);
    let latencies: Vec<LatencyPoint> = rig.must("latencies", HistoryFilter::default()).await;
    assert_eq!(latencies.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_message_by_message() {
    let mut rig = Rig::new().await;
    let call = rig.start(rig.spec("user.v1.UserService/ChatStream"), &[], false).await;
    let id = call.id;
    for (sent, text) in [(1, "one"), (2, "two")] {
        let json = format!(r#"{{"text": "{text}"}}"#);
        rig.must::<()>("send_message", SendMessage { call: id, json }).await;
        let record = loop {
            if let StudioEvent::Call(update) = rig.event().await
                && update.record.totals.received == sent
            {
                break update.record;
            }
        };
        assert_eq!((record.state, record.half_closed), (CallState::Running, false));
        let running: CallRecord = rig.must("call", id).await;
        assert_eq!(running.totals.sent, sent);
        let rows: Vec<MessageRow> =
            rig.must("messages", MessagesQuery { call: id, from: 0, limit: 9 }).await;
        assert!(rows.iter().any(|row| row.text.contains(text)));
        let detail: MessageDetail = rig.must("message", MessageQuery { call: id, index: 0 }).await;
        assert!(detail.json.contains("one"));
    }
    let bad = SendMessage { call: id, json: r#"{"text": 5}"#.into() };
    let problem = rig.ask::<()>("send_message", bad).await.unwrap_err();
    assert_eq!((problem.kind, problem.path.as_deref()), (ProblemKind::Mismatch, Some("text")));
    rig.must::<()>("finish_sending", id).await;
    rig.must::<()>("finish_sending", id).await;
    let late = rig.ask::<()>("send_message", SendMessage { call: id, json: "{}".into() }).await;
    assert!(matches!(late.unwrap_err().kind, ProblemKind::Mismatch | ProblemKind::NotFound));
    let record = rig.follow_state(id).await;
    assert_eq!(record.totals.sent, 2, "the message that did not fit was not sent");
    assert!(record.half_closed && record.status.unwrap().is_ok());
    rig.must::<()>("finish_sending", id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_cancelled_and_found_again() {
    let mut rig = Rig::new().await;
    let spec = rig.spec("shop.inventory.v1.InventoryService/WatchStock");
    let call = rig.start(spec, &["{}"], true).await;
    rig.follow(call.id, |record, _| record.totals.received >= 3).await;
    let running = rig.history("").await;
    assert_eq!((running.total, running.rows[0].state), (1, CallState::Running));
    // What runs is not deleted.
    assert_eq!(rig.must::<u64>("delete_calls", [call.id]).await, 0);

    rig.must::<()>("cancel_call", call.id).await;
    let record = rig.follow_state(call.id).await;
    assert_eq!(record.status.as_ref().unwrap().name(), "CANCELLED");
    rig.must::<()>("cancel_call", call.id).await;
    let found = rig.history("watchstock cancelled").await;
    assert_eq!((found.total, found.rows[0].status), (1, Some(1)));
    let failed = HistoryFilter { failed: Some(true), ..Default::default() };
    assert_eq!(rig.must::<u64>("clear_history", failed).await, 1);
    assert_eq!(rig.history("").await.total, 0);
    let gone = rig.ask::<CallRecord>("call", call.id).await.unwrap_err();
    assert_eq!(gone.kind, ProblemKind::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_sends_the_same_bytes_after_a_restart() {
    let mut rig = Rig::new().await;
    let mut spec = rig.spec("user.v1.UserService/ChatStream");
    spec.metadata.extend([
        Metadatum::text("x-twice", "1"),
        Metadatum::text("x-twice", "2"),
        Metadatum::binary("x-raw-bin", vec![0, 255, 7]),
        Metadatum::text("demo-echo-metadata", "true"),
    ]);
    spec.deadline_ms = Some(30_000);
    let many: Vec<String> = (0..40).map(|i| format!(r#"{{"text": "{i}"}}"#)).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let first = rig.start(spec, &many, true).await;
    let (first, _) = rig.finished(first.id).await;

    rig.studio.close().await;
    rig.studio = open(rig.folder.path()).await;
    rig.events = Box::pin(rig.studio.events());
    assert_eq!(rig.must::<CallRecord>("call", first.id).await, first);
    let again: CallRecord = rig.must("replay", first.id).await;
    assert!(again.id > first.id);
    assert_eq!(again.spec, first.spec);
    let (again, _) = rig.finished(again.id).await;
    assert_eq!(again.status.as_ref().map(|status| status.code), Some(0));
    assert_eq!(again.headers.len(), first.headers.len());
    assert!(again.headers.contains(&Metadatum::binary("x-raw-bin", vec![0, 255, 7])));
    let wires = async |call: CallId| {
        let mut wires = Vec::new();
        let rows: Vec<MessageRow> =
            rig.must("messages", MessagesQuery { call, from: 0, limit: 200 }).await;
        for row in rows.iter().filter(|row| row.direction == Direction::Sent) {
            let query = MessageQuery { call, index: row.index };
            wires.push(rig.must::<MessageDetail>("message", query).await.wire);
        }
        wires
    };
    let (before, after) = (wires(first.id).await, wires(again.id).await);
    assert_eq!(before.len(), 40);
    assert_eq!(before, after);
    let missing = rig.ask::<CallRecord>("replay", 999).await.unwrap_err();
    assert_eq!(missing.kind, ProblemKind::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_stream_reaches_screen_and_record_whole() {
    const COUNT: u64 = 12_000;
    let mut rig = Rig::new().await;
    let mut spec = rig.spec("everything.v1.Everything/EchoServerStream");
    spec.metadata = vec![Metadatum::text("demo-count", COUNT.to_string())];
    let call = rig.start(spec, &["{}"], true).await;
    let (record, rows) = rig.finished(call.id).await;
    assert_eq!(record.status.as_ref().map(|status| status.code), Some(0), "{record:?}");
    assert_eq!((record.totals.received, rows.len() as u64), (COUNT, COUNT + 1));
    let stored: Vec<MessageRow> =
        rig.must("messages", MessagesQuery { call: call.id, from: 5_000, limit: u32::MAX }).await;
    assert_eq!(stored, rows[5_000..]);
    let capped: Vec<MessageRow> =
        rig.must("messages", MessagesQuery { call: call.id, from: 0, limit: u32::MAX }).await;
    assert_eq!(capped.len(), 10_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_tells_its_details() {
    let mut rig = Rig::new().await;
    let mut spec = rig.spec("user.v1.UserService/GetUser");
    spec.metadata = vec![
        Metadatum::text("demo-fail", "NOT_FOUND"),
        Metadatum::text("demo-fail-message", "100% gone"),
    ];
    let call = rig.start(spec, &[r#"{"id": 1}"#], true).await;
    let (record, _) = rig.finished(call.id).await;
    let status = record.status.unwrap();
    assert_eq!((status.name().as_str(), status.message.as_str()), ("NOT_FOUND", "100% gone"));
    let details: Vec<StatusDetail> = rig.must("status_details", &status.details).await;
    assert!(details.len() >= 5, "{details:?}");
    for detail in &details {
        assert!(detail.type_name.starts_with("google.rpc."), "{detail:?}");
        assert!(serde_json::from_str::<serde_json::Value>(&detail.json).is_ok(), "{detail:?}");
    }
    for junk in [&b""[..], b"\xff\xff\xff", &status.details[..status.details.len() / 2]] {
        rig.must::<Vec<StatusDetail>>("status_details", Blob::from(junk.to_vec())).await;
    }
    assert_eq!(rig.history("100% GONE").await.total, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_in_the_middle_of_a_stream() {
    let mut rig = Rig::new().await;
    let spec = rig.spec("shop.inventory.v1.InventoryService/WatchStock");
    let call = rig.start(spec, &["{}"], true).await;
    let (_, rows) = rig.follow(call.id, |record, _| record.totals.received >= 3).await;
    rig.server.cancel();
    let record = rig.follow_state(call.id).await;
    assert_eq!(record.status.unwrap().name(), "UNAVAILABLE");
    let stored: Vec<MessageRow> =
        rig.must("messages", MessagesQuery { call: call.id, from: 0, limit: 3 }).await;
    assert_eq!(stored, rows[..3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_ends_what_runs_and_loses_nothing() {
    let mut rig = Rig::new().await;
    let spec = rig.spec("shop.inventory.v1.InventoryService/WatchStock");
    let call = rig.start(spec, &["{}"], true).await;
    rig.follow(call.id, |record, _| record.totals.received >= 3).await;
    rig.studio.close().await;
    rig.studio = open(rig.folder.path()).await;
    let record: CallRecord = rig.must("call", call.id).await;
    assert_eq!(record.state, CallState::Finished);
    assert_eq!(record.status.unwrap().name(), "CANCELLED");
    let rows: Vec<MessageRow> =
        rig.must("messages", MessagesQuery { call: call.id, from: 0, limit: 10_000 }).await;
    assert_eq!(rows.len() as u64, record.totals.sent + record.totals.received);
}
