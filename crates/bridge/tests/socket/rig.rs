//! A sample server, a bridge in front of it, and sockets to that.

use futures_util::{SinkExt, StreamExt};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, client_async};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use wirelab_bridge::{Bridge, Options, UPSTREAM_QUEUE, UPSTREAM_WINDOW};
use wirelab_call::Client;
use wirelab_model::Endpoint;
use wirelab_schema::{Input, Schema, Source};

pub struct Rig {
    pub address: SocketAddr,
    pub bridge: Bridge,
    /// A runtime of its own, so that all of it can be gone at once.
    server: Mutex<Option<Runtime>>,
    _bridge: AbortOnDropHandle<()>,
}

/// A client's end.
pub struct Socket {
    stream: WebSocketStream<TcpStream>,
    /// The subprotocol that was agreed on.
    pub protocol: Option<String>,
}

/// The sample server's schema.
pub fn schema() -> Schema {
    let set = wirelab_demo::DESCRIPTORS.to_vec();
    Schema::new([("demo".to_owned(), Source::load(&Input::Descriptors { set, problems: vec![] }))])
}

impl Rig {
    pub async fn new(options: Options) -> Rig {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = Runtime::new().unwrap();
        server.spawn(async {
            let listener = TcpListener::from_std(listener).unwrap();
            wirelab_demo::serve(listener, CancellationToken::new()).await.unwrap();
        });
        let endpoint = Endpoint { address, ..Endpoint::default() };
        let options = Options { endpoint, ..options };
        let bridge = Bridge::new(
            schema(),
            Arc::new(Client::reading_ahead(UPSTREAM_WINDOW, UPSTREAM_QUEUE)),
            options,
        )
        .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = bridge.clone().router();
        let serving = tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        let _bridge = AbortOnDropHandle::new(serving);
        Rig { address, bridge, server: Mutex::new(Some(server)), _bridge }
    }

    /// Ends the sample server as `kill -9` would: its connections are cut.
    pub fn kill_server(&self) {
        let server = self.server.lock().unwrap().take();
        if let Some(server) = server {
            server.shutdown_background();
        }
    }

    /// Opens a socket; the answer's status and body when it is refused.
    pub async fn try_open(
        &self,
        target: &str,
        headers: &[(&str, &str)],
    ) -> Result<Socket, (u16, String)> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let mut request = format!("ws://{}{target}", self.address).into_client_request().unwrap();
        for (name, value) in headers {
            let name: http::HeaderName = name.parse().unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        // Its client insists on a subprotocol of its own when it offers one, as browsers do.
        match client_async(request, stream).await {
            Ok((stream, response)) => {
                let protocol = response.headers().get("sec-websocket-protocol");
                let protocol = protocol.map(|protocol| protocol.to_str().unwrap().to_owned());
                Ok(Socket { stream, protocol })
            }
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => {
                let body = response.body().clone().unwrap_or_default();
                Err((response.status().as_u16(), String::from_utf8_lossy(&body).into_owned()))
            }
            Err(other) => panic!("{target}: {other}"),
        }
    }

    pub async fn open(&self, target: &str, protocols: &[&str]) -> Socket {
        let protocols = protocols.join(", ");
        let headers = [("sec-websocket-protocol", protocols.as_str())];
        let headers = if protocols.is_empty() { &headers[..0] } else { &headers[..] };
        self.try_open(target, headers)
            .await
            .unwrap_or_else(|(status, body)| panic!("{target}: {status} {body}"))
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.kill_server();
    }
}

impl Socket {
    pub async fn send(&mut self, message: Message) {
        self.stream.send(message).await.unwrap();
    }

    pub async fn say(&mut self, text: &str) {
        self.send(Message::text(text)).await;
    }

    /// What comes next: the text, `hex …` for bytes, `close CODE REASON`, or `lost`.
    pub async fn hear(&mut self) -> String {
        loop {
            return match self.stream.next().await {
                Some(Ok(Message::Text(text))) => text.to_string(),
                Some(Ok(Message::Binary(bytes))) => format!("hex {}", hex(&bytes)),
                Some(Ok(Message::Close(Some(CloseFrame { code, reason })))) => {
                    format!("close {} {reason}", u16::from(code)).trim_end().to_owned()
                }
                Some(Ok(Message::Close(None))) => "close".to_owned(),
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => "lost".to_owned(),
            };
        }
    }

    /// Cuts the connection, as a network does that goes away.
    pub fn cut(self) {
        let stream = self.stream.into_inner();
        let _ = stream.set_zero_linger();
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().filter(|digit| !digit.is_whitespace()).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}
