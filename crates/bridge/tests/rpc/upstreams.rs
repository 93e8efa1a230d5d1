//! Servers that answer in ways of their own: what comes of it is the same over every transport.

use crate::support::*;
use bytes::Bytes;
use futures_util::StreamExt;
use h2::server::SendResponse;
use http::{HeaderMap, HeaderName, Request, Response};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use std::fmt::Write;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use wirelab_bridge::{Bridge, Options};
use wirelab_call::Client;
use wirelab_model::{CallEventKind, CallKind, CallSpec, Endpoint, Metadatum, Status, Transport};

/// What a server does when it is asked, step by step: `head`, `only` and `trailers` are blocks of headers, `message` and
/// `raw` data, `rst` a code of HTTP/2.
const SCRIPTS: [&str; 26] = [
    "head ; message hi ; trailers grpc-status=0",
    "head x-t-bin=AQ== x-t-bin=Ag,Aw== x-t=1,2 ; message hi ; trailers grpc-status=0 x-t-bin=AQI=",
    "only grpc-status=5 grpc-message=no%20such%20thing x-t=1",
    "only grpc-status=5 grpc-message=100%",
    "only grpc-status=4242",
    "only grpc-status=x",
    // A `google.rpc.Status` that is padded, and one with a detail of a type that nobody knows.
    "only grpc-status=5 grpc-message=nope grpc-status-details-bin=CAUSBG5vcGUaKAogdHlwZS5nb29nbGVhcGlzLmNvbS90ZXN0LnYxLlRleHQSBAoCaGk=",
    "only grpc-status=5 grpc-message=nope grpc-status-details-bin=CAUSBG5vcGUaHAoXdHlwZS5nb29nbGVhcGlzLmNvbS94LlkSAf8aKAogdHlwZS5nb29nbGVhcGlzLmNvbS90ZXN0LnYxLlRleHQSBAoCaGk=",
    "head ; trailers grpc-status=9 grpc-message=before",
    "head ; message hi ; trailers grpc-status=9 grpc-message=after",
    "head ; message hi ; end",
    "head ; message hi ; raw \0 ; trailers grpc-status=0",
    "head ; raw nonsense ; trailers grpc-status=0",
    "head grpc-encoding=snappy ; raw \u{1}\0\0\0\u{1}x ; trailers grpc-status=0",
    "head content-type=text/html ; raw <html> ; end",
    "only :status=401",
    "only :status=404 content-type=text/html",
    "only :status=429",
    "only :status=503 content-type=text/plain",
    "rst 2",
    "rst 7",
    "rst 8",
    "rst 11",
    "rst 12",
    "head ; rst 8",
    "head ; message hi ; rst 2",
];

/// What a script has that metadata cannot.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%');

/// A block of headers: `key=value`, a `:status` among them.
fn block(words: &str, fields: &mut HeaderMap) -> u16 {
    let mut status = 200;
    for word in words.split_whitespace() {
        let (name, value) = word.split_once('=').unwrap();
        match name {
            ":status" => status = value.parse().unwrap(),
            // One may take the place of ours.
            "content-type" => drop(fields.insert("content-type", value.parse().unwrap())),
            _ => drop(fields.append(HeaderName::try_from(name).unwrap(), value.parse().unwrap())),
        }
    }
    status
}

fn answer(request: &Request<h2::RecvStream>, mut respond: SendResponse<Bytes>) {
    let script = request.headers()["x-script"].to_str().unwrap();
    let script = percent_decode_str(script).decode_utf8().unwrap();
    let mut stream = None;
    for step in script.split(" ; ") {
        let (what, words) = step.split_once(' ').unwrap_or((step, ""));
        let data = |bytes: Vec<u8>| Bytes::from(bytes);
        match (what, &mut stream) {
            ("head" | "only", None) => {
                let mut response = Response::new(());
                let headers = response.headers_mut();
                headers.insert("content-type", "application/grpc".parse().unwrap());
                let status = block(words, headers);
                *response.status_mut() = status.try_into().unwrap();
                stream = Some(respond.send_response(response, what == "only").unwrap());
            }
            ("message", Some(stream)) => {
                let text = [&[0x0a, words.len() as u8], words.as_bytes()].concat();
                stream.send_data(data(framed(0, &text)), false).unwrap();
            }
            ("raw", Some(stream)) => stream.send_data(data(words.into()), false).unwrap(),
            ("end", Some(stream)) => stream.send_data(Bytes::new(), true).unwrap(),
            ("trailers", Some(stream)) => {
                let mut trailers = HeaderMap::new();
                block(words, &mut trailers);
                stream.send_trailers(trailers).unwrap();
            }
            ("rst", None) => respond.send_reset(words.parse::<u32>().unwrap().into()),
            ("rst", Some(stream)) => stream.send_reset(words.parse::<u32>().unwrap().into()),
            _ => panic!("{step}"),
        }
    }
}

