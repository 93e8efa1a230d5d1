//! The gRPC call behind every request: the one place where calls begin, whatever face they came in by.

use crate::headers::HeaderOptions;
use crate::life::Life;
use crate::observe::Permit;
use crate::options::Options;
use crate::own::Own;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use wirelab_call::{Events, Invoke, Requests};
use wirelab_model::{CallEventKind, CallKind, CallSpec, Endpoint, Metadatum, Status, StatusCode};

/// Bytes of one call that the server may send ahead of its client: HTTP/2's window of each stream.
pub const UPSTREAM_WINDOW: u32 = 128 << 10;
/// Bytes of one call's messages that wait, read, for its client; as many again may be on their way to it.
pub const UPSTREAM_QUEUE: usize = 64 << 10;

/// What makes the calls.
pub(crate) struct Upstream {
    invoke: Arc<dyn Invoke>,
    /// What the bridge itself says to the server.
    pub own: Own,
    endpoint: Endpoint,
    max_message_bytes: Option<u64>,
    headers: HeaderOptions,
    /// When streams without an end have to go.
    closing: CancellationToken,
}

/// A call to make, apart from its messages.
#[derive(Debug, Default)]
pub(crate) struct Order {
    /// `pkg.Service/Method`; it need not be in the schema, where messages are passed on as they are.
    pub method: String,
    pub kind: CallKind,
    pub metadata: Vec<Metadatum>,
    /// How long the client gives it; the options set bounds to that.
    pub timeout: Option<Duration>,
    /// That it may be made, by [`Shared::admit`](crate::bridge::Shared::admit); without one nobody watches it.
    pub permit: Option<Permit>,
}

/// A call under way. Dropping it resets its stream.
pub(crate) struct Call {
    events: Events,
    trailers: Vec<Metadatum>,
    /// Why the requests ended before their time, where they may.
    fault: Option<Arc<OnceLock<Status>>>,
    permit: Option<Permit>,
    /// None for calls that end by themselves.
    closing: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
}

/// What happens next in a call, in this order: at most one head, messages, one end.
#[derive(Debug)]
pub(crate) enum Step {
    /// Response metadata.
    Head(Vec<Metadatum>),
    /// One message of the server.
    Message(Bytes),
    /// The call is over; nothing follows.
    End(End),
}

/// How a call ended.
#[derive(Debug)]
pub(crate) struct End {
    pub status: Status,
    pub trailers: Vec<Metadatum>,
}

impl Order {
    /// Waits for something that the call needs, within its time; the order then has what is left of it.
    ///
    /// # Errors
    /// Those of `waited`, and DEADLINE_EXCEEDED.
    pub async fn within<T, E: From<Status>>(
        self,
        waited: impl Future<Output = Result<T, E>>,
    ) -> Result<(Order, T), E> {
        let Some(timeout) = self.timeout else { return Ok((self, waited.await?)) };
        let started = Instant::now();
        let late = |_| {
            let message = "the request had not come whole when its time was over";
            Status::new(StatusCode::DeadlineExceeded, message)
        };
        let got = tokio::time::timeout(timeout, waited).await.map_err(late)??;
        let left = timeout.saturating_sub(started.elapsed());
        Ok((Order { timeout: Some(left), ..self }, got))
    }
}

impl Upstream {
    pub fn new(invoke: Arc<dyn Invoke>, options: &Options, life: &Life) -> Upstream {
        Upstream {
            invoke,
            own: options.own.clone(),
            endpoint: options.endpoint.clone(),
            max_message_bytes: options.max_message_bytes,
            headers: options.headers.clone(),
            closing: life.closing.clone(),
        }
    }

    /// Begins a call whose requests may turn out to be wrong on their way: a failure among them ends the call with it.
    /// Requests are pulled only as the server takes them.
    pub fn stream(
        &self,
        order: Order,
        requests: impl Stream<Item = Result<Bytes, Status>> + Send + 'static,
    ) -> Call {
        let fault = Arc::new(OnceLock::new());
        let cancel = CancellationToken::new();
        let (wrong, stop) = (fault.clone(), cancel.clone());
        let counter = order.permit.as_ref().map(Permit::counter);
        let requests = requests.scan((), move |(), message| {
            let message = message.map_err(|status| {
                // The first failure is the last item.
                let _ = wrong.set(status);
                stop.cancel();
            });
            if let (Ok(message), Some(counter)) = (&message, &counter) {
                counter.sent(message.len());
            }
            std::future::ready(message.ok())
        });
        self.begin(order, Box::pin(requests), cancel, Some(fault))
    }

