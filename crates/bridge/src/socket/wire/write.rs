//! Frames that go out (RFC 6455 §5.2), written in as few calls as the connection allows and without copying what is
//! large.

use super::deflate::{self, Pool};
use bytes::{Buf, Bytes, BytesMut};
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncWrite;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// How much may wait to be written before nothing more is taken, bytes; one message may pass it.
pub(in crate::socket) const WRITE_BYTES: usize = 16 << 10;
/// Payloads up to this are copied beside their heads, bytes.
const COPIED: usize = 1 << 10;
/// How many pieces are written by one call.
const PIECES: usize = 16;
/// The longest reason of a close frame, bytes: with its code it makes a full control frame.
const MAX_REASON_BYTES: usize = 123;

/// What goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::socket) enum Outgoing {
    /// UTF-8, which is not checked again.
    Text(Bytes),
    Binary(Bytes),
    Ping(Bytes),
    Pong(Bytes),
    /// Code and reason; code 1005 goes as no code (RFC 6455 §7.1.5).
    Close(u16, String),
}

/// Takes messages and gives bytes.
pub(super) struct Writer {
    /// Given when `permessage-deflate` was agreed on.
    pool: Option<Arc<Pool>>,
    pieces: VecDeque<Bytes>,
    /// Small things that come after the pieces.
    tail: BytesMut,
    waiting: usize,
    written: u64,
}

impl Writer {
    pub fn new(pool: Option<Arc<Pool>>) -> Writer {
        Writer { pool, pieces: VecDeque::new(), tail: BytesMut::new(), waiting: 0, written: 0 }
    }

    pub fn has_room(&self) -> bool {
        self.waiting < WRITE_BYTES
    }

    pub fn written(&self) -> u64 {
        self.written
    }

    pub fn push(&mut self, outgoing: Outgoing) {
        match outgoing {
            Outgoing::Text(payload) => self.data(Data::Text, payload),
            Outgoing::Binary(payload) => self.data(Data::Binary, payload),
            Outgoing::Ping(payload) => self.frame(OpCode::Control(Control::Ping), false, payload),
            Outgoing::Pong(payload) => self.frame(OpCode::Control(Control::Pong), false, payload),
            Outgoing::Close(code, reason) => {
                let mut payload = Vec::new();
                if code != 1005 {
                    payload.extend_from_slice(&code.to_be_bytes());
                    let cut = reason.floor_char_boundary(MAX_REASON_BYTES.min(reason.len()));
                    payload.extend_from_slice(reason.get(..cut).unwrap_or_default().as_bytes());
                }
                self.frame(OpCode::Control(Control::Close), false, payload.into());
            }
        }
    }

    fn data(&mut self, data: Data, payload: Bytes) {
        let pool = self.pool.as_ref().filter(|_| payload.len() >= deflate::MIN_BYTES);
        let compressed = pool.and_then(|pool| deflate::deflate(pool, &payload));
        match compressed {
            Some(small) => self.frame(OpCode::Data(data), true, small.into()),
            None => self.frame(OpCode::Data(data), false, payload),
        }
    }

    fn frame(&mut self, opcode: OpCode, rsv1: bool, payload: Bytes) {
        let header =
            FrameHeader { is_final: true, rsv1, rsv2: false, rsv3: false, opcode, mask: None };
        let mut head = [0; 10];
        let mut rest = &mut head[..];
        // Ten bytes hold the head of any frame without a mask.
        let fits = header.format(payload.len() as u64, &mut rest).is_ok();
        debug_assert!(fits);
        let length = 10 - rest.len();
        self.tail.extend_from_slice(&head[..length]);
        self.waiting += length + payload.len();
        if payload.len() <= COPIED {
            self.tail.extend_from_slice(&payload);
        } else {
            self.pieces.push_back(self.tail.split().freeze());
            self.pieces.push_back(payload);
        }
    }

    /// Ready when everything was written.
    pub fn poll_write(
        &mut self,
        mut io: Pin<&mut impl AsyncWrite>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while self.waiting > 0 {
            if self.pieces.is_empty() {
                self.pieces.push_back(self.tail.split().freeze());
            }
            let mut slices = [IoSlice::new(&[]); PIECES];
            let mut count = 0;
            for (slice, piece) in slices.iter_mut().zip(&self.pieces) {
                *slice = IoSlice::new(piece);
                count += 1;
            }
            let result = ready!(io.as_mut().poll_write_vectored(cx, &slices[..count]));
            let written = result?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.advance(written);
        }
        // What is empty holds no memory.
        self.tail = BytesMut::new();
        self.pieces = VecDeque::new();
        Poll::Ready(Ok(()))
    }

    fn advance(&mut self, mut written: usize) {
        self.waiting = self.waiting.saturating_sub(written);
        self.written += written as u64;
        while let Some(first) = self.pieces.front_mut() {
            if written < first.len() {
                first.advance(written);
                return;
            }
            written -= first.len();
            self.pieces.pop_front();
        }
    }
}
