//! Goes through a wire field by field along plans
//! (<https://protobuf.dev/programming-guides/encoding/>).

use super::join::{Join, Place};
use super::json::Tree;
use super::read::{Next, Raw, Record, next, varint};
use super::{FieldSpan, text};
use crate::Codec;
use crate::path;
use crate::plan::{Arity, Field, Kind, MessageId, Plans};
use std::collections::BTreeMap;

/// How many values of one packed field have a span of their own; the others share the field's.
const PACKED_SPANS: usize = 64;

/// Which spans are wanted.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Keep {
    All,
    /// Those of unknown fields, without what they hold.
    Unknown,
}

pub(super) struct Walk<'a> {
    plans: &'a Plans,
    root: MessageId,
    max_depth: usize,
    wire: &'a [u8],
    keep: Keep,
    limit: usize,
    path: String,
    /// How many elements of the list at a path there were, for lists that may go on: a message that comes in several
    /// records has its lists in several.
    elements: BTreeMap<String, usize>,
    join: Join<'a>,
    spans: Vec<FieldSpan>,
}

/// How reading a message went.
struct Level {
    fields: usize,
    end: usize,
    broken: bool,
}

/// What a message is read as.
#[derive(Clone, Copy)]
enum Type {
    Message(MessageId),
    /// An entry of a map.
    Entry(MessageId),
    Unknown,
}

