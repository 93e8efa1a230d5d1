//! Slow sides: what is read of the other meanwhile, and what each policy does.

use super::{Rig, finished, received};
use crate::socket::options::{SlowConsumer, SocketOptions};
use futures_util::{StreamExt, stream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use wirelab_model::CallEventKind;

/// A message with its number: `{"far":"N…"}`.
fn message(number: usize) -> CallEventKind {
    let text = format!("{number}{}", " ".repeat(1000));
    let mut wire = vec![0xfa, 0xff, 0xff, 0xff, 0x0f];
    assert!((128..16384).contains(&text.len()));
    wire.extend([text.len() as u8 | 0x80, (text.len() >> 7) as u8]);
    wire.extend_from_slice(text.as_bytes());
    received(wire.into())
}

/// A server with so many messages that counts how many were taken.
fn flood(options: SocketOptions, count: usize) -> (Rig, Arc<AtomicUsize>) {
    let taken = Arc::new(AtomicUsize::new(0));
    let counting = taken.clone();
    let rig = Rig::new(options, move |_| {
        let counting = counting.clone();
        let messages = stream::iter(0..count).map(move |number| {
            counting.fetch_add(1, Relaxed);
            message(number)
        });
        messages.chain(stream::iter([finished()]))
    });
    (rig, taken)
}

fn number(text: &str) -> usize {
    text.trim_start_matches("{\"far\":\"")
        .trim_end_matches(" \"}")
        .trim_end_matches("\"}")
        .trim()
        .parse()
        .unwrap()
}

/// Lets everybody do what can be done.
async fn settle() {
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_client_that_pauses_pauses_the_server_and_misses_nothing() {
    let (rig, taken) = flood(SocketOptions::default(), 1000);
    let (mut client, _session) = rig.open(8 << 10);
    client.say("@start").await;
    settle().await;
    let before = taken.load(Relaxed);
    assert!((1..40).contains(&before), "{before} messages were taken for a client that takes none");
    for wanted in 0..1000 {
        assert_eq!(number(&client.hear().await), wanted);
    }
    assert_eq!(client.hear().await, "@end {\"code\":0,\"status\":\"OK\"}");
    assert_eq!(client.hear().await, "close 1000");
}

#[tokio::test]
async fn the_oldest_messages_go_and_their_number_is_told_and_counted() {
    let options = SocketOptions {
        slow_consumer: SlowConsumer::DropOldest,
        queue_messages: 5,
        ..SocketOptions::default()
    };
    let (rig, taken) = flood(options, 1000);
    let (mut client, _session) = rig.open(8 << 10);
    client.say("@start").await;
    settle().await;
    assert_eq!(taken.load(Relaxed), 1000);
    let (mut next, mut dropped) = (0, 0);
    let end = loop {
        let heard = client.hear().await;
        if let Some(count) = heard.strip_prefix("@dropped {\"count\":") {
            dropped += count.trim_end_matches('}').parse::<usize>().unwrap();
            continue;
        }
        if heard.starts_with('@') {
            break heard;
        }
        // Each message that was left out is accounted for before the next.
        assert_eq!(number(&heard), next + dropped);
        next += 1;
    };
    assert_eq!(end, "@end {\"code\":0,\"status\":\"OK\"}");
    assert_eq!(next + dropped, 1000);
    assert!(dropped > 900, "{dropped}");
    let counts = rig.counts();
    assert_eq!((counts.dropped as usize, counts.waiting), (dropped, 0));
}

#[tokio::test]
async fn a_socket_that_is_too_slow_is_closed_for_it() {
    let options = SocketOptions {
        slow_consumer: SlowConsumer::Close1013,
        queue_messages: 5,
        ..SocketOptions::default()
    };
    let (rig, _) = flood(options, 1000);
    let (mut client, _session) = rig.open(8 << 10);
    client.say("@start").await;
    settle().await;
    let mut heard = client.hear().await;
    while heard.starts_with("{") {
        heard = client.hear().await;
    }
    assert!(heard.starts_with("@end {\"code\":8,"), "{heard}");
    assert!(client.hear().await.starts_with("close 1013 the client takes messages too slowly"));
    assert_eq!(rig.counts().slow, 1);
}

#[tokio::test]
async fn a_server_that_takes_nothing_pauses_the_client() {
    // It never asks for a request.
    let rig = Rig::new(SocketOptions::default(), |requests| {
        stream::pending().map(move |event: CallEventKind| (&requests, event).1)
    });
    let (mut client, _session) = rig.open(8 << 10);
    let text = format!("{{\"far\":\"{}\"}}", "x".repeat(1000));
    let sending = async {
        for sent in 0..1000 {
            if tokio::time::timeout(std::time::Duration::from_millis(200), client.say(&text))
                .await
                .is_err()
            {
                return sent;
            }
        }
        1000
    };
    let sent = sending.await;
    assert!((1..200).contains(&sent), "{sent} messages were read for a server that takes none");
}
