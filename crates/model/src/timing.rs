//! Folds the events of a call into its phases.

use crate::{CallEvent, CallEventKind};
use serde::{Deserialize, Serialize};

/// Where the time of a call went; nanoseconds of a monotonic clock. A phase that did not happen is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timings {
    /// Whether an open connection served the call; then `resolve`, `connect` and `tls` are none.
    pub reused: bool,
    /// Attempts that failed and the waits after them, until the attempt began that the phases below are of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_ns: Option<u64>,
    /// From there (or the call's begin) until the name was resolved.
    pub resolve_ns: Option<u64>,
    /// From there until TCP was up.
    pub connect_ns: Option<u64>,
    /// From there until TLS was up.
    pub tls_ns: Option<u64>,
    /// JSON text to wire bytes of the requests, measured beside the call and not part of `total_ns`.
    pub encode_ns: Option<u64>,
    /// From the connection until the first request message was handed to it.
    pub send_ns: Option<u64>,
    /// From there (or from the connection) until the first response message, or else the end.
    pub wait_ns: Option<u64>,
    /// From the call's begin until response headers came; inside `wait_ns` when they precede a message.
    pub headers_at_ns: Option<u64>,
    /// From the first response message to the last.
    pub receive_ns: Option<u64>,
    /// From the last response message to the end.
    pub trailers_ns: Option<u64>,
    /// Wire bytes to JSON text of the responses, measured beside the call and not part of `total_ns`.
    pub decode_ns: Option<u64>,
    /// From begin to end.
    pub total_ns: u64,
}

/// The running fold behind [`Timings`].
#[derive(Clone, Debug, Default)]
pub struct TimingsFold {
    timings: Timings,
    attempt_at: u64,
    connected_at: u64,
    first_sent: Option<u64>,
    first_received: Option<u64>,
    last_received: Option<u64>,
}

impl TimingsFold {
    /// Takes the next event, in order.
    pub fn push(&mut self, event: &CallEvent) {
        let at = event.at_ns;
        let t = &mut self.timings;
        match &event.kind {
            CallEventKind::Resolved { .. } => {
                t.resolve_ns = Some(at.saturating_sub(self.attempt_at));
                self.connected_at = at;
            }
            CallEventKind::Connected { .. } => {
                t.connect_ns = Some(at.saturating_sub(self.connected_at));
                self.connected_at = at;
            }
            CallEventKind::Secured(_) => {
                t.tls_ns = Some(at.saturating_sub(self.connected_at));
                self.connected_at = at;
            }
            CallEventKind::Reused { .. } => {
                t.reused = true;
                self.connected_at = at;
            }
            CallEventKind::Sent { .. } => {
                if self.first_sent.is_none() {
                    self.first_sent = Some(at);
                    t.send_ns = Some(at.saturating_sub(self.connected_at));
                }
            }
            CallEventKind::Headers { .. } => t.headers_at_ns = t.headers_at_ns.or(Some(at)),
            CallEventKind::Received { .. } => {
                let first = *self.first_received.get_or_insert(at);
                self.last_received = Some(at);
                t.wait_ns =
                    Some(first.saturating_sub(self.first_sent.unwrap_or(self.connected_at)));
                t.receive_ns = Some(at - first);
            }
            CallEventKind::Finished { .. } => match self.last_received {
                Some(last) => t.trailers_ns = Some(at.saturating_sub(last)),
                None => {
                    t.wait_ns =
                        Some(at.saturating_sub(self.first_sent.unwrap_or(self.connected_at)))
                }
            },
            CallEventKind::Retrying(attempt) => {
                // The phases are those of the attempt that comes now; the total is that of all.
                let begin = at.saturating_add(attempt.backoff_ns);
                let timings = Timings { retry_ns: Some(begin), ..Timings::default() };
                let fold = TimingsFold { timings, ..TimingsFold::default() };
                *self = TimingsFold { attempt_at: begin, connected_at: begin, ..fold };
                self.timings.total_ns = at;
                return;
            }
            CallEventKind::HalfClosed
            | CallEventKind::Requested(_)
            | CallEventKind::Trailers { .. }
            | CallEventKind::Waiting { .. }
            | CallEventKind::Picked { .. }
            | CallEventKind::Pinged { .. } => {}
        }
        t.total_ns = t.total_ns.max(at);
    }

    /// The phases so far.
    pub fn timings(&self) -> Timings {
        self.timings
    }
}
