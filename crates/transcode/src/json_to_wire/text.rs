//! Strings: to the wire, or unescaped into a buffer where what they say has to be understood first.

use super::scan::plain;
use super::{Reader, Step, Stop};
use crate::raw::{Short, Text};
use crate::varint;

/// A string is copied in pieces of this many bytes at most, which stay near until they have been looked through.
const PIECE: usize = 16 << 10;

impl<'a> Reader<'a> {
    /// Appends the string of which the opening quote is at `at` with its length before it.
    #[inline]
    pub(super) fn string(&mut self, at: usize) -> Step {
        self.tagged_string(at, Short::NONE)
    }

    /// The same with a tag before it.
    #[inline]
    pub(super) fn tagged_string(&mut self, at: usize, tag: Short) -> Step {
        if let Some((chunk, len)) = self.short_text(at) {
            self.out.put_between(tag, len as u8, chunk, len);
            return Ok(at + len + 2);
        }
        self.out.put_after(tag, &[], 0);
        self.any_string(at)
    }

    /// What begins with the characters of the string at `at`, and how many they are, if it is short and plain, as
    /// most are.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn short_text(&self, at: usize) -> Option<(&'a [u8; 32], usize)> {
        let text: &'a Text<'a> = self.json;
        let [quote, chunk @ ..] = text.block::<33>(at);
        // Both halves are looked at whatever the length is: it cannot be foreseen, and to guess it wrong costs more
        // than to look at the second half.
        let len = plain(chunk);
        (*quote == b'"' && len < 32 && chunk[len] == b'"').then_some((chunk, len))
    }

    #[inline(never)]
    pub(super) fn any_string(&mut self, at: usize) -> Step {
        if self.byte(at) != b'"' {
            return self.mismatch(at, "a string");
        }
        let begin = at + 1;
        let end = self.json.len();
        let run = self.run(begin, end.min(begin + PIECE));
        if self.byte(run.end) != b'"' {
            return self.string_in_pieces(begin, run);
        }
        if !run.ascii {
            self.check_utf8(begin, run.end)?;
        }
        self.put_varint((run.end - begin) as u64);
        self.out.extend_from_slice(&self.json[begin..run.end]);
        Ok(run.end + 1)
    }

    /// The same for strings with escapes, and for long ones.
    #[inline(never)]
    fn string_in_pieces(&mut self, begin: usize, run: super::scan::Run) -> Step {
        // Unescaped it is not longer: where the text's next quote is far, so is the end, most often.
        let far = (run.end - begin) as u64;
        let width = varint::len(far);
        let at = self.out.len();
        self.out.put(&[0; 10], width);
        let mut out = std::mem::take(&mut self.out);
        let end = out.with(|out| self.unescape(begin, run, out));
        self.out = out;
        let end = end?;
        let len = self.out.len() - at - width;
        let (bytes, needed) = varint::encode(len as u64);
        if needed > width {
            let end = self.out.len();
            self.out.extend_from_slice(&bytes[..needed - width]);
            self.out.copy_within(at + width..end, at + needed);
        }
        self.out[at..at + needed].copy_from_slice(&bytes[..needed]);
        Ok(end)
    }

    /// Unescapes the string of which the opening quote is at `at` into the scratch buffer.
    pub(super) fn string_to_text(&mut self, at: usize) -> Step {
        let mut text = std::mem::take(&mut self.scratch.text);
        text.clear();
        let run = self.run(at + 1, self.json.len().min(at + 1 + PIECE));
        let end = self.unescape(at + 1, run, &mut text);
        self.scratch.text = text;
        end
    }

    /// Appends what a string says to `out`, given where its first character is and the first run of plain ones.
    fn unescape(&mut self, begin: usize, first: super::scan::Run, out: &mut Vec<u8>) -> Step {
        let mut ascii = true;
        let (mut at, mut run) = (begin, first);
        loop {
            ascii &= run.ascii;
            out.extend_from_slice(&self.json[at..run.end]);
            at = run.end;
            match self.json.get(at) {
                Some(b'"') => {
                    if !ascii {
                        self.check_utf8(begin, at)?;
                    }
                    return Ok(at + 1);
                }
                Some(b'\\') => at = self.escape(at, out)?,
                Some(byte) if *byte < b' ' => {
                    let message = format!(
                        "a string holds the control character U+{byte:04X}, which has to be escaped"
                    );
                    return self.fail(at, message);
                }
                Some(_) => {}
                None => return self.fail(at, "the text ends inside a string".to_owned()),
            }
            run = self.run(at, self.json.len().min(at + PIECE));
        }
    }

    /// Appends what an escape stands for.
    fn escape(&mut self, at: usize, out: &mut Vec<u8>) -> Step {
        let plain = match self.byte(at + 1) {
            byte @ (b'"' | b'\\' | b'/') => byte,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => return self.escaped_unit(at, out),
            _ if at + 1 >= self.json.len() => {
                return self.fail(at + 1, "the text ends inside a string".to_owned());
            }
            _ => {
                return self
                    .fail(at, "a string holds an escape that JSON does not have".to_owned());
            }
        };
        out.push(plain);
        Ok(at + 2)
    }

    /// `\uXXXX`, and the second of a pair of surrogates.
    fn escaped_unit(&mut self, at: usize, out: &mut Vec<u8>) -> Step {
        let Some(unit) = self.hex(at) else {
            return self.fail(at, "\\u wants four hexadecimal digits".to_owned());
        };
        let (code, end) = match unit {
            0xD800..=0xDBFF => match self.hex(at + 6) {
                Some(low @ 0xDC00..=0xDFFF) => {
                    (0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00), at + 12)
                }
                _ => return self.lone_surrogate(at, unit),
            },
            0xDC00..=0xDFFF => return self.lone_surrogate(at, unit),
            unit => (unit, at + 6),
        };
        // Surrogates are dealt with, so there is always a character.
        let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(end)
    }

    #[cold]
    fn lone_surrogate(&mut self, at: usize, unit: u32) -> Step {
        self.fail(at, format!("\\u{unit:04x} is one half of a surrogate pair without the other"))
    }

    /// The digits of a `\uXXXX` at `at`.
    fn hex(&self, at: usize) -> Option<u32> {
        let [b'\\', b'u', digits @ ..] = self.json.get(at..at + 6)? else { return None };
        digits.iter().try_fold(0, |code, digit| Some(code << 4 | char::from(*digit).to_digit(16)?))
    }

    fn check_utf8(&mut self, begin: usize, end: usize) -> Result<(), Stop> {
        let text = &self.json[begin..end];
        if simdutf8::basic::from_utf8(text).is_ok() {
            return Ok(());
        }
        let valid = std::str::from_utf8(text).map_or_else(|error| error.valid_up_to(), str::len);
        self.fail(begin + valid, "a string holds bytes that are not UTF-8".to_owned()).map(|_| ())
    }
}
