//! The canonical form of a wire: what a message object would be written as after reading it.
//!
//! Reads along plans, by the rules for what may come twice
//! (<https://protobuf.dev/programming-guides/encoding/#last-one-wins>): singular messages merge, of scalars and of
//! the members of a oneof the last one counts, of map entries with the same key the last. Writes fields by number,
//! lists as their type packs them, map entries by key, no zero where presence is implicit; then, as they came, what
//! the type does not know: unknown fields, fields of another wire type, and numbers that a closed enum lacks.

pub(crate) mod records;
pub(crate) mod reverse;

use crate::plan::{Arity, EnumPlan, Field, Kind, MessageId, MessagePlan, NONE, Plans};
use crate::{Error, Limits};
use records::{Fault, Raw, Record, Records, too_deep};
use reverse::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

pub(crate) fn normalize(
    plans: &Plans,
    root: MessageId,
    limits: &Limits,
    wire: &[u8],
    into: &mut Vec<u8>,
) -> Result<(), Error> {
    if wire.len() > limits.input {
        return Err(Error::new(format!("the message is longer than {} bytes", limits.input)));
    }
    let max_depth = limits.depth;
    let records = Records::new(wire, max_depth);
    let mut writer = Writer { plans, records, max_depth, out: Reverse::default() };
    writer.message(root, std::slice::from_ref(&(0..wire.len())), 0).map_err(|fault| {
        let parts: Vec<String> = fault.path.into_iter().rev().collect();
        Error::new(fault.message).path_if_any(parts.join(".")).at_offset(fault.offset)
    })?;
    if writer.out.len() > limits.output {
        return Err(Error::new(format!(
            "the message would be longer than {} bytes",
            limits.output
        )));
    }
    writer.out.append_to(into);
    Ok(())
}

struct Writer<'a> {
    plans: &'a Plans,
    records: Records<'a>,
    max_depth: usize,
    out: Reverse,
}

/// A message as read, before anything of it is written.
#[derive(Default)]
struct Contents {
    /// Index of the field and value, in the order they came.
    known: Vec<(u16, Record)>,
    /// For each oneof, the member that came last and where in `known` its last uninterrupted run begins.
    oneofs: Vec<(u16, usize)>,
    /// Whole records.
    unknown: Vec<u8>,
}

/// A key of a map, ordered as entries are written.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    Signed(i64),
    Unsigned(u64),
    Text(&'a [u8]),
}

impl<'a> Writer<'a> {
    /// Writes the message whose records are in all of `parts`.
    fn message(
        &mut self,
        id: MessageId,
        parts: &[Range<usize>],
        depth: usize,
    ) -> Result<(), Fault> {
        let plan = self.plans.message(id);
        if depth > self.max_depth {
            return Err(too_deep(parts[0].start, self.max_depth));
        }
        let Contents { mut known, oneofs, unknown } = self.read(plan, parts, depth)?;
        self.out.bytes(&unknown);
        // Members of a oneof that another one replaced are gone.
        let mut place = 0;
        known.retain(|(index, _)| {
            place += 1;
            match plan.fields[usize::from(*index)].oneof {
                NONE => true,
                oneof => {
                    let (last, since) = oneofs[usize::from(oneof)];
                    last == *index && place > since
                }
            }
        });
        // Stable, so that the records of a field stay in order.
        known.sort_by_key(|(index, _)| *index);
        let mut runs = known.chunk_by(|(one, _), (other, _)| one == other).collect::<Vec<_>>();
        while let Some(run) = runs.pop() {
            let field = &plan.fields[usize::from(run[0].0)];
            let values = || run.iter().map(|(_, record)| record);
            match field.arity {
                Arity::Singular { .. } if field.kind.is_message() => {
                    let parts: Vec<_> = values().map(content).collect();
                    self.framed(plan, field, &parts, depth + 1)
                        .map_err(|fault| fault.within(|| field.json_name.to_string()))?;
                }
                Arity::Singular { implicit } => {
                    if let Some(last) = values().next_back() {
                        self.scalar(field, last.start, &last.raw, implicit)
                            .map_err(|fault| fault.within(|| field.json_name.to_string()))?;
                    }
                }
                Arity::Expanded if !field.kind.is_packable() => {
                    for (place, value) in values().enumerate().rev() {
                        let written = if field.kind.is_message() {
                            self.framed(plan, field, &[content(value)], depth + 1)
                        } else {
                            self.scalar(field, value.start, &value.raw, false)
                        };
                        written.map_err(|fault| {
                            fault.within(|| format!("{}[{place}]", field.json_name))
                        })?;
                    }
                }
                Arity::Expanded | Arity::Packed => self.numbers(field, values())?,
                Arity::Map => self.map(field, values(), depth)?,
            }
        }
        Ok(())
    }

