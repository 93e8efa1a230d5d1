//! Reads wires field by field along a descriptor, without building a message: one pass, no copies
//! (<https://protobuf.dev/programming-guides/encoding/>). Finds the spans of fields, as far as they can be read.

use crate::spans::{self, FieldSpan};
use crate::{MAX_DEPTH, path};
use prost_reflect::{Cardinality, ExtensionDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use std::collections::BTreeMap;

/// The spans of a wire, at most `limit`.
pub(crate) fn spans(message: &MessageDescriptor, wire: &[u8], limit: usize) -> Vec<FieldSpan> {
    let mut walk = Walk::new(wire, limit);
    walk.message(Some(message), 0, wire.len(), None, 0);
    walk.spans
}

/// The value of a field as the wire has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Raw<'a> {
    Varint(u64),
    I64([u8; 8]),
    Len(&'a [u8]),
    Group,
    I32([u8; 4]),
}

impl Raw<'_> {
    pub fn wire_type(&self) -> &'static str {
        match self {
            Raw::Varint(_) => "varint",
            Raw::I64(_) => "i64",
            Raw::Len(_) => "len",
            Raw::Group => "group",
            Raw::I32(_) => "i32",
        }
    }

    fn fits(&self, kind: &Kind, group: bool) -> bool {
        match self {
            Raw::Varint(_) => matches!(
                kind,
                Kind::Int32
                    | Kind::Int64
                    | Kind::Uint32
                    | Kind::Uint64
                    | Kind::Sint32
                    | Kind::Sint64
                    | Kind::Bool
                    | Kind::Enum(_)
            ),
            Raw::I64(_) => matches!(kind, Kind::Double | Kind::Fixed64 | Kind::Sfixed64),
            Raw::I32(_) => matches!(kind, Kind::Float | Kind::Fixed32 | Kind::Sfixed32),
            Raw::Len(_) => {
                matches!(kind, Kind::String | Kind::Bytes)
                    || (matches!(kind, Kind::Message(_)) && !group)
            }
            Raw::Group => matches!(kind, Kind::Message(_)) && group,
        }
    }
}

/// One field as the wire has it.
struct Field<'a> {
    start: usize,
    value: usize,
    end: usize,
    number: u32,
    raw: Raw<'a>,
}

/// What comes next.
enum Next<'a> {
    Field(Field<'a>),
    EndGroup { number: u32, end: usize },
    Broken,
}

/// How reading a message went.
struct Level {
    fields: usize,
    end: usize,
    broken: bool,
}

/// What a descriptor says of a field number.
struct Known {
    name: String,
    kind: Kind,
    list: bool,
    map: bool,
    group: bool,
}

impl Known {
    fn find(message: &MessageDescriptor, number: u32) -> Option<Known> {
        match message.get_field(number) {
            Some(field) => Some(Known::field(&field)),
            None => message.get_extension(number).map(|field| Known::extension(&field)),
        }
    }

    fn field(field: &FieldDescriptor) -> Known {
        Known {
            name: field.name().to_owned(),
            kind: field.kind(),
            list: field.is_list(),
            map: field.is_map(),
            group: field.is_group(),
        }
    }

    fn extension(field: &ExtensionDescriptor) -> Known {
        Known {
            name: field.json_name().to_owned(),
            kind: field.kind(),
            list: field.cardinality() == Cardinality::Repeated,
            map: false,
            group: field.is_group(),
        }
    }

    fn is_packed(&self, raw: &Raw<'_>) -> bool {
        let packable = !matches!(self.kind, Kind::String | Kind::Bytes | Kind::Message(_));
        self.list && packable && matches!(raw, Raw::Len(_))
    }
}

/// A walk over one wire.
struct Walk<'a> {
    wire: &'a [u8],
    limit: usize,
    path: String,
    spans: Vec<FieldSpan>,
}

