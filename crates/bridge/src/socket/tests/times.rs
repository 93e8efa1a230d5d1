//! Pings, time limits and what of a lost socket waits, with a clock that goes when nothing else does.

use super::Rig;
use crate::socket::options::{ResumeOptions, SocketOptions};
use std::time::Duration;
use tokio::time::{Instant, sleep};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn a_ping_goes_every_interval_and_its_round_trip_is_counted() {
    let rig = Rig::echo(SocketOptions::default());
    let (mut client, session) = rig.open(4096);
    client.say("@start").await;
    // The client answers pings while it listens, and hears nothing else.
    assert!(tokio::time::timeout(seconds(95), client.hear()).await.is_err());
    let counts = rig.counts();
    assert_eq!((counts.pings, counts.pongs, counts.open), (3, 3, 1));
    client.say("@half-close").await;
    assert_eq!(client.hear().await, "@end {\"code\":0,\"status\":\"OK\"}");
    assert_eq!(client.hear().await, "close 1000");
    drop(client);
    session.await.unwrap();
    assert_eq!(rig.counts().open, 0);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_answer_is_given_up_after_the_timeout() {
    let rig = Rig::echo(SocketOptions {
        ping_interval: Some(seconds(7)),
        pong_timeout: seconds(4),
        ..Default::default()
    });
    let begun = Instant::now();
    let (mut client, session) = rig.open(4096);
    client.say("@start").await;
    session.await.unwrap();
    assert_eq!(begun.elapsed(), seconds(11));
    assert_eq!(rig.counts().silent, 1);
}

#[tokio::test(start_paused = true)]
async fn each_limit_of_time_ends_the_socket_in_words() {
    let none = || SocketOptions { ping_interval: None, ..SocketOptions::default() };
    for (options, said, wanted, after) in [
        (none(), "", "nothing came that begins the call for 30s", 30),
        (
            SocketOptions { idle_timeout: Some(seconds(60)), ..none() },
            "@start",
            "no message went either way for 60s",
            60,
        ),
        (
            SocketOptions { max_duration: Some(seconds(90)), ..none() },
            "@start",
            "the socket was open for 90s",
            90,
        ),
    ] {
        let rig = Rig::echo(options);
        let begun = Instant::now();
        let (mut client, _session) = rig.open(4096);
        if !said.is_empty() {
            client.say(said).await;
        }
        let end = format!(
            "@end {{\"code\":4,\"message\":\"{wanted}\",\"status\":\"DEADLINE_EXCEEDED\"}}"
        );
        assert_eq!(client.hear().await, end);
        assert_eq!(client.hear().await, format!("close 4004 {wanted}"));
        assert_eq!(begun.elapsed(), seconds(after), "{wanted}");
    }
}

#[tokio::test(start_paused = true)]
async fn messages_put_the_idle_limit_off() {
    let rig = Rig::echo(SocketOptions {
        idle_timeout: Some(seconds(60)),
        ping_interval: None,
        ..Default::default()
    });
    let begun = Instant::now();
    let (mut client, _session) = rig.open(4096);
    for _ in 0..3 {
        client.say("{}").await;
        assert_eq!(client.hear().await, "{}");
        sleep(seconds(50)).await;
    }
    assert!(client.hear().await.contains("no message went either way"));
    assert_eq!(begun.elapsed(), seconds(160));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_close_is_not_waited_for_longer_than_it_may() {
    let rig = Rig::echo(SocketOptions::default());
    let begun = Instant::now();
    let (mut client, session) = rig.open(4096);
    client.say("@half-close").await;
    session.await.unwrap();
    assert_eq!(begun.elapsed(), seconds(10));
}

#[tokio::test(start_paused = true)]
async fn when_the_bridge_goes_sockets_are_told() {
    let rig = Rig::echo(SocketOptions::default());
    let (mut client, _session) = rig.open(4096);
    client.say("{}").await;
    assert_eq!(client.hear().await, "{}");
    rig.shared.life.closing.cancel();
    assert!(client.hear().await.starts_with("@end {\"code\":14,"));
    assert!(client.hear().await.starts_with("close 1001"));
}

#[tokio::test(start_paused = true)]
async fn a_lost_stream_waits_for_its_window_and_no_longer() {
    for (wait, wanted) in [(59, "@resumed {\"requests\":1}"), (61, "@end {\"code\":5,")] {
        let resume = ResumeOptions { window: seconds(60), ..ResumeOptions::default() };
        let rig = Rig::echo(SocketOptions { resume, ..SocketOptions::default() });
        let (mut client, session) = rig.open(4096);
        client.say("@start {\"resumable\":true}").await;
        let told = client.hear().await;
        let id = told.split('"').nth(3).unwrap().to_owned();
        client.say("{}").await;
        assert_eq!(client.hear().await, "{}");
        drop(client);
        sleep(seconds(wait)).await;
        assert_eq!(rig.counts().parked, u64::from(wait < 60));
        let (mut client, _session) = rig.open(4096);
        client.say(&format!("@resume {{\"stream\":\"{id}\",\"after\":0}}")).await;
        let heard = client.hear().await;
        assert!(heard.starts_with(wanted), "{heard}");
        if wait < 60 {
            assert_eq!(client.hear().await, "{}");
            assert_eq!(rig.counts().resumed, 1);
        }
        session.await.unwrap();
    }
}
