//! TLS on the listening side, with certificates that are read again when their files change.

use super::limits::HANDSHAKE_TIMEOUT;
use crate::admission::ClientCertificate;
use crate::live::Fingerprint;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use wirelab_model::{Problem, ProblemKind};

/// The largest file of certificates or keys, bytes.
const FILE_BYTES: u64 = 16 << 20;

/// The files of a certificate, PEM all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificates, its own first.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The authorities whose clients are let in; none lets in everybody.
    pub clients: Option<PathBuf>,
}

/// Makes connections secure by the certificates as they are now.
#[derive(Debug)]
pub(crate) struct Tls {
    files: TlsFiles,
    config: RwLock<Arc<ServerConfig>>,
}

impl Tls {
    /// # Errors
    /// Names the file that will not do.
    pub fn new(files: TlsFiles) -> Result<Tls, Problem> {
        let config = RwLock::new(config(&files)?);
        Ok(Tls { files, config })
    }

    /// What its files look like. Blocks.
    pub fn fingerprint(&self) -> Fingerprint {
        let TlsFiles { certificate, key, clients } = &self.files;
        let all: Vec<PathBuf> = [certificate, key].into_iter().chain(clients).cloned().collect();
        Fingerprint::of(&all, &[])
    }

    /// Reads the files again; connections that are open stay as they are. Blocks.
    ///
    /// # Errors
    /// What is wrong with them; the last ones then hold.
    pub fn reload(&self) -> Result<(), Problem> {
        let config = config(&self.files)?;
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    /// The handshake of one connection, and whom the client has shown to be.
    pub async fn accept(
        &self,
        stream: TcpStream,
    ) -> io::Result<(TlsStream<TcpStream>, Option<ClientCertificate>)> {
        let config = self.config.read().unwrap_or_else(PoisonError::into_inner).clone();
        let handshake = TlsAcceptor::from(config).accept(stream);
        match tokio::time::timeout(HANDSHAKE_TIMEOUT, handshake).await {
            Ok(secured) => {
                let secured = secured?;
                let shown = secured.get_ref().1.peer_certificates().and_then(<[_]>::first);
                let shown = shown.map(|certificate| ClientCertificate::new(certificate));
                Ok((secured, shown))
            }
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

fn config(files: &TlsFiles) -> Result<Arc<ServerConfig>, Problem> {
    let wrong = |path: &Path, message: String| {
        Problem::new(ProblemKind::Tls, message).at(path.display().to_string())
    };
    let chain = certificates(&files.certificate)?;
    let key = PrivateKeyDer::from_pem_slice(&read(&files.key)?).map_err(|error| {
        wrong(&files.key, format!("there is no private key in the file: {error}"))
            .help("give PEM that is not encrypted, with `-----BEGIN PRIVATE KEY-----` in it")
    })?;
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(&files.certificate, error.to_string()))?;
    let builder = match &files.clients {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|error| {
                    wrong(path, format!("an authority of clients cannot be used: {error}"))
                })?;
            }
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            let verifier = verifier.map_err(|error| {
                wrong(path, format!("the authorities of clients cannot be used: {error}"))
            })?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder.with_single_cert(chain, key).map_err(|error| {
        wrong(&files.certificate, format!("the certificate cannot be used: {error}"))
            .help("the key has to be that of the first certificate in the file")
    })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let text = read(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let wrong = |message: String| {
        Problem::new(ProblemKind::Tls, message)
            .at(path.display().to_string())
            .help("give PEM, with `-----BEGIN CERTIFICATE-----` in it")
    };
    match found {
        Ok(found) if found.is_empty() => Err(wrong("there is no certificate in the file".into())),
        Ok(found) => Ok(found),
        Err(error) => Err(wrong(format!("the certificates cannot be read: {error}"))),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    let problem = |kind, message| Problem::new(kind, message).at(path.display().to_string());
    let io = |error: io::Error| {
        problem(ProblemKind::Io, format!("the file cannot be read: {error}"))
            .help("check the path, and that you may read it")
    };
    if std::fs::metadata(path).map_err(io)?.len() > FILE_BYTES {
        let message = format!("the file is larger than {} MiB", FILE_BYTES >> 20);
        return Err(problem(ProblemKind::TooLarge, message));
    }
    std::fs::read(path).map_err(io)
}
