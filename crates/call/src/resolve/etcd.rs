//! Instances that registered themselves in etcd v3: keys below a prefix, whose values are an address or what
//! etcd's own naming library writes
//! (<https://etcd.io/docs/v3.5/dev-guide/grpc_naming/>): `{"Op":0,"Addr":"10.0.0.1:50051","Metadata":…}`.

mod messages;

use super::{Instance, MAX_INSTANCES, Nudge, Resolve, Update, Watch, wait_after};
use crate::Client;
use crate::connect::CONNECT_TIMEOUT;
use crate::endpoint::Target;
use crate::invoke::{Events, Invoke, requests};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use messages::{
    DELETE, RangeRequest, RangeResponse, WatchCreateRequest, WatchRequest, WatchResponse,
};
use prost::Message;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use wirelab_model::{CallEventKind, CallKind, CallSpec, Endpoint, Problem, ProblemKind};

/// How often the connection of a quiet watch is tested.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Watches a prefix.
pub(super) struct Etcd {
    pub members: Vec<Target>,
    pub prefix: String,
    /// Whether the instances are called with TLS.
    pub tls: bool,
}

impl Resolve for Etcd {
    fn name(&self) -> &'static str {
        "etcd"
    }

    fn watch(self: Box<Self>, nudge: Nudge) -> Watch {
        let session = Session {
            etcd: *self,
            client: Client::new(),
            nudge,
            entries: BTreeMap::new(),
            revision: 0,
            partial: false,
            watching: None,
            failures: 0,
        };
        stream::unfold(session, |mut session| async move {
            let update = session.next().await;
            Some((update, session))
        })
        .boxed()
    }
}

struct Session {
    etcd: Etcd,
    /// A client of its own: the registry is no part of what people call.
    client: Client,
    nudge: Nudge,
    /// Keys and what they say; none where that is no address.
    entries: BTreeMap<Vec<u8>, Option<Instance>>,
    /// Of the store, when `entries` was right.
    revision: i64,
    /// Whether there are more keys than are held.
    partial: bool,
    watching: Option<Events>,
    failures: u32,
}

impl Session {
    /// The next change, or why there is none.
    async fn next(&mut self) -> Update {
        loop {
            let Some(watching) = &mut self.watching else {
                if self.failures > 0 {
                    self.nudge.or_after(wait_after(self.failures)).await;
                }
                return self.begin().await;
            };
            let Some(event) = watching.next().await else {
                self.watching = None;
                continue;
            };
            match event.kind {
                CallEventKind::Received { message, .. } => match self.changed(&message.0) {
                    Ok(true) => return Ok(self.instances()),
                    Ok(false) => {}
                    Err(Relist) => self.watching = None,
                },
                CallEventKind::Finished { status, .. } => {
                    self.watching = None;
                    self.failures += 1;
                    let why = match status.problem {
                        Some(problem) => problem.message,
                        None => format!("the watch ended with {}", status.name()),
                    };
                    return Err(self.problem(&why));
                }
                _ => {}
            }
        }
    }

    /// Lists the keys and watches them from there on.
    async fn begin(&mut self) -> Update {
        let (key, range_end) = self.range();
        let limit = i64::try_from(MAX_INSTANCES + 1).unwrap_or(i64::MAX);
        let request = RangeRequest { key: key.clone(), range_end: range_end.clone(), limit };
        let listed = match self.list(request).await {
            Ok(listed) => listed,
            Err(why) => {
                self.failures += 1;
                return Err(self.problem(&why));
            }
        };
        self.failures = 0;
        self.partial = listed.more;
        self.revision = listed.header.map_or(0, |header| header.revision);
        let tls = self.etcd.tls;
        self.entries =
            listed.kvs.into_iter().map(|kv| (kv.key, instance(&kv.value, tls))).collect();
        let create =
            WatchCreateRequest { key, range_end, start_revision: self.revision.saturating_add(1) };
        let request = WatchRequest { create_request: Some(create) }.encode_to_vec();
        // The stream stays open: its end would end the watch.
        let requests = stream::iter([Bytes::from(request)]).chain(stream::pending());
        let spec = self.spec("etcdserverpb.Watch/Watch", CallKind::Bidi, None);
        let watching = self.client.invoke(spec, Box::pin(requests), CancellationToken::new());
        self.watching = Some(watching);
        Ok(self.instances())
    }

    async fn list(&mut self, request: RangeRequest) -> Result<RangeResponse, String> {
        let spec = self.spec("etcdserverpb.KV/Range", CallKind::Unary, Some(CONNECT_TIMEOUT));
        let request = requests([request.encode_to_vec()]);
        let mut events = self.client.invoke(spec, request, CancellationToken::new());
        let mut response = None;
        while let Some(event) = events.next().await {
            match event.kind {
                CallEventKind::Received { message, .. } => response = Some(message.0),
                CallEventKind::Finished { status, .. } if !status.is_ok() => {
                    let name = status.name();
                    return Err(status.problem.map_or(name, |problem| problem.message));
                }
                _ => {}
            }
        }
        RangeResponse::decode(response.unwrap_or_default())
            .map_err(|error| format!("its answer cannot be read: {error}"))
    }

