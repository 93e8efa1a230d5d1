//! Reduces a wire to what a mask means.

use super::apply::{Rest, contents, entry};
use super::{Mask, Node};
use crate::canonical::content;
use crate::canonical::records::{Fault, Records};
use crate::canonical::reverse::Reverse;
use crate::plan::{Arity, Field, Kind, MessageId, Plans};
use std::collections::BTreeMap;
use std::ops::Range;

pub(super) fn prune(mask: &Mask, wire: &[u8], pruned: &mut Vec<u8>) -> Result<(), Fault> {
    let max_depth = mask.limits.depth;
    let records = Records::new(wire, max_depth);
    let mut prune = Prune { plans: &mask.plans, records, max_depth, out: Reverse::default() };
    prune.message(&mask.tree, mask.root, std::slice::from_ref(&(0..wire.len())), 0)?;
    prune.out.append_to(pruned);
    Ok(())
}

/// Goes through messages from their ends, so that the length of what is kept is known when it is written.
struct Prune<'a> {
    plans: &'a Plans,
    records: Records<'a>,
    max_depth: usize,
    out: Reverse,
}

impl Prune<'_> {
    /// Writes what is meant of the message that is in all of `parts`.
    fn message(
        &mut self,
        node: &Node,
        id: MessageId,
        parts: &[Range<usize>],
        depth: usize,
    ) -> Result<(), Fault> {
        let plan = self.plans.message(id);
        let (records, max_depth) = (&mut self.records, self.max_depth);
        let found = contents(records, plan, node, parts, Rest::Dropped, depth, max_depth)?;
        // A message may come in several records, and is one only together.
        let mut split: BTreeMap<u32, Vec<Range<usize>>> = BTreeMap::new();
        for record in &found.known {
            split.entry(record.number).or_default().push(content(record));
        }
        for record in found.known.iter().rev() {
            let (Some(index), Some(inner)) =
                (plan.by_number(record.number), node.fields.get(&record.number))
            else {
                continue;
            };
            let field = &plan.fields[usize::from(index)];
            if inner.whole {
                self.out.bytes(self.records.bytes(record.start..record.end));
                continue;
            }
            let written = match field.arity {
                Arity::Map => self.entry(inner, field, content(record), depth + 1),
                Arity::Expanded | Arity::Packed => {
                    let Some(each) = &inner.each else { continue };
                    self.framed(each, field, std::slice::from_ref(&content(record)), depth + 1)
                }
                Arity::Singular { .. } => {
                    let Some(parts) = split.remove(&record.number) else { continue };
                    self.framed(inner, field, &parts, depth + 1)
                }
            };
            written.map_err(|fault| fault.within(|| field.json_name.to_string()))?;
        }
        Ok(())
    }

    /// Writes an entry of a map if it is meant.
    fn entry(
        &mut self,
        node: &Node,
        field: &Field,
        part: Range<usize>,
        depth: usize,
    ) -> Result<(), Fault> {
        let entry = entry(&mut self.records, field, part.clone(), depth)?;
        let Some(inner) = node.value(&entry.key) else { return Ok(()) };
        let before = self.out.len();
        if inner.whole {
            self.out.bytes(self.records.bytes(part));
        } else {
            let [_, value] = field.entry.as_deref().expect("maps have entries");
            let parts: Vec<_> = entry.values.iter().map(content).collect();
            if !parts.is_empty() {
                self.framed(inner, value, &parts, depth + 1)?;
            }
            for key in entry.keys.iter().rev() {
                self.out.bytes(self.records.bytes(key.start..key.end));
            }
        }
        self.out.length_since(before);
        self.out.bytes(field.tag());
        Ok(())
    }

    /// Writes a message with what frames it.
    fn framed(
        &mut self,
        node: &Node,
        field: &Field,
        parts: &[Range<usize>],
        depth: usize,
    ) -> Result<(), Fault> {
        if field.kind == Kind::Group {
            self.out.tag(field.number, 4);
        }
        let before = self.out.len();
        self.message(node, field.message, parts, depth)?;
        match field.kind {
            Kind::Group => self.out.tag(field.number, 3),
            _ => {
                self.out.length_since(before);
                self.out.bytes(field.tag());
            }
        }
        Ok(())
    }
}
