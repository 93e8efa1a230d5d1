//! Map fields: objects of entries (<https://protobuf.dev/programming-guides/encoding/#maps>).

use super::repeats::{self, KeyAt};
use super::scalar::{BARE, RECORD};
use super::{Reader, Step};
use crate::plan::{Field, Kind};

impl Reader<'_> {
    /// Appends the entries of a map; `null` was dealt with.
    #[inline(never)]
    pub(super) fn map(&mut self, at: usize, field: &Field, depth: u32) -> Step {
        if self.byte(at) != b'{' {
            return self.mismatch(at, "an object");
        }
        let Some(depth) = depth.checked_sub(1) else { return self.too_deep(at) };
        let mut at = self.space(at + 1);
        if self.byte(at) == b'}' {
            return Ok(at + 1);
        }
        let Some([key, value]) = field.entry.as_deref() else {
            return self.mismatch(at, "no map");
        };
        let base = self.scratch.keys.len();
        let texts = key.kind == Kind::String && value.kind == Kind::String;
        loop {
            if texts && let Some(end) = self.short_texts(at, field, key, value) {
                let (after, more) = self.next(end, b'}')?;
                at = after;
                if !more {
                    break;
                }
                continue;
            }
            let key_at = at;
            let entry = self.out.len();
            let open = self.open(field.tag, &field.width);
            let end = self.map_key(at, key)?;
            at = self.colon(end)?;
            let before = self.out.len();
            at = self.map_value(at, value, depth).map_err(|stop| self.within_key(key_at, stop))?;
            if self.out.len() == before {
                // An enum value of an unknown name, ignored: so is its entry.
                self.out.truncate(entry);
            } else {
                self.close(&open, &field.width);
            }
            let (after, more) = self.next(at, b'}')?;
            at = after;
            if !more {
                break;
            }
        }
        self.check_repeats(base, key.kind == Kind::String)?;
        Ok(at)
    }

    /// Appends the entry at `at` if both strings are short and plain, and returns its end; otherwise nothing.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn short_texts(
        &mut self,
        at: usize,
        field: &Field,
        key: &Field,
        value: &Field,
    ) -> Option<usize> {
        let (name, name_len) = self.short_text(at)?;
        let colon = at + name_len + 2;
        if self.byte(colon) != b':' {
            return None;
        }
        let (text, text_len) = self.short_text(colon + 1)?;
        self.put_tag(field);
        // Tags of keys and values are of one byte, as their field numbers are 1 and 2; so are these lengths.
        let lengths = [(name_len + text_len + 4) as u8, key.tag()[0], name_len as u8, 0];
        self.out.put(&lengths, 3);
        let before = self.out.len() - 1;
        self.out.put(name, name_len);
        let sign = repeats::sign(&self.out[before..], Kind::String);
        self.out.put_between(value.tag, text_len as u8, text, text_len);
        self.scratch.keys.push(KeyAt { at, sign });
        Some(colon + text_len + 3)
    }

    fn map_value(&mut self, at: usize, value: &Field, depth: u32) -> Step {
        if self.byte(at) == b'n' && !self.is_nullable(value) {
            return self.mismatch(at, "a value; a map has no absent values");
        }
        self.value::<RECORD>(at, value, depth)
    }

    /// Appends the key of an entry, which is in quotes whatever its type is.
    #[inline]
    fn map_key(&mut self, at: usize, key: &Field) -> Step {
        if self.byte(at) != b'"' {
            return self.unexpected(at, "a key in double quotes");
        }
        self.put_tag(key);
        let before = self.out.len();
        let end = match key.kind {
            Kind::String => self.string(at)?,
            Kind::Bool => self.bool_key(at)?,
            _ => self.value::<BARE>(at, key, 0).map_err(|stop| self.within_key(at, stop))?,
        };
        let sign = repeats::sign(&self.out[before..], key.kind);
        self.scratch.keys.push(KeyAt { at, sign });
        Ok(end)
    }

    fn bool_key(&mut self, at: usize) -> Step {
        let (end, value) = self.with_text(at, |text| match text {
            b"true" => Some(1),
            b"false" => Some(0),
            _ => None,
        })?;
        let Some(value) = value else {
            return self.mismatch(at, "\"true\" or \"false\" as the key of a map");
        };
        self.put_varint(value);
        Ok(end)
    }
}
