//! Calls made up for the tests.
#![allow(dead_code, missing_docs)]

use wirelab_history::History;
use wirelab_model::*;

pub fn call(method: &str, address: &str, started_unix_ms: i64) -> CallRecord {
    CallRecord {
        spec: CallSpec {
            endpoint: Endpoint { address: address.into(), tls: Tls::Off, ..Endpoint::default() },
            method: method.into(),
            kind: CallKind::Bidi,
            metadata: vec![Metadatum::text("a", "1"), Metadatum::binary("b-bin", vec![0, 255])],
            deadline_ms: Some(1_500),
            ..CallSpec::default()
        },
        started_unix_ms,
        ..CallRecord::default()
    }
}

pub fn message(index: u64, direction: Direction, text: &str) -> MessageRecord {
    let wire = text.as_bytes().iter().rev().copied().collect::<Vec<u8>>();
    MessageRecord {
        row: MessageRow {
            index,
            direction,
            at_ns: index * 1_000,
            bytes: wire.len() as u64,
            json_bytes: Some(text.len() as u64),
            text: text.into(),
        },
        wire: wire.into(),
    }
}

/// The record of `call` once it is over with `messages`.
pub fn finished(mut call: CallRecord, messages: &[MessageRecord], status: Status) -> CallRecord {
    call.state = CallState::Finished;
    call.half_closed = true;
    call.peer = Some("127.0.0.1:1".into());
    call.headers = vec![Metadatum::text("x", "1"), Metadatum::text("x", "2")];
    call.trailers = vec![Metadatum::text("t", "")];
    call.status = Some(status);
    call.timings.total_ns = 5_000_000;
    call.totals = totals(messages);
    call
}

pub fn totals(messages: &[MessageRecord]) -> Totals {
    let mut totals =
        Totals { sent_json_bytes: Some(0), received_json_bytes: Some(0), ..Totals::default() };
    for MessageRecord { row, .. } in messages {
        let (count, bytes, json) = match row.direction {
            Direction::Sent => {
                (&mut totals.sent, &mut totals.sent_bytes, &mut totals.sent_json_bytes)
            }
            Direction::Received => {
                (&mut totals.received, &mut totals.received_bytes, &mut totals.received_json_bytes)
            }
        };
        *count += 1;
        *bytes += row.bytes;
        *json = json.zip(row.json_bytes).map(|(sum, more)| sum + more);
    }
    totals
}

/// Records a call from begin to end; returns what was stored.
pub async fn store(
    history: &History,
    call: CallRecord,
    messages: &[MessageRecord],
    status: Status,
) -> CallRecord {
    let mut record = call;
    record.id = history.begin(&record).await.expect("begin");
    history.append(record.id, messages).await.expect("append");
    let record = finished(record, messages, status);
    history.finish(&record).await.expect("finish");
    record
}
