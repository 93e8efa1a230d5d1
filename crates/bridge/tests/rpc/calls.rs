//! Our own client over all its transports, through a bridge and without it: the answers are the same.

use crate::support::*;
use futures_util::StreamExt;
use tokio_util::sync::CancellationToken;
use wirelab_bridge::Options;
use wirelab_call::{Events, requests};
use wirelab_model::{
    CallEvent, CallEventKind, CallKind, CallSpec, Compression, Metadatum, Status, Transport,
};
use wirelab_schema::Schema;
use wirelab_transcode::Codec;

/// A call of `everything.v1.Everything`.
#[derive(Clone, Default)]
struct Case {
    method: &'static str,
    kind: CallKind,
    metadata: Vec<Metadatum>,
    requests: Vec<Vec<u8>>,
    deadline_ms: Option<u64>,
    compression: Option<Compression>,
    /// Whether the words of the status are told by whoever ends the call.
    any_words: bool,
}

/// What a call came to, as far as a bridge must not change it.
#[derive(Debug, PartialEq)]
struct Outcome {
    status: Status,
    messages: Vec<Vec<u8>>,
    head: Vec<Metadatum>,
    trailers: Vec<Metadatum>,
}

impl Outcome {
    fn new(events: Vec<CallEvent>, any_words: bool) -> Outcome {
        let (mut status, mut messages) = (Status::default(), Vec::new());
        let (mut head, mut trailers) = (Vec::new(), Vec::new());
        let ours = |metadata: Vec<Metadatum>| {
            let mut ours: Vec<_> =
                metadata.into_iter().filter(|datum| datum.key.starts_with("x-t")).collect();
            ours.sort_by(|a, b| a.key.cmp(&b.key));
            ours
        };
        for event in events {
            match event.kind {
                CallEventKind::Headers { metadata } => head = ours(metadata),
                CallEventKind::Received { message, .. } => messages.push(message.to_vec()),
                CallEventKind::Trailers { metadata } => trailers = ours(metadata),
                CallEventKind::Finished { status: end, .. } => status = end,
                _ => {}
            }
        }
        status.problem = None;
        if any_words {
            status.message.clear();
        }
        Outcome { status, messages, head, trailers }
    }
}

impl Case {
    fn spec(&self) -> CallSpec {
        CallSpec {
            method: format!("everything.v1.Everything/{}", self.method),
            kind: self.kind,
            metadata: self.metadata.clone(),
            deadline_ms: self.deadline_ms,
            compression: self.compression,
            ..CallSpec::default()
        }
    }

    async fn outcome(&self, events: Events) -> Outcome {
        Outcome::new(events.collect().await, self.any_words)
    }

    /// What it comes to through the bridge.
    async fn through(&self, both: &Both, way: Way) -> Outcome {
        let requests = requests(self.requests.clone());
        let events = both.caller.call(way, self.spec(), requests, CancellationToken::new());
        self.outcome(events).await
    }

    /// What it comes to at the server.
    async fn plain(&self, both: &Both) -> Outcome {
        let requests = requests(self.requests.clone());
        self.outcome(both.caller.plain(self.spec(), &both.server, requests)).await
    }
}

fn message(schema: &Schema, json: &str) -> Vec<u8> {
    let method = schema.method("everything.v1.Everything/Echo").unwrap();
    let mut wire = Vec::new();
    Codec::new(&method.input()).json_to_wire(json.as_bytes(), &mut wire).unwrap();
    wire
}

fn metadata(pairs: &[(&str, &str)]) -> Vec<Metadatum> {
    pairs.iter().map(|(key, value)| Metadatum::text(*key, *value)).collect()
}

