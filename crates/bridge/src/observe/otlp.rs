//! Spans to a collector: OTLP over HTTP with Protobuf (<https://opentelemetry.io/docs/specs/otlp/#otlphttp>).
//!
//! Calls never wait for it: what the queue cannot hold is dropped and counted.

mod proto;

use super::trace::{Spans, wall};
use crate::face::Face;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Request, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use prost::Message;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use wirelab_model::{Problem, ProblemKind};

/// How many calls may wait to be told of.
pub const SPAN_QUEUE: usize = 4_096;
/// How many calls are told of at once.
pub const SPAN_BATCH: usize = 512;
/// How long one waits for others to be told with it.
pub const SPAN_DELAY: Duration = Duration::from_secs(2);
/// How long the collector may take to be reached and to answer.
pub const SPAN_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest answer that is read.
const ANSWER_BYTES: usize = 64 << 10;

/// A call that is over.
#[derive(Debug)]
pub(crate) struct Finished {
    pub spans: Spans,
    pub method: Arc<str>,
    pub face: Face,
    /// When the request came, when the call to the server began, and when it ended.
    pub came: Instant,
    pub began: Option<Instant>,
    pub ended: Instant,
    pub code: u32,
}

enum Told {
    Finished(Box<Finished>),
    Flush(oneshot::Sender<()>),
}

/// The way to a collector.
#[derive(Debug)]
pub(crate) struct Exporter {
    queue: mpsc::Sender<Told>,
    dropped: Arc<AtomicU64>,
}

/// Where spans go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Collector {
    authority: String,
    path: String,
}

impl Collector {
    /// From `http://host:port`, to which `/v1/traces` is added unless there is a path.
    ///
    /// # Errors
    /// For any other address.
    pub fn parse(address: &str) -> Result<Collector, Problem> {
        let wrong = |help: &str| {
            Problem::new(ProblemKind::Mismatch, "this is no address of a collector of traces")
                .at(address)
                .help(help)
        };
        let form = "write http://HOST:4318";
        let uri: Uri = address.parse().map_err(|_| wrong(form))?;
        let authority = uri.authority().ok_or_else(|| wrong(form))?;
        if uri.scheme_str() != Some("http") {
            return Err(wrong(
                "only http:// is supported: let a collector beside the bridge pass them on by TLS",
            ));
        }
        let path = match uri.path() {
            "" | "/" => "/v1/traces".to_owned(),
            path => path.to_owned(),
        };
        let authority = match authority.port() {
            Some(_) => authority.to_string(),
            None => format!("{authority}:80"),
        };
        Ok(Collector { authority, path })
    }
}

impl Exporter {
    /// Begins to export; must be called inside a Tokio runtime.
    pub fn new(collector: Collector, service: String) -> Exporter {
        let (queue, told) = mpsc::channel(SPAN_QUEUE);
        let dropped = Arc::new(AtomicU64::new(0));
        tokio::spawn(export(collector, service, told, dropped.clone()));
        Exporter { queue, dropped }
    }

    pub fn send(&self, finished: Finished) {
        if self.queue.try_send(Told::Finished(Box::new(finished))).is_err() {
            self.dropped.fetch_add(2, Relaxed);
        }
    }

    pub fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }

    pub async fn flush(&self, patience: Duration) {
        let (done, over) = oneshot::channel();
        let flush = async {
            if self.queue.send(Told::Flush(done)).await.is_ok() {
                // The task answers or is gone.
                let _ = over.await;
            }
        };
        let _ = tokio::time::timeout(patience, flush).await;
    }
}

async fn export(
    collector: Collector,
    service: String,
    mut told: mpsc::Receiver<Told>,
    dropped: Arc<AtomicU64>,
) {
    let mut batch = Vec::new();
    let mut was_lost = false;
    while let Some(first) = told.recv().await {
        let mut flush = None;
        let until = tokio::time::Instant::now() + SPAN_DELAY;
        let mut next = Some(first);
        while let Some(one) = next {
            match one {
                Told::Finished(finished) => batch.push(*finished),
                Told::Flush(done) => {
                    flush = Some(done);
                    break;
                }
            }
            if batch.len() >= SPAN_BATCH {
                break;
            }
            next = tokio::time::timeout_at(until, told.recv()).await.ok().flatten();
        }
        if !batch.is_empty() {
            let count = 2 * batch.len() as u64;
            let body = encode(&service, &batch);
            batch.clear();
            let sent = tokio::time::timeout(SPAN_TIMEOUT, post(&collector, body)).await;
            let lost = match sent {
                Ok(Ok(())) => None,
                Ok(Err(why)) => Some(why),
                Err(_) => Some("it took too long".to_owned()),
            };
            if let Some(why) = &lost {
                dropped.fetch_add(count, Relaxed);
                // Once, until it works again.
                if !was_lost {
                    tracing::warn!(collector = %collector.authority, %why, "spans are lost");
                }
            }
            was_lost = lost.is_some();
        }
        if let Some(done) = flush {
            // Whoever waits may have given up.
            let _ = done.send(());
        }
    }
}

