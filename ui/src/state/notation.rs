//! Bytes as people type and read them: base64, hexadecimal or text.

use base64::{
    Engine,
    alphabet::{STANDARD as ALPHABET, URL_SAFE as URL_ALPHABET},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use serde::{Deserialize, Serialize};
use std::fmt::Write;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// How bytes are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Notation {
    /// Standard base64; reading takes the URL-safe alphabet and absent padding too.
    #[default]
    Base64,
    /// Pairs of hexadecimal digits; reading skips spaces, colons and `0x`.
    Hex,
    /// UTF-8.
    Text,
}

impl Notation {
    /// All, in the order of the switch.
    pub const ALL: [Notation; 3] = [Notation::Base64, Notation::Hex, Notation::Text];

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Notation::Base64 => "base64",
            Notation::Hex => "hex",
            Notation::Text => "text",
        }
    }

    /// Reads `text`.
    ///
    /// # Errors
    /// A sentence for people.
    pub fn read(self, text: &str) -> Result<Vec<u8>, String> {
        match self {
            Notation::Text => Ok(text.as_bytes().to_vec()),
            Notation::Base64 => {
                let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
                let alphabet = if compact.contains(['-', '_']) { &URL_ALPHABET } else { &ALPHABET };
                GeneralPurpose::new(alphabet, LENIENT)
                    .decode(&compact)
                    .map_err(|_| "Expected base64, for example aGVsbG8=".to_owned())
            }
            Notation::Hex => {
                let digits: Vec<u8> = text
                    .trim()
                    .trim_start_matches("0x")
                    .chars()
                    .filter(|c| !c.is_whitespace() && !matches!(c, ':' | '_'))
                    .map(|c| c.to_digit(16).map(|d| d as u8))
                    .collect::<Option<_>>()
                    .ok_or("Expected hexadecimal digits, for example 68 65 6c 6c 6f")?;
                if digits.len() % 2 == 1 {
                    return Err("Expected pairs of hexadecimal digits; one digit is missing".into());
                }
                Ok(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
            }
        }
    }

    /// The first character of `text` that is no part of this notation, from 0; none where each is, although the
    /// whole may be cut short.
    pub fn unreadable(self, text: &str) -> Option<usize> {
        let fits = |c: char| match self {
            Notation::Text => true,
            Notation::Base64 => {
                c.is_ascii_alphanumeric() || c.is_whitespace() || "+/-_=".contains(c)
            }
            Notation::Hex => c.is_ascii_hexdigit() || c.is_whitespace() || ":_".contains(c),
        };
        let digits = match self {
            Notation::Hex => text.trim_start().strip_prefix("0x").unwrap_or(text),
            _ => text,
        };
        let left_out = text.chars().count() - digits.chars().count();
        digits.chars().position(|c| !fits(c)).map(|at| at + left_out)
    }

    /// Writes `bytes`; none when they have no such form (text that is not UTF-8).
    pub fn write(self, bytes: &[u8]) -> Option<String> {
        match self {
            Notation::Base64 => Some(STANDARD.encode(bytes)),
            Notation::Text => std::str::from_utf8(bytes).ok().map(str::to_owned),
            Notation::Hex => {
                let mut text = String::with_capacity(bytes.len() * 3);
                for (i, byte) in bytes.iter().enumerate() {
                    let _ = write!(text, "{}{byte:02x}", if i > 0 { " " } else { "" });
                }
                Some(text)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_people_paste() {
        for (notation, text, bytes) in [
            (Notation::Base64, "aGVsbG8=", Ok(&b"hello"[..])),
            (Notation::Base64, "aGVs\nbG8", Ok(b"hello")),
            (Notation::Base64, "_-8", Ok(b"\xff\xef")),
            (Notation::Base64, "a", Err("Expected base64, for example aGVsbG8=")),
            (Notation::Hex, "68 65:6C6c 6f", Ok(b"hello")),
            (Notation::Hex, "0x6865", Ok(b"he")),
            (
                Notation::Hex,
                "686",
                Err("Expected pairs of hexadecimal digits; one digit is missing"),
            ),
            (Notation::Hex, "6g", Err("Expected hexadecimal digits, for example 68 65 6c 6c 6f")),
            (Notation::Text, "é", Ok("é".as_bytes())),
        ] {
            assert_eq!(
                notation.read(text),
                bytes.map(<[u8]>::to_vec).map_err(str::to_owned),
                "{text}"
            );
        }
        assert_eq!(Notation::Text.write(b"\xff"), None);
        for (notation, text, at) in [
            (Notation::Hex, "0x6g", Some(3)),
            (Notation::Hex, "68 6", None),
            (Notation::Base64, "aG%=", Some(2)),
            (Notation::Base64, "_-8", None),
            (Notation::Text, "%", None),
        ] {
            assert_eq!(notation.unreadable(text), at, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(bytes in any::<Vec<u8>>()) {
            for notation in Notation::ALL {
                if let Some(text) = notation.write(&bytes) {
                    prop_assert_eq!(notation.read(&text).unwrap(), bytes.clone());
                }
            }
        }
    }
}
