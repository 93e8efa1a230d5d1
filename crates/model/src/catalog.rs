//! What the loaded sources offer: services and methods with their docs.

use crate::{CallKind, Endpoint, Metadatum, Problem};
use serde::{Deserialize, Serialize};

/// Names a source for as long as the studio's data folder lives.
pub type SourceId = String;

/// Everything the loaded sources offer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Catalog {
    /// Grows by one with each change of the sources.
    pub revision: u64,
    /// The sources in the order in which they were added.
    pub sources: Vec<SourceInfo>,
    /// Services by full name, sorted. Where two sources define the same service the earlier source wins.
    pub services: Vec<ServiceInfo>,
}

/// Where schemas come from.
#[allow(clippy::large_enum_variant, reason = "there are a handful of sources")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SourceSpec {
    /// A `.proto` file or a folder of them.
    Files {
        /// The file or folder.
        path: String,
        /// Import roots named by the user; empty means guess (see `wirelab-schema`).
        import_roots: Vec<String>,
    },
    /// A file holding a serialized `google.protobuf.FileDescriptorSet`.
    DescriptorSet {
        /// The file.
        path: String,
    },
    /// What a server says of itself by `grpc.reflection`.
    Reflection {
        /// The server.
        endpoint: Endpoint,
        /// Metadata sent with the reflection call.
        #[serde(default)]
        metadata: Vec<Metadatum>,
    },
}

/// Endings of files that hold descriptors rather than source text.
const DESCRIPTOR_ENDINGS: [&str; 7] =
    [".bin", ".binpb", ".desc", ".dsc", ".fds", ".pb", ".protoset"];

impl SourceSpec {
    /// What a path given to a program means: a descriptor set by its ending, else a `.proto` file or folder.
    pub fn from_path(path: impl Into<String>) -> Self {
        let path = path.into();
        let lower = path.to_ascii_lowercase();
        if DESCRIPTOR_ENDINGS.iter().any(|ending| lower.ends_with(ending)) {
            SourceSpec::DescriptorSet { path }
        } else {
            SourceSpec::Files { path, import_roots: Vec::new() }
        }
    }
}

/// A source and how loading it went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceInfo {
    /// Its name for `remove_source` and `reload`.
    pub id: SourceId,
    /// What was asked for.
    pub spec: SourceSpec,
    /// Short name for people, such as `proto-samples/shop` or `reflection · localhost:50051`.
    pub label: String,
    /// How many files compiled, built-in ones not counted.
    pub files: u32,
    /// How many services they define.
    pub services: u32,
    /// How it went as a whole.
    pub state: SourceState,
    /// What went wrong, the gravest first.
    pub problems: Vec<Problem>,
}

/// How loading a source went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SourceState {
    /// Being read.
    Loading,
    /// Everything compiled.
    Ready,
    /// Some files compiled; `problems` says what did not.
    Partial,
    /// Nothing compiled.
    Failed,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceInfo {
    /// `shop.inventory.v1.InventoryService`.
    pub name: String,
    /// `shop.inventory.v1`; empty without a package.
    pub package: String,
    /// The source that defines it.
    pub source: SourceId,
    /// The file that defines it, as imports name it.
    pub file: String,
    /// Leading comment, comment marks and common indent removed.
    pub docs: String,
    /// `option deprecated = true`.
    pub deprecated: bool,
    /// In the order of the file.
    pub methods: Vec<MethodInfo>,
}

impl ServiceInfo {
    /// The name without its package.
    pub fn short_name(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or(&self.name)
    }
}

/// A method.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MethodInfo {
    /// `shop.inventory.v1.InventoryService/GetStock`: the key of the method everywhere.
    pub path: String,
    /// `GetStock`.
    pub name: String,
    /// Which sides stream.
    pub kind: CallKind,
    /// Full name of the request message.
    pub input: String,
    /// Full name of the response message.
    pub output: String,
    /// Leading comment, as in [`ServiceInfo::docs`].
    pub docs: String,
    /// `option deprecated = true`.
    pub deprecated: bool,
    /// The `google.api.http` rule and its additional bindings, in order.
    pub http: Vec<HttpRule>,
}

/// One binding of a `google.api.http` rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpRule {
    /// `GET`, `PUT`, `POST`, `DELETE`, `PATCH` or the custom kind.
    pub verb: String,
    /// `/v1/stock/{sku}`.
    pub path: String,
    /// Field that is the HTTP body, `*` for the whole message, empty for none.
    pub body: String,
    /// Field of the response that is the HTTP body; empty for the whole message.
    pub response_body: String,
}
