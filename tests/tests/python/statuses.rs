//! Failures with details.

use crate::values;
use wirelab_tests::servers::Python;

#[test]
fn a_rich_status_is_told_whole() {
    let server = Python::start(&[]);
    for (method, code, exit) in [
        ("GetPart", "NOT_FOUND", 69),
        ("ListParts", "PERMISSION_DENIED", 71),
        ("AddParts", "ABORTED", 74),
    ] {
        let header = format!("fail: {code}");
        let called = server.call(method, &["-d", "{}", "-H", &header]);
        assert_eq!(called.code, exit, "{called:?}");
        for part in [code, "asked to fail", "google.rpc.BadRequest", "no such part"] {
            assert!(called.err.contains(part), "{method}: {called:?} lacks {part}");
        }
    }
}

/// Its details are of every type of `google.rpc`, of a type that the server's reflection knows, of one that nobody
/// knows, and of one whose bytes are cut off.
#[test]
fn every_kind_of_detail_is_shown() {
    let server = Python::start(&[]);
    let failing = ["-d", "{}", "-H", "fail: FAILED_PRECONDITION", "-H", "details: all"];
    let called = server.call("GetPart", &failing);
    assert_eq!(called.code, 73, "{called:?}");
    insta::assert_snapshot!(called.err.replace(&server.address, "ADDRESS").trim_end());

    let called = server.call("GetPart", &[&failing[..], &["--json"]].concat());
    let lines = values(&called.out);
    let status = serde_json::to_string_pretty(&lines[0]["status"]).expect("JSON");
    insta::assert_snapshot!(status);
}