fn cases(schema: &Schema) -> Vec<(&'static str, Case)> {
    let one = message(schema, r#"{"scalars": {"int32Value": 7, "stringValue": "käse"}}"#);
    let two = message(schema, r#"{"far": "two"}"#);
    let big = message(schema, &format!(r#"{{"far": "{}"}}"#, "0123456789".repeat(60_000)));
    let kinds = [
        ("Echo", CallKind::Unary),
        ("EchoServerStream", CallKind::ServerStream),
        ("EchoClientStream", CallKind::ClientStream),
        ("EchoBidi", CallKind::Bidi),
    ];
    let mut cases = Vec::new();
    for (method, kind) in kinds {
        let sent = match kind.client_streams() {
            true => vec![one.clone(), Vec::new(), two.clone()],
            false => vec![one.clone()],
        };
        let case = Case { method, kind, requests: sent, ..Case::default() };
        let with = |pairs: &[(&str, &str)]| Case { metadata: metadata(pairs), ..case.clone() };
        cases.push(("messages", case.clone()));
        let mut own = with(&[("demo-echo-metadata", "true"), ("x-t", "1"), ("x-t", "two, three")]);
        own.metadata.push(Metadatum::binary("x-t-bin", vec![0, 1, 254, 255]));
        own.metadata.push(Metadatum::binary("x-t-bin", Vec::new()));
        cases.push(("metadata", own.clone()));
        own.metadata.push(Metadatum::text("demo-fail", "ABORTED"));
        cases.push(("metadata of a failure", own));
        let words = ("demo-fail-message", "50% of \"it\" failed: \\ ~");
        cases.push(("a failure", with(&[("demo-fail", "NOT_FOUND"), words])));
        cases.push(("a failure on the way", with(&[("demo-fail-after", "2")])));
        cases.push(("an empty stream", with(&[("demo-count", "0")])));
        cases.push(("many messages", with(&[("demo-count", "1000")])));
        let late =
            Case { deadline_ms: Some(300), any_words: true, ..with(&[("demo-stall", "true")]) };
        cases.push(("a deadline", late));
        let requests = vec![big.clone()];
        cases.push(("a big message", Case { requests, ..case.clone() }));
        cases.push(("an empty message", Case { requests: vec![Vec::new()], ..case.clone() }));
    }
    let method = "Missing";
    let unknown = Case { method, requests: vec![one], any_words: true, ..Case::default() };
    cases.push(("a method that nobody has", unknown));
    cases
}

#[tokio::test]
async fn the_bridge_changes_nothing() {
    let both = before_the_sample_server(Options::default()).await;
    for (name, case) in cases(&sample_schema()) {
        let plain = case.plain(&both).await;
        for way in WAYS {
            let (transport, _) = way;
            let untold = transport == Transport::ConnectJson && case.method == "Missing";
            if untold || !carries(way, case.kind) {
                // The client refuses these itself.
                continue;
            }
            let mut got = case.through(&both, way).await;
            if transport == Transport::Rest && case.kind.server_streams() {
                // HTTP/1.1 has to know the names of trailers before the body begins.
                got.trailers.clone_from(&plain.trailers);
            }
            assert!(
                got == plain,
                "{name}, {} over {way:?}:\n{}\ninstead of\n{}",
                case.method,
                short(&got),
                short(&plain)
            );
        }
    }
}

fn short(outcome: &Outcome) -> String {
    format!("{outcome:?}").chars().take(1_000).collect()
}

/// Every compression is understood, although the server knows none.
#[tokio::test]
async fn compression_ends_here() {
    let both = before_the_sample_server(Options::default()).await;
    for (name, case) in cases(&sample_schema()) {
        if !matches!(name, "messages" | "a big message") {
            continue;
        }
        let plain = case.plain(&both).await;
        for way in WAYS.into_iter().filter(|way| !way.0.needs_bridge()) {
            if !carries(way, case.kind) {
                continue;
            }
            for compression in Compression::ALL {
                let case = Case { compression: Some(compression), ..case.clone() };
                let got = case.through(&both, way).await;
                assert!(
                    got == plain,
                    "{compression:?}, {} over {way:?}: {}",
                    case.method,
                    short(&got)
                );
            }
        }
    }
}

#[tokio::test]
async fn messages_have_a_limit() {
    let options = Options { max_message_bytes: Some(1_000), ..Options::default() };
    let both = before_the_sample_server(options).await;
    let schema = sample_schema();
    let text = |length: usize| message(&schema, &format!(r#"{{"far": "{}"}}"#, "a".repeat(length)));
    for way in WAYS {
        for compression in [None, Some(Compression::Gzip)] {
            for (length, want) in [(900, 0), (1_000, 8)] {
                let requests = vec![text(length)];
                let case = Case { method: "Echo", requests, compression, ..Case::default() };
                let got = case.through(&both, way).await;
                assert_eq!(got.status.code, want, "{length} {compression:?} over {way:?}: {got:?}");
            }
        }
    }
}