async fn server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((request, respond))) = connection.accept().await {
                    answer(&request, respond);
                }
            });
        }
    });
    address
}

/// What a caller is told.
#[derive(Debug, PartialEq)]
struct Told {
    status: Status,
    messages: usize,
    head: Vec<Metadatum>,
    trailers: Vec<Metadatum>,
}

#[tokio::test]
async fn servers_of_their_own_kind() {
    let endpoint = Endpoint { address: server().await, ..Endpoint::default() };
    let options = Options { endpoint, ..Options::default() };
    let schema = echo_schema();
    let bridge = Bridge::new(schema.clone(), Arc::new(Client::new()), options).unwrap();
    let listening = listen(bridge.clone()).await;
    let caller = Caller::new(&schema, &bridge, &listening);
    let mut text = String::new();
    for script in SCRIPTS {
        let _ = writeln!(text, "{}", script.escape_debug());
        for kind in [CallKind::Unary, CallKind::ServerStream] {
            let mut first: Option<Told> = None;
            for way in WAYS {
                let encoded = utf8_percent_encode(script, ESCAPED);
                let metadata = vec![Metadatum::text("x-script", encoded.to_string())];
                let method = method(kind).to_owned();
                let spec = CallSpec { method, kind, metadata, ..CallSpec::default() };
                let requests = wirelab_call::requests([Bytes::new()]);
                let mut events = caller.call(way, spec, requests, CancellationToken::new());
                let mut told = Told {
                    status: Status::default(),
                    messages: 0,
                    head: Vec::new(),
                    trailers: Vec::new(),
                };
                let ours = |mut metadata: Vec<Metadatum>| {
                    metadata.retain(|datum| datum.key.starts_with("x-t"));
                    metadata.sort_by(|a, b| a.key.cmp(&b.key));
                    metadata
                };
                while let Some(event) = events.next().await {
                    match event.kind {
                        CallEventKind::Headers { metadata } => told.head = ours(metadata),
                        CallEventKind::Received { .. } => told.messages += 1,
                        CallEventKind::Trailers { metadata } => told.trailers = ours(metadata),
                        CallEventKind::Finished { status, .. } => told.status = status,
                        _ => {}
                    }
                }
                // What our own client adds to explain it.
                told.status.problem = None;
                if kind == CallKind::Unary && !told.status.is_ok() {
                    // Where the answer is one document, it is the failure.
                    told.messages = 0;
                }
                let connect = matches!(way.0, Transport::Connect | Transport::ConnectJson);
                if connect
                    && let Some(first) = &first
                    && first.status.code > 16
                {
                    // Connect has names for codes, and for those that nobody knows one.
                    assert_eq!(told.status.code, 2, "{script} over {way:?}");
                    told.status.code = first.status.code;
                }
                match &first {
                    None => {
                        let Told { status: Status { code, message, details, .. }, .. } = &told;
                        let _ = writeln!(
                            text,
                            "    {kind:?}: {code} {message:?} {details:?}, {} messages, {:?}, {:?}",
                            told.messages, told.head, told.trailers
                        );
                        first = Some(told);
                    }
                    Some(first) => {
                        let streams = way.0 == Transport::Rest && kind.server_streams();
                        if streams {
                            // HTTP/1.1 has to know the names of trailers before the body begins.
                            told.trailers = first.trailers.clone();
                        }
                        assert_eq!(told, *first, "{script} over {way:?}, {kind:?}");
                    }
                }
            }
        }
    }
    insta::assert_snapshot!(text);
}
