//! One attempt of a call on a connection: requests out, events in, the same for every protocol.

use crate::explain::{self, Failure};
use crate::frame::Encoded;
use crate::http::{Download, HttpError, Pending, Upload};
use crate::invoke::Requests;
use crate::plan::Plan;
use crate::pool::Lease;
use crate::queue::{Arrival, Teller};
use crate::transport::{Answer, End, Part, Reader, text};
use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt, StreamExt};
use http::{HeaderName, HeaderValue};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::{Pin, pin};
use std::time::{Duration, Instant};
use tokio::time::timeout;
use wirelab_model::{Blob, CallEventKind, Problem, ProblemKind, StatusCode};

/// How much of an answer that is not of the protocol is quoted, bytes, and how long it is waited for.
const QUOTE_BYTES: usize = 200;
const QUOTE_WAIT: Duration = Duration::from_secs(1);
/// How much of a body is still read after the call's end, bytes, and how long it is waited for.
const REST_BYTES: usize = 64 << 10;
const REST_WAIT: Duration = Duration::from_secs(1);

/// Small messages that are there at once go together, up to so many bytes and so many messages. Servers take many small
/// DATA frames for an attack: those built on Rust's h2 give up a connection on which about 2,000 wait to be read.
const TOGETHER_BYTES: usize = 16 << 10;
const TOGETHER: usize = 256;

/// Says how many attempts there were before
/// (<https://github.com/grpc/proposal/blob/master/A6-client-retries.md#exposed-retry-metadata>).
const PREVIOUS_ATTEMPTS: HeaderName = HeaderName::from_static("grpc-previous-rpc-attempts");

/// One attempt.
pub(crate) struct Attempt<'a> {
    pub plan: &'a Plan,
    /// When the call began, which its deadline counts from.
    pub started: Instant,
    /// The instance's name, sent unless the plan has another.
    pub authority: &'a str,
    /// How many attempts the server may have seen before.
    pub previous: u32,
    /// Called when the response has begun, so that no other attempt will come.
    pub answered: &'a mut (dyn FnMut() + Send),
}

/// Sends and receives at the same time until the server has ended the call. Dropping it breaks the request off.
pub(crate) async fn exchange(
    attempt: Attempt<'_>,
    lease: &mut Lease,
    mut requests: Requests,
    teller: &Teller,
) -> Result<Failure, Failure> {
    let Attempt { plan, started, authority, previous, answered } = attempt;
    // The only request message says how long the body is.
    let first = match plan.kind.client_streams() {
        true => None,
        false => Some(prepare(only(&mut requests).await?, plan, teller)?),
    };
    let mut request = plan
        .request(authority, started.elapsed(), lease.hold.is_one())
        .map_err(explain::refused)?;
    let length = first.as_ref().map(|(_, encoded)| encoded.len());
    if previous > 0 {
        request.headers_mut().insert(PREVIOUS_ATTEMPTS, HeaderValue::from(previous));
    }
    let opened = lease.hold.open(request, length);
    let (upload, pending) = opened.map_err(|error| lease.unopened(&error))?;
    let lost = |error: HttpError| lease.lost(&error);
    let sending = async {
        match first {
            Some(first) => send_only(upload, first, teller).await,
            None => send_all(upload, requests, plan, teller).await?,
        }
        Ok(())
    };
    with(pin!(receive(pending, plan, &lost, answered, teller)), pin!(sending)).await
}

/// Runs `main` to its end with `side` beside it; a failure of `side` ends both.
async fn with<T, E>(
    mut main: Pin<&mut impl Future<Output = Result<T, E>>>,
    mut side: Pin<&mut impl Future<Output = Result<(), E>>>,
) -> Result<T, E> {
    tokio::select! {
        biased;
        done = &mut main => done,
        sent = &mut side => {
            sent?;
            main.await
        }
    }
}

/// A message and what is sent of it.
type Prepared = (Bytes, Encoded);

fn prepare(message: Bytes, plan: &Plan, teller: &Teller) -> Result<Prepared, Failure> {
    let body = match plan.protocol.json() {
        None => message.clone(),
        Some(types) => teller.aside(|| types.request(&message))?,
    };
    Ok((message, plan.protocol.encode(body)?))
}

