//! What the engine knows of a schema: one plan per message type, compiled from descriptors when a type is first
//! met, and shared by every codec of a pool.
//!
//! Knows descriptors, never bytes or text. Plans are immutable but for hints (`AtomicU16`, `AtomicU8`): what
//! came last time, kept with relaxed ordering because a stale one costs time and never truth.

mod beginnings;
mod compile;
mod features;
mod key;
mod names;
mod numbers;
mod stream;

#[cfg(test)]
mod tests;

pub(crate) use beginnings::Beginnings;
pub(crate) use key::Key;
pub(crate) use names::Names;
pub(crate) use numbers::Numbers;
pub(crate) use stream::{KEY, LATE, Step, Stream};

use crate::raw::Short;
use prost_reflect::{DescriptorPool, MessageDescriptor};
use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// A message type within its [`Plans`].
pub(crate) type MessageId = u32;

/// No field, no oneof.
pub(crate) const NONE: u16 = u16::MAX;

/// The plans of a pool. Grows as types are met; nothing is ever removed.
pub(crate) struct Plans {
    pool: DescriptorPool,
    slots: boxcar::Vec<Slot>,
    ids: Mutex<HashMap<Box<str>, MessageId>>,
    enums: Mutex<HashMap<Box<str>, Arc<EnumPlan>>>,
    pub hints: Hints,
}

/// Hints that belong to no field.
pub(crate) struct Hints {
    /// How many bytes the length of the value of an `Any` took last time.
    pub any: AtomicU8,
    /// The same of the parts of a `Struct`.
    pub nested: AtomicU8,
    /// The type found by its name last time.
    found: AtomicU32,
}

struct Slot {
    descriptor: MessageDescriptor,
    plan: OnceLock<MessagePlan>,
}

impl Plans {
    pub fn new(pool: DescriptorPool) -> Plans {
        Plans {
            pool,
            slots: boxcar::Vec::new(),
            ids: Mutex::default(),
            enums: Mutex::default(),
            hints: Hints {
                any: AtomicU8::new(1),
                nested: AtomicU8::new(1),
                found: AtomicU32::new(0),
            },
        }
    }

    pub fn pool(&self) -> &DescriptorPool {
        &self.pool
    }

    /// The id of a type of this pool. Compiles nothing.
    pub fn id(&self, message: &MessageDescriptor) -> MessageId {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = ids.get(message.full_name()) {
            return *id;
        }
        let slot = Slot { descriptor: message.clone(), plan: OnceLock::new() };
        let id = MessageId::try_from(self.slots.push(slot)).expect("fewer types than u32::MAX");
        ids.insert(message.full_name().into(), id);
        id
    }

    /// The id of a type by its full name, if the pool has it.
    pub fn find(&self, full_name: &str) -> Option<MessageId> {
        // Without a lock when it is the same as last time.
        let last = self.hints.found.load(Relaxed);
        if self
            .slots
            .get(last as usize)
            .is_some_and(|slot| slot.descriptor.full_name() == full_name)
        {
            return Some(last);
        }
        let known = {
            let ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
            ids.get(full_name).copied()
        };
        let id = match known {
            Some(id) => id,
            None => self.id(&self.pool.get_message_by_name(full_name)?),
        };
        self.hints.found.store(id, Relaxed);
        Some(id)
    }

    /// The plan of a type, compiled now if this is the first time.
    #[inline]
    pub fn message(&self, id: MessageId) -> &MessagePlan {
        let slot = &self.slots[id as usize];
        match slot.plan.get() {
            Some(plan) => plan,
            None => self.compile(slot),
        }
    }

    #[cold]
    fn compile<'a>(&self, slot: &'a Slot) -> &'a MessagePlan {
        slot.plan.get_or_init(|| compile::message(self, &slot.descriptor))
    }

    /// The descriptor of a type.
    pub fn descriptor(&self, id: MessageId) -> &MessageDescriptor {
        &self.slots[id as usize].descriptor
    }
}

impl std::fmt::Debug for Plans {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Plans({} types met)", self.slots.count())
    }
}

