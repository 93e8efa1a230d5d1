use super::*;
use crate::client::Client;
use crate::invoke::{Invoke, requests};
use futures_util::FutureExt;
use std::collections::VecDeque;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use wirelab_model::{CallEvent, CallEventKind, CallSpec};

/// A server that answers every call with NOT_FOUND.
async fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((_, mut respond))) = connection.accept().await {
                    let mut response = http::Response::new(());
                    response.headers_mut().insert("grpc-status", "5".parse().unwrap());
                    respond.send_response(response, true).unwrap();
                }
            });
        }
    });
    address
}

async fn nowhere() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

/// A client for which names lead to one of these after the other, the last for ever.
fn client(idle: Duration, addresses: &[SocketAddr]) -> Client {
    let addresses = Mutex::new(VecDeque::from(addresses.to_vec()));
    let lookup: Lookup = Arc::new(move |_, _| {
        let mut addresses = addresses.lock().unwrap();
        let next = match addresses.len() {
            1 => addresses[0],
            _ => addresses.pop_front().unwrap(),
        };
        async move { Ok(vec![next]) }.boxed()
    });
    Client::with(Core::default(), Channels::new(idle, lookup))
}

async fn call(client: &Client, wait_for_ready: bool) -> Vec<CallEvent> {
    let spec = CallSpec {
        endpoint: Endpoint { address: "dns:///shop.test:7".into(), ..Endpoint::default() },
        method: "a.B/C".into(),
        wait_for_ready,
        ..CallSpec::default()
    };
    client.invoke(spec, requests([vec![]]), CancellationToken::new()).collect().await
}

fn steps(events: &[CallEvent]) -> String {
    let step = |event: &CallEvent| match &event.kind {
        CallEventKind::Resolved { addresses } => Some(format!("resolved:{}", addresses.len())),
        CallEventKind::Waiting { .. } => Some("waiting".to_owned()),
        CallEventKind::Connected { .. } => Some("connected".to_owned()),
        CallEventKind::Reused { .. } => Some("reused".to_owned()),
        CallEventKind::Finished { status, .. } => Some(status.name()),
        _ => None,
    };
    events.iter().filter_map(step).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_name_is_looked_up_again_when_nobody_is_there() {
    let (dead, live) = (nowhere().await, server().await);
    let client = client(POOL_IDLE_TIMEOUT, &[dead, live]);
    // What was looked up within the call is not looked up again.
    assert_eq!(steps(&call(&client, false).await), "resolved:1 UNAVAILABLE");
    assert_eq!(steps(&call(&client, false).await), "resolved:1 connected NOT_FOUND");
    assert_eq!(steps(&call(&client, false).await), "reused NOT_FOUND");
}

#[tokio::test]
async fn a_call_that_waits_has_the_name_looked_up() {
    let (dead, live) = (nowhere().await, server().await);
    let client = client(POOL_IDLE_TIMEOUT, &[dead, live]);
    let steps = steps(&call(&client, true).await);
    assert!(steps.starts_with("resolved:1 waiting "), "{steps}");
    assert!(steps.ends_with("connected NOT_FOUND"), "{steps}");
}

#[tokio::test]
async fn an_unused_channel_is_left() {
    let client = client(Duration::from_millis(30), &[server().await]);
    assert_eq!(steps(&call(&client, false).await), "resolved:1 connected NOT_FOUND");
    let left = async {
        while !client.inner.channels.map.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), left).await.unwrap();
    // The connection is still there, and the name is looked up anew.
    assert_eq!(steps(&call(&client, false).await), "resolved:1 reused NOT_FOUND");
}
