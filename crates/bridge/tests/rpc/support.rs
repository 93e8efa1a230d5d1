//! A bridge under a test, and what is behind it.

use axum::body::Body;
use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderMap, Request};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio_util::sync::{CancellationToken, DropGuard};
use wirelab_bridge::{Bridge, BridgeClient, Options};
use wirelab_call::{Client, Events, Invoke, Requests};
use wirelab_model::{
    Blob, CallEvent, CallEventKind, CallKind, CallSpec, Endpoint, HttpVersion, Metadatum, Status,
    StatusCode, Transport,
};
use wirelab_schema::{Input, Schema, Source};
use wirelab_transcode::Codec;

/// A bridge that listens until it is dropped.
pub struct Listening {
    pub address: String,
    _end: DropGuard,
}

/// Serves a bridge over HTTP/1.1 and HTTP/2 on a port of its own.
pub async fn listen(bridge: Bridge) -> Listening {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let end = CancellationToken::new();
    let ended = end.clone();
    tokio::spawn(async move {
        let accept = async {
            while let Ok((stream, _)) = listener.accept().await {
                let bridge = bridge.clone();
                let answer = service_fn(move |request: Request<Incoming>| {
                    let bridge = bridge.clone();
                    async move {
                        Ok::<_, std::convert::Infallible>(
                            bridge.handle(request.map(Body::new)).await,
                        )
                    }
                });
                let ended = ended.clone();
                tokio::spawn(async move {
                    let builder = auto::Builder::new(TokioExecutor::new());
                    let stream = TokioIo::new(stream);
                    let connection = builder.serve_connection_with_upgrades(stream, answer);
                    tokio::select! {
                        _ = connection => {}
                        () = ended.cancelled() => {}
                    }
                });
            }
        };
        tokio::select! {
            () = accept => {}
            () = ended.cancelled() => {}
        }
    });
    Listening { address, _end: end.drop_guard() }
}

/// A transport, and the version of HTTP below it.
pub type Way = (Transport, HttpVersion);

/// Every transport over every version of HTTP that can carry it.
pub const WAYS: [Way; 11] = [
    (Transport::Grpc, HttpVersion::Http2),
    (Transport::GrpcWeb, HttpVersion::Http1),
    (Transport::GrpcWeb, HttpVersion::Http2),
    (Transport::GrpcWebText, HttpVersion::Http1),
    (Transport::GrpcWebText, HttpVersion::Http2),
    (Transport::Connect, HttpVersion::Http1),
    (Transport::Connect, HttpVersion::Http2),
    (Transport::ConnectJson, HttpVersion::Http1),
    (Transport::ConnectJson, HttpVersion::Http2),
    (Transport::Rest, HttpVersion::Http1),
    (Transport::WebSocket, HttpVersion::Http1),
];

/// Whether a way can carry a kind of call: what is framed as gRPC cannot go both ways over HTTP/1.1.
pub fn carries(way: Way, kind: CallKind) -> bool {
    way.0.needs_bridge() || way.1 == HttpVersion::Http2 || kind != CallKind::Bidi
}

/// What calls a bridge in every way.
pub struct Caller {
    client: Client,
    of_bridge: BridgeClient,
    address: String,
}

impl Caller {
    pub fn new(schema: &Schema, bridge: &Bridge, at: &Listening) -> Caller {
        let schema = schema.clone();
        let client = Client::new().with_types(Arc::new(move |path: &str| {
            let method = schema.method(path)?;
            Some((Codec::new(&method.input()), Codec::new(&method.output())))
        }));
        let of_bridge = bridge.client(at.address.parse().unwrap(), HeaderMap::new());
        Caller { client, of_bridge, address: at.address.clone() }
    }

    /// Calls the bridge.
    pub fn call(
        &self,
        way: Way,
        mut spec: CallSpec,
        requests: Requests,
        cancel: CancellationToken,
    ) -> Events {
        spec.endpoint.address = self.address.clone();
        (spec.endpoint.transport, spec.endpoint.http) = way;
        match way.0.needs_bridge() {
            true => self.of_bridge.invoke(spec, requests, cancel),
            false => self.client.invoke(spec, requests, cancel),
        }
    }

    /// Calls the server behind it.
    pub fn plain(&self, mut spec: CallSpec, server: &str, requests: Requests) -> Events {
        spec.endpoint.address = server.to_owned();
        self.client.invoke(spec, requests, CancellationToken::new())
    }
}

