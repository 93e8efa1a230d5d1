//! Instances that registered themselves in Consul and pass their health checks, by blocking queries
//! (<https://developer.hashicorp.com/consul/api-docs/health#list-nodes-for-service>,
//! <https://developer.hashicorp.com/consul/api-docs/features/blocking>).

use super::{Instance, Nudge, Resolve, Update, Watch, wait_after};
use crate::connect::CONNECT_TIMEOUT;
use crate::endpoint::Target;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use std::net::IpAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use wirelab_model::{Problem, ProblemKind};

/// How long the agent holds a query back while nothing changes.
const HOLD: Duration = Duration::from_secs(60);
/// How long its answer may then take: the agent adds up to a sixteenth of [`HOLD`], and some for its way.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(80);
/// Changes are taken at most this often.
const MIN_GAP: Duration = Duration::from_millis(100);
/// The largest answer, bytes.
const MAX_ANSWER: usize = 8 << 20;

/// Watches a service.
pub(super) struct Consul {
    pub agent: Target,
    pub service: String,
    pub tag: Option<String>,
    pub datacenter: Option<String>,
    /// Whether the instances are called with TLS.
    pub tls: bool,
}

impl Resolve for Consul {
    fn name(&self) -> &'static str {
        "consul"
    }

    fn watch(self: Box<Self>, nudge: Nudge) -> Watch {
        let session = Session {
            consul: *self,
            nudge,
            index: 0,
            last: None,
            failures: 0,
            earliest: Instant::now(),
        };
        stream::unfold(session, |mut session| async move {
            let update = session.next().await;
            Some((update, session))
        })
        .boxed()
    }
}

struct Session {
    consul: Consul,
    nudge: Nudge,
    /// Of the last answer; a query with it is held back until there is a later one.
    index: u64,
    last: Option<Vec<Instance>>,
    failures: u32,
    earliest: Instant,
}

impl Session {
    async fn next(&mut self) -> Update {
        loop {
            if self.failures > 0 {
                self.nudge.or_after(wait_after(self.failures)).await;
            }
            sleep_until(self.earliest).await;
            self.earliest = Instant::now() + MIN_GAP;
            match self.query().await {
                Ok(instances) => {
                    let same = self.failures == 0 && self.last.as_ref() == Some(&instances);
                    self.failures = 0;
                    if !same {
                        self.last = Some(instances.clone());
                        return Ok(instances);
                    }
                }
                Err(why) => {
                    self.failures += 1;
                    self.index = 0;
                    let message = format!("the instances cannot be had from Consul: {why}");
                    return Err(Problem::new(ProblemKind::Unreachable, message)
                        .at(self.consul.agent.to_string())
                        .help("check the address of Consul's HTTP API, and the service's name"));
                }
            }
        }
    }

    async fn query(&mut self) -> Result<Vec<Instance>, String> {
        let agent = &self.consul.agent;
        let dial = TcpStream::connect((agent.host(), agent.port()));
        let tcp = timeout(CONNECT_TIMEOUT, dial)
            .await
            .map_err(|_| format!("{agent} does not answer"))?
            .map_err(|error| format!("{agent} cannot be reached: {error}"))?;
        let broken = |error: &dyn std::fmt::Display| format!("{agent} does not answer: {error}");
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(tcp))
            .await
            .map_err(|error| broken(&error))?;
        let request = Request::get(self.path())
            .header(header::HOST, agent.to_string())
            .body(Empty::<Bytes>::new())
            .map_err(|error| broken(&error))?;
        let exchange = async {
            let response = sender.send_request(request).await.map_err(|error| broken(&error))?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, MAX_ANSWER).collect().await;
            let body = body.map_err(|error| broken(&error))?.to_bytes();
            Ok::<_, String>((head, body))
        };
        // The connection lives as long as its one query: whoever drops this drops both.
        let driven = async {
            tokio::pin!(connection, exchange);
            tokio::select! {
                answer = &mut exchange => answer,
                _ = &mut connection => exchange.await,
            }
        };
        let (head, body) =
            timeout(ANSWER_TIMEOUT, driven).await.map_err(|error| broken(&error))??;
        if head.status != StatusCode::OK {
            let text: String = String::from_utf8_lossy(&body).chars().take(200).collect();
            return Err(format!("{agent} answered HTTP {}: {}", head.status, text.trim()));
        }
        let index = head.headers.get("x-consul-index").and_then(|index| index.to_str().ok());
        let index = index.and_then(|index| index.parse::<u64>().ok()).unwrap_or(0);
        // An index that went back belongs to another life of the agent.
        self.index = if index < self.index { 0 } else { index };
        let entries: Vec<Entry> = serde_json::from_slice(&body)
            .map_err(|error| format!("{agent} answered what is no list of services: {error}"))?;
        Ok(instances(entries, self.consul.tls))
    }

    fn path(&self) -> String {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let mut path = format!("/v1/health/service/{}?passing=true", encode(&self.consul.service));
        if self.index > 0 {
            path += &format!("&index={}&wait={}s", self.index, HOLD.as_secs());
        }
        for (key, value) in [("tag", &self.consul.tag), ("dc", &self.consul.datacenter)] {
            if let Some(value) = value {
                path += &format!("&{key}={}", encode(value));
            }
        }
        path
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    #[serde(default)]
    node: Node,
    service: Service,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Node {
    #[serde(default)]
    address: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Service {
    /// Empty for that of the node.
    #[serde(default)]
    address: String,
    port: u16,
    #[serde(default)]
    weights: Option<Weights>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Weights {
    passing: u32,
}

/// By address, because the agent gives them in any order.
fn instances(entries: Vec<Entry>, tls: bool) -> Vec<Instance> {
    let mut instances: Vec<Instance> = entries
        .into_iter()
        .filter_map(|Entry { node, service }| {
            let host = if service.address.is_empty() { node.address } else { service.address };
            let address = match host.parse::<IpAddr>() {
                Ok(IpAddr::V6(ip)) => format!("[{ip}]:{}", service.port),
                _ => format!("{host}:{}", service.port),
            };
            let weight = service.weights.map_or(1, |weights| weights.passing);
            Instance::registered(&address, weight, tls)
        })
        .collect();
    instances.sort_by_key(|instance| instance.place.to_string());
    instances.dedup_by(|a, b| a.place == b.place);
    instances
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers() {
        let answer = r#"[
            {"Node": {"Node": "b", "Address": "10.0.0.2"},
             "Service": {"ID": "shop-2", "Address": "", "Port": 7, "Weights": {"Passing": 3, "Warning": 1}}},
            {"Node": {"Address": "10.0.0.9"}, "Service": {"Address": "shop-1.local", "Port": 7}},
            {"Service": {"Address": "::1", "Port": 7, "Weights": null}},
            {"Node": {"Address": "10.0.0.2"}, "Service": {"Port": 7}},
            {"Node": {"Address": "10.0.0.3"}, "Service": {"Port": 0}}
        ]"#;
        let got: Vec<String> = instances(serde_json::from_str(answer).unwrap(), false)
            .iter()
            .map(|instance| format!("{} {}", instance.place, instance.weight))
            .collect();
        assert_eq!(got, ["10.0.0.2:7 3", "[::1]:7 1", "shop-1.local:7 1"]);
    }
}
