//! Starts calls and keeps those that run.

use crate::{
    Inner, Studio,
    json::{self, Types},
    live::{Live, SEND_WAIT, SENDING_MESSAGES},
    records::{Shelf, not_found},
    run::{LARGE, Run},
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Instant, SystemTime, UNIX_EPOCH},
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use wirelab_call::Requests;
use wirelab_model::*;

/// How many recorded requests of a replayed call are in memory at a time.
const REPLAY_PAGE: u32 = 16;

/// The calls that run.
#[derive(Default)]
pub struct Calls(Mutex<HashMap<CallId, Arc<Live>>>);

impl Calls {
    fn lock(&self) -> MutexGuard<'_, HashMap<CallId, Arc<Live>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call that runs, or whose last rows are still being told.
    pub fn get(&self, id: CallId) -> Option<Arc<Live>> {
        self.lock().get(&id).cloned()
    }
}

/// A call ready to go.
struct Start {
    spec: CallSpec,
    types: Option<Types>,
    first: Requests,
    /// Whether more requests may come.
    open: bool,
    encode_ns: Option<u64>,
    cancel: CancellationToken,
    auth: Option<Auth>,
}

pub fn now_unix_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

impl Studio {
    pub(crate) async fn start(&self, start: StartCall) -> Result<CallRecord, Problem> {
        let StartCall { mut spec, messages, finish, auth } = start;
        let codecs = self.0.sources.codecs();
        let types =
            codecs.method(&spec.method).ok_or_else(|| json::unknown_method(&spec.method))?;
        spec.kind = types.kind;
        let streams = types.kind.client_streams();
        if !streams && messages.len() != 1 {
            let message =
                format!("{} takes exactly one message, not {}", spec.method, messages.len());
            return Err(Problem::new(ProblemKind::Mismatch, message));
        }
        let (wires, encode_ns) = encode_timed(&types, messages).await?;
        let encode_ns = (!wires.is_empty()).then_some(encode_ns);
        let first = Box::pin(stream::iter(wires));
        let cancel = self.0.closing.child_token();
        self.go(Start {
            spec,
            types: Some(types),
            first,
            open: streams && !finish,
            encode_ns,
            cancel,
            auth,
        })
        .await
    }

    pub(crate) async fn replay_call(&self, id: CallId) -> Result<CallRecord, Problem> {
        let shelf = self.0.records.of(id)?.clone();
        let record = shelf.call(id).await?.ok_or_else(|| not_found("call", id))?;
        let auth = self.0.kept.of(&record)?;
        let types = self.0.sources.codecs().method(&record.spec.method);
        // The bytes go as they were; the types only tell how to show them.
        let open = record.spec.kind.client_streams() && !record.half_closed;
        let cancel = self.0.closing.child_token();
        let first = Box::pin(recorded_requests(shelf, id, cancel.clone()));
        self.go(Start { spec: record.spec, types, first, open, encode_ns: None, cancel, auth })
            .await
    }

    async fn go(&self, start: Start) -> Result<CallRecord, Problem> {
        let Start { spec, types, first, open, encode_ns, cancel, auth } = start;
        let inner = self.0.clone();
        if inner.closing.is_cancelled() {
            return Err(Problem::new(ProblemKind::Interrupted, "the studio is closing"));
        }
        let credentials = inner.credentials(auth.clone(), &spec).await?;
        let json = types.as_ref().map(|_| 0);
        let mut record = CallRecord {
            started_unix_ms: now_unix_ms(),
            totals: Totals {
                sent_json_bytes: json,
                received_json_bytes: json,
                ..Totals::default()
            },
            timings: Timings { encode_ns, ..Timings::default() },
            spec: spec.clone(),
            auth: auth.as_ref().map(|auth| auth.name().to_owned()),
            ..CallRecord::default()
        };
        let (id, shelf) = inner.records.begin(&record).await?;
        record.id = id;
        if let Some(auth) = auth {
            inner.kept.put(id, auth);
        }
        let (sender, receiver) = mpsc::channel(SENDING_MESSAGES);
        let sender = open.then_some(sender);
        let live = Arc::new(Live::new(record.clone(), shelf, types, cancel.clone(), sender));
        inner.calls.lock().insert(id, live.clone());
        let requests: Requests = Box::pin(first.chain(ReceiverStream::new(receiver)));
        // The call's clock starts here, after everything that is not the call.
        let events = inner.invoke(id, spec, credentials, requests, cancel);
        inner.tasks.clone().spawn(run(inner, live, events));
        Ok(record)
    }

