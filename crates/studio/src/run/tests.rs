//! Made-up calls, for what no server does on request.

use super::*;
use crate::records::Records;
use futures_util::stream;

struct Case {
    events: Vec<CallEventKind>,
    /// The history is gone before the first event.
    closed: bool,
}

struct Outcome {
    record: CallRecord,
    told: Vec<MessageRow>,
    last: CallRecord,
    lost: Option<Problem>,
    stored: Option<Vec<MessageRow>>,
}

async fn run(case: Case) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let records = Records::open(folder.path()).await.unwrap();
    let (id, shelf) = records.begin(&CallRecord::default()).await.unwrap();
    if case.closed {
        records.close().await;
    }
    let record = CallRecord { id, ..CallRecord::default() };
    let live = Arc::new(Live::new(record, shelf.clone(), None, CancellationToken::new(), None));
    let bus = Bus::default();
    let mut screen = bus.subscribe();
    let mut run = Run::new(live.clone(), bus.clone(), CancellationToken::new());
    let at = case.events.into_iter().zip(1..);
    let events: Vec<CallEvent> = at.map(|(kind, at_ns)| CallEvent { at_ns, kind }).collect();
    let lost = run.drive(Box::pin(stream::iter(events))).await;
    run.tell_rest().await;
    bus.close();
    let (mut told, mut last) = (Vec::new(), CallRecord::default());
    while let Some(StudioEvent::Call(update)) = screen.next().await {
        told.extend(update.rows);
        last = update.record;
    }
    let stored = shelf.messages(id, 0, 10_000).await.ok();
    Outcome { record: live.record(), told, last, lost, stored }
}

fn received(count: usize) -> impl Iterator<Item = CallEventKind> {
    let message = |i: usize| Blob::from(vec![0; i % 7]);
    (0..count).map(move |i| CallEventKind::Received { message: message(i), compressed: None })
}

fn finished(wire: Option<WireBytes>) -> CallEventKind {
    CallEventKind::Finished { status: Status::new(StatusCode::Ok, ""), wire }
}

#[tokio::test]
async fn every_message_is_told_and_stored_once() {
    for count in [0, 1, UPDATE_ROWS - 1, UPDATE_ROWS, UPDATE_ROWS + 1, 3 * UPDATE_ROWS] {
        let events = received(count).chain([finished(None)]).collect();
        let outcome = run(Case { events, closed: false }).await;
        assert_eq!(outcome.lost, None);
        assert_eq!(outcome.record.totals.received, count as u64);
        assert_eq!(outcome.last, outcome.record);
        let indices: Vec<u64> = outcome.told.iter().map(|row| row.index).collect();
        assert_eq!(indices, (0..count as u64).collect::<Vec<_>>());
        assert_eq!(outcome.stored, Some(outcome.told));
        // No schema knows the method: the bytes are kept, no JSON is made up.
        assert_eq!(outcome.record.totals.received_json_bytes, None);
    }
}

#[tokio::test]
async fn a_call_that_breaks_off_without_a_status_ends_all_the_same() {
    let events = received(2).collect();
    let outcome = run(Case { events, closed: false }).await;
    let status = outcome.last.status.unwrap();
    assert_eq!((outcome.last.state, status.name().as_str()), (CallState::Finished, "INTERNAL"));
    assert_eq!(outcome.stored.unwrap().len(), 2);
}

#[tokio::test]
async fn a_call_goes_on_when_nothing_can_be_written_and_says_so() {
    let events = received(3 * UPDATE_ROWS).chain([finished(None)]).collect();
    let outcome = run(Case { events, closed: true }).await;
    assert_eq!(outcome.record.totals.received, 3 * UPDATE_ROWS as u64);
    let status = outcome.last.status.unwrap();
    assert!(status.is_ok());
    assert_eq!(status.problem, outcome.lost);
    assert_eq!(outcome.lost.unwrap().kind, ProblemKind::Interrupted);
    // The newest messages are told, those that memory could not hold are passed over.
    assert_eq!(outcome.told.last().map(|row| row.index), Some(3 * UPDATE_ROWS as u64 - 1));
}

#[tokio::test]
async fn bytes_on_a_shared_connection_are_not_this_calls() {
    for (shared, expected) in [(false, (Some(10), Some(20))), (true, (None, None))] {
        let wire = WireBytes { sent: 10, received: 20, shared };
        let outcome = run(Case { events: vec![finished(Some(wire))], closed: false }).await;
        let totals = outcome.record.totals;
        assert_eq!((totals.wire_sent, totals.wire_received), expected);
    }
}

#[tokio::test]
async fn requests_that_are_sent_again_are_recorded_once() {
    let sent =
        |size: usize| CallEventKind::Sent { message: Blob::from(vec![0; size]), compressed: None };
    let headers = || vec![Metadatum::text("a", "1")];
    let attempt = Attempt { number: 1, ..Attempt::default() };
    let events = vec![
        sent(1),
        sent(2),
        CallEventKind::HalfClosed,
        CallEventKind::Trailers { metadata: headers() },
        CallEventKind::Retrying(attempt.clone()),
        sent(1),
        sent(2),
        sent(3),
        CallEventKind::Headers { metadata: headers() },
        finished(None),
    ];
    let outcome = run(Case { events, closed: false }).await;
    assert_eq!(outcome.stored.unwrap().iter().map(|row| row.bytes).collect::<Vec<_>>(), [1, 2, 3]);
    let record = outcome.record;
    assert_eq!((record.totals.sent, record.totals.sent_bytes), (3, 6));
    assert_eq!((record.attempts, record.headers), (vec![attempt], headers()));
    assert_eq!((record.trailers, record.half_closed), (vec![], false));
}
