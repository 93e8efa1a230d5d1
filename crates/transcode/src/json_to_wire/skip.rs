//! Past values that are not wanted, checking all the same that they are JSON.

use super::{Reader, Step};

impl Reader<'_> {
    /// Past a value of any kind. `depth`: how many objects and arrays may still be opened.
    pub(super) fn skip(&mut self, at: usize, depth: u32) -> Step {
        match self.byte(at) {
            b'{' => self.skip_object(at, depth),
            b'[' => {
                let Some(depth) = depth.checked_sub(1) else { return self.too_deep(at) };
                let mut at = self.space(at + 1);
                if self.byte(at) == b']' {
                    return Ok(at + 1);
                }
                loop {
                    at = self.skip(at, depth)?;
                    let (after, more) = self.next(at, b']')?;
                    at = after;
                    if !more {
                        return Ok(at);
                    }
                }
            }
            _ => self.skip_scalar(at),
        }
    }

    fn skip_object(&mut self, at: usize, depth: u32) -> Step {
        let Some(depth) = depth.checked_sub(1) else { return self.too_deep(at) };
        let slot = self.type_slot(at);
        let mut at = self.space(at + 1);
        if self.byte(at) == b'}' {
            return Ok(at + 1);
        }
        loop {
            let name = at;
            at = self.skip_name(at)?;
            if let Some(slot) = slot
                && self.is_type_name(name)
            {
                self.note_type(slot, at);
            }
            at = self.skip(at, depth)?;
            let (after, more) = self.next(at, b'}')?;
            at = after;
            if !more {
                return Ok(at);
            }
        }
    }

    /// Past a member's name and colon, to its value.
    pub(super) fn skip_name(&mut self, at: usize) -> Step {
        if self.byte(at) != b'"' {
            return self.unexpected(at, "a name in double quotes");
        }
        let end = self.skip_string(at)?;
        self.colon(end)
    }

    /// Past the colon after a name.
    #[inline]
    pub(super) fn colon(&mut self, at: usize) -> Step {
        let at = self.space(at);
        if self.byte(at) != b':' {
            return self.unexpected(at, "':'");
        }
        Ok(self.space(at + 1))
    }

    /// Past a string, the opening quote of which is at `at`.
    pub(super) fn skip_string(&mut self, at: usize) -> Step {
        let run = self.run(at + 1, self.json.len());
        if run.ascii && self.byte(run.end) == b'"' {
            return Ok(run.end + 1);
        }
        self.string_to_text(at)
    }

    /// Past a string, number or literal.
    pub(super) fn skip_scalar(&mut self, at: usize) -> Step {
        match self.byte(at) {
            b'"' => self.skip_string(at),
            b't' => self.literal(at, "true"),
            b'f' => self.literal(at, "false"),
            b'n' => self.literal(at, "null"),
            b'-' | b'0'..=b'9' => self.skip_number(at),
            _ => self.unexpected(at, "a JSON value"),
        }
    }

    /// Past a number.
    fn skip_number(&mut self, at: usize) -> Step {
        match super::number::extent(self.json, at) {
            Some(end) => Ok(end),
            None => self.fail(at, "this is not a number of JSON".to_owned()),
        }
    }
}
