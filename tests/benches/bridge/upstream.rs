//! The server behind both: gives messages back with as little work as can be, so that it is the bridges that are
//! measured.

use bytes::{Bytes, BytesMut};
use h2::server::SendResponse;
use http::{HeaderMap, HeaderValue, Request, Response};
use std::net::SocketAddr;

/// How many messages a stream is.
pub const MESSAGES: usize = 10_000;
/// What goes into one frame of a stream, about, bytes.
const FRAME: usize = 16 << 10;
/// Larger than any message here, so that windows are never waited for.
const WINDOW: u32 = 8 << 20;

/// Serves on a free port from a thread of its own, until the process ends. Returns its address.
pub fn serve() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a socket");
    let address: SocketAddr = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                tokio::spawn(connection(stream));
            }
        });
    });
    address.to_string()
}

async fn connection(stream: tokio::net::TcpStream) -> Result<(), h2::Error> {
    let mut server = h2::server::Builder::new()
        .initial_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .max_concurrent_streams(10_000)
        .handshake::<_, Bytes>(stream)
        .await?;
    while let Some(request) = server.accept().await {
        let (request, respond) = request?;
        tokio::spawn(answer(request, respond));
    }
    Ok(())
}

async fn answer(
    request: Request<h2::RecvStream>,
    mut respond: SendResponse<Bytes>,
) -> Result<(), h2::Error> {
    let is_stream = request.uri().path().ends_with("Stream");
    let mut body = request.into_body();
    let mut message = BytesMut::new();
    while let Some(data) = body.data().await {
        let data = data?;
        let _ = body.flow_control().release_capacity(data.len());
        message.extend_from_slice(&data);
    }
    let message = message.freeze();
    let mut head = Response::new(());
    head.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
    let mut send = respond.send_response(head, false)?;
    if is_stream {
        let in_frame = (FRAME / message.len().max(1)).clamp(1, MESSAGES);
        let frame = Bytes::from(message.repeat(in_frame));
        let mut left = MESSAGES;
        while left > 0 {
            let count = left.min(in_frame);
            all(&mut send, frame.slice(..count * message.len())).await?;
            left -= count;
        }
    } else {
        all(&mut send, message).await?;
    }
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    send.send_trailers(trailers)
}

/// Sends data as the other side takes it.
async fn all(send: &mut h2::SendStream<Bytes>, mut data: Bytes) -> Result<(), h2::Error> {
    while !data.is_empty() {
        send.reserve_capacity(data.len());
        let gone = || h2::Error::from(h2::Reason::CANCEL);
        let room = std::future::poll_fn(|cx| send.poll_capacity(cx)).await.ok_or_else(gone)??;
        send.send_data(data.split_to(room.min(data.len())), false)?;
    }
    Ok(())
}
