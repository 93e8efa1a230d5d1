//! Client certificates: files of every form, and servers that take or refuse them.

use crate::certificates::*;
use crate::support::*;
use rcgen::{CertificateParams, date_time_ymd};
use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};
use wirelab_call::Client;
use wirelab_model::{CallEventKind, CallKind, Tls, TlsOptions};

/// A client certificate is refused in the handshake by TLS 1.2 and after it by 1.3.
static VERSIONS: [&[&SupportedProtocolVersion]; 2] = [&[&TLS12], &[&TLS13]];

/// Calls a server, which must be at `localhost`.
async fn with(options: TlsOptions, port: &str) -> Call {
    let mut spec = spec(&format!("localhost:{port}"), CallKind::Unary);
    spec.endpoint.tls = Tls::System;
    spec.endpoint.tls_options = options;
    call(&Client::new(), spec, &[b""]).await
}

fn told(call: &Call, port: &str) -> String {
    let problem = call.problem();
    let text = format!("{}; {}", problem.message, problem.help.as_deref().unwrap_or_default());
    text.replace(&format!("localhost:{port}"), "localhost:PORT")
}

fn secured(call: &Call) -> bool {
    let sent = call.events.iter().find_map(|event| match &event.kind {
        CallEventKind::Secured(info) => Some(info.client_certificate),
        _ => None,
    });
    sent.unwrap_or_else(|| panic!("{}: {:?}", call.steps(), call.status()))
}

