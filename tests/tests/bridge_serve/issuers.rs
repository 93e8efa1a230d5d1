//! Keys of tokens that are on the web.

use crate::Folder;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use wirelab_tests::certificates::Authority;
use wirelab_tests::command::wirelab;
use wirelab_tests::http::ask;
use wirelab_tests::process::eventually;
use wirelab_tests::servers::{Bridge, Sample, Web};

const METADATA: &str = "/.well-known/openid-configuration";

/// A set with a key of this name, which is its secret too.
fn set(key: &str) -> String {
    let secret = URL_SAFE_NO_PAD.encode(secret(key));
    json!({"keys": [{"kty": "oct", "kid": key, "alg": "HS256", "k": secret}]}).to_string()
}

fn secret(key: &str) -> String {
    format!("{key}, a secret of more than thirty-two bytes")
}

/// Calls with a token of `issuer` that is signed by a key; gives the exit code.
fn call(folder: &Folder, bridge: &Bridge, issuer: &str, key: &str) -> i32 {
    let token = json!({"jwt": {
        "algorithm": "HS256", "key": secret(key), "header": {"kid": key},
        "claims": {"sub": "ada", "iss": issuer},
    }});
    let auth = format!("@{}", folder.write("token.json", &token.to_string()));
    let args = ["call", &bridge.address, "helloworld.Greeter/SayHello", "-d", "{}"];
    wirelab(&[&args[..], &["--proto", "proto-samples", "--auth", &auth]].concat()).code
}

fn bridge(folder: &Folder, sample: &Sample, issuer: Value) -> Bridge {
    let config = json!({"admission": {"jwt": [issuer]}}).to_string();
    Bridge::before(&sample.address, &["--config", &folder.write("bridge.json", &config)])
}

#[test]
fn an_issuer_says_where_its_keys_are_and_changes_them() {
    let (sample, web, folder) = (Sample::start(), Web::start(None), Folder::new());
    let issuer = json!({"issuer": web.url, "algorithms": ["HS256"], "refresh-gap": 1});
    let bridge = bridge(&folder, &sample, issuer);
    let ready = || ask(&bridge.address, "GET", "/readyz", &[], b"");
    let early = ready();
    assert!(early.status == 503 && early.text().contains("keys of tokens"), "{early}");
    assert_eq!(call(&folder, &bridge, &web.url, "one"), 64 + 14, "its keys are not there yet");
    let metadata = json!({"issuer": web.url, "jwks_uri": format!("{}/keys", web.url)});
    web.put("/keys", Some(&set("one")));
    web.put(METADATA, Some(&metadata.to_string()));
    eventually("it is ready", || (ready().status == 200).then_some(()));
    assert_eq!(call(&folder, &bridge, &web.url, "one"), 0);
    assert_eq!(call(&folder, &bridge, "https://evil.example", "one"), 64 + 16);
    // The first token by the new key has it fetched; one that nobody knows does no harm.
    web.put("/keys", Some(&set("two")));
    eventually("the new key", || (call(&folder, &bridge, &web.url, "two") == 0).then_some(()));
    assert_eq!(call(&folder, &bridge, &web.url, "one"), 64 + 16);
    // What cannot be had leaves what was there.
    for broken in [Some("{\"keys\": []}"), Some("no JSON"), None] {
        web.put("/keys", broken);
        assert_eq!(call(&folder, &bridge, &web.url, "three"), 64 + 16);
        assert_eq!(call(&folder, &bridge, &web.url, "two"), 0);
        assert_eq!(ready().status, 200);
    }
}

#[test]
fn a_set_is_had_by_tls_from_whom_is_believed() {
    let (sample, folder) = (Sample::start(), Folder::new());
    let (authority, other) = (Authority::new("keys"), Authority::new("other"));
    let web = Web::start(Some(&authority.server(&["127.0.0.1"])));
    web.put("/keys", Some(&set("one")));
    for (ca, status) in [(authority.file(), 200), (other.file(), 503)] {
        let keys = format!("{}/keys", web.url);
        let issuer = json!({"keys": keys, "algorithms": ["HS256"], "ca": ca});
        let bridge = bridge(&folder, &sample, issuer);
        let settled = eventually("it is asked", || {
            let answer = ask(&bridge.address, "GET", "/readyz", &[], b"");
            (answer.status == 200 || bridge.said().contains("were not had")).then_some(answer)
        });
        assert_eq!(settled.status, status, "{}", bridge.said());
        assert_eq!(call(&folder, &bridge, "anybody", "one") == 0, status == 200);
    }
}
