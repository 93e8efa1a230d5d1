//! Repeated fields: arrays.

use super::number;
use super::scalar::{BARE, FIELD};
use super::{Reader, Step};
use crate::plan::{Arity, Field, Kind};

impl Reader<'_> {
    /// Appends the elements of a repeated field; `null` was dealt with.
    #[inline(never)]
    pub(super) fn list(&mut self, at: usize, field: &Field, depth: u32) -> Step {
        if self.byte(at) != b'[' {
            return self.mismatch(at, "an array");
        }
        let Some(depth) = depth.checked_sub(1) else { return self.too_deep(at) };
        let at = self.space(at + 1);
        if self.byte(at) == b']' {
            return Ok(at + 1);
        }
        if field.arity == Arity::Expanded {
            return self.elements::<FIELD>(at, field, depth);
        }
        let before = self.out.len();
        let open = self.open(field.tag, &field.width);
        let begin = self.out.len();
        let end = self.elements::<BARE>(at, field, depth)?;
        if self.out.len() == begin {
            // All elements were of unknown names and ignored.
            self.out.truncate(before);
        } else {
            self.close(&open, &field.width);
        }
        Ok(end)
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn elements<const FORM: u8>(&mut self, at: usize, field: &Field, depth: u32) -> Step {
        // The most common kinds by loops of their own, each as it is most often written.
        match field.kind {
            Kind::String => self.each::<FORM>(at, field, depth, |reader, at| {
                let (text, len) = reader.short_text(at)?;
                reader.out.put_between(field.tag, len as u8, text, len);
                Some(at + len + 2)
            }),
            Kind::Int64 | Kind::Uint64 if FORM == BARE => {
                self.each::<FORM>(at, field, depth, |reader, at| reader.wide_varint(at, field))
            }
            Kind::Int32 | Kind::Uint32 if FORM == BARE => {
                self.each::<FORM>(at, field, depth, |reader, at| reader.narrow_varint(at, field))
            }
            Kind::Double if FORM == BARE => self.each::<FORM>(at, field, depth, |reader, at| {
                let (end, value) = number::double(reader.json, at).ok()?;
                reader.out.put(&value.to_le_bytes(), 8);
                Some(end)
            }),
            _ => self.each::<FORM>(at, field, depth, |_, _| None),
        }
    }

    /// All elements, by `quick` where it knows how; then it has appended the one at the place and says where that ends.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn each<const FORM: u8>(
        &mut self,
        mut at: usize,
        field: &Field,
        depth: u32,
        quick: impl Fn(&mut Self, usize) -> Option<usize>,
    ) -> Step {
        let mut index = 0;
        loop {
            at = match quick(self, at) {
                Some(end) => end,
                None => self
                    .any_element::<FORM>(at, field, depth)
                    .map_err(|stop| self.within_index(index, stop))?,
            };
            index += 1;
            match self.next(at, b']')? {
                (after, true) => at = after,
                (after, false) => return Ok(after),
            }
        }
    }

    #[inline(never)]
    fn any_element<const FORM: u8>(&mut self, at: usize, field: &Field, depth: u32) -> Step {
        if self.byte(at) == b'n' && !self.is_nullable(field) {
            return self.mismatch(at, "a value; a list has no absent elements");
        }
        self.value::<FORM>(at, field, depth)
    }
}