    /// Begins a call with the one request that is there.
    pub fn unary(&self, order: Order, request: Bytes) -> Call {
        if let Some(permit) = &order.permit {
            permit.counter().sent(request.len());
        }
        let requests = wirelab_call::requests([request]);
        self.begin(order, requests, CancellationToken::new(), None)
    }

    fn begin(
        &self,
        order: Order,
        requests: Requests,
        cancel: CancellationToken,
        mut fault: Option<Arc<OnceLock<Status>>>,
    ) -> Call {
        let Order { method, kind, mut metadata, timeout, mut permit } = order;
        if !self.headers.drop.is_empty() {
            metadata.retain(|datum| !self.headers.drop.contains(&datum.key));
        }
        if let Some(permit) = &mut permit {
            permit.begin(kind, &mut metadata);
        }
        if let Err(status) = self.own.add(&mut metadata) {
            // Nothing else has had a say yet.
            let _ = fault.get_or_insert_default().set(status);
            cancel.cancel();
        }
        let closing =
            (kind != CallKind::Unary).then(|| Box::pin(self.closing.clone().cancelled_owned()));
        let spec = CallSpec {
            endpoint: self.endpoint.clone(),
            method,
            kind,
            metadata,
            deadline_ms: self.headers.timeout(timeout).map(millis),
            max_message_bytes: self.max_message_bytes,
            ..CallSpec::default()
        };
        let events = self.invoke.invoke(spec, requests, cancel);
        Call { events, trailers: Vec::new(), fault, permit, closing }
    }
}

impl Call {
    /// What happens next; not to be asked after the end.
    pub async fn step(&mut self) -> Step {
        poll_fn(|cx| self.poll_step(cx)).await
    }

    /// The same for whoever is polled itself.
    pub fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        loop {
            let event = match Pin::new(&mut self.events).poll_next(cx) {
                Poll::Ready(Some(event)) => event,
                Poll::Ready(None) => {
                    let message = "the call ended without a status";
                    return Poll::Ready(self.end(Status::new(StatusCode::Internal, message)));
                }
                Poll::Pending => {
                    let Some(closing) = &mut self.closing else { return Poll::Pending };
                    ready!(closing.as_mut().poll(cx));
                    // The server's stream is reset when the call is dropped, which is next.
                    let message = "the bridge ends; call again";
                    return Poll::Ready(self.end(Status::new(StatusCode::Unavailable, message)));
                }
            };
            return Poll::Ready(match event.kind {
                CallEventKind::Headers { metadata } => Step::Head(metadata),
                CallEventKind::Received { message, .. } => {
                    if let Some(permit) = &self.permit {
                        permit.received(message.0.len());
                    }
                    Step::Message(message.0)
                }
                CallEventKind::Trailers { metadata } => {
                    self.trailers = metadata;
                    continue;
                }
                CallEventKind::Finished { status, .. } => self.end(status),
                _ => continue,
            });
        }
    }

    /// The same call for whoever ends it by itself when the bridge ends, and in other words.
    pub fn until_dropped(self) -> Call {
        Call { closing: None, ..self }
    }

    /// Breaks it off with the status of this number, which is what is counted.
    pub fn break_off(mut self, code: u32) {
        if let Some(permit) = &mut self.permit {
            permit.ended(code);
        }
    }

    fn end(&mut self, status: Status) -> Step {
        let fault = self.fault.as_ref().and_then(|fault| fault.get());
        let status = fault.cloned().unwrap_or(status);
        if let Some(permit) = &mut self.permit {
            permit.ended(status.code);
        }
        Step::End(End { status, trailers: std::mem::take(&mut self.trailers) })
    }
}

/// Whole milliseconds, rounded up: a deadline of less than one is not none.
fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