/// The sample server, and a bridge in front of it.
pub struct Both {
    pub server: String,
    pub caller: Caller,
    _bridge: Listening,
    /// None once it was killed.
    runtime: Option<Runtime>,
}

impl Both {
    /// Ends the server without a word to anybody.
    pub fn kill(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Both {
    fn drop(&mut self) {
        self.kill();
    }
}

pub async fn before_the_sample_server(options: Options) -> Both {
    // Of its own, so that it can be killed.
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (told, heard) = oneshot::channel();
    runtime.spawn(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        told.send(listener.local_addr().unwrap().to_string()).unwrap();
        wirelab_demo::serve(listener, CancellationToken::new()).await
    });
    let server = heard.await.unwrap();
    let endpoint = Endpoint { address: server.clone(), ..Endpoint::default() };
    let options = Options { endpoint, ..options };
    let schema = sample_schema();
    let bridge = Bridge::new(schema.clone(), Arc::new(Client::new()), options).unwrap();
    let listening = listen(bridge.clone()).await;
    let caller = Caller::new(&schema, &bridge, &listening);
    Both { server, caller, _bridge: listening, runtime: Some(runtime) }
}

pub fn sample_schema() -> Schema {
    let set = wirelab_demo::DESCRIPTORS.to_vec();
    let source = Source::load(&Input::Descriptors { set, problems: Vec::new() });
    assert!(source.problems().is_empty(), "{:?}", source.problems());
    Schema::new([("sample".to_owned(), source)])
}

/// The schema of `echo.proto`.
pub fn echo_schema() -> Schema {
    schema("echo.proto")
}

/// The schema of a file of this folder.
pub fn schema(file: &str) -> Schema {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/rpc").join(file);
    let source = Source::load(&Input::Files { path, import_roots: Vec::new() });
    assert!(source.problems().is_empty(), "{:?}", source.problems());
    Schema::new([("echo".to_owned(), source)])
}

/// Gives every message back without a network, and remembers what it was asked for.
#[derive(Clone, Default)]
pub struct Echo {
    pub asked: Arc<Mutex<Vec<CallSpec>>>,
    /// How every call ends.
    pub status: Status,
    /// Told in the head and in the trailers.
    pub metadata: Vec<Metadatum>,
    /// Whether there is a head before the end.
    pub trailers_only: bool,
}

impl Echo {
    pub fn bridge(&self, options: Options) -> Bridge {
        Bridge::new(echo_schema(), Arc::new(self.clone()), options).unwrap()
    }

    pub fn asked(&self) -> Vec<CallSpec> {
        std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

pub fn event(kind: CallEventKind) -> CallEvent {
    CallEvent { at_ns: 0, kind }
}

pub fn received(message: Bytes) -> CallEvent {
    event(CallEventKind::Received { message: Blob(message), compressed: None })
}

impl Invoke for Echo {
    fn invoke(&self, spec: CallSpec, requests: Requests, cancel: CancellationToken) -> Events {
        let kind = spec.kind;
        self.asked.lock().unwrap().push(spec);
        let head = CallEventKind::Headers { metadata: self.metadata.clone() };
        let head = (!self.trailers_only).then(|| event(head));
        let trailers = CallEventKind::Trailers { metadata: self.metadata.clone() };
        let status = self.status.clone();
        let answers = match kind.server_streams() {
            true => requests.map(received).left_stream(),
            // The last one stands for all.
            false => futures_util::stream::once(requests.fold(None, |_, one| async { Some(one) }))
                .filter_map(|last| async move { last.map(received) })
                .right_stream(),
        };
        let end = async move {
            let status = match cancel.is_cancelled() {
                true => Status::new(StatusCode::Cancelled, "cancelled"),
                false => status,
            };
            event(CallEventKind::Finished { status, wire: None })
        };
        let tail = futures_util::stream::iter([event(trailers)]);
        let tail = tail.chain(futures_util::stream::once(end));
        Box::pin(futures_util::stream::iter(head).chain(answers).chain(tail))
    }
}

/// A message with gRPC's prefix.
pub fn framed(flag: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![flag];
    out.extend((payload.len() as u32).to_be_bytes());
    out.extend(payload);
    out
}

/// What a kind is called in `echo.proto`.
pub fn method(kind: CallKind) -> &'static str {
    match kind {
        CallKind::Unary => "test.v1.Echo/Say",
        CallKind::ServerStream => "test.v1.Echo/Split",
        CallKind::ClientStream => "test.v1.Echo/Join",
        CallKind::Bidi => "test.v1.Echo/Chat",
    }
}
