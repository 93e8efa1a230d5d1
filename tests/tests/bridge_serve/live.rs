//! A schema that comes, changes and breaks.

use crate::{Folder, signal};
use wirelab_tests::http::ask;
use wirelab_tests::process::{eventually, free_port};
use wirelab_tests::servers::Bridge;
use wirelab_tests::servers::Sample;

const GREETER: &str =
    "syntax = \"proto3\"; package helloworld; import \"google/api/annotations.proto\";
message HelloRequest { string name = 1; } message HelloReply { string message = 1; }
service Greeter { rpc SayHello(HelloRequest) returns (HelloReply) {
  option (google.api.http) = { get: \"PATH\" };
} }";

fn says_hello(bridge: &Bridge, path: &str) -> bool {
    ask(&bridge.address, "GET", &format!("{path}?name=Ada"), &[], b"").status == 200
}

#[test]
fn files_that_change_are_taken_and_files_that_break_are_not() {
    let sample = Sample::start();
    let folder = Folder::new();
    let proto = folder.write("greeter.proto", &GREETER.replace("PATH", "/old"));
    let bridge = Bridge::before(&sample.address, &["--proto", &proto]);
    assert!(says_hello(&bridge, "/old") && !says_hello(&bridge, "/new"));
    folder.write("greeter.proto", &GREETER.replace("PATH", "/new"));
    eventually("the new rule", || says_hello(&bridge, "/new").then_some(()));
    assert!(!says_hello(&bridge, "/old"));
    for broken in ["syntax = \"proto3\"; message {", &GREETER.replace("PATH", "/{name")] {
        let lines = bridge.said().lines().count();
        folder.write("greeter.proto", broken);
        eventually("it says what is wrong", || {
            (bridge.said().lines().count() > lines).then_some(())
        });
        assert!(says_hello(&bridge, "/new"), "the last schema holds: {}", bridge.said());
    }
    folder.write("greeter.proto", &GREETER.replace("PATH", "/third"));
    signal(bridge.id(), "HUP");
    eventually("the third rule", || says_hello(&bridge, "/third").then_some(()));
}

#[test]
fn rules_and_who_may_call_are_read_again() {
    let (sample, folder) = (Sample::start(), Folder::new());
    let config = |allow: &str| {
        let rules = serde_json::json!([{"methods": ["*"], "allow": allow}]);
        serde_json::json!({"admission": {"rules": rules}}).to_string()
    };
    let http = |path: &str| {
        format!("http: {{rules: [{{selector: helloworld.Greeter.SayHello, get: {path}}}]}}")
    };
    let config_file = folder.write("bridge.json", &config("anyone"));
    let rules_file = folder.write("rules.yaml", &http("/old"));
    let flags = ["--config", &config_file, "--rules", &rules_file];
    let bridge = Bridge::before(&sample.address, &flags);
    let status = |path: &str| ask(&bridge.address, "GET", path, &[], b"").status;
    let told = |what: &str, result: &str| {
        let name = format!("wirelab_bridge_reloads_total{{what=\"{what}\",result=\"{result}\"}}");
        crate::metric(&bridge.address, &name).unwrap_or_default()
    };
    assert_eq!((status("/old"), status("/new")), (200, 404));
    folder.write("rules.yaml", &http("/new"));
    eventually("the new rule", || (status("/new") == 200).then_some(()));
    assert_eq!((status("/old"), told("rules", "taken")), (404, 1.0));
    folder.write("bridge.json", &config("nobody"));
    eventually("nobody may call", || (status("/new") == 403).then_some(()));
    // What breaks leaves what was there, and is said.
    for (number, broken) in ["{", "{\"admission\": {\"rulez\": []}}"].into_iter().enumerate() {
        folder.write("bridge.json", broken);
        let refused = (number + 1) as f64;
        eventually("it is refused", || (told("admission", "refused") == refused).then_some(()));
        assert_eq!(status("/new"), 403);
    }
    assert!(bridge.said().contains("what held before holds"), "{}", bridge.said());
    folder.write("bridge.json", &config("anyone"));
    folder.write("rules.yaml", &http("/{name"));
    eventually("the broken rule is refused", || (told("rules", "refused") > 0.0).then_some(()));
    eventually("everybody may call", || (status("/new") == 200).then_some(()));
}

#[test]
fn a_server_that_comes_later_makes_it_ready() {
    let port = free_port();
    let upstream = format!("127.0.0.1:{port}");
    let bridge = Bridge::before(&upstream, &[]);
    let ready = || ask(&bridge.address, "GET", "/readyz", &[], b"").status;
    assert_eq!(ready(), 503);
    assert_eq!(ask(&bridge.address, "GET", "/healthz", &[], b"").status, 200);
    let _sample = Sample::start_at(&upstream);
    eventually("it is ready", || (ready() == 200).then_some(()));
    assert_eq!(ask(&bridge.address, "GET", crate::STOCK, &[], b"").status, 200);
}

#[test]
fn several_servers_are_instances_of_one() {
    let (one, mut two) = (Sample::start(), Sample::start());
    let flags = ["--upstream", &two.address, "--balance", "round_robin"];
    let bridge = Bridge::before(&one.address, &flags);
    for _ in 0..4 {
        assert_eq!(ask(&bridge.address, "GET", crate::STOCK, &[], b"").status, 200);
    }
    two.kill();
    eventually("the other one answers alone", || {
        let all = (0..4).map(|_| ask(&bridge.address, "GET", crate::STOCK, &[], b"").status);
        all.into_iter().all(|status| status == 200).then_some(())
    });
}
