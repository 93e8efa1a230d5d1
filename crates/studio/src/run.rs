//! Drives one call: folds its events into its record, has them written, and tells screens.

use crate::{bus::Bus, json, live::Live};
use futures_util::{StreamExt, future::BoxFuture};
use std::{
    sync::Arc,
    time::{Duration, Instant as Clock},
};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use wirelab_call::Events;
use wirelab_model::*;
use wirelab_transcode::Codec;

/// The time between two updates of a call.
pub const UPDATE_EVERY: Duration = Duration::from_millis(50);
/// The most rows of an update.
pub const UPDATE_ROWS: usize = 1_000;
/// The most text of an update's rows, bytes; one row may pass it.
pub const UPDATE_TEXT: usize = 256 << 10;
/// How often the record of a long call is written while it runs, so that a crash finds its headers too.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(2);
/// Messages from this size on are converted off the threads that keep everything going.
pub const LARGE: usize = 64 << 10;
/// How often writing is tried while somebody else holds the file; each time waits for it.
const WRITE_ATTEMPTS: u32 = 3;

/// Stands for a value that is not kept.
const WITHHELD: &str = "…";
/// Begins the names of headers that are metadata.
const METADATA_HEADER: &str = "grpc-metadata-";

/// A write under way, and how far messages are written once it is done.
type Writing = BoxFuture<'static, Result<Option<u64>, Problem>>;

pub struct Run {
    live: Arc<Live>,
    bus: Bus,
    closing: CancellationToken,
    fold: TimingsFold,
    decode_ns: u64,
    /// Requests sent in the attempt under way.
    sent: u64,
    /// Rows below this index were told.
    told: u64,
    next_update: Instant,
    next_checkpoint: Instant,
    changed: bool,
    /// Why nothing is written any more.
    lost: Option<Problem>,
}

impl Run {
    pub fn new(live: Arc<Live>, bus: Bus, closing: CancellationToken) -> Run {
        let now = Instant::now();
        Run {
            live,
            bus,
            closing,
            fold: TimingsFold::default(),
            decode_ns: 0,
            sent: 0,
            told: 0,
            next_update: now,
            next_checkpoint: now + CHECKPOINT_EVERY,
            changed: false,
            lost: None,
        }
    }

    /// Runs the call to its end; when it returns everything is written, and screens know all but the last rows.
    /// Returns why not everything could be written.
    pub async fn drive(&mut self, mut events: Events) -> Option<Problem> {
        let mut writing: Option<Writing> = None;
        loop {
            if writing.is_none() {
                writing = self.next_write();
            }
            let room = self.lost.is_some() || self.live.state().has_room();
            tokio::select! {
                biased;
                done = async { Some(writing.as_mut()?.as_mut().await) }, if writing.is_some() => {
                    writing = None;
                    self.written(done);
                }
                () = sleep_until(self.next_update), if self.changed => self.update().await,
                event = events.next(), if room => match event {
                    Some(event) => {
                        if self.take(event).await {
                            break;
                        }
                    }
                    None => {
                        self.broken_off();
                        break;
                    }
                },
            }
        }
        if let Some(writing) = writing {
            let done = writing.await;
            self.written(Some(done));
        }
        self.write_out().await
    }

    /// Starts the next write if there is something to write.
    fn next_write(&mut self) -> Option<Writing> {
        if self.lost.is_some() {
            return None;
        }
        let live = self.live.clone();
        let batch = live.state().batch();
        if let Some(last) = batch.last() {
            let stored = last.row.index + 1;
            return Some(Box::pin(async move {
                let mut attempts = 0;
                loop {
                    attempts += 1;
                    match live.shelf.append(live.id, &batch).await {
                        Ok(()) => return Ok(Some(stored)),
                        Err(problem)
                            if problem.kind == ProblemKind::Locked && attempts < WRITE_ATTEMPTS => {
                        }
                        Err(problem) => return Err(problem),
                    }
                }
            }));
        }
        let now = Instant::now();
        if now < self.next_checkpoint || !self.changed {
            return None;
        }
        self.next_checkpoint = now + CHECKPOINT_EVERY;
        let record = live.record();
        Some(Box::pin(async move { live.shelf.finish(&record).await.map(|()| None) }))
    }

    fn written(&mut self, done: Option<Result<Option<u64>, Problem>>) {
        match done {
            Some(Ok(Some(stored))) => self.live.state().written(stored),
            Some(Err(problem)) => self.lost = Some(problem),
            Some(Ok(None)) | None => {}
        }
        self.live.state().trim(self.lost.is_some());
    }

