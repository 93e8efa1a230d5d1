//! Compiles `peer.proto` into tonic's client and server.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=peer.proto");
    tonic_prost_build::configure().compile_fds(protox::compile(["peer.proto"], ["."])?)?;
    Ok(())
}