    /// Sorts the records of a message by what they are.
    fn read(
        &mut self,
        plan: &MessagePlan,
        parts: &[Range<usize>],
        depth: usize,
    ) -> Result<Contents, Fault> {
        let mut contents =
            Contents { oneofs: vec![(NONE, 0); plan.oneofs.len()], ..Contents::default() };
        for part in parts {
            let mut at = part.start;
            while at < part.end {
                let mut record = self.records.next(at, part.end, depth)?;
                at = record.end;
                if plan.message_set {
                    record = self.item(plan, record, depth)?;
                }
                let index = plan.by_number(record.number);
                let field = index.map(|index| &plan.fields[usize::from(index)]);
                match (index, field) {
                    (Some(index), Some(field))
                        if self
                            .takes(field, &record, &mut contents.unknown, depth)
                            .map_err(|fault| fault.within(|| field.json_name.to_string()))? =>
                    {
                        if let Some((last, since)) =
                            contents.oneofs.get_mut(usize::from(field.oneof))
                            && *last != index
                        {
                            (*last, *since) = (index, contents.known.len());
                        }
                        contents.known.push((index, record));
                    }
                    _ => contents.unknown.extend(self.records.bytes(record.start..record.end)),
                }
            }
        }
        Ok(contents)
    }

    /// Whether a record holds something of `field`; adds to `unknown` what of a packed one does not.
    fn takes(
        &mut self,
        field: &Field,
        record: &Record,
        unknown: &mut Vec<u8>,
        depth: usize,
    ) -> Result<bool, Fault> {
        match &record.raw {
            Raw::Len(bytes) if field.arity == Arity::Map => {
                self.entry(field, record.start, bytes.clone(), depth).map(|entry| entry.is_some())
            }
            Raw::Len(bytes) if field.is_list() && field.kind.is_packable() => {
                for bits in self.elements(field.kind, record.start, bytes.clone())? {
                    if is_no_value(field, bits) {
                        let mut record = Reverse::default();
                        record.varint(bits);
                        record.tag(field.number, 0);
                        record.append_to(unknown);
                    }
                }
                Ok(true)
            }
            raw if raw.wire_type() != field.kind.wire_type() => Ok(false),
            Raw::Varint(bits) => Ok(!is_no_value(field, canonical(field.kind, *bits))),
            _ => Ok(true),
        }
    }

    /// An item of a message set as the field that it stands for, where that is known
    /// (`message_set_wire_format` in `descriptor.proto`).
    fn item(&mut self, plan: &MessagePlan, item: Record, depth: usize) -> Result<Record, Fault> {
        let (1, Raw::Group(content)) = (item.number, &item.raw) else { return Ok(item) };
        let (mut number, mut value) = (None, None);
        let mut at = content.start;
        while at < content.end {
            let part = self.records.next(at, content.end, depth + 1)?;
            at = part.end;
            match (part.number, part.raw) {
                // Of each, the first one counts.
                (2, Raw::Varint(bits)) => number = number.or(u32::try_from(bits).ok()),
                (3, raw @ Raw::Len(_)) => value = value.or(Some(raw)),
                _ => {}
            }
        }
        Ok(match (number, value) {
            (Some(number), Some(raw)) if plan.by_number(number).is_some() => {
                Record { number, raw, ..item }
            }
            _ => item,
        })
    }

    /// Writes a message field whose records are in all of `parts`, tags and length included.
    fn framed(
        &mut self,
        plan: &MessagePlan,
        field: &Field,
        parts: &[Range<usize>],
        depth: usize,
    ) -> Result<(), Fault> {
        let group = if plan.message_set { Some(1) } else { None };
        let group = group.or((field.kind == Kind::Group).then_some(field.number));
        if let Some(number) = group {
            self.out.tag(number, 4);
        }
        let before = self.out.len();
        self.message(field.message, parts, depth)?;
        if plan.message_set {
            self.out.length_since(before);
            self.out.tag(3, 2);
            self.out.varint(u64::from(field.number));
            self.out.tag(2, 0);
        } else if group.is_none() {
            self.out.length_since(before);
        }
        match group {
            Some(number) => self.out.tag(number, 3),
            None => self.out.bytes(field.tag()),
        }
        Ok(())
    }

