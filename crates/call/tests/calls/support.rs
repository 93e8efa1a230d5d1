//! Small servers that behave, or misbehave, exactly as told.

use bytes::Bytes;
use futures_util::StreamExt;
use h2::RecvStream;
use h2::server::SendResponse;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use std::future::Future;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wirelab_call::{Client, Events, Invoke, Requests, requests};
use wirelab_model::{
    CallEvent, CallEventKind, CallKind, CallSpec, Endpoint, Metadatum, Problem, Status, WireBytes,
};

/// A server under a test; it ends with it.
pub struct Server {
    pub address: String,
    cut: Arc<std::sync::Mutex<CancellationToken>>,
    tasks: Arc<std::sync::Mutex<Vec<JoinHandle<()>>>>,
    listening: JoinHandle<()>,
}

impl Server {
    /// Cuts all connections and waits until they are gone; new ones are taken.
    pub async fn cut(&self) {
        let old = std::mem::take(&mut *self.cut.lock().unwrap());
        old.cancel();
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap());
        for task in tasks {
            task.await.unwrap();
        }
    }
}

impl Server {
    /// Takes no new connections from now on; those that are open stay.
    pub async fn listen_no_more(&self) {
        self.listening.abort();
        until(|| self.listening.is_finished()).await;
    }

    /// Waits until only so many connections are open.
    pub async fn until_open(&self, count: usize) {
        let open = || {
            let mut tasks = self.tasks.lock().unwrap();
            tasks.retain(|task| !task.is_finished());
            tasks.len()
        };
        until(|| open() <= count).await;
    }
}

/// Waits until `is` holds, letting others run between.
pub async fn until(is: impl Fn() -> bool) {
    let waiting = async {
        while !is() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), waiting).await.expect("in time");
}

impl Drop for Server {
    fn drop(&mut self) {
        self.listening.abort();
        self.cut.lock().unwrap().cancel();
    }
}

/// Runs `script` on every connection.
pub async fn tcp<F, Fut>(script: F) -> Server
where
    F: Fn(TcpStream) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let cut = Arc::new(std::sync::Mutex::new(CancellationToken::new()));
    let tasks = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (token, tracker) = (cut.clone(), tasks.clone());
    let listening = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let token = token.lock().unwrap().clone();
            let connection = script(stream);
            let task = tokio::spawn(async move {
                tokio::select! {
                    () = token.cancelled() => {}
                    () = connection => {}
                }
            });
            tracker.lock().unwrap().push(task);
        }
    });
    Server { address, cut, tasks, listening }
}

/// Serves HTTP/2 on one connection.
pub async fn http2<S, F, Fut>(stream: S, handler: F, settings: h2::server::Builder)
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Fn(Request<RecvStream>, Reply) -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    let Ok(mut connection) = settings.handshake::<_, Bytes>(stream).await else { return };
    while let Some(Ok((request, respond))) = connection.accept().await {
        tokio::spawn(handler(request, Reply::new(respond)));
    }
}

/// Serves HTTP/2 in plaintext.
pub async fn grpc<F, Fut>(handler: F) -> Server
where
    F: Fn(Request<RecvStream>, Reply) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    tcp(move |stream| http2(stream, handler.clone(), h2::server::Builder::new())).await
}

/// The server's side of a call.
pub struct Reply {
    respond: SendResponse<Bytes>,
    stream: Option<h2::SendStream<Bytes>>,
}

pub fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(key, value)| (HeaderName::from_static(key), HeaderValue::from_static(value)))
        .collect()
}

fn big() -> HeaderMap {
    let mut headers = headers(&[("content-type", "application/grpc"), ("grpc-status", "0")]);
    for _ in 0..64 {
        headers.append("x", HeaderValue::from_bytes(&[b'x'; 32 << 10]).unwrap());
    }
    headers
}

/// A message with gRPC's prefix.
pub fn framed(flag: u8, payload: &[u8]) -> Bytes {
    let mut out = vec![flag];
    out.extend((payload.len() as u32).to_be_bytes());
    out.extend(payload);
    out.into()
}

impl Reply {
    pub fn new(respond: SendResponse<Bytes>) -> Reply {
        Reply { respond, stream: None }
    }

    /// Sends the first block.
    pub fn head(&mut self, status: u16, pairs: &[(&'static str, &'static str)], end: bool) {
        let mut response = Response::builder().status(status).body(()).unwrap();
        *response.headers_mut() = headers(pairs);
        self.stream = Some(self.respond.send_response(response, end).unwrap());
    }

