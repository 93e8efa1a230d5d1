//! The handshake of one connection, and what is known of its peer afterwards, however it ended.

use super::certificate;
use super::explain;
use super::trust::Trust;
use super::verify::Verifier;
use crate::endpoint::Target;
use crate::explain::Failure;
use crate::http::Http;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{AlertDescription, ClientConfig};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use wirelab_model::TlsInfo;

/// What a handshake learnt of the peer, also when it failed.
pub(crate) struct Met {
    pub(super) trust: Trust,
    /// Whom it asked for.
    pub(super) name: String,
    /// What it was to speak inside.
    pub(super) http: Http,
    seen: Mutex<Seen>,
}

#[derive(Clone, Default)]
pub(super) struct Seen {
    /// The peer's certificates as it sent them, its own first.
    pub chain: Vec<CertificateDer<'static>>,
    /// Whether it asked for a client certificate, and got one.
    pub client: Client,
    /// Names of the authorities whose client certificates it takes, where it says so.
    pub authorities: Vec<String>,
    /// Why it ended the connection after the handshake: TLS 1.3 refuses a client certificate no sooner.
    pub alert: Option<AlertDescription>,
}

/// How far a client certificate came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Client {
    #[default]
    NotAsked,
    NotSent,
    Sent,
}

/// The most authorities of a server's list that are remembered.
const MAX_AUTHORITIES: usize = 8;

impl Met {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All that was seen so far.
    pub(super) fn seen(&self) -> Seen {
        self.lock().clone()
    }

    pub(super) fn showed(&self, own: &CertificateDer<'_>, others: &[CertificateDer<'_>]) {
        let chain = std::iter::once(own).chain(others);
        self.lock().chain = chain.map(|der| der.clone().into_owned()).collect();
    }

    pub(super) fn asked(&self, authorities: &[&[u8]], sent: bool) {
        let names = authorities.iter().take(MAX_AUTHORITIES);
        let mut seen = self.lock();
        seen.authorities = names.filter_map(|der| certificate::distinguished_name(der)).collect();
        seen.client = if sent { Client::Sent } else { Client::NotSent };
    }

    fn failed(&self, error: &io::Error) {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
        if let Some(rustls::Error::AlertReceived(alert)) = inner {
            self.lock().alert = Some(*alert);
        }
    }

    /// Why the peer ended a connection on which it had not said anything: because of the client certificate, as far
    /// as can be told; none when TLS has nothing to do with it.
    pub fn refused(&self, target: &Target) -> Option<Failure> {
        explain::refused(target, self)
    }
}

/// Agrees on TLS with the peer of `stream`, waiting until `until`.
///
/// # Errors
/// UNAVAILABLE with a problem that says what is known of the peer and what to try.
pub(crate) async fn secure<S>(
    target: &Target,
    trust: &Trust,
    http: Http,
    stream: S,
    until: Instant,
) -> Result<Secured<S>, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let options = &trust.0.options;
    let name = options.server_name.as_deref().unwrap_or(target.host()).to_owned();
    let met = Arc::new(Met { trust: trust.clone(), name, http, seen: Mutex::default() });
    let server = ServerName::try_from(met.name.clone())
        .map_err(|_| explain::no_name(&met.name, options.server_name.is_some()))?;
    let fail = |error: &io::Error| explain::failed(target, error, &met);
    let config = config(&met).map_err(|error| fail(&io::Error::other(error)))?;
    match timeout_at(until, TlsConnector::from(Arc::new(config)).connect(server, stream)).await {
        Ok(Ok(stream)) => Ok(Secured { stream, met }),
        Ok(Err(error)) => Err(fail(&error)),
        Err(_) => Err(fail(&io::ErrorKind::TimedOut.into())),
    }
}

fn config(met: &Arc<Met>) -> Result<ClientConfig, rustls::Error> {
    let verifier = Arc::new(Verifier { trust: met.trust.clone(), met: met.clone() });
    let mut config = ClientConfig::builder_with_provider(met.trust.0.provider.clone())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier.clone())
        .with_client_cert_resolver(verifier);
    config.alpn_protocols = met.http.alpn();
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

/// A stream inside TLS.
pub(crate) struct Secured<S> {
    stream: TlsStream<S>,
    met: Arc<Met>,
}

impl<S> Secured<S> {
    /// What is known of the peer.
    pub fn met(&self) -> Arc<Met> {
        self.met.clone()
    }

    /// The protocol that ALPN agreed on (RFC 7301).
    pub fn alpn(&self) -> Option<&[u8]> {
        self.stream.get_ref().1.alpn_protocol()
    }

    /// What was agreed on.
    pub fn info(&self) -> TlsInfo {
        let connection = self.stream.get_ref().1;
        let version = connection.protocol_version().and_then(|version| version.as_str());
        let cipher =
            connection.negotiated_cipher_suite().and_then(|cipher| cipher.suite().as_str());
        let alpn = connection.alpn_protocol().unwrap_or_default();
        let seen = self.met.lock();
        TlsInfo {
            version: version.unwrap_or_default().replace('_', "."),
            cipher: cipher.unwrap_or_default().to_owned(),
            alpn: String::from_utf8_lossy(alpn).into_owned(),
            server_name: self.met.name.clone(),
            insecure: self.met.trust.0.options.insecure,
            client_certificate: seen.client == Client::Sent,
            chain: certificate::chain(&seen.chain),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Secured<S> {
    /// Looks for an alert when writing fails: the peer may have said why before it closed the connection.
    fn listen(&mut self, cx: &mut Context<'_>) {
        let mut scratch = [0; 256];
        let mut scratch = ReadBuf::new(&mut scratch);
        if let Poll::Ready(Err(error)) = Pin::new(&mut self.stream).poll_read(cx, &mut scratch) {
            self.met.failed(&error);
        }
    }

    fn wrote<T>(&mut self, cx: &mut Context<'_>, poll: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if matches!(poll, Poll::Ready(Err(_))) {
            self.listen(cx);
        }
        poll
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Secured<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_read(cx, buf);
        if let Poll::Ready(Err(error)) = &poll {
            self.met.failed(error);
        }
        poll
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Secured<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.wrote(cx, poll)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.wrote(cx, poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_flush(cx);
        self.wrote(cx, poll)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
