//! Field masks (`google.protobuf.FieldMask`, <https://google.aip.dev/161>): which parts of a message are meant, and
//! wires reduced to those parts or updated in them. What a mask does not name is skipped, not decoded.

mod apply;
mod merge;
mod paths;
mod prune;

use crate::canonical::{self, records::Fault};
use crate::plan::{MessageId, Plans};
use crate::{Codec, Error, Limits};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Parts of a message type's messages. Cheap to clone; made by [`Codec::mask`].
#[derive(Clone, Debug)]
pub struct Mask {
    plans: Arc<Plans>,
    root: MessageId,
    limits: Limits,
    tree: Arc<Node>,
}

/// What [`Mask::merge`] does with lists, maps and messages that a mask names as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Merging {
    /// They become those of the other message, as a read after an update with the same mask has to show
    /// (<https://google.aip.dev/161#read-write-consistency>).
    #[default]
    Replace,
    /// Elements are appended, entries of maps added or overwritten, messages merged field by field: what
    /// `FieldMaskUtil` does unless told otherwise.
    Combine,
}

/// What is meant of one value. A default node means nothing of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Node {
    /// All of it.
    whole: bool,
    /// Of a message: fields by number.
    fields: BTreeMap<u32, Node>,
    /// Of a map: values by key.
    keys: BTreeMap<Key, Node>,
    /// Of each element of a list, of each value of a map.
    each: Option<Box<Node>>,
}

/// A key of a map, as wires have it: the bits of a number as its type writes them, or the bytes of a text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Number(u64),
    Text(Vec<u8>),
}

impl Node {
    fn whole() -> Node {
        Node { whole: true, ..Node::default() }
    }

    /// What is meant of the value with a key.
    fn value(&self, key: &Key) -> Option<&Node> {
        self.keys.get(key).or(self.each.as_deref())
    }

    /// Adds what `other` means.
    fn add(&mut self, other: Node) {
        if self.whole || other.whole {
            *self = Node::whole();
            return;
        }
        for (number, node) in other.fields {
            self.fields.entry(number).or_default().add(node);
        }
        for (key, node) in other.keys {
            self.keys.entry(key).or_default().add(node);
        }
        if let Some(each) = other.each {
            self.each.get_or_insert_default().add(*each);
        }
    }

    /// Gives each named key what is meant of every key too.
    fn settle(&mut self) {
        if let Some(each) = &self.each {
            self.keys.values_mut().for_each(|node| node.add((**each).clone()));
        }
        let inner = self.fields.values_mut().chain(self.keys.values_mut());
        inner.chain(self.each.as_deref_mut()).for_each(Node::settle);
    }
}

impl Mask {
    pub(crate) fn new<P: AsRef<str>>(
        codec: &Codec,
        paths: impl IntoIterator<Item = P>,
    ) -> Result<Mask, Error> {
        let mut tree = Node::default();
        for path in paths {
            tree.add(paths::read(&codec.plans, codec.root, path.as_ref())?);
        }
        tree.settle();
        Ok(Mask {
            plans: Arc::clone(&codec.plans),
            root: codec.root,
            limits: codec.limits,
            tree: Arc::new(tree),
        })
    }

    /// Appends the parts of a wire that the mask means; on failure `pruned` is as it was. A message that only parts
    /// of are meant stays, if need be empty; unknown fields go unless all of their message is meant. Of a oneof, a
    /// member that another one replaced stays away even where the mask names only the former.
    ///
    /// # Errors
    /// What is not a wire, with the offset of the field at fault, and what passes the limits of the codec. Faults
    /// in what is copied whole or skipped are not found.
    pub fn prune(&self, wire: &[u8], pruned: &mut Vec<u8>) -> Result<(), Error> {
        self.check(wire)?;
        if self.tree.whole {
            pruned.extend_from_slice(wire);
            return Ok(());
        }
        prune::prune(self, wire, pruned).map_err(explain)
    }

    /// Appends `into` with the parts that the mask means taken from `from`: set where `from` has them, gone where
    /// it does not. On failure `merged` is as it was.
    ///
    /// # Errors
    /// As [`prune`](Mask::prune), and a mask that names parts of a list's elements or of every value of a map: it
    /// does not say which of one message belongs to which of the other. [`Merging::Combine`] decodes what is meant
    /// of `from`, and finds faults there.
    pub fn merge(
        &self,
        from: &[u8],
        into: &[u8],
        merging: Merging,
        merged: &mut Vec<u8>,
    ) -> Result<(), Error> {
        self.check(from)?;
        self.check(into)?;
        let mut only = Vec::new();
        let from = match merging {
            Merging::Replace => from,
            Merging::Combine => {
                // Joined to the end of another wire, what was replaced within this one would take effect there.
                let mut meant = Vec::new();
                self.prune(from, &mut meant)?;
                canonical::normalize(&self.plans, self.root, &self.limits, &meant, &mut only)?;
                &only
            }
        };
        merge::merge(self, from, into, merging, merged).map_err(explain)
    }

    fn check(&self, wire: &[u8]) -> Result<(), Error> {
        let limit = self.limits.input;
        match wire.len() > limit {
            true => Err(Error::new(format!("the message is longer than {limit} bytes"))),
            false => Ok(()),
        }
    }
}

fn explain(fault: Fault) -> Error {
    let parts: Vec<String> = fault.path.into_iter().rev().collect();
    Error::new(fault.message).path_if_any(parts.join(".")).at_offset(fault.offset)
}
