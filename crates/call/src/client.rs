//! The client that makes real calls.

use crate::auth::{self, Tokens};
use crate::channel::Channels;
use crate::drive::{self, Standby};
use crate::invoke::{Events, Invoke, Requests};
use crate::pool::Pool;
use crate::tls::Tls;
use crate::transport::Types;
use crate::{Reflected, attempts, health, reflect};
use futures_util::Stream;
use rustls::pki_types::CertificateDer;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use wirelab_model::{
    Auth, CallSpec, ChannelInfo, Endpoint, Health, HealthQuery, Metadatum, Problem, TlsOptions,
};

/// Calls gRPC servers. Cheap to clone; clones share their connections.
#[derive(Clone, Default)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
    pub(crate) types: Option<Types>,
}

/// What calls share.
#[derive(Default)]
pub(crate) struct Inner {
    pub core: Arc<Core>,
    pub channels: Channels,
    pub tokens: Tokens,
}

/// What it takes to make a connection; knows no balancing, so that what balances can use it too.
#[derive(Default)]
pub(crate) struct Core {
    pub pool: Pool,
    pub tls: Tls,
    pub standby: Arc<Standby>,
}

impl Client {
    /// Trusts the system's root certificates, which are read when TLS is first wanted.
    pub fn new() -> Client {
        Client::default()
    }

    /// Trusts `roots` beside the system's root certificates.
    pub fn with_roots(roots: Vec<CertificateDer<'static>>) -> Client {
        Client::with(Core { tls: Tls::new(roots), ..Core::default() }, Channels::default())
    }

    /// Reads little ahead of whoever reads its calls: `window` bytes of each HTTP/2 stream stay with the connection, and
    /// twice `queue` bytes of its messages with the call, one message more at most. For many calls of slow readers.
    pub fn reading_ahead(window: u32, queue: usize) -> Client {
        let mut core = Core::default();
        core.pool.patience.window = window;
        core.standby = Arc::new(Standby::limited(queue));
        Client::with(core, Channels::default())
    }

    /// The same client with the types of methods, without which Connect cannot be spoken in JSON.
    pub fn with_types(self, types: Types) -> Client {
        Client { types: Some(types), ..self }
    }

    pub(crate) fn with(core: Core, channels: Channels) -> Client {
        let inner = Inner { core: Arc::new(core), channels, tokens: Tokens::default() };
        Client { inner: Arc::new(inner), types: None }
    }

    #[cfg(test)]
    pub(crate) fn with_pool(pool: Pool) -> Client {
        let channels = Channels::new(pool.patience.idle, crate::resolve::system_lookup());
        Client::with(Core { pool, ..Core::default() }, channels)
    }

    /// Asks a server for the descriptors of its services by reflection v1, or v1alpha where v1 is missing.
    /// Services and files that cannot be had are among the problems and do not spoil the others.
    ///
    /// # Errors
    /// When no list of services can be had at all.
    pub async fn reflect(
        &self,
        endpoint: &Endpoint,
        metadata: &[Metadatum],
    ) -> Result<Reflected, Problem> {
        reflect::reflect(self, endpoint, metadata).await
    }

    /// Asks a server for its health, waiting at most [`HEALTH_TIMEOUT`](crate::HEALTH_TIMEOUT).
    pub async fn health(&self, query: &HealthQuery) -> Health {
        health::check(self, query).await
    }

    /// What a server says of its health, now and whenever it changes; never ends. Where its health service has no
    /// Watch it is asked every [`HEALTH_INTERVAL`](crate::HEALTH_INTERVAL); a lost server is asked again after
    /// [`HEALTH_BACKOFF`](crate::HEALTH_BACKOFF), which doubles up to
    /// [`HEALTH_MAX_BACKOFF`](crate::HEALTH_MAX_BACKOFF). Must be polled inside a Tokio runtime.
    pub fn watch_health(&self, query: HealthQuery) -> impl Stream<Item = Health> + Send + 'static {
        health::watch(self.clone(), query)
    }

    /// The instances behind an endpoint as they are now. Begins to watch them when nobody has called there yet,
    /// and then waits a second at most for the first answer of the resolver. The watch goes on for
    /// [`POOL_IDLE_TIMEOUT`](crate::POOL_IDLE_TIMEOUT) after the last call or question. Must be called inside a
    /// Tokio runtime. An endpoint that is wrong has no instances and says why in `problem`.
    pub async fn channel(&self, endpoint: &Endpoint) -> ChannelInfo {
        match self.inner.channels.get(&self.inner.core, endpoint) {
            Ok(channel) => channel.info(&self.inner.core.pool).await,
            Err(problem) => ChannelInfo { problem: Some(problem), ..ChannelInfo::default() },
        }
    }

    /// The metadata that credentials come to. Tokens of authorization servers are kept in memory until shortly before
    /// they end and then refreshed. `tls` are the options of the server to be called, whose CA file holds for the
    /// authorization server too; `sign_in` is given an address to open in a browser when somebody must sign in, for
    /// which there are [`SIGN_IN_WAIT`](crate::SIGN_IN_WAIT). Dropping the future ends what goes on.
    ///
    /// # Errors
    /// Names the field that will not do, such as `auth.key`, or the authorization server and what it said.
    pub async fn authorize(
        &self,
        auth: &Auth,
        tls: &TlsOptions,
        sign_in: impl Fn(String) + Send,
    ) -> Result<Metadatum, Problem> {
        auth::authorize(&self.inner, auth, tls, sign_in).await
    }

    /// Does not send again what these credentials came to, where they can come to something else: a server refused it.
    pub async fn forget(&self, auth: &Auth) {
        if let Auth::OAuth2(config) = auth {
            self.inner.tokens.forget(config).await;
        }
    }
}

impl Invoke for Client {
    fn invoke(&self, spec: CallSpec, requests: Requests, cancel: CancellationToken) -> Events {
        let client = self.clone();
        let course = |teller| attempts::call(client, spec, requests, cancel, teller);
        Box::pin(drive::begin(&self.inner.core.standby, course))
    }
}
