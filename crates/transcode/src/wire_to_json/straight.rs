//! The straight path: fields are written as they come, each with the name that is ready in its plan.

use super::scalar::{Writer, is_value, zigzag32, zigzag64};
use super::{Why, number, read, text};
use crate::plan::{Field, Form, LATE, MessagePlan, NONE, Step, Stream};
use std::sync::atomic::Ordering::Relaxed;

/// How many messages of a type take the merging path at once after one had to.
const CAREFUL: u8 = 32;

impl<'a, const PRETTY: bool> Writer<'a, PRETTY> {
    /// Writes the message in `wire[from..to]`.
    #[inline]
    pub fn message(
        &mut self,
        plan: &'a MessagePlan,
        from: usize,
        to: usize,
        at: usize,
    ) -> Result<usize, Why> {
        match plan.form {
            Form::Object => self.object(plan, from, to, at, 0),
            _ => self.special(plan, from, to, at),
        }
    }

    /// Writes the object in `wire[from..to]`, or up to the end of the group of that number.
    #[inline]
    pub fn object(
        &mut self,
        plan: &'a MessagePlan,
        from: usize,
        to: usize,
        start: usize,
        group: u32,
    ) -> Result<usize, Why> {
        self.enter()?;
        let at = self.members(plan, from, to, start, group)?;
        self.leave();
        self.close(start, at, *b"{}")
    }

    /// Writes what is between the brackets, each member with a comma before it.
    pub fn members(
        &mut self,
        plan: &'a MessagePlan,
        mut from: usize,
        to: usize,
        mut at: usize,
        group: u32,
    ) -> Result<usize, Why> {
        if plan.careful.load(Relaxed) != 0 {
            return self.merge_within(plan, from, to, at, group);
        }
        let wire = self.wire;
        let (mut seen, mut highest) = (0, 0);
        let mut hint = &plan.first_wire;
        while from < to {
            let word = read::word(wire, from);
            let mut index = hint.load(Relaxed);
            let stream = match plan.streams.get(usize::from(index)) {
                Some(stream) if word & stream.mask == stream.tag => stream,
                _ => {
                    // Not what came last time.
                    let tag = read::tag(wire, from, to)?;
                    index = plan.by_number(tag.number).unwrap_or(NONE);
                    match plan.streams.get(usize::from(index)) {
                        Some(stream) if plan.fields[usize::from(index)].takes(tag.wire_type) => {
                            if tag.end - from != usize::from(stream.tag_len) {
                                // A tag longer than need be.
                                return Err(Why::Careful);
                            }
                            hint.store(index, Relaxed);
                            stream
                        }
                        _ if tag.wire_type == read::END => {
                            if tag.number != group || group == 0 {
                                return Err(Why::EndGroup);
                            }
                            self.end = tag.end;
                            return Ok(at);
                        }
                        _ => {
                            from = read::skip(wire, tag, to, self.depth)?;
                            continue;
                        }
                    }
                }
            };
            if seen & stream.clash != 0
                && !(stream.ordered && seen & stream.clash == LATE && index > highest)
            {
                return Err(self.conflict(plan));
            }
            seen |= stream.bit;
            highest = highest.max(index);
            let field = &plan.fields[usize::from(index)];
            let value = from + usize::from(stream.tag_len);
            match stream.step {
                Step::String => {
                    let (start, end) = read::length(wire, value, to)?;
                    if start != end || !stream.implicit {
                        at = self.key(field, stream, at)?;
                        at = text::string(&mut self.out, at, wire, start, end)?;
                    }
                    from = end;
                }
                Step::Message => {
                    let (start, end) = read::length(wire, value, to)?;
                    at = self.key(field, stream, at)?;
                    at = self.message(self.plans.message(stream.message), start, end, at)?;
                    from = end;
                }
                Step::Timestamp => {
                    let (start, end) = read::length(wire, value, to)?;
                    at = self.key(field, stream, at)?;
                    at = self.timestamp(start, end, at)?;
                    from = end;
                }
                Step::Messages => {
                    at = self.messages(field, stream, from, to, at)?;
                    from = self.end;
                }
                Step::Strings => {
                    at = self.strings(field, stream, from, to, at)?;
                    from = self.end;
                }
                Step::Numbers => {
                    at = self.numbers(field, stream, from, to, at)?;
                    from = self.end;
                }
                Step::Map => {
                    at = self.map(plan, index, from, to, at)?;
                    from = self.end;
                }
                Step::Group => {
                    at = self.key(field, stream, at)?;
                    let plan = self.plans.message(stream.message);
                    at = self.group(plan, value, to, at, field.number)?;
                    from = self.end;
                }
                Step::Groups => {
                    at = self.group_list(field, stream, from, to, at)?;
                    from = self.end;
                }
                Step::ClosedEnum if !is_value(field, read::varint(wire, value)?.0) => {
                    // Like an unknown field: it does not count as seen.
                    seen &= !stream.bit;
                    from = read::varint(wire, value)?.1;
                }
                _ => (from, at) = self.single(field, stream, value, to, at)?,
            }
            hint = &stream.next;
        }
        if from > to || group != 0 { Err(Why::Cut) } else { Ok(at) }
    }

