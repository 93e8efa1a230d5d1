//! Calls that are tried again, and those that must not be.

use crate::raw::*;
use crate::support::*;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wirelab_call::{Client, REPLAY_BYTES, requests};
use wirelab_model::{CallEventKind, CallKind, CallSpec, ProblemKind, RetryPolicy};

type Answer = fn(&mut Reply);

/// What a server saw of an attempt.
#[derive(Debug)]
struct Seen {
    body: Vec<u8>,
    previous: Option<String>,
    timeout: bool,
}

/// A server whose n-th answer is the n-th of `answers`, and what it saw.
async fn answering(answers: &'static [Answer]) -> (Server, Arc<Mutex<Vec<Seen>>>) {
    let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
    let sees = seen.clone();
    let server = grpc(move |request, mut reply| {
        let seen = sees.clone();
        async move {
            let header = |name| request.headers().get(name).map(|v| v.to_str().unwrap().to_owned());
            let previous = header("grpc-previous-rpc-attempts");
            let timeout = header("grpc-timeout").is_some();
            let body = read(request).await;
            let mut seen = seen.lock().unwrap();
            seen.push(Seen { body, previous, timeout });
            answers[seen.len() - 1](&mut reply);
        }
    })
    .await;
    (server, seen)
}

const DOWN: Answer = |reply| reply.head(200, &[("grpc-status", "14")], true);
const FINE: Answer = |reply| reply.all(&[b"x"], "0");

fn quick(max_attempts: u32) -> RetryPolicy {
    RetryPolicy { max_attempts, initial_backoff_ms: 1, max_backoff_ms: 1, ..RetryPolicy::default() }
}

#[tokio::test]
async fn attempts() {
    const DENIED: Answer = |reply| reply.head(200, &[("grpc-status", "7")], true);
    const REFUSED: Answer = |reply| reply.reset(h2::Reason::REFUSED_STREAM);
    const PUSHED: Answer =
        |reply| reply.head(200, &[("grpc-status", "14"), ("grpc-retry-pushback-ms", "3")], true);
    const NEVER: Answer =
        |reply| reply.head(200, &[("grpc-status", "14"), ("grpc-retry-pushback-ms", "-1")], true);
    const BEGUN: Answer = |reply| reply.all(&[], "14");
    const OK: &str = "headers received:1 trailers OK";
    // What the server answers, how many attempts are allowed (0 for no policy), and what is told after the first
    // `resolved connected`, without what every attempt sends.
    let table: &[(&str, &'static [Answer], u32, String)] = &[
        ("no policy", &[DOWN], 0, "trailers UNAVAILABLE".into()),
        ("at once", &[FINE], 3, OK.into()),
        ("the second", &[DOWN, FINE], 3, format!("trailers retrying:1 reused {OK}")),
        (
            "the last",
            &[DOWN, DOWN, FINE],
            3,
            format!("trailers retrying:1 reused trailers retrying:2 reused {OK}"),
        ),
        ("none left", &[DOWN, DOWN], 2, "trailers retrying:1 reused trailers UNAVAILABLE".into()),
        ("another status", &[DENIED], 3, "trailers PERMISSION_DENIED".into()),
        (
            "another status later",
            &[DOWN, DENIED],
            3,
            "trailers retrying:1 reused trailers PERMISSION_DENIED".into(),
        ),
        ("headers came", &[BEGUN], 3, "headers trailers UNAVAILABLE".into()),
        ("pushed back", &[PUSHED, FINE], 3, format!("trailers retrying:1 reused {OK}")),
        ("pushed back for ever", &[NEVER], 3, "trailers UNAVAILABLE".into()),
        ("refused", &[REFUSED, FINE], 0, format!("retrying:1 reused {OK}")),
        ("refused twice", &[REFUSED, REFUSED], 0, "retrying:1 reused UNAVAILABLE".into()),
        (
            "refused, then by policy",
            &[REFUSED, DOWN, FINE],
            2,
            format!("retrying:1 reused trailers retrying:2 reused {OK}"),
        ),
    ];
    for (name, answers, attempts, want) in table {
        let (server, seen) = answering(answers).await;
        let mut spec = spec(&server.address, CallKind::Unary);
        spec.retry = (*attempts > 0).then(|| quick(*attempts));
        let call = call(&Client::new(), spec, &[b"abc"]).await;
        let steps = call.steps().replace("sent:3 half-closed ", "");
        assert_eq!(steps, format!("resolved connected {want}"), "{name}");
        let seen = seen.lock().unwrap();
        assert_eq!(seen.len(), answers.len(), "{name}");
        assert!(seen.iter().all(|one| one.body == framed(0, b"abc")), "{name}: {seen:?}");
        let pushed = call.events.iter().find_map(|event| match &event.kind {
            CallEventKind::Retrying(attempt) => Some(attempt.backoff_ns),
            _ => None,
        });
        match *name {
            "pushed back" => assert_eq!(pushed, Some(3_000_000)),
            "refused" => assert_eq!(pushed, Some(0)),
            _ => assert!(pushed.is_none_or(|backoff| backoff <= 1_000_000)),
        }
    }
}

#[tokio::test]
async fn the_server_is_told_how_often_it_was_tried() {
    let (server, seen) = answering(&[DOWN, DOWN, FINE]).await;
    let mut spec = spec(&server.address, CallKind::Unary);
    spec.retry = Some(quick(5));
    let call = call(&Client::new(), spec, &[b"abc"]).await;
    assert_eq!(call.status().name(), "OK");
    let seen = seen.lock().unwrap();
    let previous: Vec<Option<&str>> = seen.iter().map(|one| one.previous.as_deref()).collect();
    assert_eq!(previous, [None, Some("1"), Some("2")]);
    let CallEventKind::Retrying(second) = &call
        .events
        .iter()
        .rfind(|event| matches!(event.kind, CallEventKind::Retrying(_)))
        .unwrap()
        .kind
    else {
        panic!()
    };
    assert_eq!((second.number, second.instance.as_ref()), (2, Some(&server.address)));
    assert_eq!(second.status.name(), "UNAVAILABLE");
}

#[tokio::test]
async fn streams_are_sent_again() {
    let (server, seen) = answering(&[DOWN, FINE]).await;
    let mut spec = spec(&server.address, CallKind::ClientStream);
    spec.retry = Some(quick(2));
    let call = call(&Client::new(), spec, &[b"one", b"", b"three"]).await;
    assert_eq!(call.status().name(), "OK");
    let whole = [framed(0, b"one"), framed(0, b""), framed(0, b"three")].concat();
    assert!(seen.lock().unwrap().iter().all(|one| one.body == whole));
}

#[tokio::test]
async fn what_is_too_long_to_keep_is_not_sent_again() {
    for (size, want) in [(REPLAY_BYTES / 4, "OK"), (REPLAY_BYTES, "UNAVAILABLE")] {
        let (server, seen) = answering(&[DOWN, FINE]).await;
        let mut spec = spec(&server.address, CallKind::ClientStream);
        spec.retry = Some(quick(2));
        let messages = requests([vec![1; size], vec![2; size]]);
        let call = stream(&Client::new(), spec, messages).await;
        assert_eq!(call.status().name(), want);
        assert_eq!(seen.lock().unwrap()[0].body.len(), 2 * (size + 5));
    }
}

#[tokio::test]
async fn by_service_config() {
    const CONFIG: &str = r#"{
        "retryThrottling": {"maxTokens": 3, "tokenRatio": 0.5},
        "methodConfig": [{
            "name": [{"service": "test.Test"}],
            "timeout": "30s",
            "retryPolicy": {
                "maxAttempts": 2, "initialBackoff": "0.001s", "maxBackoff": "0.001s",
                "backoffMultiplier": 2, "retryableStatusCodes": ["UNAVAILABLE"]
            }
        }]
    }"#;
    let (server, seen) = answering(&[DOWN, FINE, DOWN, DOWN, FINE]).await;
    let mut spec = spec(&server.address, CallKind::Unary);
    spec.endpoint.service_config = Some(CONFIG.into());
    let client = Client::new();
    let steps = async || {
        let call = call(&client, spec.clone(), &[b"abc"]).await;
        call.events.iter().filter(|event| matches!(event.kind, CallEventKind::Retrying(_))).count()
    };
    // Three tokens: the first failure leaves two, the success half a one more; the next leaves one and a half,
    // which is not more than a half of them.
    assert_eq!(steps().await, 1);
    assert_eq!(steps().await, 0);
    assert_eq!(steps().await, 0);
    assert!(seen.lock().unwrap().iter().all(|one| one.timeout));
    // Another method has no policy and no timeout.
    let other = CallSpec { method: "other.Other/Call".into(), ..spec.clone() };
    assert_eq!(call(&client, other, &[b"abc"]).await.status().name(), "OK");
    assert!(!seen.lock().unwrap()[4].timeout);
}

