//! PEM files of certificates and keys (RFC 7468).

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SigningKey};
use std::io::{self, Read};
use std::sync::Arc;
use wirelab_model::{Problem, ProblemKind};

/// The largest file that is read, bytes.
const MAX_FILE: u64 = 16 << 20;

/// What is said when there is no key.
pub(super) const NO_KEY: &str = "there is no private key";

/// The certificates in the file at `path`; `what` it is, such as `the CA file`.
pub(super) fn certificates(
    path: &str,
    what: &str,
) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let text = read(path, what)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let found = found.map_err(|error| damaged(path, what, &error))?;
    if !found.is_empty() {
        return Ok(found);
    }
    let problem =
        Problem::new(ProblemKind::Mismatch, format!("{what} holds no certificate")).at(path);
    Err(problem.help(match &*text {
        [0x30, 0x80..=0x84, ..] => {
            "it is not PEM: convert DER by `openssl x509 -inform der`, PKCS #12 by `openssl pkcs12`"
        }
        text if contains(text, "PRIVATE KEY-----") => {
            "it holds a private key: are certificate and key interchanged?"
        }
        _ => "give a PEM file, with `-----BEGIN CERTIFICATE-----` in it",
    }))
}

/// The client's certificates with the private key that belongs to them.
pub(super) fn identity(
    cert: &str,
    key: &str,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, Problem> {
    let chain = certificates(cert, "the client certificate's file")?;
    let text = read(key, "the key file")?;
    let signing = signing_key(&text, provider).map_err(|problem| problem.at(key))?;
    let identity = CertifiedKey::new(chain, signing);
    match identity.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {
            Ok(identity)
        }
        Err(rustls::Error::InconsistentKeys(_)) => Err(Problem::new(
            ProblemKind::Mismatch,
            format!("the key does not belong to the certificate in {cert}"),
        )
        .at(key)
        .help("give the key that this certificate was made for; the client's own certificate comes first in its file")),
        Err(error) => Err(Problem::new(
            ProblemKind::Mismatch,
            format!("the client certificate cannot be read: {error}"),
        )
        .at(cert)
        .help("it may be damaged, or of an old form (X.509 v1): make it anew")),
    }
}

/// A private key out of PEM text: PKCS #8, PKCS #1 or SEC 1.
pub(crate) fn signing_key(
    pem: &[u8],
    provider: &CryptoProvider,
) -> Result<Arc<dyn SigningKey>, Problem> {
    let mismatch = |message: &str| Problem::new(ProblemKind::Mismatch, message);
    if contains(pem, "BEGIN ENCRYPTED PRIVATE KEY") || contains(pem, "Proc-Type: 4,ENCRYPTED") {
        return Err(mismatch("the private key is encrypted")
            .help("decrypt it into another file: openssl pkey -in KEY -out DECRYPTED"));
    }
    let der = PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        pem::Error::NoItemsFound => {
            mismatch(NO_KEY).help(if contains(pem, "BEGIN OPENSSH PRIVATE KEY") {
                "it is in OpenSSH's own form: convert a copy by `ssh-keygen -p -m pkcs8 -f COPY`"
            } else if contains(pem, "BEGIN CERTIFICATE") {
                "it holds a certificate: are certificate and key interchanged?"
            } else if contains(pem, "PUBLIC KEY-----") {
                "it holds a public key, give the private one"
            } else {
                "give PEM, with `-----BEGIN PRIVATE KEY-----` in it"
            })
        }
        error => damaged_text("the private key", &error),
    })?;
    provider.key_provider.load_private_key(der).map_err(|_| {
        mismatch("the private key is damaged or of a kind that is not supported").help(
            "supported are RSA with 2,048 to 4,096 bits, ECDSA on P-256 and P-384, and Ed25519",
        )
    })
}

fn read(path: &str, what: &str) -> Result<Vec<u8>, Problem> {
    let io = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => {
            Problem::new(ProblemKind::NotFound, format!("{what} is not there"))
                .at(path)
                .help("check the path; it starts from the folder that Wirelab was started in")
        }
        _ => Problem::new(ProblemKind::Io, format!("{what} cannot be read: {error}"))
            .at(path)
            .help("check that it is a file and that you may read it"),
    };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(io)?;
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > MAX_FILE {
        let message = format!("{what} is larger than {} MiB", MAX_FILE >> 20);
        return Err(Problem::new(ProblemKind::TooLarge, message)
            .at(path)
            .help("give a PEM file that holds only what is needed"));
    }
    Ok(bytes)
}

fn contains(text: &[u8], part: &str) -> bool {
    text.windows(part.len()).any(|window| window == part.as_bytes())
}

fn damaged(path: &str, what: &str, error: &pem::Error) -> Problem {
    damaged_text(what, error).at(path)
}

fn damaged_text(what: &str, error: &pem::Error) -> Problem {
    let why = match error {
        pem::Error::MissingSectionEnd { .. } => "a section has no end".to_owned(),
        pem::Error::IllegalSectionStart { .. } => "a section begins wrongly".to_owned(),
        pem::Error::Base64Decode(_) => "it is not base64 inside".to_owned(),
        other => other.to_string(),
    };
    Problem::new(ProblemKind::Mismatch, format!("{what} is not PEM: {why}"))
        .help("copy it again, whole and from `-----BEGIN` to `-----END`")
}
