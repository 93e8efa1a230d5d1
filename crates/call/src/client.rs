//! The client that makes real calls.

use crate::invoke::{Events, Invoke, Requests};
use crate::pool::Pool;
use crate::queue::queue;
use crate::tls::Tls;
use crate::transport::Types;
use crate::{Reflected, health, reflect, run};
use rustls::pki_types::CertificateDer;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use wirelab_model::{CallSpec, Endpoint, Health, Metadatum, Problem};

/// Calls gRPC servers. Cheap to clone; clones share their connections.
#[derive(Clone, Default)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
    pub(crate) types: Option<Types>,
}

/// What calls share.
#[derive(Default)]
pub(crate) struct Inner {
    pub pool: Pool,
    pub tls: Tls,
}

impl Client {
    /// Trusts the system's root certificates, which are read when TLS is first wanted.
    pub fn new() -> Client {
        Client::default()
    }

    /// Trusts `roots` beside the system's root certificates.
    pub fn with_roots(roots: Vec<CertificateDer<'static>>) -> Client {
        let inner = Inner { pool: Pool::default(), tls: Tls::new(roots) };
        Client { inner: Arc::new(inner), types: None }
    }

    /// The same client with the types of methods, without which Connect cannot be spoken in JSON.
    pub fn with_types(self, types: Types) -> Client {
        Client { types: Some(types), ..self }
    }

    #[cfg(test)]
    pub(crate) fn with_pool(pool: Pool) -> Client {
        Client { inner: Arc::new(Inner { pool, tls: Tls::default() }), types: None }
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
    pub async fn health(&self, endpoint: &Endpoint) -> Health {
        health::health(self, endpoint).await
    }
}

impl Invoke for Client {
    fn invoke(&self, spec: CallSpec, requests: Requests, cancel: CancellationToken) -> Events {
        let (teller, listener) = queue();
        let client = self.clone();
        tokio::spawn(async move { run::call(&client, spec, requests, cancel, teller).await });
        Box::pin(listener)
    }
}
