//! Connections that the bridge has no place, or the system no file, for.

use crate::{bridge_with_admin, metric, metric_becomes};
use rlimit::{Resource, prlimit};
use wirelab_tests::process::eventually;
use wirelab_tests::servers::Sample;
use wirelab_tests::socket::{Refused, Socket};

const TARGET: &str = "/everything.v1.Everything/EchoBidi";
const OURS: &[(&str, &str)] = &[("sec-websocket-protocol", "wirelab.v1")];
/// Files that are left when connections begin to come, and connections that come.
const LEFT: usize = 4;
const COME: usize = 16;

async fn open(address: String) -> Result<Socket, Refused> {
    Socket::open(&address, TARGET, OURS).await
}

/// Whether a message comes back.
async fn echoes(socket: &mut Socket) -> bool {
    let message = "{\"far\":\"a\"}";
    socket.say(message).await
        && loop {
            match socket.hear().await {
                heard if heard.starts_with("@head") => {}
                heard => break heard == message,
            }
        }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_keeps_the_place_of_its_connection() {
    let sample = Sample::start();
    let (bridge, admin) = bridge_with_admin(&sample, &["--max-connections", "2"]);
    let connections = "wirelab_bridge_connections";
    let mut first = open(bridge.address.clone()).await.expect("a place");
    let mut second = open(bridge.address.clone()).await.expect("another");
    assert!(echoes(&mut first).await && echoes(&mut second).await);
    // The one that asks is open too.
    assert_eq!(metric(&admin, connections), Some(3.0));
    // It is there and waits for its answer.
    let third = tokio::spawn(open(bridge.address.clone()));
    assert!(echoes(&mut second).await);
    assert_eq!(metric(&admin, "wirelab_bridge_websockets_opened_total"), Some(2.0));
    drop(first);
    let mut third = third.await.unwrap().expect("the place of the first");
    assert!(echoes(&mut third).await);
    drop((second, third));
    metric_becomes(&admin, connections, 1.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_without_a_file_wait_for_one() {
    let sample = Sample::start();
    let (bridge, _) = bridge_with_admin(&sample, &[]);
    let mut open_before = open(bridge.address.clone()).await.expect("a socket");
    assert!(echoes(&mut open_before).await);

    let process = bridge.id();
    let pid = process as rlimit::pid_t;
    let folder = format!("/proc/{process}/fd");
    let files = std::fs::read_dir(folder).expect("its files").count() + LEFT;
    let mut before = (0, 0);
    prlimit(pid, Resource::NOFILE, None, Some((&mut before.0, &mut before.1))).unwrap();
    prlimit(pid, Resource::NOFILE, Some((files as u64, before.1)), None).unwrap();
    let come: Vec<_> = (0..COME).map(|_| tokio::spawn(open(bridge.address.clone()))).collect();
    eventually("it says so", || {
        bridge.said().contains("connections cannot be accepted").then_some(())
    });
    // Who is there is served meanwhile.
    assert!(echoes(&mut open_before).await);

    prlimit(pid, Resource::NOFILE, Some(before), None).unwrap();
    for socket in come {
        let mut socket = socket.await.unwrap().expect("a socket in the end");
        assert!(echoes(&mut socket).await, "{}", bridge.said());
    }
}
