//! From TLS options to what connections use: roots, the client's certificate, verification. Files are read again
//! when they change.

use super::files;
use crate::explain::{Failure, failure, refused};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;
use std::fs::Metadata;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;
use tokio::sync::OnceCell;
use wirelab_model::{Problem, ProblemKind, StatusCode, TlsOptions};

/// How many options are remembered with what they came to; the one not used for longest goes first.
const MAX_REMEMBERED: usize = 32;

/// The client side of TLS; the system's roots are read when first needed.
#[derive(Default)]
pub(crate) struct Tls {
    extra: Vec<CertificateDer<'static>>,
    system: OnceCell<Arc<RootCertStore>>,
    /// The one used last is at the end.
    remembered: Mutex<Vec<Remembered>>,
}

struct Remembered {
    options: TlsOptions,
    stamps: Vec<Option<Stamp>>,
    trust: Trust,
}

/// Changes when a file does.
type Stamp = (Option<SystemTime>, u64);

/// What connections are made with. Cheap to clone; equal only to its clones, so that connections made before a file
/// changed are told from those made after.
#[derive(Clone)]
pub(crate) struct Trust(pub(super) Arc<Trusted>);

pub(super) struct Trusted {
    /// Differs from that of every other.
    id: u64,
    pub options: TlsOptions,
    pub provider: Arc<CryptoProvider>,
    /// How many root certificates are trusted.
    pub roots: usize,
    /// None when there are no roots.
    pub verifier: Option<Arc<WebPkiServerVerifier>>,
    /// Certificates that the person named: trusted themselves, not only what they signed.
    pub pinned: Vec<CertificateDer<'static>>,
    /// Sent when a server asks for it.
    pub identity: Option<Arc<CertifiedKey>>,
}

impl PartialEq for Trust {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for Trust {}

impl Hash for Trust {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.id.hash(state);
    }
}

impl Tls {
    /// Trusts `extra` beside the system's roots.
    pub fn new(extra: Vec<CertificateDer<'static>>) -> Self {
        Tls { extra, ..Tls::default() }
    }

    /// What `options` come to; reads files that are new or have changed.
    ///
    /// # Errors
    /// INVALID_ARGUMENT for files that are missing or do not hold what they should, each named.
    pub async fn trust(&self, options: &TlsOptions) -> Result<Trust, Failure> {
        let system = match (&options.ca, options.insecure) {
            (None, false) => Some(self.system().await?),
            _ => None,
        };
        let stamps = stamps(options).await;
        if let Some(trust) = self.remembered(options, &stamps) {
            return Ok(trust);
        }
        let (pinned, wanted) = (self.extra.clone(), options.clone());
        let loading = tokio::task::spawn_blocking(move || load(wanted, system, pinned));
        let trust = loading.await.map_err(internal)??;
        self.remember(Remembered { options: options.clone(), stamps, trust: trust.clone() });
        Ok(trust)
    }

    /// The system's roots and, beside them, the authorities in `ca`: for servers that are not the one called.
    ///
    /// # Errors
    /// As [`trust`](Tls::trust).
    pub async fn trust_beside_system(&self, ca: Option<&str>) -> Result<Trust, Failure> {
        let Some(ca) = ca else { return self.trust(&TlsOptions::default()).await };
        let mut roots = (*self.system().await?).clone();
        let (path, mut pinned) = (ca.to_owned(), self.extra.clone());
        let reading = move || files::certificates(&path, "the CA file").map_err(refused);
        let own = tokio::task::spawn_blocking(reading).await.map_err(internal)??;
        roots.add_parsable_certificates(own.iter().cloned());
        pinned.extend(own);
        load(TlsOptions::default(), Some(Arc::new(roots)), pinned)
    }

    async fn system(&self) -> Result<Arc<RootCertStore>, Failure> {
        let read = || async {
            let extra = self.extra.clone();
            let reading = tokio::task::spawn_blocking(move || system_roots(extra));
            reading.await.map(Arc::new).map_err(internal)
        };
        self.system.get_or_try_init(read).await.cloned()
    }

