//! What streaming a field from the wire to JSON asks for, gathered in two cache lines.

use super::{Arity, Field, Kind, MessageId, NONE, Op};
use std::sync::atomic::AtomicU16;

/// Names of at most this many bytes, with comma, quotes and colon, are copied as a block.
pub(crate) const KEY: usize = 32;

/// The bit of all fields that have no bit of their own.
pub(crate) const LATE: u64 = 1 << 63;

/// How a field of a message is streamed.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Stream {
    /// The tag as a little-endian word, and which bits of a word it fills.
    pub tag: u64,
    pub mask: u64,
    /// Its bit among those of the message's fields: one of its own for the first 63, [`LATE`] for the others.
    pub bit: u64,
    /// The fields after which it must not come: itself and the others of its oneof.
    pub clash: u64,
    /// It shares [`LATE`] with others, but their order tells whether it came before.
    pub ordered: bool,
    pub message: MessageId,
    /// Hint: the field that followed this one last time.
    pub next: AtomicU16,
    pub step: Step,
    pub tag_len: u8,
    pub implicit: bool,
    /// By JSON name, by original name.
    pub keys: [Key; 2],
}

/// `,"name":`
#[derive(Debug)]
pub(crate) struct Key {
    /// 0 when it does not fit.
    pub len: u8,
    pub bytes: [u8; KEY],
}

/// What to do with a record: kind and arity in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Double,
    Float,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Sint64,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
    Bool,
    String,
    Bytes,
    Enum,
    ClosedEnum,
    Message,
    /// `google.protobuf.Timestamp`
    Timestamp,
    Group,
    /// Lists of numbers, packed or not.
    Numbers,
    Strings,
    Messages,
    Groups,
    Map,
}

impl Stream {
    /// For the fields of a message, in their order.
    pub fn of(fields: &[Field]) -> Box<[Stream]> {
        let bit = |index: usize| if index < 63 { 1 << index } else { LATE };
        // Of each oneof: the bits of its members, and how many of these have no bit of their own.
        let oneof = |field: &Field| (field.oneof != NONE).then(|| usize::from(field.oneof));
        let mut oneofs =
            vec![(0, 0); fields.iter().filter_map(oneof).max().map_or(0, |max| max + 1)];
        for (index, field) in fields.iter().enumerate() {
            if let Some(oneof) = oneof(field) {
                oneofs[oneof].0 |= bit(index);
                oneofs[oneof].1 += usize::from(bit(index) == LATE);
            }
        }
        let stream = |(index, field): (usize, &Field)| Stream {
            tag: field.tag.word(),
            mask: u64::MAX >> (64 - 8 * field.tag.len()),
            bit: bit(index),
            clash: oneof(field).map_or(bit(index), |oneof| oneofs[oneof].0),
            ordered: bit(index) == LATE && oneof(field).is_none_or(|oneof| oneofs[oneof].1 == 1),
            message: field.message,
            next: AtomicU16::new(0),
            step: Step::of(field),
            tag_len: field.tag.len() as u8,
            implicit: field.arity == Arity::Singular { implicit: true },
            keys: [Key::new(&field.json_key), Key::new(&field.original_key)],
        };
        fields.iter().enumerate().map(stream).collect()
    }
}

impl Key {
    fn new(key: &[u8]) -> Key {
        let mut bytes = [0; KEY];
        match bytes.get_mut(..=key.len()) {
            Some(place) => {
                place[0] = b',';
                place[1..].copy_from_slice(key);
                Key { len: place.len() as u8, bytes }
            }
            None => Key { len: 0, bytes },
        }
    }
}

impl Step {
    fn of(field: &Field) -> Step {
        if field.arity == Arity::Map {
            return Step::Map;
        }
        let list = field.is_list();
        match field.kind {
            Kind::String | Kind::Bytes if list => Step::Strings,
            Kind::Message if list => Step::Messages,
            Kind::Group if list => Step::Groups,
            _ if list => Step::Numbers,
            Kind::Double => Step::Double,
            Kind::Float => Step::Float,
            Kind::Int32 => Step::Int32,
            Kind::Int64 => Step::Int64,
            Kind::Uint32 => Step::Uint32,
            Kind::Uint64 => Step::Uint64,
            Kind::Sint32 => Step::Sint32,
            Kind::Sint64 => Step::Sint64,
            Kind::Fixed32 => Step::Fixed32,
            Kind::Fixed64 => Step::Fixed64,
            Kind::Sfixed32 => Step::Sfixed32,
            Kind::Sfixed64 => Step::Sfixed64,
            Kind::Bool => Step::Bool,
            Kind::String => Step::String,
            Kind::Bytes => Step::Bytes,
            Kind::Enum if field.enumeration.as_ref().is_some_and(|kind| kind.closed) => {
                Step::ClosedEnum
            }
            Kind::Enum => Step::Enum,
            Kind::Message if field.op == Op::Timestamp => Step::Timestamp,
            Kind::Message => Step::Message,
            Kind::Group => Step::Group,
        }
    }
}
