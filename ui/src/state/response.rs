//! What is known of one call, live or recorded, folded from its updates into what is shown.
//!
//! Owns the call's record, its messages, its flow, the whole messages fetched so far, and the wording of its status.
//! Knows no screen; the only clock is the wall clock it is given in milliseconds, by which the elapsed time of an open call moves
//! on between the engine's measurements.

use crate::state::{
    calls::LiveCall,
    flow::{Flow, MAX_FETCHED},
    messages::Messages,
};
use std::{collections::BTreeMap, sync::Arc};
use wirelab_chart::format;
use wirelab_model::{
    CallId, CallKind, CallRecord, CallState, Direction, MessageDetail, MessageRow, MessagesQuery,
    MetadataValue, Metadatum, Problem, ProblemKind, Status, StatusCode,
};

/// How many whole messages are kept; those looked at longest ago go first.
const MAX_DETAILS: usize = 12;

/// How many messages are fetched at once for the charts.
const FLOW_CHUNK: u32 = 5_000;

/// How a status is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// It went well.
    Good,
    /// It failed.
    Bad,
    /// Neither: stopped on request, or its end is not known.
    Dim,
    /// It is under way.
    Open,
}

impl Tone {
    /// The class that colours it.
    pub fn class(self) -> &'static str {
        match self {
            Tone::Good => "good",
            Tone::Bad => "bad",
            Tone::Dim => "dim",
            Tone::Open => "open",
        }
    }
}

/// Why a call failed, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// `NOT_FOUND`.
    pub name: String,
    /// What happened.
    pub sentence: String,
    /// What to do next.
    pub help: Option<String>,
}

/// One call.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    record: CallRecord,
    messages: Messages,
    flow: Flow,
    details: BTreeMap<u64, Arc<MessageDetail>>,
    looked_at: Vec<u64>,
    /// The clock when the record came, milliseconds.
    seen_at_ms: f64,
    flow_asked: bool,
    /// One past the last row taken from the store.
    synced: u64,
}

impl Response {
    /// A call as it stood when the clock said `now_ms`. A running one follows its tail, a recorded one begins at the
    /// top.
    pub fn new(record: CallRecord, now_ms: f64) -> Self {
        let mut messages = Messages::new(record.id);
        messages.set_totals(record.totals);
        messages.set_follow(record.state == CallState::Running);
        let gaps_of = match record.spec.kind {
            CallKind::ClientStream => Direction::Sent,
            _ => Direction::Received,
        };
        Response {
            record,
            messages,
            flow: Flow::new(gaps_of),
            details: BTreeMap::new(),
            looked_at: Vec::new(),
            seen_at_ms: now_ms,
            flow_asked: false,
            synced: 0,
        }
    }

    /// Takes the call as the store has followed it so far; one of another call is passed over.
    pub fn sync(&mut self, call: &LiveCall, now_ms: f64) {
        if call.record.id != self.record.id {
            return;
        }
        if call.record != self.record {
            self.set_record(call.record.clone(), now_ms);
        }
        let from = self.synced.max(call.first());
        let skip = usize::try_from(from - call.first()).unwrap_or(usize::MAX);
        self.synced = call.end().max(self.synced);
        self.insert(call.rows.iter().skip(skip).cloned().collect());
    }

    /// Takes the record asked for anew.
    pub fn set_record(&mut self, record: CallRecord, now_ms: f64) {
        self.messages.set_totals(record.totals);
        self.record = record;
        self.seen_at_ms = now_ms;
    }

    /// Its name.
    pub fn id(&self) -> CallId {
        self.record.id
    }

    /// The call as it stands.
    pub fn record(&self) -> &CallRecord {
        &self.record
    }

    /// Its messages.
    pub fn messages(&self) -> &Messages {
        &self.messages
    }

    /// Its messages, to filter, select and ask.
    pub fn messages_mut(&mut self) -> &mut Messages {
        &mut self.messages
    }

    /// Its bytes and gaps in time.
    pub fn flow(&self) -> &Flow {
        &self.flow
    }

    /// Takes the answer to [`Messages::wanted`].
    pub fn answered(&mut self, query: &MessagesQuery, rows: Vec<MessageRow>) {
        rows.iter().for_each(|row| self.flow.push(row));
        self.messages.answered(query, rows);
    }

