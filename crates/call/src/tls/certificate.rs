//! What a certificate says (RFC 5280).

use rustls::pki_types::CertificateDer;
use std::fmt::Write;
use std::net::IpAddr;
use wirelab_model::CertificateInfo;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate, X509Name};

/// The most certificates of a chain, and names of a certificate, that are told.
const MAX_CHAIN: usize = 16;
const MAX_NAMES: usize = 256;
/// The most characters of a name that are told.
const MAX_NAME_CHARS: usize = 512;

/// A chain as it was sent. What cannot be read has its digest and nothing else.
pub(super) fn chain(chain: &[CertificateDer<'_>]) -> Vec<CertificateInfo> {
    chain.iter().take(MAX_CHAIN).map(|der| info(der)).collect()
}

/// What a certificate in DER says; only its digest when it cannot be read.
pub fn info(der: &[u8]) -> CertificateInfo {
    let sha256 = hex(ring::digest::digest(&ring::digest::SHA256, der).as_ref());
    let Ok((_, certificate)) = X509Certificate::from_der(der) else {
        return CertificateInfo { sha256, ..CertificateInfo::default() };
    };
    let validity = certificate.validity();
    let names = match certificate.subject_alternative_name() {
        Ok(Some(names)) => {
            names.value.general_names.iter().filter_map(general_name).take(MAX_NAMES).collect()
        }
        _ => Vec::new(),
    };
    CertificateInfo {
        subject: name(certificate.subject()),
        issuer: name(certificate.issuer()),
        names,
        not_before_unix_s: validity.not_before.timestamp(),
        not_after_unix_s: validity.not_after.timestamp(),
        serial: hex(certificate.raw_serial()),
        sha256,
    }
}

/// A distinguished name in DER, as servers list the authorities they accept.
pub(super) fn distinguished_name(der: &[u8]) -> Option<String> {
    X509Name::from_der(der).ok().map(|(_, parsed)| name(&parsed)).filter(|name| !name.is_empty())
}

fn name(name: &X509Name<'_>) -> String {
    printable(&name.to_string())
}

fn general_name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) | GeneralName::URI(name) | GeneralName::RFC822Name(name) => {
            Some(printable(name))
        }
        GeneralName::IPAddress(bytes) => match **bytes {
            [a, b, c, d] => Some(IpAddr::from([a, b, c, d]).to_string()),
            ref long => <[u8; 16]>::try_from(long).ok().map(|ip| IpAddr::from(ip).to_string()),
        },
        _ => None,
    }
}

/// Peers write these texts: none may move a terminal's cursor or fill a screen.
fn printable(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars().take(MAX_NAME_CHARS) {
        match letter.is_control() {
            true => out.extend(letter.escape_default()),
            false => out.push(letter),
        }
    }
    out
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_has_its_digest() {
        let info = info(b"abc");
        assert_eq!(info.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(CertificateInfo { sha256: String::new(), ..info }, CertificateInfo::default());
    }

    #[test]
    fn nothing_moves_a_cursor() {
        assert_eq!(printable("a\u{1b}[2Jb\u{9b}\n"), "a\\u{1b}[2Jb\\u{9b}\\n");
        assert_eq!(printable(&"ü".repeat(600)).chars().count(), MAX_NAME_CHARS);
    }

    proptest::proptest! {
        #[test]
        fn anything_is_read(der in proptest::collection::vec(0_u8.., 0..200)) {
            info(&der);
            distinguished_name(&der);
        }
    }
}
