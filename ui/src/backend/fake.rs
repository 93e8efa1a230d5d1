//! A studio that is not there: canned answers, for native tests and for looking at the screens alone.
//!
//! It holds a small shop, answers every call at once and echoes on streams. It knows nothing of Protobuf: sizes
//! are made up in the proportion usual for them.

mod bridge;
mod reached;
mod samples;

pub use samples::types;

use super::{Backend, Reply, Signal, Sink};
use serde::Serialize;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use wirelab_model::{
    CallId, CallKind, CallRecord, CallState, CallUpdate, Direction, HealthUpdate, Hello,
    HistoryPage, HistoryRow, MessageDetail, MessageRow, Problem, ProblemKind, SavedRequest,
    SendMessage, Sizes, StartCall, Status, StudioEvent,
};

/// The canned studio. Cheap to clone; clones share what they hold.
#[derive(Clone, Default)]
pub struct FakeBackend(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    sink: Option<Arc<Sink>>,
    calls: BTreeMap<CallId, (CallRecord, Vec<MessageRow>)>,
    saved: Vec<SavedRequest>,
    bridge: Option<wirelab_model::BridgeSettings>,
    bridging: bool,
    asked: u64,
}

impl Backend for FakeBackend {
    fn request(&self, method: &'static str, body: String) -> Reply {
        let (reply, updates) = {
            let mut state = self.lock();
            let mut updates = Vec::new();
            let reply = serde_json::from_str(&body)
                .map_err(|error| Problem::new(ProblemKind::Internal, error.to_string()))
                .and_then(|body| state.answer(method, body, &mut updates));
            (reply, updates)
        };
        let sink = self.lock().sink.clone();
        if let Some(sink) = sink {
            updates.into_iter().for_each(|event| sink(Signal::Event(event)));
        }
        Box::pin(std::future::ready(reply.map(|value| value.to_string())))
    }

    fn listen(&self, sink: Sink) {
        let sink = Arc::new(sink);
        self.lock().sink = Some(sink.clone());
        sink(Signal::Up);
    }
}

impl FakeBackend {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn give<T: Serialize>(value: T) -> Result<Value, Problem> {
    serde_json::to_value(value).map_err(|e| Problem::new(ProblemKind::Internal, e.to_string()))
}

fn take<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_json::from_value(value).map_err(|e| Problem::new(ProblemKind::Internal, e.to_string()))
}

fn absent(what: &str) -> Problem {
    Problem::new(ProblemKind::NotFound, format!("There is no {what}"))
}

