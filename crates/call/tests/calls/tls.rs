//! TLS with certificates made for the test.

use crate::certificates::*;
use crate::support::*;
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, date_time_ymd};
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wirelab_call::Client;
use wirelab_model::{CallEventKind, CallKind, CallSpec, ProblemKind, Tls, TlsInfo, TlsOptions};

fn trusting(authority: &Authority) -> Client {
    Client::with_roots(vec![authority.der().clone()])
}

fn over_tls(address: &str, options: TlsOptions) -> CallSpec {
    let mut spec = spec(address, CallKind::Unary);
    spec.endpoint.tls = Tls::System;
    spec.endpoint.tls_options = options;
    spec
}

/// Calls `localhost` at a port.
async fn local(client: &Client, port: &str, options: TlsOptions) -> Call {
    call(client, over_tls(&format!("localhost:{port}"), options), &[b"abc"]).await
}

fn info(call: &Call) -> TlsInfo {
    let found = call.events.iter().find_map(|event| match &event.kind {
        CallEventKind::Secured(info) => Some(info.clone()),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("{}: {:?}", call.steps(), call.status()))
}

/// What went wrong and what to try, with the port left out.
fn told(call: &Call, port: &str) -> String {
    let problem = call.problem();
    let text = format!("{}; {}", problem.message, problem.help.as_deref().unwrap());
    text.replace(&format!("localhost:{port}"), "localhost:PORT")
}

fn past(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2001, 1, 1);
    params.not_after = date_time_ymd(2002, 1, 1);
}

fn future(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2999, 1, 1);
    params.not_after = date_time_ymd(3000, 1, 1);
}

fn same(_: &mut CertificateParams) {}

#[tokio::test]
async fn trusted() {
    let root = authority("root");
    let middle = intermediate("middle", &root, same);
    let mut certificate = certificate(&middle, "localhost", |params| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2999, 12, 31);
        params.serial_number = Some(vec![1, 0xab].into());
    });
    certificate.chain.push(middle.der().clone());
    let (_server, port) = Secure::new(certificate).serve().await;
    let client = trusting(&root);
    let first = local(&client, &port, TlsOptions::default()).await;
    assert_eq!(
        first.steps(),
        "resolved connected secured sent:3 half-closed headers received:4 trailers OK"
    );
    let info = info(&first);
    assert_eq!((info.version.as_str(), info.alpn.as_str()), ("TLSv1.3", "h2"));
    assert!(info.cipher.starts_with("TLS13_"), "{}", info.cipher);
    assert_eq!(info.server_name, "localhost");
    assert!(!info.insecure && !info.client_certificate);
    let [own, signer] = &*info.chain else { panic!("{:?}", info.chain) };
    assert_eq!((own.subject.as_str(), own.issuer.as_str()), ("CN=a server", "CN=middle"));
    assert_eq!((signer.subject.as_str(), signer.issuer.as_str()), ("CN=middle", "CN=root"));
    assert_eq!((&*own.names, own.serial.as_str()), (&["localhost".to_owned()][..], "01ab"));
    assert_eq!((own.not_before_unix_s, own.not_after_unix_s), (1_577_836_800, 32_503_593_600));
    assert_eq!(info.warnings(1_795_300_000), []);
    // The scheme says the same, so it is the same connection, although of another endpoint.
    let again = call(&client, spec(&format!("https://localhost:{port}"), CallKind::Unary), &[b""]);
    assert_eq!(
        again.await.steps().replace("picked ", ""),
        "resolved reused sent:0 half-closed headers received:4 trailers OK"
    );
}

#[tokio::test]
async fn by_address() {
    let authority = authority("known");
    let (server, _) = Secure::new(certificate(&authority, "127.0.0.1", same)).serve().await;
    let spec = over_tls(&server.address, TlsOptions::default());
    let call = call(&trusting(&authority), spec, &[b""]).await;
    assert_eq!(call.status().name(), "OK");
    assert_eq!(info(&call).chain[0].names, ["127.0.0.1"]);
}

