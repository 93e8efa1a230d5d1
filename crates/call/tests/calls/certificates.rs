//! Authorities, certificates and TLS servers made for a test.

use crate::support::*;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, PublicKeyData,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;

pub type Authority = CertifiedIssuer<'static, KeyPair>;

pub fn params(names: &[&str], subject: &str) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, subject);
    params
}

pub fn authority(name: &str) -> Authority {
    let mut params = params(&[], name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// An authority that another signed.
pub fn intermediate(
    name: &str,
    root: &Authority,
    change: impl FnOnce(&mut CertificateParams),
) -> Authority {
    let mut params = params(&[], name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    change(&mut params);
    CertifiedIssuer::signed_by(params, KeyPair::generate().unwrap(), root).unwrap()
}

/// A chain with its key.
pub struct Certificate {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: PrivateKeyDer<'static>,
}

/// For `name`, signed by `authority`.
pub fn certificate(
    authority: &Authority,
    name: &str,
    change: impl FnOnce(&mut CertificateParams),
) -> Certificate {
    let mut params = params(&[name], "a server");
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    Certificate {
        chain: vec![certificate.der().clone()],
        key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
    }
}

/// Signed by itself.
pub fn self_signed(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Certificate {
    let mut params = params(&[name], "a server");
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    Certificate {
        chain: vec![certificate.der().clone()],
        key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
    }
}

/// Signed by `authority` for the key in the folder of keys, PEM.
pub fn certificate_for(authority: &Authority, subject: &str, key: &str) -> String {
    let key = KeyPair::from_pem(&std::fs::read_to_string(key_file(key)).unwrap()).unwrap();
    assert!(!key.der_bytes().is_empty());
    params(&[], subject).signed_by(&key, authority).unwrap().pem()
}

pub fn key_file(name: &str) -> String {
    format!("{}/tests/calls/keys/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A folder of PEM files.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    /// Writes a file and gives its path.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = PathBuf::from(self.path(name));
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    /// A file of certificates.
    pub fn certificates(&self, name: &str, certificates: &[&CertificateDer<'_>]) -> String {
        let pem = |der: &&CertificateDer<'_>| pem("CERTIFICATE", der);
        self.file(name, certificates.iter().map(pem).collect::<String>())
    }
}

pub fn pem(label: &str, der: &[u8]) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let text = STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// How a server does TLS.
pub struct Secure<'a> {
    pub certificate: Certificate,
    pub alpn: &'static [&'static [u8]],
    pub versions: &'static [&'static SupportedProtocolVersion],
    /// The authority whose client certificates are wanted.
    pub clients: Option<&'a Authority>,
}

impl Secure<'_> {
    pub fn new(certificate: Certificate) -> Self {
        Secure { certificate, alpn: &[b"h2"], versions: rustls::ALL_VERSIONS, clients: None }
    }

    /// The server's side of handshakes.
    pub fn acceptor(self) -> TlsAcceptor {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(self.versions)
            .unwrap();
        let builder = match self.clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.der().clone()).unwrap();
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let Certificate { chain, key } = self.certificate;
        let mut config = builder.with_single_cert(chain, key).unwrap();
        config.alpn_protocols = self.alpn.iter().map(|name| name.to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }

    /// Serves; gives the port too.
    pub async fn serve(self) -> (Server, String) {
        let acceptor = self.acceptor();
        let server = tcp(move |stream| {
            let acceptor = acceptor.clone();
            async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let handler = |request, mut reply: Reply| async move {
                    read(request).await;
                    reply.all(&[b"safe"], "0");
                };
                http2(stream, handler, h2::server::Builder::new()).await;
            }
        })
        .await;
        let port = server.address.rsplit(':').next().unwrap().to_owned();
        (server, port)
    }
}