async fn only(requests: &mut Requests) -> Result<Bytes, Failure> {
    requests.next().await.ok_or_else(|| {
        let problem = Problem::new(ProblemKind::Mismatch, "there is no request message");
        explain::refused(problem.help("this kind of call sends exactly one, give it"))
    })
}

async fn send_only(mut upload: Upload, message: Prepared, teller: &Teller) {
    if send(&mut upload, message, true, teller).await {
        teller.tell(CallEventKind::HalfClosed);
    }
}

async fn send_all(
    mut upload: Upload,
    mut requests: Requests,
    plan: &Plan,
    teller: &Teller,
) -> Result<(), Failure> {
    let mut ready = VecDeque::new();
    let mut more = true;
    while more {
        let Some(message) = requests.next().await else { break };
        ready.push_back(prepare(message, plan, teller)?);
        let mut bytes = ready.iter().map(|(_, encoded)| encoded.payload.len()).sum::<usize>();
        let mut wrong = Ok(());
        while bytes < TOGETHER_BYTES && ready.len() < TOGETHER {
            let Some(next) = requests.next().now_or_never() else { break };
            let prepared = next.map(|message| prepare(message, plan, teller)).transpose();
            match prepared {
                Ok(Some(prepared)) => {
                    bytes += prepared.1.payload.len();
                    ready.push_back(prepared);
                }
                Ok(None) => more = false,
                // What came before it goes first.
                Err(failure) => wrong = Err(failure),
            }
            if !more || wrong.is_err() {
                break;
            }
        }
        while !ready.is_empty() {
            if !send_some(&mut upload, &mut ready, teller).await {
                return Ok(());
            }
        }
        wrong?;
        teller.room().await;
    }
    upload.finish().await;
    teller.tell(CallEventKind::HalfClosed);
    Ok(())
}

/// Hands over those of `ready` that go together, or one; false when the request is over.
async fn send_some(upload: &mut Upload, ready: &mut VecDeque<Prepared>, teller: &Teller) -> bool {
    let whole = |(_, encoded): &&Prepared| {
        encoded.prefix.is_none() && encoded.payload.len() < TOGETHER_BYTES
    };
    let count = ready.iter().take_while(whole).count();
    if count < 2 {
        return match ready.pop_front() {
            Some(message) => send(upload, message, false, teller).await,
            None => true,
        };
    }
    let together = || ready.iter().take(count).map(|(_, encoded)| &encoded.payload);
    let mut data = BytesMut::with_capacity(together().map(Bytes::len).sum());
    together().for_each(|payload| data.extend_from_slice(payload));
    let sent = upload.send(data.freeze(), false).await;
    for (message, Encoded { compressed, .. }) in ready.drain(..count) {
        if sent {
            teller.tell(CallEventKind::Sent { message: Blob(message), compressed });
        }
    }
    sent
}

/// Hands a message over; false when the request is over, and the receiving side knows why.
async fn send(upload: &mut Upload, message: Prepared, last: bool, teller: &Teller) -> bool {
    let (message, Encoded { prefix, payload, compressed }) = message;
    let sent = match prefix {
        None => upload.send(payload, last).await,
        Some(prefix) => upload.send(prefix, false).await && upload.send(payload, last).await,
    };
    if sent {
        teller.tell(CallEventKind::Sent { message: Blob(message), compressed });
    }
    sent
}

