//! Envoy in front of another server, turning gRPC-Web or REST into gRPC.

use super::local;
use crate::outside;
use crate::process::{READY, Running};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A running proxy.
pub struct Envoy {
    process: Running,
    _folder: TempDir,
    /// Where it takes gRPC-Web and gRPC, in HTTP/1.1 and HTTP/2 without TLS, on one port.
    pub address: String,
}

impl Envoy {
    /// Starts it in front of a server at `127.0.0.1:PORT` that speaks HTTP/2 without TLS.
    pub fn before(upstream: &str) -> Envoy {
        Envoy::with(upstream, filter("envoy.filters.http.grpc_web", typed(GRPC_WEB)))
    }

    /// The same with REST by the rules of these services, which are in a file of descriptors.
    pub fn transcoding(upstream: &str, descriptors: &Path, services: &[&str]) -> Envoy {
        let mut config = typed(TRANSCODER);
        config["proto_descriptor"] = json!(descriptors);
        config["services"] = json!(services);
        // Methods without a rule too, and statuses with their details: what we do as well.
        config["auto_mapping"] = json!(true);
        config["convert_grpc_status"] = json!(true);
        Envoy::with(upstream, filter("envoy.filters.http.grpc_json_transcoder", config))
    }

    fn with(upstream: &str, filter: Value) -> Envoy {
        let folder = tempfile::tempdir().expect("a folder");
        let (config, admin) = (folder.path().join("envoy.json"), folder.path().join("admin"));
        std::fs::write(&config, configuration(upstream, filter).to_string()).expect("a file");
        let mut command = Command::new(outside::envoy());
        command.arg("--config-path").arg(config).arg("--admin-address-path").arg(&admin);
        command.args(["--concurrency", "1", "--use-dynamic-base-id", "--disable-hot-restart"]);
        let process = Running::start(&mut command);
        process.wait_for(|line| line.contains("starting main dispatch loop").then_some(()));
        let address = listening(&admin);
        Envoy { process, _folder: folder, address }
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// What it said so far.
    pub fn said(&self) -> String {
        self.process.said()
    }
}

/// Ports are chosen when listeners start, so only the running program knows them.
fn listening(admin: &Path) -> String {
    let admin = std::fs::read_to_string(admin).expect("Envoy wrote the address of its admin port");
    let mut connection = TcpStream::connect(admin.trim()).expect("Envoy's admin port");
    connection.set_read_timeout(Some(READY)).expect("a time limit");
    let request =
        "GET /listeners?format=json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    connection.write_all(request.as_bytes()).expect("a request");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("an answer");
    let body = answer.find('{').map(|begin| &answer[begin..]).expect("JSON");
    // It comes as a chunk, so that something follows it.
    let listeners: Value = serde_json::Deserializer::from_str(body)
        .into_iter()
        .next()
        .and_then(Result::ok)
        .unwrap_or_else(|| panic!("no listeners in {answer}"));
    let address = &listeners["listener_statuses"][0]["local_address"]["socket_address"];
    let port = address["port_value"].as_u64().and_then(|port| u16::try_from(port).ok());
    local(port.filter(|port| *port != 0).unwrap_or_else(|| panic!("no port in {answer}")))
}

const GRPC_WEB: &str = "filters.http.grpc_web.v3.GrpcWeb";
const TRANSCODER: &str = "filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder";

fn typed(name: &str) -> Value {
    json!({"@type": format!("type.googleapis.com/envoy.extensions.{name}")})
}

fn filter(name: &str, config: Value) -> Value {
    json!({"name": name, "typed_config": config})
}

fn configuration(upstream: &str, first: Value) -> Value {
    let (host, port) = upstream.rsplit_once(':').expect("host and port");
    let port: u16 = port.parse().expect("a port");
    let socket =
        |host: &str, port: u16| json!({"socket_address": {"address": host, "port_value": port}});
    let mut manager = typed("filters.network.http_connection_manager.v3.HttpConnectionManager");
    manager["stat_prefix"] = json!("in");
    // HTTP/1.1 or HTTP/2, by what the client begins with.
    manager["codec_type"] = json!("AUTO");
    manager["http_filters"] =
        json!(
            [first, filter("envoy.filters.http.router", typed("filters.http.router.v3.Router")),]
        );
    // Streams stay open as long as client and server want.
    manager["route_config"] = json!({"virtual_hosts": [{
        "name": "all",
        "domains": ["*"],
        "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "upstream", "timeout": "0s"}}],
    }]});
    json!({
        "admin": {"address": socket("127.0.0.1", 0)},
        "static_resources": {
            "listeners": [{
                "name": "in",
                "address": socket("127.0.0.1", 0),
                "filter_chains": [{"filters": [
                    {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager},
                ]}],
            }],
            "clusters": [{
                "name": "upstream",
                "type": "STATIC",
                "connect_timeout": "5s",
                "load_assignment": {"cluster_name": "upstream", "endpoints": [
                    {"lb_endpoints": [{"endpoint": {"address": socket(host, port)}}]},
                ]},
                "typed_extension_protocol_options": {
                    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                        "explicit_http_config": {"http2_protocol_options": {}},
                    },
                },
            }],
        },
    })
}
