//! A socket by extended CONNECT (RFC 8441).

use crate::rig::Rig;
use bytes::Bytes;
use h2::ext::Protocol;
use http::{Method, Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use wirelab_bridge::Options;

/// A text frame of a client, masked with zeros, and so as it is.
fn text(text: &str) -> Bytes {
    [&[0x81, 0x80 | text.len() as u8, 0, 0, 0, 0], text.as_bytes()].concat().into()
}

#[tokio::test]
async fn a_socket_is_a_stream_of_http2() {
    let rig = Rig::new(Options::default()).await;
    let (here, there) = tokio::io::duplex(64 << 10);
    let service = TowerToHyperService::new(rig.bridge.clone().router());
    tokio::spawn(async move {
        let mut server = auto::Builder::new(TokioExecutor::new());
        server.http2().enable_connect_protocol();
        let _ = server.serve_connection_with_upgrades(TokioIo::new(there), service).await;
    });
    let (mut client, mut connection) = h2::client::handshake(here).await.unwrap();
    // Whether it may be asked for is known after the server's settings.
    let settings = connection.ping_pong().unwrap();
    tokio::spawn(async { connection.await.unwrap() });
    let mut settings = settings;
    settings.ping(h2::Ping::opaque()).await.unwrap();
    assert!(client.is_extended_connect_protocol_enabled());
    let request = Request::builder()
        .method(Method::CONNECT)
        .uri("http://host/everything.v1.Everything/Echo")
        .extension(Protocol::from_static("websocket"))
        .header("sec-websocket-version", "13")
        .header("sec-websocket-protocol", "wirelab.v1");
    let (response, mut send) = client.send_request(request.body(()).unwrap(), false).unwrap();
    let response = response.await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["sec-websocket-protocol"], "wirelab.v1");
    send.send_data(text("{\"far\":\"a\"}"), false).unwrap();
    let (mut heard, mut answered) = (Vec::new(), false);
    let mut body = response.into_body();
    while let Some(data) = body.data().await {
        heard.extend_from_slice(&data.unwrap());
        if heard.ends_with(&[0x88, 2, 3, 0xe8]) && !std::mem::replace(&mut answered, true) {
            // Our half of closing: the same code.
            send.send_data(vec![0x88, 0x82, 0, 0, 0, 0, 3, 0xe8].into(), true).unwrap();
        }
    }
    let mut wanted = Vec::new();
    for text in
        ["@head {\"metadata\":{}}", "{\"far\":\"a\"}", "@end {\"code\":0,\"status\":\"OK\"}"]
    {
        wanted.extend([0x81, text.len() as u8]);
        wanted.extend_from_slice(text.as_bytes());
    }
    wanted.extend([0x88, 2, 3, 0xe8]);
    assert_eq!(String::from_utf8_lossy(&heard), String::from_utf8_lossy(&wanted));
}