    /// Sends a first block with these headers.
    pub fn echo(&mut self, response: Response<()>) {
        self.stream = Some(self.respond.send_response(response, false).unwrap());
    }

    /// Sends ordinary response headers.
    pub fn open(&mut self) {
        self.head(200, &[("content-type", "application/grpc")], false);
    }

    pub fn data(&mut self, data: Bytes, end: bool) {
        self.stream.as_mut().unwrap().send_data(data, end).unwrap();
    }

    pub fn message(&mut self, payload: &[u8]) {
        self.data(framed(0, payload), false);
    }

    pub fn trailers(&mut self, pairs: &[(&'static str, &'static str)]) {
        // The client may have ended the call before.
        let _ = self.stream.as_mut().unwrap().send_trailers(headers(pairs));
    }

    /// Headers, messages and trailers with this status.
    pub fn all(&mut self, payloads: &[&[u8]], status: &'static str) {
        self.open();
        for payload in payloads {
            self.message(payload);
        }
        self.trailers(&[("grpc-status", status)]);
    }

    /// Headers of two megabytes.
    pub fn big_headers(&mut self) {
        let mut response = Response::builder().status(200).body(()).unwrap();
        *response.headers_mut() = big();
        self.stream = Some(self.respond.send_response(response, false).unwrap());
    }

    /// Trailers of two megabytes.
    pub fn big_trailers(&mut self) {
        let _ = self.stream.as_mut().unwrap().send_trailers(big());
    }

    /// Holds the stream until the client is done with it.
    pub async fn held(&mut self) {
        let reset = std::future::poll_fn(|cx| match &mut self.stream {
            Some(stream) => stream.poll_reset(cx),
            None => self.respond.poll_reset(cx),
        });
        let _ = reset.await;
    }

    pub fn reset(&mut self, reason: h2::Reason) {
        match &mut self.stream {
            Some(stream) => stream.send_reset(reason),
            None => self.respond.send_reset(reason),
        }
    }

    /// Waits until the client resets the stream.
    pub async fn was_reset(&mut self) -> h2::Reason {
        std::future::poll_fn(|cx| match &mut self.stream {
            Some(stream) => stream.poll_reset(cx),
            None => self.respond.poll_reset(cx),
        })
        .await
        .unwrap()
    }

    pub fn stream(&mut self) -> &mut h2::SendStream<Bytes> {
        self.stream.as_mut().unwrap()
    }
}

/// The whole body of a request.
pub async fn read(request: Request<RecvStream>) -> Vec<u8> {
    let mut body = request.into_body();
    let mut out = Vec::new();
    while let Some(Ok(data)) = body.data().await {
        let _ = body.flow_control().release_capacity(data.len());
        out.extend(data);
    }
    out
}

/// A call of `test.Test/Call`.
pub fn spec(address: &str, kind: CallKind) -> CallSpec {
    CallSpec {
        endpoint: Endpoint { address: address.into(), ..Endpoint::default() },
        method: "test.Test/Call".into(),
        kind,
        ..CallSpec::default()
    }
}

/// Makes a call and waits for its end.
pub async fn call(client: &Client, spec: CallSpec, messages: &[&[u8]]) -> Call {
    let messages: Vec<Vec<u8>> = messages.iter().map(|message| message.to_vec()).collect();
    stream(client, spec, requests(messages)).await
}

pub async fn stream(client: &Client, spec: CallSpec, requests: Requests) -> Call {
    Call::new(client.invoke(spec, requests, CancellationToken::new()).collect().await)
}

/// Reads on until `until`, which is the last event returned.
pub async fn read_until(
    events: &mut Events,
    until: impl Fn(&CallEventKind) -> bool,
) -> Vec<CallEvent> {
    let mut out = Vec::new();
    while let Some(event) = events.next().await {
        let done = until(&event.kind);
        out.push(event);
        if done {
            break;
        }
    }
    out
}

pub fn is_received(kind: &CallEventKind) -> bool {
    matches!(kind, CallEventKind::Received { .. })
}

/// A call that is over.
pub struct Call {
    pub events: Vec<CallEvent>,
}

