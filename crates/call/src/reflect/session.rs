//! One stream of reflection: questions out, answers in.

use crate::invoke::{Events, Invoke};
use crate::transport::without_json;
use bytes::Bytes;
use futures_util::StreamExt;
use prost::Message;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};
use wirelab_model::{
    CallEventKind, CallKind, CallSpec, Endpoint, Metadatum, Problem, ProblemKind, Status,
    StatusCode,
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

/// An open stream.
pub(super) struct Session {
    questions: mpsc::Sender<Bytes>,
    events: Events,
    host: String,
}

impl Session {
    /// Opens it; whether that worked shows with the first answer.
    pub fn open(
        client: &impl Invoke,
        endpoint: &Endpoint,
        metadata: &[Metadatum],
        version: &str,
        until: Instant,
    ) -> Session {
        let (questions, rx) = mpsc::channel(super::AHEAD);
        let left = until.saturating_duration_since(Instant::now());
        let spec = CallSpec {
            endpoint: without_json(endpoint),
            method: format!("grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"),
            kind: CallKind::Bidi,
            metadata: metadata.to_vec(),
            deadline_ms: u64::try_from(left.as_millis()).ok(),
            ..CallSpec::default()
        };
        let requests = Box::pin(ReceiverStream::new(rx));
        let events = client.invoke(spec, requests, CancellationToken::new());
        let host = crate::Address::parse(endpoint).map(|address| address.host().to_owned());
        Session { questions, events, host: host.unwrap_or_default() }
    }

    /// Sends a question. That the stream is over shows with the next answer.
    pub async fn ask(&mut self, question: &Question) {
        let request = ServerReflectionRequest {
            host: self.host.clone(),
            message_request: Some(question.request()),
        };
        let _ = self.questions.send(request.encode_to_vec().into()).await;
    }

    /// The next answer, or how the stream ended.
    pub async fn answer(&mut self) -> Result<Option<MessageResponse>, Status> {
        while let Some(event) = self.events.next().await {
            match event.kind {
                CallEventKind::Received { message, .. } => {
                    return ServerReflectionResponse::decode(message.0)
                        .map(|response| response.message_response)
                        .map_err(|error| Status::new(StatusCode::Internal, error.to_string()));
                }
                CallEventKind::Finished { status, .. } => return Err(status),
                _ => {}
            }
        }
        Err(Status::new(StatusCode::Internal, "the stream is over"))
    }

    /// Half-closes and lets the server end the stream, so that it does not look cancelled there.
    pub async fn close(self) {
        drop(self.questions);
        let _ = tokio::time::timeout(CLOSE_WAIT, self.events.count()).await;
    }
}
