//! Gathers the records of a message by field, from all the pieces of it.

use super::Why;
use super::fault::Fault;
use super::known;
use super::read::{self, Tag};
use super::scalar::{Writer, is_value};
use crate::plan::{Field, Kind, MessagePlan, NONE};
use std::ops::Range;

/// No record.
pub(super) const END: usize = usize::MAX;

/// A value as it came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    /// First byte of the tag.
    pub tag: usize,
    /// First byte after it: of the length when there is one.
    pub value: usize,
    /// One past its last byte; of a group, its end tag.
    pub end: usize,
    pub wire_type: u8,
    /// The next one of the same field, or [`END`].
    pub next: usize,
}

/// The records of a field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    pub field: u16,
    pub oneof: u16,
    /// [`END`] when another member of its oneof came later.
    pub first: usize,
    pub last: usize,
}

impl<'a, const PRETTY: bool> Writer<'a, PRETTY> {
    /// Appends a group for each field that comes in these pieces, in order of their first record. Returns whether
    /// anything came again after something else.
    pub fn gather(&mut self, plan: &MessagePlan, pieces: Range<usize>) -> Result<bool, Box<Fault>> {
        let (groups, mut split) = (self.gathered.groups.len(), pieces.len() > 1);
        // Slots are checked against the groups they lead to, so they need no clearing.
        if self.gathered.slots.len() < plan.fields.len() {
            self.gathered.slots.resize(plan.fields.len(), 0);
        }
        if self.gathered.oneof_slots.len() < plan.oneofs.len() {
            self.gathered.oneof_slots.resize(plan.oneofs.len(), 0);
        }
        for piece in pieces {
            let (mut at, to) = self.gathered.segments[piece];
            if plan.message_set {
                split |= self.gather_items(plan, at, to, groups)?;
                continue;
            }
            while at < to {
                let tag =
                    read::tag(self.wire, at, to).map_err(|why| Box::<Fault>::from(why).at(at))?;
                let index = plan
                    .by_number(tag.number)
                    .filter(|index| plan.fields[usize::from(*index)].takes(tag.wire_type));
                let (end, next) = self.extent(tag, to).map_err(|why| {
                    let fault = Box::<Fault>::from(why).at(at);
                    match index {
                        Some(index) => fault.within(&plan.fields[usize::from(index)].json_name),
                        None => fault,
                    }
                })?;
                if let Some(index) = index {
                    let field = &plan.fields[usize::from(index)];
                    let record = Record {
                        tag: at,
                        value: tag.end,
                        end,
                        wire_type: tag.wire_type,
                        next: END,
                    };
                    split |= self.add(field, index, groups, record);
                }
                at = next;
            }
        }
        Ok(split)
    }

    /// Adds the items of a message set, each of which is a group of an extension's number and its message.
    fn gather_items(
        &mut self,
        plan: &MessagePlan,
        mut at: usize,
        to: usize,
        groups: usize,
    ) -> Result<bool, Box<Fault>> {
        const NUMBER: (u32, u8) = (2, read::VARINT);
        const MESSAGE: (u32, u8) = (3, read::LENGTH);
        let (wire, mut split) = (self.wire, false);
        while at < to {
            let fault = |why| Box::<Fault>::from(why).at(at);
            let tag = read::tag(wire, at, to).map_err(fault)?;
            let (end, next) = self.extent(tag, to).map_err(fault)?;
            let (mut number, mut message) = (None, None);
            if (tag.number, tag.wire_type) == (1, read::START) {
                known::each(wire, tag.end, end, self.depth, |tag, end| {
                    // Of each, the first one counts.
                    match (tag.number, tag.wire_type) {
                        NUMBER if number.is_none() => {
                            number = Some(read::varint(wire, tag.end)?.0);
                        }
                        MESSAGE if message.is_none() => message = Some((tag.end, end)),
                        _ => {}
                    }
                    Ok(())
                })
                .map_err(fault)?;
            } else if tag.wire_type == read::LENGTH {
                // As a writer has it that does not know of message sets.
                (number, message) = (Some(u64::from(tag.number)), Some((tag.end, end)));
            }
            let number = number.and_then(|number| u32::try_from(number).ok());
            let index = number.and_then(|number| plan.by_number(number));
            if let (Some(index), Some((value, end))) = (index, message) {
                let field = &plan.fields[usize::from(index)];
                let wire_type = read::LENGTH;
                if field.takes(wire_type) {
                    let record = Record { tag: at, value, end, wire_type, next: END };
                    split |= self.add(field, index, groups, record);
                }
            }
            at = next;
        }
        Ok(split)
    }

