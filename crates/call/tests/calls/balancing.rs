//! Addresses with several instances, and which of them calls go to.

use crate::support::*;
use futures_util::StreamExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use wirelab_call::{Client, EJECT_AFTER, Invoke, requests};
use wirelab_model::{
    BalancingPolicy, CallEventKind, CallKind, CallSpec, ChannelInfo, InstanceState, ProblemKind,
};

/// A server that answers with its name.
async fn named(name: &'static str) -> Server {
    grpc(move |request, mut reply| async move {
        read(request).await;
        reply.all(&[name.as_bytes()], "0");
    })
    .await
}

/// An address where nothing listens.
async fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().to_string()
}

fn over(addresses: &[&str], policy: BalancingPolicy) -> CallSpec {
    let mut spec = spec(&format!("ipv4:{}", addresses.join(",")), CallKind::Unary);
    spec.endpoint.balancing.policy = Some(policy);
    spec
}

/// Who answered, one letter a call.
async fn answers(client: &Client, spec: &CallSpec, calls: usize) -> String {
    let mut out = String::new();
    for _ in 0..calls {
        let call = call(client, spec.clone(), &[b""]).await;
        out += match call.received().first() {
            Some(name) => std::str::from_utf8(name).unwrap(),
            None => "-",
        };
    }
    out
}

fn states(info: &ChannelInfo) -> Vec<InstanceState> {
    info.instances.iter().map(|instance| instance.state).collect()
}

