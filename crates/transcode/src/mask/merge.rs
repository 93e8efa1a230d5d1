//! Updates a wire in what a mask means from another one.

use super::apply::{Contents, Entry, Rest, contents, entry};
use super::{Key, Mask, Merging, Node};
use crate::canonical::content;
use crate::canonical::records::{Fault, Record, Records};
use crate::canonical::reverse::Reverse;
use crate::plan::{Arity, Field, Kind, MessageId, Plans};
use std::collections::BTreeMap;
use std::ops::Range;

pub(super) fn merge(
    mask: &Mask,
    from: &[u8],
    into: &[u8],
    merging: Merging,
    merged: &mut Vec<u8>,
) -> Result<(), Fault> {
    let max_depth = mask.limits.depth;
    let mut merge = Merge {
        plans: &mask.plans,
        from: Records::new(from, max_depth),
        into: Records::new(into, max_depth),
        merging,
        max_depth,
        out: Reverse::default(),
    };
    if mask.tree.whole {
        if merging == Merging::Combine {
            merged.extend_from_slice(into);
        }
        merged.extend_from_slice(from);
        return Ok(());
    }
    let all = |wire: &[u8]| std::iter::once(0..wire.len()).collect();
    let parts = Parts { from: all(from), into: all(into) };
    merge.message(&mask.tree, mask.root, &parts, 0)?;
    merge.out.append_to(merged);
    Ok(())
}

/// The last entry with a key in each wire, and where its content is.
type LastEntries = [Option<(Entry, Range<usize>)>; 2];

/// Where the records of a message are in each wire.
#[derive(Default)]
struct Parts {
    from: Vec<Range<usize>>,
    into: Vec<Range<usize>>,
}

/// The records of a field in each wire.
#[derive(Default)]
struct Pair {
    from: Vec<Record>,
    into: Vec<Record>,
}

impl Pair {
    fn parts(&self) -> Parts {
        let of = |records: &[Record]| records.iter().map(content).collect();
        Parts { from: of(&self.from), into: of(&self.into) }
    }
}

/// Goes through messages from their ends, so that the length of what is written is known when it is due.
struct Merge<'a> {
    plans: &'a Plans,
    from: Records<'a>,
    into: Records<'a>,
    merging: Merging,
    max_depth: usize,
    out: Reverse,
}

impl Merge<'_> {
    fn message(
        &mut self,
        node: &Node,
        id: MessageId,
        parts: &Parts,
        depth: usize,
    ) -> Result<(), Fault> {
        let plan = self.plans.message(id);
        let Contents { known: from, .. } = contents(
            &mut self.from,
            plan,
            node,
            &parts.from,
            Rest::Dropped,
            depth,
            self.max_depth,
        )?;
        let Contents { known: into, rest } =
            contents(&mut self.into, plan, node, &parts.into, Rest::Kept, depth, self.max_depth)?;
        let mut pairs: BTreeMap<u32, Pair> = BTreeMap::new();
        for record in from {
            pairs.entry(record.number).or_default().from.push(record);
        }
        for record in into {
            pairs.entry(record.number).or_default().into.push(record);
        }
        // What is updated comes after what is kept, so that a member of a oneof replaces another.
        for (number, pair) in pairs.iter().rev() {
            let (Some(index), Some(inner)) = (plan.by_number(*number), node.fields.get(number))
            else {
                continue;
            };
            let field = &plan.fields[usize::from(index)];
            let written = if inner.whole {
                self.whole(field, pair);
                Ok(())
            } else {
                match field.arity {
                    Arity::Map => self.map(inner, field, pair, depth + 1),
                    Arity::Singular { .. } => self.framed(inner, field, &pair.parts(), depth + 1),
                    Arity::Expanded | Arity::Packed => Err(unclear(pair)),
                }
            };
            written.map_err(|fault| fault.within(|| field.json_name.to_string()))?;
        }
        for record in rest.iter().rev() {
            self.out.bytes(self.into.bytes(record.start..record.end));
        }
        Ok(())
    }

    /// A field that is meant as a whole.
    fn whole(&mut self, field: &Field, pair: &Pair) {
        for record in pair.from.iter().rev() {
            self.out.bytes(self.from.bytes(record.start..record.end));
        }
        let joins = !matches!(field.arity, Arity::Singular { .. }) || field.kind.is_message();
        if joins && self.merging == Merging::Combine {
            for record in pair.into.iter().rev() {
                self.out.bytes(self.into.bytes(record.start..record.end));
            }
        }
    }

    /// The entries of a map of which some are meant.
    fn map(&mut self, node: &Node, field: &Field, pair: &Pair, depth: usize) -> Result<(), Fault> {
        if node.each.is_some() {
            return Err(unclear(pair));
        }
        let [_, value] = field.entry.as_deref().expect("maps have entries");
        // Of entries with the same key the last one counts.
        let mut meant: BTreeMap<Key, LastEntries> = BTreeMap::new();
        let mut kept = Vec::new();
        for record in &pair.from {
            let entry = entry(&mut self.from, field, content(record), depth)?;
            if node.keys.contains_key(&entry.key) {
                let key = entry.key.clone();
                meant.entry(key).or_default()[0] = Some((entry, content(record)));
            }
        }
        for record in &pair.into {
            let entry = entry(&mut self.into, field, content(record), depth)?;
            if node.keys.contains_key(&entry.key) {
                let key = entry.key.clone();
                meant.entry(key).or_default()[1] = Some((entry, content(record)));
            } else {
                kept.push(record);
            }
        }
        for (key, [from, into]) in meant.into_iter().rev() {
            let Some(inner) = node.keys.get(&key) else { continue };
            let before = self.out.len();
            match (from, into) {
                (Some((_, part)), _) if inner.whole => {
                    self.out.bytes(self.from.bytes(part));
                }
                _ if inner.whole => continue,
                (from, into) => {
                    let values = |entry: &Option<(Entry, Range<usize>)>| {
                        let values = entry.iter().flat_map(|(entry, _)| &entry.values);
                        values.map(content).collect()
                    };
                    let parts = Parts { from: values(&from), into: values(&into) };
                    self.framed(inner, value, &parts, depth + 1)?;
                    let (keys, records) = match (&from, &into) {
                        (_, Some((entry, _))) => (&entry.keys, &self.into),
                        (Some((entry, _)), None) => (&entry.keys, &self.from),
                        (None, None) => continue,
                    };
                    for key in keys.iter().rev() {
                        self.out.bytes(records.bytes(key.start..key.end));
                    }
                }
            }
            self.out.length_since(before);
            self.out.bytes(field.tag());
        }
        for record in kept.into_iter().rev() {
            self.out.bytes(self.into.bytes(record.start..record.end));
        }
        Ok(())
    }

    /// A message of which parts are meant, with what frames it; none where neither wire has it.
    fn framed(
        &mut self,
        node: &Node,
        field: &Field,
        parts: &Parts,
        depth: usize,
    ) -> Result<(), Fault> {
        if parts.from.is_empty() && parts.into.is_empty() {
            return Ok(());
        }
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

fn unclear(pair: &Pair) -> Fault {
    let offset = pair.from.first().or(pair.into.first()).map_or(0, |record| record.start);
    Fault::new(offset, "a mask for merging has to name all of it, not parts after a *")
}