#[tokio::test]
async fn options_that_make_it_work() {
    let root = authority("private");
    let folder = Folder::new();
    let ca = || Some(folder.certificates("ca.pem", &[authority("other").der(), root.der()]));
    let anchor = |params: &mut CertificateParams| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    };
    let table = [
        (
            "own authority",
            certificate(&root, "localhost", same),
            TlsOptions { ca: ca(), ..Default::default() },
        ),
        (
            "another name",
            certificate(&root, "prod.test", same),
            TlsOptions { ca: ca(), server_name: Some("prod.test".into()), ..Default::default() },
        ),
        (
            "an address as the name",
            certificate(&root, "10.1.2.3", same),
            TlsOptions { ca: ca(), server_name: Some("10.1.2.3".into()), ..Default::default() },
        ),
        (
            "insecure",
            self_signed("prod.test", past),
            TlsOptions { insecure: true, ..Default::default() },
        ),
    ];
    for (what, certificate, options) in table {
        let (_server, port) = Secure::new(certificate).serve().await;
        let call = local(&Client::new(), &port, options.clone()).await;
        assert_eq!(call.status().name(), "OK", "{what}: {:?}", call.status());
        let info = info(&call);
        assert_eq!(info.insecure, options.insecure, "{what}");
        assert_eq!(info.server_name, options.server_name.unwrap_or("localhost".into()), "{what}");
        assert_eq!(info.warnings(i64::MIN).len(), usize::from(info.insecure), "{what}");
    }
    // The server's own certificate as the CA file: an ordinary one, one that is an authority as openssl makes them,
    // and one that somebody else signed.
    let own = [
        self_signed("localhost", same),
        self_signed("localhost", anchor),
        certificate(&root, "localhost", same),
    ];
    for (index, certificate) in own.into_iter().enumerate() {
        let ca = Some(folder.certificates("own.pem", &[&certificate.chain[0]]));
        let (_server, port) = Secure::new(certificate).serve().await;
        let options = TlsOptions { ca, ..TlsOptions::default() };
        let call = local(&Client::new(), &port, options.clone()).await;
        assert_eq!(call.status().name(), "OK", "{index}: {:?}", call.status());
        let elsewhere = TlsOptions { server_name: Some("elsewhere.test".into()), ..options };
        let call = local(&Client::new(), &port, elsewhere).await;
        assert_eq!(call.problem().message, "the certificate is not for the name `elsewhere.test`");
    }
}

#[tokio::test]
async fn not_trusted() {
    let known = authority("known");
    let middle = intermediate("old middle", &known, past);
    let mut on_old = certificate(&middle, "localhost", same);
    on_old.chain.push(middle.der().clone());
    let for_clients = |params: &mut CertificateParams| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    };
    let nameless = |params: &mut CertificateParams| params.subject_alt_names.clear();
    let table: [(Certificate, &str); 10] = [
        (
            certificate(&authority("stranger"), "localhost", same),
            "the certificate of `localhost` is signed by `CN=stranger`, which this machine does not trust; \
             name a file with that authority's certificate (--cacert FILE, or in the TLS settings), \
             or let the server send its intermediate certificates too",
        ),
        (
            self_signed("localhost", same),
            "the certificate of `localhost` is signed by itself, which this machine does not trust; \
             name a file with that authority's certificate (--cacert FILE, or in the TLS settings)",
        ),
        (
            self_signed("localhost", |params| {
                params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)
            }),
            "the certificate of `localhost` is signed by itself, which this machine does not trust; \
             name a file with that authority's certificate (--cacert FILE, or in the TLS settings)",
        ),
        (
            certificate(&authority("known"), "localhost", same),
            "the certificate of `localhost` is not signed by the `CN=known` that is trusted; \
             an authority of the same name but with another key signed it: get its certificate anew",
        ),
        (
            certificate(&known, "elsewhere.test", same),
            "the certificate is not for the name `localhost`; call the server by a name that its certificate \
             holds, or verify that one (--servername NAME): elsewhere.test",
        ),
        (
            certificate(&known, "localhost", nameless),
            "the certificate is not for the name `localhost`; its certificate holds no names; give the server \
             one that does; as a last resort, --insecure verifies nothing",
        ),
        (
            certificate(&known, "localhost", past),
            "the certificate of `localhost` expired on 2002-01-01; have it renewed by `CN=known`, or check \
             this machine's clock; as a last resort, --insecure verifies nothing",
        ),
        (
            on_old,
            "`CN=old middle`, which the certificate of `localhost` rests on, expired on 2002-01-01; have it \
             renewed by `CN=known`, or check this machine's clock; as a last resort, --insecure verifies nothing",
        ),
        (
            certificate(&known, "localhost", future),
            "the certificate of `localhost` is not valid before 2999-01-01; check this machine's clock, and \
             the server's certificate",
        ),
        (
            certificate(&known, "localhost", for_clients),
            "the certificate of `localhost` is not meant for servers; give the server one whose extended key \
             usage allows server authentication",
        ),
    ];
    for (certificate, want) in table {
        let (_server, port) = Secure::new(certificate).serve().await;
        let call = local(&trusting(&known), &port, TlsOptions::default()).await;
        assert_eq!(call.steps(), "resolved connected UNAVAILABLE", "{want}");
        assert_eq!(call.problem().kind, ProblemKind::Tls);
        assert_eq!(told(&call, &port), want);
    }
    let folder = Folder::new();
    let ca = folder.certificates("ca.pem", &[known.der()]);
    let stranger = certificate(&authority("stranger"), "localhost", same);
    let (_server, port) = Secure::new(stranger).serve().await;
    let options = TlsOptions { ca: Some(ca.clone()), ..TlsOptions::default() };
    let call = local(&Client::new(), &port, options).await;
    let want =
        format!("the certificate of `localhost` is signed by `CN=stranger`, which is not in {ca}");
    assert_eq!(call.problem().message, want);
}

