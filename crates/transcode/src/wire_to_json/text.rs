//! Strings and bytes as JSON text. Bytes are looked at once: the same pass copies, checks for what JSON escapes
//! and for what is not ASCII.

use super::Why;
use super::out::Out;
use crate::raw::Text;
use wide::u8x16;

/// Bit `n`: byte `n` is a control, a quote or a backslash, or with `ascii` not ASCII.
#[inline(always)]
fn special(block: &[u8; 16], ascii: bool) -> u32 {
    let bytes = u8x16::new(*block);
    let control = bytes.min(u8x16::splat(0x1f)).simd_eq(bytes);
    let quote = bytes.simd_eq(u8x16::splat(b'"'));
    let backslash = bytes.simd_eq(u8x16::splat(b'\\'));
    let found = control | quote | backslash;
    // The mask takes the highest bit of each byte, which ASCII has not.
    if ascii { (found | bytes).to_bitmask() } else { found.to_bitmask() }
}

/// Writes `wire[from..to]` as a JSON string.
///
/// # Errors
/// Text that is not UTF-8.
#[inline(always)]
pub(super) fn string(
    out: &mut Out,
    at: usize,
    wire: &Text<'_>,
    from: usize,
    to: usize,
) -> Result<usize, Why> {
    let length = to - from;
    if length <= 16
        && let Some(place) = out.block::<18>(at)
    {
        let block = wire.block(from);
        if (special(block, true) << (16 - length)) & 0xffff == 0 {
            place[0] = b'"';
            place[1..17].copy_from_slice(block);
            place[1 + length] = b'"';
            return Ok(at + length + 2);
        }
    } else if length <= 32
        && let Some(place) = out.block::<34>(at)
    {
        let blocks = wire.block::<32>(from);
        let (halves, _) = blocks.as_chunks::<16>();
        let (first, second) = (special(&halves[0], true), special(&halves[1], true));
        let special = first | (second << (32 - length)) & 0xffff;
        if special == 0 {
            place[0] = b'"';
            place[1..33].copy_from_slice(blocks);
            place[1 + length] = b'"';
            return Ok(at + length + 2);
        }
    }
    out.room(at, length)?;
    out.set(at, b'"');
    let at = long(out, at + 1, wire, from, to)?;
    out.set(at, b'"');
    Ok(at + 1)
}

/// Writes the text without its quotes; there is room for as many bytes as it has.
#[inline(never)]
fn long(
    out: &mut Out,
    mut at: usize,
    wire: &Text<'_>,
    mut from: usize,
    to: usize,
) -> Result<usize, Why> {
    let mut ascii = true;
    loop {
        let found = if ascii {
            (from, at) = copy::<true>(out, at, wire, from, to);
            let block = wire.block(from);
            out.put(at, block);
            special(block, true)
        } else {
            (from, at) = copy::<false>(out, at, wire, from, to);
            let block = wire.block(from);
            out.put(at, block);
            special(block, false)
        };
        // All that is left, or up to the first that needs a look.
        let clean = ((found | 1 << 16).trailing_zeros() as usize).min(to - from);
        (from, at) = (from + clean, at + clean);
        if from == to {
            return Ok(at);
        }
        let byte = wire[from];
        if byte >= 0x80 && ascii {
            // All before was ASCII, so a character begins here.
            simdutf8::basic::from_utf8(&wire[from..to]).map_err(|_| Why::Utf8)?;
            ascii = false;
        } else if clean < 16 {
            out.room(at, to - from + 6)?;
            at = escape(out, at, byte);
            from += 1;
        }
    }
}

/// Copies clean blocks; returns how far that went on both sides.
#[inline(always)]
fn copy<const ASCII: bool>(
    out: &mut Out,
    mut at: usize,
    wire: &Text<'_>,
    mut from: usize,
    to: usize,
) -> (usize, usize) {
    while let Some(blocks) = wire[from..to].first_chunk::<32>() {
        out.put(at, blocks);
        let (halves, _) = blocks.as_chunks::<16>();
        if special(&halves[0], ASCII) | special(&halves[1], ASCII) != 0 {
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
    let area = base64_simd::Out::from_slice(out.part(at + 1, length));
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
        let at = string(&mut out, 0, &Text::new(&wire), around.len(), around.len() + text.len())?;
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
