//! What a bridge tells of itself: figures, traces and a log of calls. Knows no face and changes no answer.

mod access;
mod figures;
mod otlp;
mod snapshot;
mod sockets;
mod streams;
mod text;
mod trace;
mod watch;

pub use access::ACCESS_LOG;
pub(crate) use figures::Reload;
pub use figures::{MAX_COUNTED_METHODS, OTHER};
pub use otlp::{Otlp, SPAN_BATCH, SPAN_DELAY, SPAN_QUEUE, SPAN_TIMEOUT};
pub use snapshot::{FaceFigures, LISTED_STREAMS, Snapshot};
pub use streams::OpenStream;
pub(crate) use text::MEDIA_TYPE;
pub(crate) use watch::{Asked, Client, Counter, Permit};

use crate::admission::Admitted;
use crate::face::Face;
use crate::life::Life;
use crate::refusal::NoCall;
use crate::socket::SocketCounts;
use axum::body::Body;
use figures::Figures;
use http::{HeaderMap, Response};
use otlp::Exporter;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};
use streams::Streams;
use trace::Tracer;

/// What is told, and to whom.
#[derive(Clone, Debug)]
pub struct ObserveOptions {
    /// Whether calls are logged, as events of [`ACCESS_LOG`].
    pub access_log: bool,
    /// The collector of traces; none means no traces, and that a client's are passed on as they are.
    pub otlp: Option<Otlp>,
    /// How many of the traces that begin here are kept, between 0 and 1; others do as the client says.
    pub trace_ratio: f64,
    /// What this bridge is called in traces.
    pub service_name: String,
}

impl Default for ObserveOptions {
    fn default() -> ObserveOptions {
        ObserveOptions {
            access_log: false,
            otlp: None,
            trace_ratio: 1.0,
            service_name: env!("CARGO_PKG_NAME").to_owned(),
        }
    }
}

/// What watches all calls of a bridge.
#[derive(Debug)]
pub(crate) struct Observe {
    pub figures: Figures,
    streams: Streams,
    tracer: Option<Tracer>,
    access_log: bool,
    since: Instant,
}

impl Observe {
    /// Must be called inside a Tokio runtime where there is a collector.
    pub fn new(options: &ObserveOptions) -> Observe {
        let tracer = options.otlp.clone().map(|collector| {
            let exporter = Exporter::new(collector, options.service_name.clone());
            Tracer::new(exporter, options.trace_ratio)
        });
        Observe {
            figures: Figures::default(),
            streams: Streams::default(),
            tracer,
            access_log: options.access_log,
            since: Instant::now(),
        }
    }

    /// Watches a call from here on; `known` says whether its method is in the schema.
    pub fn permit(
        self: &Arc<Observe>,
        path: &str,
        known: impl FnOnce() -> bool,
        face: Face,
        headers: &HeaderMap,
        admitted: Admitted,
    ) -> Permit {
        let method = self.figures.method(path, known);
        method.by(face).open.fetch_add(1, Relaxed);
        let path = if *method.path == *path { method.path.clone() } else { path.into() };
        Permit {
            spans: self.tracer.as_ref().map(|tracer| tracer.begin(headers)),
            observe: self.clone(),
            method,
            path,
            face,
            came: Instant::now(),
            began: None,
            client: admitted.client,
            withheld: admitted.withheld,
            metadata: admitted.metadata,
            code: None,
            counts: Arc::default(),
            stream: None,
            _slot: admitted.slot,
        }
    }

    /// What the log may have to tell of a request, where there is a log.
    pub fn note(&self, asked: impl FnOnce() -> Asked) -> Option<Asked> {
        self.access_log.then(asked)
    }

    /// A request was answered, or the head of its answer is there; `asked` is what was noted of it.
    pub fn answered(&self, face: Face, response: &mut Response<Body>, asked: Option<Asked>) {
        let status = response.status();
        self.figures.answers.count(face, status);
        let Some(no_call) = response.extensions_mut().remove::<NoCall>() else { return };
        self.figures.refusals.count(face, status);
        if let Some(asked) = asked {
            access::refused(&asked, face, status, &no_call);
        }
    }

    /// The figures as Prometheus reads them.
    pub fn text(&self, life: &Life, ready: bool, sockets: &SocketCounts) -> String {
        let mut out = String::new();
        text::write(self, life, ready, sockets, &mut out);
        out
    }

    /// Sends the spans that wait.
    pub async fn flush(&self, patience: Duration) {
        if let Some(tracer) = &self.tracer {
            tracer.flush(patience).await;
        }
    }
}