/// A message type, ready for both directions.
#[derive(Debug)]
pub(crate) struct MessagePlan {
    pub name: Box<str>,
    pub form: Form,
    /// Whether its wire is a message set: groups of an extension's number and its message
    /// (`message_set_wire_format` in `descriptor.proto`).
    pub message_set: bool,
    /// By number, extensions included. An index into it identifies a field within the message.
    pub fields: Box<[Field]>,
    /// The same fields, as streaming to JSON sees them.
    pub streams: Box<[Stream]>,
    /// Indices of the fields that are written when absent, if defaults are.
    pub defaults: Box<[u16]>,
    /// The same, and of those that are `null` then: singular fields with presence outside of oneofs.
    pub unset: Box<[u16]>,
    /// JSON names, original names, and `[full.name]` of extensions.
    pub names: Names,
    /// JSON names by how they begin.
    pub beginnings: Beginnings,
    pub numbers: Numbers,
    /// Indices of the required fields.
    pub required: Box<[u16]>,
    /// Names of the oneofs, without the synthetic ones of proto3's `optional`.
    pub oneofs: Box<[Box<str>]>,
    /// Hint: the field that came first last time in JSON, and on the wire.
    pub first_json: AtomicU16,
    pub first_wire: AtomicU16,
    /// Hint: of how many objects of this type not to expect an order of members, since one had none.
    pub unordered: AtomicU8,
    /// Hint: how many messages of this type to read the careful way, since one was split or interleaved.
    pub careful: AtomicU8,
}

impl MessagePlan {
    #[inline]
    pub fn by_number(&self, number: u32) -> Option<u16> {
        self.numbers.find(number)
    }
}

/// How a message type is written in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// An object of its fields.
    Object,
    /// A well-known type whose fields are as `google/protobuf/*.proto` has them.
    Any,
    Timestamp,
    Duration,
    FieldMask,
    Struct,
    Value,
    ListValue,
    /// `google.protobuf.*Value`: its only field, number 1.
    Wrapper,
}

/// A field's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
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
    /// Length-prefixed.
    Message,
    /// Delimited by start and end tags: a group of proto2, `DELIMITED` in editions.
    Group,
}

impl Kind {
    /// The wire type of a single value (<https://protobuf.dev/programming-guides/encoding/#structure>).
    pub const fn wire_type(self) -> u8 {
        match self {
            Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => 1,
            Kind::String | Kind::Bytes | Kind::Message => 2,
            Kind::Group => 3,
            Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => 5,
            _ => 0,
        }
    }

    /// Whether a repeated field of this kind may be packed.
    pub const fn is_packable(self) -> bool {
        !matches!(self, Kind::String | Kind::Bytes | Kind::Message | Kind::Group)
    }

    pub const fn is_message(self) -> bool {
        matches!(self, Kind::Message | Kind::Group)
    }

    /// How far an integer type reaches from zero, upwards and downwards.
    pub const fn reach(self) -> [u64; 2] {
        const HALF: u64 = 1 << 31;
        const WHOLE: u64 = 1 << 63;
        match self {
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 | Kind::Enum => [HALF - 1, HALF],
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => [WHOLE - 1, WHOLE],
            Kind::Uint32 | Kind::Fixed32 => [u32::MAX as u64, 0],
            _ => [u64::MAX, 0],
        }
    }

    /// As `.proto` files write it; messages and enums by their own names elsewhere.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Double => "double",
            Kind::Float => "float",
            Kind::Int32 => "int32",
            Kind::Int64 => "int64",
            Kind::Uint32 => "uint32",
            Kind::Uint64 => "uint64",
            Kind::Sint32 => "sint32",
            Kind::Sint64 => "sint64",
            Kind::Fixed32 => "fixed32",
            Kind::Fixed64 => "fixed64",
            Kind::Sfixed32 => "sfixed32",
            Kind::Sfixed64 => "sfixed64",
            Kind::Bool => "bool",
            Kind::String => "string",
            Kind::Bytes => "bytes",
            Kind::Enum => "enum",
            Kind::Message => "message",
            Kind::Group => "group",
        }
    }
}

/// How often a field may come and how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arity {
    /// At most once; `implicit` ones are not written when zero or empty.
    Singular { implicit: bool },
    /// A list with one record for each element.
    Expanded,
    /// A list written as one record. Readers take both (so do `Expanded` ones of packable kinds).
    Packed,
    /// One record for each entry; key and value are in [`Field::entry`].
    Map,
}

