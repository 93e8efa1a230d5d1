//! What holds for calls of every face: how long they may take, and what servers never get.

use crate::harness::schema;
use axum::body::Body;
use http::{Request, Version};
use std::sync::Arc;
use std::time::Duration;
use wirelab_bridge::{Bridge, HeaderOptions, Options};
use wirelab_call::scripted::Scripted;
use wirelab_model::{CallEvent, CallEventKind, CallSpec, Status};

/// An empty message as gRPC frames it.
const FRAME: &[u8] = &[0; 5];

/// Target, content type, header of the timeout with an hour and 100 seconds in it, prefix of metadata, body.
type Face = (&'static str, &'static str, [&'static str; 3], &'static str, &'static [u8]);

const GRPC: [&str; 3] = ["grpc-timeout", "1H", "100S"];
const CONNECT: [&str; 3] = ["connect-timeout-ms", "3600000", "100000"];
const ECHO: &str = "/everything.v1.Everything/Echo";

const FACES: [Face; 5] = [
    ("/v1/things", "application/json", GRPC, "grpc-metadata-", b"{}"),
    (ECHO, "application/grpc", GRPC, "", FRAME),
    (ECHO, "application/grpc-web+proto", GRPC, "", FRAME),
    (ECHO, "application/proto", CONNECT, "", b""),
    ("/everything.v1.Everything/EchoBidi", "application/connect+proto", CONNECT, "", FRAME),
];

/// The call that a request becomes.
async fn call(face: &Face, headers: HeaderOptions, timeout: Option<&str>) -> CallSpec {
    let (target, media, [timeout_name, ..], prefix, body) = *face;
    let end = CallEventKind::Finished { status: Status::default(), wire: None };
    let scripted = Scripted::new(vec![CallEvent { at_ns: 0, kind: end }]);
    let options = Options { headers, ..Options::default() };
    let bridge = Bridge::new(schema(), Arc::new(scripted.clone()), options).unwrap();
    let mut request = Request::post(target)
        .version(Version::HTTP_2)
        .header("content-type", media)
        .header(format!("{prefix}x-secret"), "1")
        .header(format!("{prefix}x-shelf"), "2");
    if let Some(timeout) = timeout {
        request = request.header(timeout_name, timeout);
    }
    let response = bridge.handle(request.body(Body::from(body)).unwrap()).await;
    drop(response);
    scripted.calls().pop().unwrap_or_else(|| panic!("{media} became no call"))
}

#[tokio::test]
async fn calls_take_no_longer_than_they_may() {
    let (least, most) = (Duration::from_secs(500), Duration::from_secs(900));
    for face in &FACES {
        let [_, hour, seconds] = face.2;
        let table = [
            (None, None, None, None),
            (Some(least), None, None, Some(500_000)),
            (None, Some(most), None, Some(900_000)),
            (Some(least), Some(most), Some(hour), Some(900_000)),
            (Some(least), Some(most), Some(seconds), Some(100_000)),
        ];
        for (default_timeout, max_timeout, asked, wanted) in table {
            let headers =
                HeaderOptions { default_timeout, max_timeout, ..HeaderOptions::default() };
            let deadline = call(face, headers, asked).await.deadline_ms;
            // What it took until here is taken off where requests are waited for.
            let near = |ms: u64| deadline.is_some_and(|got| got <= ms && got > ms / 2);
            let fits = wanted.map_or(deadline.is_none(), near);
            assert!(fits, "{}: {asked:?}: {deadline:?}", face.1);
        }
    }
}

#[tokio::test]
async fn servers_never_get_what_is_dropped() {
    for face in &FACES {
        let drop = vec!["x-secret".to_owned()];
        let headers = HeaderOptions { drop, ..HeaderOptions::default() };
        let spec = call(face, headers, None).await;
        let has = |key: &str| spec.metadata.iter().any(|datum| datum.key == key);
        assert!(has("x-shelf") && !has("x-secret"), "{}: {:?}", face.1, spec.metadata);
    }
}
