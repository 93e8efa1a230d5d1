//! Sockets against the sample server, by a client that shares the WebSocket library but nothing of the bridge.

mod clients;
mod http2;
mod rig;
mod script;

use rig::Rig;
use std::path::Path;
use wirelab_bridge::{Options, Profile, ResumeOptions, SocketOptions};

/// The options that scripts name in their first line.
fn options(name: &str) -> Options {
    let socket = |socket| Options { socket, ..Options::default() };
    match name {
        "default" => Options::default(),
        "grpc-gateway" => Options { profile: Profile::GrpcGateway, ..Options::default() },
        "small" => Options { max_message_bytes: Some(64), ..Options::default() },
        "resume" => socket(SocketOptions {
            resume: ResumeOptions {
                methods: vec!["everything.v1.Everything/EchoBidi".into()],
                messages: 3,
                ..ResumeOptions::default()
            },
            ..SocketOptions::default()
        }),
        other => panic!("there are no options {other:?}"),
    }
}

/// Each file of `scripts` is a case.
#[tokio::test]
async fn scripts_go_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/socket/scripts");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 10, "the scripts are there");
    let mut failures = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let (first, script) = text.split_once('\n').unwrap();
        let rig = Rig::new(options(first.strip_prefix("options ").unwrap())).await;
        if let Err(failure) = script::run(&rig, script).await {
            failures.push(format!("{}: {failure}", file.file_name().unwrap().display()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[tokio::test]
async fn a_server_that_is_killed_ends_every_socket_with_unavailable() {
    let rig = Rig::new(Options::default()).await;
    let mut sockets = Vec::new();
    for _ in 0..20 {
        let mut socket = rig.open("/everything.v1.Everything/EchoBidi", &["wirelab.v1"]).await;
        socket.say("{\"far\":\"here\"}").await;
        assert_eq!(socket.hear().await, "@head {\"metadata\":{}}");
        assert_eq!(socket.hear().await, "{\"far\":\"here\"}");
        sockets.push(socket);
    }
    rig.kill_server();
    for mut socket in sockets {
        let end = socket.hear().await;
        assert!(end.starts_with("@end {\"code\":14,"), "{end}");
        let close = socket.hear().await;
        assert!(close.starts_with("close 4014"), "{close}");
    }
}
