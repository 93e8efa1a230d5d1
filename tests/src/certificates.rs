//! Certificates for servers and clients, from an authority made for the test.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// An authority, and PEM files of what it issued, gone with the value.
pub struct Authority {
    folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

/// PEM files of a certificate and its key.
#[derive(Debug)]
pub struct Issued {
    /// The certificate.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

impl Authority {
    /// A new one.
    pub fn new(name: &str) -> Authority {
        let folder = tempfile::tempdir().expect("a folder");
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        std::fs::write(folder.path().join("ca.pem"), certificate.pem()).expect("a file");
        Authority { folder, issuer: Issuer::new(params, key) }
    }

    /// Its own certificate, to be trusted.
    pub fn file(&self) -> String {
        text(&self.folder.path().join("ca.pem"))
    }

    /// A server's certificate for `names` (host names and addresses).
    pub fn server(&self, names: &[&str]) -> Issued {
        let names: Vec<String> = names.iter().map(|name| name.to_string()).collect();
        let params = CertificateParams::new(names).expect("names");
        self.issue("server", params, ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// A client's certificate with this common name.
    pub fn client(&self, name: &str) -> Issued {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        self.issue(name, params, ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn issue(
        &self,
        file: &str,
        mut params: CertificateParams,
        usage: ExtendedKeyUsagePurpose,
    ) -> Issued {
        params.extended_key_usages.push(usage);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let write = |ending: &str, pem: String| {
            let path: PathBuf = self.folder.path().join(format!("{file}.{ending}.pem"));
            std::fs::write(&path, pem).expect("a file");
            text(&path)
        };
        let certificate = write("certificate", certificate.pem());
        Issued { certificate, key: write("key", key.serialize_pem()) }
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
