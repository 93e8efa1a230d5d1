//! Phases folded from events: a case is a line of events and the phases expected.

use wirelab_model::{Attempt, Blob, CallEvent, CallEventKind as K, Status, Timings, TimingsFold};

fn check(events: Vec<(u64, K)>, want: Timings) {
    let mut fold = TimingsFold::default();
    for (at_ns, kind) in events {
        fold.push(&CallEvent { at_ns, kind });
    }
    assert_eq!(fold.timings(), want);
}

fn sent() -> K {
    K::Sent { message: Blob::default(), compressed: None }
}
fn received() -> K {
    K::Received { message: Blob::default(), compressed: None }
}
fn headers() -> K {
    K::Headers { metadata: vec![] }
}
fn finished() -> K {
    K::Finished { status: Status::default(), wire: None }
}

#[test]
fn unary_on_a_new_connection() {
    check(
        vec![
            (10, K::Resolved { addresses: vec![] }),
            (30, K::Connected { peer: String::new() }),
            (70, K::Secured(Default::default())),
            (75, sent()),
            (76, K::HalfClosed),
            (170, headers()),
            (175, received()),
            (180, K::Trailers { metadata: vec![] }),
            (181, finished()),
        ],
        Timings {
            reused: false,
            resolve_ns: Some(10),
            connect_ns: Some(20),
            tls_ns: Some(40),
            send_ns: Some(5),
            wait_ns: Some(100),
            headers_at_ns: Some(170),
            receive_ns: Some(0),
            trailers_ns: Some(6),
            total_ns: 181,
            ..Timings::default()
        },
    );
}

#[test]
fn stream_on_a_reused_connection() {
    check(
        vec![
            (2, K::Reused { peer: String::new(), tls: None }),
            (3, sent()),
            (9, sent()),
            (13, headers()),
            (13, received()),
            (50, received()),
            (60, finished()),
        ],
        Timings {
            reused: true,
            send_ns: Some(1),
            wait_ns: Some(10),
            headers_at_ns: Some(13),
            receive_ns: Some(37),
            trailers_ns: Some(10),
            total_ns: 60,
            ..Timings::default()
        },
    );
}

#[test]
fn failure_without_a_message() {
    check(
        vec![(1, K::Reused { peer: String::new(), tls: None }), (2, sent()), (9, finished())],
        Timings {
            reused: true,
            send_ns: Some(1),
            wait_ns: Some(7),
            total_ns: 9,
            ..Timings::default()
        },
    );
    check(vec![(4, finished())], Timings { wait_ns: Some(4), total_ns: 4, ..Timings::default() });
}

#[test]
fn phases_of_the_last_attempt_and_the_total_of_all() {
    let retrying =
        |number, backoff_ns| K::Retrying(Attempt { number, backoff_ns, ..Attempt::default() });
    check(
        vec![
            (10, K::Resolved { addresses: vec![] }),
            (30, K::Connected { peer: String::new() }),
            (35, sent()),
            (80, K::Trailers { metadata: vec![] }),
            (81, retrying(1, 100)),
            (190, K::Reused { peer: String::new(), tls: None }),
            (195, sent()),
            (200, retrying(2, 1000)),
            (1210, K::Connected { peer: String::new() }),
            (1215, sent()),
            (1300, headers()),
            (1310, received()),
            (1320, finished()),
        ],
        Timings {
            retry_ns: Some(1200),
            connect_ns: Some(10),
            send_ns: Some(5),
            wait_ns: Some(95),
            headers_at_ns: Some(1300),
            receive_ns: Some(0),
            trailers_ns: Some(10),
            total_ns: 1320,
            ..Timings::default()
        },
    );
}
