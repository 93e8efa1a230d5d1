//! What a server may answer to one message, frame by frame.

use crate::support::*;
use bytes::Bytes;
use wirelab_call::Client;
use wirelab_model::{CallKind, Metadatum, ProblemKind};

/// A server whose answer is `answer`, and the call of `kind` with one message of three bytes.
async fn answered(kind: CallKind, answer: fn(&mut Reply)) -> Call {
    let server = grpc(move |request, mut reply| async move {
        read(request).await;
        answer(&mut reply);
    })
    .await;
    call(&Client::new(), spec(&server.address, kind), &[b"abc"]).await
}

#[tokio::test]
async fn answers() {
    use CallKind::*;
    const BEGIN: &str = "resolved connected sent:3 half-closed ";
    type Case = (&'static str, CallKind, fn(&mut Reply), &'static str, &'static str);
    let table: &[Case] = &[
        ("unary", Unary, |r| r.all(&[b"x"], "0"), "headers received:1 trailers OK", ""),
        ("empty message", Unary, |r| r.all(&[b""], "0"), "headers received:0 trailers OK", ""),
        (
            "stream",
            ServerStream,
            |r| r.all(&[b"x", b"", b"yz"], "0"),
            "headers received:1 received:0 received:2 trailers OK",
            "",
        ),
        ("empty stream", ServerStream, |r| r.all(&[], "0"), "headers trailers OK", ""),
        (
            "error after messages",
            ServerStream,
            |r| r.all(&[b"x"], "8"),
            "headers received:1 trailers RESOURCE_EXHAUSTED",
            "the server answered RESOURCE_EXHAUSTED",
        ),
        (
            "unknown status",
            Unary,
            |r| r.all(&[], "4242"),
            "headers trailers CODE_4242",
            "the server answered CODE_4242",
        ),
        (
            "trailers only",
            Unary,
            |r| r.head(200, &[("grpc-status", "5"), ("grpc-message", "no%20such")], true),
            "trailers NOT_FOUND",
            "the server answered NOT_FOUND: no such",
        ),
        (
            "trailers only, but not ended",
            Unary,
            |r| {
                r.head(200, &[("grpc-status", "5")], false);
                r.data(Bytes::new(), true);
            },
            "trailers NOT_FOUND",
            "the server answered NOT_FOUND",
        ),
        (
            "trailers only, OK, for a stream",
            ServerStream,
            |r| r.head(200, &[("grpc-status", "0")], true),
            "trailers OK",
            "",
        ),
        (
            "trailers only, OK, for a unary call",
            Unary,
            |r| r.head(200, &[("grpc-status", "0")], true),
            "trailers UNIMPLEMENTED",
            "the server answered no message, but `test.Test/Call` has exactly one response",
        ),
        (
            "two messages for a unary call",
            Unary,
            |r| r.all(&[b"x", b"y"], "0"),
            "headers received:1 UNIMPLEMENTED",
            "the server answered more than one message, but `test.Test/Call` has exactly one response",
        ),
        (
            "no trailers",
            Unary,
            |r| {
                r.open();
                r.data(framed(0, b"x"), true);
            },
            "headers received:1 UNKNOWN",
            "the server ended the call without a status",
        ),
        (
            "trailers without status",
            Unary,
            |r| {
                r.open();
                r.trailers(&[("a", "b")]);
            },
            "headers trailers UNKNOWN",
            "the server's trailers hold no `grpc-status`",
        ),
        (
            "status that is no number",
            Unary,
            |r| r.all(&[], "fine"),
            "headers trailers UNKNOWN",
            "the server's `grpc-status` is `fine`, which is not a number",
        ),
        (
            "half a message",
            Unary,
            |r| {
                r.open();
                r.data(framed(0, b"abcdef").slice(..8), false);
                r.trailers(&[("grpc-status", "0")]);
            },
            "headers INTERNAL",
            "the response ended in the middle of a message",
        ),
        (
            "HTTP error",
            Unary,
            |r| {
                r.head(502, &[("content-type", "text/plain")], false);
                r.data(Bytes::from_static(b"upstream\n  is down"), true);
            },
            "headers UNAVAILABLE",
            "the server answered HTTP 502 Bad Gateway instead of gRPC: upstream is down",
        ),
        (
            "HTTP not found",
            Unary,
            |r| r.head(404, &[], true),
            "headers UNIMPLEMENTED",
            "the server answered HTTP 404 Not Found instead of gRPC",
        ),
        (
            "a page",
            Unary,
            |r| {
                r.head(200, &[("content-type", "text/html")], false);
                r.data(Bytes::from_static(b"<h1>Hello</h1>"), true);
            },
            "headers UNKNOWN",
            "the server answered with `text/html` instead of gRPC: <h1>Hello</h1>",
        ),
        (
            "gRPC-Web",
            Unary,
            |r| r.head(200, &[("content-type", "application/grpc-web+proto")], true),
            "headers UNKNOWN",
            "the server answered with `application/grpc-web+proto` instead of gRPC",
        ),
        (
            "wrong flag",
            Unary,
            |r| {
                r.open();
                r.data(framed(7, b"x"), false);
                r.trailers(&[("grpc-status", "0")]);
            },
            "headers INTERNAL",
            "the response is not gRPC: a message begins with the flag 7",
        ),
    ];
    for (name, kind, answer, steps, message) in table {
        let call = answered(*kind, *answer).await;
        assert_eq!(call.steps(), format!("{BEGIN}{steps}"), "{name}");
        let got = call.status().problem.as_ref().map(|problem| problem.message.as_str());
        assert_eq!(got.unwrap_or_default(), *message, "{name}");
        if let Some(problem) = &call.status().problem {
            assert_eq!(problem.grpc_status, Some(call.status().code), "{name}");
        }
    }
}

#[tokio::test]
async fn status_with_details() {
    let call = answered(CallKind::Unary, |r| {
        r.open();
        r.trailers(&[
            ("grpc-status", "3"),
            ("grpc-message", "gr%C3%BCn is wrong"),
            ("grpc-status-details-bin", "CAMSBHNvcnJ5"),
            ("after", "all"),
        ]);
    })
    .await;
    assert_eq!(call.status().message, "grün is wrong");
    assert_eq!(&call.status().details[..], b"\x08\x03\x12\x04sorry"[..9].as_ref());
    assert_eq!(call.trailers(), [Metadatum::text("after", "all")]);
    assert_eq!(call.problem().kind, ProblemKind::Status);
}
