//! Compiles `proto-samples/` without protoc: the descriptor set that the server serves by reflection, and the
//! services' code. `everything/` is served as raw bytes, since prost generates neither groups nor extensions, and
//! `everything/v1/editions.proto` without its descriptor, since protox knows no editions.

use prost::Message;
use prost_types::{MethodDescriptorProto, ServiceDescriptorProto};
use std::path::{Path, PathBuf};
use std::{env, error::Error, fs};
use tonic_build::manual;

const FILES: [&str; 7] = [
    "shop/inventory/v1/inventory_service.proto",
    "shop/order/v1/order_service.proto",
    "tutorials/helloworld.proto",
    "tutorials/node.proto",
    "tutorials/user.proto",
    "everything/v1/everything.proto",
    "everything/v1/legacy.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("Cargo sets OUT_DIR")?);
    // Asked when it runs: a target folder may be shared by clones.
    let package = std::env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo sets no manifest folder")?;
    let samples = Path::new(&package).join("../../proto-samples");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", samples.display());
    let google = wirelab_googleapis::GOOGLEAPIS.root()?;

    let mut compiler = protox::Compiler::new([samples, google])?;
    compiler.include_imports(true).include_source_info(true).open_files(FILES)?;
    // Encoded by the compiler itself, which keeps the options that `prost_types` has no field for.
    fs::write(out.join("descriptors.bin"), compiler.encode_file_descriptor_set())?;

    let mut set =
        prost_types::FileDescriptorSet::decode(&compiler.encode_file_descriptor_set()[..])?;
    let everything = set
        .file
        .iter()
        .flat_map(|file| &file.service)
        .find(|service| service.name() == "Everything")
        .ok_or("the samples define Everything")?;
    let editions = ServiceDescriptorProto {
        name: Some("Editions".into()),
        method: vec![MethodDescriptorProto { name: Some("Echo".into()), ..Default::default() }],
        options: None,
    };
    let services = [raw_service(everything), raw_service(&editions)];
    manual::Builder::new().build_client(true).compile(&services);
    set.file.retain(|file| {
        !file.name().starts_with("google/api/") && !file.name().starts_with("everything/")
    });
    // Ordered maps, so that the same answer has the same bytes each time.
    tonic_prost_build::configure().btree_map(".").compile_fds(set)?;
    Ok(())
}

/// The same service over bytes.
fn raw_service(service: &ServiceDescriptorProto) -> manual::Service {
    let methods = service.method.iter().map(|method| {
        let mut raw = manual::Method::builder()
            .name(snake_case(method.name()))
            .route_name(method.name())
            .input_type("::bytes::Bytes")
            .output_type("::bytes::Bytes")
            .codec_path("crate::codec::BytesCodec");
        if method.client_streaming() {
            raw = raw.client_streaming();
        }
        if method.server_streaming() {
            raw = raw.server_streaming();
        }
        raw.build()
    });
    methods
        .fold(
            manual::Service::builder().name(service.name()).package("everything.v1"),
            manual::ServiceBuilder::method,
        )
        .build()
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}
