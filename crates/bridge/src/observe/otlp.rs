//! Spans to a collector: OTLP over HTTP with Protobuf (<https://opentelemetry.io/docs/specs/otlp/#otlphttp>).
//!
//! Calls never wait for it: what the queue cannot hold is dropped and counted.

mod proto;

use super::trace::{Spans, wall};
use crate::face::Face;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use prost::Message;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use wirelab_call::{Bounds, Web};
use wirelab_model::{Problem, ProblemKind, TlsOptions};

/// How many calls may wait to be told of.
pub const SPAN_QUEUE: usize = 4_096;
/// How many calls are told of at once.
pub const SPAN_BATCH: usize = 512;
/// How long one waits for others to be told with it.
pub const SPAN_DELAY: Duration = Duration::from_secs(2);
/// How long the collector may take to be reached and to answer.
pub const SPAN_TIMEOUT: Duration = Duration::from_secs(10);
/// The attribute that names whom spans are of.
const SERVICE: &str = "service.name";
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

/// Where spans go, and how.
#[derive(Clone, Debug)]
pub struct Otlp {
    url: Uri,
    /// Secrets among them are marked, so that none is told.
    headers: HeaderMap,
    /// Who is believed, and what is shown to whom asks for a certificate.
    pub tls: TlsOptions,
    /// How long the collector may take to be reached and to answer.
    pub timeout: Duration,
    /// Whether what goes is compressed.
    pub gzip: bool,
    /// What else is said of this bridge.
    pub attributes: Vec<(String, String)>,
}

impl Otlp {
    /// To this `http` or `https` address, which is taken as it is.
    ///
    /// # Errors
    /// For any other.
    pub fn new(url: &str) -> Result<Otlp, Problem> {
        let wrong = || {
            Problem::new(ProblemKind::Mismatch, "this is no address of a collector of traces")
                .at(url)
                .help("write http://HOST:4318 or https://HOST")
        };
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        if !matches!(uri.scheme_str(), Some("http" | "https"))
            || uri.host().is_none_or(str::is_empty)
        {
            return Err(wrong());
        }
        let (headers, tls, attributes) = Default::default();
        Ok(Otlp { url: uri, headers, tls, timeout: SPAN_TIMEOUT, gzip: false, attributes })
    }

    /// The address.
    pub fn url(&self) -> String {
        self.url.to_string()
    }

    /// The same with headers, which are never told.
    ///
    /// # Errors
    /// Names the one that cannot be sent.
    pub fn headers(
        mut self,
        headers: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Otlp, Problem> {
        for (name, value) in headers {
            let header = (HeaderName::try_from(&name), HeaderValue::try_from(value));
            let (Ok(key), Ok(mut value)) = header else {
                let message = "this header cannot be sent to the collector of traces";
                return Err(
                    Problem::new(ProblemKind::Mismatch, message).at("OTEL_EXPORTER_OTLP_HEADERS")
                );
            };
            value.set_sensitive(true);
            self.headers.insert(key, value);
        }
        Ok(self)
    }
}

impl Exporter {
    /// Begins to export; must be called inside a Tokio runtime.
    pub fn new(collector: Otlp, service: String) -> Exporter {
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
    collector: Otlp,
    service: String,
    mut told: mpsc::Receiver<Told>,
    dropped: Arc<AtomicU64>,
) {
    let web = Web::new();
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
            let body = encode(&service, &collector.attributes, &batch);
            batch.clear();
            let sent = post(&web, &collector, body).await;
            if let Err(why) = &sent {
                dropped.fetch_add(count, Relaxed);
                // Once, until it works again.
                if !was_lost {
                    let host = collector.url.host().unwrap_or_default();
                    tracing::warn!(collector = host, %why, "spans are lost");
                }
            }
            was_lost = sent.is_err();
        }
        if let Some(done) = flush {
            // Whoever waits may have given up.
            let _ = done.send(());
        }
    }
}

async fn post(web: &Web, collector: &Otlp, body: Vec<u8>) -> Result<(), String> {
    let mut request = Request::new(Bytes::new());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = collector.url.clone();
    *request.headers_mut() = collector.headers.clone();
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
    let body = match collector.gzip {
        false => body,
        true => {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
            gzip.write_all(&body).map_err(|error| error.to_string())?;
            gzip.finish().map_err(|error| error.to_string())?
        }
    };
    *request.body_mut() = body.into();
    let bounds = Bounds { time: collector.timeout, bytes: ANSWER_BYTES };
    let answer = web.ask(request, &collector.tls, bounds).await;
    let status = answer.map_err(|problem| problem.message)?.status();
    // What it says of spans that it refused is not used.
    match status.is_success() {
        true => Ok(()),
        false => Err(format!("it answered with {status}")),
    }
}

fn encode(service: &str, more: &[(String, String)], batch: &[Finished]) -> Vec<u8> {
    // The name that was given goes before one among the others.
    let more = more.iter().filter(|(key, _)| key != SERVICE);
    let attributes = more.map(|(key, value)| proto::text(key, value));
    let attributes = [proto::text(SERVICE, service)].into_iter().chain(attributes).collect();
    let spans = batch.iter().flat_map(both).collect();
    let request = proto::Request {
        resource_spans: vec![proto::ResourceSpans {
            resource: Some(proto::Resource { attributes }),
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