    fn remembered(&self, options: &TlsOptions, stamps: &[Option<Stamp>]) -> Option<Trust> {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let found = remembered
            .iter()
            .position(|entry| entry.options == *options && entry.stamps == *stamps)?;
        let entry = remembered.remove(found);
        let trust = entry.trust.clone();
        remembered.push(entry);
        Some(trust)
    }

    fn remember(&self, entry: Remembered) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.retain(|old| old.options != entry.options);
        if remembered.len() >= MAX_REMEMBERED {
            remembered.remove(0);
        }
        remembered.push(entry);
    }
}

fn internal(error: impl std::fmt::Display) -> Failure {
    let message = format!("TLS could not be set up: {error}");
    failure(StatusCode::Internal, Problem::new(ProblemKind::Internal, message))
}

/// When each file that the options name was last changed; nothing for one that cannot be looked at.
async fn stamps(options: &TlsOptions) -> Vec<Option<Stamp>> {
    let stamp = |metadata: Metadata| (metadata.modified().ok(), metadata.len());
    let mut stamps = Vec::new();
    for path in [&options.ca, &options.cert, &options.key].into_iter().flatten() {
        stamps.push(tokio::fs::metadata(path).await.ok().map(stamp));
    }
    stamps
}

fn system_roots(extra: Vec<CertificateDer<'static>>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    for error in &system.errors {
        tracing::warn!(%error, "some system root certificates cannot be read");
    }
    roots.add_parsable_certificates(system.certs);
    roots.add_parsable_certificates(extra);
    roots
}

fn load(
    options: TlsOptions,
    system: Option<Arc<RootCertStore>>,
    mut pinned: Vec<CertificateDer<'static>>,
) -> Result<Trust, Failure> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let identity = identity(&options, &provider).map_err(refused)?;
    let roots = match (&options.ca, system) {
        (Some(ca), _) => {
            pinned = files::certificates(ca, "the CA file").map_err(refused)?;
            let mut roots = RootCertStore::empty();
            let (_, unusable) = roots.add_parsable_certificates(pinned.iter().cloned());
            if unusable == pinned.len() {
                return Err(refused(
                    Problem::new(
                        ProblemKind::Mismatch,
                        "no certificate in the CA file can be read",
                    )
                    .at(ca)
                    .help("it may be damaged: copy it again"),
                ));
            }
            Arc::new(roots)
        }
        (None, Some(system)) => system,
        // Nothing is verified.
        (None, None) => Arc::new(RootCertStore::empty()),
    };
    let count = roots.len();
    let verifier = match count {
        0 => None,
        _ => Some(
            WebPkiServerVerifier::builder_with_provider(roots, provider.clone())
                .build()
                .map_err(internal)?,
        ),
    };
    Ok(Trust(Arc::new(Trusted {
        id: NEXT.fetch_add(1, Relaxed),
        options,
        provider,
        roots: count,
        verifier,
        pinned,
        identity: identity.map(Arc::new),
    })))
}

/// A key may stand in the same file as its certificate.
fn identity(
    options: &TlsOptions,
    provider: &CryptoProvider,
) -> Result<Option<CertifiedKey>, Problem> {
    match (&options.cert, &options.key) {
        (None, None) => Ok(None),
        (Some(cert), Some(key)) => files::identity(cert, key, provider).map(Some),
        (Some(cert), None) => files::identity(cert, cert, provider).map(Some).map_err(|problem| {
            if problem.kind == ProblemKind::Mismatch && problem.message == files::NO_KEY {
                Problem::new(ProblemKind::Mismatch, "the client certificate has no key")
                    .at(cert)
                    .help(
                        "name the file of its private key too (--key FILE, or in the TLS settings)",
                    )
            } else {
                problem
            }
        }),
        (None, Some(key)) => {
            Err(Problem::new(ProblemKind::Mismatch, "the client's key has no certificate")
                .at(key)
                .help("name the file of its certificate too (--cert FILE, or in the TLS settings)"))
        }
    }
}
