//! A WebSocket connection: whole messages in, whole messages out, nothing known of what they say.
//!
//! Frame headers, close codes and the accept key are tungstenite's (the library that axum and our test clients use),
//! DEFLATE is flate2's. Putting messages together is done here and not by a library, for what users get by it:
//! `permessage-deflate` (tungstenite has none) with limits before and after decompression that are exact (yawc has one
//! limit for both), contexts that sockets share so that an idle one costs no window (44 KB to read, 300 KB to write),
//! buffers that are given back as soon as they are empty, text refused at its first byte that is not UTF-8, one pong
//! owed at a time, and nothing read while nobody takes it. Autobahn's cases judge it.

mod deflate;
mod read;
mod write;

pub(super) use deflate::{Agreed, Pool, negotiate};
pub(super) use read::{Fault, Incoming, Limits, Message, Reader};
pub(super) use write::Outgoing;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::io::poll_read_buf;
use write::Writer;

/// A connection after its handshake; this is the server's side.
pub(super) struct Wire<Io> {
    io: Io,
    reader: Reader,
    writer: Writer,
    shut: bool,
}

/// Why nothing more can be read.
#[derive(Debug)]
pub(super) enum Broken {
    /// What came is not WebSocket, or too large.
    Fault(Fault),
    /// The connection ended.
    Lost,
}

impl<Io: AsyncRead + AsyncWrite + Unpin> Wire<Io> {
    /// `agreed` is what both sides compress by; none compresses nothing.
    pub fn new(io: Io, limits: Limits, agreed: Option<Agreed>, pool: &Arc<Pool>) -> Wire<Io> {
        let pool = agreed.map(|_| pool.clone());
        Wire {
            io,
            reader: Reader::new(limits, pool.clone()),
            writer: Writer::new(pool),
            shut: false,
        }
    }

    /// The next message or control frame. Not to be asked again after it broke.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Incoming, Broken>> {
        loop {
            if let Some(incoming) = self.reader.next().map_err(Broken::Fault)? {
                return Poll::Ready(Ok(incoming));
            }
            let buffer = self.reader.space();
            match poll_read_buf(Pin::new(&mut self.io), cx, buffer) {
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Err(Broken::Lost)),
                Poll::Ready(Ok(_)) => {}
                Poll::Pending => {
                    self.reader.rest();
                    return Poll::Pending;
                }
            }
        }
    }

    /// Whether a message may be sent without holding more than [`WRITE_BYTES`](write::WRITE_BYTES) and that message.
    pub fn has_room(&self) -> bool {
        self.writer.has_room()
    }

    /// Takes a message or control frame, to be flushed.
    pub fn send(&mut self, outgoing: Outgoing) {
        self.writer.push(outgoing);
    }

    /// Bytes handed to the connection so far: whether they move tells whether somebody is there.
    pub fn written(&self) -> u64 {
        self.writer.written()
    }

    /// Ready when everything sent is with the connection.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.writer.poll_write(Pin::new(&mut self.io), cx))?;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    /// Ends this side of the connection once everything is flushed.
    pub fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.shut {
            ready!(self.poll_flush(cx))?;
            ready!(Pin::new(&mut self.io).poll_shutdown(cx))?;
            self.shut = true;
        }
        Poll::Ready(Ok(()))
    }

    /// Reads and forgets what still comes, so that nobody's last frames are lost to a reset; ready when the other side has
    /// ended too.
    pub fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut forgotten = [0; 1 << 10];
        loop {
            let mut buffer = ReadBuf::new(&mut forgotten);
            match ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {}
                _ => return Poll::Ready(()),
            }
        }
    }
}
