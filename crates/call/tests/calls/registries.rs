//! Instances that registered themselves in etcd and Consul, played here as far as they are asked.

use crate::support::*;
use prost::Message;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::sync::broadcast;
use wirelab_call::Client;
use wirelab_model::{BalancingPolicy, CallKind, CallSpec, ChannelInfo, ProblemKind};

/// A server that answers with its name.
async fn named(name: &'static str) -> Server {
    grpc(move |request, mut reply| async move {
        read(request).await;
        reply.all(&[name.as_bytes()], "0");
    })
    .await
}

fn over(address: &str, policy: BalancingPolicy) -> CallSpec {
    let mut spec = spec(address, CallKind::Unary);
    spec.endpoint.balancing.policy = Some(policy);
    spec
}

async fn answers(client: &Client, spec: &CallSpec, calls: usize) -> String {
    let mut out = String::new();
    for _ in 0..calls {
        let call = call(client, spec.clone(), &[b""]).await;
        out += call.received().first().map_or("-", |name| std::str::from_utf8(name).unwrap());
    }
    out
}

/// Waits until the instances are as wanted.
async fn settled(
    client: &Client,
    spec: &CallSpec,
    is: impl Fn(&ChannelInfo) -> bool,
) -> ChannelInfo {
    let waiting = async {
        loop {
            let info = client.channel(&spec.endpoint).await;
            if is(&info) {
                return info;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), waiting).await.expect("in time")
}

fn addresses(info: &ChannelInfo) -> Vec<(&str, u32)> {
    info.instances.iter().map(|one| (one.address.as_str(), one.weight)).collect()
}

/// The messages of etcd, written down anew from its `rpc.proto`.
mod etcd {
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Header {
        #[prost(int64, tag = "3")]
        pub revision: i64,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Pair {
        #[prost(bytes = "vec", tag = "1")]
        pub key: Vec<u8>,
        #[prost(int64, tag = "3")]
        pub mod_revision: i64,
        #[prost(bytes = "vec", tag = "5")]
        pub value: Vec<u8>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Range {
        #[prost(bytes = "vec", tag = "1")]
        pub key: Vec<u8>,
        #[prost(bytes = "vec", tag = "2")]
        pub end: Vec<u8>,
        #[prost(int64, tag = "3")]
        pub from: i64,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Ranged {
        #[prost(message, optional, tag = "1")]
        pub header: Option<Header>,
        #[prost(message, repeated, tag = "2")]
        pub pairs: Vec<Pair>,
        #[prost(int64, tag = "4")]
        pub count: i64,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Watch {
        #[prost(message, optional, tag = "1")]
        pub create: Option<Range>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Event {
        #[prost(int32, tag = "1")]
        pub delete: i32,
        #[prost(message, optional, tag = "2")]
        pub pair: Option<Pair>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Watched {
        #[prost(message, optional, tag = "1")]
        pub header: Option<Header>,
        #[prost(bool, tag = "3")]
        pub created: bool,
        #[prost(bool, tag = "4")]
        pub canceled: bool,
        #[prost(message, repeated, tag = "11")]
        pub events: Vec<Event>,
    }
}

fn pair(key: &str, value: &str) -> etcd::Pair {
    etcd::Pair { key: key.into(), value: value.into(), ..etcd::Pair::default() }
}

fn registered(address: &str, metadata: &str) -> String {
    format!(r#"{{"Op":0,"Addr":"{address}","Metadata":{metadata}}}"#)
}

/// An etcd that lists `pairs` and tells what is sent to `changes`.
async fn store(
    pairs: Arc<Mutex<Vec<etcd::Pair>>>,
    changes: broadcast::Sender<etcd::Watched>,
) -> Server {
    grpc(move |mut request, mut reply| {
        let (pairs, changes) = (pairs.clone(), changes.clone());
        async move {
            match request.uri().path() {
                "/etcdserverpb.KV/Range" => {
                    let range = etcd::Range::decode(&read(request).await[5..]).unwrap();
                    assert_eq!(
                        (&range.key[..], &range.end[..]),
                        (&b"my/shop/"[..], &b"my/shop0"[..])
                    );
                    let pairs = pairs.lock().unwrap().clone();
                    let header = Some(etcd::Header { revision: 41 });
                    let count = pairs.len() as i64;
                    let listed = etcd::Ranged { header, pairs, count };
                    reply.all(&[&listed.encode_to_vec()], "0");
                }
                "/etcdserverpb.Watch/Watch" => {
                    let mut changes = changes.subscribe();
                    let first = request.body_mut().data().await.unwrap().unwrap();
                    let create = etcd::Watch::decode(&first[5..]).unwrap().create.unwrap();
                    assert_eq!((&create.key[..], create.from), (&b"my/shop/"[..], 42));
                    reply.open();
                    let created = etcd::Watched { created: true, ..Default::default() };
                    reply.message(&created.encode_to_vec());
                    while let Ok(change) = changes.recv().await {
                        reply.message(&change.encode_to_vec());
                    }
                }
                other => panic!("{other}"),
            }
        }
    })
    .await
}

#[tokio::test]
async fn etcd_is_watched() {
    let (a, b, c) = (named("a").await, named("b").await, named("c").await);
    let pairs = Arc::new(Mutex::new(vec![
        pair("my/shop/1", &registered(&a.address, r#"{"weight":2}"#)),
        pair("my/shop/2", &b.address),
        pair("my/shop/3", "no address"),
        pair("my/shop/4", &registered(&b.address, "null")),
    ]));
    let (changes, _) = broadcast::channel(8);
    let registry = store(pairs.clone(), changes.clone()).await;
    let client = Client::new();
    let spec = over(&format!("etcd://{}/my/shop", registry.address), BalancingPolicy::Weighted);
    assert_eq!(answers(&client, &spec, 6).await, "abaaba");
    let info = client.channel(&spec.endpoint).await;
    assert_eq!((info.resolver.as_str(), &info.problem), ("etcd", &None));
    assert_eq!(addresses(&info), [(a.address.as_str(), 2), (b.address.as_str(), 1)]);

    // One comes, one goes.
    until(|| changes.receiver_count() > 0).await;
    let put = etcd::Event { delete: 0, pair: Some(pair("my/shop/0", &c.address)) };
    let delete = etcd::Event { delete: 1, pair: Some(pair("my/shop/1", "")) };
    let change = etcd::Watched { events: vec![put, delete], ..Default::default() };
    changes.send(change).unwrap();
    let info = settled(&client, &spec, |info| info.instances[0].address == c.address).await;
    assert_eq!(addresses(&info), [(c.address.as_str(), 1), (b.address.as_str(), 1)]);
    // What was known of one that stays is kept.
    assert_eq!(info.instances[1].calls, 2);
    let served = answers(&client, &spec, 4).await;
    assert!(!served.contains('a') && served.contains('b') && served.contains('c'), "{served}");

    // The watch was cancelled because the changes are no longer kept: all is listed anew.
    *pairs.lock().unwrap() = vec![pair("my/shop/9", &a.address)];
    changes.send(etcd::Watched { canceled: true, ..Default::default() }).unwrap();
    settled(&client, &spec, |info| info.instances.len() == 1).await;
    assert_eq!(answers(&client, &spec, 2).await, "aa");

    // The registry goes away: who was known is still called, and the problem shows. It comes back.
    registry.cut().await;
    let info = settled(&client, &spec, |info| info.problem.is_some()).await;
    assert!(info.problem.unwrap().message.contains("cannot be had from etcd"));
    assert_eq!(answers(&client, &spec, 1).await, "a");
    *pairs.lock().unwrap() = vec![pair("my/shop/9", &c.address)];
    settled(&client, &spec, |info| info.problem.is_none()).await;
    assert_eq!(answers(&client, &spec, 1).await, "c");
}

#[tokio::test]
async fn nobody_is_registered_in_etcd() {
    let (changes, _) = broadcast::channel(8);
    let registry = store(Arc::default(), changes).await;
    let spec = spec(&format!("etcd://{}/my/shop/", registry.address), CallKind::Unary);
    let failed = call(&Client::new(), spec.clone(), &[b""]).await;
    assert_eq!(failed.steps(), "UNAVAILABLE");
    let message = failed.problem().message.clone();
    assert_eq!(message, format!("no instance is registered at {}", spec.endpoint.address));
    let registry = says_nothing_of_grpc().await;
    let spec = crate::support::spec(&format!("etcd://{}/shop", registry.address), CallKind::Unary);
    let failed = call(&Client::new(), spec, &[b""]).await;
    assert_eq!(failed.problem().kind, ProblemKind::Unreachable);
    assert!(failed.problem().message.starts_with("the instances cannot be had from etcd: "));
}

async fn says_nothing_of_grpc() -> Server {
    tcp(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await;
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    })
    .await
}

/// What a Consul agent says, and the index of that.
#[derive(Clone)]
struct Agent {
    answer: tokio::sync::watch::Sender<(u64, String)>,
    asked: Arc<Mutex<Vec<String>>>,
}

/// An agent that holds a query back until its answer is newer than the query's index.
async fn consul(agent: Agent) -> Server {
    tcp(move |stream| {
        let agent = agent.clone();
        async move {
            let mut stream = BufReader::new(stream);
            let mut first = String::new();
            stream.read_line(&mut first).await.unwrap();
            let mut line = String::new();
            while line != "\r\n" {
                line.clear();
                stream.read_line(&mut line).await.unwrap();
            }
            let path = first.split(' ').nth(1).unwrap().to_owned();
            let index = path.split_once("&index=").map(|(_, rest)| rest.split('&').next().unwrap());
            let index: u64 = index.map_or(0, |index| index.parse().unwrap());
            agent.asked.lock().unwrap().push(path);
            let mut answers = agent.answer.subscribe();
            let answer = answers.wait_for(|(at, _)| *at > index).await.unwrap().clone();
            let (index, body) = answer;
            let head = if body.starts_with('[') { "200 OK" } else { "403 Forbidden" };
            let whole = format!(
                "HTTP/1.1 {head}\r\nx-consul-index: {index}\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(whole.as_bytes()).await.unwrap();
        }
    })
    .await
}

fn entry(address: &str, weight: u32) -> String {
    let (host, port) = address.rsplit_once(':').unwrap();
    format!(
        r#"{{"Node": {{"Node": "n", "Address": "{host}"}}, "Checks": [],
            "Service": {{"ID": "x", "Address": "", "Port": {port}, "Weights": {{"Passing": {weight}, "Warning": 1}}}}}}"#
    )
}

#[tokio::test]
async fn consul_is_asked_for_what_is_healthy() {
    let (a, b) = (named("a").await, named("b").await);
    let list = |entries: &[String]| format!("[{}]", entries.join(","));
    let first = list(&[entry(&a.address, 2), entry(&b.address, 1)]);
    let agent =
        Agent { answer: tokio::sync::watch::Sender::new((7, first)), asked: Arc::default() };
    let registry = consul(agent.clone()).await;
    let client = Client::new();
    let address = format!("consul://{}/my-shop?tag=v2&dc=eu", registry.address);
    let spec = over(&address, BalancingPolicy::Weighted);
    let served = answers(&client, &spec, 6).await;
    assert_eq!((served.matches('a').count(), served.matches('b').count()), (4, 2));
    let info = client.channel(&spec.endpoint).await;
    assert_eq!((info.resolver.as_str(), &info.problem), ("consul", &None));

    agent.answer.send_replace((9, list(&[entry(&b.address, 1)])));
    settled(&client, &spec, |info| info.instances.len() == 1).await;
    assert_eq!(answers(&client, &spec, 2).await, "bb");

    // What is wrong shows, and the last that was known is still called.
    agent.answer.send_replace((10, "ACL not found".into()));
    let info = settled(&client, &spec, |info| info.problem.is_some()).await;
    let message = info.problem.unwrap().message.replace(&registry.address, "ADDR");
    assert_eq!(
        message,
        "the instances cannot be had from Consul: ADDR answered HTTP 403 Forbidden: ACL not found"
    );
    assert_eq!(answers(&client, &spec, 1).await, "b");
    // After a failure it is asked from the start; an index that went back is no matter then.
    agent.answer.send_replace((3, list(&[entry(&a.address, 1)])));
    settled(&client, &spec, |info| info.problem.is_none()).await;
    assert_eq!(answers(&client, &spec, 1).await, "a");
    let asked = agent.asked.lock().unwrap().clone();
    let fixed = "/v1/health/service/my%2Dshop?passing=true";
    assert_eq!(asked[0], format!("{fixed}&tag=v2&dc=eu"));
    assert_eq!(asked[1], format!("{fixed}&index=7&wait=60s&tag=v2&dc=eu"));
    assert_eq!(asked[2], format!("{fixed}&index=9&wait=60s&tag=v2&dc=eu"));
}

#[tokio::test]
async fn no_consul_is_there() {
    let registry = says_nothing_of_grpc().await;
    let spec = spec(&format!("consul://{}/shop", registry.address), CallKind::Unary);
    let failed = call(&Client::new(), spec, &[b""]).await;
    assert_eq!(failed.steps(), "UNAVAILABLE");
    let message = failed.problem().message.replace(&registry.address, "ADDR");
    assert_eq!(
        message,
        "the instances cannot be had from Consul: ADDR answered HTTP 404 Not Found: "
    );
}
