//! A call as one HTTP request, by the rule of its method.

use super::{Making, Over, answer, failed, interrupted, text};
use crate::rules::{self, Body as RuleBody, Built, Rule};
use axum::body::Body;
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use http::header::{ACCEPT, CONTENT_TYPE, HOST, TE};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use std::io;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use wirelab_call::Requests;
use wirelab_model::{Blob, CallEventKind, Problem, ProblemKind, Status, StatusCode};

const LINES: HeaderValue = HeaderValue::from_static("application/x-ndjson");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TRAILERS: HeaderValue = HeaderValue::from_static("trailers");

/// How many requests of a stream wait for the connection.
const AHEAD: usize = 1;

/// A request ready to go.
struct Ready {
    rule: Arc<Rule>,
    built: Built,
    /// The message that says what it is; none where the URL is the same for all.
    first: Option<Bytes>,
}

impl Ready {
    /// Whether its body is what comes of the requests.
    fn streams(&self, call: &Making) -> bool {
        call.method.kind.client_streams() && self.rule.body != RuleBody::None
    }
}

/// Makes the call.
pub(super) async fn call(call: &Making, mut requests: Requests) -> Over {
    let ready = match prepare(call, &mut requests).await {
        Ok(ready) => ready,
        Err(status) => return status.into(),
    };
    let head = match head(call, &ready) {
        Ok(head) => head,
        Err(status) => return status.into(),
    };
    let pool = &call.client.pool;
    let url = format!("http://{}{}", pool.address(), ready.built.target);
    let body = ready.built.body.as_deref().filter(|body| !body.is_empty());
    // Of a stream whose URL is the same for all no message has come yet.
    let body = body.filter(|_| ready.first.is_some());
    let told = call.told(ready.built.verb.as_str(), url, head.headers(), body);
    call.teller.begin();
    let (mut connection, came) = match pool.take(call.spec.cold).await {
        Ok(taken) => taken,
        Err(status) => return status.into(),
    };
    call.teller.tell(came).await;
    call.teller.tell(told).await;

    let (body, pieces) = match ready.streams(call) {
        false => (Body::from(ready.built.body.clone().unwrap_or_default()), None),
        true => {
            let (pieces, body) = mpsc::channel::<Bytes>(AHEAD);
            let body = ReceiverStream::new(body).map(Ok::<_, io::Error>);
            (Body::from_stream(body), Some(pieces))
        }
    };
    let answering = connection.sender.send_request(head.map(|()| body));
    let sending = async {
        match pieces {
            Some(pieces) => send_stream(call, &ready, requests, pieces).await,
            None => {
                let size = ready.built.target.len() + ready.built.body.as_ref().map_or(0, Vec::len);
                let message = Blob(ready.first.clone().unwrap_or_default());
                sent(call, message, size).await;
                call.teller.tell(CallEventKind::HalfClosed).await;
                Ok(())
            }
        }
    };
    let reading = async {
        match answering.await {
            Ok(response) => answer::read(call, &ready.rule, response).await,
            Err(error) => interrupted("before it answered", error),
        }
    };
    // What is wrong with a request ends the call; that all were sent does not.
    let sending = sending.then(|sent| async {
        match sent {
            Ok(()) => std::future::pending().await,
            Err(status) => status,
        }
    });
    let status = tokio::select! {
        biased;
        status = sending => status,
        status = reading => status,
    };
    let wire = Some(connection.wire());
    // What is not read to its end cannot be used again; hyper says so by not being ready.
    if connection.sender.ready().now_or_never().is_some_and(|ready| ready.is_ok()) {
        pool.keep(connection);
    }
    Over { status, wire }
}

async fn sent(call: &Making, message: Blob, size: usize) {
    let compressed = Some(size as u64);
    call.teller.tell(CallEventKind::Sent { message, compressed }).await;
}

/// Finds the rule that can carry the call, and what it makes of the first message.
async fn prepare(call: &Making, requests: &mut Requests) -> Result<Ready, Status> {
    let streams = call.method.kind.client_streams();
    let rules = suited(call, streams);
    if let Some(rule) = rules.first().filter(|rule| streams && is_same_for_all(rule)) {
        let built = rules::request(rule, "{}").map_err(unsuited)?;
        return Ok(Ready { rule: rule.clone(), built, first: None });
    }
    let Some(first) = requests.next().await else {
        let message = "the URL of this call needs a first message, and there is none";
        return Err(unsuited(Problem::new(ProblemKind::Mismatch, message)));
    };
    let json = call.json(&first)?;
    let mut problem = None;
    for rule in rules {
        match rules::request(&rule, &json) {
            Ok(built) => {
                if streams && rule.body == RuleBody::None {
                    // The URL is all that there is.
                    only(call, requests).await?;
                }
                return Ok(Ready { rule, built, first: Some(first) });
            }
            Err(why) => problem = problem.or(Some(why)),
        }
    }
    let nothing = || {
        let message = format!("nothing is bound to {}", call.method.path);
        Problem::new(ProblemKind::Mismatch, message).help("call it by WebSocket")
    };
    Err(unsuited(problem.unwrap_or_else(nothing)))
}