/// What reading a field from JSON takes: kind, arity and all that is rare, in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    String,
    /// An integer that is written as a varint without zigzag.
    Integer,
    Double,
    Bool,
    Enum,
    /// A message that is an object of its fields.
    Object,
    /// `google.protobuf.Timestamp`
    Timestamp,
    List,
    Map,
    /// All else.
    Other,
}

/// A field or extension of a message.
#[derive(Debug)]
pub(crate) struct Field {
    pub number: u32,
    pub kind: Kind,
    pub arity: Arity,
    /// Whether strings are checked to be UTF-8 on the wire (proto3, and editions unless switched off). JSON can
    /// hold nothing else, so converting to JSON checks always.
    pub utf8: bool,
    pub required: bool,
    /// The oneof that it belongs to, or [`NONE`].
    pub oneof: u16,
    /// Its tag as this field writes it (packed: length-delimited).
    pub tag: Short,
    /// What reading it from JSON takes.
    pub op: Op,
    /// Its place in the message.
    pub index: u16,
    /// Its bit among those of the message's fields; zero for those after the first 64.
    pub bit: u64,
    /// How far its integer type reaches from zero, upwards and downwards.
    pub reach: [u64; 2],
    /// The type of a message or group; of a map, its entry.
    pub message: MessageId,
    pub enumeration: Option<Arc<EnumPlan>>,
    /// Key and value of a map.
    pub entry: Option<Box<[Field; 2]>>,
    /// As paths of errors have it: the JSON name, `[full.name]` for extensions.
    pub json_name: Box<str>,
    /// As written in the `.proto`; the same as `json_name` for extensions.
    pub original_name: Box<str>,
    /// `"name":` in JSON, escaped where JSON asks for it.
    pub json_key: Box<[u8]>,
    pub original_key: Box<[u8]>,
    /// `json_key`, ready to be compared at once.
    pub key: Key,
    /// Hint: the field that followed this one last time in JSON.
    pub next_json: AtomicU16,
    /// Hint: how many bytes the length took last time.
    pub width: AtomicU8,
}

impl Field {
    /// The tag as this field writes it.
    #[inline]
    pub fn tag(&self) -> &[u8] {
        self.tag.bytes()
    }

    /// Whether it has a value that absence stands for: lists, maps, and what has no presence.
    pub fn has_default(&self) -> bool {
        self.arity != Arity::Singular { implicit: false }
    }

    /// Whether a record of this wire type is a value of it, or a run of them.
    #[inline]
    pub fn takes(&self, wire_type: u8) -> bool {
        wire_type == self.kind.wire_type()
            || (wire_type == 2 && self.is_list() && self.kind.is_packable())
    }

    /// Whether records after the first add to it: lists and maps.
    pub fn repeats(&self) -> bool {
        self.is_list() || self.arity == Arity::Map
    }

    /// Whether it is not written when it is zero or empty.
    #[inline]
    pub fn is_implicit(&self) -> bool {
        self.arity == Arity::Singular { implicit: true }
    }

    pub fn is_list(&self) -> bool {
        matches!(self.arity, Arity::Expanded | Arity::Packed)
    }
}

/// An enum.
#[derive(Debug)]
pub(crate) struct EnumPlan {
    pub name: Box<str>,
    /// Whether numbers without a name are no values of it (proto2, and `CLOSED` in editions).
    pub closed: bool,
    /// `google.protobuf.NullValue`, whose JSON form is `null`.
    pub null: bool,
    /// Value names to an index into `values`.
    pub names: Names,
    /// As declared.
    pub values: Box<[EnumValue]>,
    numbers: Numbers,
    /// Hint: the value that came last in JSON.
    pub hint: AtomicU16,
}

/// A value of an enum.
#[derive(Debug)]
pub(crate) struct EnumValue {
    pub number: i32,
    /// The name in JSON quotes.
    pub quoted: Box<[u8]>,
    /// The same, to be compared.
    pub key: Key,
}

impl EnumPlan {
    /// The number of a name.
    #[inline]
    pub fn number(&self, name: &[u8]) -> Option<i32> {
        let index = self.names.find(name)?;
        self.hint.store(index, Relaxed);
        Some(self.values[usize::from(index)].number)
    }

    /// The value with a number; where several share it, the first as declared.
    #[inline]
    pub fn value(&self, number: i32) -> Option<&EnumValue> {
        self.numbers.find(number.cast_unsigned()).map(|index| &self.values[usize::from(index)])
    }
}