#[tokio::test]
async fn policies() {
    use BalancingPolicy::*;
    let (a, b, c) = (named("a").await, named("b").await, named("c").await);
    let addresses = [a.address.as_str(), &b.address, &c.address];
    let client = Client::new();
    // Without weights from a registry all weigh the same.
    for (policy, want) in [(PickFirst, "aaaaaa"), (RoundRobin, "abcabc"), (Weighted, "abcabc")] {
        let spec = over(&addresses, policy);
        assert_eq!(answers(&client, &spec, 6).await, want, "{policy:?}");
    }
    let spec = over(&addresses, LeastRequest);
    let all = answers(&client, &spec, 60).await;
    assert!(["a", "b", "c"].iter().all(|name| all.contains(name)), "{all}");
    let info = client.channel(&spec.endpoint).await;
    assert_eq!((info.resolver.as_str(), info.policy, info.problem), ("ipv4", LeastRequest, None));
    assert_eq!(info.instances.iter().map(|one| one.calls).sum::<u64>(), 60);
    assert!(info.instances.iter().zip(addresses).all(|(one, address)| one.address == address
        && one.state == InstanceState::Ready
        && one.weight == 1
        && one.active == 0));
    // The service config names a policy where the endpoint does not.
    let mut spec = over(&addresses, PickFirst);
    spec.endpoint.balancing.policy = None;
    assert_eq!(answers(&client, &spec, 3).await, "aaa");
    spec.endpoint.service_config = Some(r#"{"loadBalancingConfig": [{"round_robin": {}}]}"#.into());
    assert_eq!(answers(&client, &spec, 3).await, "abc");
}

#[tokio::test]
async fn what_is_told_of_a_pick() {
    let (a, b) = (named("a").await, named("b").await);
    let client = Client::new();
    let spec = over(&[&a.address, &b.address], BalancingPolicy::RoundRobin);
    let first = call(&client, spec.clone(), &[b"x"]).await;
    assert_eq!(
        first.steps(),
        "resolved picked connected sent:1 half-closed headers received:1 trailers OK"
    );
    let CallEventKind::Resolved { addresses } = &first.events[0].kind else { panic!() };
    assert_eq!(*addresses, [a.address.clone(), b.address.clone()]);
    let picked = CallEventKind::Picked { instance: a.address.clone(), ready: 2, of: 2 };
    assert_eq!(first.events[1].kind, picked);
    assert_eq!(call(&client, spec.clone(), &[b"x"]).await.picked(), [&b.address]);
    let third = call(&client, spec, &[b"x"]).await;
    assert_eq!(third.steps(), "picked reused sent:1 half-closed headers received:1 trailers OK");
}

#[tokio::test]
async fn an_instance_that_is_not_there_is_passed_over_within_the_call() {
    const REST: &str = "connected sent:1 half-closed headers received:1 trailers OK";
    let (dead, a) = (nowhere().await, named("a").await);
    // What is looked for is the first that can be connected to: that others cannot is no attempt.
    let spec = over(&[&dead, &a.address], BalancingPolicy::PickFirst);
    let client = Client::new();
    let first = call(&client, spec.clone(), &[b"x"]).await;
    assert_eq!(first.steps(), format!("resolved picked picked {REST}"));
    assert_eq!(first.picked(), [&dead, &a.address]);
    // From then on it stays there.
    assert_eq!(call(&client, spec, &[b"x"]).await.picked(), [&a.address]);

    let spec = over(&[&dead, &a.address], BalancingPolicy::RoundRobin);
    let first = call(&client, spec.clone(), &[b"x"]).await;
    let rest = REST.replace("connected", "reused");
    assert_eq!(first.steps(), format!("resolved picked retrying:1 picked {rest}"));
    let CallEventKind::Retrying(attempt) = &first.events[2].kind else { panic!() };
    assert_eq!((attempt.number, attempt.backoff_ns), (1, 0));
    assert_eq!(attempt.instance.as_ref(), Some(&dead));
    assert_eq!(attempt.status.message, format!("nothing is listening at {dead}"));
    assert!((1..=first.events[2].at_ns).contains(&attempt.ended_at_ns));

    let other = nowhere().await;
    let none = call(&client, over(&[&dead, &other], BalancingPolicy::RoundRobin), &[b"x"]).await;
    assert_eq!(none.steps(), "resolved picked retrying:1 picked UNAVAILABLE");
    assert_eq!(none.problem().kind, ProblemKind::Unreachable);
    assert_eq!(none.problem().message, format!("nothing is listening at {other}"));
}

#[tokio::test]
async fn instances_that_fail_are_ejected() {
    let (dead, a) = (nowhere().await, named("a").await);
    let spec = over(&[&dead, &a.address], BalancingPolicy::RoundRobin);
    let client = Client::new();
    let mut tried = 0;
    for _ in 0..20 {
        let call = call(&client, spec.clone(), &[b"x"]).await;
        assert_eq!(call.status().name(), "OK");
        tried += call.picked().iter().filter(|picked| **picked == dead).count();
    }
    assert_eq!(tried, EJECT_AFTER as usize);
    let info = client.channel(&spec.endpoint).await;
    let gone = &info.instances[0];
    assert!(matches!(gone.state, InstanceState::Ejected { for_ms: 1.. }), "{gone:?}");
    assert_eq!((gone.failures, gone.calls), (EJECT_AFTER, u64::from(EJECT_AFTER)));
    assert_eq!(gone.problem.as_ref().unwrap().kind, ProblemKind::Unreachable);
    assert_eq!(info.instances[1].state, InstanceState::Ready);
    // Only one is there to be picked.
    let last = call(&client, spec.clone(), &[b"x"]).await;
    let picked = CallEventKind::Picked { instance: a.address.clone(), ready: 1, of: 2 };
    assert_eq!(last.events[0].kind, picked);

    let mut never = spec;
    never.endpoint.balancing.never_eject = true;
    let mut tried = 0;
    for _ in 0..20 {
        tried += usize::from(call(&client, never.clone(), &[b"x"]).await.picked()[0] == dead);
    }
    // After the one that answered it is the other's turn.
    assert_eq!(tried, 20);
    let info = client.channel(&never.endpoint).await;
    assert_eq!(states(&info), [InstanceState::Failed, InstanceState::Ready]);
}

#[tokio::test]
async fn instances_that_answer_unavailable_are_ejected_and_used_again_when_all_are() {
    let down = || async {
        grpc(|request, mut reply| async move {
            read(request).await;
            reply.head(200, &[("grpc-status", "14")], true);
        })
        .await
    };
    let (a, b) = (down().await, down().await);
    let spec = over(&[&a.address, &b.address], BalancingPolicy::RoundRobin);
    let client = Client::new();
    // A call is better tried than not made: the one that is free again first is asked, as a trial.
    for _ in 0..4 * EJECT_AFTER {
        let call = call(&client, spec.clone(), &[b"x"]).await;
        assert_eq!(call.status().name(), "UNAVAILABLE");
        assert_eq!(call.problem().kind, ProblemKind::Status);
    }
    let info = client.channel(&spec.endpoint).await;
    let ejected = |one: &InstanceState| matches!(one, InstanceState::Ejected { .. });
    assert!(states(&info).iter().all(ejected), "{info:?}");
    // Other statuses are answers: they come from a server that works.
    let refusing = || async {
        grpc(|request, mut reply| async move {
            read(request).await;
            reply.head(200, &[("grpc-status", "7")], true);
        })
        .await
    };
    let (a, b) = (refusing().await, refusing().await);
    let spec = over(&[&a.address, &b.address], BalancingPolicy::RoundRobin);
    for _ in 0..4 * EJECT_AFTER {
        call(&client, spec.clone(), &[b"x"]).await;
    }
    let info = client.channel(&spec.endpoint).await;
    assert_eq!(states(&info), [InstanceState::Ready; 2]);
    assert!(info.instances.iter().all(|one| one.problem.is_none() && one.failures == 0));
}

#[tokio::test]
async fn one_instance_is_never_ejected() {
    let dead = nowhere().await;
    let client = Client::new();
    let spec = spec(&dead, CallKind::Unary);
    for _ in 0..2 * EJECT_AFTER {
        let steps = call(&client, spec.clone(), &[b"x"]).await.steps();
        assert_eq!(steps.replace("resolved ", ""), "UNAVAILABLE");
    }
    let info = client.channel(&spec.endpoint).await;
    assert_eq!(states(&info), [InstanceState::Failed]);
    assert_eq!(info.instances[0].failures, 2 * EJECT_AFTER);
}

#[tokio::test]
async fn an_endpoint_that_is_wrong_says_so() {
    let good = named("a").await;
    let mut table = vec![
        (spec("ftp://x", CallKind::Unary), "ftp://x"),
        (spec(&good.address, CallKind::Unary), "keepalive_ms"),
        (spec(&good.address, CallKind::Unary), "service_config.methodConfig"),
    ];
    table[1].0.endpoint.keepalive_ms = Some(999);
    table[2].0.endpoint.service_config = Some(r#"{"methodConfig": 7}"#.into());
    for (spec, path) in table {
        let client = Client::new();
        let call = call(&client, spec.clone(), &[b""]).await;
        assert_eq!(call.steps(), "INVALID_ARGUMENT");
        assert_eq!(call.problem().path.as_deref(), Some(path));
        let info = client.channel(&spec.endpoint).await;
        assert_eq!(info.problem.unwrap().path.as_deref(), Some(path));
        assert!(info.instances.is_empty());
    }
}

/// A server at a socket in a folder that goes with the value.
#[cfg(unix)]
async fn at_socket() -> (tempfile::TempDir, String, tokio::task::JoinHandle<()>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s").to_str().unwrap().to_owned();
    let listening = listen(&path);
    (folder, path, listening)
}

#[cfg(unix)]
fn listen(path: &str) -> tokio::task::JoinHandle<()> {
    let listener = tokio::net::UnixListener::bind(path).unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let handler = |request: http::Request<h2::RecvStream>, mut reply: Reply| async move {
                assert_eq!(request.uri().authority().unwrap(), "localhost");
                read(request).await;
                reply.all(&[b"a"], "0");
            };
            tokio::spawn(http2(stream, handler, h2::server::Builder::new()));
        }
    })
}

