//! `google.api.HttpBody` (<https://github.com/googleapis/googleapis/blob/master/google/api/httpbody.proto>): bodies that
//! are no JSON, with a content type of their own.

use crate::wire::{Record, put_field, records, varint_length};

const CONTENT_TYPE: u32 = 1;
const DATA: u32 = 2;

/// Appends one to a wire.
pub(super) fn put(content_type: &str, data: &[u8], wire: &mut Vec<u8>) {
    if !content_type.is_empty() {
        put_field(CONTENT_TYPE, content_type.as_bytes(), wire);
    }
    if !data.is_empty() {
        put_field(DATA, data, wire);
    }
}

/// How many bytes [`put`] appends.
pub(super) fn length(content_type: &str, data: &[u8]) -> usize {
    let of = |part: &[u8]| match part.len() {
        0 => 0,
        length => 1 + varint_length(length as u64) + length,
    };
    of(content_type.as_bytes()) + of(data)
}

/// Content type and data of one on the wire; where they are in it, so that the data need not be copied.
pub(super) fn read(wire: &[u8]) -> (&str, &[u8]) {
    let (mut content_type, mut data) = ("", &b""[..]);
    for (number, record) in records(wire) {
        match (u32::try_from(number), record) {
            (Ok(CONTENT_TYPE), Record::Bytes(text)) => {
                content_type = std::str::from_utf8(text).unwrap_or_default();
            }
            (Ok(DATA), Record::Bytes(bytes)) => data = bytes,
            _ => {}
        }
    }
    (content_type, data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for content_type in ["", "image/png"] {
            for size in [0, 1, 127, 128, 16_383, 16_384, 70_000] {
                let data = vec![7; size];
                let mut wire = Vec::new();
                put(content_type, &data, &mut wire);
                assert_eq!(wire.len(), length(content_type, &data), "{content_type} {size}");
                assert_eq!(read(&wire), (content_type, &data[..]));
            }
        }
    }
}
