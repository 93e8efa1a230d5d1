//! The other side of what this crate serves: calls by REST and by WebSocket, told as every call is.
//!
//! - `rest`: one HTTP request a call, by the rule of its method; `answer` reads what comes back
//! - `socket`: one WebSocket a call, in our own framing
//! - `connection`: connections of HTTP/1.1, kept for the next call
//! - `teller`: the events of a call and its clock
//!
//! Messages in events are Protobuf, as in every call; `compressed` is what they took as they travelled. What it takes to
//! make JSON of them and back, which a client of the bridge has no need of, stands outside the call's clock.

mod answer;
mod connection;
mod rest;
mod socket;
mod teller;

pub use connection::{CLIENT_CONNECT_TIMEOUT, MAX_IDLE_CONNECTIONS};
pub use teller::CLIENT_EVENTS;

use crate::bridge::{Bridge, Loaded, Shared};
use crate::catalog::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use connection::Pool;
use futures_util::{FutureExt, Stream};
use http::HeaderMap;
use std::borrow::Cow;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use teller::Teller;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use wirelab_call::wire::decode_all;
use wirelab_call::{Events, Invoke, Requests};
use wirelab_model::{
    CallEvent, CallEventKind, CallSpec, DEFAULT_MAX_MESSAGE_BYTES, HttpRequest, MetadataValue,
    Metadatum, Problem, ProblemKind, REQUEST_TEXT_BYTES, Status, StatusCode, Transport, WireBytes,
};
use wirelab_transcode::Options;

/// Calls the methods of a bridge's schema at the address where it listens: by WebSocket where the endpoint of a call
/// says so, else by REST. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct BridgeClient {
    shared: Arc<Shared>,
    pool: Arc<Pool>,
    /// Sent with every request.
    headers: HeaderMap,
}

impl Bridge {
    /// A client of this bridge, which listens at `address`; `headers` go with every request.
    pub fn client(&self, address: SocketAddr, headers: HeaderMap) -> BridgeClient {
        BridgeClient { shared: self.shared().clone(), pool: Arc::new(Pool::new(address)), headers }
    }
}

/// How a call ended.
struct Over {
    status: Status,
    wire: Option<WireBytes>,
}

impl From<Status> for Over {
    fn from(status: Status) -> Over {
        Over { status, wire: None }
    }
}

/// A call that is being made.
struct Making {
    client: BridgeClient,
    loaded: Arc<Loaded>,
    method: Arc<Method>,
    spec: CallSpec,
    teller: Teller,
    /// Bytes that a message may have as it travels.
    limit: usize,
}

impl Invoke for BridgeClient {
    fn invoke(&self, spec: CallSpec, requests: Requests, cancel: CancellationToken) -> Events {
        let (teller, events) = Teller::new();
        let task = tokio::spawn(run(self.clone(), spec, requests, cancel, teller));
        Box::pin(Told { events, _task: AbortOnDropHandle::new(task) })
    }
}

/// The events of a call; dropping it ends the call.
struct Told {
    events: tokio::sync::mpsc::Receiver<CallEvent>,
    _task: AbortOnDropHandle<()>,
}

impl Stream for Told {
    type Item = CallEvent;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<CallEvent>> {
        self.events.poll_recv(cx)
    }
}

async fn run(
    client: BridgeClient,
    spec: CallSpec,
    requests: Requests,
    cancel: CancellationToken,
    teller: Teller,
) {
    let loaded = client.shared.loaded();
    let Some(method) = loaded.catalog.method(&spec.method).cloned() else {
        let message = format!("no loaded source defines {:?}", spec.method);
        let problem = Problem::new(ProblemKind::NotFound, message);
        return teller.finish(failed(StatusCode::Unimplemented, problem).into()).await;
    };
    let limit = spec.max_message_bytes.unwrap_or(DEFAULT_MAX_MESSAGE_BYTES);
    let deadline = spec.deadline_ms.map(Duration::from_millis);
    let by_socket = spec.endpoint.transport == Transport::WebSocket;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let call = Making { client, loaded, method, spec, teller: teller.clone(), limit };
    let made = match by_socket {
        true => socket::call(&call, requests).boxed(),
        false => rest::call(&call, requests).boxed(),
    };
    let late = async {
        match deadline {
            Some(deadline) => teller.after(deadline).await,
            None => std::future::pending().await,
        }
    };
    let over = tokio::select! {
        biased;
        () = cancel.cancelled() => cancelled().into(),
        over = made => over,
        () = late => {
            let message = "the deadline passed before the call was over";
            let problem = Problem::new(ProblemKind::Deadline, message).help("give it more time");
            failed(StatusCode::DeadlineExceeded, problem).into()
        }
    };
    teller.finish(over).await;
}

