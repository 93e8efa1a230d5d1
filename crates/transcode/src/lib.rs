//! JSON text ⇄ Protobuf wire bytes by descriptor, the map of a message's bytes, and what converting costs.
//!
//! Owns ProtoJSON (<https://protobuf.dev/programming-guides/json/>) in both directions and everything that
//! reads the wire format. Knows descriptors and bytes only: no IO, no async, no HTTP, no message object in
//! its face. 64-bit integers are JSON strings, unknown JSON fields are refused by name, unknown wire fields
//! are left out of the JSON and shown by [`Codec::spans`].
//!
//! ```
//! # fn f(message: &prost_reflect::MessageDescriptor) -> Result<(), wirelab_transcode::Error> {
//! use wirelab_transcode::{Codec, Options};
//! let codec = Codec::new(message);
//! let (mut wire, mut json) = (Vec::new(), Vec::new());
//! codec.json_to_wire(br#"{"sku": "KB-204"}"#, &mut wire)?;
//! codec.wire_to_json(&wire, &mut json, &Options { pretty: true, ..Options::default() })?;
//! # Ok(()) }
//! ```

mod byte_map;
mod canonical;
#[cfg(feature = "encodings")]
mod encodings;
mod error;
mod json_to_wire;
mod mask;
mod path;
mod plan;
mod raw;
mod varint;
mod wire_to_json;

pub use byte_map::{FieldSpan, JsonSpan};
#[cfg(feature = "encodings")]
pub use encodings::{Encoded, Encoding};
pub use error::Error;
pub use mask::{Mask, Merging};
pub use prost_reflect::MessageDescriptor;

use plan::{MessageId, Plans};
use std::sync::Arc;

/// Messages nested deeper than this are refused unless told otherwise, in JSON (objects and arrays counted) and
/// on the wire (messages and groups counted): the limit that Protobuf implementations share.
pub const MAX_DEPTH: usize = 100;

/// No more than this is taken for [`Limits::depth`], to spare the stack.
pub(crate) const DEEPEST: usize = 1000;

/// JSON texts and wires longer than this are refused unless told otherwise, bytes: 256 MiB.
pub const MAX_BYTES: usize = 256 << 20;

/// Converts messages of one type. Cheap to clone and to share; what one clone learns of the schema, all know.
#[derive(Clone, Debug)]
pub struct Codec {
    plans: Arc<Plans>,
    root: MessageId,
    limits: Limits,
    ignore_unknown: bool,
    partial: bool,
}

/// What is refused for its size. [`Default`] has [`MAX_DEPTH`] and, both ways, [`MAX_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How deep messages may be nested; at most 1,000 is taken, whatever is asked for, to spare the stack. In JSON
    /// objects and arrays count. On the wire groups count too; map entries and `google.protobuf.Value` do not, which
    /// make no level in JSON.
    pub depth: usize,
    /// Bytes of a text or wire that is read.
    pub input: usize,
    /// Bytes of the wire or text that is made of it.
    pub output: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { depth: MAX_DEPTH, input: MAX_BYTES, output: MAX_BYTES }
    }
}

/// How JSON is written; the default is compact canonical ProtoJSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `stock_level` instead of `stockLevel`.
    pub original_names: bool,
    /// Fields that have their default value and no presence are written too.
    pub print_defaults: bool,
    /// With `print_defaults`, fields that have presence and are not set are `null`, members of oneofs left out: what Go's
    /// `protojson` writes with `EmitUnpopulated`.
    pub print_nulls: bool,
    /// `1` instead of `"STATUS_OPEN"`.
    pub enums_as_numbers: bool,
    /// `1` instead of `"1"` for 64-bit integers. Who reads such numbers as doubles loses digits beyond 2^53; keys of maps
    /// stay strings.
    pub int64_as_numbers: bool,
    /// Indented by two spaces.
    pub pretty: bool,
}

impl Codec {
    /// A codec for messages of this type. Extensions and the types inside `Any` come from its pool.
    pub fn new(message: &MessageDescriptor) -> Codec {
        let plans = Arc::new(Plans::new(message.parent_pool().clone()));
        let root = plans.id(message);
        Codec { plans, root, limits: Limits::default(), ignore_unknown: false, partial: false }
    }

    /// A codec for another type that shares what this one knows, when both types are of one pool.
    pub fn of(&self, message: &MessageDescriptor) -> Codec {
        if message.parent_pool() == self.plans.pool() {
            Codec { root: self.plans.id(message), ..self.clone() }
        } else {
            Codec {
                limits: self.limits,
                ignore_unknown: self.ignore_unknown,
                partial: self.partial,
                ..Codec::new(message)
            }
        }
    }

    /// The same with other limits.
    pub fn with_limits(self, limits: Limits) -> Codec {
        Codec { limits, ..self }
    }

    /// The same, taking (`true`) or refusing (`false`, as at first) fields and enum names of a JSON text that the
    /// type does not have. What is taken is left out
    /// (<https://protobuf.dev/programming-guides/json/#json-options>).
    pub fn ignoring_unknown(self, ignore_unknown: bool) -> Codec {
        Codec { ignore_unknown, ..self }
    }

    /// The same, taking (`true`) or refusing (`false`, as at first) JSON texts that lack required fields: for parts of a
    /// message whose other parts come from elsewhere.
    pub fn allowing_partial(self, partial: bool) -> Codec {
        Codec { partial, ..self }
    }

    /// The type.
    pub fn message(&self) -> &MessageDescriptor {
        self.plans.descriptor(self.root)
    }

