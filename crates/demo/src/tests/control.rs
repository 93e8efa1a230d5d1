//! What metadata can tell the server.

use super::{Server, lines};
use bytes::Bytes;
use std::time::{Duration, Instant};
use tonic::Code;
use tonic_types::StatusExt;

const HELLO: &str = "helloworld.Greeter/SayHello";
const HELLOS: &str = "helloworld.Greeter/SayHelloStreamReply";
const NAMES: &str = "helloworld.Greeter/SayHelloStreamRequest";
const ECHO: &str = "everything.v1.Everything/EchoServerStream";

#[tokio::test]
async fn failures() {
    let server = Server::start().await;
    // Method, metadata, how many answers come before which status and message.
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], usize, Code, &'a str);
    let cases: &[Case<'_>] = &[
        (HELLO, &[], 1, Code::Ok, ""),
        (HELLO, &[("demo-fail", "NOT_FOUND")], 0, Code::NotFound, "failed as asked"),
        (HELLO, &[("demo-fail", "not-found")], 0, Code::NotFound, "failed as asked"),
        (HELLO, &[("demo-fail", "5")], 0, Code::NotFound, "failed as asked"),
        (HELLO, &[("demo-fail", "1")], 0, Code::Cancelled, "failed as asked"),
        (HELLO, &[("demo-fail", "Unauthenticated")], 0, Code::Unauthenticated, "failed as asked"),
        (
            HELLO,
            &[("demo-fail", "16"), ("demo-fail-message", "no, 50% no")],
            0,
            Code::Unauthenticated,
            "no, 50% no",
        ),
        (HELLO, &[("demo-fail-message", "unused")], 1, Code::Ok, ""),
        (HELLO, &[("demo-fail-after", "1")], 1, Code::Ok, ""),
        (HELLOS, &[("demo-fail", "internal")], 0, Code::Internal, "failed as asked"),
        (HELLOS, &[("demo-fail-after", "2")], 2, Code::Unavailable, "failed as asked"),
        (HELLOS, &[("demo-fail-after", "0")], 0, Code::Unavailable, "failed as asked"),
        (
            HELLOS,
            &[("demo-fail-after", "5"), ("demo-fail", "data_loss")],
            5,
            Code::DataLoss,
            "failed as asked",
        ),
        (HELLOS, &[("demo-fail-after", "6")], 5, Code::Ok, ""),
        (
            HELLOS,
            &[("demo-fail-after", "6"), ("demo-count", "9")],
            6,
            Code::Unavailable,
            "failed as asked",
        ),
        (NAMES, &[("demo-fail-after", "1")], 0, Code::Unavailable, "failed as asked"),
        (NAMES, &[("demo-fail-after", "2")], 1, Code::Ok, ""),
    ];
    for (path, metadata, answers, code, message) in cases {
        let outcome = server.raw(path, metadata, vec![Bytes::new()]).await;
        let got = (outcome.messages.len(), outcome.status.code(), outcome.status.message());
        assert_eq!(got, (*answers, *code, *message), "{path} {metadata:?}");
        let details = outcome.status.get_error_details_vec().len();
        assert_eq!(details, if *code == Code::Ok { 0 } else { 10 }, "{path} {metadata:?}");
    }
}

#[tokio::test]
async fn nonsense_is_named() {
    let server = Server::start().await;
    let cases = [
        ("demo-delay-ms", "soon"),
        ("demo-delay-ms", "60001"),
        ("demo-interval-ms", "-1"),
        ("demo-count", "1000001"),
        ("demo-count", "18446744073709551616"),
        ("demo-fail", "OK"),
        ("demo-fail", "0"),
        ("demo-fail", "17"),
        ("demo-fail", ""),
        ("demo-fail-after", "1.5"),
        ("demo-stall", "perhaps"),
        ("demo-echo-metadata", "2"),
    ];
    for (key, value) in cases {
        let outcome = server.raw(HELLO, &[(key, value)], vec![Bytes::new()]).await;
        assert_eq!(outcome.status.code(), Code::InvalidArgument, "{key}: {value}");
        let details = outcome.status.get_error_details();
        let fields: Vec<_> = details
            .bad_request()
            .iter()
            .flat_map(|bad| bad.field_violations.iter().map(|violation| violation.field.as_str()))
            .collect();
        assert_eq!(fields, [key], "{value}");
    }
}

