//! Compiles `shapes.proto` into prost's types with pbjson's serde, and keeps its descriptors.

use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=shapes.proto");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("Cargo sets OUT_DIR")?);
    let set = protox::compile(["shapes.proto"], ["."])?;
    let bytes = prost::Message::encode_to_vec(&set);
    fs::write(out.join("shapes.binpb"), &bytes)?;
    // Ordered maps, so that the messages are the same in every run; timestamps with their JSON form.
    prost_build::Config::new()
        .compile_well_known_types()
        .btree_map(["."])
        .extern_path(".google.protobuf", "::pbjson_types")
        .compile_fds(set)?;
    pbjson_build::Builder::new()
        .register_descriptors(&bytes)?
        .btree_map(["."])
        .build(&[".shapes"])?;
    Ok(())
}
