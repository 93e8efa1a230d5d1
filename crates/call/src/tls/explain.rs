//! Says why TLS failed, with what is known of the peer.

use super::certificate;
use super::handshake::{Client, Met, Seen};
use crate::endpoint::Target;
use crate::explain::{self, Failure};
use crate::http::Http;
use rustls::{AlertDescription, CertificateError, Error, PeerIncompatible};
use std::io;
use std::time::{SystemTime, UNIX_EPOCH};
use wirelab_model::{CertificateInfo, Problem, ProblemKind, StatusCode, utc_date};

/// What happened, and what to try.
type Sentence = (String, String);

fn unavailable(target: &Target, (message, help): Sentence) -> Failure {
    let problem = Problem::new(ProblemKind::Tls, message).help(help).at(target.to_string());
    explain::failure(StatusCode::Unavailable, problem)
}

/// No name to ask for.
pub(super) fn no_name(name: &str, overridden: bool) -> Failure {
    let problem = Problem::new(
        ProblemKind::Mismatch,
        format!("`{}` is not a name that TLS can ask for", name.escape_debug()),
    );
    explain::refused(problem.help(match overridden {
        true => "write the host name or IP address in the certificate, without a port",
        false => "use a host name or an IP address, or name the server by --servername",
    }))
}

/// The handshake failed.
pub(super) fn failed(target: &Target, error: &io::Error, met: &Met) -> Failure {
    let seen = met.seen();
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    let sentence = match inner {
        Some(Error::InvalidCertificate(wrong)) => Peer::new(met, &seen).wrong(wrong),
        Some(Error::AlertReceived(alert)) => alerted(target, *alert, met, &seen),
        Some(Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        )) => old_version(target),
        Some(Error::PeerIncompatible(_)) => no_cipher(target),
        Some(Error::InvalidMessage(_)) => (
            format!("{target} does not speak TLS"),
            "turn TLS off (--plaintext, or http://), or check the port".to_owned(),
        ),
        Some(other) => (
            format!("TLS with {target} failed: {other}"),
            "check the port and the server's TLS settings".to_owned(),
        ),
        None if !seen.chain.is_empty() => client_certificate(target, None, met, &seen)
            .unwrap_or_else(|| {
                (
                    format!("{target} ended the connection in the middle of the TLS handshake"),
                    "look at the server's log".to_owned(),
                )
            }),
        None => {
            let what = match error.kind() {
                io::ErrorKind::TimedOut => "accepted the connection, but did not answer TLS",
                _ => "ended the connection during the TLS handshake",
            };
            (
                format!("{target} {what}"),
                "it may be a plaintext server: turn TLS off (--plaintext, or http://), or check the port"
                    .to_owned(),
            )
        }
    };
    unavailable(target, sentence)
}

/// The peer ended the connection without a word of HTTP.
pub(super) fn refused(target: &Target, met: &Met) -> Option<Failure> {
    let seen = met.seen();
    let sentence = match seen.alert {
        Some(alert) => Some(alerted(target, alert, met, &seen)),
        None => client_certificate(target, None, met, &seen),
    };
    sentence.map(|sentence| unavailable(target, sentence))
}

fn old_version(target: &Target) -> Sentence {
    (
        format!("{target} speaks only versions of TLS that are too old"),
        "let the server speak TLS 1.2 or 1.3: those before are broken and not supported".to_owned(),
    )
}

fn no_cipher(target: &Target) -> Sentence {
    (
        format!("{target} and Wirelab have no TLS cipher or key exchange in common"),
        "let the server offer a modern one, such as ECDHE with AES-GCM or ChaCha20-Poly1305"
            .to_owned(),
    )
}

