//! `wirelab` against etcd: a server in Go without reflection, with the `.proto` files that it ships.

use serde_json::{Value, json};
use wirelab_tests::command::wirelab;
use wirelab_tests::outside;
use wirelab_tests::servers::Etcd;

fn call(server: &Etcd, method: &str, data: &str) -> Vec<Value> {
    let protos = outside::etcd_protos();
    let file = protos.join("etcd/etcdserver/etcdserverpb/rpc.proto").display().to_string();
    let root = protos.display().to_string();
    let method = format!("etcdserverpb.{method}");
    let arguments = ["call", &server.address, &method, "-d", data, "--proto", &file, "-I", &root];
    let ran = wirelab(&arguments);
    assert_eq!((ran.code, &*ran.err), (0, ""), "{method}: {ran:?}");
    serde_json::Deserializer::from_str(&ran.out)
        .into_iter::<Value>()
        .map(|value| value.unwrap_or_else(|error| panic!("{error} in {}", ran.out)))
        .collect()
}

#[test]
fn keys_are_put_and_read() {
    let server = Etcd::start();
    call(&server, "KV/Put", r#"{"key": "YQ==", "value": "Yg=="}"#);
    let got = call(&server, "KV/Range", r#"{"key": "YQ=="}"#);
    assert_eq!(got[0]["kvs"][0]["value"], json!("Yg=="), "{got:?}");
}
