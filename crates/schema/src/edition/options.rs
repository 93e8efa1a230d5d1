//! Serialized options: messages whose fields the tools at hand do not all know, taken apart and put together
//! without losing any.

use prost::{
    DecodeError, Message,
    bytes::Buf,
    encoding::{DecodeContext, WireType, bytes, decode_key, skip_field},
};

/// Takes the length-delimited fields `number` out of the message `options`; gives the rest and what they held, which
/// is one message in parts.
pub(super) fn take(options: &[u8], number: u32) -> Result<(Vec<u8>, Option<Vec<u8>>), DecodeError> {
    let mut left = options;
    let (mut rest, mut taken) = (Vec::with_capacity(options.len()), None);
    while left.has_remaining() {
        let start = left;
        let (field, wire_type) = decode_key(&mut left)?;
        if field == number && wire_type == WireType::LengthDelimited {
            let mut part = Vec::new();
            bytes::merge(wire_type, &mut part, &mut left, DecodeContext::default())?;
            taken.get_or_insert_with(Vec::new).append(&mut part);
        } else {
            skip_field(wire_type, field, &mut left, DecodeContext::default())?;
            rest.extend_from_slice(start.get(..start.len() - left.len()).unwrap_or_default());
        }
    }
    Ok((rest, taken))
}

/// Appends the message `value` as field `number`.
pub(super) fn put(options: &mut Vec<u8>, number: u32, value: &impl Message) {
    bytes::encode(number, &value.encode_to_vec(), options);
}
