//! REST through [`Bridge::handle`], in front of the sample server: a case is some lines of a file of `cases/`, and what
//! comes of it is in the snapshot of that file.

mod faces;
mod harness;
mod scripted;
mod sockets;

use harness::Harness;

/// One file of cases, each with the profile and options that its first line says.
async fn check(name: &str) {
    let harness = Harness::start().await;
    let path = format!("{}/tests/rest/cases/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let cases = std::fs::read_to_string(path).unwrap();
    let mut told = String::new();
    for case in cases.split("\n---\n") {
        told.push_str(&harness.tell(case).await);
        told.push_str("\n---\n");
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "snapshots" }, {
        insta::assert_snapshot!(name, told);
    });
}

macro_rules! files {
    ($($name:ident),* $(,)?) => {
        $(#[tokio::test]
        async fn $name() {
            check(stringify!($name)).await;
        })*
    };
}

files!(unary, bodies, answers, failures, metadata, streams, uploads, raw, profiles, codings);
