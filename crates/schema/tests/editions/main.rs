//! Editions, judged by protoc: what it makes of the files in `protos`, of the conformance suite's and of a large tree
//! is what loading the same files as text and as a descriptor set has to come to.

mod agree;
mod expected;
mod random;
mod refused;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What a variable says; without it a test cannot run and must not pass.
fn part(variable: &str) -> PathBuf {
    match std::env::var_os(variable) {
        Some(path) if !path.is_empty() => path.into(),
        _ => panic!("{variable} is not set: run `cargo xtask test`"),
    }
}

/// protoc's own files and those of the conformance suite.
fn include() -> PathBuf {
    part("WIRELAB_CONFORMANCE_PROTOS")
}

/// The files beside these tests.
fn protos() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/editions/protos")
}

/// Runs protoc with `roots` as import roots, then protoc's own.
fn protoc(roots: &[&Path], arguments: &[String]) -> Output {
    let mut command = Command::new(part("WIRELAB_PROTOC"));
    for root in roots.iter().copied().chain([include().as_path()]) {
        command.arg("-I").arg(root);
    }
    command.args(arguments).output().expect("protoc runs")
}
