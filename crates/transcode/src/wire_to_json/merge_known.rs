//! Well-known types on the merging path.

use super::Why;
use super::fault::{Fault, Piece};
use super::gather::END;
use super::known::{self, Holds, Time};
use super::read;
use super::scalar::Writer;
use crate::plan::{Form, Kind, MessagePlan};
use std::ops::Range;

type Written = Result<usize, Box<Fault>>;

impl<'a, const PRETTY: bool> Writer<'a, PRETTY> {
    /// Writes the message that these pieces are, which is of a well-known type.
    pub fn merge_special(
        &mut self,
        plan: &'a MessagePlan,
        pieces: Range<usize>,
        at: usize,
    ) -> Written {
        self.out.room(at, 64)?;
        match plan.form {
            Form::Object => self.merge(plan, pieces, at),
            Form::Timestamp | Form::Duration => {
                let mut time = Time::default();
                for piece in pieces {
                    let (from, to) = self.gathered.segments[piece];
                    time.read(self.wire, from, to, self.depth)?;
                }
                Ok(if plan.form == Form::Timestamp {
                    time.timestamp(&mut self.out, at)?
                } else {
                    time.duration(&mut self.out, at)?
                })
            }
            Form::Wrapper => self.merge_wrapper(plan, pieces, at),
            Form::FieldMask => self.merge_mask(pieces, at),
            Form::Value => self.merge_value(plan, pieces, at),
            Form::Struct | Form::ListValue => self.merge_free(plan, pieces, at),
            Form::Any => self.merge_any(pieces, at),
        }
    }

    fn merge_wrapper(&mut self, plan: &'a MessagePlan, pieces: Range<usize>, at: usize) -> Written {
        let (field, mut last) = (&plan.fields[0], None);
        for piece in pieces {
            let (from, to) = self.gathered.segments[piece];
            known::each(self.wire, from, to, self.depth, |tag, _| {
                if (tag.number, tag.wire_type) == (field.number, field.kind.wire_type()) {
                    last = Some(tag.end);
                }
                Ok(())
            })?;
        }
        Ok(match last {
            Some(from) => self.scalar(field, from, at)?,
            None => self.default(field, at)?,
        })
    }

    fn merge_mask(&mut self, pieces: Range<usize>, start: usize) -> Written {
        let (wire, mut at, mut path) = (self.wire, start, (0, 0));
        for piece in pieces {
            let ((from, to), out) = (self.gathered.segments[piece], &mut self.out);
            known::each(wire, from, to, self.depth, |tag, end| {
                if (tag.number, tag.wire_type) == (1, read::LENGTH) {
                    path = read::length(wire, tag.end, end)?;
                    out.room(at, 1)?;
                    out.set(at, b',');
                    at = known::mask_path(out, at + 1, &wire[path.0..path.1])?;
                }
                Ok(())
            })
            .map_err(|why| Fault::about(why, String::from_utf8_lossy(&wire[path.0..path.1])))?;
        }
        Ok(self.end_mask(start, at)?)
    }

    fn merge_value(&mut self, plan: &'a MessagePlan, pieces: Range<usize>, at: usize) -> Written {
        let (records, groups) = (self.gathered.records.len(), self.gathered.groups.len());
        self.gather(plan, pieces)?;
        // The kinds are a oneof: at most one is left.
        let kind =
            self.gathered.groups[groups..].iter().rev().find(|group| group.first != END).copied();
        let kind = kind.ok_or(Why::NoKind)?;
        let (field, record) =
            (&plan.fields[usize::from(kind.field)], self.gathered.records[kind.last]);
        let at = match field.kind {
            Kind::Double if !f64::from_bits(read::word(self.wire, record.value)).is_finite() => {
                return Err(Box::<Fault>::from(Why::NotFinite).at(record.tag));
            }
            Kind::Message => {
                let first = self.gathered.segments.len();
                let mut next = kind.first;
                while next != END {
                    let body = self.body(&self.gathered.records[next])?;
                    self.gathered.segments.push(body);
                    next = self.gathered.records[next].next;
                }
                let inner = self.plans.message(field.message);
                let at = self.merge(inner, first..self.gathered.segments.len(), at)?;
                self.gathered.segments.truncate(first);
                at
            }
            _ => self
                .scalar(field, record.value, at)
                .map_err(|why| Box::<Fault>::from(why).at(record.tag))?,
        };
        self.gathered.groups.truncate(groups);
        self.gathered.records.truncate(records);
        Ok(at)
    }

    /// A `Struct` or `ListValue`, whose only field is its members or elements.
    fn merge_free(&mut self, plan: &'a MessagePlan, pieces: Range<usize>, start: usize) -> Written {
        let (records, groups) = (self.gathered.records.len(), self.gathered.groups.len());
        self.enter()?;
        self.gather(plan, pieces)?;
        let field = &plan.fields[0];
        let list = plan.form == Form::ListValue;
        let mut at = start;
        if let Some(group) =
            self.gathered.groups[groups..].iter().find(|group| group.field == 0).copied()
        {
            at = if list {
                // Elements are one step in, of which `enter` was the one.
                self.indent -= 1;
                let at = self.merge_elements(field, group, at)?;
                self.indent += 1;
                at
            } else {
                self.merge_entries(field, group, at, Piece::Field)?
            };
        }
        self.leave();
        self.gathered.groups.truncate(groups);
        self.gathered.records.truncate(records);
        Ok(self.close(start, at, if list { *b"[]" } else { *b"{}" })?)
    }

    fn merge_any(&mut self, pieces: Range<usize>, start: usize) -> Written {
        let mut holds = Holds::default();
        for piece in pieces {
            let (from, to) = self.gathered.segments[piece];
            holds.read(self.wire, from, to, self.depth)?;
        }
        if holds.is_empty() {
            return Ok(self.close(start, start, *b"{}")?);
        }
        let name = holds.name(self.wire)?;
        let inner = self.plans.find(name).ok_or_else(|| Fault::about(Why::UnknownType, name))?;
        let inner = self.plans.message(inner);
        self.enter()?;
        let at = self.any_type(&holds, inner, start)?;
        let piece = self.gathered.segments.len();
        self.gathered.segments.push(holds.value);
        let at = match inner.form {
            Form::Object => self.merge_members(inner, piece..piece + 1, at)?,
            _ => self.merge(inner, piece..piece + 1, at)?,
        };
        self.gathered.segments.truncate(piece);
        self.leave();
        Ok(self.close(start, at, *b"{}")?)
    }
}