async fn post(collector: &Collector, body: Vec<u8>) -> Result<(), String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let stream = TcpStream::connect(&*collector.authority).await.map_err(|error| text(&error))?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| text(&error))?;
    let request = Request::post(&*collector.path)
        .header(HOST, &*collector.authority)
        .header(CONTENT_TYPE, "application/x-protobuf")
        .body(Full::<Bytes>::from(body))
        .map_err(|error| text(&error))?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(|error| text(&error))?;
        let status = response.status();
        // What it says of spans that it refused is not used.
        let _ = Limited::new(response.into_body(), ANSWER_BYTES).collect().await;
        match status.is_success() {
            true => Ok(()),
            false => Err(format!("it answered with {status}")),
        }
    };
    let mut connection = std::pin::pin!(connection);
    let mut answer = std::pin::pin!(answer);
    tokio::select! {
        biased;
        answer = &mut answer => answer,
        ended = &mut connection => match ended {
            Ok(()) => answer.await,
            Err(error) => Err(text(&error)),
        },
    }
}

fn encode(service: &str, batch: &[Finished]) -> Vec<u8> {
    let spans = batch.iter().flat_map(both).collect();
    let request = proto::Request {
        resource_spans: vec![proto::ResourceSpans {
            resource: Some(proto::Resource {
                attributes: vec![proto::text("service.name", service)],
            }),
            scope_spans: vec![proto::ScopeSpans {
                scope: Some(proto::Scope {
                    name: env!("CARGO_PKG_NAME").to_owned(),
                    version: env!("CARGO_PKG_VERSION").to_owned(),
                }),
                spans,
            }],
        }],
    };
    request.encode_to_vec()
}

/// The request's span and that of its call, as OpenTelemetry's conventions for RPC name their attributes.
fn both(finished: &Finished) -> Vec<proto::Span> {
    let Finished { spans, method, face, code, .. } = finished;
    let (service, name) = method.rsplit_once('/').unwrap_or(("", method));
    let attributes = |system: &str| {
        vec![
            proto::text("rpc.system", system),
            proto::text("rpc.service", service),
            proto::text("rpc.method", name),
            proto::number("rpc.grpc.status_code", i64::from(*code)),
        ]
    };
    // What is the client's fault is no error of the server's span.
    let fault = matches!(code, 2 | 4 | 12 | 13 | 14 | 15);
    let status = |failed: bool| proto::Status {
        message: String::new(),
        code: if failed { proto::STATUS_ERROR } else { 0 },
    };
    let span = |id: u64, parent: Option<u64>, kind, began, attributes, failed| proto::Span {
        trace_id: spans.trace.to_be_bytes().to_vec(),
        span_id: id.to_be_bytes().to_vec(),
        trace_state: spans.state.clone(),
        parent_span_id: parent.map(|id| id.to_be_bytes().to_vec()).unwrap_or_default(),
        name: method.to_string(),
        kind,
        start_time_unix_nano: wall(began),
        end_time_unix_nano: wall(finished.ended),
        attributes,
        status: Some(status(failed)),
        flags: 1,
    };
    let mut own = attributes("grpc");
    own.push(proto::text("wirelab.face", face.name()));
    let server = span(spans.server, spans.parent, proto::KIND_SERVER, finished.came, own, fault);
    let client = finished.began.map(|began| {
        let kind = proto::KIND_CLIENT;
        span(spans.client, Some(spans.server), kind, began, attributes("grpc"), *code != 0)
    });
    [Some(server), client].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collectors() {
        let cases = [
            ("http://localhost:4318", Some(("localhost:4318", "/v1/traces"))),
            ("http://a.example/x/v1/traces", Some(("a.example:80", "/x/v1/traces"))),
            ("https://a.example", None),
            ("localhost:4318", None),
            ("", None),
        ];
        for (text, wanted) in cases {
            let found = Collector::parse(text).ok();
            let found = found.as_ref().map(|found| (&*found.authority, &*found.path));
            assert_eq!(found, wanted, "{text}");
        }
    }
}
