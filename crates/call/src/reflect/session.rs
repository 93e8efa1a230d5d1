//! Questions out, answers in, in the order of the questions.

use crate::invoke::{Events, Invoke, requests};
use crate::transport::without_json;
use bytes::Bytes;
use futures_util::StreamExt;
use prost::Message;
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};
use wirelab_model::{
    CallEventKind, CallKind, CallSpec, Endpoint, Metadatum, Problem, ProblemKind, Status,
    StatusCode, Transport,
};

/// How long a server may take to end a stream that it was asked to end.
const CLOSE_WAIT: Duration = Duration::from_millis(500);

/// What is asked.
#[derive(Clone, Debug)]
pub(super) enum Question {
    /// Which services there are.
    Services,
    /// The file that defines a service.
    Service(String),
    /// A file that another imports.
    File { name: String, importer: String },
}

impl Question {
    /// The problem that it was not answered.
    pub fn unanswered(&self, why: &str) -> Problem {
        let why = why.trim_end_matches('.');
        match self {
            Question::Services => {
                Problem::new(ProblemKind::NotFound, format!("no list of services: {why}"))
            }
            Question::Service(name) => Problem::new(
                ProblemKind::NotFound,
                format!("the server lists the service but does not describe it: {why}"),
            )
            .at(name)
            .help("load its .proto file beside the server"),
            Question::File { name, importer } => Problem::new(
                ProblemKind::MissingImport,
                format!("`{importer}` imports it, but the server does not have it: {why}"),
            )
            .at(name)
            .help("load the file beside the server"),
        }
    }

    fn request(&self) -> MessageRequest {
        match self {
            Question::Services => MessageRequest::ListServices(String::new()),
            Question::Service(name) => MessageRequest::FileContainingSymbol(name.clone()),
            Question::File { name, .. } => MessageRequest::FileByFilename(name.clone()),
        }
    }
}

/// A way to ask a server.
pub(super) struct Session {
    host: String,
    way: Way,
}

enum Way {
    /// One stream on which all questions go.
    Stream { questions: mpsc::Sender<Bytes>, events: Events },
    /// A call for each question: transports other than gRPC have no streams of requests, or not everywhere.
    Calls { call: Box<dyn Fn(Vec<u8>) -> Events + Send + Sync>, open: VecDeque<Events> },
}

impl Session {
    /// Opens it; whether that worked shows with the first answer.
    pub fn open<C: Invoke + Clone>(
        client: &C,
        endpoint: &Endpoint,
        metadata: &[Metadatum],
        version: &str,
        until: Instant,
    ) -> Session {
        let served = without_json(endpoint);
        let streams = served.transport == Transport::Grpc;
        let left = move || until.saturating_duration_since(Instant::now()).as_millis();
        let spec = CallSpec {
            endpoint: served,
            method: format!("grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"),
            kind: if streams { CallKind::Bidi } else { CallKind::ServerStream },
            metadata: metadata.to_vec(),
            deadline_ms: u64::try_from(left()).ok(),
            ..CallSpec::default()
        };
        let way = if streams {
            let (questions, rx) = mpsc::channel(super::AHEAD);
            let given = Box::pin(ReceiverStream::new(rx));
            let events = client.invoke(spec, given, CancellationToken::new());
            Way::Stream { questions, events }
        } else {
            let client = client.clone();
            let call = move |question: Vec<u8>| {
                let spec = CallSpec { deadline_ms: u64::try_from(left()).ok(), ..spec.clone() };
                client.invoke(spec, requests([question]), CancellationToken::new())
            };
            Way::Calls { call: Box::new(call), open: VecDeque::new() }
        };
        let host = crate::Address::parse(endpoint).map(|address| address.host().to_owned());
        Session { host: host.unwrap_or_default(), way }
    }

    /// Sends a question. That the server does not answer any more shows with the next answer.
    pub async fn ask(&mut self, question: &Question) {
        let request = ServerReflectionRequest {
            host: self.host.clone(),
            message_request: Some(question.request()),
        };
        let request = request.encode_to_vec();
        match &mut self.way {
            Way::Stream { questions, .. } => drop(questions.send(request.into()).await),
            Way::Calls { call, open } => open.push_back(call(request)),
        }
    }

    /// The answer to the first question that has none, or how the stream ended.
    pub async fn answer(&mut self) -> Result<Option<MessageResponse>, Status> {
        match &mut self.way {
            Way::Stream { events, .. } => next(events).await,
            Way::Calls { open, .. } => match open.pop_front() {
                Some(mut events) => {
                    let answer = next(&mut events).await?;
                    // To its end, so that it does not look cancelled there.
                    let _ = tokio::time::timeout(CLOSE_WAIT, events.count()).await;
                    Ok(answer)
                }
                None => Err(Status::new(StatusCode::Internal, "nothing was asked")),
            },
        }
    }

    /// Half-closes and lets the server end the stream, so that it does not look cancelled there.
    pub async fn close(self) {
        if let Way::Stream { questions, events } = self.way {
            drop(questions);
            let _ = tokio::time::timeout(CLOSE_WAIT, events.count()).await;
        }
    }
}

async fn next(events: &mut Events) -> Result<Option<MessageResponse>, Status> {
    while let Some(event) = events.next().await {
        match event.kind {
            CallEventKind::Received { message, .. } => {
                return ServerReflectionResponse::decode(message.0)
                    .map(|response| response.message_response)
                    .map_err(|error| {
                        let message = format!("the answer cannot be read: {error}");
                        Status::new(StatusCode::Internal, message)
                    });
            }
            CallEventKind::Finished { status, .. } => return Err(status),
            _ => {}
        }
    }
    Err(Status::new(StatusCode::Internal, "the stream is over"))
}