    /// Writes a value that is neither message nor list, unless it is a zero that is not written.
    fn scalar(
        &mut self,
        field: &Field,
        start: usize,
        raw: &Raw,
        implicit: bool,
    ) -> Result<(), Fault> {
        let before = self.out.len();
        match raw {
            Raw::Len(bytes) => {
                let bytes = self.records.bytes(bytes.clone());
                let checked = field.kind == Kind::String && field.utf8;
                if checked && std::str::from_utf8(bytes).is_err() {
                    return Err(Fault::new(start, "the string is not UTF-8"));
                }
                if !(implicit && bytes.is_empty()) {
                    self.out.bytes(bytes);
                    self.out.varint(bytes.len() as u64);
                }
            }
            raw => {
                let bits = canonical(field.kind, bits(raw));
                if !(implicit && bits == 0) {
                    self.out.number(field.kind, bits);
                }
            }
        }
        if self.out.len() > before {
            self.out.bytes(field.tag());
        }
        Ok(())
    }

    /// Writes a list of numbers, packed or not.
    fn numbers<'r>(
        &mut self,
        field: &Field,
        values: impl DoubleEndedIterator<Item = &'r Record>,
    ) -> Result<(), Fault> {
        let before = self.out.len();
        let packed = field.arity == Arity::Packed;
        for record in values.rev() {
            let several = match &record.raw {
                Raw::Len(bytes) => self.elements(field.kind, record.start, bytes.clone())?,
                raw => vec![canonical(field.kind, bits(raw))],
            };
            for bits in several.into_iter().rev().filter(|bits| !is_no_value(field, *bits)) {
                self.out.number(field.kind, bits);
                if !packed {
                    self.out.bytes(field.tag());
                }
            }
        }
        if packed && self.out.len() > before {
            self.out.length_since(before);
            self.out.bytes(field.tag());
        }
        Ok(())
    }

    /// The numbers of a packed record.
    fn elements(&self, kind: Kind, start: usize, bytes: Range<usize>) -> Result<Vec<u64>, Fault> {
        let all = self.records.bytes(bytes.clone());
        let uneven = || Fault::new(start, "the list ends inside a number");
        match kind.wire_type() {
            1 => match all.as_chunks() {
                (numbers, []) => Ok(numbers.iter().map(|n| u64::from_le_bytes(*n)).collect()),
                _ => Err(uneven()),
            },
            5 => match all.as_chunks() {
                (numbers, []) => {
                    Ok(numbers.iter().map(|n| u64::from(u32::from_le_bytes(*n))).collect())
                }
                _ => Err(uneven()),
            },
            _ => {
                let (mut numbers, mut at) = (Vec::new(), bytes.start);
                while at < bytes.end {
                    let (bits, end) = self.records.varint(start, at, bytes.end)?;
                    numbers.push(canonical(kind, bits));
                    at = end;
                }
                Ok(numbers)
            }
        }
    }

    fn map<'r>(
        &mut self,
        field: &Field,
        values: impl Iterator<Item = &'r Record>,
        depth: usize,
    ) -> Result<(), Fault> {
        let [key_field, value_field] = field.entry.as_deref().expect("maps have entries");
        let mut entries = BTreeMap::new();
        for record in values {
            let Raw::Len(bytes) = &record.raw else { continue };
            let Some(entry) = self.entry(field, record.start, bytes.clone(), depth)? else {
                continue;
            };
            entries.insert(self.key(key_field.kind, entry.key.as_ref()), entry);
        }
        for (key, entry) in entries.iter().rev() {
            let before = self.out.len();
            let explain = |fault: Fault| {
                fault.within(|| match key {
                    Key::Signed(key) => format!("{}[\"{key}\"]", field.json_name),
                    Key::Unsigned(key) => format!("{}[\"{key}\"]", field.json_name),
                    Key::Text(key) => {
                        format!("{}[{:?}]", field.json_name, String::from_utf8_lossy(key))
                    }
                })
            };
            if value_field.kind.is_message() {
                let plan = self.plans.message(field.message);
                self.framed(plan, value_field, &entry.parts, depth + 2).map_err(explain)?;
            } else {
                self.scalar(value_field, entry.start, &entry.value, false).map_err(explain)?;
            }
            let key = entry.key.as_ref().unwrap_or(&zero(key_field)).clone();
            self.scalar(key_field, entry.start, &key, false).map_err(explain)?;
            self.out.length_since(before);
            self.out.bytes(field.tag());
        }
        Ok(())
    }

    /// An entry of a map; none where its value is a number that a closed enum lacks.
    fn entry(
        &mut self,
        field: &Field,
        start: usize,
        bytes: Range<usize>,
        depth: usize,
    ) -> Result<Option<Entry>, Fault> {
        let [key_field, value_field] = field.entry.as_deref().expect("maps have entries");
        let (mut key, mut value, mut parts) = (None, zero(value_field), Vec::new());
        let mut unknown = Vec::new();
        let mut at = bytes.start;
        while at < bytes.end {
            let record = self.records.next(at, bytes.end, depth + 1)?;
            at = record.end;
            match record.number {
                1 if self.takes(key_field, &record, &mut unknown, depth)? => {
                    key = Some(record.raw);
                }
                2 if record.raw.wire_type() != value_field.kind.wire_type() => {}
                2 if value_field.kind.is_message() => parts.push(content(&record)),
                2 if self.takes(value_field, &record, &mut unknown, depth)? => value = record.raw,
                2 => return Ok(None),
                _ => {}
            }
        }
        if parts.is_empty() {
            parts.push(start..start);
        }
        Ok(Some(Entry { start, key, value, parts }))
    }

    fn key(&self, kind: Kind, key: Option<&Raw>) -> Key<'a> {
        match key {
            Some(Raw::Len(bytes)) => Key::Text(self.records.bytes(bytes.clone())),
            None if kind == Kind::String => Key::Text(b""),
            key => {
                let bits = canonical(kind, key.map_or(0, bits));
                match kind {
                    Kind::Int32 | Kind::Int64 | Kind::Sfixed64 => Key::Signed(bits.cast_signed()),
                    Kind::Sfixed32 => Key::Signed(i64::from((bits as u32).cast_signed())),
                    Kind::Sint32 | Kind::Sint64 => {
                        Key::Signed((bits >> 1).cast_signed() ^ -((bits & 1).cast_signed()))
                    }
                    _ => Key::Unsigned(bits),
                }
            }
        }
    }
}