#[tokio::test]
async fn keys_of_every_form() {
    let authority = authority("root");
    let folder = Folder::new();
    let ca = Some(folder.certificates("ca.pem", &[authority.der()]));
    let rsa = certificate_for(&authority, "rsa", "rsa-pkcs8.pem");
    let ec = certificate_for(&authority, "ec", "p256-pkcs8.pem");
    let table = [
        (&rsa, Some("rsa-pkcs8.pem")),
        (&rsa, Some("rsa-pkcs1.pem")),
        (&ec, Some("p256-pkcs8.pem")),
        (&ec, Some("p256-sec1.pem")),
        // Both in one file.
        (&ec, None),
    ];
    for version in VERSIONS {
        let certificate = certificate(&authority, "localhost", |_| {});
        let server =
            Secure { clients: Some(&authority), versions: version, ..Secure::new(certificate) };
        let (_server, port) = server.serve().await;
        for (cert, key) in table {
            let key_text =
                std::fs::read_to_string(key_file(key.unwrap_or("p256-sec1.pem"))).unwrap();
            let options = TlsOptions {
                ca: ca.clone(),
                cert: Some(match key {
                    Some(_) => folder.file("cert.pem", cert),
                    None => folder.file("both.pem", format!("{key_text}{cert}")),
                }),
                key: key.map(key_file),
                ..TlsOptions::default()
            };
            let call = with(options, &port).await;
            assert_eq!(call.status().name(), "OK", "{key:?}: {:?}", call.status());
            assert!(secured(&call), "{key:?}");
        }
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_asks_for_is_not_sent() {
    let authority = authority("root");
    let folder = Folder::new();
    let options = TlsOptions {
        ca: Some(folder.certificates("ca.pem", &[authority.der()])),
        cert: Some(folder.file("cert.pem", certificate_for(&authority, "me", "p256-pkcs8.pem"))),
        key: Some(key_file("p256-pkcs8.pem")),
        ..TlsOptions::default()
    };
    let (_server, port) = Secure::new(certificate(&authority, "localhost", |_| {})).serve().await;
    let call = with(options, &port).await;
    assert_eq!(call.status().name(), "OK");
    assert!(!secured(&call));
}

#[tokio::test]
async fn refused() {
    let root = authority("root");
    let stranger = authority("stranger");
    let folder = Folder::new();
    let past = |params: &mut CertificateParams| {
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2002, 1, 1);
    };
    let table = [
        (
            None,
            "localhost:PORT wants a client certificate; give one (--cert FILE --key FILE, or in the TLS \
             settings); it takes those signed by CN=root",
        ),
        (
            Some(certificate(&stranger, "me", |_| {})),
            "localhost:PORT does not trust the client certificate `CN=a server`; give one signed by an authority \
             that it knows, which `CN=stranger` is not; it takes those signed by CN=root",
        ),
        (
            Some(certificate(&root, "me", past)),
            "localhost:PORT refused the client certificate `CN=a server`, which expired on 2002-01-01; give one \
             that is valid",
        ),
    ];
    for version in VERSIONS {
        for (client, want) in &table {
            let certificate = certificate(&root, "localhost", |_| {});
            let server =
                Secure { clients: Some(&root), versions: version, ..Secure::new(certificate) };
            let (_server, port) = server.serve().await;
            let mut options = TlsOptions {
                ca: Some(folder.certificates("ca.pem", &[root.der()])),
                ..TlsOptions::default()
            };
            if let Some(client) = client {
                options.cert = Some(folder.certificates("cert.pem", &[&client.chain[0]]));
                let key = pem("PRIVATE KEY", client.key.secret_der());
                options.key = Some(folder.file("key.pem", key));
            }
            let call = with(options, &port).await;
            assert_eq!(call.status().name(), "UNAVAILABLE");
            assert_eq!(told(&call, &port), *want, "{}", call.steps());
        }
    }
}

#[tokio::test]
async fn files_that_will_not_do() {
    let authority = authority("root");
    let folder = Folder::new();
    let cert = folder.file("cert.pem", certificate_for(&authority, "me", "p256-pkcs8.pem"));
    let key = key_file("p256-pkcs8.pem");
    let torn = certificate_for(&authority, "me", "p256-pkcs8.pem").replace("-----END", "");
    let torn = folder.file("torn.pem", torn);
    let der = folder.file("ca.der", authority.der());
    let empty = folder.file("empty.pem", "");
    let nonsense = folder.file("nonsense.pem", pem("CERTIFICATE", b"nonsense"));
    let missing = folder.path("missing.pem");
    let ca = |path: &str| TlsOptions { ca: Some(path.into()), ..TlsOptions::default() };
    let pair = |cert: Option<&str>, key: Option<&str>| TlsOptions {
        cert: cert.map(Into::into),
        key: key.map(Into::into),
        ..TlsOptions::default()
    };
    let with_key = |key: &str| pair(Some(&cert), Some(&key_file(key)));
    let table = [
        (ca(&missing), "the CA file is not there; check the path"),
        (ca(&folder.path("")), "the CA file cannot be read: "),
        (ca(&empty), "the CA file holds no certificate; give a PEM file"),
        (ca(&der), "the CA file holds no certificate; it is not PEM: convert DER"),
        (ca(&key), "the CA file holds no certificate; it holds a private key"),
        (ca(&torn), "the CA file is not PEM: a section has no end; copy it again"),
        (ca(&nonsense), "no certificate in the CA file can be read; it may be damaged"),
        (pair(Some(&cert), None), "the client certificate has no key; name the file"),
        (pair(None, Some(&key)), "the client's key has no certificate; name the file"),
        (pair(Some(&missing), Some(&key)), "the client certificate's file is not there; check"),
        (pair(Some(&cert), Some(&missing)), "the key file is not there; check the path"),
        (
            pair(Some(&key), Some(&cert)),
            "the client certificate's file holds no certificate; it holds a private key",
        ),
        (pair(Some(&nonsense), Some(&key)), "the client certificate cannot be read: "),
        (pair(Some(&cert), Some(&cert)), "there is no private key; it holds a certificate"),
        (with_key("rsa-pkcs8.pem"), "the key does not belong to the certificate in "),
        (with_key("rsa-encrypted.pem"), "the private key is encrypted; decrypt it"),
        (with_key("rsa-encrypted-pkcs1.pem"), "the private key is encrypted; decrypt it"),
        (with_key("rsa-public.pem"), "there is no private key; it holds a public key"),
        (with_key("openssh.pem"), "there is no private key; it is in OpenSSH's own form"),
        (with_key("p521.pem"), "the private key is damaged or of a kind that is not supported; "),
        (
            TlsOptions { server_name: Some("a b".into()), ..TlsOptions::default() },
            "`a b` is not a name that TLS can ask for; write the host name",
        ),
    ];
    let (_server, port) = Secure::new(certificate(&authority, "localhost", |_| {})).serve().await;
    for (options, want) in table {
        let call = with(options, &port).await;
        assert_eq!(call.status().name(), "INVALID_ARGUMENT", "{want}: {:?}", call.status());
        assert!(told(&call, &port).starts_with(want), "{} is not {want}", told(&call, &port));
        let path = call.problem().path.as_deref();
        assert!(path.is_some() || want.contains("a name"), "{want} names no file");
    }
}
