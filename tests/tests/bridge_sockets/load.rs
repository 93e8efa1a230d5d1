//! Ten thousand open streams, half of them slow.

use crate::memory::Memory;
use crate::{AT_ONCE, BETWEEN, PATIENCE, many, metric, metric_becomes, sockets};
use std::time::Instant;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wirelab_tests::servers::{Bridge, Sample};
use wirelab_tests::socket::Socket;

/// What an idle stream may take of the bridge, bytes; `WEBSOCKET.md` says what it takes.
const IDLE_BYTES: u64 = 32 << 10;
/// The same for one whose client takes nothing while more waits for it than anybody wants to hold.
const SLOW_BYTES: u64 = 320 << 10;

/// Messages of each slow stream, and the bytes of one: 1 MB.
const MESSAGES: usize = 64;
const MESSAGE_BYTES: usize = 16 << 10;
/// How many of the slow ones read on to the end before the server goes.
const PATIENT: usize = 200;
/// How often nothing may have moved before it stands still.
const STILL: usize = 10;

const IDLE: &str = "/everything.v1.Everything/EchoBidi";
const SLOW: &str = "/everything.v1.Everything/EchoServerStream";
const OURS: &[(&str, &str)] = &[("sec-websocket-protocol", "wirelab.v1")];

/// When clients do what they do next.
#[derive(Clone, Default)]
struct Signals {
    /// Idle ones send a message again.
    again: CancellationToken,
    /// Slow ones read on.
    read: CancellationToken,
}

/// What a client heard until its socket was closed.
#[derive(Debug, Default, PartialEq, Eq)]
struct Heard {
    messages: usize,
    end: String,
    close: String,
}

/// Opens an idle stream: a message went there and back, and the next may come at any time.
async fn idle(address: String, signals: Signals) -> JoinHandle<Heard> {
    let mut socket = Socket::open(&address, IDLE, OURS).await.expect("an open socket");
    assert!(socket.say("{\"far\":\"here\"}").await);
    assert_eq!(socket.hear().await, "@head {\"metadata\":{}}");
    assert_eq!(socket.hear().await, "{\"far\":\"here\"}");
    tokio::spawn(async move {
        let mut heard = Heard { messages: 1, ..Heard::default() };
        let mut asked = false;
        loop {
            let text = tokio::select! {
                text = socket.hear() => text,
                () = signals.again.cancelled(), if !asked => {
                    asked = socket.say("{\"far\":\"again\"}").await;
                    continue;
                }
            };
            match text.as_str() {
                "{\"far\":\"again\"}" => heard.messages += 1,
                _ => return ended(heard, text, &mut socket).await,
            }
        }
    })
}

/// Opens a slow stream: it has begun, and nothing more is read until it is told to.
async fn slow(address: String, read: CancellationToken) -> JoinHandle<Heard> {
    let mut socket = Socket::open_slow(&address, SLOW, OURS).await.expect("an open socket");
    let start = format!("@start {{\"metadata\":{{\"demo-count\":\"{MESSAGES}\"}}}}");
    assert!(socket.say(&start).await);
    assert!(socket.say(&format!("{{\"far\":\"{}\"}}", "x".repeat(MESSAGE_BYTES))).await);
    assert_eq!(socket.hear().await, "@head {\"metadata\":{}}");
    tokio::spawn(async move {
        read.cancelled().await;
        socket.hurry();
        let mut heard = Heard::default();
        loop {
            let text = socket.hear().await;
            match text.starts_with("{\"far\":\"x") {
                true => heard.messages += 1,
                false => return ended(heard, text, &mut socket).await,
            }
        }
    })
}

async fn ended(heard: Heard, end: String, socket: &mut Socket) -> Heard {
    let close = socket.hear().await;
    Heard { end, close, ..heard }
}

async fn all(clients: Vec<JoinHandle<Heard>>) -> Vec<Heard> {
    let mut heard = Vec::with_capacity(clients.len());
    for client in clients {
        heard.push(client.await.expect("a client that does not panic"));
    }
    heard
}

fn is_unavailable(heard: &Heard) -> bool {
    heard.end.starts_with("@end {\"code\":14,") && heard.close.starts_with("close 4014")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_with_a_slow_half_take_what_is_stated_and_end_with_their_server() {
    let count = sockets();
    let half = count / 2;
    let mut sample = Sample::start();
    let bridge = Bridge::before(&sample.address, &[]);
    let memory = || Memory::of(bridge.id());
    let signals = Signals::default();
    let client = || idle(bridge.address.clone(), signals.clone());

    // What is made once is not counted.
    let mut clients = many(AT_ONCE, client).await;
    let before = memory().now;
    clients.extend(many(half - AT_ONCE, client).await);
    let idle = memory().now;

    let patience = CancellationToken::new();
    let address = &bridge.address;
    let mut patient = many(PATIENT, || slow(address.clone(), patience.clone())).await;
    let slow = many(count - half - PATIENT, || slow(address.clone(), signals.read.clone())).await;
    stands_still(address);
    let full = memory();
    let each = |bytes: u64, streams: usize| bytes.saturating_sub(before) / streams as u64;
    let idle_each = each(idle, half - AT_ONCE);
    let slow_each = full.now.saturating_sub(idle) / (count - half) as u64;
    println!(
        "{count} streams: {} KiB an idle one, {} KiB a slow one, {} MiB at most (bridge alone, {} MiB without any)",
        idle_each >> 10,
        slow_each >> 10,
        full.peak >> 20,
        before >> 20,
    );
    assert!(idle_each < IDLE_BYTES, "{idle_each} bytes an idle stream");
    assert!(slow_each < SLOW_BYTES, "{slow_each} bytes a slow stream");

    // Nobody waits for the slow ones, and those have missed nothing.
    signals.again.cancel();
    let messages =
        "wirelab_bridge_response_messages_total{method=\"everything.v1.Everything/EchoBidi\"";
    metric_becomes(address, messages, 2.0 * half as f64);
    patience.cancel();
    for heard in all(std::mem::take(&mut patient)).await {
        let end = "@end {\"code\":0,\"status\":\"OK\"}".to_owned();
        assert_eq!(heard, Heard { messages: MESSAGES, end, close: "close 1000".to_owned() });
    }

    sample.kill();
    for heard in all(clients).await {
        assert!(heard.messages == 2 && is_unavailable(&heard), "{heard:?}");
    }
    signals.read.cancel();
    for heard in all(slow).await {
        assert!(heard.messages < MESSAGES && is_unavailable(&heard), "{heard:?}");
    }
    let ended = "wirelab_bridge_calls_total{method=\"everything.v1.Everything/";
    let unavailable =
        |method: &str| format!("{ended}{method}\",face=\"websocket\",code=\"UNAVAILABLE\"}}");
    metric_becomes(address, &unavailable("EchoBidi"), half as f64);
    metric_becomes(address, &unavailable("EchoServerStream"), (count - half - PATIENT) as f64);
    metric_becomes(address, "wirelab_bridge_open_calls", 0.0);
}

/// Waits until no message of the slow streams moves any longer.
fn stands_still(address: &str) {
    let start = "wirelab_bridge_response_messages_total{method=\"everything.v1.Everything/EchoServerStream\"";
    let (mut last, mut still) = (None, 0);
    let until = Instant::now() + PATIENCE;
    while still < STILL {
        assert!(Instant::now() < until, "messages move and move");
        std::thread::sleep(BETWEEN);
        let now = metric(address, start);
        still = if now == last { still + 1 } else { 0 };
        last = now;
    }
}