async fn receive(
    pending: Pending,
    plan: &Plan,
    lost: &impl Fn(HttpError) -> Failure,
    answered: &mut (dyn FnMut() + Send),
    teller: &Teller,
) -> Result<Failure, Failure> {
    let (head, mut body) = pending.head().await.map_err(lost)?.into_parts();
    // What the server would take instead of what was sent.
    let accepted = plan.compression.and_then(|_| text(&head.headers, plan.protocol.accepted()));
    let ended = |end, count| ended(end, plan, count, accepted.as_deref(), teller);
    let mut reader = match plan.protocol.answer(&head) {
        Answer::Over(end) => return ended(end, 0),
        Answer::Body { metadata, reader, failed } => {
            match failed {
                false => {
                    teller.tell(CallEventKind::Headers { metadata });
                    answered();
                }
                true => teller.tell_refusal(metadata),
            }
            reader
        }
        Answer::Foreign { code, what, help } => {
            teller.tell_refusal(crate::metadata::from_headers(&head.headers, &[]));
            let said = quote(&mut body).await;
            read_rest(&mut body).await;
            return Err(explain::not_grpc(code, what, &said, help));
        }
    };
    let mut count = 0_u64;
    let (mut held, mut over) = (0, false);
    let mut came_at_ns = teller.now();
    loop {
        match take(&mut *reader, plan, &mut count, teller.arrival(came_at_ns), teller)? {
            Taken::Full => teller.room().await,
            Taken::End(end) => {
                let done = ended(end, count);
                if !over {
                    read_rest(&mut body).await;
                }
                return done;
            }
            Taken::All => {
                // Only now may the server send as much again: a slow reader slows it.
                body.release(std::mem::take(&mut held));
                match body.data().await.map_err(lost)? {
                    Some(data) => {
                        came_at_ns = teller.now();
                        held = data.len();
                        reader.push(data)?;
                    }
                    None => {
                        over = true;
                        reader.finish(body.trailers().await.map_err(lost)?)?;
                    }
                }
            }
        }
    }
}

/// Why no more messages are taken.
enum Taken {
    /// No more are there.
    All,
    /// The reader of the events has to catch up.
    Full,
    End(End),
}

/// Tells the messages that are there whole, and adds them to `count`.
fn take(
    reader: &mut dyn Reader,
    plan: &Plan,
    count: &mut u64,
    mut arrival: Arrival<'_>,
    teller: &Teller,
) -> Result<Taken, Failure> {
    loop {
        let message = match reader.take()? {
            Some(Part::Message(message)) => message,
            Some(Part::End(end)) => return Ok(Taken::End(end)),
            None => return Ok(Taken::All),
        };
        *count += 1;
        if *count > 1 && !plan.kind.server_streams() {
            return Err(cardinality(plan, "more than one message"));
        }
        let compressed = message.compressed;
        let message = Blob(match plan.protocol.json() {
            None => message.payload,
            Some(types) => teller.aside(|| types.response(&message.payload))?,
        });
        if !arrival.tell(message, compressed) {
            return Ok(Taken::Full);
        }
    }
}

/// Ends the call as the server says. `count` is how many messages came.
fn ended(
    end: End,
    plan: &Plan,
    count: u64,
    accepted: Option<&str>,
    teller: &Teller,
) -> Result<Failure, Failure> {
    if let Some(metadata) = end.metadata {
        teller.tell(CallEventKind::Trailers { metadata });
    }
    let mut status = end.status?;
    if status.is_ok() && count == 0 && !plan.kind.server_streams() {
        return Err(cardinality(plan, "no message"));
    }
    status.problem = plan
        .compression
        .and_then(|how| explain::compression_refused(&status, how, accepted))
        .or_else(|| explain::status(&status, &plan.method));
    Ok(Box::new(status))
}

/// gRPC's own libraries end such a call with UNIMPLEMENTED
/// (<https://grpc.io/docs/guides/status-codes/>, "response cardinality violation").
fn cardinality(plan: &Plan, what: &str) -> Failure {
    explain::broken(
        StatusCode::Unimplemented,
        format!("the server answered {what}, but `{}` has exactly one response", plan.method),
    )
}

/// Reads a body that says the call's end before its own to that, as left unread it would be broken off: an HTTP/1.1
/// connection could not be kept, and the server would see a cancelled stream.
async fn read_rest(body: &mut Download) {
    let rest = async {
        let mut left = REST_BYTES;
        while let (Ok(Some(data)), true) = (body.data().await, left > 0) {
            body.release(data.len());
            left = left.saturating_sub(data.len());
        }
    };
    // A server that goes on, or waits, is left.
    let _ = timeout(REST_WAIT, rest).await;
}

/// The first words of an answer that is not of the protocol.
async fn quote(body: &mut Download) -> String {
    let data = timeout(QUOTE_WAIT, body.data()).await.ok().and_then(Result::ok).flatten();
    let data = data.unwrap_or_default();
    let text = String::from_utf8_lossy(data.get(..QUOTE_BYTES).unwrap_or(&data)).into_owned();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
