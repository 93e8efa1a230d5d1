//! The end: what was accepted is answered.

use crate::{STOCK, metric, signal};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use wirelab_tests::http::ask;
use wirelab_tests::process::{READY, eventually};
use wirelab_tests::servers::Bridge;
use wirelab_tests::servers::Sample;

const CLIENTS: usize = 16;

/// A client that keeps its connection: it asks again and again until it is told to go. Gives how many requests it began
/// and was not answered.
fn client(address: &str, answered: &AtomicUsize) -> usize {
    loop {
        // Nobody accepts any more: the end.
        let Ok(stream) = TcpStream::connect(address) else { return 0 };
        stream.set_read_timeout(Some(READY)).unwrap();
        let mut stream = BufReader::new(stream);
        loop {
            let request = format!(
                "GET {STOCK} HTTP/1.1\r\nHost: localhost\r\nGrpc-Metadata-Demo-Delay-Ms: 5\r\n\r\n"
            );
            if stream.get_mut().write_all(request.as_bytes()).is_err() {
                return 1;
            }
            match answer(&mut stream) {
                None => return 1,
                Some(close) => {
                    answered.fetch_add(1, Relaxed);
                    if close {
                        break;
                    }
                }
            }
        }
    }
}

/// Reads one answer of status 200; whether the connection is closed after it.
fn answer(stream: &mut BufReader<TcpStream>) -> Option<bool> {
    let (mut length, mut close) = (None, false);
    for number in 0.. {
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let line = line.trim_end().to_ascii_lowercase();
        match line.split_once(": ") {
            _ if number == 0 => assert!(line.contains(" 200 "), "{line}"),
            Some(("content-length", value)) => length = value.parse::<usize>().ok(),
            Some(("connection", value)) => close = value == "close",
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length?];
    stream.read_exact(&mut body).ok()?;
    Some(close)
}

#[test]
fn no_accepted_request_is_lost() {
    let sample = Sample::start();
    let mut bridge = Bridge::before(&sample.address, &["--drain", "20s"]);
    let answered = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (address, answered) = (bridge.address.clone(), answered.clone());
            std::thread::spawn(move || client(&address, &answered))
        })
        .collect();
    eventually("load", || (answered.load(Relaxed) > 20 * CLIENTS).then_some(()));
    signal(bridge.id(), "TERM");
    let lost: usize = clients.into_iter().map(|client| client.join().unwrap()).sum();
    assert_eq!(lost, 0, "of {}: {}", answered.load(Relaxed), bridge.said());
    assert_eq!(bridge.wait(), 0, "{}", bridge.said());
}

#[test]
fn streams_without_an_end_are_told_to_go() {
    let sample = Sample::start();
    let mut bridge =
        Bridge::before(&sample.address, &["--stream-grace", "300ms", "--drain", "20s"]);
    let address = bridge.address.clone();
    let target = "/v1/stock:watch?skus=KB-204-EU";
    let watching = std::thread::spawn(move || {
        ask(&address, "GET", target, &["Accept: application/x-ndjson"], b"")
    });
    let open = "wirelab_bridge_response_messages_total{method=\"shop.inventory.v1.InventoryService/WatchStock\"";
    eventually("the stream", || metric(&bridge.address, open).filter(|messages| *messages > 0.0));
    signal(bridge.id(), "TERM");
    let answer = watching.join().unwrap();
    let last = answer.text().trim_end().lines().last().unwrap_or_default().to_owned();
    assert!(answer.status == 200 && last.contains("the bridge ends"), "{answer}");
    assert_eq!(bridge.wait(), 0, "{}", bridge.said());
}

#[test]
fn it_is_not_ready_before_it_goes() {
    let sample = Sample::start();
    let flags = ["--admin", "127.0.0.1:0", "--drain-delay", "2s"];
    let mut bridge = Bridge::before(&sample.address, &flags);
    let said = bridge.said();
    let said: serde_json::Value =
        said.lines().find_map(|line| serde_json::from_str(line).ok()).unwrap();
    let admin = said["admin"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
    assert_eq!(ask(&admin, "GET", "/readyz", &[], b"").status, 200);
    signal(bridge.id(), "TERM");
    eventually("it is not ready", || {
        (ask(&admin, "GET", "/readyz", &[], b"").status == 503).then_some(())
    });
    // Load balancers that have not noticed yet are served.
    assert_eq!(ask(&bridge.address, "GET", STOCK, &[], b"").status, 200);
    assert_eq!(bridge.wait(), 0, "{}", bridge.said());
}
