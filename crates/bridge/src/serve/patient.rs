//! A connection whose first bytes must come in time: until then nobody knows which version of HTTP it speaks, and no
//! timeout of either holds.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// As many bytes as it takes to tell (RFC 9113 §3.4).
const ENOUGH: usize = 24;

pub(super) struct Patient<S> {
    inner: S,
    seen: usize,
    /// None once enough has come.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    pub fn new(inner: S, patience: Duration) -> Patient<S> {
        Patient { inner, seen: 0, deadline: Some(Box::pin(sleep(patience))) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(cx, buffer);
        let Some(deadline) = &mut self.deadline else { return read };
        if read.is_pending() {
            return match deadline.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
                Poll::Pending => Poll::Pending,
            };
        }
        self.seen += buffer.filled().len() - before;
        if self.seen >= ENOUGH {
            self.deadline = None;
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    #[tokio::test]
    async fn only_the_first_bytes_have_a_time() {
        for sent in [0, 1, ENOUGH - 1, ENOUGH, 100] {
            let (mut client, server) = duplex(1_000);
            let mut server = Patient::new(server, Duration::ZERO);
            client.write_all(&vec![b'x'; sent]).await.unwrap();
            let mut got = vec![0; sent];
            server.read_exact(&mut got).await.unwrap();
            if sent < ENOUGH {
                let late = server.read_u8().await.map_err(|error| error.kind());
                assert_eq!(late, Err(io::ErrorKind::TimedOut), "{sent}");
            } else {
                client.write_all(b"y").await.unwrap();
                assert_eq!(server.read_u8().await.unwrap(), b'y', "{sent}");
            }
        }
    }
}
