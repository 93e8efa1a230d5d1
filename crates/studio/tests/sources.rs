//! Sources: given, given again, broken, reflected, remembered.

mod common;

use common::Rig;
use std::{fs, path::Path};
use tokio_util::sync::CancellationToken;
use wirelab_model::*;
use wirelab_schema::{Input, Source};
use wirelab_studio::{Config, Studio};

const GREETER: &str = r#"
syntax = "proto3";
package greet;
service Greeter { rpc Hello(Name) returns (Name); }
message Name { string name = 1; }
"#;

fn files(path: &Path) -> SourceSpec {
    SourceSpec::Files { path: path.display().to_string(), import_roots: Vec::new() }
}

fn services(catalog: &Catalog) -> Vec<&str> {
    let found = catalog.services.iter().map(|service| service.name.as_str());
    found.filter(|name| name.starts_with("greet")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_read_again_and_a_broken_one_keeps_what_it_had() {
    let rig = Rig::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("greet.proto");
    fs::write(&file, GREETER).unwrap();
    let first: Catalog = rig.must("add_source", files(folder.path())).await;
    assert_eq!(first.sources.len(), 2);
    let source = &first.sources[1];
    assert_eq!(
        (source.state, source.files, source.services),
        (SourceState::Ready, 1, 1),
        "{source:?}"
    );
    assert_eq!(services(&first), ["greet.Greeter"]);

    // Given again it is read again, and is still one source.
    fs::write(&file, GREETER.replace("Hello", "Hallo")).unwrap();
    let again: Catalog = rig.must("add_source", files(folder.path())).await;
    assert_eq!((again.sources.len(), &again.sources[1].id), (2, &source.id));
    assert!(again.revision > first.revision);
    assert_eq!(
        again.services.iter().find(|s| s.name == "greet.Greeter").unwrap().methods[0].name,
        "Hallo"
    );

    // Broken: the problem names the place, what was there stays.
    fs::write(&file, "syntax = \"proto3\";\nmessage {").unwrap();
    let broken: Catalog = rig.must("reload", Some(&source.id)).await;
    let now = &broken.sources[1];
    assert_eq!((now.state, now.services), (SourceState::Failed, 1));
    let problem = &now.problems[0];
    assert!(
        problem.path.as_deref().is_some_and(|path| path.ends_with("greet.proto")),
        "{problem:?}"
    );
    assert_eq!(problem.span.map(|span| span.line), Some(2), "{problem:?}");
    assert_eq!(services(&broken), ["greet.Greeter"]);
    let form: Form = rig.must("form", "greet.Greeter/Hallo").await;
    assert!(form.example.contains("name"), "{form:?}");

    fs::write(&file, GREETER).unwrap();
    let whole: Catalog = rig.must("reload", None::<SourceId>).await;
    assert!(whole.sources.iter().all(|source| source.state == SourceState::Ready), "{whole:?}");
    let described: Description = rig.must("describe", "greet.Greeter").await;
    assert!(described.text.contains("Hello") && described.kind == "service", "{described:?}");
    let checked: Checked = rig
        .must(
            "check",
            CheckRequest { method: "greet.Greeter/Hello".into(), json: r#"{"name":"Ada"}"#.into() },
        )
        .await;
    let sizes = checked.sizes.unwrap();
    assert_eq!((sizes.proto, sizes.json), (5, 14));
    let checked: Checked = rig
        .must(
            "check",
            CheckRequest { method: "greet.Greeter/Hello".into(), json: r#"{"name":1}"#.into() },
        )
        .await;
    assert_eq!((checked.sizes, checked.problems[0].path.as_deref()), (None, Some("name")));

    let left: Catalog = rig.must("remove_source", &source.id).await;
    assert_eq!((left.sources.len(), services(&left).len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_added_is_there_after_a_restart() {
    let mut rig = Rig::new().await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("greet.proto"), GREETER).unwrap();
    rig.must::<Catalog>("add_source", files(folder.path())).await;
    let endpoint = Endpoint { address: rig.address.clone(), tls: Tls::Off, ..Endpoint::default() };
    let reflection = SourceSpec::Reflection { endpoint, metadata: Vec::new() };
    let catalog: Catalog = rig.must("add_source", &reflection).await;
    let reflected = catalog.sources.last().unwrap();
    assert_eq!(
        (reflected.state, &reflected.spec),
        (SourceState::Ready, &reflection),
        "{reflected:?}"
    );
    assert!(reflected.services >= 6 && reflected.label.contains(&rig.address), "{reflected:?}");
    let ids: Vec<SourceId> =
        catalog.sources.iter().skip(1).map(|source| source.id.clone()).collect();
    rig.studio.close().await;

    for (remember, expected) in [(true, ids.clone()), (false, Vec::new()), (true, ids)] {
        let config = Config {
            data_dir: Some(rig.folder.path().join("data")),
            remember,
            ..Config::default()
        };
        rig.studio = Studio::open(config).await.unwrap();
        rig.events = Box::pin(rig.studio.events());
        let mut catalog: Catalog = rig.must("catalog", ()).await;
        let found: Vec<_> = catalog.sources.iter().map(|source| source.id.clone()).collect();
        assert_eq!(found, expected);
        // They load in the background, and say when they have.
        while catalog.sources.iter().any(|source| source.state != SourceState::Ready) {
            while !matches!(rig.event().await, StudioEvent::Catalog { .. }) {}
            catalog = rig.must("catalog", ()).await;
        }
        assert_eq!(services(&catalog).len(), usize::from(remember));
        rig.studio.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn saved_requests_survive_and_are_unique() {
    let mut rig = Rig::new().await;
    let request = SavedRequest {
        name: "get one".into(),
        spec: rig.spec("user.v1.UserService/GetUser"),
        messages: vec!["{half".into()],
        ..SavedRequest::default()
    };
    let saved: SavedRequest = rig.must("save", &request).await;
    assert_eq!(
        rig.ask::<SavedRequest>("save", &request).await.unwrap_err().kind,
        ProblemKind::Invalid
    );
    rig.studio.close().await;
    rig.studio = common::open(rig.folder.path()).await;
    assert_eq!(rig.must::<Vec<SavedRequest>>("saved", ()).await, std::slice::from_ref(&saved));
    rig.must::<()>("delete_saved", saved.id).await;
    assert!(rig.must::<Vec<SavedRequest>>("saved", ()).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grpcurl_line_becomes_a_request_and_a_request_a_line() {
    let rig = Rig::new().await;
    let address = &rig.address;
    let line = format!("grpcurl -plaintext {address} user.v1.UserService/GetUser");
    let parsed: ParsedCommand = rig.must("parse_command", &line).await;
    assert_eq!((parsed.request.messages, parsed.notes), (vec!["{}".to_owned()], vec![]));
    let streams = line.replace("GetUser", "CreateUsers");
    let parsed: ParsedCommand = rig.must("parse_command", &streams).await;
    assert_eq!(parsed.request.messages, Vec::<String>::new());
    assert_eq!(parsed.request.spec.kind, CallKind::ClientStream);

    // The schema is in a file of descriptors, in .proto files below the opened folder, or nowhere.
    let start = |method: &str| StartCall {
        spec: CallSpec { metadata: vec![], ..rig.spec(method) },
        messages: vec!["{ \"name\": \"it's\" }".into()],
        finish: true,
        auth: None,
    };
    let set = rig.folder.path().join("samples.binpb");
    let FormattedCommand { line, .. } =
        rig.must("format_command", start("user.v1.UserService/GetUser")).await;
    let rest = r#"-d '{"name":"it'\''s"}'"#;
    assert_eq!(
        line,
        format!(
            "grpcurl -plaintext -protoset {} {rest} {address} user.v1.UserService/GetUser",
            set.display()
        )
    );
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("api");
    fs::create_dir_all(root.join("greet")).unwrap();
    fs::write(root.join("greet/greet.proto"), GREETER).unwrap();
    fs::write(
        root.join("greet/other.proto"),
        "syntax = \"proto3\";\nimport \"greet/greet.proto\";",
    )
    .unwrap();
    rig.must::<Catalog>("add_source", files(folder.path())).await;
    let FormattedCommand { line, .. } =
        rig.must("format_command", start("greet.Greeter/Hello")).await;
    let from = format!("-import-path {} -proto greet/greet.proto", root.display());
    assert_eq!(line, format!("grpcurl -plaintext {from} {rest} {address} greet.Greeter/Hello"));
    let FormattedCommand { line, .. } = rig.must("format_command", start("no.Such/Method")).await;
    assert_eq!(line, format!("grpcurl -plaintext {rest} {address} no.Such/Method"));
    assert_eq!(
        rig.ask::<ParsedCommand>("parse_command", "ls").await.unwrap_err().kind,
        ProblemKind::Mismatch
    );
}

/// Says by reflection what a .proto text defines.
async fn reflecting(text: &str, listener: tokio::net::TcpListener, stop: CancellationToken) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("greet.proto"), text).unwrap();
    let input = Input::Files { path: folder.path().to_owned(), import_roots: Vec::new() };
    let set = Source::load(&input).pool().encode_to_vec();
    let service = tonic_reflection::server::Builder::configure()
        .include_reflection_service(false)
        .register_encoded_file_descriptor_set(&set)
        .build_v1()
        .unwrap();
    let incoming = tonic::transport::server::TcpIncoming::from(listener);
    let server = tonic::transport::Server::builder().add_service(service);
    server.serve_with_incoming_shutdown(incoming, stop.cancelled_owned()).await.unwrap();
}

/// A server is asked once; then again on demand, also when it is another one by then, and what it said last holds
/// while it is gone.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_asked_once_and_again_on_demand() {
    let rig = Rig::new().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let endpoint = Endpoint { address: address.to_string(), ..Endpoint::default() };
    let spec = SourceSpec::Reflection { endpoint, metadata: Vec::new() };
    let methods = |catalog: &Catalog| -> Vec<String> {
        let found = catalog.services.iter().filter(|service| service.name == "greet.Greeter");
        found.flat_map(|service| &service.methods).map(|method| method.name.clone()).collect()
    };

    let stop = CancellationToken::new();
    let server = tokio::spawn({
        let stop = stop.clone();
        async move { reflecting(GREETER, listener, stop).await }
    });
    let first: Catalog = rig.must("add_source", &spec).await;
    assert_eq!(methods(&first), ["Hello"]);
    let id = first.sources[1].id.clone();
    stop.cancel();
    server.await.unwrap();

    // Nobody is there any more.
    let left: Catalog = rig.must("remove_source", &id).await;
    assert!(methods(&left).is_empty());
    let again: Catalog = rig.must("add_source", &spec).await;
    assert_eq!(
        (methods(&again), again.sources[1].state),
        (vec!["Hello".to_owned()], SourceState::Ready)
    );
    let gone: Catalog = rig.must("reload", Some(&id)).await;
    assert_eq!(
        (methods(&gone), gone.sources[1].state),
        (vec!["Hello".to_owned()], SourceState::Failed)
    );
    assert_eq!(gone.sources[1].problems[0].kind, ProblemKind::Unreachable);

    // Another version of the server.
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let stop = CancellationToken::new();
    let server = tokio::spawn({
        let stop = stop.clone();
        async move { reflecting(&GREETER.replace("Hello", "Hallo"), listener, stop).await }
    });
    let new: Catalog = rig.must("reload", Some(&id)).await;
    assert_eq!(
        (methods(&new), new.sources[1].state),
        (vec!["Hallo".to_owned()], SourceState::Ready)
    );
    stop.cancel();
    server.await.unwrap();
}
