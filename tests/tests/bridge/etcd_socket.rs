//! Ours beside etcd's own WebSockets (tmc/grpc-websocket-proxy before its gateway), on the same etcd: the same frames to
//! both, step by step.
//!
//! ```text
//! open /path | subprotocol, subprotocol
//! run Service/Method {…}      somebody else calls etcd
//! > text                      both are sent a frame
//! <                           both answer with a frame, or close
//!   ! why ours differs
//! <ours                       only ours answers
//!   ! why
//! ```

use crate::etcd::{anonymous, bridge, settle};
use serde_json::Value;
use std::fmt::Write as _;
use wirelab_tests::servers::Etcd;
use wirelab_tests::socket::{Refused, Socket};

/// One side's socket, or how it was refused.
struct Side {
    address: String,
    socket: Option<Socket>,
}

impl Side {
    async fn open(&mut self, target: &str, protocols: &str) -> String {
        let headers = [("sec-websocket-protocol", protocols)];
        let headers = if protocols.is_empty() { &headers[..0] } else { &headers[..] };
        match Socket::open(&self.address, target, headers).await {
            Ok(socket) => {
                let said = format!("open {}", socket.protocol.as_deref().unwrap_or_default());
                self.socket = Some(socket);
                said.trim_end().to_owned()
            }
            Err(Refused::Answered(status, _)) => {
                self.socket = None;
                format!("refused {status}")
            }
            Err(other) => panic!("{}: {other:?}", self.address),
        }
    }

    async fn say(&mut self, text: &str) {
        if let Some(socket) = &mut self.socket {
            assert!(socket.say(text).await, "{text}");
        }
    }

    async fn hear(&mut self) -> String {
        let Some(socket) = &mut self.socket else { return "no socket".to_owned() };
        let text = socket.hear().await;
        match serde_json::from_str::<Value>(&text) {
            Ok(mut value) => {
                settle(&mut value);
                value.to_string()
            }
            Err(_) => text,
        }
    }
}

/// The steps of the file, each with the reason why answers differ.
fn steps(text: &str) -> Vec<(&str, Option<&str>)> {
    let mut steps: Vec<(&str, Option<&str>)> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match line.strip_prefix("! ") {
            Some(why) => steps.last_mut().expect("a reason follows its step").1 = Some(why),
            None => steps.push((line, None)),
        }
    }
    steps
}

#[tokio::test]
async fn sockets_do_as_etcds() {
    let etcd = Etcd::with_rest();
    let ours = bridge(&etcd);
    let side = |address: &str| Side { address: address.to_owned(), socket: None };
    let (mut theirs, mut mine) = (side(&etcd.address), side(&ours.address));
    let (mut all, mut wrong) = (String::new(), String::new());
    for (step, why) in steps(include_str!("etcd_socket.txt")) {
        let (word, rest) = step.split_once(' ').unwrap_or((step, ""));
        let _ = writeln!(all, "{step}");
        let (from_etcd, from_ours) = match word {
            "#" => continue,
            "open" => {
                let (target, protocols) = rest.split_once(" | ").unwrap_or((rest, ""));
                (theirs.open(target, protocols).await, mine.open(target, protocols).await)
            }
            "run" => {
                let (method, request) = rest.split_once(' ').expect("a method and its request");
                let ran = etcd.run(method, &request.parse().expect("JSON"));
                assert_eq!(ran.code, 0, "{ran:?}");
                continue;
            }
            ">" => {
                theirs.say(rest).await;
                mine.say(rest).await;
                continue;
            }
            "<" => (theirs.hear().await, mine.hear().await),
            "<ours" => ("nothing".to_owned(), mine.hear().await),
            other => panic!("no step {other:?}"),
        };
        let _ = match (from_etcd == from_ours, why) {
            (true, None) => writeln!(all, "  = {from_ours}"),
            (false, Some(why)) => {
                writeln!(all, "  etcd {from_etcd}\n  ours {from_ours}\n  ! {why}")
            }
            (_, why) => {
                writeln!(wrong, "{step}\n  etcd {from_etcd}\n  ours {from_ours}\n  {why:?}")
            }
        };
    }
    assert!(wrong.is_empty(), "\n{wrong}\n{}", ours.said());
    insta::assert_snapshot!(anonymous(&all));
}
