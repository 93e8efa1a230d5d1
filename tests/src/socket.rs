//! A client's end of a WebSocket, by a library that shares nothing with the bridge but heads of frames.

use futures_util::{SinkExt, StreamExt};
use socket2::SockRef;
use std::net::SocketAddr;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::Error;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, http};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// What one socket reads and writes at once, bytes: a test may open thousands.
const BUFFER: usize = 4 << 10;
/// What a slow client's system takes in its place, bytes, and what a network carries at once.
const SLOW_BUFFER: usize = 4 << 10;
const SLOW_SEGMENT: u32 = 1_460;
/// What it takes once the client reads on, bytes.
const FAST_BUFFER: usize = 256 << 10;

/// An open socket.
pub struct Socket {
    stream: WebSocketStream<TcpStream>,
    /// The subprotocol that was agreed on.
    pub protocol: Option<String>,
}

/// Why there is no socket.
#[derive(Debug)]
pub enum Refused {
    /// Nobody accepts connections.
    Nobody,
    /// Whoever accepted it answered this, status and body.
    Answered(u16, String),
    /// It was accepted and got no answer, for this reason.
    Lost(String),
}

impl Socket {
    /// Opens a socket to a path with these headers.
    ///
    /// # Errors
    /// When it does not become one.
    pub async fn open(
        address: &str,
        target: &str,
        headers: &[(&str, &str)],
    ) -> Result<Socket, Refused> {
        let stream = TcpStream::connect(address).await.map_err(|_| Refused::Nobody)?;
        Socket::over(stream, address, target, headers).await
    }

    /// The same for a client whose system takes little for it, as that of one behind a thin line.
    ///
    /// # Errors
    /// When it does not become one.
    pub async fn open_slow(
        address: &str,
        target: &str,
        headers: &[(&str, &str)],
    ) -> Result<Socket, Refused> {
        let socket = TcpSocket::new_v4().map_err(|error| Refused::Lost(error.to_string()))?;
        let thin = || {
            SockRef::from(&socket).set_tcp_mss(SLOW_SEGMENT)?;
            socket.set_recv_buffer_size(SLOW_BUFFER as u32)
        };
        thin().map_err(|error| Refused::Lost(error.to_string()))?;
        let to: SocketAddr = address.parse().expect("an address and a port");
        let stream = socket.connect(to).await.map_err(|_| Refused::Nobody)?;
        Socket::over(stream, address, target, headers).await
    }

    async fn over(
        stream: TcpStream,
        address: &str,
        target: &str,
        headers: &[(&str, &str)],
    ) -> Result<Socket, Refused> {
        let url = format!("ws://{address}{target}");
        let mut request = url.into_client_request().expect("an address and a path");
        for (name, value) in headers {
            let name: http::HeaderName = name.parse().expect("the name of a header");
            request.headers_mut().append(name, value.parse().expect("the value of a header"));
        }
        let config = WebSocketConfig::default().read_buffer_size(BUFFER).write_buffer_size(BUFFER);
        match client_async_with_config(request, stream, Some(config)).await {
            Ok((stream, response)) => {
                let protocol = response.headers().get("sec-websocket-protocol");
                let protocol = protocol.and_then(|protocol| protocol.to_str().ok());
                Ok(Socket { stream, protocol: protocol.map(str::to_owned) })
            }
            Err(Error::Http(response)) => {
                let body = response.body().clone().unwrap_or_default();
                let body = String::from_utf8_lossy(&body).into_owned();
                Err(Refused::Answered(response.status().as_u16(), body))
            }
            Err(other) => Err(Refused::Lost(other.to_string())),
        }
    }

    /// Sends a frame; whether the connection took it.
    pub async fn send(&mut self, message: Message) -> bool {
        self.stream.send(message).await.is_ok()
    }

    /// Sends a text frame; whether the connection took it.
    pub async fn say(&mut self, text: &str) -> bool {
        self.send(Message::text(text)).await
    }

    /// Takes more at once from here on: the client is slow no longer.
    pub fn hurry(&self) {
        // Slower, where the system does not want to.
        let _ = SockRef::from(self.stream.get_ref()).set_recv_buffer_size(FAST_BUFFER);
    }

    /// What comes next: the text, `bytes …` in hexadecimal digits, `close CODE REASON`, or `lost`. Pings are answered
    /// meanwhile. Dropping the future loses nothing.
    pub async fn hear(&mut self) -> String {
        loop {
            return match self.stream.next().await {
                Some(Ok(Message::Text(text))) => text.to_string(),
                Some(Ok(Message::Binary(bytes))) => {
                    bytes.iter().fold("bytes ".to_owned(), |text, byte| format!("{text}{byte:02x}"))
                }
                Some(Ok(Message::Close(Some(CloseFrame { code, reason })))) => {
                    format!("close {} {reason}", u16::from(code)).trim_end().to_owned()
                }
                Some(Ok(Message::Close(None))) => "close".to_owned(),
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => "lost".to_owned(),
            };
        }
    }
}