    /// Where the value of a record ends, and where the next begins.
    fn extent(&mut self, tag: Tag, to: usize) -> Result<(usize, usize), Why> {
        if tag.wire_type == read::START {
            return self.group_extent(tag, to);
        }
        let end = read::flat(self.wire, tag, to)?;
        Ok((end, end))
    }

    /// The same of a group. All groups within are remembered, so that none is walked through once for each
    /// that it is nested in.
    pub fn group_extent(&mut self, tag: Tag, to: usize) -> Result<(usize, usize), Why> {
        if let Some(extent) = self.gathered.group_ends.get_or_insert_default().get(&tag.end) {
            return Ok(*extent);
        }
        let (mut open, mut at) = (vec![tag], tag.end);
        let ends = self.gathered.group_ends.get_or_insert_default();
        while let Some(innermost) = open.last() {
            let next = read::tag(self.wire, at, to)?;
            match next.wire_type {
                read::END if next.number == innermost.number => {
                    ends.insert(innermost.end, (at, next.end));
                    open.pop();
                    at = next.end;
                }
                read::START if open.len() >= self.depth => return Err(Why::Depth),
                read::START => {
                    open.push(next);
                    at = next.end;
                }
                _ => at = read::flat(self.wire, next, to)?,
            }
        }
        Ok(ends[&tag.end])
    }

    /// Adds a record to its group; returns whether it came after something else had followed the last one.
    fn add(&mut self, field: &Field, index: u16, groups: usize, record: Record) -> bool {
        if field.kind == Kind::Enum && !field.is_list() {
            let value = read::varint(self.wire, record.value);
            if !value.is_ok_and(|(value, _)| is_value(field, value)) {
                return false;
            }
        }
        let at = self.gathered.records.len();
        self.gathered.records.push(record);
        let mut split = self.take_over(field, index, groups);
        let slot = groups + self.gathered.slots[usize::from(index)];
        let gathered = &mut *self.gathered;
        match gathered.groups.get_mut(slot).filter(|group| group.field == index) {
            Some(group) => {
                split |= group.last.wrapping_add(1) != at || !field.repeats();
                if group.first == END {
                    group.first = at;
                } else {
                    gathered.records[group.last].next = at;
                }
                group.last = at;
            }
            None => {
                gathered.slots[usize::from(index)] = gathered.groups.len() - groups;
                gathered.groups.push(Group {
                    field: index,
                    oneof: field.oneof,
                    first: at,
                    last: at,
                });
            }
        }
        split
    }

    /// Empties the group of the oneof's member that came before, if that is another one.
    fn take_over(&mut self, field: &Field, index: u16, groups: usize) -> bool {
        if field.oneof == NONE {
            return false;
        }
        let oneof = usize::from(field.oneof);
        let there = |group: &&mut Group| group.oneof == field.oneof;
        let slot = groups + self.gathered.oneof_slots[oneof];
        let before = self.gathered.groups.get_mut(slot).filter(there);
        let taken = match before {
            Some(group) if group.field == index => return false,
            Some(group) => {
                (group.first, group.last) = (END, END);
                true
            }
            None => false,
        };
        // Its own group, whether it is there already or the next to be made.
        let own = groups + self.gathered.slots[usize::from(index)];
        let exists = self.gathered.groups.get(own).is_some_and(|group| group.field == index);
        let own = if exists { own } else { self.gathered.groups.len() };
        self.gathered.oneof_slots[oneof] = own - groups;
        taken
    }

    /// The range of a record's message: without its length.
    pub fn body(&self, record: &Record) -> Result<(usize, usize), Why> {
        match record.wire_type {
            read::LENGTH => read::length(self.wire, record.value, record.end),
            _ => Ok((record.value, record.end)),
        }
    }
}
