//! Credentials: sent with the call, recorded nowhere.

mod common;

use common::{Rig, open};
use std::path::Path;
use wirelab_model::*;

fn secret(text: &str) -> Secret {
    Secret(text.to_owned())
}

fn bearer(token: &str) -> Auth {
    Auth::Bearer { token: secret(token) }
}

fn start(spec: CallSpec, auth: Auth) -> StartCall {
    StartCall { spec, messages: vec!["{}".into()], finish: true, auth: Some(auth) }
}

/// A call whose answer's headers repeat what the server got.
fn echoed(rig: &Rig) -> CallSpec {
    let mut spec = rig.spec("everything.v1.Everything/Nothing");
    spec.metadata.push(Metadatum::text("demo-echo-metadata", "true"));
    spec
}

fn got(record: &CallRecord) -> Vec<&Metadatum> {
    record.headers.iter().filter(|datum| datum.key == "authorization").collect()
}

/// Whether any file below `folder` holds `text`.
fn written(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => written(&path, text),
            false => {
                let bytes = std::fs::read(&path).unwrap();
                bytes.windows(text.len()).any(|part| part == text.as_bytes())
            }
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn sent_and_not_recorded() {
    let mut rig = Rig::new().await;
    let begun: CallRecord = rig.must("start_call", start(echoed(&rig), bearer("seen"))).await;
    assert_eq!(begun.auth.as_deref(), Some("bearer"));
    let (record, _) = rig.finished(begun.id).await;
    assert_eq!(got(&record), [&Metadatum::text("authorization", "Bearer seen")]);
    assert_eq!(record.spec, CallSpec { kind: record.spec.kind, ..echoed(&rig) });

    // Again with what is in memory.
    let again: CallRecord = rig.must("replay", begun.id).await;
    assert_eq!(again.auth.as_deref(), Some("bearer"));
    let (record, _) = rig.finished(again.id).await;
    assert_eq!(got(&record), [&Metadatum::text("authorization", "Bearer seen")]);

    let quiet = rig.spec("everything.v1.Everything/Nothing");
    let basic = Auth::Basic { user: "ada".into(), password: secret("unseen") };
    let begun: CallRecord = rig.must("start_call", start(quiet.clone(), basic.clone())).await;
    let (record, _) = rig.finished(begun.id).await;
    assert_eq!(record.status.unwrap().code, 0);
    let saved = SavedRequest {
        name: "with credentials".into(),
        spec: quiet,
        auth: Some(basic.clone()),
        ..SavedRequest::default()
    };
    let saved: SavedRequest = rig.must("save", saved).await;
    assert_eq!(saved.auth, Some(basic.without_secrets()));

    rig.studio.close().await;
    assert!(written(rig.folder.path(), "with credentials"), "there is a history");
    for text in ["unseen", "YWRhOnVuc2Vlbg"] {
        assert!(!written(rig.folder.path(), text), "{text}");
    }
    // Another process does not have them.
    rig.studio = open(rig.folder.path()).await;
    let problem = rig.ask::<CallRecord>("replay", begun.id).await.unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Forbidden);
    let message =
        format!("call {} was made with credentials (basic), which are not kept", begun.id);
    assert_eq!(problem.message, message);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_will_not_do_begins_no_call() {
    let rig = Rig::new().await;
    let mut twice = echoed(&rig);
    twice.metadata.push(Metadatum::text("authorization", "Bearer typed"));
    let jwt = JwtAuth { algorithm: "HS256".into(), ..JwtAuth::default() };
    let table = [
        (
            start(twice, bearer("a")),
            "auth",
            "the metadata and the credentials both hold `authorization`",
        ),
        (start(echoed(&rig), bearer("")), "auth.token", "the token is empty"),
        (start(echoed(&rig), Auth::Jwt(jwt)), "auth.key", "the shared secret is empty"),
    ];
    for (start, path, message) in table {
        let problem = rig.ask::<CallRecord>("start_call", start).await.unwrap_err();
        assert_eq!((problem.path.as_deref(), &*problem.message), (Some(path), message));
    }
    assert_eq!(rig.history("").await.total, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_cannot_be_had_ends_the_call() {
    let mut rig = Rig::new().await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = OAuth2 {
        token_url: format!("http://{nobody}/token"),
        client_id: "me".into(),
        ..OAuth2::default()
    };
    let begun: CallRecord =
        rig.must("start_call", start(echoed(&rig), Auth::OAuth2(config.clone()))).await;
    let (record, rows) = rig.finished(begun.id).await;
    let status = record.status.unwrap();
    assert_eq!(status.name(), "UNAUTHENTICATED");
    assert_eq!(status.problem.unwrap().kind, ProblemKind::Unreachable);
    assert_eq!((rows.len(), record.timings.total_ns), (0, 0));

    // Waiting for somebody to sign in can be ended.
    let config = OAuth2 {
        grant: OAuth2Grant::AuthorizationCode,
        auth_url: "https://login.test/authorize".into(),
        ..config
    };
    let begun: CallRecord = rig.must("start_call", start(echoed(&rig), Auth::OAuth2(config))).await;
    let url = loop {
        if let StudioEvent::SignIn { call, url } = rig.event().await {
            assert_eq!(call, Some(begun.id));
            break url;
        }
    };
    assert!(url.starts_with("https://login.test/authorize?response_type=code&"), "{url}");
    rig.must::<()>("cancel_call", begun.id).await;
    let record = rig.follow_state(begun.id).await;
    assert_eq!(record.status.unwrap().name(), "CANCELLED");
}
