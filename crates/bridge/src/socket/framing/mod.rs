//! What the messages of a socket say: one file a framing. Pure: messages in, what they say out, and the other way round.

pub(super) mod control;
mod grpc_websocket_proxy;
mod grpc_websockets;
mod own;

pub(super) use grpc_websocket_proxy::{GrpcWebsocketProxy, Values};
pub(super) use grpc_websockets::GrpcWebsockets;
pub(super) use own::Own;

use super::wire::{Message, Outgoing};
use crate::upstream::End;
use bytes::Bytes;
use std::collections::VecDeque;
use std::time::Duration;
use wirelab_model::{Metadatum, Status, StatusCode};

/// How messages say what a call needs. One for each socket: it remembers what was said.
pub(super) trait Framing: Send {
    /// What a message of the client says, in this order. A failure ends the call with it.
    fn read(&mut self, message: Message, said: &mut VecDeque<Said>) -> Result<(), Status>;

    /// Response metadata.
    fn head(&mut self, metadata: Vec<Metadatum>, out: &mut Vec<Outgoing>);

    /// One message of the server. A failure ends the call with it.
    fn message(&mut self, wire: Bytes) -> Result<Outgoing, Status>;

    /// That so many messages were left out before the next one; nothing where the framing has no words for it.
    fn dropped(&mut self, count: u64) -> Option<Outgoing>;

    /// The name that the stream can be resumed by; nothing where the framing has no words for it.
    fn stream(&mut self, _id: &str, _window: Duration) -> Option<Outgoing> {
        None
    }

    /// That a stream goes on which had taken so many requests.
    fn resumed(&mut self, _requests: u64) -> Option<Outgoing> {
        None
    }

    /// How the call ended, and what to close the socket with.
    fn end(&mut self, end: &End, out: &mut Vec<Outgoing>) -> (u16, String);
}

/// What a client says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// What belongs to the call as a whole. Comes first or not at all.
    Start(Start),
    /// One request message.
    Request(Bytes),
    /// No more requests will come.
    HalfClose,
    /// The call is not wanted any longer.
    Cancel,
    /// A stream of a lost socket is to go on after so many of its messages.
    Resume { stream: String, after: u64 },
}

/// What belongs to a call as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Start {
    pub metadata: Vec<Metadatum>,
    pub timeout: Option<Duration>,
    /// Whether the client may want to resume the stream.
    pub resumable: bool,
}

/// The close code of our own framing: 1000 for OK, 4000 and the number of the status for all else.
pub(super) fn close_code(code: u32) -> u16 {
    match u16::try_from(code) {
        Ok(0) => 1000,
        // 4999 is the last that applications may use (RFC 6455 §7.4.2).
        Ok(code @ 1..=999) => 4000 + code,
        _ => 4000 + StatusCode::Unknown as u16,
    }
}

fn invalid(message: impl Into<String>) -> Status {
    Status::new(StatusCode::InvalidArgument, message)
}