impl<'a> Walk<'a> {
    pub fn new(
        codec: &'a Codec,
        wire: &'a [u8],
        tree: Option<&'a Tree>,
        keep: Keep,
        limit: usize,
    ) -> Walk<'a> {
        Walk {
            plans: &codec.plans,
            root: codec.root,
            max_depth: codec.limits.depth,
            wire,
            keep,
            limit,
            path: String::new(),
            elements: BTreeMap::new(),
            join: Join::new(tree),
            spans: Vec::new(),
        }
    }

    pub fn spans(mut self) -> Vec<FieldSpan> {
        let place = self.join.root();
        self.message(Type::Message(self.root), place, 0, self.wire.len(), None, 0);
        self.spans
    }

    /// Reads `start..end` as a message, or up to the end tag of a group.
    fn message(
        &mut self,
        kind: Type,
        place: Place,
        start: usize,
        end: usize,
        group: Option<u32>,
        depth: usize,
    ) -> Level {
        let mut level = Level { fields: 0, end: start, broken: false };
        let parent = self.path.len();
        let plans = self.plans;
        let plan = match kind {
            Type::Message(id) | Type::Entry(id) => Some(plans.message(id)),
            Type::Unknown => None,
        };
        while !level.broken && (level.end < end || group.is_some()) {
            // Beyond the last span there is only the end of groups and the number of fields left to find.
            if group.is_none() && depth == 0 && self.is_full() {
                return level;
            }
            match next(self.wire, level.end, end) {
                Next::Record(record) => {
                    level.fields += 1;
                    let field = plan
                        .and_then(|plan| {
                            Some(&plan.fields[usize::from(plan.by_number(record.number)?)])
                        })
                        .filter(|field| field.takes(record.raw.wire_type()));
                    let whole = match kind {
                        Type::Entry(_) => self.join.part(place, record.number),
                        _ => self.join.field(place, record.number),
                    };
                    (level.end, level.broken) =
                        self.field(field, record, (place, whole), end, depth);
                    self.path.truncate(parent);
                }
                Next::EndGroup { number, end } if group == Some(number) => {
                    level.end = end;
                    return level;
                }
                Next::EndGroup { .. } | Next::Broken => level.broken = true,
            }
        }
        level
    }

    /// Takes one field; `places` are those of its message and, as a whole, of the field. Returns where it ends and
    /// whether reading cannot go on after it.
    fn field(
        &mut self,
        field: Option<&'a Field>,
        record: Record<'a>,
        (message, whole): (Place, Place),
        end: usize,
        depth: usize,
    ) -> (usize, bool) {
        let Some(field) = field else {
            path::push_field(&mut self.path, &format!("?{}", record.number));
            let slot = self.push(None, &record, depth, Place::Nowhere);
            return match record.raw {
                Raw::Group => self.group(Type::Unknown, Place::Nowhere, &record, end, depth, slot),
                _ => (record.end, false),
            };
        };
        path::push_field(&mut self.path, &field.original_name);
        let packed =
            field.is_list() && field.kind.is_packable() && matches!(record.raw, Raw::Len(_));
        let mut place = whole;
        let mut kind = Type::Message(field.message);
        match (field.arity, record.raw) {
            (Arity::Map, Raw::Len(bytes)) => {
                kind = Type::Entry(field.message);
                let key = map_key(field, bytes);
                path::push_key(&mut self.path, &text::shortened(&key));
                place = self.join.entry(whole, &key);
            }
            (Arity::Expanded | Arity::Packed, _) if !packed => {
                let index = match self.is_full() {
                    true => 0,
                    false => self.next_index(),
                };
                path::push_index(&mut self.path, index);
                place = self.join.element(whole);
            }
            _ => {}
        }
        self.join.replace(message, field, place, &mut self.spans);
        let first = self.spans.len();
        let slot = self.push(Some(field), &record, depth, place);
        let ended = match record.raw {
            Raw::Group => self.group(kind, place, &record, end, depth, slot),
            Raw::Len(bytes) if packed => {
                self.packed(field, bytes, &record, whole, depth, slot);
                (record.end, false)
            }
            Raw::Len(_) if field.kind == Kind::Message => {
                if depth + 1 < self.max_depth && !self.is_full() {
                    let level =
                        self.message(kind, place, record.value, record.end, None, depth + 1);
                    self.set_text(slot, text::counted(level.fields, "field"));
                }
                (record.end, false)
            }
            _ => (record.end, false),
        };
        self.join.hold(message, field, place, first..self.spans.len());
        if !matches!(field.arity, Arity::Singular { .. }) && field.kind.is_message() {
            self.forget_elements();
        }
        ended
    }

    /// An element of a list or entry of a map is over: lists inside of it do not go on.
    fn forget_elements(&mut self) {
        let inside = format!("{}.", self.path);
        let lists = self.elements.range(inside.clone()..).map(|(list, _)| list);
        let over: Vec<_> = lists.take_while(|list| list.starts_with(&inside)).cloned().collect();
        for list in over {
            self.elements.remove(&list);
        }
    }

    fn next_index(&mut self) -> usize {
        let seen = match self.elements.get_mut(&self.path) {
            Some(seen) => seen,
            None => self.elements.entry(self.path.clone()).or_default(),
        };
        *seen += 1;
        *seen - 1
    }

    fn group(
        &mut self,
        kind: Type,
        place: Place,
        record: &Record<'a>,
        end: usize,
        depth: usize,
        slot: Option<usize>,
    ) -> (usize, bool) {
        if depth + 1 >= self.max_depth {
            return (end, true);
        }
        let level = self.message(kind, place, record.value, end, Some(record.number), depth + 1);
        self.set_text(slot, text::counted(level.fields, "field"));
        if let Some(span) = slot.and_then(|slot| self.spans.get_mut(slot)) {
            span.end = if level.broken { offset(end) } else { offset(level.end) };
        }
        (level.end, level.broken)
    }

    fn packed(
        &mut self,
        field: &'a Field,
        bytes: &'a [u8],
        record: &Record<'a>,
        whole: Place,
        depth: usize,
        slot: Option<usize>,
    ) {
        let (mut at, mut count) = (0, 0);
        let parent = self.path.len();
        while at < bytes.len() {
            let Some((raw, next)) = element(field.kind, bytes, at) else { break };
            let place = self.join.element(whole);
            if count < PACKED_SPANS && !self.is_full() {
                let index = self.next_index();
                path::push_index(&mut self.path, index);
                let value = record.value + at;
                let element = Record {
                    start: value,
                    length: value,
                    value,
                    end: record.value + next,
                    number: record.number,
                    raw,
                };
                self.push(Some(field), &element, depth, place);
                self.path.truncate(parent);
            }
            (at, count) = (next, count + 1);
        }
        self.set_text(slot, text::counted(count, "value"));
    }

    fn push(
        &mut self,
        field: Option<&Field>,
        record: &Record<'a>,
        depth: usize,
        place: Place,
    ) -> Option<usize> {
        let wanted = match self.keep {
            Keep::All => true,
            Keep::Unknown => field.is_none() && !self.is_inside_unknown(record),
        };
        if !wanted || self.is_full() {
            return None;
        }
        self.spans.push(FieldSpan {
            start: offset(record.start),
            length: offset(record.length),
            value: offset(record.value),
            end: offset(record.end),
            depth: u32::try_from(depth).unwrap_or(u32::MAX),
            path: self.path.clone(),
            number: record.number,
            wire_type: record.raw.name().to_owned(),
            text: text::value(field, &record.raw),
            known: field.is_some(),
            json: self.join.span(place),
        });
        Some(self.spans.len() - 1)
    }

    /// Whether a record is in the unknown group that came last: one that has not ended yet has no end.
    fn is_inside_unknown(&self, record: &Record<'a>) -> bool {
        self.spans.last().is_some_and(|last| {
            last.wire_type == "group" && (last.end == last.value || offset(record.start) < last.end)
        })
    }

    fn set_text(&mut self, slot: Option<usize>, text: String) {
        if let Some(span) = slot.and_then(|slot| self.spans.get_mut(slot)) {
            span.text = text;
        }
    }

    fn is_full(&self) -> bool {
        self.spans.len() >= self.limit
    }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Reads one value of a packed field; returns it and where it ends.
fn element(kind: Kind, bytes: &[u8], at: usize) -> Option<(Raw<'_>, usize)> {
    match kind.wire_type() {
        1 => Some((Raw::I64(bytes.get(at..at + 8)?.try_into().ok()?), at + 8)),
        5 => Some((Raw::I32(bytes.get(at..at + 4)?.try_into().ok()?), at + 4)),
        _ => varint(bytes, at, bytes.len()).map(|(number, end)| (Raw::Varint(number), end)),
    }
}

/// The key of a map entry as JSON has it, without quotes; an absent key is its type's default.
fn map_key(field: &Field, bytes: &[u8]) -> Vec<u8> {
    let Some([key_field, _]) = field.entry.as_deref() else { return Vec::new() };
    let mut key = text::default_key(key_field.kind);
    let mut at = 0;
    while let Next::Record(record) = next(bytes, at, bytes.len()) {
        if record.number == 1 && record.raw.wire_type() == key_field.kind.wire_type() {
            key = text::key(key_field, &record.raw);
        }
        if record.raw == Raw::Group || at >= bytes.len() {
            break;
        }
        at = record.end;
    }
    key
}
