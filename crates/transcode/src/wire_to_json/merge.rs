//! The merging path: any message, in any number of pieces.

use super::Why;
use super::fault::{Fault, Piece};
use super::gather::{END, Group, Record};
use super::read::{self, Tag};
use super::scalar::Writer;
use crate::plan::{Arity, Field, Form, Kind, MessagePlan, Stream};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;

type Written = Result<usize, Box<Fault>>;

/// A map key as it is compared.
#[derive(PartialEq, Eq, Hash)]
enum Key<'a> {
    Number(u64),
    Text(&'a [u8]),
}

/// The last entry with a key.
struct Entry {
    key: Option<usize>,
    /// First byte of the tag.
    tag: usize,
    value: Option<usize>,
    /// The pieces of a value that is a message.
    pieces: Range<usize>,
}

impl<'a, const PRETTY: bool> Writer<'a, PRETTY> {
    /// Writes the whole wire.
    pub fn merge_root(&mut self, plan: &'a MessagePlan, at: usize) -> Written {
        self.gathered.segments.push((0, self.wire.len()));
        self.merge(plan, 0..1, at).map_err(|fault| fault.at(0))
    }

    /// Writes the members of one message on behalf of the straight path.
    #[cold]
    pub fn merge_within(
        &mut self,
        plan: &'a MessagePlan,
        from: usize,
        to: usize,
        at: usize,
        group: u32,
    ) -> Result<usize, Why> {
        let (mut end, mut after) = (to, to);
        if group != 0 {
            let tag = Tag { number: group, wire_type: read::START, end: from };
            (end, after) = self.group_extent(tag, to)?;
        }
        let piece = self.gathered.segments.len();
        self.gathered.segments.push((from, end));
        let at = self.merge_members(plan, piece..piece + 1, at)?;
        self.gathered.segments.truncate(piece);
        self.end = after;
        Ok(at)
    }

    /// Writes the message that these pieces are.
    pub fn merge(&mut self, plan: &'a MessagePlan, pieces: Range<usize>, at: usize) -> Written {
        if !self.exact && pieces.len() == 1 {
            let (from, to) = self.gathered.segments[pieces.start];
            return Ok(self.message(plan, from, to, at)?);
        }
        if plan.form != Form::Object {
            return self.merge_special(plan, pieces, at);
        }
        self.enter()?;
        let end = self.merge_members(plan, pieces, at)?;
        self.leave();
        Ok(self.close(at, end, *b"{}")?)
    }

    /// Writes the members, each with a comma before it.
    pub fn merge_members(
        &mut self,
        plan: &'a MessagePlan,
        pieces: Range<usize>,
        mut at: usize,
    ) -> Written {
        let (records, groups) = (self.gathered.records.len(), self.gathered.groups.len());
        let split = self.gather(plan, pieces)?;
        let careful = plan.careful.load(Relaxed);
        if !split && careful > 0 && !plan.message_set {
            plan.careful.store(careful - 1, Relaxed);
        }
        let end = self.gathered.groups.len();
        if self.defaults {
            at = self.with_defaults(plan, groups..end, at)?;
        } else {
            for group in groups..end {
                at = self.member(plan, self.gathered.groups[group], at)?;
            }
        }
        self.gathered.groups.truncate(groups);
        self.gathered.records.truncate(records);
        Ok(at)
    }

    /// Writes the members by number, and what is absent in between.
    fn with_defaults(
        &mut self,
        plan: &'a MessagePlan,
        groups: Range<usize>,
        mut at: usize,
    ) -> Written {
        self.gathered.groups[groups.clone()].sort_unstable_by_key(|group| group.field);
        let absent = if self.nulls { &plan.unset } else { &plan.defaults };
        let mut absent = absent.iter().copied().peekable();
        for group in groups {
            let group = self.gathered.groups[group];
            while let Some(index) = absent.next_if(|index| *index < group.field) {
                at = self.absent(plan, index, at)?;
            }
            absent.next_if_eq(&group.field);
            at = self.member(plan, group, at)?;
        }
        for index in absent {
            at = self.absent(plan, index, at)?;
        }
        Ok(at)
    }

