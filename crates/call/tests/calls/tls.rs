//! TLS with certificates made for the test.

use crate::support::*;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use wirelab_call::Client;
use wirelab_model::{CallEventKind, CallKind, CallSpec, ProblemKind, Tls};

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new([]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn trusting(authority: &CertifiedIssuer<'static, KeyPair>) -> Client {
    Client::with_roots(vec![authority.der().clone()])
}

struct Certificate {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

fn certificate(
    authority: &CertifiedIssuer<'static, KeyPair>,
    name: &str,
    change: impl FnOnce(&mut CertificateParams),
) -> Certificate {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    Certificate {
        chain: vec![certificate.der().clone()],
        key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
    }
}

/// Serves over TLS; gives the port.
async fn secure(certificate: Certificate, alpn: &'static [u8]) -> (Server, String) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certificate.chain, certificate.key)
        .unwrap();
    config.alpn_protocols = vec![alpn.to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
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

fn over_tls(address: &str) -> CallSpec {
    let mut spec = spec(address, CallKind::Unary);
    spec.endpoint.tls = Tls::System;
    spec
}

#[tokio::test]
async fn trusted() {
    let authority = authority("known");
    let (_server, port) = secure(certificate(&authority, "localhost", |_| {}), b"h2").await;
    let client = trusting(&authority);
    let first = call(&client, over_tls(&format!("localhost:{port}")), &[b"abc"]).await;
    assert_eq!(
        first.steps(),
        "resolved connected secured sent:3 half-closed headers received:4 trailers OK"
    );
    let info = first.events.iter().find_map(|event| match &event.kind {
        CallEventKind::Secured(info) => Some(info),
        _ => None,
    });
    let info = info.unwrap();
    assert_eq!((info.version.as_str(), info.alpn.as_str()), ("TLSv1.3", "h2"));
    assert!(info.cipher.starts_with("TLS13_"), "{}", info.cipher);
    // The scheme says the same, so it is the same connection.
    let again = call(&client, spec(&format!("https://localhost:{port}"), CallKind::Unary), &[b""]);
    assert_eq!(again.await.steps(), "reused sent:0 half-closed headers received:4 trailers OK");
}

#[tokio::test]
async fn by_address() {
    let authority = authority("known");
    let (server, _) = secure(certificate(&authority, "127.0.0.1", |_| {}), b"h2").await;
    let call = call(&trusting(&authority), over_tls(&server.address), &[b""]).await;
    assert_eq!(call.status().name(), "OK");
}

#[tokio::test]
async fn not_trusted() {
    let known = authority("known");
    let stranger = authority("stranger");
    let past = |params: &mut CertificateParams| {
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2002, 1, 1);
    };
    let future = |params: &mut CertificateParams| {
        params.not_before = date_time_ymd(2999, 1, 1);
        params.not_after = date_time_ymd(3000, 1, 1);
    };
    let table = [
        (
            certificate(&stranger, "localhost", |_| {}),
            &b"h2"[..],
            "the certificate of `localhost` is not signed by an authority that this machine trusts",
            "add the authority",
        ),
        (
            certificate(&known, "elsewhere.test", |_| {}),
            b"h2",
            "the certificate is not for the name `localhost`",
            "elsewhere.test",
        ),
        (
            certificate(&known, "localhost", past),
            b"h2",
            "the certificate of `localhost` has expired",
            "renew",
        ),
        (
            certificate(&known, "localhost", future),
            b"h2",
            "the certificate of `localhost` is not valid yet",
            "clock",
        ),
        (
            certificate(&known, "localhost", |_| {}),
            b"http/1.1",
            "localhost:PORT speaks TLS, but offers no HTTP/2, which gRPC needs",
            "port of the gRPC server",
        ),
    ];
    for (certificate, alpn, message, help) in table {
        let (_server, port) = secure(certificate, alpn).await;
        let spec = over_tls(&format!("localhost:{port}"));
        let call = call(&trusting(&known), spec, &[b""]).await;
        assert_eq!(call.steps(), "resolved connected UNAVAILABLE", "{message}");
        assert_eq!(call.problem().kind, ProblemKind::Tls);
        assert_eq!(call.problem().message.replace(&port, "PORT"), message);
        let got = call.problem().help.as_deref().unwrap();
        assert!(got.contains(help), "{message}: {got}");
    }
}

#[tokio::test]
async fn called_in_plaintext() {
    let (server, _) = secure(certificate(&authority("known"), "localhost", |_| {}), b"h2").await;
    let call = call(&Client::new(), spec(&server.address, CallKind::Unary), &[b""]).await;
    assert_eq!(call.problem().kind, ProblemKind::Tls);
    assert_eq!(call.problem().help.as_deref(), Some("turn TLS on, or use https://"));
}