    pub(crate) async fn send(&self, message: SendMessage) -> Result<(), Problem> {
        let SendMessage { call, json } = message;
        let live = self.0.calls.get(call).ok_or_else(|| over(call))?;
        let types =
            live.types.as_ref().ok_or_else(|| json::unknown_method(&live.record().spec.method))?;
        let begin = Instant::now();
        let wire = json::encode(&types.input, &json)?;
        let took = nanos(begin);
        let sender = live.sender().ok_or_else(|| {
            Problem::new(ProblemKind::Mismatch, format!("the requests of call {call} are complete"))
                .help("start another call to send more")
        })?;
        match sender.send_timeout(wire.into(), SEND_WAIT).await {
            Ok(()) => {
                let timings = &mut live.state().record.timings;
                timings.encode_ns = Some(timings.encode_ns.unwrap_or(0).saturating_add(took));
                Ok(())
            }
            Err(mpsc::error::SendTimeoutError::Closed(_)) => Err(over(call)),
            Err(mpsc::error::SendTimeoutError::Timeout(_)) => {
                let message =
                    format!("{SENDING_MESSAGES} messages wait already: the server does not read");
                Err(Problem::new(ProblemKind::TooLarge, message)
                    .help("wait for the server, or cancel the call"))
            }
        }
    }

    pub(crate) async fn finish_call(&self, id: CallId) -> Result<(), Problem> {
        match self.0.calls.get(id) {
            Some(live) => {
                drop(live.take_sender());
                Ok(())
            }
            // Over already, perhaps just now, or never there.
            None => self.recorded(id).await.map(drop),
        }
    }

    pub(crate) async fn cancel(&self, id: CallId) -> Result<(), Problem> {
        match self.0.calls.get(id) {
            Some(live) => live.cancel.cancel(),
            // Over already, or never there.
            None => drop(self.recorded(id).await?),
        }
        Ok(())
    }

    /// The record of a call that does not run.
    pub(crate) async fn recorded(&self, id: CallId) -> Result<CallRecord, Problem> {
        self.0.records.of(id)?.call(id).await?.ok_or_else(|| not_found("call", id))
    }
}

/// Drives a call and cleans up after it.
async fn run(inner: Arc<Inner>, live: Arc<Live>, events: wirelab_call::Events) {
    let mut run = Run::new(live.clone(), inner.bus.clone(), inner.closing.clone());
    let told = crate::tell_history(&inner.bus, &inner.records);
    let ((), lost) = tokio::join!(told, run.drive(events));
    if let Some(problem) = lost {
        inner.records.troubled(&problem);
    }
    drop(live.take_sender());
    crate::tell_history(&inner.bus, &inner.records).await;
    run.tell_rest().await;
    inner.calls.lock().remove(&live.id);
}

fn over(id: CallId) -> Problem {
    Problem::new(ProblemKind::NotFound, format!("call {id} does not run"))
        .help("it is over or was never started; start another call")
}

fn nanos(begin: Instant) -> u64 {
    u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// Wire bytes of all messages; a problem names the message when there are several.
pub fn encode_all(types: &Types, messages: &[String]) -> Result<Vec<Bytes>, Problem> {
    let encode = |(index, text): (usize, &String)| match json::encode(&types.input, text) {
        Ok(wire) => Ok(Bytes::from(wire)),
        Err(problem) if messages.len() == 1 => Err(problem),
        Err(problem) => {
            let path = match &problem.path {
                Some(path) => format!("messages[{index}].{path}"),
                None => format!("messages[{index}]"),
            };
            Err(problem.at(path))
        }
    };
    messages.iter().enumerate().map(encode).collect()
}

/// The same off the threads that keep everything going when it is much, and how long it took.
async fn encode_timed(types: &Types, messages: Vec<String>) -> Result<(Vec<Bytes>, u64), Problem> {
    let encode = |types: &Types, messages: &[String]| {
        let begin = Instant::now();
        encode_all(types, messages).map(|wires| (wires, nanos(begin)))
    };
    if messages.iter().map(String::len).sum::<usize>() < LARGE {
        return encode(types, &messages);
    }
    let types = types.clone();
    let encoding = tokio::task::spawn_blocking(move || encode(&types, &messages));
    encoding.await.unwrap_or_else(|_| {
        Err(Problem::new(ProblemKind::Internal, "encoding the messages failed"))
    })
}

/// The requests of a recorded call, read part by part as the connection takes them. When one cannot be read the
/// call is cancelled: half-closing it would pass off a part as the whole.
fn recorded_requests(
    shelf: Shelf,
    call: CallId,
    cancel: CancellationToken,
) -> impl Stream<Item = Bytes> + Send + 'static {
    struct Feed {
        shelf: Shelf,
        page: VecDeque<Bytes>,
        next: u64,
        cancel: CancellationToken,
    }
    let feed = Feed { shelf, page: VecDeque::new(), next: 0, cancel };
    stream::unfold(feed, move |mut feed| async move {
        loop {
            if let Some(wire) = feed.page.pop_front() {
                return Some((wire, feed));
            }
            let records = match feed.shelf.records(call, feed.next, REPLAY_PAGE).await {
                Ok(records) => records,
                Err(problem) => {
                    tracing::warn!(%problem, "a replay is cancelled: its requests cannot be read");
                    feed.cancel.cancel();
                    std::future::pending().await
                }
            };
            feed.next = records.last()?.row.index + 1;
            let sent =
                records.into_iter().filter(|message| message.row.direction == Direction::Sent);
            feed.page.extend(sent.map(|message| message.wire.0));
        }
    })
}
