//! Where the parts that tests need are; `cargo xtask test` brings them and says where by these variables.

use std::path::PathBuf;

/// What a variable says; without it a test cannot run and must not pass.
fn path(variable: &str) -> PathBuf {
    match std::env::var_os(variable) {
        Some(path) if !path.is_empty() => path.into(),
        _ => panic!(
            "{variable} is not set: run `cargo xtask test` (or `cargo xtask test -- ARGUMENTS OF CARGO TEST`)"
        ),
    }
}

/// The `wirelab` binary.
pub fn wirelab() -> PathBuf {
    path("WIRELAB_BIN")
}

/// The desktop binary.
pub fn desktop() -> PathBuf {
    path("WIRELAB_DESKTOP_BIN")
}

/// Chromium.
pub fn chromium() -> PathBuf {
    path("WIRELAB_CHROMIUM")
}

/// Its driver.
pub fn chromedriver() -> PathBuf {
    path("WIRELAB_CHROMEDRIVER")
}

/// WebKitGTK's driver.
pub fn webkit_driver() -> PathBuf {
    path("WIRELAB_WEBKIT_DRIVER")
}

/// The virtual display.
pub fn xvfb() -> PathBuf {
    path("WIRELAB_XVFB")
}

/// A Python with gRPC.
pub fn python() -> PathBuf {
    path("WIRELAB_PYTHON")
}

/// Import root of the `.proto` files of the Python package `googleapis-common-protos`.
pub fn common_protos() -> PathBuf {
    path("WIRELAB_COMMON_PROTOS")
}

/// Import root of the `.proto` files of the npm package `google-proto-files`.
pub fn google_protos() -> PathBuf {
    path("WIRELAB_GOOGLE_PROTOS")
}

/// The Protobuf project's compiler.
pub fn protoc() -> PathBuf {
    path("WIRELAB_PROTOC")
}

/// Import root of the well-known types.
pub fn well_known_protos() -> PathBuf {
    path("WIRELAB_CONFORMANCE_PROTOS")
}

/// Node.
pub fn node() -> PathBuf {
    path("WIRELAB_NODE")
}

/// The folder whose `node_modules` has Connect's server.
pub fn connect() -> PathBuf {
    path("WIRELAB_CONNECT")
}

/// The folder whose `node_modules` has the clients of web pages.
pub fn web_clients() -> PathBuf {
    path("WIRELAB_WEB_CLIENTS")
}

/// etcd.
pub fn etcd() -> PathBuf {
    path("WIRELAB_ETCD")
}

/// Import root of its `.proto` files, which are below `etcd`, and of those that they import.
pub fn etcd_protos() -> PathBuf {
    path("WIRELAB_ETCD_PROTOS")
}

/// Envoy.
pub fn envoy() -> PathBuf {
    path("WIRELAB_ENVOY")
}

/// Python modules that check manifests of Kubernetes.
pub fn kubernetes_validate() -> PathBuf {
    path("WIRELAB_KUBERNETES_VALIDATE")
}

/// grpcurl.
pub fn grpcurl() -> PathBuf {
    path("WIRELAB_GRPCURL")
}

/// curl.
pub fn curl() -> PathBuf {
    path("WIRELAB_CURL")
}

/// Cerbos.
pub fn cerbos() -> PathBuf {
    path("WIRELAB_CERBOS")
}

/// Where pictures of failures go.
pub fn pictures() -> PathBuf {
    std::env::var_os("WIRELAB_E2E_OUT")
        .map_or_else(|| std::env::temp_dir().join("wirelab-e2e"), PathBuf::from)
}

/// A file or folder of the checkout.
pub fn checkout(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(path)
        .canonicalize()
        .unwrap_or_else(|e| panic!("{path}: {e}"))
}
