//! Protobuf wire bytes → JSON text (<https://protobuf.dev/programming-guides/json/>), without a message between.
//!
//! There are two ways through a message. The straight one ([`straight`]) writes fields as they come; nearly every
//! wire allows that. A wire may also split a singular message over several records, interleave a list with other
//! fields, repeat a map key or a member of a oneof. The straight path notices that and gives up, and so it does at
//! whatever it would have to explain. Then the whole is read again on the merging path ([`merge`]), which gathers
//! the records of a message by field, hands the pieces of a split message down as one, and says what is wrong with
//! offset and path. It gives up at most once, so both together take time linear in the wire. A type that was split
//! once is expected to be so again: its next messages take the merging path at once and alone.
//!
//! Knows plans and bytes; neither descriptors nor message objects.

mod fault;
mod gather;
mod gathered;
mod known;
mod lists;
mod maps;
mod merge;
mod merge_known;
mod number;
mod out;
mod read;
mod scalar;
mod special;
mod straight;
mod text;

use crate::plan::{MessageId, Plans};
use crate::raw::Text;
use crate::{Error, Limits, Options};
use out::Out;
use scalar::Writer;

/// Why a value cannot be written. Small, so that the straight path carries it in a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// Not wrong, but not straight: split, interleaved, repeated or rarely seen.
    Careful,
    Cut,
    Varint,
    FieldNumber,
    WireType,
    EndGroup,
    Packed,
    Utf8,
    Depth,
    Output,
    Timestamp,
    Duration,
    Mask,
    /// A `google.protobuf.Value` that is NaN or infinite, or has no kind.
    NotFinite,
    NoKind,
    UnknownType,
}

/// Appends the JSON form of a wire; on failure `json` is as it was.
pub(crate) fn convert(
    plans: &Plans,
    root: MessageId,
    limits: &Limits,
    options: &Options,
    wire: &[u8],
    json: &mut Vec<u8>,
) -> Result<(), Error> {
    if wire.len() > limits.input {
        return Err(Error::new(format!("the message is longer than {} bytes", limits.input)));
    }
    let wire = &Text::new(wire);
    if options.pretty {
        convert_as::<true>(plans, root, limits, options, wire, json)
    } else {
        convert_as::<false>(plans, root, limits, options, wire, json)
    }
}

fn convert_as<const PRETTY: bool>(
    plans: &Plans,
    root: MessageId,
    limits: &Limits,
    options: &Options,
    wire: &Text<'_>,
    json: &mut Vec<u8>,
) -> Result<(), Error> {
    let plan = plans.message(root);
    let expected = wire.len().saturating_mul(2) + 256;
    macro_rules! writer {
        () => {{
            let out = Out::new(std::mem::take(json), limits.output, expected);
            Writer::<PRETTY>::new(wire, plans, out, limits, options)
        }};
    }
    // What is rarely asked for is the merging path's alone, so that it costs the straight one nothing.
    if !options.print_defaults && !options.int64_as_numbers {
        let mut writer = writer!();
        let start = writer.out.start();
        let written = writer.message(plan, 0, wire.len(), start);
        match written {
            Ok(at) => {
                let (bytes, fits) = writer.out.end(at);
                *json = bytes;
                return if fits { Ok(()) } else { Err(fault::too_long(limits.output)) };
            }
            Err(_) => *json = writer.out.undo(),
        }
    }
    let mut writer = writer!();
    writer.exact = true;
    let start = writer.out.start();
    let written = writer.merge_root(plan, start);
    match written {
        Ok(at) => {
            let (bytes, fits) = writer.out.end(at);
            *json = bytes;
            if fits { Ok(()) } else { Err(fault::too_long(limits.output)) }
        }
        Err(fault) => {
            *json = writer.out.undo();
            Err(fault.into_error(limits))
        }
    }
}
