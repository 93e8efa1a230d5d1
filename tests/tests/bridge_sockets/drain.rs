//! The end while thousands of streams are open: what was accepted is answered to its end.

use crate::{bridge_with_admin, many, metric, sockets};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use tokio::task::JoinHandle;
use wirelab_tests::process::eventually;
use wirelab_tests::servers::Sample;
use wirelab_tests::socket::{Refused, Socket};

/// Streams under way that end by themselves, and those that never would.
const FINITE: usize = 300;
const ENDLESS: usize = 300;
/// Messages of one that ends, and the milliseconds between two of them: it is under way when the bridge is told to end.
const MESSAGES: usize = 15;
const INTERVAL_MS: usize = 200;
/// Clients that open a socket for one call after the other, until nobody accepts any longer.
const CALLERS: usize = 16;

const OURS: &[(&str, &str)] = &[("sec-websocket-protocol", "wirelab.v1")];
const OK: &str = "@end {\"code\":0,\"status\":\"OK\"}";

/// What a client heard after the head: how many messages, and the last two frames.
async fn rest(socket: &mut Socket) -> (usize, String, String) {
    let mut messages = 0;
    loop {
        let text = socket.hear().await;
        match text.starts_with('{') {
            true => messages += 1,
            false => return (messages, text, socket.hear().await),
        }
    }
}

/// Begins a stream; gives what it comes to.
async fn stream(address: &str, count: usize) -> JoinHandle<(usize, String, String)> {
    let target = "/everything.v1.Everything/EchoServerStream";
    let mut socket = Socket::open(address, target, OURS).await.expect("an open socket");
    let start = format!(
        "@start {{\"metadata\":{{\"demo-interval-ms\":\"{INTERVAL_MS}\",\"demo-count\":\"{count}\"}}}}"
    );
    assert!(socket.say(&start).await && socket.say("{}").await);
    assert!(socket.hear().await.starts_with("@head"));
    tokio::spawn(async move { rest(&mut socket).await })
}

/// Calls again and again; gives what went wrong.
async fn caller(address: String, opened: Arc<AtomicUsize>) -> Option<String> {
    loop {
        let target = "/everything.v1.Everything/Echo";
        let mut socket = match Socket::open(&address, target, OURS).await {
            Ok(socket) => socket,
            // The end. What the system took in and the bridge did not accept before it closed its port is reset.
            Err(Refused::Nobody | Refused::Lost(_)) => return None,
            Err(other) => return Some(format!("{other:?}")),
        };
        opened.fetch_add(1, Relaxed);
        if !socket.say("{}").await || !socket.hear().await.starts_with("@head") {
            return Some("it was accepted and is gone".to_owned());
        }
        match rest(&mut socket).await {
            (1, end, close) if end == OK && close == "close 1000" => {}
            other => return Some(format!("{other:?}")),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_accepted_before_the_end_is_answered() {
    assert!(sockets() > FINITE + ENDLESS + CALLERS);
    let sample = Sample::start();
    let flags = ["--stream-grace", "15s", "--drain", "60s"];
    let (mut bridge, admin) = bridge_with_admin(&sample, &flags);
    let address = bridge.address.clone();
    let endless = many(ENDLESS, || stream(&address, 1_000_000)).await;
    let finite = many(FINITE, || stream(&address, MESSAGES)).await;
    let opened = Arc::new(AtomicUsize::new(0));
    let callers: Vec<_> =
        (0..CALLERS).map(|_| tokio::spawn(caller(address.clone(), opened.clone()))).collect();
    eventually("load", || (opened.load(Relaxed) > 2 * CALLERS).then_some(()));
    assert!(metric(&admin, "wirelab_bridge_open_calls").is_some_and(|open| open >= ENDLESS as f64));
    let id = bridge.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill runs").success());

    for caller in callers {
        assert_eq!(caller.await.unwrap(), None, "{}", bridge.said());
    }
    // Every request that it took was answered, and every answer came.
    let taken = "wirelab_bridge_requests_total{face=\"websocket\"";
    let opened = ENDLESS + FINITE + opened.load(Relaxed);
    assert_eq!(metric(&admin, taken), Some(opened as f64), "{}", bridge.said());
    for stream in finite {
        let heard = stream.await.unwrap();
        assert_eq!(heard, (MESSAGES, OK.to_owned(), "close 1000".to_owned()), "{}", bridge.said());
    }
    for stream in endless {
        let (_, end, close) = stream.await.unwrap();
        assert!(
            end.starts_with("@end {\"code\":14,") && close.starts_with("close 1001"),
            "{end} {close}"
        );
    }
    assert_eq!(bridge.wait(), 0, "{}", bridge.said());
}
