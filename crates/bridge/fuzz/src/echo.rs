//! A whole bridge with nothing behind it: what is asked of the server is remembered and comes back as its answer.

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, Request, StatusCode};
use std::convert::Infallible;
use std::future::poll_fn;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;
use wirelab_bridge::{Bridge, Options};
use wirelab_call::{Events, Invoke, Requests};
use wirelab_model::{Blob, CallEvent, CallEventKind, CallSpec, Metadatum, Status};
use wirelab_schema::{Input, Schema, Source};

/// Bytes that a message may have here.
pub const LIMIT: usize = 1 << 10;

/// The methods of `echo.proto`, one of each kind.
pub const METHODS: [&str; 4] = ["Say", "Split", "Join", "Chat"];

/// Gives every message back: all of them, or the last one, if there is any, to who wants one.
#[derive(Clone, Default)]
struct Echo {
    asked: Arc<Mutex<Vec<Bytes>>>,
    end: Arc<Mutex<End>>,
}

/// How a call ends.
#[derive(Clone, Default)]
pub struct End {
    pub status: Status,
    pub trailers: Vec<Metadatum>,
}

impl Invoke for Echo {
    fn invoke(&self, spec: CallSpec, requests: Requests, _: CancellationToken) -> Events {
        let event = |kind| CallEvent { at_ns: 0, kind };
        let asked = self.asked.clone();
        let remembered = requests.map(move |request| {
            assert!(request.len() <= LIMIT, "a message of {} bytes", request.len());
            asked.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
            request
        });
        let answers = match spec.kind.server_streams() {
            true => remembered.left_stream(),
            false => {
                stream::once(remembered.fold(Bytes::new(), |_, last| async { last })).right_stream()
            }
        };
        let answers = answers.map(move |message| {
            event(CallEventKind::Received { message: Blob(message), compressed: None })
        });
        let End { status, trailers } =
            self.end.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let head = event(CallEventKind::Headers { metadata: Vec::new() });
        let tail = [
            event(CallEventKind::Trailers { metadata: trailers }),
            event(CallEventKind::Finished { status, wire: None }),
        ];
        Box::pin(stream::iter([head]).chain(answers).chain(stream::iter(tail)))
    }
}

struct Rig {
    runtime: Runtime,
    bridge: Bridge,
    echo: Echo,
}

static RIG: LazyLock<Rig> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/rpc/echo.proto");
    let source = Source::load(&Input::Files { path, import_roots: vec![] });
    let schema = Schema::new([("echo".to_owned(), source)]);
    let options = Options { max_message_bytes: Some(LIMIT as u64), ..Options::default() };
    let echo = Echo::default();
    let bridge = Bridge::new(schema, Arc::new(echo.clone()), options).expect("it has no rules");
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    Rig { runtime, bridge, echo }
});

/// A request apart from its body.
pub struct Ask<'a> {
    pub method: &'a str,
    pub target: &'a str,
    pub headers: &'a [(&'a str, &'a str)],
    /// How the server ends the call.
    pub end: End,
}

/// An answer, and the messages that the server was sent for it.
pub struct Told {
    pub http: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    pub trailers: HeaderMap,
    pub asked: Vec<Bytes>,
}

impl Ask<'_> {
    /// What is answered when the body comes in pieces of this many bytes, each after a wait. None where this is no
    /// request of HTTP.
    pub fn in_pieces(&self, body: &[u8], cut: usize) -> Option<Told> {
        let Rig { runtime, bridge, echo } = &*RIG;
        let mut request = Request::builder().method(self.method).uri(self.target);
        request = request.version(http::Version::HTTP_2);
        for (name, value) in self.headers {
            request = request.header(*name, *value);
        }
        let pieces: Vec<Bytes> = body.chunks(cut.max(1)).map(Bytes::copy_from_slice).collect();
        let pieces = stream::iter(pieces).then(async |piece| {
            tokio::task::yield_now().await;
            Ok::<_, Infallible>(piece)
        });
        let request = request.body(Body::from_stream(pieces)).ok()?;
        *echo.end.lock().unwrap_or_else(PoisonError::into_inner) = self.end.clone();
        echo.asked.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let told = runtime.block_on(async {
            let (head, mut body) = bridge.handle(request).await.into_parts();
            let (mut data, mut trailers) = (Vec::new(), HeaderMap::new());
            while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
                match frame.expect("answers do not break").into_data() {
                    Ok(piece) => data.extend_from_slice(&piece),
                    Err(frame) => trailers = frame.into_trailers().unwrap_or_default(),
                }
            }
            let (http, headers) = (head.status, head.headers);
            Told { http, headers, body: data, trailers, asked: Vec::new() }
        });
        let asked = std::mem::take(&mut *echo.asked.lock().unwrap_or_else(PoisonError::into_inner));
        Some(Told { asked, ..told })
    }
}

/// What a `Text` of `echo.proto` is on the wire.
pub fn wire(text: &str) -> Vec<u8> {
    let mut wire = Vec::new();
    if !text.is_empty() {
        wire.push(0x0a);
        let mut length = text.len();
        while length >= 0x80 {
            wire.push(length as u8 | 0x80);
            length >>= 7;
        }
        wire.push(length as u8);
        wire.extend_from_slice(text.as_bytes());
    }
    wire
}

/// The same as JSON.
pub fn json(text: &str) -> Vec<u8> {
    serde_json::json!({"text": text}).to_string().into_bytes()
}
