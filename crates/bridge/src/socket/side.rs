//! The call's side of a socket: what was ordered, what is under way, what waits for the client. It outlives a lost socket
//! when the stream can be resumed.

use super::framing::{Framing, Start};
use super::outbox::{Fate, Outbox, Waiting};
use super::resume::Resumable;
use super::wire::Outgoing;
use crate::observe::{Counter, Permit};
use crate::upstream::{Call, End, Order, Step, Upstream};
use bytes::Bytes;
use futures_channel::mpsc;
use futures_util::StreamExt;
use std::task::{Context, Poll};
use wirelab_model::{Status, StatusCode};

/// Requests that were read and that the server has not taken; nothing more is read from the client meanwhile.
const REQUESTS: usize = 2;

/// Response headers that are about the connection to the server and not about the call.
const OF_CONNECTION: [&str; 4] = ["content-type", "date", "grpc-accept-encoding", "grpc-encoding"];

/// One call and what belongs to it.
pub(super) struct Side {
    pub framing: Box<dyn Framing>,
    pub outbox: Outbox,
    pub resumable: Option<Resumable>,
    /// What to close the socket with, once the call is over.
    pub closing: Option<(u16, String)>,
    /// What waits for the client and what it missed, for metrics of the method.
    counter: Option<Counter>,
    /// What to call; none once it was.
    order: Option<Order>,
    /// Whether the client may send more than one message.
    client_streams: bool,
    call: Option<Call>,
    requests: Option<mpsc::Sender<Bytes>>,
    taken: u64,
    /// Messages handed to the socket so far, those left out included.
    position: u64,
}

impl Side {
    pub fn new(framing: Box<dyn Framing>, outbox: Outbox, order: Order) -> Side {
        Side {
            framing,
            outbox,
            resumable: None,
            closing: None,
            client_streams: order.kind.client_streams(),
            counter: order.permit.as_ref().map(Permit::counter),
            order: Some(order),
            call: None,
            requests: None,
            taken: 0,
            position: 0,
        }
    }

    /// The client missed so many messages.
    pub fn dropped(&self, messages: u64) {
        if let Some(counter) = &self.counter {
            counter.dropped(messages);
        }
    }

    /// So many messages waited for the client, now so many do.
    pub fn waiting(&self, before: usize, now: usize) {
        if let Some(counter) = &self.counter {
            counter.queued(now as i64 - before as i64);
        }
    }

    pub fn has_begun(&self) -> bool {
        self.order.is_none()
    }

    /// Adds what the client says of the call as a whole.
    pub fn prepare(&mut self, start: Start) {
        let Some(order) = &mut self.order else { return };
        order.metadata.extend(start.metadata);
        order.timeout = start.timeout.or(order.timeout);
    }

    /// Begins the call unless it has begun; whether it did now.
    pub fn begin(&mut self, upstream: &Upstream) -> bool {
        let Some(order) = self.order.take() else { return false };
        // Each sender has one place beside the others. It takes no memory for what does not wait, unlike Tokio's.
        let (sender, receiver) = mpsc::channel(REQUESTS - 1);
        self.requests = Some(sender);
        self.call = Some(upstream.stream(order, receiver.map(Ok)).until_dropped());
        true
    }

    /// Hands a request over; ready when there is nothing more to do for it.
    pub fn poll_request(
        &mut self,
        request: &Bytes,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Status>> {
        let Some(requests) = &mut self.requests else {
            let message = match self.client_streams {
                true => "a message came after the half-close",
                false => "a message came after the one that the method takes",
            };
            return Poll::Ready(Err(Status::new(StatusCode::InvalidArgument, message)));
        };
        if std::task::ready!(requests.poll_ready(cx)).is_ok() {
            // Nobody takes it when the call ended meanwhile, which is about to be told.
            let _ = requests.start_send(request.clone());
            self.taken += 1;
            if !self.client_streams {
                self.half_close();
            }
        }
        Poll::Ready(Ok(()))
    }

    pub fn half_close(&mut self) {
        self.requests = None;
    }

    /// Requests taken from the client.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// What happens next in the call, if it is under way and the client's queue allows; `room` is whether the socket would
    /// take a message.
    pub fn poll_step(&mut self, room: bool, cx: &mut Context<'_>) -> Poll<Step> {
        match &mut self.call {
            Some(call) if self.outbox.wants(room) => call.poll_step(cx),
            _ => Poll::Pending,
        }
    }

    /// Takes what happened in the call; says what became of a message.
    pub fn step(&mut self, step: Step) -> Option<Fate> {
        match step {
            Step::Head(mut metadata) => {
                metadata.retain(|entry| !OF_CONNECTION.contains(&entry.key.as_str()));
                let mut out = Vec::new();
                self.framing.head(metadata, &mut out);
                out.into_iter().for_each(|outgoing| self.outbox.control(outgoing));
                None
            }
            Step::Message(wire) => match self.framing.message(wire) {
                Ok(message) => Some(self.outbox.message(message)),
                Err(status) => {
                    self.end(&End { status, trailers: Vec::new() }, None);
                    None
                }
            },
            Step::End(mut end) => {
                end.trailers.retain(|entry| !OF_CONNECTION.contains(&entry.key.as_str()));
                self.end(&end, None);
                None
            }
        }
    }

    /// The call is over, or is to be: a call under way is reset. `code` closes the socket instead of the framing's own.
    pub fn end(&mut self, end: &End, code: Option<u16>) {
        let (call, order) = (self.call.take(), self.order.take());
        self.requests = None;
        if self.closing.is_some() {
            return;
        }
        // Figures and logs tell what the client is told.
        if let Some(call) = call {
            call.break_off(end.status.code);
        }
        if let Some(mut permit) = order.and_then(|order| order.permit) {
            permit.ended(end.status.code);
        }
        let mut out = Vec::new();
        let (own, reason) = self.framing.end(end, &mut out);
        out.into_iter().for_each(|outgoing| self.outbox.control(outgoing));
        self.closing = Some((code.unwrap_or(own), reason));
    }

    /// The next thing for the client.
    pub fn next(&mut self) -> Option<Outgoing> {
        loop {
            let (outgoing, ordinal) = match self.outbox.pop()? {
                Waiting::Message(outgoing) => {
                    self.position += 1;
                    (Some(outgoing), Some(self.position))
                }
                Waiting::Dropped(count) => {
                    self.position += count;
                    (self.framing.dropped(count), Some(self.position))
                }
                // How it ended is told again to whoever resumes.
                Waiting::Control(outgoing) => {
                    (Some(outgoing), self.closing.as_ref().map(|_| u64::MAX))
                }
            };
            let Some(outgoing) = outgoing else { continue };
            if let (Some(resumable), Some(ordinal)) = (&mut self.resumable, ordinal) {
                resumable.keep(ordinal, &outgoing);
            }
            return Some(outgoing);
        }
    }

    /// What was handed to a lost socket after so many messages, to be sent again.
    pub fn again(&self, after: u64) -> Result<Vec<Outgoing>, Status> {
        let kept = self.resumable.as_ref().and_then(|resumable| resumable.after(after));
        kept.filter(|_| after <= self.position).ok_or_else(|| {
            let message = format!(
                "the stream cannot go on after message {after}: it has told {} and does not keep all of them; begin again",
                self.position
            );
            Status::new(StatusCode::OutOfRange, message)
        })
    }
}