#[cfg(unix)]
#[tokio::test]
async fn unix_sockets() {
    let (_folder, path, listening) = at_socket().await;
    let client = Client::new();
    let spec = spec(&format!("unix://{path}"), CallKind::Unary);
    let first = call(&client, spec.clone(), &[b"x"]).await;
    assert_eq!(
        first.steps(),
        "resolved connected sent:1 half-closed headers received:1 trailers OK"
    );
    assert_eq!(first.events[0].kind, CallEventKind::Resolved { addresses: vec![path.clone()] });
    assert_eq!(first.events[1].kind, CallEventKind::Connected { peer: path.clone() });
    assert!(first.wire().received > 0);
    let short = crate::support::spec(&format!("unix:{path}"), CallKind::Unary);
    let warm = "reused sent:1 half-closed headers received:1 trailers OK";
    assert_eq!(call(&client, spec.clone(), &[b"x"]).await.steps(), warm);
    assert_eq!(call(&client, short, &[b"x"]).await.steps(), format!("resolved {warm}"));
    let info = client.channel(&spec.endpoint).await;
    assert_eq!(info.resolver, "unix");
    assert_eq!((info.instances[0].address.as_str(), info.instances[0].calls), (path.as_str(), 2));

    // The socket is there, but nobody holds it; then it is not even there.
    listening.abort();
    let _ = listening.await;
    let client = Client::new();
    let problem = |call: Call| call.problem().message.clone();
    let refused = problem(call(&client, spec.clone(), &[b""]).await);
    assert_eq!(refused, format!("nothing is listening at unix:{path}"));
    std::fs::remove_file(&path).unwrap();
    let missing = problem(call(&client, spec, &[b""]).await);
    assert_eq!(missing, format!("there is no socket at unix:{path}"));
}

