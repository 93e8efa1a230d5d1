//! Flags that limit sockets: what a client hears, and what is counted.

use crate::{metric, metric_becomes};
use wirelab_tests::process::eventually;
use wirelab_tests::servers::{Bridge, Sample};
use wirelab_tests::socket::Socket;

const OURS: &[(&str, &str)] = &[("sec-websocket-protocol", "wirelab.v1")];

fn calls(method: &str, code: &str) -> String {
    format!(
        "wirelab_bridge_calls_total{{method=\"everything.v1.Everything/{method}\",face=\"websocket\",code=\"{code}\"}}"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_passes_a_limit_ends_and_is_counted_as_it_is_told() {
    let sample = Sample::start();
    let (short, long) =
        ("{\"far\":\"a\"}".to_owned(), format!("{{\"far\":\"{}\"}}", "a".repeat(99)));
    for (flags, said, end, close, code) in [
        ("--ws-start-timeout 200ms", None, 4, 4004, "DEADLINE_EXCEEDED"),
        ("--ws-idle-timeout 200ms", Some(&short), 4, 4004, "DEADLINE_EXCEEDED"),
        ("--ws-max-duration 200ms", Some(&short), 4, 4004, "DEADLINE_EXCEEDED"),
        ("--ws-max-compressed-size 64", Some(&long), 8, 1009, "RESOURCE_EXHAUSTED"),
        ("--max-message-size 64", Some(&long), 8, 1009, "RESOURCE_EXHAUSTED"),
    ] {
        let flags: Vec<&str> = flags.split(' ').collect();
        let bridge = Bridge::before(&sample.address, &flags);
        let target = "/everything.v1.Everything/EchoBidi";
        let mut socket = Socket::open(&bridge.address, target, OURS).await.expect("a socket");
        if let Some(said) = said {
            assert!(socket.say(said).await);
        }
        let heard = loop {
            match socket.hear().await {
                heard if heard.starts_with("@head") || heard == short => {}
                heard => break heard,
            }
        };
        assert!(heard.starts_with(&format!("@end {{\"code\":{end},")), "{flags:?}: {heard}");
        let heard = socket.hear().await;
        assert!(heard.starts_with(&format!("close {close}")), "{flags:?}: {heard}");
        metric_becomes(&bridge.address, &calls("EchoBidi", code), 1.0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_client_is_closed_or_misses_messages_where_flags_say_so() {
    let sample = Sample::start();
    let given_up = "wirelab_bridge_websocket_given_up_total{reason=\"slow\"}";
    let dropped = "wirelab_bridge_dropped_messages_total";
    for (policy, counted) in [("close", given_up), ("drop-oldest", dropped)] {
        let flags = ["--ws-slow-consumer", policy, "--ws-queue-messages", "2"];
        let bridge = Bridge::before(&sample.address, &flags);
        let target = "/everything.v1.Everything/EchoServerStream";
        let mut socket = Socket::open_slow(&bridge.address, target, OURS).await.expect("a socket");
        let count = 1_000;
        assert!(
            socket.say(&format!("@start {{\"metadata\":{{\"demo-count\":\"{count}\"}}}}")).await
        );
        assert!(socket.say(&format!("{{\"far\":\"{}\"}}", "x".repeat(16 << 10))).await);
        eventually(counted, || metric(&bridge.address, counted).filter(|count| *count > 0.0));
        socket.hurry();
        let (mut messages, mut missed) = (0, 0);
        let end = loop {
            let heard = socket.hear().await;
            match heard.strip_prefix("@dropped {\"count\":").and_then(|rest| rest.strip_suffix('}'))
            {
                Some(count) => missed += count.parse::<usize>().expect("a number"),
                None if heard.starts_with("{\"far\"") => messages += 1,
                None if heard.starts_with("@head") => {}
                None => break heard,
            }
        };
        let close = socket.hear().await;
        if policy == "close" {
            assert!(
                end.starts_with("@end {\"code\":8,") && close.starts_with("close 1013"),
                "{end}"
            );
            metric_becomes(&bridge.address, &calls("EchoServerStream", "RESOURCE_EXHAUSTED"), 1.0);
        } else {
            assert_eq!(
                (end.as_str(), close.as_str()),
                ("@end {\"code\":0,\"status\":\"OK\"}", "close 1000")
            );
            assert!(missed > 0, "{messages}");
            assert_eq!(messages + missed, count);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pings_go_as_often_as_a_flag_says_and_their_round_trips_are_told() {
    let sample = Sample::start();
    let bridge = Bridge::before(&sample.address, &["--ws-ping-interval", "20ms"]);
    let target = "/everything.v1.Everything/EchoBidi";
    let mut socket = Socket::open(&bridge.address, target, OURS).await.expect("a socket");
    assert!(socket.say("@start").await);
    assert!(socket.hear().await.starts_with("@head"));
    // It answers pings while it listens, and hears nothing else.
    let listening = tokio::spawn(async move { socket.hear().await });
    let pongs = "wirelab_bridge_websocket_ping_seconds_count";
    eventually("pongs", || metric(&bridge.address, pongs).filter(|count| *count >= 3.0));
    let sum = metric(&bridge.address, "wirelab_bridge_websocket_ping_seconds_sum");
    assert!(sum.is_some_and(|sum| sum > 0.0), "{sum:?}");
    listening.abort();
}
