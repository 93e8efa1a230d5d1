//! Request messages kept so that another attempt can send them again.

use crate::invoke::Requests;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

/// How many request bytes are kept for another attempt; a call that sends more is not tried again.
pub const REPLAY_BYTES: usize = 1 << 20;
/// What a kept message takes beside its bytes, so that empty ones have an end too.
const MESSAGE_BYTES: usize = 64;

/// The requests of a call, for one attempt after the other.
#[derive(Clone)]
pub(crate) struct Replay {
    buffer: Arc<Mutex<Buffer>>,
}

struct Buffer {
    source: Requests,
    kept: Vec<Bytes>,
    /// How many of those the attempt under way has taken.
    taken: usize,
    bytes: usize,
    ended: bool,
    /// Nothing more is kept.
    committed: bool,
}

impl Replay {
    /// Takes the requests of a call.
    pub fn new(source: Requests) -> Replay {
        let buffer =
            Buffer { source, kept: Vec::new(), taken: 0, bytes: 0, ended: false, committed: false };
        Replay { buffer: Arc::new(Mutex::new(buffer)) }
    }

    /// All requests from the first on, for the next attempt; those of the attempt before must be gone.
    pub fn requests(&self) -> Requests {
        lock(&self.buffer).taken = 0;
        Box::pin(Replayed { buffer: self.buffer.clone() })
    }

    /// No other attempt will come.
    pub fn commit(&self) {
        let mut buffer = lock(&self.buffer);
        buffer.committed = true;
        buffer.forget();
    }

    /// Whether everything sent until now can be sent again.
    pub fn is_whole(&self) -> bool {
        !lock(&self.buffer).committed
    }
}

fn lock(buffer: &Mutex<Buffer>) -> MutexGuard<'_, Buffer> {
    buffer.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Replayed {
    buffer: Arc<Mutex<Buffer>>,
}

impl Buffer {
    /// Keeps nothing that the last attempt has taken.
    fn forget(&mut self) {
        if self.taken == self.kept.len() {
            (self.kept, self.taken) = (Vec::new(), 0);
        }
    }
}

impl Stream for Replayed {
    type Item = Bytes;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let buffer = &mut *lock(&self.buffer);
        if let Some(message) = buffer.kept.get(buffer.taken).cloned() {
            buffer.taken += 1;
            if buffer.committed {
                buffer.forget();
            }
            return Poll::Ready(Some(message));
        }
        if buffer.ended {
            return Poll::Ready(None);
        }
        let Some(message) = ready!(buffer.source.poll_next_unpin(cx)) else {
            buffer.ended = true;
            return Poll::Ready(None);
        };
        buffer.bytes = buffer.bytes.saturating_add(message.len() + MESSAGE_BYTES);
        buffer.committed |= buffer.bytes > REPLAY_BYTES;
        if buffer.committed {
            // All that was kept has been sent by the one attempt that is left.
            buffer.forget();
        } else {
            buffer.kept.push(message.clone());
            buffer.taken += 1;
        }
        Poll::Ready(Some(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invoke::requests;

    async fn take(requests: &mut Requests, count: usize) -> Vec<u8> {
        let taken: Vec<Bytes> = requests.take(count).collect().await;
        taken.iter().filter_map(|message| message.first().copied()).collect()
    }

    #[tokio::test]
    async fn attempts_see_the_same() {
        let replay = Replay::new(requests((1..=5_u8).map(|n| vec![n])));
        assert_eq!(take(&mut replay.requests(), 2).await, [1, 2]);
        assert_eq!(take(&mut replay.requests(), 1).await, [1]);
        let mut last = replay.requests();
        assert_eq!(take(&mut last, 1).await, [1]);
        assert!(replay.is_whole());
        // What is kept is still sent, what comes is not kept.
        replay.commit();
        assert_eq!(take(&mut last, 9).await, [2, 3, 4, 5]);
        assert!(!replay.is_whole());
        assert_eq!(lock(&replay.buffer).kept.len(), 0);
        let replay = Replay::new(requests((1..=2_u8).map(|n| vec![n])));
        assert_eq!(take(&mut replay.requests(), 9).await, [1, 2]);
        assert_eq!(take(&mut replay.requests(), 9).await, [1, 2]);
    }

    #[tokio::test]
    async fn no_more_than_so_much_is_kept() {
        for size in [0, 100, REPLAY_BYTES] {
            let endless = futures_util::stream::repeat(Bytes::from(vec![7; size]));
            let replay = Replay::new(Box::pin(endless));
            let mut attempt = replay.requests();
            let fits = REPLAY_BYTES / (size + MESSAGE_BYTES);
            for _ in 0..fits {
                attempt.next().await.unwrap();
            }
            assert!(replay.is_whole(), "{size}");
            attempt.next().await.unwrap();
            assert!(!replay.is_whole(), "{size}");
            assert_eq!(lock(&replay.buffer).kept.capacity(), 0);
        }
    }
}
