//! A stream that counts what passes and remembers how the peer began.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How many of the first bytes read are remembered: enough for an HTTP/1.1 answer's first lines.
const HEAD_BYTES: usize = 256;

/// What passed through a [`Tapped`] stream.
#[derive(Debug, Default)]
pub struct Tap {
    sent: AtomicU64,
    received: AtomicU64,
    head: Mutex<Vec<u8>>,
}

impl Tap {
    /// Bytes written.
    pub fn sent(&self) -> u64 {
        self.sent.load(Relaxed)
    }

    /// Bytes read.
    pub fn received(&self) -> u64 {
        self.received.load(Relaxed)
    }

    /// The first bytes read.
    pub(crate) fn head(&self) -> Vec<u8> {
        self.head.lock().map(|head| head.clone()).unwrap_or_default()
    }

    /// Notes bytes that were read.
    pub(crate) fn took(&self, bytes: &[u8]) {
        let before = self.received.fetch_add(bytes.len() as u64, Relaxed);
        if before < HEAD_BYTES as u64
            && let Ok(mut head) = self.head.lock()
        {
            let room = HEAD_BYTES.saturating_sub(head.len());
            head.extend(bytes.iter().take(room));
        }
    }
}

/// A stream with a [`Tap`].
pub struct Tapped<S> {
    inner: S,
    tap: Arc<Tap>,
}

impl<S> Tapped<S> {
    /// Watches `inner`.
    pub fn new(inner: S, tap: Arc<Tap>) -> Self {
        Tapped { inner, tap }
    }

    /// What passed.
    pub(crate) fn tap(&self) -> Arc<Tap> {
        self.tap.clone()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tapped<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        self.tap.took(buf.filled().get(before..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tapped<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let wrote = ready!(Pin::new(&mut self.inner).poll_write(cx, buf))?;
        self.tap.sent.fetch_add(wrote as u64, Relaxed);
        Poll::Ready(Ok(wrote))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = ready!(Pin::new(&mut self.inner).poll_write_vectored(cx, bufs))?;
        self.tap.sent.fetch_add(wrote as u64, Relaxed);
        Poll::Ready(Ok(wrote))
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