#[tokio::test]
async fn details_of_every_kind() {
    let server = Server::start().await;
    let outcome = server.raw(HELLO, &[("demo-fail", "aborted")], vec![Bytes::new()]).await;
    insta::assert_debug_snapshot!(outcome.status.get_error_details());
}

#[tokio::test]
async fn metadata_comes_back() {
    let server = Server::start().await;
    let metadata = [
        ("x-one", "1"),
        ("x-many", "first"),
        ("x-many", "second"),
        ("x-raw-bin", "\0\u{ff}"),
        ("x-raw-bin", ""),
        ("demo-echo-metadata", "true"),
    ];
    for path in [HELLO, HELLOS] {
        let outcome = server.raw(path, &metadata, vec![Bytes::new()]).await;
        assert_eq!(outcome.status.code(), Code::Ok);
        let expected = "x-one: 1\nx-many: first\nx-many: second\nx-raw-bin: b\"\\0\\xc3\\xbf\"\nx-raw-bin: b\"\"\n";
        assert_eq!(lines(&outcome.headers), expected, "{path}: headers");
        assert_eq!(lines(&outcome.trailers), expected, "{path}: trailers");
    }
    let failing = [("x-one", "1"), ("demo-echo-metadata", "1"), ("demo-fail", "aborted")];
    let outcome = server.raw(HELLO, &failing, vec![Bytes::new()]).await;
    assert_eq!(lines(outcome.status.metadata()), "x-one: 1\n");
    let silent = server.raw(HELLO, &[("x-one", "1")], vec![Bytes::new()]).await;
    assert_eq!(lines(&silent.headers) + &lines(&silent.trailers), "");
}

#[tokio::test]
async fn streams_are_as_long_as_asked() {
    let server = Server::start().await;
    for count in [0_usize, 1, 100_000] {
        let metadata = [("demo-count", &*count.to_string())];
        let outcome = server.raw(ECHO, &metadata, vec![Bytes::from_static(b"\x0a\0")]).await;
        assert_eq!((outcome.messages.len(), outcome.status.code()), (count, Code::Ok));
    }
    let bidi = "everything.v1.Everything/EchoBidi";
    let outcome = server.raw(bidi, &[("demo-count", "1")], vec![Bytes::new(); 3]).await;
    assert_eq!((outcome.messages.len(), outcome.status.code()), (1, Code::Ok));
}

#[tokio::test]
async fn waits_are_at_least_as_long_as_asked() {
    let server = Server::start().await;
    // Metadata and the least time that the call takes, milliseconds: five answers have four intervals.
    for (metadata, least) in [(("demo-delay-ms", "30"), 30), (("demo-interval-ms", "5"), 20)] {
        let begin = Instant::now();
        let outcome = server.raw(HELLOS, &[metadata], vec![Bytes::new()]).await;
        assert_eq!(outcome.status.code(), Code::Ok);
        assert!(begin.elapsed() >= Duration::from_millis(least), "{metadata:?}");
    }
}

#[tokio::test]
async fn a_stalled_call_ends_with_the_client_or_the_server() {
    let server = Server::start().await;
    let deadline = [("demo-stall", "true"), ("grpc-timeout", "20m")];
    let outcome = server.raw(HELLO, &deadline, vec![Bytes::new()]).await;
    assert!(
        [Code::DeadlineExceeded, Code::Cancelled].contains(&outcome.status.code()),
        "{:?}",
        outcome.status
    );
    let stalled = server.raw(HELLO, &[("demo-stall", "true")], vec![Bytes::new()]);
    let stop = async {
        // Something else is answered meanwhile, so the stalled call is under way when the server ends.
        server.raw(HELLO, &[], vec![Bytes::new()]).await;
        server.shutdown.cancel();
    };
    let (outcome, ()) = tokio::join!(stalled, stop);
    assert_eq!(outcome.status.code(), Code::Unavailable);
}

#[tokio::test]
async fn endless_streams_end_with_the_server() {
    let server = Server::start().await;
    let path = "node.v1.NodeService/StreamMetrics";
    let endless =
        server.raw(path, &[("demo-interval-ms", "1")], vec![Bytes::from_static(b"\x0a\x06node-1")]);
    let stop = async {
        server.raw(HELLO, &[], vec![Bytes::new()]).await;
        server.shutdown.cancel();
    };
    let (outcome, ()) = tokio::join!(endless, stop);
    assert_eq!(outcome.status.code(), Code::Unavailable);
    assert_eq!(outcome.status.message(), "the server is shutting down");
    let Server { task, channel, .. } = server;
    drop(channel);
    task.await.unwrap().unwrap();
}
