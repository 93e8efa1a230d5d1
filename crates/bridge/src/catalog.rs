//! The methods that can be called, with what converts their messages.

use prost_reflect::MethodDescriptor;
use std::collections::HashMap;
use std::sync::Arc;
use wirelab_model::{CallKind, HttpRule};
use wirelab_schema::Schema;
use wirelab_transcode::{Codec, MessageDescriptor};

/// A method of the server behind the bridge.
#[derive(Debug)]
pub(crate) struct Method {
    /// `pkg.Service/Method`.
    pub path: String,
    /// Which sides stream.
    pub kind: CallKind,
    /// Options, comments and types.
    pub descriptor: MethodDescriptor,
    /// Its `google.api.http` rule and the additional bindings of it, in order.
    pub rules: Vec<HttpRule>,
    /// Converts its requests.
    pub input: Codec,
    /// Converts its responses.
    pub output: Codec,
}

/// All methods of a schema. Immutable: a schema that changes makes a new one.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    methods: HashMap<String, Arc<Method>>,
}

impl Catalog {
    /// Every method of every service.
    pub fn new(schema: &Schema) -> Catalog {
        let mut codecs = Codecs::default();
        let infos = schema.services().iter().flat_map(|service| &service.methods);
        let methods = infos.filter_map(|info| {
            let path = info.path.clone();
            let descriptor = schema.method(&path)?;
            let method = Method {
                kind: CallKind::new(
                    descriptor.is_client_streaming(),
                    descriptor.is_server_streaming(),
                ),
                rules: info.http.clone(),
                input: codecs.of(&descriptor.input()),
                output: codecs.of(&descriptor.output()),
                descriptor,
                path: path.clone(),
            };
            Some((path, Arc::new(method)))
        });
        Catalog { methods: methods.collect() }
    }

    /// A method by `pkg.Service/Method`.
    pub fn method(&self, path: &str) -> Option<&Arc<Method>> {
        self.methods.get(path)
    }

    /// Every method, in no order.
    pub fn methods(&self) -> impl Iterator<Item = &Arc<Method>> {
        self.methods.values()
    }
}

/// One of each pool; its siblings share its plans.
#[derive(Default)]
struct Codecs(Vec<Codec>);

impl Codecs {
    fn of(&mut self, message: &MessageDescriptor) -> Codec {
        let same = |codec: &&Codec| codec.message().parent_pool() == message.parent_pool();
        if let Some(codec) = self.0.iter().find(same) {
            return codec.of(message);
        }
        let codec = Codec::new(message);
        self.0.push(codec.clone());
        codec
    }
}
