//! Reads messages as far as a mask looks into them.

use super::{Key, Node};
use crate::canonical::records::{Fault, Raw, Record, Records, too_deep};
use crate::canonical::{bits, canonical, is_no_value};
use crate::plan::{Arity, Field, Kind, MessagePlan, NONE};
use std::ops::Range;

/// The records of a message in which a member of a oneof that another one replaced does not show.
#[derive(Default)]
pub(super) struct Contents {
    /// Records of fields that were asked for.
    pub known: Vec<Record>,
    /// All others.
    pub rest: Vec<Record>,
}

/// Which of the others to keep.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Rest {
    Kept,
    Dropped,
}

/// Reads the records that are in all of `parts`, sorted by whether `node` has their field.
pub(super) fn contents(
    records: &mut Records<'_>,
    plan: &MessagePlan,
    node: &Node,
    parts: &[Range<usize>],
    rest: Rest,
    depth: usize,
    max_depth: usize,
) -> Result<Contents, Fault> {
    if depth > max_depth {
        return Err(too_deep(parts.first().map_or(0, |part| part.start), max_depth));
    }
    let mut contents = Contents::default();
    // For each oneof, the member that came last, and how many records there were when it began to.
    let mut oneofs = vec![(NONE, (0, 0)); plan.oneofs.len()];
    for part in parts {
        let mut at = part.start;
        while at < part.end {
            let record = records.next(at, part.end, depth)?;
            at = record.end;
            let index = plan.by_number(record.number);
            let field = index.map(|index| &plan.fields[usize::from(index)]);
            let field = field.filter(|field| takes(field, &record));
            if let (Some(index), Some(field)) = (index, field)
                && let Some((last, since)) = oneofs.get_mut(usize::from(field.oneof))
                && *last != index
            {
                (*last, *since) = (index, (contents.known.len(), contents.rest.len()));
            }
            if field.is_some() && node.fields.contains_key(&record.number) {
                contents.known.push(record);
            } else if rest == Rest::Kept {
                contents.rest.push(record);
            }
        }
    }
    if oneofs.iter().any(|(last, _)| *last != NONE) {
        let dead = |record: &Record, place: usize, since: fn(&(usize, usize)) -> usize| {
            let Some(index) = plan.by_number(record.number) else { return false };
            let field = &plan.fields[usize::from(index)];
            let oneof = oneofs.get(usize::from(field.oneof));
            takes(field, record)
                && oneof.is_some_and(|(last, begin)| *last != index || place < since(begin))
        };
        retain(&mut contents.known, |record, place| !dead(record, place, |since| since.0));
        retain(&mut contents.rest, |record, place| !dead(record, place, |since| since.1));
    }
    Ok(contents)
}

fn retain(records: &mut Vec<Record>, keep: impl Fn(&Record, usize) -> bool) {
    let mut place = 0;
    records.retain(|record| {
        place += 1;
        keep(record, place - 1)
    });
}

/// Whether a record holds a value of the field; if not, it is an unknown one.
fn takes(field: &Field, record: &Record) -> bool {
    match &record.raw {
        Raw::Len(_) if field.arity == Arity::Map => true,
        Raw::Len(_) if field.is_list() && field.kind.is_packable() => true,
        raw if raw.wire_type() != field.kind.wire_type() => false,
        Raw::Varint(bits) => !is_no_value(field, canonical(field.kind, *bits)),
        _ => true,
    }
}

/// An entry of a map.
pub(super) struct Entry {
    pub key: Key,
    /// The records of the key, then of the value.
    pub keys: Vec<Record>,
    pub values: Vec<Record>,
}

/// Reads an entry.
pub(super) fn entry(
    records: &mut Records<'_>,
    field: &Field,
    content: Range<usize>,
    depth: usize,
) -> Result<Entry, Fault> {
    let [key_field, value_field] = field.entry.as_deref().expect("maps have entries");
    let (mut keys, mut values) = (Vec::new(), Vec::new());
    let mut at = content.start;
    while at < content.end {
        let record = records.next(at, content.end, depth + 1)?;
        at = record.end;
        match record.number {
            1 if takes(key_field, &record) => keys.push(record),
            2 if takes(value_field, &record) => values.push(record),
            _ => {}
        }
    }
    // The last one counts; an absent one is the default.
    let key = match keys.last().map(|record| &record.raw) {
        Some(Raw::Len(bytes)) => Key::Text(records.bytes(bytes.clone()).to_vec()),
        None if key_field.kind == Kind::String => Key::Text(Vec::new()),
        raw => Key::Number(canonical(key_field.kind, raw.map_or(0, bits))),
    };
    Ok(Entry { key, keys, values })
}