#[cfg(unix)]
#[tokio::test]
async fn waiting_for_a_server_that_comes_up_later() {
    let (_folder, path, listening) = at_socket().await;
    listening.abort();
    let _ = listening.await;
    std::fs::remove_file(&path).unwrap();
    let mut spec = spec(&format!("unix://{path}"), CallKind::Unary);
    spec.wait_for_ready = true;
    let client = Client::new();
    let late = CallSpec { deadline_ms: Some(1), ..spec.clone() };
    assert_eq!(call(&client, late, &[b"x"]).await.status().name(), "DEADLINE_EXCEEDED");
    let mut events = client.invoke(spec, requests([vec![1]]), CancellationToken::new());
    let waits = |kind: &CallEventKind| matches!(kind, CallEventKind::Waiting { .. });
    let mut all = read_until(&mut events, waits).await;
    let CallEventKind::Waiting { problem } = &all.last().unwrap().kind else { panic!("{all:?}") };
    assert_eq!(problem.message, format!("there is no socket at unix:{path}"));
    let _listening = listen(&path);
    all.extend(events.collect::<Vec<_>>().await);
    let steps = Call::new(all).steps();
    assert_eq!(
        steps.replace("resolved ", ""),
        "waiting connected sent:1 half-closed headers received:1 trailers OK"
    );
}

/// Serves calls, and a health service that says what `serving` says when it is asked.
async fn healthy(
    name: &'static str,
    serving: Arc<AtomicBool>,
    changed: Arc<tokio::sync::Notify>,
) -> Server {
    grpc(move |request, mut reply| {
        let (serving, changed) = (serving.clone(), changed.clone());
        async move {
            let path = request.uri().path().to_owned();
            let body = read(request).await;
            if path != "/grpc.health.v1.Health/Watch" {
                return reply.all(&[name.as_bytes()], "0");
            }
            // A request for the service `shop`.
            assert_eq!(body, framed(0, b"\x0a\x04shop"));
            reply.open();
            loop {
                reply.message(if serving.load(SeqCst) { b"\x08\x01" } else { b"\x08\x02" });
                changed.notified().await;
            }
        }
    })
    .await
}