/// Where the value of a map's entry is.
struct Entry {
    start: usize,
    key: Option<Raw>,
    value: Raw,
    /// Of a message.
    parts: Vec<Range<usize>>,
}

/// Where the records of a message are, given the record of its field.
pub(crate) fn content(record: &Record) -> Range<usize> {
    match &record.raw {
        Raw::Len(range) | Raw::Group(range) => range.clone(),
        _ => record.end..record.end,
    }
}

pub(crate) fn bits(raw: &Raw) -> u64 {
    match raw {
        Raw::Varint(bits) | Raw::I64(bits) => *bits,
        Raw::I32(bits) => u64::from(*bits),
        Raw::Len(_) | Raw::Group(_) => 0,
    }
}

/// What a part of an entry is when the entry lacks it. Of a closed enum, the first value need not be 0.
fn zero(field: &Field) -> Raw {
    let first = || field.enumeration.as_ref()?.values.first();
    match field.kind.wire_type() {
        0 => Raw::Varint(first().map_or(0, |value| i64::from(value.number).cast_unsigned())),
        1 => Raw::I64(0),
        5 => Raw::I32(0),
        _ => Raw::Len(0..0),
    }
}

/// A number as its kind is written: readers drop the bits that it has no room for.
pub(crate) fn canonical(kind: Kind, bits: u64) -> u64 {
    match kind {
        Kind::Int32 | Kind::Enum => i64::from(bits as i32).cast_unsigned(),
        Kind::Uint32 | Kind::Sint32 => u64::from(bits as u32),
        Kind::Bool => u64::from(bits != 0),
        _ => bits,
    }
}

/// Whether the field is of a closed enum that has no value of this number.
pub(crate) fn is_no_value(field: &Field, bits: u64) -> bool {
    let lacks = |kind: &EnumPlan| kind.closed && kind.value(bits as i32).is_none();
    field.enumeration.as_deref().is_some_and(lacks)
}
