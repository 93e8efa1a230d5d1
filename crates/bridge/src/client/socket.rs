//! A call as one WebSocket, in our own framing (`WEBSOCKET.md`): JSON in text frames.

use super::answer::status;
use super::connection::passed;
use super::{Making, Over, data, failed, interrupted, text};
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use http::header::SEC_WEBSOCKET_PROTOCOL;
use http::{HeaderValue, Response};
use serde_json::{Map, Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use wirelab_call::{Requests, Tapped};
use wirelab_model::{Blob, CallEventKind, Metadatum, Problem, ProblemKind, Status, StatusCode};

/// The subprotocol of JSON in our own framing.
const PROTOCOL: HeaderValue = HeaderValue::from_static("wirelab.v1.json");

type Socket = WebSocketStream<Tapped<TcpStream>>;

/// Makes the call.
pub(super) async fn call(call: &Making, mut requests: Requests) -> Over {
    // Of a call with one request its JSON is made before the clock starts.
    let streams = call.method.kind.client_streams();
    let mut first = None;
    if !streams && let Some(wire) = requests.next().await {
        match call.json(&wire) {
            Ok(json) => first = Some((wire, json)),
            Err(status) => return status.into(),
        }
    }
    call.teller.begin();
    let (stream, tap) = match call.client.pool.connect().await {
        Ok(connected) => connected,
        Err(status) => return status.into(),
    };
    let peer = call.client.pool.address().to_string();
    call.teller.tell(CallEventKind::Connected { peer }).await;
    let status = match open(call, stream, first.as_ref().map(|(_, json)| json.as_bytes())).await {
        Err(status) => status,
        Ok(socket) => {
            let (sink, source) = socket.split();
            let sending = async {
                match send(call, sink, first, requests).await {
                    // Kept open: closing is the bridge's to do.
                    Ok(_sink) => std::future::pending().await,
                    Err(status) => status,
                }
            };
            tokio::select! {
                biased;
                status = read(call, source) => status,
                status = sending => status,
            }
        }
    };
    Over { status, wire: Some(passed(&tap)) }
}

/// The handshake; `first` is the message that follows it.
async fn open(
    call: &Making,
    stream: Tapped<TcpStream>,
    first: Option<&[u8]>,
) -> Result<Socket, Status> {
    let url = format!("ws://{}/{}", call.client.pool.address(), call.method.path);
    let mut request = url.as_str().into_client_request().map_err(|error| {
        let message = format!("the request cannot be sent: {error}");
        failed(StatusCode::InvalidArgument, Problem::new(ProblemKind::Mismatch, message))
    })?;
    request.headers_mut().extend(call.client.headers.clone());
    request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, PROTOCOL);
    let told = call.told("GET", url, request.headers(), first);
    call.teller.tell(told).await;
    let mut config = WebSocketConfig::default();
    (config.max_message_size, config.max_frame_size) = (Some(call.limit), Some(call.limit));
    match client_async_with_config(request, stream, Some(config)).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(response)) => Err(refused(call, &response)),
        Err(error) => Err(interrupted("during the handshake", error)),
    }
}

/// A refusal is plain HTTP, worded as for REST.
fn refused(call: &Making, response: &Response<Option<Vec<u8>>>) -> Status {
    let body = response.body().as_deref().unwrap_or_default();
    match serde_json::from_slice::<Value>(body) {
        Ok(value) if value.get("code").is_some() => status(&value, &call.method.output),
        _ => {
            let message =
                format!("the bridge answered HTTP {} to the handshake", response.status());
            failed(StatusCode::Unknown, Problem::new(ProblemKind::NotGrpc, message))
        }
    }
}

/// Sends what belongs to the call, its requests and their end.
async fn send(
    call: &Making,
    mut sink: SplitSink<Socket, Message>,
    first: Option<(Bytes, String)>,
    mut requests: Requests,
) -> Result<SplitSink<Socket, Message>, Status> {
    let lost = |error: Error| interrupted("while requests were sent", error);
    if let Some(start) = start(call) {
        sink.send(Message::text(start)).await.map_err(lost)?;
    }
    let streams = call.method.kind.client_streams();
    let mut next = first;
    loop {
        let (wire, json) = match next.take() {
            Some(request) => request,
            None if !streams => break,
            None => {
                let Some(wire) = requests.next().await else { break };
                let json = call.teller.apart(|| call.json(&wire))?;
                (wire, json)
            }
        };
        let compressed = Some(json.len() as u64);
        sink.send(Message::text(json)).await.map_err(lost)?;
        call.teller.tell(CallEventKind::Sent { message: Blob(wire), compressed }).await;
    }
    sink.send(Message::text("@half-close")).await.map_err(lost)?;
    call.teller.tell(CallEventKind::HalfClosed).await;
    Ok(sink)
}

/// The frame for metadata and deadline; none where there is neither.
fn start(call: &Making) -> Option<String> {
    if call.spec.metadata.is_empty() && call.spec.deadline_ms.is_none() {
        return None;
    }
    let mut metadata = Map::new();
    for one in &call.spec.metadata {
        let values = metadata.entry(one.key.to_ascii_lowercase()).or_insert_with(|| json!([]));
        if let Value::Array(values) = values {
            values.push(Value::from(text(one)));
        }
    }
    let mut start = json!({"metadata": metadata});
    if let Some(ms) = call.spec.deadline_ms {
        start["timeout"] = Value::from(format!("{}.{:03}s", ms / 1_000, ms % 1_000));
    }
    Some(format!("@start {start}"))
}

/// Reads what the bridge says, up to the status of the call.
async fn read(call: &Making, mut source: SplitStream<Socket>) -> Status {
    while let Some(message) = source.next().await {
        let at_ns = call.teller.now();
        let text = match message {
            Ok(Message::Text(text)) => text,
            Ok(Message::Close(_)) => break,
            Ok(_) => continue,
            Err(Error::Capacity(_)) => return call.too_long(),
            Err(error) => return interrupted("in the middle of the call", error),
        };
        let Some(control) = text.as_str().strip_prefix('@') else {
            let size = text.len() as u64;
            match call.teller.apart(|| call.wire(text.as_str().as_bytes())) {
                Ok(wire) => {
                    let message =
                        CallEventKind::Received { message: Blob(wire), compressed: Some(size) };
                    call.teller.tell_at(at_ns, message).await;
                }
                Err(status) => return status,
            }
            continue;
        };
        let (name, content) = control.split_once(' ').unwrap_or((control, "{}"));
        let content: Value = serde_json::from_str(content).unwrap_or_default();
        match name {
            "head" => {
                let metadata = entries(content.get("metadata"));
                call.teller.tell_at(at_ns, CallEventKind::Headers { metadata }).await;
            }
            "end" => {
                call.teller.trailers(entries(content.get("trailers"))).await;
                return status(&content, &call.method.output);
            }
            // What it says besides is for those who resume or fall behind.
            _ => {}
        }
    }
    interrupted("before the call was over", "the socket was closed without a status")
}

/// `{"key": ["value", …]}`.
fn entries(object: Option<&Value>) -> Vec<Metadatum> {
    let object = object.and_then(Value::as_object).into_iter().flatten();
    let each = object.flat_map(|(key, values)| {
        let values = values.as_array().into_iter().flatten().filter_map(Value::as_str);
        values.flat_map(move |value| data(key, value))
    });
    each.collect()
}