impl State {
    fn answer(
        &mut self,
        method: &str,
        body: Value,
        events: &mut Vec<StudioEvent>,
    ) -> Result<Value, Problem> {
        match method {
            "hello" => give(Hello {
                version: "0.1.0".into(),
                default_endpoint: samples::endpoint(),
                history_count: self.calls.len() as u64,
                ..Hello::default()
            }),
            "catalog" | "reload" | "add_source" | "remove_source" => give(samples::catalog()),
            "form" => give(samples::form(&take::<String>(body)?)?),
            "describe" => give(samples::describe(take(body)?)),
            "check" => Ok(
                json!({ "problems": [], "sizes": Sizes { proto: 12, proto_gzip: 30, json: 44, json_gzip: 60 } }),
            ),
            "start_call" => give(self.start(take(body)?, events)),
            "send_message" => self.send(&take(body)?, events).map(|()| Value::Null),
            "finish_sending" => {
                self.end(take(body)?, Status::default(), events).map(|()| Value::Null)
            }
            "cancel_call" => {
                let status = Status::new(wirelab_model::StatusCode::Cancelled, "Cancelled here");
                self.end(take(body)?, status, events).map(|()| Value::Null)
            }
            "call" => {
                let id: CallId = take(body)?;
                give(&self.calls.get(&id).ok_or_else(|| absent("such call"))?.0)
            }
            "messages" => {
                let query: wirelab_model::MessagesQuery = take(body)?;
                let rows = self
                    .calls
                    .get(&query.call)
                    .map(|(_, rows)| rows.as_slice())
                    .unwrap_or_default();
                let from = (query.from as usize).min(rows.len());
                give(rows[from..].iter().take(query.limit as usize).collect::<Vec<_>>())
            }
            "message" => {
                let query: wirelab_model::MessageQuery = take(body)?;
                let rows = self.calls.get(&query.call).map(|(_, rows)| rows);
                let row = rows.and_then(|rows| rows.get(query.index as usize));
                give(detail(row.ok_or_else(|| absent("such message"))?))
            }
            "encodings" => {
                let query: wirelab_model::MessageQuery = take(body)?;
                let rows = self.calls.get(&query.call).map(|(_, rows)| rows);
                let row = rows.and_then(|rows| rows.get(query.index as usize));
                let row = row.ok_or_else(|| absent("such message"))?;
                let form = |form: &str, bytes| wirelab_model::Encoded {
                    form: form.to_owned(),
                    bytes,
                    samples: 1,
                    encode_ns: 400.0,
                    decode_ns: 900.0,
                };
                give([form("JSON", row.text.len() as u64), form("Protobuf", row.bytes)])
            }
            "history" => give(self.history()),
            "saved" => give(&self.saved),
            "save" => {
                let mut saved: SavedRequest = take(body)?;
                if saved.id == 0 {
                    saved.id = self.saved.len() as i64 + 1;
                }
                self.saved.retain(|s| s.id != saved.id);
                self.saved.push(saved.clone());
                give(saved)
            }
            "delete_saved" => {
                let id: i64 = take(body)?;
                self.saved.retain(|s| s.id != id);
                Ok(Value::Null)
            }
            "latencies" | "payloads" | "benches" => Ok(json!([])),
            "health" => Ok(json!("Serving")),
            "watch_health" => {
                let query: Option<wirelab_model::HealthQuery> = take(body)?;
                let health = query.as_ref().map(|query| reached::health(&query.endpoint));
                let update =
                    query.zip(health).map(|(query, health)| HealthUpdate { query, health });
                events.extend(update.map(|update| StudioEvent::Health(Box::new(update))));
                Ok(Value::Null)
            }
            "channel" => give(reached::channel(&take(body)?)?),
            "bridge" => give(self.bridge()),
            "start_bridge" => {
                (self.bridge, self.bridging, self.asked) = (Some(take(body)?), true, 0);
                give(self.bridge())
            }
            "stop_bridge" => {
                self.bridging = false;
                give(self.bridge())
            }
            "bindings" => give(bridge::bindings()),
            "preview_binding" => {
                let state = self.bridge();
                events.push(StudioEvent::Bridge(Box::new(state.clone())));
                bridge::preview(&take(body)?, &state.settings.listen)
            }
            "parse_command" => give(reached::parse(&take::<String>(body)?)?),
            "format_command" => give(reached::format(&take(body)?)),
            other => Err(absent(&format!("answer to “{other}” without a studio"))),
        }
    }

    fn bridge(&mut self) -> wirelab_model::BridgeState {
        self.asked += 1;
        bridge::state(self.bridge.as_ref(), self.bridging, self.asked)
    }

    fn start(&mut self, start: StartCall, events: &mut Vec<StudioEvent>) -> CallRecord {
        let id = self.calls.len() as CallId + 1;
        let kind = samples::kind(&start.spec.method);
        let mut record = CallRecord { id, spec: start.spec, ..CallRecord::default() };
        record.spec.kind = kind;
        reached::serve(&mut record, start.auth.as_ref().map(wirelab_model::Auth::name));
        self.calls.insert(id, (record.clone(), Vec::new()));
        for text in start.messages {
            let _ = self.message(id, Direction::Sent, text);
            if kind != CallKind::ClientStream {
                let _ = self.message(id, Direction::Received, samples::RESPONSE.into());
            }
        }
        self.tell(id, 0, events);
        if start.finish {
            let _ = self.end(id, reached::status(&record), events);
        }
        record
    }

