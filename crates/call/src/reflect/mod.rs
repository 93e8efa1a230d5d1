//! Descriptors by server reflection, v1 or v1alpha (their messages are the same, only the service's name
//! differs; <https://github.com/grpc/grpc/blob/master/doc/server-reflection.md>).
//!
//! Every service is asked for by name, then every import that is still missing by file name, several questions
//! ahead of the answers. A question that the server cannot answer costs that answer only: when the server ends
//! the stream over it, or answers something that cannot be read, the rest is asked on a new one. Since a stream that
//! breaks may take answers along that were on their way, a question is to blame only when it was asked alone.

mod files;
mod session;

use crate::Client;
use files::Files;
use session::{Question, Session};
use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use wirelab_model::{Endpoint, Metadatum, Problem, ProblemKind, Status, StatusCode};

/// How long a reflection may take as a whole; what came until then is kept.
pub const REFLECT_TIMEOUT: Duration = Duration::from_secs(30);

/// How many questions are under way at once.
const AHEAD: usize = 16;
/// How often a stream that the server ended is opened again.
const MAX_STREAMS: usize = 128;
/// The most services and files taken.
const MAX_SERVICES: usize = 10_000;

/// What a server says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Reflected {
    /// A serialized `google.protobuf.FileDescriptorSet`, each file after those that it imports unless they
    /// import each other. Files are as the server sent them, byte for byte, so that custom options are kept;
    /// files whose imports are missing are there too.
    pub set: Vec<u8>,
    /// What could not be had and what does not fit together: services without a file (`NotFound`), missing
    /// imports (`MissingImport`), two different files of one name (`Invalid`), import cycles (`ImportCycle`),
    /// files that are no descriptors (`Damaged`), limits passed (`TooLarge`), an end before all was asked.
    pub problems: Vec<Problem>,
    /// Every service that the server lists, in its order.
    pub services: Vec<String>,
    /// `v1` or `v1alpha`.
    pub version: &'static str,
}

pub(crate) async fn reflect(
    client: &Client,
    endpoint: &Endpoint,
    metadata: &[Metadatum],
) -> Result<Reflected, Problem> {
    let until = Instant::now() + REFLECT_TIMEOUT;
    let mut why = None;
    for version in ["v1", "v1alpha"] {
        let session = Session::open(client, endpoint, metadata, version, until);
        match Reflection::list(session, version).await {
            Ok(mut reflection) => {
                reflection.all(|| Session::open(client, endpoint, metadata, version, until)).await;
                return Ok(reflection.finish().await);
            }
            Err(status) if is_missing(&status) => why = Some(status),
            Err(status) => return Err(problem(&status, endpoint)),
        }
    }
    let problem = Problem::new(ProblemKind::NotFound, "the server does not offer reflection")
        .at(endpoint.address.trim())
        .help("load its .proto files instead, or switch reflection on in the server");
    Err(why.map_or(problem.clone(), |status| problem.grpc(status.code)))
}

/// Whether the status says that there is no such service.
fn is_missing(status: &Status) -> bool {
    status.code == StatusCode::Unimplemented as u32 || status.code == StatusCode::NotFound as u32
}

fn problem(status: &Status, endpoint: &Endpoint) -> Problem {
    let problem = status.problem.clone().unwrap_or_else(|| {
        Problem::new(ProblemKind::NotGrpc, "the server ended reflection without an answer")
            .help("look at the server's log")
    });
    if problem.path.is_some() { problem } else { problem.at(endpoint.address.trim()) }
}

/// A reflection under way.
struct Reflection {
    version: &'static str,
    session: Session,
    services: Vec<String>,
    files: Files,
    problems: Vec<Problem>,
    todo: VecDeque<Question>,
    asked: VecDeque<Question>,
    /// Files asked for by name, so that each is asked for once.
    wanted: HashSet<String>,
}

impl Reflection {
    async fn list(mut session: Session, version: &'static str) -> Result<Reflection, Status> {
        session.ask(&Question::Services).await;
        let listed = match session.answer().await? {
            Some(MessageResponse::ListServicesResponse(list)) => list.service,
            Some(MessageResponse::ErrorResponse(error)) => {
                let code = u32::try_from(error.error_code).unwrap_or(2);
                let mut status = Status { code, message: error.error_message, ..Status::default() };
                status.problem = crate::explain::status(&status, "ListServices");
                return Err(status);
            }
            _ => return Err(Status::new(StatusCode::Internal, "the list of services is missing")),
        };
        let mut problems = Vec::new();
        let mut services: Vec<String> = Vec::with_capacity(listed.len().min(MAX_SERVICES));
        let mut seen = HashSet::new();
        for service in listed {
            if services.len() == MAX_SERVICES {
                let message = format!("the server lists more than {MAX_SERVICES} services");
                problems.push(Problem::new(ProblemKind::TooLarge, message));
                break;
            }
            if seen.insert(service.name.clone()) {
                services.push(service.name);
            }
        }
        let todo = services.iter().cloned().map(Question::Service).collect();
        Ok(Reflection {
            version,
            session,
            services,
            files: Files::default(),
            problems,
            todo,
            asked: VecDeque::new(),
            wanted: HashSet::new(),
        })
    }