    /// What to ask for so that the charts are whole; none when they are, while an answer is awaited, or when the
    /// call has more messages than are fetched for charts.
    pub fn flow_wanted(&mut self) -> Option<MessagesQuery> {
        let from = self.flow.next();
        let missing = from < self.messages.total() && from < MAX_FETCHED;
        if !missing || self.flow_asked || self.record.spec.kind == CallKind::Unary {
            return None;
        }
        self.flow_asked = true;
        Some(MessagesQuery { call: self.record.id, from, limit: FLOW_CHUNK })
    }

    /// Takes the answer to [`flow_wanted`](Self::flow_wanted). When nothing came, nothing more is asked for.
    pub fn flow_answered(&mut self, rows: Vec<MessageRow>) {
        self.flow_asked = rows.is_empty();
        self.insert(rows);
    }

    /// Lets what could not be fetched be asked for again.
    pub fn ask_again(&mut self) {
        self.messages.not_answered();
        self.flow_asked = false;
    }

    /// How many messages the charts leave out at the end.
    pub fn flow_left_out(&self) -> u64 {
        self.messages.total().saturating_sub(self.flow.next())
    }

    /// A message fetched whole.
    pub fn detail(&self, index: u64) -> Option<Arc<MessageDetail>> {
        self.details.get(&index).cloned()
    }

    /// Takes a message fetched whole.
    pub fn set_detail(&mut self, detail: MessageDetail) {
        let index = detail.row.index;
        self.looked_at.retain(|seen| *seen != index);
        self.looked_at.push(index);
        self.details.insert(index, Arc::new(detail));
        if self.looked_at.len() > MAX_DETAILS {
            let oldest = self.looked_at.remove(0);
            self.details.remove(&oldest);
        }
    }

    /// The one message of a call that does not stream that way, once there: what the screen shows whole.
    pub fn only(&self, direction: Direction) -> Option<u64> {
        let known = self.messages.first(direction);
        // A recorded call's rows need not be fetched to know this.
        let by_place = match (direction, self.record.spec.kind) {
            (Direction::Sent, CallKind::Unary | CallKind::ServerStream) => {
                (self.record.totals.sent > 0).then_some(0)
            }
            (Direction::Received, CallKind::Unary) => {
                let sent = self.record.totals.sent;
                (self.record.totals.received > 0).then_some(sent)
            }
            _ => None,
        };
        known.or(by_place)
    }

    /// Whether the call is a list of messages rather than one response.
    pub fn is_stream(&self) -> bool {
        self.record.spec.kind != CallKind::Unary
    }

    /// Whether the call is under way.
    pub fn is_running(&self) -> bool {
        self.record.state == CallState::Running
    }

    /// Nanoseconds since the call began: the engine's measurement, moved on by the clock while the call is open. The
    /// engine last measured at the call's last event, which may be long ago when the call is first seen.
    pub fn elapsed_ns(&self, now_ms: f64) -> u64 {
        let since_ms = if self.is_running() { (now_ms - self.seen_at_ms).max(0.0) } else { 0.0 };
        let measured = self.record.timings.total_ns.saturating_add((since_ms * 1e6) as u64);
        let began_ms = self.record.started_unix_ms;
        match self.is_running() && began_ms > 0 {
            true => measured.max(((now_ms - began_ms as f64).max(0.0) * 1e6) as u64),
            false => measured,
        }
    }

    /// The status in a few words: `OK`, `NOT_FOUND`, `open 00:12.4`.
    pub fn status(&self, now_ms: f64) -> (String, Tone) {
        match (self.record.state, &self.record.status) {
            (CallState::Running, _) if self.is_stream() => {
                (format!("open {}", clock(self.elapsed_ns(now_ms))), Tone::Open)
            }
            (CallState::Running, _) => {
                (format!("waiting {}", clock(self.elapsed_ns(now_ms))), Tone::Open)
            }
            (CallState::Finished, Some(status)) => (status.name(), tone(Some(status.code))),
            (CallState::Finished | CallState::Interrupted, _) => {
                ("interrupted".to_owned(), Tone::Dim)
            }
        }
    }

    /// `3.84 ms` once the call is over.
    pub fn duration(&self) -> Option<String> {
        (!self.is_running()).then(|| format::ns(self.record.timings.total_ns))
    }

