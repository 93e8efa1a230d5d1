//! The server through its own front door: real sockets, requests and answers as JSON text.

mod control;
mod infrastructure;
mod services;

use crate::codec::BytesCodec;
use bytes::Bytes;
use futures_util::StreamExt;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor, SerializeOptions};
use serde_json::Value;
use std::fmt::Write;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::{
    Request, Status,
    client::Grpc,
    metadata::{KeyAndValueRef, MetadataMap},
    transport::{Channel, Endpoint},
};
use tonic_types::StatusExt;

/// Fields whose values differ from run to run.
const VARYING: [&str; 6] = ["at", "createdAt", "eta", "expiresAt", "sentAt", "updatedAt"];
/// Fields that are maps of more than one entry.
const MAPS: [&str; 1] = ["networkBytesPerSecond"];
/// The one `updatedAt` that does not vary: nothing happened to the article yet.
const UNTOUCHED: &str = "2026-11-21T09:29:57.412Z";

/// A server of its own for one test.
struct Server {
    channel: Channel,
    shutdown: CancellationToken,
    task: tokio::task::JoinHandle<std::io::Result<()>>,
}

/// What came back from a call.
struct Outcome {
    headers: MetadataMap,
    messages: Vec<Bytes>,
    trailers: MetadataMap,
    status: Status,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(crate::serve(listener, shutdown.clone()));
        let channel = Endpoint::new(address).unwrap().connect().await.unwrap();
        Server { channel, shutdown, task }
    }

    /// Calls any method with raw bytes.
    async fn raw(&self, path: &str, metadata: &[(&str, &str)], requests: Vec<Bytes>) -> Outcome {
        let mut grpc = Grpc::new(self.channel.clone()).max_decoding_message_size(usize::MAX);
        grpc.ready().await.unwrap();
        let mut request = Request::new(futures_util::stream::iter(requests));
        for (key, value) in metadata {
            if key.ends_with("-bin") {
                let key: tonic::metadata::BinaryMetadataKey = key.parse().unwrap();
                let value = tonic::metadata::MetadataValue::from_bytes(value.as_bytes());
                request.metadata_mut().append_bin(key, value);
            } else {
                let key: tonic::metadata::AsciiMetadataKey = key.parse().unwrap();
                request.metadata_mut().append(key, value.parse().unwrap());
            }
        }
        let path = format!("/{path}").parse().unwrap();
        let mut outcome = Outcome {
            headers: MetadataMap::new(),
            messages: Vec::new(),
            trailers: MetadataMap::new(),
            status: Status::ok(""),
        };
        match grpc.streaming(request, path, BytesCodec).await {
            Err(status) => outcome.status = status,
            Ok(response) => {
                let (headers, mut body, _) = response.into_parts();
                outcome.headers = headers;
                loop {
                    match body.next().await {
                        Some(Ok(message)) => outcome.messages.push(message),
                        Some(Err(status)) => outcome.status = status,
                        None => break,
                    }
                }
                if outcome.status.code() == tonic::Code::Ok {
                    outcome.trailers = body.trailers().await.unwrap().unwrap_or_default();
                }
            }
        }
        outcome
    }

    /// Calls a method with JSON requests and tells what came back in lines.
    async fn tell(&self, path: &str, metadata: &[(&str, &str)], requests: &[&str]) -> String {
        let method = method(path);
        let requests = requests.iter().map(|json| encode(&method, json)).collect();
        let outcome = self.raw(path, metadata, requests).await;
        let mut text = format!("# {path}");
        for (key, value) in metadata {
            write!(text, " {key}={value}").unwrap();
        }
        text.push('\n');
        for message in &outcome.messages {
            writeln!(text, "{}", decode(&method, message)).unwrap();
        }
        let status = &outcome.status;
        write!(text, "{:?}", status.code()).unwrap();
        if !status.message().is_empty() {
            write!(text, ": {}", status.message()).unwrap();
        }
        let details = status.get_error_details();
        for violation in details.bad_request().iter().flat_map(|bad| &bad.field_violations) {
            write!(text, "\n  {}: {}", violation.field, violation.description).unwrap();
        }
        text.push('\n');
        text
    }
}

fn pool() -> DescriptorPool {
    DescriptorPool::decode(crate::DESCRIPTORS).unwrap()
}

fn method(path: &str) -> MethodDescriptor {
    let (service, name) = path.split_once('/').unwrap();
    pool().get_service_by_name(service).unwrap().methods().find(|m| m.name() == name).unwrap()
}

fn encode(method: &MethodDescriptor, json: &str) -> Bytes {
    let mut text = serde_json::Deserializer::from_str(json);
    let message = DynamicMessage::deserialize(method.input(), &mut text).unwrap();
    message.encode_to_vec().into()
}

fn decode(method: &MethodDescriptor, wire: &[u8]) -> Value {
    let message = DynamicMessage::decode(method.output(), wire).unwrap();
    let options = SerializeOptions::new();
    let mut json = message.serialize_with_options(serde_json::value::Serializer, &options).unwrap();
    steady(&mut json);
    json
}

/// Blots out what differs from run to run.
fn steady(json: &mut Value) {
    match json {
        Value::Array(values) => values.iter_mut().for_each(steady),
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(text) if VARYING.contains(&key.as_str()) => {
                        if text != UNTOUCHED {
                            "…".clone_into(text);
                        }
                    }
                    // Maps come in any order.
                    Value::Object(map) if MAPS.contains(&key.as_str()) => map.sort_keys(),
                    value => steady(value),
                }
            }
        }
        _ => {}
    }
}

/// Metadata in lines, without what belongs to the protocol.
fn lines(metadata: &MetadataMap) -> String {
    let mut text = String::new();
    for entry in metadata.iter() {
        match entry {
            KeyAndValueRef::Ascii(key, value) if key.as_str().starts_with("x-") => {
                writeln!(text, "{key}: {}", value.to_str().unwrap()).unwrap();
            }
            KeyAndValueRef::Binary(key, value) if key.as_str().starts_with("x-") => {
                writeln!(text, "{key}: {:?}", value.to_bytes().unwrap()).unwrap();
            }
            _ => {}
        }
    }
    text
}