    /// Writes what is left once the call is over.
    async fn write_out(&mut self) -> Option<Problem> {
        while let Some(writing) = self.next_write() {
            let done = writing.await;
            self.written(Some(done));
        }
        let record = {
            let mut state = self.live.state();
            if let (Some(lost), Some(status)) = (&self.lost, &mut state.record.status)
                && status.problem.is_none()
            {
                status.problem = Some(lost.clone());
            }
            state.record.clone()
        };
        for _ in 0..WRITE_ATTEMPTS {
            match self.live.shelf.finish(&record).await {
                Ok(()) => break,
                Err(problem) => {
                    let again = problem.kind == ProblemKind::Locked;
                    self.lost = Some(problem);
                    if !again {
                        break;
                    }
                }
            }
        }
        self.lost.clone()
    }

    /// Tells screens how it ended, then the rows that they do not have yet, at the pace of updates.
    pub async fn tell_rest(&mut self) {
        loop {
            let before = self.told;
            self.update().await;
            if self.told >= self.live.state().end() || self.told == before {
                return;
            }
            tokio::select! {
                () = sleep_until(self.next_update) => {}
                () = self.closing.cancelled() => return,
            }
        }
    }

    /// Folds one event; true when it was the last.
    async fn take(&mut self, event: CallEvent) -> bool {
        self.fold.push(&event);
        self.changed = true;
        let at_ns = event.at_ns;
        let live = self.live.clone();
        match event.kind {
            CallEventKind::Sent { message, compressed } => {
                self.sent += 1;
                if self.sent <= live.state().record.totals.sent {
                    // Another attempt sends it again.
                    return false;
                }
                self.compressed(Direction::Sent, compressed, message.len());
                self.message(Direction::Sent, at_ns, message).await;
            }
            CallEventKind::Received { message, compressed } => {
                self.compressed(Direction::Received, compressed, message.len());
                self.message(Direction::Received, at_ns, message).await;
            }
            CallEventKind::Requested(request) => {
                let record = &mut live.state().record;
                record.request = Some(without_secrets(request, &record.spec.metadata));
            }
            CallEventKind::Connected { peer } => live.state().record.peer = Some(peer),
            CallEventKind::Reused { peer, tls } => {
                let record = &mut live.state().record;
                record.peer = Some(peer);
                record.tls = tls;
            }
            CallEventKind::Resolved { addresses } => live.state().record.resolved = addresses,
            CallEventKind::Secured(tls) => live.state().record.tls = Some(tls),
            CallEventKind::Retrying(attempt) => {
                // What the record says besides is about the attempt that comes now.
                self.sent = 0;
                let record = &mut live.state().record;
                record.attempts.push(attempt);
                record.half_closed = false;
                record.headers.clear();
                record.trailers.clear();
            }
            CallEventKind::Pinged { rtt_ns } => live.state().record.rtt_ns = Some(rtt_ns),
            CallEventKind::Waiting { .. } | CallEventKind::Picked { .. } => {}
            CallEventKind::HalfClosed => live.state().record.half_closed = true,
            CallEventKind::Headers { metadata } => live.state().record.headers = metadata,
            CallEventKind::Trailers { metadata } => live.state().record.trailers = metadata,
            CallEventKind::Finished { status, wire } => {
                let record = &mut live.state().record;
                record.state = CallState::Finished;
                record.status = Some(status);
                // What other calls moved on the connection meanwhile is not this call's.
                if let Some(wire) = wire.filter(|wire| !wire.shared) {
                    record.totals.wire_sent = Some(wire.sent);
                    record.totals.wire_received = Some(wire.received);
                }
            }
        }
        let record = &mut live.state().record;
        let encode_ns = record.timings.encode_ns;
        record.timings = self.fold.timings();
        record.timings.encode_ns = encode_ns;
        record.timings.decode_ns = (record.totals.received > 0).then_some(self.decode_ns);
        record.state == CallState::Finished
    }

    /// The events ended without a last one: a fault of the transport's, which must not leave a call running.
    fn broken_off(&mut self) {
        let record = &mut self.live.state().record;
        let message = "the call broke off without a status";
        record.state = CallState::Finished;
        record.status = Some(Status {
            problem: Some(Problem::new(ProblemKind::Internal, message)),
            ..Status::new(StatusCode::Internal, message)
        });
    }

