//! Strings and bytes as JSON text. Bytes are looked at once: the same pass copies, checks for what JSON escapes
//! and for what is not ASCII.

use super::Why;
use super::out::Out;
use super::read;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// A high bit for each byte that cannot be copied as it is, right up to the first of them. With `ascii` all
/// ones these are controls, quotes, backslashes and what is not ASCII; with zero, not the latter.
#[inline(always)]
fn special(word: u64, ascii: u64) -> u64 {
    let control = word.wrapping_sub(ONES * 0x20);
    let quote = (word ^ (ONES * 0x22)).wrapping_sub(ONES);
    let backslash = (word ^ (ONES * 0x5c)).wrapping_sub(ONES);
    ((control | quote | backslash) & !word | word & ascii) & HIGH
}

/// Writes `wire[from..to]` as a JSON string.
///
/// # Errors
/// Text that is not UTF-8.
#[inline(always)]
pub(super) fn string(
    out: &mut Out,
    at: usize,
    wire: &[u8],
    from: usize,
    to: usize,
) -> Result<usize, Why> {
    let length = to - from;
    out.room(at, length)?;
    if length <= 16
        && length != 0
        && let Some(block) = wire.get(from..).and_then(|rest| rest.first_chunk::<16>())
    {
        let [low, high] = halves(block);
        // Bytes of the text within the word; shifts of a whole word would be none.
        let special = if length <= 8 {
            special(low, u64::MAX) << (64 - 8 * length)
        } else {
            special(low, u64::MAX) | special(high, u64::MAX) << (128 - 8 * length)
        };
        if special == 0 {
            out.set(at, b'"');
            out.put(at + 1, block);
            out.set(at + 1 + length, b'"');
            return Ok(at + length + 2);
        }
    }
    out.set(at, b'"');
    let at = long(out, at + 1, wire, from, to)?;
    out.set(at, b'"');
    Ok(at + 1)
}

#[inline(always)]
fn halves(block: &[u8; 16]) -> [u64; 2] {
    let block = u128::from_le_bytes(*block);
    [block as u64, (block >> 64) as u64]
}

/// Whether all of it can be copied as it is.
#[inline(always)]
fn clean<const N: usize>(block: &[u8; N], ascii: bool) -> bool {
    let mut bad = 0;
    for byte in block {
        // As signed numbers, bytes that are not ASCII are less than the controls.
        let low = if ascii { byte.cast_signed() < 0x20 } else { *byte < 0x20 };
        bad |= u8::from(low) | u8::from(*byte == b'"') | u8::from(*byte == b'\\');
    }
    bad == 0
}

/// Writes the text without its quotes; there is room for as many bytes as it has.
#[inline(never)]
fn long(
    out: &mut Out,
    mut at: usize,
    wire: &[u8],
    mut from: usize,
    to: usize,
) -> Result<usize, Why> {
    let mut ascii = u64::MAX;
    loop {
        if ascii != 0 {
            (from, at) = copy::<true>(out, at, wire, from, to);
        } else {
            (from, at) = copy::<false>(out, at, wire, from, to);
        }
        // Up to the next byte that needs a look.
        loop {
            let left = to - from;
            if left == 0 {
                return Ok(at);
            }
            let word = read::word(wire, from);
            let found = special(word, ascii);
            out.put(at, &word.to_le_bytes());
            let clean = (found.trailing_zeros() as usize >> 3).min(left);
            (from, at) = (from + clean, at + clean);
            if clean < 8 {
                break;
            }
        }
        let Some(byte) = wire.get(from).filter(|_| from < to) else { return Ok(at) };
        if *byte >= 0x80 {
            // All before was ASCII, so a character begins here.
            simdutf8::basic::from_utf8(&wire[from..to]).map_err(|_| Why::Utf8)?;
            ascii = 0;
        } else {
            out.room(at, to - from + 6)?;
            at = escape(out, at, *byte);
            from += 1;
        }
    }
}

/// Copies clean blocks; returns how far that went on both sides.
#[inline(always)]
fn copy<const ASCII: bool>(
    out: &mut Out,
    mut at: usize,
    wire: &[u8],
    mut from: usize,
    to: usize,
) -> (usize, usize) {
    while let Some(block) = wire[from..to].first_chunk::<32>() {
        out.put(at, block);
        if !clean(block, ASCII) {
            break;
        }
        (from, at) = (from + 32, at + 32);
    }
    (from, at)
}

fn escape(out: &mut Out, at: usize, byte: u8) -> usize {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            let (high, low) = (HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]);
            out.put(at, &[b'\\', b'u', b'0', b'0', high, low]);
            return at + 6;
        }
    };
    out.put(at, &[b'\\', short]);
    at + 2
}

/// Writes bytes as base64 in quotes: the standard alphabet, padded.
pub(super) fn bytes(out: &mut Out, at: usize, bytes: &[u8]) -> Result<usize, Why> {
    let length = base64_simd::STANDARD.encoded_length(bytes.len());
    out.room(at, length + 2)?;
    out.set(at, b'"');
    let area = base64_simd::Out::from_slice(out.area(at + 1, length));
    let _filled = base64_simd::STANDARD.encode(bytes, area);
    out.set(at + 1 + length, b'"');
    Ok(at + length + 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(text: &[u8], around: &[u8]) -> Result<String, Why> {
        let wire = [around, text, around].concat();
        let mut out = Out::new(Vec::new(), usize::MAX, 0);
        let at = string(&mut out, 0, &wire, around.len(), around.len() + text.len())?;
        Ok(String::from_utf8(out.end(at).0).unwrap())
    }

    proptest! {
        #[test]
        fn texts_are_written_as_serde_json_writes_them(
            text in "([a-z ]{0,40}|[\u{0}-\u{7f}]{0,9}|\\PC{0,9}|\"|\\\\|\u{7f}|\u{2028}){0,5}",
            around in "[\u{0}-\u{7f}é]{0,20}",
        ) {
            let wanted = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(written(text.as_bytes(), around.as_bytes()), Ok(wanted));
        }

        #[test]
        fn what_is_not_utf8_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let wanted = std::str::from_utf8(&bytes).map(|text| serde_json::to_string(text).unwrap());
            prop_assert_eq!(written(&bytes, b"around").ok(), wanted.ok());
        }
    }
}
