//! Base64 (<https://www.rfc-editor.org/rfc/rfc4648>), standard and URL-safe, with padding or without.

use super::{Reader, Step};
use crate::varint;
use base64_simd::{AsOut, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

impl Reader<'_> {
    /// Appends the bytes that the string at `at` stands for, with their length before them.
    #[inline(never)]
    pub(super) fn bytes(&mut self, at: usize) -> Step {
        if self.byte(at) != b'"' {
            return self.mismatch(at, "a string of base64");
        }
        let mut out = std::mem::take(&mut self.out);
        let read = self.with_text(at, |text| out.with(|out| append(text, out)));
        self.out = out;
        match read? {
            (end, Ok(())) => Ok(end),
            (_, Err(message)) => self.fail(at, message),
        }
    }
}

/// Appends what `text` stands for with its length before it.
fn append(text: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    let text = &text[..text.len() - padding];
    // Of every four characters the last two may be missing, and padding makes up for exactly these.
    if text.len() % 4 == 1
        || (padding > 0 && !(text.len() + padding).is_multiple_of(4))
        || padding > 2
    {
        let characters = text.len() + padding;
        return Err(format!(
            "{characters} characters of base64 are not whole bytes: some are missing"
        ));
    }
    let len = text.len() * 3 / 4;
    let (prefix, width) = varint::encode(len as u64);
    out.extend_from_slice(&prefix[..width]);
    let begin = out.len();
    out.resize(begin + len, 0);
    let whole = text.len() / 4 * 4;
    let (head, tail) = text.split_at(whole);
    let (head_out, tail_out) = out[begin..].split_at_mut(whole / 4 * 3);
    // The alphabets differ in two characters; a text of both is read by hand.
    let fast = STANDARD_NO_PAD.decode(head, head_out.as_out()).is_ok()
        || URL_SAFE_NO_PAD.decode(head, head_out.as_out()).is_ok();
    if (fast || by_hand(head, head_out)) && by_hand(tail, tail_out) {
        return Ok(());
    }
    let strange = text.utf8_chunks().flat_map(|chunk| chunk.valid().chars());
    let strange = strange.into_iter().find(|character| six_bits(*character).is_none());
    Err(format!("base64 has no {:?}", strange.unwrap_or(char::REPLACEMENT_CHARACTER)))
}

/// Fills `out` with what `text` stands for; whether it stands for anything. Bits of the last character that no
/// byte has a place for are not looked at.
fn by_hand(text: &[u8], out: &mut [u8]) -> bool {
    for (four, bytes) in text.chunks(4).zip(out.chunks_mut(3)) {
        let mut bits = 0u32;
        for (character, shift) in four.iter().zip([18, 12, 6, 0]) {
            let Some(value) = six_bits(char::from(*character)) else { return false };
            bits |= value << shift;
        }
        for (byte, shift) in bytes.iter_mut().zip([16, 8, 0]) {
            *byte = (bits >> shift) as u8;
        }
    }
    true
}

fn six_bits(character: char) -> Option<u32> {
    let code = u32::from(character);
    Some(match character {
        'A'..='Z' => code - u32::from('A'),
        'a'..='z' => code - u32::from('a') + 26,
        '0'..='9' => code - u32::from('0') + 52,
        '+' | '-' => 62,
        '/' | '_' => 63,
        _ => return None,
    })
}