    /// Adds what a message took on its way; there is no sum while none was compressed.
    fn compressed(&self, direction: Direction, compressed: Option<u64>, plain: usize) {
        let record = &mut self.live.state().record;
        let (sum, before) = match direction {
            Direction::Sent => (&mut record.sent_compressed, record.totals.sent_bytes),
            Direction::Received => (&mut record.received_compressed, record.totals.received_bytes),
        };
        if let Some(bytes) = compressed {
            *sum = Some(sum.unwrap_or(before).saturating_add(bytes));
        } else if let Some(sum) = sum {
            *sum = sum.saturating_add(plain as u64);
        }
    }

    async fn message(&mut self, direction: Direction, at_ns: u64, wire: Blob) {
        let codec = self.live.types.as_ref().map(|types| types.codec(direction).clone());
        let (json, took) = match codec {
            None => (None, Duration::ZERO),
            Some(codec) if wire.len() < LARGE => read(&codec, &wire),
            Some(codec) => {
                let wire = wire.clone();
                let reading = tokio::task::spawn_blocking(move || read(&codec, &wire));
                reading.await.unwrap_or((None, Duration::ZERO))
            }
        };
        if direction == Direction::Received {
            self.decode_ns =
                self.decode_ns.saturating_add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
        }
        let mut state = self.live.state();
        let row = MessageRow {
            index: state.end(),
            direction,
            at_ns,
            bytes: wire.len() as u64,
            json_bytes: json.as_ref().map(|(bytes, _)| *bytes),
            text: json.map(|(_, text)| text).unwrap_or_default(),
        };
        let totals = &mut state.record.totals;
        let (count, bytes, json_bytes) = match direction {
            Direction::Sent => {
                (&mut totals.sent, &mut totals.sent_bytes, &mut totals.sent_json_bytes)
            }
            Direction::Received => {
                (&mut totals.received, &mut totals.received_bytes, &mut totals.received_json_bytes)
            }
        };
        *count += 1;
        *bytes += row.bytes;
        *json_bytes = json_bytes.zip(row.json_bytes).map(|(sum, more)| sum + more);
        state.push(MessageRecord { row, wire });
        state.trim(self.lost.is_some());
    }

    /// Tells screens how the call stands, with the next rows.
    async fn update(&mut self) {
        let mut rows = match self.live.rows(self.told, UPDATE_ROWS as u32).await {
            Ok(rows) => rows,
            Err(problem) => {
                tracing::warn!(%problem, "rows of a running call could not be read");
                Vec::new()
            }
        };
        let mut text = 0;
        let fits = rows.iter().take_while(|row| {
            text += row.text.len();
            text <= UPDATE_TEXT
        });
        let fits = fits.count().max(1);
        rows.truncate(fits);
        self.told = match rows.last() {
            Some(last) => last.index + 1,
            // What could neither be written nor held is passed over.
            None if self.lost.is_some() => self.told.max(self.live.state().oldest()),
            None => self.told,
        };
        let record = self.live.record();
        let end = record.totals.sent + record.totals.received;
        self.bus.send(StudioEvent::Call(Box::new(CallUpdate { record, rows })));
        self.next_update = Instant::now() + UPDATE_EVERY;
        self.changed = self.told < end;
    }
}

/// The size of a message as JSON and its beginning, none when it is not its type; and how long that took.
fn read(codec: &Codec, wire: &[u8]) -> (Option<(u64, String)>, Duration) {
    let begin = Clock::now();
    let json = json::compact(codec, wire);
    let took = begin.elapsed();
    (json.ok().map(|json| (json.len() as u64, json::row_text(&json))), took)
}

/// A request without what its record does not keep anyway: the credentials that were added to its metadata.
fn without_secrets(mut request: HttpRequest, kept: &[Metadatum]) -> HttpRequest {
    let text = |entry: &Metadatum| match &entry.value {
        MetadataValue::Text(text) => Some(text.clone()),
        MetadataValue::Binary(_) => None,
    };
    for (name, value) in &mut request.headers {
        let key = name.strip_prefix(METADATA_HEADER).unwrap_or(name);
        let is_metadata = key.len() < name.len() || key == "authorization";
        let binary = key.ends_with("-bin");
        let known = |entry: &Metadatum| {
            entry.key.eq_ignore_ascii_case(key) && (binary || text(entry).as_ref() == Some(value))
        };
        if is_metadata && !kept.iter().any(known) {
            WITHHELD.clone_into(value);
        }
    }
    request
}

#[cfg(test)]
mod tests;
