//! Services with several instances: those that etcd keeps come and go while they are called, and those that say that
//! they do not serve are left out.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use wirelab_tests::process::eventually;
use wirelab_tests::servers::{Etcd, Python, protos};
use wirelab_tests::studio::Studio;

/// What etcd's own naming library writes of an instance.
fn register(registry: &Etcd, server: &Python) -> String {
    let key = format!("parts/{}", server.address);
    registry.put(&key, &json!({"Op": 0, "Addr": server.address, "Metadata": null}).to_string());
    key
}

/// The addresses of the instances once there are as many.
fn instances(studio: &Studio, endpoint: &Value, count: usize) -> Vec<String> {
    eventually("the registry's change is heard of", || {
        let channel = studio.ask("channel", endpoint);
        assert_eq!(channel["resolver"], "etcd", "{channel}");
        let found = channel["instances"].as_array()?;
        let addresses = found.iter().filter_map(|one| one["address"].as_str().map(str::to_owned));
        (found.len() == count).then(|| addresses.collect())
    })
}

/// A studio that has the schema of Python's server from its text.
fn studio() -> Studio {
    let studio = Studio::serve(&[]);
    let path = protos().join("parts/v1/parts.proto").display().to_string();
    studio.ask("add_source", &json!({"Files": {"path": path, "import_roots": []}}));
    studio
}

/// How many of so many calls each instance served.
fn served(studio: &Studio, endpoint: &Value, calls: usize) -> BTreeMap<String, usize> {
    let mut served = BTreeMap::new();
    for _ in 0..calls {
        let spec = json!({"endpoint": endpoint, "method": "parts.v1.Parts/GetPart"});
        let called = studio.call(&spec, &[json!({"id": "7"})]);
        assert_eq!(called.code(), 0, "{called:?}");
        let peer = called.record["peer"].as_str().expect("a peer").to_owned();
        *served.entry(peer).or_default() += 1;
    }
    served
}

/// Two calls each.
fn fairly(servers: &[&Python]) -> BTreeMap<String, usize> {
    servers.iter().map(|server| (server.address.clone(), 2)).collect()
}

#[test]
fn instances_are_called_as_they_come_and_go() {
    let (registry, servers) = (Etcd::start(), [(); 3].map(|()| Python::start(&[])));
    let studio = studio();
    let endpoint = json!({
        "address": format!("etcd://{}/parts", registry.address),
        "balancing": {"policy": "RoundRobin"},
    });
    let first = register(&registry, &servers[0]);
    register(&registry, &servers[1]);
    assert_eq!(instances(&studio, &endpoint, 2).len(), 2);
    // A connection is made at the first call.
    served(&studio, &endpoint, 4);
    assert_eq!(served(&studio, &endpoint, 4), fairly(&[&servers[0], &servers[1]]));

    register(&registry, &servers[2]);
    assert!(instances(&studio, &endpoint, 3).contains(&servers[2].address));
    served(&studio, &endpoint, 6);
    let all = fairly(&[&servers[0], &servers[1], &servers[2]]);
    assert_eq!(served(&studio, &endpoint, 6), all);

    registry.delete(&first);
    assert!(!instances(&studio, &endpoint, 2).contains(&servers[0].address));
    assert_eq!(served(&studio, &endpoint, 4), fairly(&[&servers[1], &servers[2]]));
}

#[test]
fn instances_that_do_not_serve_are_left_out() {
    let servers = [(); 2].map(|()| Python::start(&[]));
    let studio = studio();
    let endpoint = json!({
        "address": format!("ipv4:{},{}", servers[0].address, servers[1].address),
        "balancing": {"policy": "RoundRobin", "health": ""},
    });
    let state = |of: &Python| {
        let channel = studio.ask("channel", &endpoint);
        let found = channel["instances"].as_array().into_iter().flatten();
        let mut found = found.filter(|one| one["address"] == of.address);
        found.next().map(|one| one["state"].clone())
    };
    let says = |server: &Python, health: &str, expected: &str| {
        assert_eq!(server.call("GetPart", &["-H", &format!("health: {health}")]).code, 0);
        eventually(expected, || (state(server)? == expected).then_some(()));
    };
    served(&studio, &endpoint, 4);
    assert_eq!(served(&studio, &endpoint, 4), fairly(&[&servers[0], &servers[1]]));
    says(&servers[0], "NOT_SERVING", "Unhealthy");
    assert_eq!(served(&studio, &endpoint, 2), fairly(&[&servers[1]]));
    says(&servers[0], "SERVING", "Ready");
    served(&studio, &endpoint, 2);
    assert_eq!(served(&studio, &endpoint, 4), fairly(&[&servers[0], &servers[1]]));
}