#[tokio::test]
async fn unhealthy_instances_are_left_out() {
    let flags: Vec<Arc<AtomicBool>> =
        [true, false].into_iter().map(|flag| Arc::new(AtomicBool::new(flag))).collect();
    let changed: Vec<Arc<tokio::sync::Notify>> = (0..2).map(|_| Arc::default()).collect();
    let a = healthy("a", flags[0].clone(), changed[0].clone()).await;
    let b = healthy("b", flags[1].clone(), changed[1].clone()).await;
    // One that has no health service can be called.
    let c = grpc(|request, mut reply| async move {
        let health = request.uri().path().starts_with("/grpc.health");
        read(request).await;
        match health {
            true => reply.head(200, &[("grpc-status", "12")], true),
            false => reply.all(&[b"c"], "0"),
        }
    })
    .await;
    let mut spec = over(&[&a.address, &b.address, &c.address], BalancingPolicy::RoundRobin);
    spec.endpoint.balancing.health = Some("shop".into());
    let client = Client::new();
    let settled = async |want: [bool; 3]| loop {
        let info = client.channel(&spec.endpoint).await;
        let known = info.instances.iter().all(|one| one.state != InstanceState::Connecting);
        let healthy = info.instances.iter().map(|one| one.state != InstanceState::Unhealthy);
        if known && healthy.eq(want) {
            return info;
        }
        tokio::task::yield_now().await;
    };
    // A call waits until it is known who is healthy.
    assert_eq!(call(&client, spec.clone(), &[b""]).await.status().name(), "OK");
    let info = settled([true, false, true]).await;
    let problem = info.instances[1].problem.as_ref().unwrap();
    assert_eq!(problem.message, "its health service says NOT_SERVING for `shop`");
    let all = answers(&client, &spec, 8).await;
    assert!(!all.contains('b') && all.contains('a') && all.contains('c'), "{all}");
    flags[0].store(false, SeqCst);
    changed[0].notify_one();
    settled([false, false, true]).await;
    assert_eq!(answers(&client, &spec, 3).await, "ccc");
    flags[1].store(true, SeqCst);
    changed[1].notify_one();
    settled([false, true, true]).await;
    let all = answers(&client, &spec, 4).await;
    assert!(all == "bcbc" || all == "cbcb", "{all}");
}

#[tokio::test]
async fn when_nobody_is_healthy() {
    let serving = Arc::new(AtomicBool::new(false));
    let changed = Arc::new(tokio::sync::Notify::new());
    let a = healthy("a", serving.clone(), changed.clone()).await;
    let mut spec = spec(&a.address, CallKind::Unary);
    spec.endpoint.balancing.health = Some("shop".into());
    let client = Client::new();
    let failed = call(&client, spec.clone(), &[b""]).await;
    assert_eq!(failed.steps(), "resolved UNAVAILABLE");
    let message = failed.problem().message.replace(&a.address, "ADDR");
    assert_eq!(message, "the instance behind ADDR says that it is not healthy");
    // A call that waits goes on as soon as that changes.
    spec.wait_for_ready = true;
    let mut events = client.invoke(spec, requests([vec![1]]), CancellationToken::new());
    let waits = |kind: &CallEventKind| matches!(kind, CallEventKind::Waiting { .. });
    read_until(&mut events, waits).await;
    serving.store(true, SeqCst);
    changed.notify_one();
    assert_eq!(Call::end(events.collect().await).name(), "OK");
}

#[tokio::test]
async fn the_round_trip_of_a_ping_is_told() {
    let gate = Arc::new(tokio::sync::Notify::new());
    let opened = gate.clone();
    let server = grpc(move |request, mut reply| {
        let gate = opened.clone();
        async move {
            read(request).await;
            gate.notified().await;
            reply.all(&[b"a"], "0");
        }
    })
    .await;
    let mut spec = spec(&server.address, CallKind::Unary);
    spec.endpoint.keepalive_ms = Some(60_000);
    let client = Client::new();
    let mut events = client.invoke(spec.clone(), requests([vec![1]]), CancellationToken::new());
    let pinged = |kind: &CallEventKind| matches!(kind, CallEventKind::Pinged { .. });
    let mut all = read_until(&mut events, pinged).await;
    let CallEventKind::Pinged { rtt_ns } = all.last().unwrap().kind else { panic!("{all:?}") };
    gate.notify_one();
    all.extend(events.collect::<Vec<_>>().await);
    assert_eq!(Call::new(all).status().name(), "OK");
    let info = client.channel(&spec.endpoint).await;
    assert_eq!(info.instances[0].rtt_ns, Some(rtt_ns));
}
