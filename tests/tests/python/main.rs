//! `wirelab` against a server that shares no code with it: Python's grpcio with its reflection, health and channelz.

mod calls;
mod connections;
mod services;
mod statuses;

use serde_json::Value;

/// Every JSON value in a text, one after the other.
fn values(text: &str) -> Vec<Value> {
    serde_json::Deserializer::from_str(text)
        .into_iter::<Value>()
        .map(|value| value.unwrap_or_else(|error| panic!("{error} in {text}")))
        .collect()
}
