//! Servers that share no code with Wirelab, each on ports of 127.0.0.1 that it chose itself.
//!
//! Those of Python and Node serve `parts.v1.Parts` (`tests/servers/protos`), with all four kinds, by the same rules.

mod bridge;
mod cerbos;
mod connect;
mod envoy;
mod etcd;
mod python;
mod sample;
mod web;

pub use bridge::Bridge;
pub use cerbos::Cerbos;
pub use connect::Connect;
pub use envoy::Envoy;
pub use etcd::Etcd;
pub use python::Python;
pub use sample::Sample;
pub use web::Web;

use crate::{command, outside};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Import root of the schema that the servers of Python and Node serve.
pub fn protos() -> PathBuf {
    outside::checkout("tests/servers/protos")
}

/// The files of that schema, below its root.
const FILES: [&str; 2] = ["parts/v1/parts.proto", "parts/v2/drawers.proto"];

/// That schema as a serialized `FileDescriptorSet`, in a file of `folder`.
pub fn descriptors(folder: &Path) -> PathBuf {
    compile(&folder.join("parts.binpb"), &FILES)
}

/// The schema with REST rules of every shape for the sample server's `everything.v1.Everything`, likewise.
pub fn rest_descriptors(folder: &Path) -> PathBuf {
    compile(&folder.join("rest.binpb"), &["rest/v1/rest.proto"])
}

fn compile(file: &Path, protos: &[&str]) -> PathBuf {
    let mut protoc = Command::new(outside::protoc());
    protoc.arg("--include_imports").arg("--descriptor_set_out").arg(file);
    protoc.arg("-I").arg(self::protos()).arg("-I").arg(outside::well_known_protos());
    protoc.arg("-I").arg(outside::common_protos()).args(protos);
    let ran = command::run(&mut protoc);
    assert_eq!(ran.code, 0, "{ran:?}");
    file.to_owned()
}

/// The address of a port.
fn local(port: u16) -> String {
    format!("127.0.0.1:{port}")
}
