//! Many sockets at once, half of them slow.

use crate::rig::{Rig, Socket};
use futures_util::future::join_all;
use wirelab_bridge::Options;

/// Messages of each slow stream, and the bytes of one: together far more than a socket may hold.
const MESSAGES: usize = 300;
const MESSAGE_BYTES: usize = 4 << 10;
/// What one socket may take of this process, in which there are also its client and its server: bytes.
const MAX_BYTES: u64 = 512 << 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_sockets_with_a_slow_half_take_what_is_stated() {
    load(1_000).await;
}

/// `ulimit -n 65536; cargo test -p wirelab-bridge --test socket --release -- --ignored --nocapture ten_thousand`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes two descriptors for each of 10,000 sockets, and a minute"]
async fn ten_thousand_sockets_with_a_slow_half_take_what_is_stated() {
    load(10_000).await;
}

async fn load(count: usize) {
    let rig = Rig::new(Options::default()).await;
    // What is made once is not counted.
    let mut first = rig.open("/everything.v1.Everything/EchoBidi", &["wirelab.v1"]).await;
    first.say("{}").await;
    first.hear().await;
    let before = resident();
    let mut sockets = Vec::new();
    while sockets.len() < count {
        let some = (0..count.min(100))
            .map(|_| rig.open("/everything.v1.Everything/EchoServerStream", &["wirelab.v1"]));
        sockets.extend(join_all(some).await);
    }
    let slow = sockets.split_off(count / 2);
    let fast = join_all(sockets.into_iter().map(|socket| stream(socket, 3))).await;
    assert!(fast.into_iter().all(|heard| heard == 3));
    let mut waiting = Vec::new();
    for mut socket in slow {
        begin(&mut socket, MESSAGES).await;
        waiting.push(socket);
    }
    // The first message of each says that all streams are under way; more is read of none.
    for socket in &mut waiting {
        assert!(socket.hear().await.starts_with("@head"));
    }
    assert_eq!(rig.bridge.socket_counts().open as usize, waiting.len() + 1);
    let grown = resident().saturating_sub(before);
    let each = grown / count as u64;
    println!(
        "{count} sockets, {} of them slow: {} KiB each, client and server included",
        waiting.len(),
        each >> 10
    );
    assert!(each < MAX_BYTES, "{each} bytes a socket");
    // Nobody missed anything by being slow.
    for mut socket in waiting {
        assert_eq!(rest(&mut socket).await, MESSAGES);
    }
}

async fn begin(socket: &mut Socket, count: usize) {
    socket.say(&format!("@start {{\"metadata\":{{\"demo-count\":\"{count}\"}}}}")).await;
    socket.say(&format!("{{\"far\":\"{}\"}}", "x".repeat(MESSAGE_BYTES))).await;
}

async fn stream(mut socket: Socket, count: usize) -> usize {
    begin(&mut socket, count).await;
    assert!(socket.hear().await.starts_with("@head"));
    rest(&mut socket).await
}

/// How many messages come until the stream ends well.
async fn rest(socket: &mut Socket) -> usize {
    let mut messages = 0;
    loop {
        let heard = socket.hear().await;
        if heard.starts_with("@end") {
            assert_eq!(heard, "@end {\"code\":0,\"status\":\"OK\"}");
            assert_eq!(socket.hear().await, "close 1000");
            return messages;
        }
        assert!(heard.starts_with("{\"far\":\"x"), "{heard}");
        messages += 1;
    }
}

/// Bytes of memory that this process has; nothing where the system does not tell.
fn resident() -> u64 {
    let Ok(statm) = std::fs::read_to_string("/proc/self/statm") else { return 0 };
    let pages: u64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap();
    pages * 4096
}