    /// Writes a number, unless it is what absence stands for; returns where the wire goes on, and the text.
    // Without optimization, frames matter more than time.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn single(
        &mut self,
        field: &Field,
        stream: &Stream,
        from: usize,
        to: usize,
        at: usize,
    ) -> Result<(usize, usize), Why> {
        let wire = self.wire;
        // Those of 32 bits drop the upper ones, as everywhere.
        macro_rules! varint {
            ($bits:expr, $read:expr, $write:expr) => {{
                let (varint, end) = read::varint(wire, from)?;
                if varint << (64 - $bits) == 0 && stream.implicit {
                    return Ok((end, at));
                }
                let at = self.key(field, stream, at)?;
                let read = $read;
                let number = read(varint).into();
                Ok((end, self.out.area(at, |area| $write(area, number))))
            }};
        }
        macro_rules! fixed {
            ($bytes:expr, $read:expr, $write:expr) => {{
                let word = read::word(wire, from);
                if word << (64 - 8 * $bytes) == 0 && stream.implicit {
                    return Ok((from + $bytes, at));
                }
                let at = self.key(field, stream, at)?;
                let read = $read;
                let number = read(word).into();
                Ok((from + $bytes, self.out.area(at, |area| $write(area, number))))
            }};
        }
        match stream.step {
            Step::Int32 => varint!(32, |value| value as i32, number::signed),
            Step::Int64 => varint!(64, u64::cast_signed, number::one_quoted_signed),
            Step::Uint32 => varint!(32, |value| value as u32, number::unsigned),
            Step::Uint64 => varint!(64, |value| value, number::one_quoted_unsigned),
            Step::Sint32 => varint!(32, zigzag32, number::signed),
            Step::Sint64 => varint!(64, zigzag64, number::one_quoted_signed),
            Step::Bool => varint!(64, |value| value != 0, number::boolean),
            Step::Double => fixed!(8, f64::from_bits, number::double),
            Step::Float => fixed!(4, |word| f32::from_bits(word as u32), number::float),
            Step::Fixed32 => fixed!(4, |word| word as u32, number::unsigned),
            Step::Fixed64 => fixed!(8, |word: u64| word, number::one_quoted_unsigned),
            Step::Sfixed32 => fixed!(4, |word| word as i32, number::signed),
            Step::Sfixed64 => fixed!(8, u64::cast_signed, number::one_quoted_signed),
            Step::Enum | Step::ClosedEnum => {
                let (number, end) = read::varint(wire, from)?;
                if number as i32 == 0 && stream.implicit {
                    return Ok((end, at));
                }
                let at = self.key(field, stream, at)?;
                Ok((end, self.enumeration(field, number as i32, at)?))
            }
            Step::Bytes => {
                let (start, end) = read::length(wire, from, to)?;
                if start == end && stream.implicit {
                    return Ok((end, at));
                }
                let at = self.key(field, stream, at)?;
                Ok((end, text::bytes(&mut self.out, at, &wire[start..end])?))
            }
            _ => Err(Why::Careful),
        }
    }

    /// Writes the group whose fields begin at `from`; [`Writer::end`] is then after its end tag.
    pub fn group(
        &mut self,
        plan: &'a MessagePlan,
        from: usize,
        to: usize,
        at: usize,
        number: u32,
    ) -> Result<usize, Why> {
        if plan.form != Form::Object {
            return Err(Why::Careful);
        }
        self.object(plan, from, to, at, number)
    }

    /// A field came again after others, or another of its oneof.
    #[cold]
    fn conflict(&self, plan: &MessagePlan) -> Why {
        plan.careful.store(CAREFUL, Relaxed);
        Why::Careful
    }
}
