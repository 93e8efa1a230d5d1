//! The servers that other tests call start, and answer by their own rules.

use serde_json::{Value, json};
use wirelab_tests::command::wirelab;
use wirelab_tests::servers::{Connect, Envoy, Python, protos};

#[test]
fn each_is_called() {
    let parts = protos().join("parts/v1/parts.proto").display().to_string();
    let (node, python) = (Connect::start(&[]), Python::start(&[]));
    let before = Envoy::before(&python.address);
    for address in [&node.http2, &python.address, &before.address] {
        let arguments =
            ["call", address, "parts.v1.Parts/GetPart", "--proto", &parts, "-d", r#"{"id": 7}"#];
        let called = wirelab(&arguments);
        assert_eq!((called.code, &*called.err), (0, ""), "{address}: {called:?}");
        let part: Value = serde_json::from_str(&called.out).expect("JSON");
        assert_eq!(part["name"], json!("part 7"), "{address}");
    }
}