    fn absent(&mut self, plan: &'a MessagePlan, index: u16, at: usize) -> Written {
        let (field, stream) = (&plan.fields[usize::from(index)], &plan.streams[usize::from(index)]);
        let at = self.key(field, stream, at)?;
        Ok(match field.arity {
            Arity::Map => self.out.copy(at, b"{}"),
            Arity::Packed | Arity::Expanded => self.out.copy(at, b"[]"),
            Arity::Singular { .. } if !field.has_default() => self.out.copy(at, b"null"),
            Arity::Singular { .. } => self.default(field, at)?,
        })
    }

    /// Writes the field of a group.
    fn member(&mut self, plan: &'a MessagePlan, group: Group, at: usize) -> Written {
        let index = usize::from(group.field);
        let (field, stream) = (&plan.fields[index], &plan.streams[index]);
        if group.first == END {
            return Ok(at);
        }
        let written = match field.arity {
            Arity::Map => self.merge_map(field, stream, group, at),
            Arity::Packed | Arity::Expanded => self.merge_list(field, stream, group, at),
            Arity::Singular { .. } if field.kind.is_message() => {
                let tag = self.gathered.records[group.last].tag;
                self.singular(field, stream, group, at).map_err(|fault| fault.at(tag))
            }
            Arity::Singular { implicit } => {
                let record = self.gathered.records[group.last];
                let mut write = || -> Written {
                    if implicit && !self.defaults && self.is_default(field, record.value)? {
                        return Ok(at);
                    }
                    let at = self.key(field, stream, at)?;
                    Ok(self.scalar(field, record.value, at)?)
                };
                write().map_err(|fault| fault.at(record.tag))
            }
        };
        let written = written.map_err(|fault| fault.within(&field.json_name))?;
        if written == at && self.defaults && plan.defaults.binary_search(&group.field).is_ok() {
            return self.absent(plan, group.field, at);
        }
        Ok(written)
    }

    /// A message or group, in as many pieces as it has records.
    fn singular(&mut self, field: &Field, stream: &Stream, group: Group, at: usize) -> Written {
        let pieces = self.gathered.segments.len();
        let mut record = group.first;
        while record != END {
            let body = self.body(&self.gathered.records[record])?;
            self.gathered.segments.push(body);
            record = self.gathered.records[record].next;
        }
        let inner = self.plans.message(field.message);
        let at = self.key(field, stream, at)?;
        let at = self.merge(inner, pieces..self.gathered.segments.len(), at)?;
        self.gathered.segments.truncate(pieces);
        Ok(at)
    }

    fn merge_list(
        &mut self,
        field: &Field,
        stream: &Stream,
        group: Group,
        before: usize,
    ) -> Written {
        let start = self.key(field, stream, before)?;
        let at = self.merge_elements(field, group, start)?;
        Ok(if at == start { before } else { self.close(start, at, *b"[]")? })
    }

    /// Writes the elements, each with a comma before it.
    pub fn merge_elements(&mut self, field: &Field, group: Group, mut at: usize) -> Written {
        let (mut next, mut index) = (group.first, 0);
        self.indent += 1;
        while next != END {
            let record = self.gathered.records[next];
            at = self.element(field, record, at).map_err(|fault| {
                let packed = record.wire_type == read::LENGTH && field.kind.is_packable();
                let fault = fault.at(record.tag);
                if packed { fault } else { fault.inside(Piece::Index(index)) }
            })?;
            (next, index) = (record.next, index + 1);
        }
        self.indent -= 1;
        Ok(at)
    }

    fn element(&mut self, field: &Field, record: Record, at: usize) -> Written {
        if field.kind.is_packable() {
            let (from, to) = self.body(&record)?;
            return Ok(self.packed(field, from, to, at)?);
        }
        let at = self.separator(at)?;
        if !field.kind.is_message() {
            return Ok(self.scalar(field, record.value, at)?);
        }
        let piece = self.gathered.segments.len();
        let body = self.body(&record)?;
        self.gathered.segments.push(body);
        let at = self.merge(self.plans.message(field.message), piece..piece + 1, at)?;
        self.gathered.segments.truncate(piece);
        Ok(at)
    }

