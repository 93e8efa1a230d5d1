//! Serialized options: messages whose fields the tools at hand do not all know, taken apart and put together
//! without losing any.

use prost::{
    DecodeError, Message,
    bytes::Buf,
    encoding::{DecodeContext, WireType, bytes, decode_key, skip_field},
};

/// Takes the length-delimited fields `number` out of the message `options`; gives the rest, and what they held one
/// by one.
pub(super) fn take(options: &[u8], number: u32) -> Result<(Vec<u8>, Vec<Vec<u8>>), DecodeError> {
    let mut taken = vec![];
    let rest = keep(options, |field, wire_type, mut value| {
        let matches = field == number && wire_type == WireType::LengthDelimited;
        if matches {
            let mut part = Vec::new();
            bytes::merge(wire_type, &mut part, &mut value, DecodeContext::default())?;
            taken.push(part);
        }
        Ok(!matches)
    })?;
    Ok((rest, taken))
}

/// The message `options` with those of its fields for which `wants` holds, given number, wire type and serialized
/// value.
pub(super) fn keep(
    options: &[u8],
    mut wants: impl FnMut(u32, WireType, &[u8]) -> Result<bool, DecodeError>,
) -> Result<Vec<u8>, DecodeError> {
    let mut left = options;
    let mut kept = Vec::with_capacity(options.len());
    while left.has_remaining() {
        let start = left;
        let (field, wire_type) = decode_key(&mut left)?;
        let value = left;
        skip_field(wire_type, field, &mut left, DecodeContext::default())?;
        let length = |from: &[u8]| from.len() - left.len();
        if wants(field, wire_type, value.get(..length(value)).unwrap_or_default())? {
            kept.extend_from_slice(start.get(..length(start)).unwrap_or_default());
        }
    }
    Ok(kept)
}

/// Appends the message `value` as field `number`.
pub(super) fn put(options: &mut Vec<u8>, number: u32, value: &impl Message) {
    bytes::encode(number, &value.encode_to_vec(), options);
}