    /// Asks until nothing is missing or nothing more can be had.
    async fn all(&mut self, open: impl Fn() -> Session) {
        let mut streams = 1;
        let mut ahead = AHEAD;
        loop {
            while self.asked.len() < ahead
                && let Some(question) = self.todo.pop_front()
            {
                self.session.ask(&question).await;
                self.asked.push_back(question);
            }
            if self.asked.is_empty() {
                return;
            }
            match self.session.answer().await {
                Ok(answer) => {
                    if let Some(question) = self.asked.pop_front() {
                        self.take(question, answer);
                    }
                    ahead = (ahead * 2).min(AHEAD);
                    if let Some(problem) = self.files.full() {
                        self.problems.push(problem);
                        return;
                    }
                }
                Err(status) => {
                    let kind = status.problem.as_ref().map(|problem| problem.kind);
                    if kind.is_some_and(is_final) || streams == MAX_STREAMS {
                        self.give_up(&status);
                        return;
                    }
                    if self.asked.len() == 1
                        && let Some(question) = self.asked.pop_front()
                    {
                        self.problems.push(question.unanswered(&end(&status)));
                    }
                    while let Some(question) = self.asked.pop_back() {
                        self.todo.push_front(question);
                    }
                    ahead = 1;
                    self.session = open();
                    streams += 1;
                }
            }
        }
    }

    fn give_up(&mut self, status: &Status) {
        let left = self.asked.len() + self.todo.len();
        let message = format!("reflection ended with {left} questions open: {}", end(status));
        let kind = status.problem.as_ref().map_or(ProblemKind::Interrupted, |problem| problem.kind);
        self.problems.push(Problem::new(kind, message).help("load it again").grpc(status.code));
    }

    fn take(&mut self, question: Question, answer: Option<MessageResponse>) {
        let files = match answer {
            Some(MessageResponse::FileDescriptorResponse(files)) => files.file_descriptor_proto,
            Some(MessageResponse::ErrorResponse(error)) => {
                let why = match error.error_message.trim() {
                    "" => format!("error {}", error.error_code),
                    message => message.to_owned(),
                };
                self.problems.push(question.unanswered(&why));
                return;
            }
            _ => {
                self.problems.push(question.unanswered("the answer is of another kind"));
                return;
            }
        };
        if files.is_empty() {
            self.problems.push(question.unanswered("the answer holds no file"));
        }
        let mut imports = Vec::new();
        for file in files {
            match self.files.add(file) {
                Ok(Some(added)) => imports.push(added),
                Ok(None) => {}
                Err(problem) => self.problems.push(problem),
            }
        }
        if let Question::File { name, .. } = &question
            && !self.files.has(name)
        {
            self.problems.push(question.unanswered("the answer holds other files"));
        }
        for (importer, names) in imports {
            for name in names {
                if !self.files.has(&name) && self.wanted.insert(name.clone()) {
                    self.todo.push_back(Question::File { name, importer: importer.clone() });
                }
            }
        }
    }

    async fn finish(self) -> Reflected {
        self.session.close().await;
        let mut problems = self.problems;
        // Every reader of descriptors has Protobuf's own files, so a server need not have them.
        problems.retain(|problem| {
            problem.kind != ProblemKind::MissingImport
                || !problem.path.as_ref().is_some_and(|path| path.starts_with("google/protobuf/"))
        });
        let (set, cycles) = self.files.finish();
        problems.extend(cycles);
        Reflected { set, problems, services: self.services, version: self.version }
    }
}

/// Whether asking anything else would fail as well.
fn is_final(kind: ProblemKind) -> bool {
    matches!(
        kind,
        ProblemKind::Unreachable
            | ProblemKind::Tls
            | ProblemKind::Deadline
            | ProblemKind::Cancelled
            | ProblemKind::Mismatch
    )
}

fn end(status: &Status) -> String {
    match &status.problem {
        Some(problem) => problem.message.clone(),
        None if status.message.is_empty() => "the server ended the stream".to_owned(),
        None => status.message.clone(),
    }
}
