//! Ours beside Envoy's transcoder, in front of the same server with the same descriptors: every difference has its
//! reason in the file of cases, and no reason stands without a difference.

use crate::cases::Case;
use serde_json::Value;
use std::fmt::Write as _;
use wirelab_tests::http::Answer;
use wirelab_tests::servers::{Bridge, Envoy, Sample, rest_descriptors};

/// Mistakes of the client are told in different words; all else is compared as JSON.
fn same(envoy: &Answer, ours: &Answer) -> bool {
    let told = |answer: &Answer| answer.media() == "text/plain" && answer.status == 400;
    envoy.status == ours.status
        && envoy.media() == ours.media()
        && (told(envoy) && told(ours) || numbered(envoy.json()) == numbered(ours.json()))
}

/// `1.0` and `1` are the same number.
fn numbered(value: Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().into(),
        Value::Array(values) => values.into_iter().map(numbered).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, numbered(value))).collect()
        }
        other => other,
    }
}

#[test]
fn the_profile_envoy_does_as_envoy() {
    let folder = tempfile::tempdir().expect("a folder");
    let descriptors = rest_descriptors(folder.path());
    let sample = Sample::start();
    let service = "everything.v1.Everything";
    let envoy = Envoy::transcoding(&sample.address, &descriptors, &[service]);
    let descriptors = descriptors.display().to_string();
    let ours = Bridge::before(&sample.address, &["--protoset", &descriptors, "--profile", "envoy"]);

    let (mut told, mut wrong) = (String::new(), String::new());
    for case in Case::all(include_str!("envoy.txt")) {
        let (theirs, mine) = (case.ask(&envoy.address), case.ask(&ours.address));
        let _ = writeln!(told, "{}", case.line);
        match (same(&theirs, &mine), case.why) {
            (true, None) => {
                let _ = writeln!(told, "  = {mine}");
            }
            (false, Some(why)) => {
                let _ = writeln!(told, "  envoy {theirs}\n  ours  {mine}\n  ! {why}");
            }
            (true, Some(why)) => {
                let _ = writeln!(wrong, "{}\n  = {theirs}\n  no reason needed: {why}", case.line);
            }
            (false, None) => {
                let _ = writeln!(wrong, "{}\n  envoy {theirs}\n  ours  {mine}", case.line);
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}\n{}\n{}", ours.said(), envoy.said());
    insta::assert_snapshot!(told);
}
