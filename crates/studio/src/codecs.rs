//! The codecs of a schema: one set of plans for each source, compiled as types are used and kept until the
//! schema is replaced.

use crate::json::Types;
use std::sync::{Mutex, PoisonError};
use wirelab_model::CallKind;
use wirelab_schema::Schema;
use wirelab_transcode::{Codec, MessageDescriptor};

#[derive(Default)]
pub struct Codecs {
    schema: Schema,
    /// One of each source that was used; its siblings share its plans.
    sources: Mutex<Vec<Codec>>,
}

impl Codecs {
    pub fn new(schema: Schema) -> Codecs {
        Codecs { schema, sources: Mutex::default() }
    }

    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The codec of a message type by its full name.
    pub fn message(&self, name: &str) -> Option<Codec> {
        Some(self.of(&self.schema.message(name)?))
    }

    /// The types of a method.
    pub fn method(&self, name: &str) -> Option<Types> {
        let method = self.schema.method(name)?;
        Some(Types {
            kind: CallKind::new(method.is_client_streaming(), method.is_server_streaming()),
            input: self.of(&method.input()),
            output: self.of(&method.output()),
        })
    }

    fn of(&self, message: &MessageDescriptor) -> Codec {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |codec: &&Codec| codec.message().parent_pool() == message.parent_pool();
        if let Some(codec) = sources.iter().find(same) {
            return codec.of(message);
        }
        let codec = Codec::new(message);
        sources.push(codec.clone());
        codec
    }
}
