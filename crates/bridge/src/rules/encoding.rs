//! Percent-encoding of paths and queries (RFC 3986 §2.1), strict: what is no escape is a fault, never text.

use std::borrow::Cow;

/// Which escapes stay as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Everything is decoded: variables of one segment, names and values of a query.
    Nothing,
    /// `%2F` stays: variables of several segments, as the comment of `google/api/http.proto` has it.
    Slash,
    /// The escapes of all reserved characters stay (RFC 6570 §1.5).
    Reserved,
}

/// Where a text is not well encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Offset of the byte.
    pub at: usize,
    /// What is wrong there.
    pub message: &'static str,
}

/// The text without its escapes; borrowed when there were none.
pub(crate) fn decode(text: &str, keep: Keep) -> Result<Cow<'_, str>, Fault> {
    let Some(first) = text.find('%') else { return Ok(Cow::Borrowed(text)) };
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    decoded.extend_from_slice(&bytes[..first]);
    let mut at = first;
    while let Some(&byte) = bytes.get(at) {
        if byte != b'%' {
            decoded.push(byte);
            at += 1;
            continue;
        }
        let escape = bytes.get(at + 1..at + 3);
        let value = escape.and_then(|digits| Some(hex(digits[0])? << 4 | hex(digits[1])?));
        let Some(value) = value else {
            return Err(Fault { at, message: "a `%` without two hexadecimal digits" });
        };
        let stays = match keep {
            Keep::Nothing => false,
            Keep::Slash => value == b'/',
            Keep::Reserved => b":/?#[]@!$&'()*+,;=".contains(&value),
        };
        if stays {
            decoded.extend_from_slice(&bytes[at..at + 3]);
        } else {
            decoded.push(value);
        }
        at += 3;
    }
    match String::from_utf8(decoded) {
        Ok(decoded) => Ok(Cow::Owned(decoded)),
        Err(_) => Err(Fault { at: first, message: "escapes that are not UTF-8" }),
    }
}

/// Appends a text with everything escaped but what is unreserved (RFC 3986 §2.3) and, when slashes are kept, `/`.
pub(crate) fn encode(text: &str, slashes: bool, encoded: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
        if plain || slashes && byte == b'/' {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(DIGITS[usize::from(byte >> 4)]));
            encoded.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