    /// A call to one of the members, another one after each failure.
    fn spec(&self, method: &str, kind: CallKind, deadline: Option<Duration>) -> CallSpec {
        let members = &self.etcd.members;
        let turn = usize::try_from(self.failures).unwrap_or_default() % members.len().max(1);
        CallSpec {
            endpoint: Endpoint {
                address: members.get(turn).map(ToString::to_string).unwrap_or_default(),
                keepalive_ms: u64::try_from(KEEPALIVE.as_millis()).ok(),
                ..Endpoint::default()
            },
            method: method.into(),
            kind,
            deadline_ms: deadline.and_then(|time| u64::try_from(time.as_millis()).ok()),
            ..CallSpec::default()
        }
    }

    /// The keys from `prefix/` up to and without `prefix0`, which comes next after the slash.
    fn range(&self) -> (Vec<u8>, Vec<u8>) {
        let prefix = &self.etcd.prefix;
        (format!("{prefix}/").into_bytes(), format!("{prefix}0").into_bytes())
    }

    /// Takes a response of the watch; says whether anything is different now.
    fn changed(&mut self, response: &[u8]) -> Result<bool, Relist> {
        let response = WatchResponse::decode(response).map_err(|_| Relist)?;
        // Ended by the server, or so late that the changes between are no longer kept.
        if response.canceled {
            return Err(Relist);
        }
        let mut changed = false;
        for event in response.events {
            let Some(kv) = event.kv else { continue };
            if self.partial {
                return Err(Relist);
            }
            changed |= if event.r#type == DELETE {
                self.entries.remove(&kv.key).is_some()
            } else {
                let new = instance(&kv.value, self.etcd.tls);
                self.entries.insert(kv.key, new.clone()) != Some(new)
            };
            if self.entries.len() > MAX_INSTANCES {
                return Err(Relist);
            }
        }
        Ok(changed)
    }

    /// By key; an address that is registered twice counts once.
    fn instances(&self) -> Vec<Instance> {
        let mut instances: Vec<Instance> = Vec::new();
        for instance in self.entries.values().flatten() {
            if instances.iter().all(|known| known.place != instance.place) {
                instances.push(instance.clone());
            }
        }
        instances
    }

    fn problem(&self, why: &str) -> Problem {
        let message = format!("the instances cannot be had from etcd: {why}");
        Problem::new(ProblemKind::Unreachable, message)
            .help("check the address of etcd, and that it takes calls in plaintext and without a password")
    }
}

/// The keys must be listed again.
struct Relist;

/// What etcd's naming library writes. Its operation 1 takes an instance back.
#[derive(Deserialize)]
struct Registered {
    #[serde(rename = "Op", default)]
    op: u8,
    #[serde(rename = "Addr")]
    address: String,
    #[serde(rename = "Metadata", default)]
    metadata: serde_json::Value,
}

fn instance(value: &[u8], tls: bool) -> Option<Instance> {
    let text = std::str::from_utf8(value).ok()?.trim();
    if !text.starts_with('{') {
        return Instance::registered(text, 1, tls);
    }
    let registered: Registered = serde_json::from_str(text).ok()?;
    let weight = ["weight", "Weight"].iter().find_map(|key| registered.metadata.get(key)?.as_u64());
    let weight = weight.and_then(|weight| u32::try_from(weight).ok()).unwrap_or(1);
    if registered.op != 0 { None } else { Instance::registered(&registered.address, weight, tls) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let table = [
            ("10.0.0.1:50051", "10.0.0.1:50051 1"),
            (" [::1]:7\n", "[::1]:7 1"),
            ("shop-1.internal:7", "shop-1.internal:7 1"),
            (r#"{"Op":0,"Addr":"10.0.0.1:7","Metadata":null}"#, "10.0.0.1:7 1"),
            (r#"{"Addr":"10.0.0.1:7","Metadata":{"weight":5}}"#, "10.0.0.1:7 5"),
            (r#"{"Addr":"10.0.0.1:7","Metadata":{"Weight":0},"x":1}"#, "10.0.0.1:7 0"),
            (r#"{"Addr":"10.0.0.1:7","Metadata":"blue"}"#, "10.0.0.1:7 1"),
            (r#"{"Op":1,"Addr":"10.0.0.1:7"}"#, "-"),
            (r#"{"Op":0}"#, "-"),
            ("{", "-"),
            ("10.0.0.1", "-"),
            ("10.0.0.1:0", "-"),
            (":7", "-"),
            ("a b:7", "-"),
            ("", "-"),
        ];
        for (value, want) in table {
            let got = instance(value.as_bytes(), false);
            let got = got.map(|found| format!("{} {}", found.place, found.weight));
            assert_eq!(got.as_deref().unwrap_or("-"), want, "{value}");
        }
        assert!(instance(&[0xff], false).is_none());
    }
}
