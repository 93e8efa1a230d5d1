//! Drives one call and tells its events.

use crate::client::Inner;
use crate::explain::{self, Failure};
use crate::frame::{self, Decoder, PREFIX_BYTES};
use crate::invoke::Requests;
use crate::metadata::{STATUS_HEADERS, from_headers};
use crate::plan::Plan;
use crate::pool::Lease;
use crate::queue::Teller;
use crate::status;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use h2::client::ResponseFuture;
use h2::{RecvStream, SendStream};
use std::future::{Future, poll_fn};
use std::time::{Duration, Instant};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use wirelab_model::{Blob, CallEventKind, CallSpec, Problem, ProblemKind, Status, StatusCode};

/// Messages up to this size travel with their prefix in one piece, bytes.
const JOINED_BYTES: usize = 16 << 10;
/// How much of an answer that is not gRPC is quoted, bytes, and how long it is waited for.
const QUOTE_BYTES: usize = 200;
const QUOTE_WAIT: Duration = Duration::from_secs(1);

/// Makes the call and ends it with exactly one `Finished`, unless nobody reads any more.
pub(crate) async fn call(
    client: &Inner,
    spec: CallSpec,
    requests: Requests,
    cancel: CancellationToken,
    mut teller: Teller,
) {
    let finish = |teller: &Teller, status: Failure, wire| {
        teller.tell(CallEventKind::Finished { status: *status, wire });
    };
    let plan = match Plan::new(&spec) {
        Ok(plan) => plan,
        Err(problem) => return finish(&teller, explain::refused(problem), None),
    };
    // Reading the system's root certificates is no part of any call.
    let trust = match plan.target.tls() {
        true => match client.tls.trust().await.map(Some) {
            Ok(trust) => trust,
            Err(problem) => {
                return finish(&teller, explain::failure(StatusCode::Internal, problem), None);
            }
        },
        false => None,
    };
    let started = teller.start();
    let mut lease = None;
    let status = {
        let attempt = async {
            let lease =
                lease.insert(client.pool.lease(&plan.target, trust.as_ref(), &teller).await?);
            exchange(&plan, started, lease, requests, &teller).await
        };
        tokio::select! {
            biased;
            () = teller.closed() => return,
            () = cancel.cancelled() => explain::cancelled(),
            // Far deadlines are none: the timer saturates.
            () = tokio::time::sleep(plan.deadline.unwrap_or_default()), if plan.deadline.is_some() => {
                explain::deadline(plan.deadline.unwrap_or_default())
            }
            done = attempt => late(done.unwrap_or_else(|failure| failure), &plan, started),
        }
    };
    finish(&teller, status, lease.as_ref().map(Lease::wire));
}

/// A server may notice that the time is over just before this side does, and many then say CANCELLED.
fn late(status: Failure, plan: &Plan, started: Instant) -> Failure {
    match plan.deadline {
        Some(deadline)
            if status.code == StatusCode::Cancelled as u32 && started.elapsed() >= deadline =>
        {
            explain::deadline(deadline)
        }
        _ => status,
    }
}

/// Sends and receives at the same time until the server has ended the call. Dropping it resets the stream.
async fn exchange(
    plan: &Plan,
    started: Instant,
    lease: &Lease,
    requests: Requests,
    teller: &Teller,
) -> Result<Failure, Failure> {
    let lost = |error: h2::Error| lease.state.explain(&error);
    let mut send = lease.send.clone().ready().await.map_err(lost)?;
    let request = plan.request(started.elapsed()).map_err(explain::refused)?;
    let (response, stream) = send.send_request(request, false).map_err(lost)?;
    drop(send);
    let sending = upload(stream, requests, plan, teller);
    let receiving = download(response, plan, lease, teller);
    with(receiving, sending).await
}

/// Runs `main` to its end with `side` beside it; a failure of `side` ends both.
async fn with<T, E>(
    main: impl Future<Output = Result<T, E>>,
    side: impl Future<Output = Result<(), E>>,
) -> Result<T, E> {
    tokio::pin!(main, side);
    tokio::select! {
        biased;
        done = &mut main => done,
        sent = &mut side => {
            sent?;
            main.await
        }
    }
}

async fn upload(
    mut stream: SendStream<Bytes>,
    mut requests: Requests,
    plan: &Plan,
    teller: &Teller,
) -> Result<(), Failure> {
    let many = plan.kind.client_streams();
    loop {
        let Some(message) = requests.next().await else {
            if !many {
                let problem = Problem::new(ProblemKind::Mismatch, "there is no request message");
                let help = "this kind of call sends exactly one, give it";
                return Err(explain::refused(problem.help(help)));
            }
            // An error means that the stream is over: the receiving side knows why.
            let _ = stream.send_data(Bytes::new(), true);
            teller.tell(CallEventKind::HalfClosed);
            return Ok(());
        };
        if !send_message(&mut stream, message.clone(), !many).await? {
            return Ok(());
        }
        teller.tell(CallEventKind::Sent { message: Blob(message), compressed: None });
        if !many {
            teller.tell(CallEventKind::HalfClosed);
            return Ok(());
        }
        teller.room().await;
    }
}

