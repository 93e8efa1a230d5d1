//! gRPC-Web's text: base64 (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md>).

use crate::metadata;
use bytes::Bytes;

/// Base64 as it comes: any pieces, each part of it padded by itself.
#[derive(Debug, Default)]
pub struct Text {
    /// Less than four characters.
    rest: Vec<u8>,
    /// Whether something came that is no base64; nothing after it is read.
    broken: bool,
}

impl Text {
    /// The bytes of all characters that can be read, those before a fault too, so that it does not matter how the text is
    /// cut; none where there is nothing but the fault, and ever after it.
    pub fn push(&mut self, data: &[u8]) -> Option<Bytes> {
        if self.broken {
            return None;
        }
        self.rest.extend(data.iter().filter(|byte| !byte.is_ascii_whitespace()));
        let (whole, rest) = self.rest.split_at(self.rest.len() / 4 * 4);
        let mut bytes = Vec::with_capacity(whole.len() / 4 * 3);
        let mut left = whole;
        while !left.is_empty() {
            // A padded group ends a part.
            let end =
                left.iter().position(|&byte| byte == b'=').map_or(left.len(), |at| at / 4 * 4 + 4);
            let (part, others) = left.split_at_checked(end)?;
            let Some(part) = metadata::decode(part) else {
                bytes.extend(part.chunks(4).map_while(metadata::decode).flatten());
                self.broken = true;
                return (!bytes.is_empty()).then(|| bytes.into());
            };
            bytes.extend(part);
            left = others;
        }
        self.rest = rest.to_vec();
        Some(bytes.into())
    }

    /// Whether something came that is no base64.
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// What is left when no more comes: a last part may do without its padding.
    pub fn finish(&mut self) -> Option<Bytes> {
        if self.broken {
            return None;
        }
        metadata::decode(&std::mem::take(&mut self.rest)).map(Bytes::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    proptest! {
        /// Parts padded one by one, in pieces cut anywhere.
        #[test]
        fn text_survives_any_cut(
            parts in prop::collection::vec((prop::collection::vec(0_u8.., 0..40), prop::bool::ANY), 0..8),
            cut in 1_usize..9,
        ) {
            let mut sent: Vec<u8> = Vec::new();
            let mut wire = Vec::new();
            let last = parts.len();
            for (index, (part, padded)) in parts.iter().enumerate() {
                sent.extend(part);
                let mut text = STANDARD.encode(part);
                if index + 1 == last && !padded {
                    text.retain(|c| c != '=');
                }
                wire.extend(text.into_bytes());
            }
            let (mut text, mut got) = (Text::default(), Vec::new());
            for piece in wire.chunks(cut) {
                got.extend(text.push(piece).unwrap());
            }
            got.extend(text.finish().unwrap());
            prop_assert_eq!(got, sent);
        }

        /// What can be read of a text, and whether all of it can.
        #[test]
        fn a_fault_is_the_same_in_any_cut(
            wire in prop::collection::vec(prop::sample::select(&b"AQ+/= *"[..]), 0..40),
            cut in 1_usize..9,
        ) {
            let read = |cut| {
                let (mut text, mut got) = (Text::default(), Vec::new());
                let whole = wire.chunks(cut).all(|piece| {
                    text.push(piece).map(|bytes| got.extend(bytes)).is_some()
                });
                let end = text.finish();
                let whole = whole && end.is_some();
                got.extend(end.unwrap_or_default());
                (got, whole)
            };
            prop_assert_eq!(read(cut), read(wire.len().max(1)));
        }

        #[test]
        fn garbage_is_an_answer(pieces in prop::collection::vec(prop::collection::vec(0_u8.., 0..20), 0..9)) {
            let mut text = Text::default();
            for piece in pieces {
                let read = text.push(&piece).unwrap_or_default();
                prop_assert!(read.len() <= piece.len().div_ceil(4) * 3);
            }
            let _ = text.finish();
        }
    }
}
