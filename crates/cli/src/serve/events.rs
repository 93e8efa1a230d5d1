//! `GET /api/events`: studio events over a WebSocket, one JSON text each.
//!
//! The studio bounds what waits for a slow screen; here nothing waits but the message being sent.

use super::Shared;
use axum::{
    extract::{
        State,
        ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code},
    },
    response::Response,
};
use futures_util::{SinkExt, StreamExt};
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior};

/// How often a screen is asked whether it is still there.
const PING: Duration = Duration::from_secs(20);
/// How long a screen may be silent or unable to take a message before it counts as gone.
const SILENCE: Duration = Duration::from_secs(60);
/// Screens say nothing but pong and goodbye.
const MAX_INCOMING: usize = 4 << 10;

/// Turns the request into a WebSocket.
pub async fn upgrade(State(shared): State<Shared>, upgrade: WebSocketUpgrade) -> Response {
    upgrade
        .max_message_size(MAX_INCOMING)
        .max_frame_size(MAX_INCOMING)
        .on_upgrade(move |socket| push(socket, shared))
}

/// Sends events until either side ends.
async fn push(socket: WebSocket, shared: Shared) {
    let (mut sink, mut stream) = socket.split();
    let mut events = shared.studio.events();
    let mut ping = tokio::time::interval_at(Instant::now() + PING, PING);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = Instant::now();
    loop {
        let message = tokio::select! {
            event = events.next() => match event {
                None => break,
                Some(event) => match serde_json::to_string(&event) {
                    Ok(text) => Message::Text(text.into()),
                    Err(error) => {
                        tracing::error!(%error, "an event cannot be written");
                        continue;
                    }
                },
            },
            said = stream.next() => match said {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {
                    heard = Instant::now();
                    continue;
                }
            },
            _ = ping.tick() => {
                if heard.elapsed() > SILENCE {
                    return;
                }
                Message::Ping(axum::body::Bytes::new())
            }
            () = shared.shutdown.cancelled() => break,
        };
        match tokio::time::timeout(SILENCE, sink.send(message)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return,
        }
    }
    let goodbye = CloseFrame {
        code: close_code::AWAY,
        reason: Utf8Bytes::from_static("the studio is closing"),
    };
    // The other side may be gone already.
    let _ = tokio::time::timeout(SILENCE, sink.send(Message::Close(Some(goodbye)))).await;
}
