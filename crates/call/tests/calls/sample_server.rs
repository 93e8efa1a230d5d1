//! The four kinds, reflection and health against the sample server, which is built on another gRPC library.

use crate::support::*;
use futures_util::StreamExt;
use prost::Message;
use prost_types::{FileDescriptorProto, FileDescriptorSet};
use std::collections::BTreeSet;
use std::pin::pin;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use wirelab_call::Client;
use wirelab_model::{
    CallKind, CallSpec, Endpoint, Health, HealthQuery, Metadatum, ProblemKind, Tls,
};

async fn sample() -> (String, DropGuard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let shutdown = CancellationToken::new();
    tokio::spawn(wirelab_demo::serve(listener, shutdown.clone()));
    (address, shutdown.drop_guard())
}

fn everything(address: &str, method: &str, kind: CallKind) -> CallSpec {
    CallSpec { method: format!("everything.v1.Everything/{method}"), ..spec(address, kind) }
}

#[tokio::test]
async fn the_four_kinds() {
    let (address, _guard) = sample().await;
    let client = Client::new();
    // A field that no schema knows: bytes go there and back as they are.
    let (a, b): (&[u8], &[u8]) = (&[0xfa, 0x3f, 1, b'a'], &[0xfa, 0x3f, 2, b'b', b'b']);
    let unary = call(&client, everything(&address, "Echo", CallKind::Unary), &[a]).await;
    assert_eq!(unary.received(), [a]);

    let mut spec = everything(&address, "EchoServerStream", CallKind::ServerStream);
    spec.metadata = vec![Metadatum::text("demo-count", "3")];
    let server = call(&client, spec, &[a]).await;
    assert_eq!(server.received(), [a, a, a]);

    let spec = everything(&address, "EchoClientStream", CallKind::ClientStream);
    let up = call(&client, spec, &[a, b]).await;
    assert_eq!(up.received().len(), 1);
    assert!(up.received()[0].windows(b.len()).any(|part| part == b));
    let sent = up
        .events
        .iter()
        .filter(|event| matches!(event.kind, wirelab_model::CallEventKind::Sent { .. }));
    assert_eq!(sent.count(), 2);

    let both = call(&client, everything(&address, "EchoBidi", CallKind::Bidi), &[a, b, a]).await;
    assert_eq!(both.received(), [a, b, a]);
    for call in [&unary, &server, &up, &both] {
        assert_eq!(call.status().name(), "OK", "{}", call.steps());
    }
}

#[tokio::test]
async fn told_to_misbehave() {
    let (address, _guard) = sample().await;
    let client = Client::new();
    let mut spec = everything(&address, "Echo", CallKind::Unary);
    spec.metadata = vec![
        Metadatum::text("demo-fail", "NOT_FOUND"),
        Metadatum::text("demo-fail-message", "no such thing"),
    ];
    let failed = call(&client, spec.clone(), &[b""]).await;
    assert_eq!(failed.status().name(), "NOT_FOUND");
    assert_eq!(failed.status().message, "no such thing");
    assert!(!failed.status().details.is_empty());

    spec.metadata = vec![Metadatum::text("demo-stall", "true")];
    spec.deadline_ms = Some(50);
    assert_eq!(call(&client, spec.clone(), &[b""]).await.status().name(), "DEADLINE_EXCEEDED");

    spec.method = "everything.v1.Everything/NoSuchMethod".into();
    spec.deadline_ms = None;
    spec.metadata = vec![];
    let missing = call(&client, spec, &[b""]).await;
    assert_eq!(missing.status().name(), "UNIMPLEMENTED");
    assert!(missing.problem().help.as_ref().unwrap().contains("NoSuchMethod"));
}

#[tokio::test]
async fn metadata_there_and_back() {
    let (address, _guard) = sample().await;
    let mut spec = everything(&address, "Echo", CallKind::Unary);
    let mine = [
        Metadatum::text("x-tag", "one"),
        Metadatum::text("x-tag", "two"),
        Metadatum::binary("x-blob-bin", vec![0, 1, 255]),
    ];
    spec.metadata = mine.to_vec();
    spec.metadata.push(Metadatum::text("demo-echo-metadata", "true"));
    let call = call(&Client::new(), spec, &[b""]).await;
    let only_mine = |all: &[Metadatum]| -> Vec<Metadatum> {
        all.iter().filter(|datum| datum.key.starts_with("x-")).cloned().collect()
    };
    assert_eq!(only_mine(call.headers()), mine);
    assert_eq!(only_mine(call.trailers()), mine);
}

#[tokio::test]
async fn reflection() {
    let (address, _guard) = sample().await;
    let endpoint = Endpoint { address, tls: Tls::Off, ..Endpoint::default() };
    let reflected = Client::new().reflect(&endpoint, &[]).await.unwrap();
    assert_eq!(reflected.problems, []);
    assert_eq!(reflected.version, "v1");
    let known = FileDescriptorSet::decode(wirelab_demo::DESCRIPTORS).unwrap();
    for file in known.file.iter().filter(|file| !file.service.is_empty()) {
        for service in &file.service {
            let name = format!("{}.{}", file.package(), service.name());
            assert!(reflected.services.contains(&name), "{name}");
        }
    }
    // Every file that a service needs, its imports before it, custom options still in it.
    let got = FileDescriptorSet::decode(&reflected.set[..]).unwrap();
    let mut before: BTreeSet<&str> = BTreeSet::new();
    for file in &got.file {
        for import in &file.dependency {
            assert!(before.contains(import.as_str()), "{} needs {import}", file.name());
        }
        assert!(before.insert(file.name()), "{} is there twice", file.name());
    }
    for file in known.file.iter().filter(|file: &&FileDescriptorProto| !file.service.is_empty()) {
        assert!(before.contains(file.name()), "{} is missing", file.name());
    }
    let option = b"/v1/";
    assert!(reflected.set.windows(option.len()).any(|part| part == option));
}

#[tokio::test]
async fn health() {
    let (address, _guard) = sample().await;
    let client = Client::new();
    let endpoint = |address: &str| HealthQuery {
        endpoint: Endpoint { address: address.into(), tls: Tls::Off, ..Endpoint::default() },
        ..HealthQuery::default()
    };
    for (service, expected) in
        [("helloworld.Greeter", Health::Serving), ("no.Such", Health::Unknown)]
    {
        let query = HealthQuery { service: service.into(), ..endpoint(&address) };
        assert_eq!(client.health(&query).await, expected);
        assert_eq!(pin!(client.watch_health(query)).next().await, Some(expected));
    }
    assert_eq!(client.health(&endpoint(&address)).await, Health::Serving);

    let other = grpc(|request, mut reply| async move {
        read(request).await;
        reply.head(200, &[("content-type", "application/grpc"), ("grpc-status", "12")], true);
    })
    .await;
    assert_eq!(client.health(&endpoint(&other.address)).await, Health::Up);

    let tired = grpc(|request, mut reply| async move {
        read(request).await;
        reply.all(&[&[8, 2]], "0");
    })
    .await;
    assert_eq!(client.health(&endpoint(&tired.address)).await, Health::NotServing);

    let down = |health| match health {
        Health::Down(problem) => problem.kind,
        other => panic!("{other:?}"),
    };
    let page = grpc(|_, mut reply| async move { reply.head(404, &[], true) }).await;
    assert_eq!(down(client.health(&endpoint(&page.address)).await), ProblemKind::NotGrpc);
    assert_eq!(down(client.health(&endpoint("nowhere")).await), ProblemKind::Mismatch);
}
