//! Well-known types on the straight path.

use super::known::{self, Holds, Time};
use super::scalar::Writer;
use super::{Why, number, read, text};
use crate::plan::{Form, MessagePlan};

impl<'a, const PRETTY: bool> Writer<'a, PRETTY> {
    /// Writes the message in `wire[from..to]`, which is of a well-known type.
    pub fn special(
        &mut self,
        plan: &'a MessagePlan,
        from: usize,
        to: usize,
        at: usize,
    ) -> Result<usize, Why> {
        self.out.room(at, 64)?;
        match plan.form {
            Form::Object => self.object(plan, from, to, at, 0),
            Form::Timestamp => self.timestamp(from, to, at),
            Form::Duration => {
                let mut time = Time::default();
                time.read(self.wire, from, to, self.depth)?;
                time.duration(&mut self.out, at)
            }
            Form::Wrapper => self.wrapper(plan, from, to, at),
            Form::FieldMask => self.mask(from, to, at),
            Form::Value => self.value(plan, from, to, at),
            Form::Struct => {
                self.enter()?;
                let end = self.entries(plan, 0, from, to, at)?;
                self.all_read(to)?;
                self.leave();
                self.close(at, end, *b"{}")
            }
            Form::ListValue => self.list_value(plan, from, to, at),
            Form::Any => self.any(from, to, at),
        }
    }

    /// Writes the `google.protobuf.Timestamp` in `wire[from..to]`.
    #[inline(never)]
    pub fn timestamp(&mut self, from: usize, to: usize, at: usize) -> Result<usize, Why> {
        let mut time = Time::default();
        time.read(self.wire, from, to, self.depth)?;
        time.timestamp(&mut self.out, at)
    }

    /// What is between is an unknown field.
    fn all_read(&self, to: usize) -> Result<(), Why> {
        if self.end == to { Ok(()) } else { Err(Why::Careful) }
    }

    fn wrapper(
        &mut self,
        plan: &'a MessagePlan,
        from: usize,
        to: usize,
        at: usize,
    ) -> Result<usize, Why> {
        let field = &plan.fields[0];
        if from == to {
            return self.default(field, at);
        }
        let tag = read::tag(self.wire, from, to)?;
        let one = tag.number == field.number && tag.wire_type == field.kind.wire_type();
        if !one || read::flat(self.wire, tag, to)? != to {
            return Err(Why::Careful);
        }
        self.scalar(field, tag.end, at)
    }

    fn mask(&mut self, from: usize, to: usize, at: usize) -> Result<usize, Why> {
        let (wire, out, start) = (self.wire, &mut self.out, at);
        let mut at = at;
        known::each(wire, from, to, self.depth, |tag, end| {
            if (tag.number, tag.wire_type) == (1, read::LENGTH) {
                let (from, to) = read::length(wire, tag.end, end)?;
                out.room(at, 1)?;
                out.set(at, b',');
                at = known::mask_path(out, at + 1, &wire[from..to])?;
            }
            Ok(())
        })?;
        self.end_mask(start, at)
    }

    /// Puts the quotes around the paths of a mask, of which each has a comma before it.
    pub fn end_mask(&mut self, start: usize, at: usize) -> Result<usize, Why> {
        self.out.room(at, 2)?;
        self.out.set(start, b'"');
        let at = at.max(start + 1);
        self.out.set(at, b'"');
        Ok(at + 1)
    }

    fn value(
        &mut self,
        plan: &'a MessagePlan,
        from: usize,
        to: usize,
        at: usize,
    ) -> Result<usize, Why> {
        const NULL: u8 = 1 << 3;
        const NUMBER: u8 = 2 << 3 | read::FIXED64;
        const STRING: u8 = 3 << 3 | read::LENGTH;
        const BOOL: u8 = 4 << 3;
        const STRUCT: u8 = 5 << 3 | read::LENGTH;
        const LIST: u8 = 6 << 3 | read::LENGTH;
        let wire = self.wire;
        let Some(tag) = wire.get(from).filter(|_| from < to) else { return Err(Why::Careful) };
        let value = from + 1;
        let (end, at) = match *tag {
            NULL => (read::varint(wire, value)?.1, self.out.copy(at, b"null")),
            NUMBER => {
                let number = f64::from_bits(read::word(wire, value));
                if !number.is_finite() {
                    return Err(Why::NotFinite);
                }
                (value + 8, self.out.area(at, |area| number::double(area, number)))
            }
            BOOL => {
                let (truth, end) = read::varint(wire, value)?;
                (end, self.out.area(at, |area| number::boolean(area, truth != 0)))
            }
            STRING | STRUCT | LIST => {
                let (begin, end) = read::length(wire, value, to)?;
                if end != to {
                    return Err(Why::Careful);
                }
                let at = match *tag {
                    STRING => text::string(&mut self.out, at, wire, begin, end)?,
                    _ => {
                        let field = &plan.fields[usize::from(*tag >> 3) - 1];
                        self.special(self.plans.message(field.message), begin, end, at)?
                    }
                };
                (end, at)
            }
            _ => return Err(Why::Careful),
        };
        if end == to { Ok(at) } else { Err(Why::Careful) }
    }

    fn list_value(
        &mut self,
        plan: &'a MessagePlan,
        mut from: usize,
        to: usize,
        start: usize,
    ) -> Result<usize, Why> {
        let (field, stream) = (&plan.fields[0], &plan.streams[0]);
        let inner = self.plans.message(field.message);
        self.enter()?;
        let mut at = start;
        while from < to && read::word(self.wire, from) & stream.mask == stream.tag {
            let (begin, end) = read::length(self.wire, from + 1, to)?;
            at = self.separator(at)?;
            at = self.special(inner, begin, end, at)?;
            from = end;
        }
        self.end = from;
        self.all_read(to)?;
        self.leave();
        self.close(start, at, *b"[]")
    }

    fn any(&mut self, from: usize, to: usize, start: usize) -> Result<usize, Why> {
        let mut holds = Holds::default();
        holds.read(self.wire, from, to, self.depth)?;
        if holds.is_empty() {
            return self.close(start, start, *b"{}");
        }
        let inner = self.plans.find(holds.name(self.wire)?).ok_or(Why::UnknownType)?;
        let inner = self.plans.message(inner);
        self.enter()?;
        let at = self.any_type(&holds, inner, start)?;
        let (from, to) = holds.value;
        let at = match inner.form {
            Form::Object => self.members(inner, from, to, at, 0)?,
            _ => self.special(inner, from, to, at)?,
        };
        self.leave();
        self.close(start, at, *b"{}")
    }

    /// The `@type` of an `Any`, and the name of its value when that is not an object of fields.
    pub fn any_type(
        &mut self,
        holds: &Holds,
        inner: &MessagePlan,
        at: usize,
    ) -> Result<usize, Why> {
        let at = self.separator(at)?;
        let at = self.name(at, b"\"@type\":")?;
        let at = text::string(&mut self.out, at, self.wire, holds.url.0, holds.url.1)?;
        if inner.form == Form::Object {
            return Ok(at);
        }
        let at = self.separator(at)?;
        self.name(at, b"\"value\":")
    }
}
