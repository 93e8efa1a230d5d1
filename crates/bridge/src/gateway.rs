//! A bridge on its own: a client, a schema that is kept as it is, and open listeners.

use crate::bridge::Shared;
use crate::live::{Live, Reread};
use crate::serve::{Listen, Server, Settings};
use crate::upstream::{UPSTREAM_QUEUE, UPSTREAM_WINDOW};
use crate::{Bridge, Options};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use wirelab_call::Client;
use wirelab_model::{Problem, SourceSpec};
use wirelab_schema::Schema;

/// What it takes.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The server behind it, and how it behaves.
    pub options: Options,
    /// Where the schema comes from.
    pub sources: Vec<SourceSpec>,
    /// How often servers are asked for their schema again; see [`REFLECT_INTERVAL`](crate::REFLECT_INTERVAL).
    pub reflect_interval: Duration,
    /// Files that are read again while it runs, for rules and admission.
    pub reread: Option<Reread>,
    /// Do not begin without the server.
    pub require_upstream: bool,
    /// Where and how it is served.
    pub settings: Settings,
}

/// A bridge that listens, and is not served yet.
pub struct Gateway {
    bridge: Bridge,
    server: Server,
    live: Live,
}

impl Gateway {
    /// Listens, and reads the schema; gives what was wrong with it without being in the way.
    ///
    /// # Errors
    /// When it cannot listen, the schema cannot be used, or the server is required and not there.
    pub async fn open(setup: Setup) -> Result<(Gateway, Vec<Problem>), Problem> {
        let Setup { options, sources, reflect_interval, reread, require_upstream, settings } =
            setup;
        let shows = settings.tls.as_ref().is_some_and(|tls| tls.clients.is_some());
        if options.admission.client_certificates && !shows {
            return Err(no_certificates());
        }
        let server = Server::bind(settings).await?;
        // The bridge holds the client, so the client must not hold the bridge.
        let known: Arc<OnceLock<Weak<Shared>>> = Arc::default();
        let types = known.clone();
        let client = Client::reading_ahead(UPSTREAM_WINDOW, UPSTREAM_QUEUE).with_types(Arc::new(
            move |method| {
                let loaded = types.get()?.upgrade()?.loaded();
                let method = loaded.catalog.method(method)?;
                Some((method.input.clone(), method.output.clone()))
            },
        ));
        let endpoint = options.endpoint.clone();
        let mut live = Live::new(client.clone(), endpoint, sources)
            .interval(reflect_interval)
            .beside(options.own.clone(), reread);
        let (schema, mut problems) = live.first().await?;
        if require_upstream && !live.is_complete() {
            let unknown = || Problem::new(wirelab_model::ProblemKind::Unreachable, "no schema");
            return Err(problems.into_iter().next().unwrap_or_else(unknown));
        }
        let invoke = Arc::new(client);
        let bridge = match Bridge::new(schema, invoke.clone(), options.clone()) {
            Ok(bridge) => bridge,
            Err(wrong) => {
                problems.extend(wrong);
                // The files are at hand and can be mended; a server that says such things is asked again.
                if live.is_local() {
                    let last = problems.pop();
                    problems.iter().for_each(|problem| tracing::error!(%problem));
                    return last.map_or_else(|| Err(internal()), Err);
                }
                live.forget();
                Bridge::new(Schema::default(), invoke, options)
                    .map_err(|mut wrong| wrong.pop().unwrap_or_else(internal))?
            }
        };
        // Nobody else holds the cell.
        let _ = known.set(Arc::downgrade(&bridge.shared));
        if live.is_complete() {
            bridge.shared.life.known.store(true, std::sync::atomic::Ordering::Relaxed);
        }
        Ok((Gateway { bridge, server, live }, problems))
    }

    /// The bridge, for its figures.
    pub fn bridge(&self) -> &Bridge {
        &self.bridge
    }

    /// Where it listens, with the ports that the system chose.
    pub fn addresses(&self) -> Vec<Listen> {
        self.server.addresses()
    }

    /// Where health, readiness and figures are told, where that is apart.
    pub fn admin_address(&self) -> Option<Listen> {
        self.server.admin_address()
    }

    /// Whether its ports speak TLS.
    pub fn is_secure(&self) -> bool {
        self.server.is_secure()
    }

    /// Serves until `stop` and lets what is under way end; `refresh` has the schema read again. Gives how many
    /// connections were cut because they did not end in time.
    pub async fn run(self, stop: CancellationToken, refresh: Arc<Notify>) -> usize {
        let watch = tokio::spawn(self.live.watch(self.bridge.clone(), refresh));
        let cut = self.server.run(self.bridge, stop).await;
        watch.abort();
        cut
    }
}

fn no_certificates() -> Problem {
    let message = "client certificates are to be credentials, and no client is asked for one";
    Problem::new(wirelab_model::ProblemKind::Mismatch, message)
        .at("admission.client-certificates")
        .help("name the authorities of clients with --client-ca, or leave client-certificates out")
}

fn internal() -> Problem {
    Problem::new(wirelab_model::ProblemKind::Internal, "the rules were refused without a reason")
}
