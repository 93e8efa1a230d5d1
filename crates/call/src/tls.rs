//! Which certificates are trusted, and what TLS negotiated.

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use std::sync::Arc;
use tokio::sync::OnceCell;
use wirelab_model::{Problem, ProblemKind, TlsInfo};

/// The client side of TLS; the system's roots are read when first needed.
#[derive(Default)]
pub(crate) struct Tls {
    extra: Vec<CertificateDer<'static>>,
    trust: OnceCell<Trust>,
}

/// A configuration that can be used.
#[derive(Clone)]
pub(crate) struct Trust {
    pub config: Arc<ClientConfig>,
    /// How many root certificates are trusted.
    pub roots: usize,
}

impl Tls {
    /// Trusts `extra` beside the system's roots.
    pub fn new(extra: Vec<CertificateDer<'static>>) -> Self {
        Tls { extra, trust: OnceCell::new() }
    }

    /// Reads the roots if that was not done yet.
    pub async fn trust(&self) -> Result<Trust, Problem> {
        let load = || async {
            let extra = self.extra.clone();
            tokio::task::spawn_blocking(move || load(extra)).await.map_err(internal)?
        };
        self.trust.get_or_try_init(load).await.cloned()
    }
}

fn internal(error: impl std::fmt::Display) -> Problem {
    Problem::new(ProblemKind::Internal, format!("TLS could not be set up: {error}"))
}

fn load(extra: Vec<CertificateDer<'static>>) -> Result<Trust, Problem> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    for error in &system.errors {
        tracing::warn!(%error, "some system root certificates cannot be read");
    }
    roots.add_parsable_certificates(system.certs);
    roots.add_parsable_certificates(extra);
    let count = roots.len();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(internal)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Trust { config: Arc::new(config), roots: count })
}

/// What was negotiated.
pub(crate) fn info(connection: &ClientConnection) -> TlsInfo {
    let version = connection.protocol_version().and_then(|version| version.as_str());
    let cipher = connection.negotiated_cipher_suite().and_then(|cipher| cipher.suite().as_str());
    TlsInfo {
        version: version.unwrap_or_default().replace('_', "."),
        cipher: cipher.unwrap_or_default().to_owned(),
        alpn: String::from_utf8_lossy(connection.alpn_protocol().unwrap_or_default()).into_owned(),
        ..TlsInfo::default()
    }
}
