//! etcd, alone in its cluster.

use super::local;
use crate::command::{Ran, wirelab};
use crate::outside;
use crate::process::Running;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// How often a port is looked for.
const ATTEMPTS: usize = 8;

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
        // Its REST face calls the port it was told, which is none.
        Etcd::try_start(0).unwrap_or_else(|process| panic!("{}", process.said()))
    }

    /// Starts it with its REST face, at the same address.
    pub fn with_rest() -> Etcd {
        for _ in 0..ATTEMPTS {
            // A port that was free a moment ago.
            let free = TcpListener::bind("127.0.0.1:0").expect("a port");
            let port = free.local_addr().expect("an address").port();
            drop(free);
            if let Ok(etcd) = Etcd::try_start(port) {
                return etcd;
            }
        }
        panic!("{ATTEMPTS} ports were taken by others before etcd could have them");
    }

    /// The process when it ends instead of serving on `port`.
    fn try_start(port: u16) -> Result<Etcd, Running> {
        let data = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(outside::etcd());
        command.arg("--data-dir").arg(data.path());
        for option in ["--listen-client-urls", "--advertise-client-urls"] {
            command.args([option, &format!("http://127.0.0.1:{port}")]);
        }
        command.args(["--listen-peer-urls", "http://127.0.0.1:0"]);
        // Nobody else can be elected, so there is nobody to wait for.
        command.args(["--heartbeat-interval", "10", "--election-timeout", "100"]);
        command.args([
            &format!("--enable-grpc-gateway={}", port != 0),
            "--logger=zap",
            "--log-outputs=stderr",
        ]);
        let process = Running::start(&mut command);
        let port: Option<u16> = process.wait_for(|line| {
            let line: serde_json::Value = serde_json::from_str(line).ok()?;
            if line["level"] == "fatal" {
                return Some(None);
            }
            line["msg"].as_str()?.starts_with("serving client traffic").then_some(())?;
            line["address"].as_str()?.strip_prefix("127.0.0.1:")?.parse().ok().map(Some)
        });
        match port {
            Some(port) => Ok(Etcd { process, _data: data, address: local(port) }),
            None => Err(process),
        }
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