impl Call {
    /// Takes a call's events, which must keep the order that the model promises.
    pub fn new(events: Vec<CallEvent>) -> Call {
        let stage = |event: &CallEvent| match &event.kind {
            CallEventKind::Resolved { .. } => Some(0),
            CallEventKind::Picked { .. } => Some(1),
            CallEventKind::Connected { .. } => Some(2),
            CallEventKind::Secured(_) => Some(3),
            CallEventKind::Reused { .. } => Some(4),
            CallEventKind::Trailers { .. } => Some(6),
            CallEventKind::Retrying(_) => Some(7),
            CallEventKind::Finished { .. } => Some(8),
            // These come at any time.
            CallEventKind::Waiting { .. } | CallEventKind::Pinged { .. } => None,
            _ => Some(5),
        };
        assert!(events.is_sorted_by_key(|event| event.at_ns), "{events:?}");
        let stages: Vec<i32> = events.iter().filter_map(stage).collect();
        for pair in stages.windows(2) {
            let &[a, b] = pair else { unreachable!() };
            // Messages go on, instances that cannot be reached follow each other, attempts begin anew.
            assert!(a < b || (a == 5 && b == 5) || (a == 1 && b <= 1) || a == 7, "{events:?}");
        }
        assert_eq!(stages.iter().filter(|stage| **stage == 8).count(), 1, "{events:?}");
        assert_eq!(stages.last(), Some(&8), "{events:?}");
        Call { events }
    }

    /// The status among the last events of a call.
    pub fn end(events: Vec<CallEvent>) -> Status {
        Call { events }.status().clone()
    }

    /// What happened, a word each; messages with their sizes.
    pub fn steps(&self) -> String {
        let steps: Vec<String> = self
            .events
            .iter()
            .map(|event| match &event.kind {
                CallEventKind::Resolved { .. } => "resolved".into(),
                CallEventKind::Connected { .. } => "connected".into(),
                CallEventKind::Secured(_) => "secured".into(),
                CallEventKind::Reused { .. } => "reused".into(),
                CallEventKind::Sent { message, compressed: None } => {
                    format!("sent:{}", message.len())
                }
                CallEventKind::Sent { message, compressed: Some(bytes) } => {
                    format!("sent:{}>{bytes}", message.len())
                }
                CallEventKind::HalfClosed => "half-closed".into(),
                CallEventKind::Requested(request) => format!("requested:{}", request.verb),
                CallEventKind::Waiting { .. } => "waiting".into(),
                CallEventKind::Picked { .. } => "picked".into(),
                CallEventKind::Retrying(attempt) => format!("retrying:{}", attempt.number),
                CallEventKind::Pinged { .. } => "pinged".into(),
                CallEventKind::Headers { .. } => "headers".into(),
                CallEventKind::Received { message, compressed: None } => {
                    format!("received:{}", message.len())
                }
                CallEventKind::Received { message, compressed: Some(bytes) } => {
                    format!("received:{}<{bytes}", message.len())
                }
                CallEventKind::Trailers { .. } => "trailers".into(),
                CallEventKind::Finished { status, .. } => status.name(),
            })
            .collect();
        steps.join(" ")
    }

    pub fn status(&self) -> &Status {
        match &self.events.last().unwrap().kind {
            CallEventKind::Finished { status, .. } => status,
            other => panic!("{other:?}"),
        }
    }

    pub fn wire(&self) -> WireBytes {
        match &self.events.last().unwrap().kind {
            CallEventKind::Finished { wire, .. } => wire.unwrap(),
            other => panic!("{other:?}"),
        }
    }

    pub fn problem(&self) -> &Problem {
        self.status().problem.as_ref().unwrap()
    }

    /// The instances that were picked, in order.
    pub fn picked(&self) -> Vec<&str> {
        let picked = |event| match event {
            &CallEvent { kind: CallEventKind::Picked { ref instance, .. }, .. } => {
                Some(instance.as_str())
            }
            _ => None,
        };
        self.events.iter().filter_map(picked).collect()
    }

    pub fn received(&self) -> Vec<Vec<u8>> {
        let message = |event: &CallEvent| match &event.kind {
            CallEventKind::Received { message, .. } => Some(message.to_vec()),
            _ => None,
        };
        self.events.iter().filter_map(message).collect()
    }

    pub fn headers(&self) -> &[Metadatum] {
        let found = self.events.iter().find_map(|event| match &event.kind {
            CallEventKind::Headers { metadata } => Some(metadata),
            _ => None,
        });
        found.unwrap()
    }

    pub fn trailers(&self) -> &[Metadatum] {
        let found = self.events.iter().find_map(|event| match &event.kind {
            CallEventKind::Trailers { metadata } => Some(metadata),
            _ => None,
        });
        found.unwrap()
    }
}
