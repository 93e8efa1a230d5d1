//! The studio's methods, asked as a page asks them.

use crate::process::{READY, eventually};
use crate::studio::Studio;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;

/// A call that is over.
#[derive(Debug)]
pub struct Called {
    /// Its record.
    pub record: Value,
    /// The answers, each read as JSON.
    pub answers: Vec<Value>,
}

impl Called {
    /// The number of its gRPC status.
    pub fn code(&self) -> u64 {
        self.record["status"]["code"].as_u64().unwrap_or_else(|| panic!("no status: {self:?}"))
    }
}

impl Studio {
    /// Asks a method; an error is a problem as JSON.
    pub fn try_ask(&self, method: &str, request: &Value) -> Result<Value, Value> {
        let url: url::Url = self.address.parse().expect("an address");
        let (host, port) = (url.host_str().expect("a host"), url.port().expect("a port"));
        let token = url.query().and_then(|query| query.strip_prefix("token=")).expect("a token");
        let body = request.to_string();
        let head = format!(
            "POST /api/{method} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let mut connection = TcpStream::connect((host, port)).expect("the studio listens");
        connection.set_read_timeout(Some(READY)).expect("a time limit");
        connection.write_all(format!("{head}{body}").as_bytes()).expect("a request");
        let mut answer = String::new();
        connection.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer with a body");
        let value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"));
        match head.split(' ').nth(1) {
            Some("200") => Ok(value),
            _ => Err(value),
        }
    }

    /// Asks a method that succeeds.
    pub fn ask(&self, method: &str, request: &Value) -> Value {
        self.try_ask(method, request).unwrap_or_else(|problem| panic!("{method}: {problem}"))
    }

    /// Makes a call and waits for its end. `spec` is a `CallSpec` without its `kind`.
    pub fn call(&self, spec: &Value, requests: &[Value]) -> Called {
        let mut spec = spec.clone();
        // What the schema says holds, but the field has to be there.
        spec["kind"] = json!("Unary");
        let texts: Vec<String> = requests.iter().map(Value::to_string).collect();
        let start = json!({"spec": spec, "messages": texts, "finish": true});
        let id = self.ask("start_call", &start)["id"].clone();
        let record = eventually("the call ends", || {
            let record = self.ask("call", &id);
            (record["state"] != "Running").then_some(record)
        });
        let rows = self.ask("messages", &json!({"call": id, "from": 0, "limit": 10_000}));
        let answers = rows.as_array().into_iter().flatten();
        let answers = answers.filter(|row| row["direction"] == "Received").map(|row| {
            // Its text may be cut; a message asked for alone comes whole.
            let whole = self.ask("message", &json!({"call": id, "index": row["index"]}));
            let text = whole["json"].as_str().expect("a text");
            serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {whole}"))
        });
        Called { answers: answers.collect(), record }
    }
}