    /// `77 B` of responses as they travelled, once there are any, and what that is.
    pub fn size(&self) -> Option<(String, &'static str)> {
        let totals = &self.record.totals;
        let json = self.record.spec.endpoint.transport.carries_json();
        let size = match self.record.received_compressed.filter(|_| json) {
            Some(json) => (format::bytes(json), "JSON, without framing"),
            None => (format::bytes(totals.received_bytes), "Protobuf, without framing"),
        };
        (totals.received > 0).then_some(size)
    }

    /// Why the call failed; none while it is under way and when it went well.
    pub fn failure(&self) -> Option<Failure> {
        match (self.record.state, &self.record.status) {
            (CallState::Running, _) => None,
            (CallState::Finished, Some(status)) if status.is_ok() => None,
            (CallState::Finished, Some(status)) => Some(failure(status)),
            (CallState::Finished | CallState::Interrupted, _) => Some(Failure {
                name: "INTERRUPTED".to_owned(),
                sentence: "Wirelab ended before this call did; what had moved by then is kept"
                    .into(),
                help: Some("Replay the call to see how it ends".to_owned()),
            }),
        }
    }

    fn insert(&mut self, rows: Vec<MessageRow>) {
        rows.iter().for_each(|row| self.flow.push(row));
        self.messages.insert(rows);
    }
}

/// How a status code is coloured; none for a call without one.
pub fn tone(code: Option<u32>) -> Tone {
    match code {
        Some(0) => Tone::Good,
        Some(code) if code == StatusCode::Cancelled as u32 => Tone::Dim,
        Some(_) => Tone::Bad,
        None => Tone::Dim,
    }
}

/// `00:12.4`; from an hour on `1:02:03`.
pub fn clock(ns: u64) -> String {
    let tenths = ns / 100_000_000;
    let (seconds, minutes, hours) = (tenths / 10 % 60, tenths / 600 % 60, tenths / 36_000);
    match hours {
        0 => format!("{minutes:02}:{seconds:02}.{}", tenths % 10),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// When a message came, as its list shows it: `+1.006 s`.
pub fn at(ns: u64) -> String {
    format!("+{}.{:03} s", ns / 1_000_000_000, ns / 1_000_000 % 1_000)
}

/// A metadata entry as key and text; binary values as base64.
pub fn metadatum(entry: &Metadatum) -> (String, String, bool) {
    match &entry.value {
        MetadataValue::Text(text) => (entry.key.clone(), text.clone(), false),
        MetadataValue::Binary(blob) => {
            let text = serde_json::to_value(blob).ok();
            let text = text.as_ref().and_then(|v| v.as_str()).unwrap_or_default().to_owned();
            (entry.key.clone(), text, true)
        }
    }
}

fn failure(status: &Status) -> Failure {
    let problem = status.problem.as_ref();
    let said = match (status.message.as_str(), problem) {
        ("", Some(problem)) => problem.message.clone(),
        ("", None) => "The server gave no message with this status".to_owned(),
        (message, _) => message.to_owned(),
    };
    // The server's own words come first; what this side makes of them follows where it says more.
    let sentence = match problem {
        Some(problem) if adds_to(problem, &said) => format!("{} ({said})", problem.message),
        _ => said,
    };
    let help = problem.and_then(|problem| problem.help.clone());
    Failure { name: status.name(), sentence, help: help.or_else(|| usual_help(status.code)) }
}

fn adds_to(problem: &Problem, said: &str) -> bool {
    problem.kind != ProblemKind::Status
        && !problem.message.contains(said)
        && !said.contains(&problem.message)
}

/// What usually helps where the engine has nothing better to say.
fn usual_help(code: u32) -> Option<String> {
    let help = match StatusCode::ALL.get(code as usize)? {
        StatusCode::InvalidArgument => "Correct the request; the details may name the field",
        StatusCode::DeadlineExceeded => "Give the call a longer deadline in Options",
        StatusCode::NotFound => "Check the names and ids in the request",
        StatusCode::PermissionDenied => "Send metadata of someone who may do this",
        StatusCode::ResourceExhausted => "Wait and try again, or ask for less at once",
        StatusCode::Unimplemented => "Check that this server has the method, or reload the schema",
        StatusCode::Unavailable => {
            "Check the address and that the server is running, then try again"
        }
        StatusCode::Unauthenticated => "Send credentials in the metadata, such as authorization",
        _ => return None,
    };
    Some(help.to_owned())
}

#[cfg(test)]
#[path = "response_tests.rs"]
mod tests;
