//! Request streams by our own client of REST, under every form of rule: what the server gets, or why it cannot be.

use crate::support::*;
use futures_util::StreamExt;
use serde_json::Value;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use wirelab_bridge::{Bridge, Options};
use wirelab_model::{CallEventKind, CallKind, CallSpec, HttpVersion, Transport};
use wirelab_transcode::Codec;

type Case = (&'static str, &'static [&'static str], Result<&'static [&'static str], &'static str>);

/// The method, its requests, and what the server was sent.
const CASES: &[Case] = &[
    ("Unruled", &[], Ok(&[])),
    ("Unruled", &[r#"{"name":"a"}"#, "{}"], Ok(&[r#"{"name":"a"}"#, "{}"])),
    ("All", &[r#"{"name":"a"}"#, r#"{"name":"b"}"#], Ok(&[r#"{"name":"a"}"#, r#"{"name":"b"}"#])),
    (
        "Named",
        &[r#"{"name":"a","count":"1"}"#, r#"{"name":"a"}"#],
        Ok(&[r#"{"name":"a","count":"1"}"#, r#"{"name":"a"}"#]),
    ),
    (
        "Named",
        &[r#"{"name":"a"}"#, r#"{"name":"b"}"#],
        Err("this message belongs to `/named/b`, but the call is to `/named/a`"),
    ),
    ("Named", &[], Err("the URL of this call needs a first message, and there is none")),
    ("Named", &["{}"], Err("this field is empty, which `/named/{name}` puts in the path")),
    (
        "Field",
        &[r#"{"name":"a","inner":{"count":"1"}}"#, r#"{"name":"a"}"#],
        Ok(&[r#"{"name":"a","inner":{"count":"1"}}"#, r#"{"name":"a"}"#]),
    ),
    (
        "Field",
        &[r#"{"name":"a","count":"1"}"#, r#"{"name":"a","count":"2"}"#],
        Err("this message belongs to `/field/a?count=2`, but the call is to `/field/a?count=1`"),
    ),
    (
        "Number",
        &[r#"{"name":"a","count":"1"}"#, r#"{"name":"a"}"#],
        Ok(&[r#"{"name":"a","count":"1"}"#, r#"{"name":"a"}"#]),
    ),
    ("Bare", &[r#"{"name":"a","count":"1"}"#], Ok(&[r#"{"name":"a","count":"1"}"#])),
    (
        "Bare",
        &[r#"{"name":"a"}"#, r#"{"name":"a"}"#],
        Err(
            "REST carries one request of test.v1.Ruled/Bare and no more: its google.api.http rule has no body for a \
             stream",
        ),
    ),
    (
        "Upload",
        &[r#"{"name":"a","data":{"contentType":"text/plain","data":"aGk="}}"#],
        Ok(&[r#"{"name":"a","data":{"contentType":"text/plain","data":"aGk="}}"#]),
    ),
    ("Best", &[r#"{"name":"a"}"#, "{}"], Ok(&[r#"{"name":"a"}"#, "{}"])),
];

#[tokio::test]
async fn request_streams() {
    let schema = schema("ruled.proto");
    let bridge = Bridge::new(schema.clone(), Arc::new(Echo::default()), Options::default());
    let bridge = bridge.unwrap();
    let listening = listen(bridge.clone()).await;
    let caller = Caller::new(&schema, &bridge, &listening);
    for (name, requests, want) in CASES {
        let path = format!("test.v1.Ruled/{name}");
        let method = schema.method(&path).unwrap();
        let (input, output) = (Codec::new(&method.input()), Codec::new(&method.output()));
        let wire = |json: &&str| {
            let mut wire = Vec::new();
            input.json_to_wire(json.as_bytes(), &mut wire).unwrap();
            wire
        };
        for transport in [Transport::Rest, Transport::WebSocket] {
            let spec =
                CallSpec { method: path.clone(), kind: CallKind::Bidi, ..CallSpec::default() };
            let requests: Vec<Vec<u8>> = requests.iter().map(wire).collect();
            let way = (transport, HttpVersion::Http1);
            let requests = wirelab_call::requests(requests);
            let mut events = caller.call(way, spec, requests, CancellationToken::new());
            let (mut got, mut status) = (Vec::new(), None);
            while let Some(event) = events.next().await {
                match event.kind {
                    CallEventKind::Received { message, .. } => {
                        let mut json = Vec::new();
                        output.wire_to_json(&message.0, &mut json, &Default::default()).unwrap();
                        got.push(serde_json::from_slice::<Value>(&json).unwrap());
                    }
                    CallEventKind::Finished { status: end, .. } => status = Some(end),
                    _ => {}
                }
            }
            let status = status.unwrap();
            match want {
                Ok(want) => {
                    assert!(status.is_ok(), "{name} {transport:?}: {status:?}");
                    let want = want.iter().map(|json| serde_json::from_str(json).unwrap());
                    assert_eq!(got, want.collect::<Vec<Value>>(), "{name} {transport:?}");
                }
                Err(want) if transport == Transport::Rest => {
                    assert_eq!(status.message, *want, "{name}");
                }
                // A socket is bound to nothing in its URL.
                Err(_) => assert!(status.is_ok(), "{name} {transport:?}: {status:?}"),
            }
        }
    }
}
