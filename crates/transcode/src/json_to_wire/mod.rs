//! JSON text straight to wire bytes (<https://protobuf.dev/programming-guides/json/>), in one pass and without a
//! tree of either.
//!
//! A [`Reader`] walks the text by a cursor that its functions take and return, and appends to the wire as it
//! goes. A message's length is not known before its end: as many bytes are set aside as the field's length took
//! last time, and what does not fit is moved (see `lengths`). What comes next is guessed from what came next
//! last time and compared at once, before any name is read or looked up (see `object`).
//!
//! Knows plans, text and bytes; the rules of single values are in `scalar`, `known` and the modules they share
//! with the other direction.

mod any;
mod bytes;
mod digits;
mod fault;
mod known;
mod lengths;
mod list;
mod map;
mod nearest;
mod number;
mod object;
mod repeats;
mod scalar;
mod scan;
mod skip;
mod text;
mod time;

use crate::plan::{MessageId, Plans};
use crate::raw::{Out, Text};
use crate::{Error, Limits};
use fault::Fault;
use lengths::Patch;
use repeats::KeyAt;
use std::cell::Cell;

/// Of each buffer that is kept between conversions no more bytes than about these are.
const KEPT: usize = 64 << 10;

/// Appends the wire form of `json`, a message of type `root`; on failure `wire` is as it was.
pub(crate) fn convert(
    plans: &Plans,
    root: MessageId,
    limits: &Limits,
    ignore_unknown: bool,
    partial: bool,
    json: &[u8],
    wire: &mut Vec<u8>,
) -> Result<(), Error> {
    if json.len() > limits.input {
        return Err(Error::new(format!("the JSON text is longer than {} bytes", limits.input)));
    }
    let before = wire.len();
    let text = Text::new(json);
    let mut reader = Reader {
        json: &text,
        plans,
        // A message in few bytes more than its text: enough for most, and little for small ones.
        out: Out::new(std::mem::take(wire), json.len() / 2),
        depth: limits.depth.min(crate::DEEPEST) as u32,
        ignore_unknown,
        partial,
        noting_types: false,
        delta: 0,
        scratch: SCRATCH.take().unwrap_or_default(),
        fault: None,
    };
    let done = reader.root(root, before).and_then(|()| {
        let made = reader.out.len() - before;
        if made > limits.output { reader.too_long(limits.output) } else { Ok(()) }
    });
    let Reader { mut out, mut scratch, fault, .. } = reader;
    let result = match done {
        Ok(()) => Ok(()),
        Err(Stop) => {
            out.truncate(before);
            Err(fault.map_or_else(|| Error::new("the text cannot be read"), |f| f.explain(json)))
        }
    };
    *wire = out.into_bytes();
    scratch.clear();
    SCRATCH.set(Some(scratch));
    result
}

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// A cursor into the text, where the value read ends; or that reading has stopped.
type Step = Result<usize, Stop>;

/// Reading has stopped; why is in [`Reader::fault`], so that the way up costs a register and no more.
#[derive(Debug)]
struct Stop;

struct Reader<'a> {
    json: &'a Text<'a>,
    plans: &'a Plans,
    /// The caller's wire while it is being appended to.
    out: Out,
    /// How many objects and arrays may be inside each other.
    depth: u32,
    ignore_unknown: bool,
    /// Required fields may be missing.
    partial: bool,
    /// Whether what is skipped is looked through for `@type`.
    noting_types: bool,
    /// How many bytes all patches will add to (or take from) `out` in the end.
    delta: isize,
    scratch: Box<Scratch>,
    fault: Option<Box<Fault>>,
}

/// Buffers that are kept from one conversion to the next.
#[derive(Default)]
struct Scratch {
    /// Which fields of open messages have come, beyond the 64 that fit a word.
    seen: Vec<u64>,
    /// Keys of the open maps.
    keys: Vec<KeyAt>,
    /// A string that had to be unescaped before it is understood.
    text: Vec<u8>,
    patches: Vec<Patch>,
    /// Where the objects of a text that was looked through have their `@type`.
    types: Vec<any::TypeAt>,
    /// How far the text was looked through for that.
    typed_to: usize,
}

impl Scratch {
    fn clear(&mut self) {
        fn clear<T>(buffer: &mut Vec<T>) {
            buffer.clear();
            if buffer.capacity() > KEPT / size_of::<T>() {
                buffer.shrink_to(KEPT / size_of::<T>());
            }
        }
        clear(&mut self.seen);
        clear(&mut self.keys);
        clear(&mut self.text);
        clear(&mut self.patches);
        clear(&mut self.types);
        self.typed_to = 0;
    }
}

impl Reader<'_> {
    fn root(&mut self, root: MessageId, before: usize) -> Result<(), Stop> {
        let at = self.space(0);
        if at == self.json.len() {
            let message = "the text is empty; a message without fields is {}";
            return self.fail(at, message.to_owned()).map(|_| ());
        }
        let plan = self.plans.message(root);
        let end = self.message(at, plan, self.depth)?;
        let end = self.space(end);
        if end < self.json.len() {
            return self.fail(end, "there is more text after the message".to_owned()).map(|_| ());
        }
        self.apply_patches(before);
        Ok(())
    }

    #[cold]
    fn too_long(&mut self, limit: usize) -> Result<(), Stop> {
        self.fault =
            Some(Box::new(Fault::nowhere(format!("the wire is longer than {limit} bytes"))));
        Err(Stop)
    }
}