impl<'a> Walk<'a> {
    fn new(wire: &'a [u8], limit: usize) -> Walk<'a> {
        Walk { wire, limit, path: String::new(), spans: Vec::new() }
    }

    /// Reads `start..end` as a message, or up to the end tag of a group. An unknown group has no descriptor.
    fn message(
        &mut self,
        message: Option<&MessageDescriptor>,
        start: usize,
        end: usize,
        group: Option<u32>,
        depth: usize,
    ) -> Level {
        let mut level = Level { fields: 0, end: start, broken: false };
        let mut seen = BTreeMap::new();
        let parent = self.path.len();
        while !level.broken && (level.end < end || group.is_some()) {
            let at = level.end;
            match next(self.wire, at, end) {
                Next::Field(field) => {
                    level.fields += 1;
                    let known = message.and_then(|message| Known::find(message, field.number));
                    self.push_name(known.as_ref(), &field, &mut seen);
                    let (end_of_field, broken) = self.field(known, field, end, depth);
                    (level.end, level.broken) = (end_of_field, broken);
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

    /// Takes one field; returns where it ends and whether reading cannot go on after it.
    fn field(
        &mut self,
        known: Option<Known>,
        field: Field<'a>,
        end: usize,
        depth: usize,
    ) -> (usize, bool) {
        let packed = known.as_ref().is_some_and(|known| known.is_packed(&field.raw));
        let fits =
            known.as_ref().is_some_and(|known| packed || field.raw.fits(&known.kind, known.group));
        let kind = known.map(|known| known.kind).filter(|_| fits);
        let slot = self.push_span(&field, depth, || spans::value_text(kind.as_ref(), &field.raw));
        match (field.raw, kind) {
            (Raw::Group, kind) => {
                let inner = kind.as_ref().and_then(Kind::as_message);
                self.group(inner, &field, end, depth, slot)
            }
            (Raw::Len(_), Some(Kind::Message(inner))) => {
                if depth + 1 < MAX_DEPTH && self.keeps() {
                    let level = self.message(Some(&inner), field.value, field.end, None, depth + 1);
                    self.set_fields(slot, level.fields);
                }
                (field.end, false)
            }
            (Raw::Len(bytes), Some(kind)) if packed => {
                self.packed(&kind, bytes, &field, depth, slot);
                (field.end, false)
            }
            _ => (field.end, false),
        }
    }

    fn group(
        &mut self,
        inner: Option<&MessageDescriptor>,
        field: &Field<'a>,
        end: usize,
        depth: usize,
        slot: Option<usize>,
    ) -> (usize, bool) {
        if depth + 1 >= MAX_DEPTH {
            return (end, true);
        }
        let level = self.message(inner, field.value, end, Some(field.number), depth + 1);
        self.set_fields(slot, level.fields);
        if let Some(span) = slot.and_then(|slot| self.spans.get_mut(slot)) {
            span.end = if level.broken { offset(end) } else { offset(level.end) };
        }
        (level.end, level.broken)
    }

    fn packed(
        &mut self,
        kind: &Kind,
        bytes: &'a [u8],
        field: &Field<'a>,
        depth: usize,
        slot: Option<usize>,
    ) {
        let (mut at, mut count) = (0, 0);
        let parent = self.path.len();
        while at < bytes.len() {
            let Some((raw, next)) = element(kind, bytes, at) else {
                break;
            };
            if count < spans::PACKED_SPANS && self.keeps() {
                path::push_index(&mut self.path, count);
                let element = Field {
                    start: field.value + at,
                    value: field.value + at,
                    end: field.value + next,
                    number: field.number,
                    raw,
                };
                self.push_span(&element, depth, || spans::value_text(Some(kind), &raw));
                self.path.truncate(parent);
            }
            (at, count) = (next, count + 1);
        }
        if let Some(span) = slot.and_then(|slot| self.spans.get_mut(slot)) {
            span.text = spans::counted(count, "value");
        }
    }

    /// Appends the field to the path: its name with its index or map key, or `?7`.
    fn push_name(
        &mut self,
        known: Option<&Known>,
        field: &Field<'a>,
        seen: &mut BTreeMap<u32, usize>,
    ) {
        if !self.keeps() {
            return;
        }
        let fits = known.filter(|known| {
            known.is_packed(&field.raw) || field.raw.fits(&known.kind, known.group)
        });
        let Some(known) = fits else {
            return path::push_field(&mut self.path, &format!("?{}", field.number));
        };
        path::push_field(&mut self.path, &known.name);
        if let (true, Kind::Message(entry), Raw::Len(bytes)) = (known.map, &known.kind, field.raw) {
            let key = map_key(entry, bytes).unwrap_or_default();
            path::push_key(&mut self.path, &key);
        } else if known.list && !known.is_packed(&field.raw) {
            let index = seen.entry(field.number).or_default();
            path::push_index(&mut self.path, *index);
            *index += 1;
        }
    }

    fn push_span(
        &mut self,
        field: &Field<'a>,
        depth: usize,
        text: impl FnOnce() -> String,
    ) -> Option<usize> {
        if !self.keeps() {
            return None;
        }
        self.spans.push(FieldSpan {
            start: offset(field.start),
            value: offset(field.value),
            end: offset(field.end),
            depth: u32::try_from(depth).unwrap_or(u32::MAX),
            path: self.path.clone(),
            number: field.number,
            wire_type: field.raw.wire_type().to_owned(),
            text: text(),
        });
        Some(self.spans.len() - 1)
    }

    fn set_fields(&mut self, slot: Option<usize>, fields: usize) {
        if let Some(span) = slot.and_then(|slot| self.spans.get_mut(slot)) {
            span.text = spans::counted(fields, "field");
        }
    }

    fn keeps(&self) -> bool {
        self.spans.len() < self.limit
    }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Reads the field at `at`; what would pass `end` is broken.
fn next(wire: &[u8], at: usize, end: usize) -> Next<'_> {
    let Some((key, value)) = varint(wire, at, end) else {
        return Next::Broken;
    };
    let number = match u32::try_from(key >> 3) {
        Ok(number) if (1..1 << 29).contains(&number) => number,
        _ => return Next::Broken,
    };
    let fixed = |length: usize| {
        let end_of_field = value.checked_add(length).filter(|at| *at <= end)?;
        Some((wire.get(value..end_of_field)?, end_of_field))
    };
    let (raw, value, end) = match key & 7 {
        0 => match varint(wire, value, end) {
            Some((number, end)) => (Raw::Varint(number), value, end),
            None => return Next::Broken,
        },
        1 => match fixed(8).and_then(|(bytes, end)| Some((bytes.try_into().ok()?, end))) {
            Some((bytes, end)) => (Raw::I64(bytes), value, end),
            None => return Next::Broken,
        },
        2 => match varint(wire, value, end).and_then(|(length, value)| {
            let end_of_field =
                value.checked_add(usize::try_from(length).ok()?).filter(|at| *at <= end)?;
            Some((wire.get(value..end_of_field)?, value, end_of_field))
        }) {
            Some((bytes, value, end)) => (Raw::Len(bytes), value, end),
            None => return Next::Broken,
        },
        3 => (Raw::Group, value, end),
        4 => return Next::EndGroup { number, end: value },
        5 => match fixed(4).and_then(|(bytes, end)| Some((bytes.try_into().ok()?, end))) {
            Some((bytes, end)) => (Raw::I32(bytes), value, end),
            None => return Next::Broken,
        },
        _ => return Next::Broken,
    };
    Next::Field(Field { start: at, value, end, number, raw })
}

/// Reads a varint of at most ten bytes; returns it and where it ends.
fn varint(wire: &[u8], at: usize, end: usize) -> Option<(u64, usize)> {
    let mut number = 0u64;
    for (index, byte) in wire.get(at..end)?.iter().take(10).enumerate() {
        number |= u64::from(byte & 0x7f).checked_shl(7 * index as u32)?;
        if byte & 0x80 == 0 {
            // The tenth byte has room for one bit only.
            return (index < 9 || *byte <= 1).then_some((number, at + index + 1));
        }
    }
    None
}

/// Reads one value of a packed field; returns it and where it ends.
fn element<'a>(kind: &Kind, bytes: &'a [u8], at: usize) -> Option<(Raw<'a>, usize)> {
    match kind {
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => {
            Some((Raw::I64(bytes.get(at..at + 8)?.try_into().ok()?), at + 8))
        }
        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => {
            Some((Raw::I32(bytes.get(at..at + 4)?.try_into().ok()?), at + 4))
        }
        _ => varint(bytes, at, bytes.len()).map(|(number, end)| (Raw::Varint(number), end)),
    }
}

/// The key of a map entry as people read it; an absent key is its type's default.
fn map_key(entry: &MessageDescriptor, bytes: &[u8]) -> Option<String> {
    let kind = entry.get_field(1)?.kind();
    let mut key = None;
    let mut at = 0;
    while at < bytes.len() {
        match next(bytes, at, bytes.len()) {
            Next::Field(Field { raw: Raw::Group, .. }) => break,
            Next::Field(field) => {
                if field.number == 1 && field.raw.fits(&kind, false) {
                    key = Some(spans::key_text(&kind, &field.raw));
                }
                at = field.end;
            }
            Next::EndGroup { .. } | Next::Broken => break,
        }
    }
    key.or_else(|| Some(spans::default_key(&kind)))
}
