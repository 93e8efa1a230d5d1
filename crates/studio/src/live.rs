//! A call under way, as everybody who asks about it sees it.

use crate::{json::Types, records::Shelf};
use bytes::Bytes;
use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use wirelab_model::*;

/// How many messages of a call may wait to be written before the call is slowed.
pub const HELD_MESSAGES: usize = 1_000;
/// How many bytes of a call's messages may wait to be written before the call is slowed; one message may pass it.
pub const HELD_BYTES: usize = 4 << 20;
/// How many requests may wait to be sent.
pub const SENDING_MESSAGES: usize = 64;
/// How long a request may wait until there is room for it.
pub const SEND_WAIT: Duration = Duration::from_secs(10);

/// A running call.
pub struct Live {
    pub id: CallId,
    pub shelf: Shelf,
    /// None when no source defines the method (a replay).
    pub types: Option<Types>,
    pub cancel: CancellationToken,
    /// Requests to come; none once they are complete.
    pub sender: Mutex<Option<mpsc::Sender<Bytes>>>,
    state: Mutex<State>,
}

/// What changes while it runs.
pub struct State {
    pub record: CallRecord,
    /// The newest messages, whether written or not; those not written are always here.
    recent: VecDeque<MessageRecord>,
    recent_bytes: usize,
    /// Messages below this index are written.
    stored: u64,
    /// What those not written weigh.
    waiting_bytes: usize,
}

impl Live {
    pub fn new(
        record: CallRecord,
        shelf: Shelf,
        types: Option<Types>,
        cancel: CancellationToken,
        sender: Option<mpsc::Sender<Bytes>>,
    ) -> Live {
        let id = record.id;
        let state =
            State { record, recent: VecDeque::new(), recent_bytes: 0, stored: 0, waiting_bytes: 0 };
        Live { id, shelf, types, cancel, sender: Mutex::new(sender), state: Mutex::new(state) }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The record as it stands.
    pub fn record(&self) -> CallRecord {
        self.state().record.clone()
    }

    /// Takes the way to send more; what holds it last half-closes the call by dropping it.
    pub fn take_sender(&self) -> Option<mpsc::Sender<Bytes>> {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The way to send more, while requests are not complete.
    pub fn sender(&self) -> Option<mpsc::Sender<Bytes>> {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Rows from index `from`, at most `limit`, from memory and from the record.
    pub async fn rows(&self, from: u64, limit: u32) -> Result<Vec<MessageRow>, Problem> {
        let mut rows = Vec::new();
        loop {
            let next = from + rows.len() as u64;
            let left = (limit as usize).saturating_sub(rows.len());
            if left == 0 {
                return Ok(rows);
            }
            if let Some(more) = self.state().recent_rows(next, left) {
                rows.extend(more);
                return Ok(rows);
            }
            // Older than what is in memory, so written; what is written while this reads is found the next time round.
            let limit = u32::try_from(left).unwrap_or(u32::MAX).min(wirelab_history::MAX_MESSAGES);
            let more = self.shelf.messages(self.id, next, limit).await?;
            if more.is_empty() {
                return Ok(rows);
            }
            rows.extend(more);
        }
    }

    /// One message with its bytes.
    pub async fn message(&self, index: u64) -> Result<Option<MessageRecord>, Problem> {
        let recent = self.state().recent_message(index);
        match recent {
            Some(message) => Ok(Some(message)),
            None => self.shelf.message(self.id, index).await,
        }
    }
}

impl State {
    /// Adds the next message; the call waits for room elsewhere.
    pub fn push(&mut self, message: MessageRecord) {
        self.recent_bytes += weight(&message);
        self.waiting_bytes += weight(&message);
        self.recent.push_back(message);
    }

    /// Notes that the messages below index `end` are written.
    pub fn written(&mut self, end: u64) {
        let done = self.recent.iter().skip_while(|message| message.row.index < self.stored);
        let done = done.take_while(|message| message.row.index < end).map(weight);
        self.waiting_bytes = self.waiting_bytes.saturating_sub(done.sum());
        self.stored = end;
    }

    /// Whether another message may be held in memory until it is written.
    pub fn has_room(&self) -> bool {
        let waiting = usize::try_from(self.end().saturating_sub(self.stored)).unwrap_or(usize::MAX);
        waiting < HELD_MESSAGES && self.waiting_bytes < HELD_BYTES
    }

    /// The index of the oldest message in memory, or of the next one.
    pub fn oldest(&self) -> u64 {
        self.recent.front().map_or(self.end(), |message| message.row.index)
    }

    /// Lets go of the oldest messages that need not be in memory; `lost` says that nothing will be written any more.
    pub fn trim(&mut self, lost: bool) {
        while self.recent.len() > HELD_MESSAGES || self.recent_bytes > HELD_BYTES {
            match self.recent.front() {
                Some(oldest) if lost || oldest.row.index < self.stored => {
                    self.recent_bytes -= weight(oldest);
                    self.recent.pop_front();
                }
                _ => break,
            }
        }
    }

    /// The next messages to write, in order: as many as one batch may hold.
    pub fn batch(&self) -> Vec<MessageRecord> {
        let mut bytes = 0;
        let unstored = self.recent.iter().skip_while(|message| message.row.index < self.stored);
        let fits = |message: &&MessageRecord| {
            let first = bytes == 0;
            bytes += weight(message);
            first || bytes <= HELD_BYTES
        };
        unstored.take(HELD_MESSAGES).take_while(fits).cloned().collect()
    }

    /// The index of the next message.
    pub fn end(&self) -> u64 {
        self.record.totals.sent + self.record.totals.received
    }

    /// Rows from `from` if that is in memory or beyond the end.
    pub fn recent_rows(&self, from: u64, limit: usize) -> Option<Vec<MessageRow>> {
        let Some(first) = self.recent.front().map(|message| message.row.index) else {
            return (from >= self.end()).then(Vec::new);
        };
        let skip = usize::try_from(from.checked_sub(first)?).unwrap_or(usize::MAX);
        Some(self.recent.iter().skip(skip).take(limit).map(|message| message.row.clone()).collect())
    }

    fn recent_message(&self, index: u64) -> Option<MessageRecord> {
        let first = self.recent.front()?.row.index;
        self.recent.get(usize::try_from(index.checked_sub(first)?).ok()?).cloned()
    }
}

/// What a message weighs in memory; never nothing.
fn weight(message: &MessageRecord) -> usize {
    message.wire.len() + message.row.text.len() + size_of::<MessageRecord>()
}
