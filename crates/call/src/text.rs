//! gRPC-Web's text: base64 (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md>).

use crate::metadata;
use bytes::Bytes;

/// Base64 as it comes: any pieces, each part of it padded by itself.
#[derive(Debug, Default)]
pub struct Text {
    /// Less than four characters.
    rest: Vec<u8>,
}

impl Text {
    /// The bytes of all characters that can be read; none when they are not base64.
    pub fn push(&mut self, data: &[u8]) -> Option<Bytes> {
        self.rest.extend(data.iter().filter(|byte| !byte.is_ascii_whitespace()));
        let (whole, rest) = self.rest.split_at(self.rest.len() / 4 * 4);
        let mut bytes = Vec::with_capacity(whole.len() / 4 * 3);
        let mut left = whole;
        while !left.is_empty() {
            // A padded group ends a part.
            let end =
                left.iter().position(|&byte| byte == b'=').map_or(left.len(), |at| at / 4 * 4 + 4);
            let (part, others) = left.split_at_checked(end)?;
            bytes.extend(metadata::decode(part)?);
            left = others;
        }
        self.rest = rest.to_vec();
        Some(bytes.into())
    }

    /// What is left when no more comes: a last part may do without its padding.
    pub fn finish(&mut self) -> Option<Bytes> {
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