    /// Appends the wire form of a JSON text; on failure `wire` is as it was.
    ///
    /// Takes all of ProtoJSON (<https://protobuf.dev/programming-guides/json/>): JSON names and original names,
    /// enums by name or number, integers in quotes, with fractions and exponents as long as they are integers,
    /// base64 of both alphabets with padding or without, the `@type` of an `Any` anywhere in its object. Fields
    /// are written in the order of the text, numbers exactly, floats as the nearest ones, lists packed as the
    /// schema says, and map entries with key and value. `null` stands for absence, except for
    /// `google.protobuf.Value` and `NullValue`.
    ///
    /// # Errors
    /// With line, column and JSON path of the value at fault: text that is not JSON (UTF-8 and surrogates included)
    /// or has more after its value; fields, extensions, types and enum values that the schema does not have; values
    /// that do not fit; a field or map key given twice, under whatever name; two members of a oneof; `null` in a
    /// list or map; a missing required field; and what passes the [`Limits`].
    pub fn json_to_wire(&self, json: &[u8], wire: &mut Vec<u8>) -> Result<(), Error> {
        let Codec { plans, root, limits, ignore_unknown, partial } = self;
        json_to_wire::convert(plans, *root, limits, *ignore_unknown, *partial, json, wire)
    }

    /// Appends the JSON form of a wire; on failure `json` is as it was. Takes time linear in the wire, however its fields
    /// come.
    ///
    /// Members come in the order of their first record, with [`Options::print_defaults`] by number. What may come
    /// twice is read as <https://protobuf.dev/programming-guides/encoding/#last-one-wins> has it: singular messages
    /// merge, of scalars, members of a oneof and entries with the same key the last counts. Lists are taken packed
    /// and not. Unknown fields, known ones of another wire type and numbers that a closed enum lacks are left out;
    /// required fields may be missing. Floats have the shortest text that reads as the same number.
    ///
    /// # Errors
    /// Bytes that are not this message, texts that are not UTF-8, values that ProtoJSON has no form for (a
    /// `Timestamp` beyond the year 9999, a `Value` that is NaN or has no kind, a `FieldMask` path such as `fooBar`,
    /// an `Any` of a type that the pool lacks) and what passes the [`Limits`]: with the offset and path of the first
    /// field at fault.
    pub fn wire_to_json(
        &self,
        wire: &[u8],
        json: &mut Vec<u8>,
        options: &Options,
    ) -> Result<(), Error> {
        wire_to_json::convert(&self.plans, self.root, &self.limits, options, wire, json)
    }

    /// Appends the canonical form of a wire: fields once and by number, singular messages merged, lists packed as
    /// the type says, map entries by key, unknown fields at the end of their message as they came
    /// (<https://protobuf.dev/programming-guides/encoding/#last-one-wins>). Two wires of the same message have the
    /// same canonical form. Required fields may be missing; what a later value replaces is not looked at. On
    /// failure `canonical` is as it was.
    ///
    /// # Errors
    /// Bytes that are not this message, with the offset and path of a field that is at fault, and what passes the
    /// [`Limits`].
    pub fn normalize(&self, wire: &[u8], canonical: &mut Vec<u8>) -> Result<(), Error> {
        canonical::normalize(&self.plans, self.root, &self.limits, wire, canonical)
    }

    /// The mask of these paths: names of fields in snake case or lowerCamelCase with dots between them, `*` for every
    /// element of a list or value of a map (`authors.*.name`; alone, or at the end, for everything there), keys of
    /// maps (`labels.tier`, in backticks when they hold dots or commas), and `[pkg.extension]`. A text may hold
    /// several paths with commas between them. No path means nothing of the message.
    ///
    /// # Errors
    /// A path that leads nowhere: names that the type does not have, an index into a list, parts of a scalar, keys
    /// of type bool; with the path.
    pub fn mask<P: AsRef<str>>(&self, paths: impl IntoIterator<Item = P>) -> Result<Mask, Error> {
        Mask::new(self, paths)
    }

    /// Which field each byte belongs to: at most `limit` spans, outer before inner, by start. What cannot be
    /// read ends the list of the message it is in; nothing is an error.
    pub fn spans(&self, wire: &[u8], limit: usize) -> Vec<FieldSpan> {
        byte_map::spans(self, wire, None, limit)
    }

    /// The same, and where each field is in `json`, the text that [`wire_to_json`](Codec::wire_to_json) made of this
    /// wire with any options. A field that the text does not have, or that another one replaced, has no place in it;
    /// parts of a well-known type have that of the whole. Takes memory for every value of the text.
    pub fn byte_map(&self, wire: &[u8], json: &[u8], limit: usize) -> Vec<FieldSpan> {
        byte_map::spans(self, wire, Some(json), limit)
    }

    /// The fields of a wire that its type does not have, or has with another wire type: at most `limit`, by start,
    /// without what is inside of them. Fields inside of known messages have their path, such as `item.?7`.
    pub fn unknown_fields(&self, wire: &[u8], limit: usize) -> Vec<FieldSpan> {
        byte_map::unknown(self, wire, limit)
    }

    /// Measures what this message takes in each of these forms; takes about `budget`, and at least the time to make
    /// and read each form once or twice.
    ///
    /// # Errors
    /// As [`wire_to_json`](Codec::wire_to_json), and a message that `prost-reflect` or the library of a form cannot
    /// read or write.
    #[cfg(feature = "encodings")]
    pub fn encodings(
        &self,
        wire: &[u8],
        encodings: &[Encoding],
        budget: std::time::Duration,
    ) -> Result<Vec<Encoded>, Error> {
        encodings::measure(self, wire, encodings, budget)
    }
}