/// The peer said why.
fn alerted(target: &Target, alert: AlertDescription, met: &Met, seen: &Seen) -> Sentence {
    use AlertDescription as A;
    match alert {
        A::NoApplicationProtocol => match met.http {
            Http::Two => (
                format!("{target} speaks TLS, but offers no HTTP/2, which gRPC needs"),
                "check that this is the port of the gRPC server".to_owned(),
            ),
            Http::One => {
                (format!("{target} speaks TLS, but offers no HTTP/1.1"), "choose HTTP/2".to_owned())
            }
            Http::Agreed => (
                format!("{target} speaks TLS, but inside it neither HTTP/2 nor HTTP/1.1"),
                "check the port, another kind of server is there".to_owned(),
            ),
        },
        A::ProtocolVersion => old_version(target),
        A::InsufficientSecurity => no_cipher(target),
        A::UnrecognisedName => (
            format!("{target} has no certificate for the name `{}`", met.name),
            "ask for a name that it knows (--servername NAME, or in the TLS settings)".to_owned(),
        ),
        A::InternalError => (
            format!("{target} cannot do TLS: it reports an internal error"),
            "look at the server's log: its certificate or key may be missing or wrong".to_owned(),
        ),
        A::HandshakeFailure if seen.client == Client::NotAsked => (
            format!("{target} refused the TLS handshake"),
            "it may have no cipher in common with Wirelab, or speak no TLS as new as 1.2"
                .to_owned(),
        ),
        _ => client_certificate(target, Some(alert), met, seen).unwrap_or_else(|| {
            (format!("{target} refused TLS ({alert:?})"), "look at the server's log".to_owned())
        }),
    }
}

/// The peer asked for a client certificate and then ended the connection.
fn client_certificate(
    target: &Target,
    alert: Option<AlertDescription>,
    met: &Met,
    seen: &Seen,
) -> Option<Sentence> {
    use AlertDescription as A;
    let accepted = match &*seen.authorities {
        [] => String::new(),
        names => format!("; it takes those signed by {}", list(names)),
    };
    let own = met.trust.0.identity.as_ref().and_then(|identity| identity.cert.first());
    let own = own.map(|der| certificate::info(der)).unwrap_or_default();
    let (subject, issuer) = (&own.subject, &own.issuer);
    match seen.client {
        Client::NotAsked => None,
        Client::NotSent => Some((
            format!("{target} wants a client certificate"),
            match subject.is_empty() {
                true => {
                    format!("give one (--cert FILE --key FILE, or in the TLS settings){accepted}")
                }
                false => format!(
                    "give one with a key of another kind than that of `{subject}`{accepted}"
                ),
            },
        )),
        Client::Sent => Some(match alert {
            Some(A::UnknownCA) => (
                format!("{target} does not trust the client certificate `{subject}`"),
                format!(
                    "give one signed by an authority that it knows, which `{issuer}` is not{accepted}"
                ),
            ),
            _ if own.not_after_unix_s < now_unix_s() => (
                format!(
                    "{target} refused the client certificate `{subject}`, which expired on {}",
                    utc_date(own.not_after_unix_s)
                ),
                "give one that is valid".to_owned(),
            ),
            Some(A::CertificateRevoked) => (
                format!("{target} says that the client certificate `{subject}` was revoked"),
                "give another".to_owned(),
            ),
            Some(alert) => (
                format!("{target} refused the client certificate `{subject}` ({alert:?})"),
                format!("give one that it takes, or look at its log{accepted}"),
            ),
            None => (
                format!(
                    "{target} closed the connection after it got the client certificate `{subject}`"
                ),
                format!("it may not trust it: look at its log{accepted}"),
            ),
        }),
    }
}

/// A peer whose certificates were not believed.
struct Peer<'a> {
    met: &'a Met,
    name: &'a str,
    chain: Vec<CertificateInfo>,
}

impl<'a> Peer<'a> {
    fn new(met: &'a Met, seen: &Seen) -> Self {
        Peer { met, name: &met.name, chain: certificate::chain(&seen.chain) }
    }

    fn wrong(&self, wrong: &CertificateError) -> Sentence {
        let Peer { name, .. } = self;
        match wrong {
            CertificateError::UnknownIssuer => self.unknown(),
            CertificateError::BadSignature
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => (
                format!(
                    "the certificate of `{name}` is not signed by the `{}` that is trusted",
                    self.issuer()
                ),
                "an authority of the same name but with another key signed it: get its certificate anew"
                    .to_owned(),
            ),
            CertificateError::NotValidForName => self.other_name(&[]),
            CertificateError::NotValidForNameContext { presented, .. } => {
                self.other_name(presented)
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                let now = now_unix_s();
                self.dated(|certificate| {
                    let end = certificate.not_after_unix_s;
                    (end < now).then(|| format!("expired on {}", utc_date(end)))
                })
                .unwrap_or_else(|| (format!("the certificate of `{name}` has expired"), renew("")))
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                let now = now_unix_s();
                let (message, _) = self
                    .dated(|certificate| {
                        let begin = certificate.not_before_unix_s;
                        (begin > now).then(|| format!("is not valid before {}", utc_date(begin)))
                    })
                    .unwrap_or_else(|| {
                        (format!("the certificate of `{name}` is not valid yet"), String::new())
                    });
                (message, "check this machine's clock, and the server's certificate".to_owned())
            }
            CertificateError::Revoked => (
                format!("the certificate of `{name}` was revoked"),
                "do not trust this server: ask who runs it".to_owned(),
            ),
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => (
                format!("the certificate of `{name}` is not meant for servers"),
                "give the server one whose extended key usage allows server authentication"
                    .to_owned(),
            ),
            // An authority's certificate as the server's own, most often one that signed itself.
            CertificateError::Other(_) if self.is_self_signed() => self.unknown(),
            other => (
                format!("the certificate of `{name}` is not trusted: {other}"),
                format!("make the server's certificate anew; {LAST_RESORT}"),
            ),
        }
    }