/// The rules of the method, the most suited first: those whose URL is the same for every message of a stream, then
/// those that have a body for it.
fn suited(call: &Making, streams: bool) -> Vec<Arc<Rule>> {
    let rules = call.loaded.routes.rules().iter();
    let mut rules: Vec<Arc<Rule>> =
        rules.filter(|rule| rule.method.path == call.method.path).cloned().collect();
    if streams {
        rules.sort_by_key(|rule| (!is_same_for_all(rule), rule.body == RuleBody::None));
    }
    rules
}

/// That no further message comes where a URL carries the only one.
async fn only(call: &Making, requests: &mut Requests) -> Result<(), Status> {
    if requests.next().await.is_none() {
        return Ok(());
    }
    let message = format!(
        "REST carries one request of {} and no more: its google.api.http rule has no body for a stream",
        call.method.path
    );
    let problem = Problem::new(ProblemKind::Mismatch, message)
        .help("call it by WebSocket, or give the rule `body: \"*\"`");
    Err(failed(StatusCode::Unimplemented, problem))
}

fn is_same_for_all(rule: &Rule) -> bool {
    rule.variables.is_empty() && rule.body == RuleBody::All && !rule.takes_raw()
}

fn unsuited(problem: Problem) -> Status {
    failed(StatusCode::InvalidArgument, problem)
}

/// The request without its body.
fn head(call: &Making, ready: &Ready) -> Result<Request<()>, Status> {
    let unsendable = |error: &dyn std::fmt::Display| {
        let message = format!("the request cannot be sent: {error}");
        failed(StatusCode::InvalidArgument, Problem::new(ProblemKind::Mismatch, message))
    };
    let mut headers = call.client.headers.clone();
    let host = call.client.pool.address().to_string();
    headers.insert(HOST, HeaderValue::from_str(&host).map_err(|error| unsendable(&error))?);
    headers.insert(TE, TRAILERS);
    let lines = call.method.kind.server_streams();
    headers.insert(ACCEPT, if lines { LINES } else { JSON });
    if ready.streams(call) && !ready.rule.takes_raw() {
        headers.insert(CONTENT_TYPE, LINES);
    } else if let Some(media) = &ready.built.content_type {
        let media = HeaderValue::from_str(media).map_err(|error| unsendable(&error))?;
        headers.insert(CONTENT_TYPE, media);
    }
    if let Some(deadline) = call.spec.deadline_ms {
        // At most eight digits.
        let value = HeaderValue::from_str(&format!("{}m", deadline.min(99_999_999)));
        headers.extend(value.ok().map(|value| (HeaderName::from_static("grpc-timeout"), value)));
    }
    metadata(call, &mut headers).map_err(|error| unsendable(&error))?;
    let request = Request::builder().method(ready.built.verb.clone()).uri(&ready.built.target);
    let mut request = request.body(()).map_err(|error| unsendable(&error))?;
    *request.headers_mut() = headers;
    Ok(request)
}

/// Metadata as headers that name it; credentials stand where every server looks for them.
fn metadata(call: &Making, headers: &mut HeaderMap) -> Result<(), http::Error> {
    for datum in &call.spec.metadata {
        let key = datum.key.to_ascii_lowercase();
        let name = match key.as_str() {
            "authorization" => key,
            _ => format!("grpc-metadata-{key}"),
        };
        headers
            .append(HeaderName::from_bytes(name.as_bytes())?, HeaderValue::from_str(&text(datum))?);
    }
    Ok(())
}

/// A request stream as JSON a line, or bodies as they are after each other.
async fn send_stream(
    call: &Making,
    ready: &Ready,
    mut requests: Requests,
    pieces: mpsc::Sender<Bytes>,
) -> Result<(), Status> {
    let mut first = ready.first.clone();
    loop {
        let wire = match first.take() {
            Some(wire) => wire,
            None => match requests.next().await {
                Some(wire) => wire,
                None => break,
            },
        };
        let built = call.teller.apart(|| {
            let json = call.json(&wire)?;
            rules::request(&ready.rule, &json).map_err(unsuited)
        })?;
        if built.target != ready.built.target {
            let message = format!(
                "this message belongs to `{}`, but the call is to `{}`",
                built.target, ready.built.target
            );
            let problem = Problem::new(ProblemKind::Mismatch, message)
                .help("give every message of the stream the same values in its URL");
            return Err(unsuited(problem));
        }
        // A field that is not set.
        let mut piece = built.body.unwrap_or_else(|| b"null".to_vec());
        if !ready.rule.takes_raw() {
            piece.push(b'\n');
        }
        let size = piece.len();
        if pieces.send(Bytes::from(piece)).await.is_err() {
            // The bridge has answered and reads no more; the answer says why.
            return Ok(());
        }
        sent(call, Blob(wire), size).await;
    }
    call.teller.tell(CallEventKind::HalfClosed).await;
    Ok(())
}
