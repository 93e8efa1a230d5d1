//! TLS, client certificates, certificates that change, Unix sockets, and what a connection may take.

use crate::{Folder, replace, signal};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use wirelab_tests::certificates::Authority;
use wirelab_tests::command::{Ran, wirelab};
use wirelab_tests::http::ask;
use wirelab_tests::process::{READY, eventually};
use wirelab_tests::servers::Bridge;
use wirelab_tests::servers::Sample;

/// Calls through the bridge with gRPC.
fn call(address: &str, flags: &[&str]) -> Ran {
    let mut args =
        vec!["call", address, "helloworld.Greeter/SayHello", "-d", "{\"name\": \"Ada\"}"];
    args.extend_from_slice(flags);
    wirelab(&args)
}

#[test]
fn certificates_are_read_again_and_clients_are_asked_for_theirs() {
    let sample = Sample::start();
    let (old, new, clients) =
        (Authority::new("old"), Authority::new("new"), Authority::new("clients"));
    let (first, second) = (old.server(&["127.0.0.1"]), new.server(&["127.0.0.1"]));
    let ada = clients.client("ada");
    let folder = Folder::new();
    let (certificate, key) = (folder.path("cert.pem"), folder.path("key.pem"));
    replace(&certificate, Path::new(&first.certificate));
    replace(&key, Path::new(&first.key));
    let (cert_flag, key_flag) = (folder.text("cert.pem"), folder.text("key.pem"));
    let clients_file = clients.file();
    let bridge = Bridge::before(
        &sample.address,
        &["--tls-cert", &cert_flag, "--tls-key", &key_flag, "--client-ca", &clients_file],
    );
    let (old_file, new_file) = (old.file(), new.file());
    let shown = ["--cert", &ada.certificate, "--key", &ada.key];
    let with = |authority: &str, shown: &[&str]| {
        let flags = [&["--cacert", authority][..], shown].concat();
        call(&bridge.address, &flags)
    };
    let ran = with(&old_file, &shown);
    assert!(ran.code == 0 && ran.out.contains("Ada"), "{ran:?}");
    assert_ne!(with(&old_file, &[]).code, 0, "without a certificate");
    assert_ne!(with(&new_file, &shown).code, 0, "by an authority that is not trusted");

    // What cannot be read leaves what was there.
    folder
        .write("cert.pem", "-----BEGIN CERTIFICATE-----\nnot base64!\n-----END CERTIFICATE-----\n");
    eventually("it says that the certificate is broken", || {
        bridge.said().contains("the last ones hold").then_some(())
    });
    assert_eq!(with(&old_file, &shown).code, 0);

    replace(&key, Path::new(&second.key));
    replace(&certificate, Path::new(&second.certificate));
    eventually("the new certificate is shown", || {
        (with(&new_file, &shown).code == 0).then_some(())
    });
    assert_ne!(with(&old_file, &shown).code, 0);
}

#[test]
fn certificates_are_credentials_where_that_is_meant() {
    let sample = Sample::start();
    let (authority, folder) = (Authority::new("all"), Folder::new());
    let issued = authority.server(&["127.0.0.1"]);
    let rules = serde_json::json!([{"methods": ["*"], "clients": ["*CN=ada"]}]);
    let config = serde_json::json!({"admission": {"client-certificates": true, "rules": rules}});
    let config = folder.write("bridge.json", &config.to_string());
    let (ca, config) = (authority.file(), ["--config", &config]);
    let served = ["--tls-cert", &issued.certificate, "--tls-key", &issued.key, "--client-ca", &ca];
    let bridge =
        Bridge::before(&sample.address, &[&config[..], &served, &["--access-log"]].concat());
    for (name, code) in [("ada", 0), ("bob", 64 + 7)] {
        let shown = authority.client(name);
        let flags = ["--cacert", &ca, "--cert", &shown.certificate, "--key", &shown.key];
        let flags = [&flags[..], &["--proto", "proto-samples"]].concat();
        let ran = call(&bridge.address, &flags);
        assert_eq!(ran.code, code, "{name}: {ran:?}");
    }
    assert!(bridge.said().contains("CN=ada"), "the log names who called: {}", bridge.said());
    // Nobody would have one.
    let ran = wirelab(&[&["bridge", "--upstream", "a:1", "--listen", "0"], &config[..]].concat());
    assert!(ran.code == 1 && ran.err.contains("--client-ca"), "{ran:?}");
}

#[test]
fn sockets_on_both_sides() {
    let sample = Sample::start();
    let folder = Folder::new();
    let socket = format!("unix://{}", folder.text("bridge.sock"));
    let inner = Bridge::before(&sample.address, &["--listen", &socket, "--socket-mode", "640"]);
    let mode = std::fs::metadata(folder.path("bridge.sock")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    // The server of this one is the other bridge, and its reflection goes through it.
    let outer = Bridge::before(&socket, &[]);
    let ran = call(&outer.address, &[]);
    assert!(ran.code == 0 && ran.out.contains("Ada"), "{ran:?}");
    signal(inner.id(), "TERM");
    eventually("the socket goes with the bridge", || {
        (!folder.path("bridge.sock").exists()).then_some(())
    });
}

#[test]
fn other_machines_are_let_in_only_by_name_and_with_a_warning() {
    let sample = Sample::start();
    let bridge = Bridge::before(&sample.address, &["--listen", "0.0.0.0:0"]);
    assert!(bridge.said().contains("can be reached from other machines"), "{}", bridge.said());
    let quiet = Bridge::before(&sample.address, &[]);
    assert!(!quiet.said().contains("other machines"), "{}", quiet.said());
}

#[test]
fn headers_have_their_size_and_their_time() {
    let sample = Sample::start();
    let flags = ["--max-header-size", "8KiB", "--header-timeout", "200ms"];
    let bridge = Bridge::before(&sample.address, &flags);
    let long = format!("X-Long: {}", "a".repeat(20_000));
    let answer = ask(&bridge.address, "GET", crate::STOCK, &[&long], b"");
    assert_eq!(answer.status, 431, "{answer}");
    // Nothing, the beginning of HTTP/2, and half a head: the bridge hangs up.
    for begun in [&b""[..], b"PRI * HTTP/2.0\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow"] {
        let mut stream = TcpStream::connect(&bridge.address).unwrap();
        stream.set_read_timeout(Some(READY)).unwrap();
        stream.write_all(begun).unwrap();
        let mut said = Vec::new();
        let read = stream.read_to_end(&mut said);
        assert!(read.is_ok(), "{:?}: {read:?}", String::from_utf8_lossy(begun));
    }
    assert_eq!(ask(&bridge.address, "GET", crate::STOCK, &[], b"").status, 200);
}