    fn merge_map(
        &mut self,
        field: &Field,
        stream: &Stream,
        group: Group,
        before: usize,
    ) -> Written {
        let start = self.key(field, stream, before)?;
        self.indent += 1;
        let at = self.merge_entries(field, group, start, Piece::Key)?;
        self.indent -= 1;
        Ok(if at == start { before } else { self.close(start, at, *b"{}")? })
    }

    /// Writes the entries, each with a comma before it; the last of those that share a key counts.
    pub fn merge_entries(
        &mut self,
        field: &Field,
        group: Group,
        mut at: usize,
        piece: fn(String) -> Piece,
    ) -> Written {
        let Some([key, value]) = field.entry.as_deref() else { return Err(Why::Careful.into()) };
        let segments = self.gathered.segments.len();
        let (mut entries, mut by_key) = (Vec::<Entry>::new(), HashMap::new());
        let mut next = group.first;
        while next != END {
            let record = self.gathered.records[next];
            next = record.next;
            let entry =
                self.entry_parts(key, value, record).map_err(|fault| fault.at(record.tag))?;
            let Some(entry) = entry else { continue };
            let compared = self.comparable(key, entry.key)?;
            let place = *by_key.entry(compared).or_insert(entries.len());
            match entries.get_mut(place) {
                Some(there) => *there = entry,
                None => entries.push(entry),
            }
        }
        for entry in entries {
            let tag = entry.tag;
            let place = entry.key;
            at = self
                .entry_text(key, value, entry, at)
                .map_err(|fault| fault.at(tag).inside(piece(self.key_text(key, place))))?;
        }
        self.gathered.segments.truncate(segments);
        Ok(at)
    }

    fn entry_text(&mut self, key: &Field, value: &Field, entry: Entry, at: usize) -> Written {
        let at = self.separator(at)?;
        let at = self.map_key(key, entry.key, at)?;
        if value.kind.is_message() {
            return self.merge(self.plans.message(value.message), entry.pieces, at);
        }
        Ok(match entry.value {
            Some(from) => self.scalar(value, from, at)?,
            None => self.default(value, at)?,
        })
    }

    /// Where key and value of an entry are; nothing when its value is none of a closed enum.
    fn entry_parts(
        &mut self,
        key: &Field,
        value: &Field,
        record: Record,
    ) -> Result<Option<Entry>, Box<Fault>> {
        let first = self.gathered.segments.len();
        let (mut entry, mut known) =
            (Entry { key: None, tag: record.tag, value: None, pieces: first..first }, true);
        let (mut at, to) = self.body(&record)?;
        while at < to {
            let tag = read::tag(self.wire, at, to)?;
            let end = read::skip(self.wire, tag, to, self.depth)?;
            if tag.number == key.number && tag.wire_type == key.kind.wire_type() {
                entry.key = Some(tag.end);
            } else if tag.number == value.number && tag.wire_type == value.kind.wire_type() {
                entry.value = Some(tag.end);
                if value.kind.is_message() {
                    self.gathered.segments.push(read::length(self.wire, tag.end, end)?);
                } else if value.kind == Kind::Enum {
                    known &= super::scalar::is_value(value, read::varint(self.wire, tag.end)?.0);
                }
            }
            at = end;
        }
        entry.pieces.end = self.gathered.segments.len();
        Ok(known.then_some(entry))
    }

    fn comparable(&mut self, key: &Field, from: Option<usize>) -> Result<Key<'a>, Why> {
        let wire = self.wire;
        if key.kind == Kind::String {
            let (from, to) = match from {
                Some(from) => read::length(wire, from, wire.len())?,
                None => (0, 0),
            };
            return Ok(Key::Text(&wire[from..to]));
        }
        Ok(Key::Number(self.mark(key, from)?))
    }

    /// A key as paths have it.
    fn key_text(&self, key: &Field, from: Option<usize>) -> String {
        let Some(from) = from else { return String::new() };
        if key.kind == Kind::String {
            let text = read::length(self.wire, from, self.wire.len());
            let text = text.map_or(&[][..], |(from, to)| &self.wire[from..to]);
            return String::from_utf8_lossy(text).into_owned();
        }
        let number = self.mark(key, Some(from)).unwrap_or_default();
        match key.kind {
            Kind::Bool => (number != 0).to_string(),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => (number as i32).to_string(),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => number.cast_signed().to_string(),
            _ => number.to_string(),
        }
    }
}