    fn message(&mut self, id: CallId, direction: Direction, text: String) -> Result<(), Problem> {
        let (record, rows) = self.calls.get_mut(&id).ok_or_else(|| absent("such call"))?;
        let text =
            crate::state::json::parse(&text).map_or(text, |v| crate::state::json::compact(&v));
        let (bytes, json) = (text.len() as u64 / 3, text.len() as u64);
        let totals = &mut record.totals;
        let sums = match direction {
            Direction::Sent => {
                totals.sent += 1;
                (&mut totals.sent_bytes, &mut totals.sent_json_bytes)
            }
            Direction::Received => {
                totals.received += 1;
                (&mut totals.received_bytes, &mut totals.received_json_bytes)
            }
        };
        *sums.0 += bytes;
        *sums.1 = Some(sums.1.unwrap_or_default() + json);
        let index = rows.len() as u64;
        let at_ns = index * 1_900_000;
        rows.push(MessageRow { index, direction, at_ns, bytes, json_bytes: Some(json), text });
        Ok(())
    }

    fn send(&mut self, send: &SendMessage, events: &mut Vec<StudioEvent>) -> Result<(), Problem> {
        let from = self.calls.get(&send.call).map_or(0, |(_, rows)| rows.len());
        self.message(send.call, Direction::Sent, send.json.clone())?;
        if self.calls.get(&send.call).is_some_and(|(r, _)| r.spec.kind == CallKind::Bidi) {
            self.message(send.call, Direction::Received, samples::RESPONSE.into())?;
        }
        self.tell(send.call, from, events);
        Ok(())
    }

    fn end(
        &mut self,
        id: CallId,
        status: Status,
        events: &mut Vec<StudioEvent>,
    ) -> Result<(), Problem> {
        let from = self.calls.get(&id).map_or(0, |(_, rows)| rows.len());
        if self.calls.get(&id).is_some_and(|(r, _)| r.spec.kind == CallKind::ClientStream)
            && status.is_ok()
        {
            self.message(id, Direction::Received, samples::RESPONSE.into())?;
        }
        if let Some((record, _)) = self.calls.get_mut(&id) {
            record.state = CallState::Finished;
            record.half_closed = true;
            record.status = Some(status);
            record.timings = reached::timings(record);
            if record.spec.compression.is_some() {
                record.sent_compressed = Some(record.totals.sent_bytes * 2 / 3);
                record.received_compressed = Some(record.totals.received_bytes / 2);
            }
        }
        self.tell(id, from, events);
        events.push(StudioEvent::History { total: self.calls.len() as u64 });
        Ok(())
    }

    fn tell(&self, id: CallId, from: usize, events: &mut Vec<StudioEvent>) {
        if let Some((record, rows)) = self.calls.get(&id) {
            let rows = rows.get(from..).unwrap_or_default().to_vec();
            events.push(StudioEvent::Call(Box::new(CallUpdate { record: record.clone(), rows })));
        }
    }

    fn history(&self) -> HistoryPage {
        let row = |(record, rows): &(CallRecord, Vec<MessageRow>)| HistoryRow {
            id: record.id,
            method: record.spec.method.clone(),
            kind: record.spec.kind,
            address: record.spec.endpoint.address.clone(),
            started_unix_ms: record.started_unix_ms,
            state: record.state,
            status: record.status.as_ref().map(|s| s.code),
            total_ns: record.timings.total_ns,
            totals: record.totals,
            text: rows.first().map(|r| r.text.clone()).unwrap_or_default(),
            transport: record.spec.endpoint.transport,
            retries: record.attempts.len() as u32,
        };
        let rows: Vec<HistoryRow> = self.calls.values().rev().map(row).collect();
        HistoryPage { total: rows.len() as u64, offset: 0, rows }
    }
}

