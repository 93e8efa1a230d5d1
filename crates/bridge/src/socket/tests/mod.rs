//! Sessions over a pipe in memory, with scripted calls and time that is told to pass.

mod autobahn;
mod frames;
mod slow;
mod times;

use super::converter::Converter;
use super::framing::{Framing, Own};
use super::options::SocketOptions;
use super::outbox::Outbox;
use super::session::{Parts, Session};
use super::side::Side;
use super::stats::SocketCounts;
use super::wire::{Agreed, Limits, Wire};
use crate::Bridge;
use crate::bridge::Shared;
use crate::options::Options;
use crate::rest::Asked;
use crate::rules::{Captures, Rule};
use crate::upstream::Order;
use bytes::Bytes;
use futures_util::{SinkExt, Stream, StreamExt};
use http::Request;
use std::collections::VecDeque;
use std::sync::{Arc, LazyLock};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};
use tokio_util::sync::CancellationToken;
use wirelab_call::{Events, Invoke, Requests};
use wirelab_model::{CallEvent, CallEventKind, CallKind, CallSpec, Status};
use wirelab_schema::{Input, Schema, Source};

const METHOD: &str = "everything.v1.Everything/EchoBidi";

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let set = wirelab_demo::DESCRIPTORS.to_vec();
    let source = Source::load(&Input::Descriptors { set, problems: vec![] });
    Schema::new([("demo".to_owned(), source)])
});

/// What serves sockets.
pub(super) struct Rig {
    shared: Arc<Shared>,
}

/// Calls whose messages a function gives.
struct Given<F>(F);

impl<F, S> Invoke for Given<F>
where
    F: Fn(Requests) -> S + Send + Sync + 'static,
    S: Stream<Item = CallEventKind> + Send + 'static,
{
    fn invoke(&self, _: CallSpec, requests: Requests, _: CancellationToken) -> Events {
        Box::pin((self.0)(requests).map(|kind| CallEvent { at_ns: 0, kind }))
    }
}

/// A message of the server.
pub(super) fn received(wire: Bytes) -> CallEventKind {
    CallEventKind::Received { message: wire.into(), compressed: None }
}

/// The end of a call that succeeded.
pub(super) fn finished() -> CallEventKind {
    CallEventKind::Finished { status: Status::default(), wire: None }
}

impl Rig {
    /// A server that answers with what `events` makes of the requests.
    pub fn new<S>(
        options: SocketOptions,
        events: impl Fn(Requests) -> S + Send + Sync + 'static,
    ) -> Rig
    where
        S: Stream<Item = CallEventKind> + Send + 'static,
    {
        let options = Options { socket: options, ..Options::default() };
        let bridge = Bridge::new(SCHEMA.clone(), Arc::new(Given(events)), options).unwrap();
        Rig { shared: bridge.shared }
    }

    pub fn counts(&self) -> SocketCounts {
        self.shared.sockets.counts()
    }

    /// A server that gives each request back.
    pub fn echo(options: SocketOptions) -> Rig {
        Rig::new(options, |requests| {
            requests.map(received).chain(futures_util::stream::iter([finished()]))
        })
    }

    /// A socket through a pipe that holds so many bytes.
    pub fn open(&self, pipe: usize) -> (Client, JoinHandle<()>) {
        let (here, there) = tokio::io::duplex(pipe);
        let framing = Own::new(self.converter(), None);
        let session = self.serve(there, Box::new(framing), None);
        (Client { here: Some(here), stream: None }, session)
    }

    fn converter(&self) -> Converter {
        let loaded = self.shared.loaded();
        let rule = Arc::new(Rule::implied(loaded.catalog.method(METHOD).unwrap()).unwrap());
        let (head, ()) = Request::new(()).into_parts();
        let captures = Captures::default();
        let shared = self.shared.clone();
        let refused = Default::default();
        let asked = Asked { head, rule, captures, loaded, shared, refused };
        Converter::new(Arc::new(asked)).unwrap()
    }

    /// Serves a connection after its handshake.
    fn serve<Io>(&self, io: Io, framing: Box<dyn Framing>, agreed: Option<Agreed>) -> JoinHandle<()>
    where
        Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let order = Order { method: METHOD.to_owned(), kind: CallKind::Bidi, ..Order::default() };
        let limits = Limits { wire: 64 << 20, message: 64 << 20 };
        let shared = self.shared.clone();
        let parts = Parts {
            wire: Wire::new(io, limits, agreed, &shared.sockets.pool),
            place: None,
            side: Side::new(framing, Outbox::new(&shared.sockets.common.options), order),
            method: METHOD.to_owned(),
            resumable: true,
            said: VecDeque::new(),
            shutdown: shared.life.closing.clone(),
        };
        tokio::spawn(async move {
            Session::new(parts, &shared.sockets.common, &shared.upstream).run().await;
        })
    }
}

/// The client's end of a socket.
pub(super) struct Client {
    here: Option<DuplexStream>,
    stream: Option<WebSocketStream<DuplexStream>>,
}

impl Client {
    async fn stream(&mut self) -> &mut WebSocketStream<DuplexStream> {
        if let Some(here) = self.here.take() {
            self.stream = Some(WebSocketStream::from_raw_socket(here, Role::Client, None).await);
        }
        self.stream.as_mut().unwrap()
    }

    pub async fn say(&mut self, text: &str) {
        self.stream().await.send(Message::text(text)).await.unwrap();
    }

    /// What comes next, control frames of WebSocket answered and left out but for the closing.
    pub async fn hear(&mut self) -> String {
        loop {
            return match self.stream().await.next().await {
                Some(Ok(Message::Text(text))) => text.to_string(),
                Some(Ok(Message::Close(Some(CloseFrame { code, reason })))) => {
                    format!("close {} {reason}", u16::from(code)).trim_end().to_owned()
                }
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => "lost".to_owned(),
            };
        }
    }
}
