//! One request by every transport, and the bridge as people run it.

use crate::scenario::{GET_STOCK, Scenario, WATCH_STOCK};
use std::io::Write;
use std::net::TcpStream;
use wirelab_tests::http;
use wirelab_tests::screen::{Screen, id, id_with};

const SKU: &str = "CB-USBC-2M";

/// The buttons of the transport switch, and what the call says to have been carried by.
const TRANSPORTS: [(&str, &str); 5] = [
    ("transport-grpc", "gRPC"),
    ("transport-grpc-web", "gRPC-Web"),
    ("transport-connect", "Connect"),
    ("transport-rest", "REST"),
    ("transport-ws", "WebSocket"),
];

impl Scenario {
    /// One request sent five ways gives one answer, and each call says how it went.
    pub async fn send_by_every_transport(&self) {
        let s = &self.screen;
        self.choose(GET_STOCK).await;
        s.click(&id("tab-json")).await;
        s.fill(&id("json-editor"), &format!("{{\"sku\": \"{SKU}\"}}")).await;
        let answer = format!(
            "return document.querySelector(\"{}\").textContent.replaceAll(/\\s/g, '')",
            id("response-body")
        );
        // The parts of a response can be chosen once there is one; the one that is chosen stays from call to call.
        s.click(&id("invoke")).await;
        s.reads(&id("response-status"), "OK").await;
        s.click(&id("tab-peer")).await;
        let mut first = None;
        for (transport, name) in TRANSPORTS {
            s.click(&id(transport)).await;
            s.click(&id("invoke")).await;
            s.reads(&id("peer"), name).await;
            s.reads(&id("response-status"), "OK").await;
            s.click(&id("tab-response")).await;
            s.reads(&id("response-body"), SKU).await;
            let told = s.run(&answer).await.to_string();
            assert_eq!(*first.get_or_insert(told.clone()), told, "by {name}");
            s.click(&id("tab-peer")).await;
        }
        s.click(&id("tab-response")).await;
        s.click(&id("transport-grpc")).await;
    }

    /// Starts the bridge, calls it from outside, sees what passes through, and stops it.
    pub async fn run_the_bridge(&self) {
        let s = &self.screen;
        let server = s.value(&id("address")).await;
        s.click(&id("view-bridge")).await;
        // The preview is of the request in Explore.
        s.reads(&id("preview-url"), &format!("/v1/stock/{SKU}")).await;
        s.reads(&id("bridge-state"), "stopped").await;
        s.fill(&id("bridge-listen"), "127.0.0.1:0").await;
        s.fill(&id("bridge-upstream"), &server).await;
        s.click(&id("bridge-start")).await;
        s.reads(&id("bridge-state"), "running").await;

        let address = s.text(&id("bridge-url")).await;
        let address = address.strip_prefix("http://").expect("an address").to_owned();
        s.reads(&id("preview-url"), &address).await;
        let answer = http::ask(&address, "GET", &format!("/v1/stock/{SKU}"), &[], b"");
        assert_eq!(answer.status, 200, "{answer}");
        assert!(answer.text().contains(SKU), "{answer}");
        self.waits_for_text(s, "bridge-tile", "1 in all").await;
        self.waits_for_text(s, "bridge-face", "REST1").await;

        // A stream shows while it is open, and no longer.
        let stream = open_stream(&address);
        s.reads(&id("bridge-stream"), "WatchStock").await;
        drop(stream);
        s.gone(&id("bridge-stream")).await;

        // Another binding is looked at, found by its path.
        s.fill(&id("binding-search"), "stock watch").await;
        s.click(&id_with("binding-row", "data-method", WATCH_STOCK)).await;
        s.reads(&id("preview-socket"), "InventoryService/WatchStock").await;

        s.click(&id("bridge-stop")).await;
        s.reads(&id("bridge-state"), "stopped").await;
        assert!(TcpStream::connect(&address).is_err(), "nobody listens at {address} any longer");
    }

    /// Waits until any element with this test id says `part`, whatever the driver takes for seen.
    async fn waits_for_text(&self, s: &Screen, test_id: &str, part: &str) {
        let all = format!(
            "return [...document.querySelectorAll(\"{}\")].map(e => e.textContent)",
            id(test_id)
        );
        s.waits(&format!("{test_id} to say {part:?}"), async |s| {
            let texts = s.run(&all).await;
            let says = |text: &serde_json::Value| text.as_str().is_some_and(|t| t.contains(part));
            texts.as_array().is_some_and(|texts| texts.iter().any(says))
        })
        .await;
    }
}

/// A stream without an end, by REST; dropping it ends it.
fn open_stream(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("the bridge listens");
    let head = format!("GET /v1/stock:watch HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("a request");
    stream
}