fn detail(row: &MessageRow) -> MessageDetail {
    let json = crate::state::json::parse(&row.text)
        .map_or_else(|_| row.text.clone(), |v| crate::state::json::pretty(&v));
    let sizes = Sizes {
        proto: row.bytes,
        proto_gzip: row.bytes + 10,
        json: row.text.len() as u64,
        json_gzip: row.text.len() as u64 * 2 / 3,
    };
    MessageDetail {
        row: row.clone(),
        json,
        problem: None,
        wire: vec![0x0a, 0x4b, 0x0a, 0x09].into(),
        spans: Vec::new(),
        sizes,
        costs: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Client;
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };
    use wirelab_model::CallSpec;

    /// Everything here is ready at once.
    fn now<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("the fake studio waits for nothing"),
        }
    }

    #[test]
    fn a_typed_client_speaks_with_it() {
        let client = Client::new(FakeBackend::default());
        let events = Arc::new(Mutex::new(Vec::new()));
        let seen = events.clone();
        client.listen(Box::new(move |signal| seen.lock().unwrap().push(signal)));
        let catalog = now(client.catalog(())).unwrap();
        assert!(catalog.services.is_sorted_by_key(|s| &s.name));
        for method in catalog.services.iter().flat_map(|s| &s.methods) {
            let form = now(client.form(method.path.clone())).unwrap();
            assert!(form.types.messages.contains_key(&form.types.root), "{}", method.path);
            assert!(crate::state::json::parse(&form.example).is_ok(), "{}", method.path);
        }
        let method = catalog.services[0].methods[0].path.clone();
        let spec = CallSpec { method, ..CallSpec::default() };
        let start = StartCall { spec, messages: vec!["{}".into()], finish: true, auth: None };
        let call = now(client.start_call(start)).unwrap();
        assert_eq!(now(client.call(call.id)).unwrap().state, CallState::Finished);
        let events = events.lock().unwrap();
        assert_eq!(events[0], Signal::Up);
        assert!(
            matches!(&events[1], Signal::Event(StudioEvent::Call(update)) if update.rows.len() == 2)
        );
    }

    #[test]
    fn what_is_asked_for_decides_how_a_call_was_served() {
        let client = Client::new(FakeBackend::default());
        let mut spec = CallSpec {
            method: "shop.inventory.v1.InventoryService/GetStock".into(),
            ..CallSpec::default()
        };
        spec.endpoint.address = "https://shop.example".into();
        spec.retry = Some(wirelab_model::RetryPolicy::default());
        let auth = Some(wirelab_model::Auth::Bearer { token: Default::default() });
        let start =
            StartCall { spec: spec.clone(), messages: vec!["{}".into()], finish: true, auth };
        let call = now(client.start_call(start.clone())).unwrap();
        let record = now(client.call(call.id)).unwrap();
        assert_eq!(record.attempts.len(), 2);
        assert_eq!(record.tls.unwrap().chain.len(), 2);
        assert_eq!(record.auth.as_deref(), Some("bearer"));
        let line = now(client.format_command(start)).unwrap().line;
        let parsed = now(client.parse_command(line)).unwrap();
        assert_eq!(parsed.request.spec.method, spec.method);
        assert_eq!(parsed.request.spec.endpoint.address, spec.endpoint.address);
        spec.endpoint.address = "dns:///shop:1".into();
        assert!(now(client.channel(spec.endpoint)).unwrap().instances.len() > 1);
    }

    #[test]
    fn refuses_with_a_problem() {
        let client = Client::new(FakeBackend::default());
        assert_eq!(now(client.call(99)).unwrap_err().kind, ProblemKind::NotFound);
        assert_eq!(now(client.form("a.B/C".into())).unwrap_err().kind, ProblemKind::NotFound);
    }
}