/// Hands a message over as flow control allows; false when the stream is over.
async fn send_message(
    stream: &mut SendStream<Bytes>,
    message: Bytes,
    last: bool,
) -> Result<bool, Failure> {
    let Some(prefix) = frame::prefix(message.len()) else {
        let message = format!("the request message is too large: {} bytes", message.len());
        let problem = Problem::new(ProblemKind::TooLarge, message);
        return Err(explain::refused(problem.help("gRPC messages cannot be longer than 4 GiB")));
    };
    if message.len() <= JOINED_BYTES {
        let mut joined = BytesMut::with_capacity(PREFIX_BYTES + message.len());
        joined.extend_from_slice(&prefix);
        joined.extend_from_slice(&message);
        return Ok(send_data(stream, joined.freeze(), last).await);
    }
    Ok(send_data(stream, prefix, false).await && send_data(stream, message, last).await)
}

async fn send_data(stream: &mut SendStream<Bytes>, mut data: Bytes, last: bool) -> bool {
    while !data.is_empty() {
        stream.reserve_capacity(data.len());
        match poll_fn(|cx| stream.poll_capacity(cx)).await {
            Some(Ok(capacity)) => {
                let part = data.split_to(capacity.min(data.len()));
                let last = last && data.is_empty();
                if !part.is_empty() && stream.send_data(part, last).is_err() {
                    return false;
                }
            }
            Some(Err(_)) | None => return false,
        }
    }
    true
}

async fn download(
    response: ResponseFuture,
    plan: &Plan,
    lease: &Lease,
    teller: &Teller,
) -> Result<Failure, Failure> {
    let lost = |error: h2::Error| lease.state.explain(&error);
    let (head, mut body) = response.await.map_err(lost)?.into_parts();
    if let Some(status) = status::from_trailers(&head.headers) {
        // Trailers-only: the block is trailers although it comes first.
        let metadata = from_headers(&head.headers, &STATUS_HEADERS);
        teller.tell(CallEventKind::Trailers { metadata });
        return ended(status, plan, None);
    }
    teller.tell(CallEventKind::Headers { metadata: from_headers(&head.headers, &[]) });
    let header = |name: &str| head.headers.get(name).map(|v| String::from_utf8_lossy(v.as_bytes()));
    if head.status != http::StatusCode::OK {
        let what = format!("the server answered HTTP {} instead of gRPC", head.status);
        let code = status::from_http(head.status);
        return Err(explain::not_grpc(code, what, &quote(&mut body).await));
    }
    let content_type = header("content-type").unwrap_or_default();
    if !is_grpc(&content_type) {
        let what = match content_type.is_empty() {
            true => "the server's answer has no content-type, so it is not gRPC".to_owned(),
            false => format!("the server answered with `{content_type}` instead of gRPC"),
        };
        return Err(explain::not_grpc(StatusCode::Unknown, what, &quote(&mut body).await));
    }
    let encoding = header("grpc-encoding").map(|name| name.into_owned());
    let mut decoder = Decoder::new(plan.limit, encoding.filter(|name| name != "identity"));
    let mut count = 0_u64;
    while let Some(data) = body.data().await {
        let data = data.map_err(lost)?;
        let size = data.len();
        decoder.push(data);
        while let Some(message) =
            decoder.take().map_err(|error| explain::frame(error, plan.limit))?
        {
            count += 1;
            if count > 1 && !plan.kind.server_streams() {
                return Err(cardinality(plan, "more than one message"));
            }
            teller.tell(CallEventKind::Received {
                message: Blob(message.payload),
                compressed: message.compressed,
            });
            teller.room().await;
        }
        // Only now may the server send as much again: a slow reader slows it.
        let _ = body.flow_control().release_capacity(size);
    }
    let trailers = body.trailers().await.map_err(lost)?;
    if decoder.is_partial() {
        let message = "the response ended in the middle of a message";
        return Err(explain::broken(StatusCode::Internal, message));
    }
    let Some(trailers) = trailers else {
        let message = "the server ended the call without a status";
        return Err(explain::broken(StatusCode::Unknown, message));
    };
    teller.tell(CallEventKind::Trailers { metadata: from_headers(&trailers, &STATUS_HEADERS) });
    match status::from_trailers(&trailers) {
        Some(status) => ended(status, plan, Some(count)),
        None => {
            let message = "the server's trailers hold no `grpc-status`";
            Err(explain::broken(StatusCode::Unknown, message))
        }
    }
}

/// Ends the call as the server says. `count` is how many messages came, none where none can.
fn ended(
    status: Result<Status, String>,
    plan: &Plan,
    count: Option<u64>,
) -> Result<Failure, Failure> {
    let mut status = status.map_err(|text| {
        let message = format!("the server's `grpc-status` is `{text}`, which is not a number");
        explain::broken(StatusCode::Unknown, message)
    })?;
    if status.is_ok() && count.unwrap_or(0) == 0 && !plan.kind.server_streams() {
        return Err(cardinality(plan, "no message"));
    }
    status.problem = explain::status(&status, &plan.method);
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

fn is_grpc(content_type: &str) -> bool {
    let rest = content_type.strip_prefix("application/grpc");
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['+', ';', ' ']))
}

/// The first words of an answer that is not gRPC.
async fn quote(body: &mut RecvStream) -> String {
    let data = timeout(QUOTE_WAIT, body.data()).await.ok().flatten().and_then(Result::ok);
    let data = data.unwrap_or_default();
    let text = String::from_utf8_lossy(data.get(..QUOTE_BYTES).unwrap_or(&data)).into_owned();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
