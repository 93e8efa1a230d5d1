//! Verifies the peer of one connection and remembers whom it showed.

use super::handshake::Met;
use super::trust::Trust;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, verify_server_name};
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use std::fmt;
use std::sync::Arc;

/// Both of what rustls asks about certificates, for one connection.
pub(super) struct Verifier {
    pub trust: Trust,
    pub met: Arc<Met>,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("options", &self.trust.0.options).finish_non_exhaustive()
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.met.showed(end_entity, intermediates);
        let trusted = &self.trust.0;
        if trusted.options.insecure {
            return Ok(ServerCertVerified::assertion());
        }
        let Some(verifier) = &trusted.verifier else {
            return Err(CertificateError::UnknownIssuer.into());
        };
        match verifier.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        ) {
            // webpki wants an authority and a server to have two certificates. Whoever names the server's own as the
            // authority means it; its dates were checked before this error comes, its name is here.
            Err(Error::InvalidCertificate(
                CertificateError::UnknownIssuer | CertificateError::Other(_),
            )) if trusted.pinned.iter().any(|pinned| pinned == end_entity) => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let trusted = &self.trust.0;
        if trusted.options.insecure {
            // The key belongs to nobody in particular; certificates that webpki cannot read get by too.
            return Ok(HandshakeSignatureValid::assertion());
        }
        let algorithms = &trusted.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let trusted = &self.trust.0;
        if trusted.options.insecure {
            return Ok(HandshakeSignatureValid::assertion());
        }
        let algorithms = &trusted.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.trust.0.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl ResolvesClientCert for Verifier {
    fn resolve(
        &self,
        authorities: &[&[u8]],
        schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        let identity = self.trust.0.identity.as_ref();
        let usable = identity.filter(|identity| identity.key.choose_scheme(schemes).is_some());
        self.met.asked(authorities, usable.is_some());
        usable.cloned()
    }

    fn has_certs(&self) -> bool {
        self.trust.0.identity.is_some()
    }
}
