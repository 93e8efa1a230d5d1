//! Compressed messages in both directions, and servers that do it wrong.

use crate::support::*;
use std::io::Write;
use std::sync::{Arc, Mutex};
use wirelab_call::Client;
use wirelab_model::{CallEventKind, CallKind, Compression, ProblemKind};

/// As a server's own library would do it.
fn packed(how: Compression, message: &[u8]) -> Vec<u8> {
    let level = flate2::Compression::fast();
    match how {
        Compression::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
            encoder.write_all(message).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Deflate => {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), level);
            encoder.write_all(message).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Zstd => zstd::stream::encode_all(message, 1).unwrap(),
    }
}

fn unpacked(how: Compression, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match how {
        Compression::Gzip => {
            let mut decoder = flate2::write::GzDecoder::new(out);
            decoder.write_all(payload).unwrap();
            out = decoder.finish().unwrap();
        }
        Compression::Deflate => {
            let mut decoder = flate2::write::ZlibDecoder::new(out);
            decoder.write_all(payload).unwrap();
            out = decoder.finish().unwrap();
        }
        Compression::Zstd => out = zstd::stream::decode_all(payload).unwrap(),
    }
    out
}

/// What both sides' sizes are in the events of a call, sent first.
fn sizes(call: &Call) -> Vec<(usize, Option<u64>)> {
    let size = |kind: &CallEventKind| match kind {
        CallEventKind::Sent { message, compressed }
        | CallEventKind::Received { message, compressed } => Some((message.len(), *compressed)),
        _ => None,
    };
    call.events.iter().filter_map(|event| size(&event.kind)).collect()
}

#[tokio::test]
async fn requests_and_responses_are_compressed() {
    for how in Compression::ALL {
        let seen = Arc::new(Mutex::new(None));
        let tell = seen.clone();
        let server = grpc(move |request, mut reply| {
            let tell = tell.clone();
            async move {
                let headers = request.headers().clone();
                let body = read(request).await;
                *tell.lock().unwrap() = Some((headers, body));
                let name = how.name();
                reply.head(
                    200,
                    &[("content-type", "application/grpc"), ("grpc-encoding", name)],
                    false,
                );
                reply.data(framed(1, &packed(how, &[9; 5000])), false);
                reply.message(b"plain");
                reply.trailers(&[("grpc-status", "0")]);
            }
        })
        .await;
        let mut spec = spec(&server.address, CallKind::Bidi);
        spec.compression = Some(how);
        // The second grows when compressed.
        let call = call(&Client::new(), spec, &[&[7; 5000], b"tiny"]).await;
        assert_eq!(call.status().name(), "OK", "{how:?} {:?}", call.status());
        assert_eq!(call.received(), [vec![9; 5000], b"plain".to_vec()]);

        let (headers, body) = seen.lock().unwrap().take().unwrap();
        assert_eq!(headers["grpc-encoding"], how.name());
        assert_eq!(headers["grpc-accept-encoding"], "identity,gzip,deflate,zstd");
        let length = u32::from_be_bytes(body[1..5].try_into().unwrap()) as usize;
        let (first, second) = body[5..].split_at(length);
        assert_eq!(body[0], 1);
        assert_eq!(unpacked(how, first), [7; 5000]);
        assert_eq!(second, framed(0, b"tiny"));

        let mut sizes = sizes(&call);
        sizes.sort();
        let small = |size: Option<u64>| size.is_some_and(|size| (10..200).contains(&size));
        assert_eq!(sizes[..2], [(4, None), (5, None)]);
        assert_eq!((sizes[2].0, sizes[3].0), (5000, 5000));
        assert!(sizes[2..].iter().all(|(_, compressed)| small(*compressed)), "{sizes:?}");
        assert!(sizes.contains(&(5000, Some(length as u64))));
    }
}

/// A bomb is not unpacked beyond the limit, and a request beyond it is not sent.
#[tokio::test]
async fn the_limit_holds_for_what_was_decompressed() {
    for how in Compression::ALL {
        let server = grpc(move |request, mut reply| async move {
            read(request).await;
            reply.head(
                200,
                &[("content-type", "application/grpc"), ("grpc-encoding", how.name())],
                false,
            );
            reply.data(framed(1, &packed(how, &vec![0; 1 << 20])), false);
            reply.trailers(&[("grpc-status", "0")]);
        })
        .await;
        let mut spec = spec(&server.address, CallKind::Unary);
        spec.max_message_bytes = Some(1 << 16);
        let answered = call(&Client::new(), spec.clone(), &[b""]).await;
        assert_eq!(answered.status().name(), "RESOURCE_EXHAUSTED");
        assert_eq!(
            answered.problem().to_string(),
            "a response message is too large: more when decompressed, but `max_message_bytes` allows 65536; \
             raise the call's limit of messages (`max_message_bytes`, on the command line `--max-message`)"
        );
        spec.compression = Some(how);
        let sent = call(&Client::new(), spec, &[&vec![0; (1 << 16) + 1]]).await;
        assert_eq!(sent.status().name(), "RESOURCE_EXHAUSTED");
        assert_eq!(sent.problem().kind, ProblemKind::TooLarge);
        assert!(!sent.steps().contains("sent"), "{}", sent.steps());
    }
}

/// What servers answer that do not know how a request is compressed.
#[tokio::test]
async fn the_server_does_not_know_it() {
    type Pairs = &'static [(&'static str, &'static str)];
    const REFUSED: &str = "the server cannot read requests that are compressed as zstd";
    let table: &[(Pairs, &str, &str)] = &[
        (
            &[("grpc-status", "12"), ("grpc-accept-encoding", "identity,gzip")],
            REFUSED,
            "the server takes identity,gzip: choose one of these, or send it as it is",
        ),
        (
            &[
                ("grpc-status", "12"),
                ("grpc-message", "grpc: Decompressor is not installed for grpc-encoding \"zstd\""),
            ],
            REFUSED,
            "send it uncompressed, or compressed in another way",
        ),
        // It knows zstd, so that it is the method which it does not have.
        (
            &[("grpc-status", "12"), ("grpc-accept-encoding", "gzip, zstd")],
            "the server answered UNIMPLEMENTED",
            "this server does not have `test.Test/Call`: check the address, and that schema and server are of one \
             version",
        ),
        (
            &[("grpc-status", "5"), ("grpc-accept-encoding", "gzip")],
            "the server answered NOT_FOUND",
            "check the names and ids in the request: what they say is not there",
        ),
    ];
    for (pairs, message, help) in table {
        let server = grpc(move |request, mut reply| async move {
            read(request).await;
            reply.head(200, pairs, true);
        })
        .await;
        let mut spec = spec(&server.address, CallKind::Unary);
        spec.compression = Some(Compression::Zstd);
        let call = call(&Client::new(), spec, &[&[1; 500]]).await;
        assert_eq!(call.problem().message, *message, "{pairs:?}");
        assert_eq!(call.problem().help.as_deref().unwrap_or_default(), *help, "{pairs:?}");
    }
}
