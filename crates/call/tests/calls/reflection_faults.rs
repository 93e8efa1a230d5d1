//! Reflection against servers that break off, send rubbish or have a lot to say.

use crate::reflection::{Say, V1, file, files, misbehaving, outline, raw, reflect, services};
use crate::support::*;
use prost::Message;
use prost_types::source_code_info::Location;
use prost_types::{FileDescriptorProto, FileDescriptorSet, SourceCodeInfo};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use wirelab_call::Client;
use wirelab_model::{Endpoint, Transport};

type Script = fn(&str, usize) -> Say;

/// Good files for every service but the second, which is given to `say`.
fn beside(question: &str, times: usize, say: fn(usize) -> Say) -> Say {
    match question {
        "*" => Say::Answer(services(&["a.A", "b.B", "c.C"])),
        "a.A" => Say::Answer(files(&[file("a.proto", &[])])),
        "c.C" => Say::Answer(files(&[file("c.proto", &[])])),
        _ => say(times),
    }
}

#[tokio::test]
async fn one_bad_answer_does_not_spoil_the_others() {
    let missing =
        "a.proto c.proto \nNotFound b.B: the server lists the service but does not describe it: ";
    let table: &[(&str, Script, String)] = &[
        ("crash", |q, n| beside(q, n, |_| Say::Crash), format!("{missing}the server answered INTERNAL: crashed")),
        ("end", |q, n| beside(q, n, |_| Say::End), format!("{missing}the server ended the stream")),
        (
            "rubbish",
            |q, n| beside(q, n, |_| Say::Garbage),
            format!("{missing}the answer cannot be read: failed to decode Protobuf message: invalid varint"),
        ),
        (
            "a message beyond the limit",
            |q, n| beside(q, n, |_| Say::Flood),
            format!("{missing}…"),
        ),
        ("always reset", |q, n| beside(q, n, |_| Say::Reset), format!("{missing}…")),
        (
            "a crash over an import",
            |q, _| match q {
                "*" => Say::Answer(services(&["b.B"])),
                "b.B" => Say::Answer(files(&[file("b.proto", &["x.proto", "y.proto"])])),
                "x.proto" => Say::Crash,
                _ => Say::Answer(files(&[file("y.proto", &[])])),
            },
            "y.proto b.proto \nMissingImport x.proto: `b.proto` imports it, but the server does not have it: \
             the server answered INTERNAL: crashed"
                .to_owned(),
        ),
    ];
    for (name, script, want) in table {
        let server = misbehaving(V1, *script).await;
        let got = outline(&reflect(&server.address).await.unwrap());
        match want.strip_suffix('…') {
            Some(begin) => {
                assert!(got.starts_with(begin) && got.len() > begin.len(), "{name}: {got}")
            }
            None => assert_eq!(got, *want, "{name}"),
        }
    }
}

#[tokio::test]
async fn a_list_that_cannot_be_had_is_an_error() {
    let table: &[(&str, Script, &str)] = &[
        ("crash", |_, _| Say::Crash, "the server answered INTERNAL: crashed"),
        ("end", |_, _| Say::End, "the server ended reflection without an answer"),
        ("rubbish", |_, _| Say::Garbage, "the server ended reflection without an answer"),
    ];
    for (name, script, want) in table {
        let server = misbehaving(V1, *script).await;
        assert_eq!(reflect(&server.address).await.unwrap_err().message, *want, "{name}");
    }
}

/// A file of many bytes: one long comment.
fn long(name: &str, bytes: usize) -> Vec<u8> {
    let location = Location { leading_comments: Some("x".repeat(bytes)), ..Location::default() };
    let file = FileDescriptorProto {
        source_code_info: Some(SourceCodeInfo { location: vec![location] }),
        ..file(name, &[])
    };
    file.encode_to_vec()
}

#[tokio::test]
async fn large_descriptors_come_whole_up_to_the_limit() {
    const FILE: usize = 6 << 20;
    for (count, whole) in [(8, true), (12, false)] {
        let names: Vec<String> = (0..count).map(|number| format!("s.S{number}")).collect();
        let server = misbehaving(V1, move |question, _| match question {
            "*" => {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                Say::Answer(services(&names))
            }
            name => Say::Answer(raw(vec![long(&format!("{name}.proto"), FILE)])),
        })
        .await;
        let reflected = reflect(&server.address).await.unwrap();
        let set = FileDescriptorSet::decode(&reflected.set[..]).unwrap();
        let problems: Vec<&str> =
            reflected.problems.iter().map(|problem| problem.message.as_str()).collect();
        if whole {
            assert_eq!((set.file.len(), problems), (count, vec![]));
        } else {
            // What came until then is kept.
            assert_eq!(set.file.len(), 11);
            let limit = "the server's files are larger than 67108864 bytes; the rest is left out";
            assert_eq!(problems, [limit]);
        }
    }
}

/// Where requests cannot stream, each question is a call of its own.
#[tokio::test]
async fn over_grpc_web() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let server = grpc(move |request, mut reply| {
        let counted = counted.clone();
        async move {
            counted.fetch_add(1, SeqCst);
            let body = read(request).await;
            let list = body.get(5).is_some() && body.windows(2).any(|part| part == [0x3a, 0]);
            let answer = match list {
                true => services(&["a.A"]),
                false => files(&[file("a.proto", &[])]),
            };
            let response = tonic_reflection::pb::v1::ServerReflectionResponse {
                message_response: Some(answer),
                ..Default::default()
            };
            reply.head(200, &[("content-type", "application/grpc-web+proto")], false);
            reply.message(&response.encode_to_vec());
            reply.data(framed(0x80, b"grpc-status: 0\r\n"), true);
        }
    })
    .await;
    let endpoint = Endpoint {
        address: server.address.clone(),
        transport: Transport::GrpcWeb,
        http: wirelab_model::HttpVersion::Http2,
        ..Endpoint::default()
    };
    let reflected = Client::new().reflect(&endpoint, &[]).await.unwrap();
    assert_eq!((outline(&reflected).as_str(), calls.load(SeqCst)), ("a.proto", 2));
}