#[tokio::test]
async fn without_http2() {
    let known = authority("known");
    let certificate = certificate(&known, "localhost", same);
    let server = Secure { alpn: &[b"http/1.1"], ..Secure::new(certificate) };
    let (_server, port) = server.serve().await;
    let call = local(&trusting(&known), &port, TlsOptions::default()).await;
    assert_eq!(
        told(&call, &port),
        "localhost:PORT speaks TLS, but offers no HTTP/2, which gRPC needs; check that this is the port of \
         the gRPC server"
    );
}

#[tokio::test]
async fn called_in_plaintext() {
    let certificate = certificate(&authority("known"), "localhost", same);
    let (server, _) = Secure::new(certificate).serve().await;
    let call = call(&Client::new(), spec(&server.address, CallKind::Unary), &[b""]).await;
    assert_eq!(call.problem().kind, ProblemKind::Tls);
    assert_eq!(call.problem().help.as_deref(), Some("turn TLS on, or use https://"));
}

/// A fatal alert before any handshake.
fn alert(code: u8) -> Vec<u8> {
    vec![21, 3, 3, 0, 2, 2, code]
}

/// A server that takes no version after TLS 1.1.
fn hello_of_tls_1_1() -> Vec<u8> {
    let mut hello = vec![3, 2];
    hello.extend([7; 32]);
    hello.extend([0, 0xc0, 0x13, 0]);
    let mut out = vec![22, 3, 2, 0, hello.len() as u8 + 4, 2, 0, 0, hello.len() as u8];
    out.extend(hello);
    out
}

#[tokio::test]
async fn servers_that_refuse_or_do_something_else() {
    let table = [
        (alert(70), "localhost:PORT speaks only versions of TLS that are too old"),
        (hello_of_tls_1_1(), "localhost:PORT speaks only versions of TLS that are too old"),
        (alert(71), "localhost:PORT and Wirelab have no TLS cipher or key exchange in common"),
        (alert(40), "localhost:PORT refused the TLS handshake"),
        (alert(112), "localhost:PORT has no certificate for the name `localhost`"),
        (alert(80), "localhost:PORT cannot do TLS: it reports an internal error"),
        (alert(49), "localhost:PORT refused TLS (AccessDenied)"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), "localhost:PORT does not speak TLS"),
        (b"\0\0\x06\x04\0\0\0\0\0\0\x05\0\0\x40\0".to_vec(), "localhost:PORT does not speak TLS"),
        (Vec::new(), "localhost:PORT ended the connection during the TLS handshake"),
    ];
    for (answer, want) in table {
        let server = tcp(move |mut stream| {
            let answer = answer.clone();
            async move {
                let mut hello = [0; 5];
                stream.read_exact(&mut hello).await.unwrap();
                let length = usize::from(u16::from_be_bytes([hello[3], hello[4]]));
                stream.read_exact(&mut vec![0; length]).await.unwrap();
                stream.write_all(&answer).await.unwrap();
                stream.shutdown().await.unwrap();
                let _ = stream.read_to_end(&mut Vec::new()).await;
            }
        })
        .await;
        let port = server.address.rsplit(':').next().unwrap();
        let call = local(&Client::new(), port, TlsOptions::default()).await;
        assert_eq!(call.steps(), "resolved connected UNAVAILABLE", "{want}");
        let told = told(&call, port);
        assert!(told.starts_with(&format!("{want}; ")), "{told}");
    }
}

#[tokio::test]
async fn a_file_that_changes_is_read_again() {
    let root = authority("root");
    let (_server, port) = Secure::new(certificate(&root, "localhost", same)).serve().await;
    let folder = Folder::new();
    let ca = folder.certificates("ca.pem", &[authority("other").der()]);
    let options = TlsOptions { ca: Some(ca.clone()), ..TlsOptions::default() };
    let client = Client::new();
    let before = local(&client, &port, options.clone()).await;
    assert_eq!(before.status().name(), "UNAVAILABLE");
    folder.certificates("ca.pem", &[root.der()]);
    // However coarse the file system's clock is.
    let later = SystemTime::now() + Duration::from_secs(10);
    std::fs::File::options().append(true).open(&ca).unwrap().set_modified(later).unwrap();
    let after = local(&client, &port, options.clone()).await;
    assert_eq!(after.status().name(), "OK", "{:?}", after.status());
    let warm = local(&client, &port, options.clone()).await;
    assert!(warm.steps().starts_with("reused"), "{}", warm.steps());
    // Other options are another connection: one that was not verified is none for a call that wants it.
    let insecure = TlsOptions { insecure: true, ..options };
    let cold = local(&client, &port, insecure).await;
    assert!(cold.steps().starts_with("resolved connected secured"), "{}", cold.steps());
}