#[tokio::test]
async fn the_deadline_holds_for_all_attempts() {
    let (server, _) = answering(&[DOWN]).await;
    let mut spec = spec(&server.address, CallKind::Unary);
    let slow = RetryPolicy { initial_backoff_ms: u64::MAX, max_backoff_ms: u64::MAX, ..quick(5) };
    spec.retry = Some(slow);
    // Long enough for the first attempt, however slow the machine.
    spec.deadline_ms = Some(1_000);
    let call = call(&Client::new(), spec, &[b"abc"]).await;
    assert_eq!(call.problem().kind, ProblemKind::Deadline);
    assert!(call.steps().ends_with("trailers retrying:1 DEADLINE_EXCEEDED"), "{}", call.steps());
}

#[tokio::test]
async fn what_a_goodbye_leaves_out_is_sent_on_a_new_connection() {
    let connections = Arc::new(Mutex::new(0));
    let server = tcp(move |mut stream| {
        let first = {
            let mut connections = connections.lock().unwrap();
            *connections += 1;
            *connections == 1
        };
        async move {
            if !first {
                let handler = |request, mut reply: Reply| async move {
                    read(request).await;
                    reply.all(&[b"x"], "0");
                };
                return http2(stream, handler, h2::server::Builder::new()).await;
            }
            // SETTINGS, then a GOAWAY that says that no stream was begun.
            let _ = stream.read(&mut [0; 1024]).await;
            let mut word = frame(4, 0, 0, &[]);
            word.extend(frame(7, 0, 0, &[0; 8]));
            let _ = stream.write_all(&word).await;
            let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
        }
    })
    .await;
    let call = call(&Client::new(), spec(&server.address, CallKind::Unary), &[b"abc"]).await;
    let steps = call.steps().replace("sent:3 half-closed ", "");
    assert_eq!(steps, "resolved connected retrying:1 connected headers received:1 trailers OK");
}
