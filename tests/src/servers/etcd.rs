//! etcd, alone in its cluster.

use super::local;
use crate::command::{Ran, wirelab};
use crate::outside;
use crate::process::Running;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A server with a data folder of its own. It has no reflection: its files are below [`outside::etcd_protos`].
pub struct Etcd {
    process: Running,
    _data: TempDir,
    /// Where it is called, without TLS.
    pub address: String,
}

impl Etcd {
    /// Starts it.
    pub fn start() -> Etcd {
        let data = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(outside::etcd());
        command.arg("--data-dir").arg(data.path());
        for option in ["--listen-client-urls", "--advertise-client-urls", "--listen-peer-urls"] {
            command.args([option, "http://127.0.0.1:0"]);
        }
        // Nobody else can be elected, so there is nobody to wait for. Its REST face calls the port it was told, which
        // is none.
        command.args(["--heartbeat-interval", "10", "--election-timeout", "100"]);
        command.args(["--enable-grpc-gateway=false", "--logger=zap", "--log-outputs=stderr"]);
        let process = Running::start(&mut command);
        let port: u16 = process.wait_for(|line| {
            let line: serde_json::Value = serde_json::from_str(line).ok()?;
            line["msg"].as_str()?.starts_with("serving client traffic").then_some(())?;
            line["address"].as_str()?.strip_prefix("127.0.0.1:")?.parse().ok()
        });
        Etcd { process, _data: data, address: local(port) }
    }

    /// The arguments of `wirelab` that say where its schema is.
    pub fn schema() -> [String; 4] {
        let protos = outside::etcd_protos();
        let file = protos.join("etcd/etcdserver/etcdserverpb/rpc.proto");
        let text = |path: &Path| path.display().to_string();
        ["--proto".to_owned(), text(&file), "--import-path".to_owned(), text(&protos)]
    }

    /// Calls a method of one of its services, such as `KV/Put`, by the command line.
    pub fn run(&self, method: &str, request: &Value) -> Ran {
        let (method, data) = (format!("etcdserverpb.{method}"), request.to_string());
        let schema = Etcd::schema();
        let mut arguments = vec!["call", &self.address, &method, "-d", &data];
        arguments.extend(schema.iter().map(String::as_str));
        wirelab(&arguments)
    }

    /// Gives a key a value.
    pub fn put(&self, key: &str, value: &str) {
        let ran = self
            .run("KV/Put", &json!({"key": STANDARD.encode(key), "value": STANDARD.encode(value)}));
        assert_eq!(ran.code, 0, "{ran:?}");
    }

    /// Forgets a key.
    pub fn delete(&self, key: &str) {
        let ran = self.run("KV/DeleteRange", &json!({"key": STANDARD.encode(key)}));
        assert_eq!(ran.code, 0, "{ran:?}");
    }

    /// What it said so far.
    pub fn said(&self) -> String {
        self.process.said()
    }

    /// Ends it now, as a crash would.
    pub fn kill(&mut self) {
        self.process.kill();
    }
}