    fn own(&self) -> CertificateInfo {
        self.chain.first().cloned().unwrap_or_default()
    }

    /// Who signed the last certificate of the chain.
    fn issuer(&self) -> &str {
        self.chain.last().map_or("", |certificate| certificate.issuer.as_str())
    }

    fn is_self_signed(&self) -> bool {
        let own = self.own();
        !own.subject.is_empty() && own.subject == own.issuer
    }

    fn unknown(&self) -> Sentence {
        let Peer { met, name, chain } = self;
        let trusted = &met.trust.0;
        let ca = trusted.options.ca.as_deref();
        if trusted.roots == 0 && ca.is_none() {
            return (
                "this machine has no root certificates, so no server can be trusted".to_owned(),
                "install the package `ca-certificates`, or name a CA file (--cacert FILE)"
                    .to_owned(),
            );
        }
        let by = match (self.is_self_signed(), self.issuer()) {
            (true, _) => "by itself".to_owned(),
            (false, "") => "by an authority".to_owned(),
            (false, issuer) => format!("by `{issuer}`"),
        };
        let missing = match (self.is_self_signed(), &**chain) {
            (false, [_]) => ", or let the server send its intermediate certificates too",
            _ => "",
        };
        match ca {
            None => (
                format!(
                    "the certificate of `{name}` is signed {by}, which this machine does not trust"
                ),
                format!(
                    "name a file with that authority's certificate (--cacert FILE, or in the TLS settings){missing}"
                ),
            ),
            Some(ca) => (
                format!("the certificate of `{name}` is signed {by}, which is not in {ca}"),
                format!(
                    "add that authority's certificate to the CA file, or name another{missing}"
                ),
            ),
        }
    }

    fn other_name(&self, presented: &[String]) -> Sentence {
        let message = format!("the certificate is not for the name `{}`", self.name);
        let own = self.own();
        let names = if own.names.is_empty() { presented } else { &own.names };
        let help = match names {
            [] => format!(
                "its certificate holds no names; give the server one that does; {LAST_RESORT}"
            ),
            names => format!(
                "call the server by a name that its certificate holds, or verify that one (--servername NAME): {}",
                list(names)
            ),
        };
        (message, help)
    }

    /// Says which certificate of the chain is out of its time, as `when` words it.
    fn dated(&self, when: impl Fn(&CertificateInfo) -> Option<String>) -> Option<Sentence> {
        self.chain.iter().enumerate().find_map(|(index, certificate)| {
            let when = when(certificate)?;
            let whose = match index {
                0 => format!("the certificate of `{}`", self.name),
                _ => format!(
                    "`{}`, which the certificate of `{}` rests on,",
                    certificate.subject, self.name
                ),
            };
            Some((format!("{whose} {when}"), renew(&certificate.issuer)))
        })
    }
}

const LAST_RESORT: &str = "as a last resort, --insecure verifies nothing";

fn renew(issuer: &str) -> String {
    let by = if issuer.is_empty() { String::new() } else { format!(" by `{issuer}`") };
    format!("have it renewed{by}, or check this machine's clock; {LAST_RESORT}")
}

/// The first few of many.
fn list(names: &[String]) -> String {
    const SHOWN: usize = 6;
    let shown = names.get(..SHOWN).unwrap_or(names).join(", ");
    match names.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("{shown} and {more} more"),
        _ => shown,
    }
}

fn now_unix_s() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}
