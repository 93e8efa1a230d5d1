//! Repeated fields: arrays.

use super::scalar::{BARE, FIELD};
use super::{Reader, Step};
use crate::plan::{Arity, Field};

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
    fn elements<const FORM: u8>(&mut self, mut at: usize, field: &Field, depth: u32) -> Step {
        let mut index = 0;
        loop {
            if self.byte(at) == b'n' && !self.is_nullable(field) {
                let stop = match self.mismatch(at, "a value; a list has no absent elements") {
                    Err(stop) => stop,
                    Ok(_) => super::Stop,
                };
                return Err(self.within_index(index, stop));
            }
            at = self
                .value::<FORM>(at, field, depth)
                .map_err(|stop| self.within_index(index, stop))?;
            index += 1;
            let (after, more) = self.next(at, b']')?;
            at = after;
            if !more {
                return Ok(at);
            }
        }
    }
}