impl Making {
    /// The JSON of a request.
    fn json(&self, wire: &Bytes) -> Result<String, Status> {
        let mut json = Vec::new();
        let written = self.method.input.wire_to_json(wire, &mut json, &Options::default());
        written.map_err(|error| {
            let message = format!("the request is no {}: {error}", self.spec.method);
            failed(StatusCode::Internal, Problem::new(ProblemKind::Invalid, message))
        })?;
        String::from_utf8(json)
            .map_err(|_| Status::new(StatusCode::Internal, "the request is not UTF-8"))
    }

    /// The Protobuf of a response.
    fn wire(&self, json: &[u8]) -> Result<Bytes, Status> {
        let mut wire = Vec::new();
        self.method.output.json_to_wire(json, &mut wire).map_err(|error| {
            let message = format!("the bridge's answer is no response: {error}");
            failed(StatusCode::Internal, Problem::new(ProblemKind::Invalid, message))
        })?;
        Ok(Bytes::from(wire))
    }

    /// The failure of what is longer than the call allows.
    fn too_long(&self) -> Status {
        let message = format!("the answer has more than {} bytes", self.limit);
        let problem =
            Problem::new(ProblemKind::TooLarge, message).help("raise the limit in Options");
        failed(StatusCode::ResourceExhausted, problem)
    }

    /// What a request's head says, but for what is nobody's business.
    fn told(
        &self,
        verb: &str,
        url: String,
        headers: &HeaderMap,
        body: Option<&[u8]>,
    ) -> CallEventKind {
        let shown = headers.iter().filter(|(_, value)| !value.is_sensitive());
        let shown = shown.map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        let body = body.and_then(|body| std::str::from_utf8(body).ok()).map(|body| {
            body[..body.floor_char_boundary(REQUEST_TEXT_BYTES.min(body.len()))].to_owned()
        });
        let (verb, headers) = (verb.to_owned(), shown.collect());
        CallEventKind::Requested(HttpRequest { verb, url, headers, body })
    }
}

/// A failure of this side.
fn failed(code: StatusCode, problem: Problem) -> Status {
    let message = problem.message.clone();
    Status { problem: Some(problem.grpc(code as u32)), ..Status::new(code, message) }
}

fn cancelled() -> Status {
    let message = "the call was cancelled on this side";
    failed(StatusCode::Cancelled, Problem::new(ProblemKind::Cancelled, message))
}

fn interrupted(what: &str, error: impl std::fmt::Display) -> Status {
    let message = format!("the connection to the bridge ended {what}: {error}");
    let problem = Problem::new(ProblemKind::Interrupted, message)
        .help("see whether the bridge still runs, then call again");
    failed(StatusCode::Unavailable, problem)
}

/// A value of metadata as headers and control frames have it.
fn text(datum: &Metadatum) -> Cow<'_, str> {
    match &datum.value {
        MetadataValue::Text(text) => text.as_str().into(),
        MetadataValue::Binary(bytes) => STANDARD.encode(&bytes[..]).into(),
    }
}

/// Metadata out of such a text, which may hold several values of bytes; what is not base64 stays text.
fn data(key: &str, text: &str) -> Vec<Metadatum> {
    let bytes = key.ends_with("-bin").then(|| decode_all(text.as_bytes())).flatten();
    match bytes {
        Some(values) => values.into_iter().map(|bytes| Metadatum::binary(key, bytes)).collect(),
        None => vec![Metadatum::text(key, text)],
    }
}
