//! Messages of a socket's method as JSON and back, as REST has them for the same URL.

use crate::bind::Bound;
use crate::profile::{Behaviour, Profile};
use crate::refusal::Refusal;
use crate::rest::failure;
use crate::rest::{Asked, Shape};
use crate::rules::Body;
use bytes::Bytes;
use std::sync::Arc;
use wirelab_model::{CallKind, Status};

/// Converts the messages of one socket.
pub(super) struct Converter {
    asked: Arc<Asked>,
    shape: Shape,
    /// The fields that the URL sets.
    url: Bound,
    /// Whether a request was read: the URL is part of the first one.
    begun: bool,
}

impl Converter {
    /// What a URL means for messages.
    ///
    /// # Errors
    /// Path and query that do not fit the rule.
    pub fn new(mut asked: Arc<Asked>) -> Result<Converter, Refusal> {
        let shape = Shape::of(&asked)?.compact();
        let url = asked.url()?;
        // A socket may live long: the buffer that its request was read into need not.
        if let Some(asked) = Arc::get_mut(&mut asked) {
            asked.release();
        }
        Ok(Converter { asked, shape, url, begun: false })
    }

    pub fn kind(&self) -> CallKind {
        self.asked.rule.method.kind
    }

    /// A request from JSON.
    pub fn request(&mut self, json: &[u8]) -> Result<Bytes, Status> {
        let bind = !self.begun || !self.behaviour().bind_first_only;
        let url = bind.then_some(&self.url);
        let wire = self.asked.message(json, url, None).map_err(|refusal| refusal.status)?;
        self.begun = true;
        Ok(wire.into())
    }

    /// A request from Protobuf.
    pub fn wire(&mut self, wire: Bytes) -> Bytes {
        let bind = !std::mem::replace(&mut self.begun, true) || !self.behaviour().bind_first_only;
        if !bind || self.url.is_empty() {
            return wire;
        }
        let mut wire = wire.to_vec();
        self.url.over(&mut wire);
        wire.into()
    }

    /// The request, where the URL holds all of it.
    pub fn whole(&mut self) -> Option<Bytes> {
        let is_whole = self.asked.rule.body == Body::None;
        is_whole.then(|| {
            self.begun = true;
            self.url.wire().into()
        })
    }

    /// Appends a response as JSON.
    pub fn response(&self, wire: &[u8], json: &mut Vec<u8>) -> Result<(), Status> {
        self.shape.write(wire, json)
    }

    /// Appends a status as the JSON of `google.rpc.Status`, the same in every profile.
    pub fn status(&self, status: &Status, json: &mut Vec<u8>) {
        failure::append(status, self.asked.types(), Profile::Wirelab.behaviour(), json);
    }

    /// Appends a failure as grpc-gateway has it: the answer of one that is no stream, else the last element.
    pub fn failure(&self, status: &Status, json: &mut Vec<u8>) {
        let append = match self.kind().server_streams() {
            true => failure::append_element,
            false => failure::append,
        };
        append(status, self.asked.types(), self.behaviour(), json);
    }

    fn behaviour(&self) -> &Behaviour {
        self.asked.behaviour()
    }
}
