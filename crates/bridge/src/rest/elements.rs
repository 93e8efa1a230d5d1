//! How the messages of an answer stream follow each other: as elements of an array, lines or events, the end included.

use super::asked::Asked;
use super::failure;
use super::shape::Shape;
use crate::headers::trailers_of;
use crate::profile::Outbound;
use std::io::Write;
use std::sync::Arc;
use wirelab_model::{Metadatum, Status};

/// How messages follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Array,
    Lines,
    /// `{"result": …}` a line.
    WrappedLines,
    Events,
}

/// Writes elements one after the other.
pub(super) struct Elements {
    asked: Arc<Asked>,
    shape: Shape,
    framing: Framing,
    /// How many there were.
    told: u64,
}

impl Elements {
    pub fn new(asked: Arc<Asked>, shape: Shape, framing: Framing) -> Elements {
        let shape = if framing == Framing::Array { shape } else { shape.compact() };
        Elements { asked, shape, framing, told: 0 }
    }

    /// One message; on failure `out` is as it was.
    pub fn message(&mut self, wire: &[u8], out: &mut Vec<u8>) -> Result<(), Status> {
        let start = out.len();
        self.open(out);
        let written = match self.framing {
            Framing::WrappedLines => {
                out.extend_from_slice(b"{\"result\":");
                let written = self.shape.write(wire, out);
                out.push(b'}');
                written
            }
            Framing::Events => {
                // Writing to memory does not fail.
                let _ = write!(out, "id: {}\ndata: ", self.told + 1);
                self.shape.write(wire, out)
            }
            Framing::Array | Framing::Lines => self.shape.write(wire, out),
        };
        match written {
            Ok(()) => {
                self.close(out);
                self.told += 1;
                Ok(())
            }
            Err(status) => {
                out.truncate(start);
                Err(status)
            }
        }
    }

    /// The end of the call: in-band where it is a failure.
    pub fn end(&mut self, status: &Status, trailers: &[Metadatum], out: &mut Vec<u8>) {
        if !status.is_ok() {
            self.open(out);
            if self.framing == Framing::Events {
                out.extend_from_slice(b"event: error\ndata: ");
            }
            let behaviour = self.asked.behaviour();
            failure::append_element(status, self.asked.types(), behaviour, out);
            self.close(out);
            self.told += 1;
        } else if self.framing == Framing::Events {
            self.complete(trailers, out);
        }
        if self.framing == Framing::Array {
            out.extend_from_slice(if self.told == 0 { b"[]" } else { b"]" });
        }
    }

    /// The event of an end without failure. It has a place for trailers, which browsers take no other way.
    fn complete(&self, trailers: &[Metadatum], out: &mut Vec<u8>) {
        let told = match self.asked.behaviour().outbound {
            Outbound::Prefixed => trailers_of(trailers),
            Outbound::PrefixedAll | Outbound::Same => Default::default(),
        };
        let data = match told.is_empty() {
            true => serde_json::json!({}),
            false => serde_json::json!({ "trailers": told }),
        };
        let _ = write!(out, "event: complete\ndata: {data}\n\n");
    }

    /// What goes before an element.
    fn open(&self, out: &mut Vec<u8>) {
        if self.framing == Framing::Array {
            out.push(if self.told == 0 { b'[' } else { b',' });
        }
    }

    /// What goes after it.
    fn close(&self, out: &mut Vec<u8>) {
        match self.framing {
            Framing::Lines | Framing::WrappedLines => out.push(b'\n'),
            Framing::Events => out.extend_from_slice(b"\n\n"),
            Framing::Array => {}
        }
    }
}
