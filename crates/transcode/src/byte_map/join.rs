//! Joins a wire to its JSON text: which value of the text a field on the wire became. What a later field replaced
//! became none.

use super::json::{NodeId, ROOT, Step, Tree};
use super::{FieldSpan, JsonSpan};
use crate::plan::{Arity, Field, NONE};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// Where in the text what is on the wire is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Place {
    Nowhere,
    /// A value whose parts are somewhere in it.
    At(NodeId),
    /// A value that has all of its parts' bytes and no places of theirs.
    Within(NodeId),
}

/// What of which only the last counts.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Only {
    /// A scalar field, or a map's entry, by its value in the text.
    Value(NodeId),
    /// A oneof of the message at this value.
    Oneof(NodeId, u16),
}

#[derive(Default)]
pub(super) struct Join<'a> {
    tree: Option<&'a Tree>,
    /// How many elements of each list there were.
    elements: BTreeMap<NodeId, usize>,
    /// The spans of what may still be replaced, with the member of a oneof.
    held: HashMap<Only, (u32, Vec<Range<usize>>)>,
}

impl<'a> Join<'a> {
    pub fn new(tree: Option<&'a Tree>) -> Join<'a> {
        Join { tree, ..Join::default() }
    }

    /// Where the message itself is.
    pub fn root(&self) -> Place {
        let tree = self.tree.filter(|tree| tree.span(ROOT).is_some());
        tree.map_or(Place::Nowhere, |tree| settled(tree, ROOT))
    }

    pub fn span(&self, place: Place) -> Option<JsonSpan> {
        match place {
            Place::Nowhere => None,
            Place::At(node) | Place::Within(node) => self.tree?.span(node),
        }
    }

    /// Where a field of the message at `message` is; of a list or map, all of it.
    pub fn field(&self, message: Place, number: u32) -> Place {
        self.step(message, Step::Field(number))
    }

    /// Where the next element of a list is.
    pub fn element(&mut self, list: Place) -> Place {
        let Place::At(node) = list else { return list };
        let index = self.elements.entry(node).or_default();
        *index += 1;
        let index = *index - 1;
        self.step(list, Step::Index(index))
    }

    /// Where the entry of a map is.
    pub fn entry(&self, map: Place, key: &[u8]) -> Place {
        self.step(map, Step::Key(key.into()))
    }

    /// Where the key (1) or the value (2) of an entry is.
    pub fn part(&self, entry: Place, number: u32) -> Place {
        match number {
            1 => self.step(entry, Step::EntryKey),
            2 => self.step(entry, Step::EntryValue),
            _ => Place::Nowhere,
        }
    }

    fn step(&self, from: Place, step: Step) -> Place {
        match (from, self.tree) {
            (Place::At(node), Some(tree)) => {
                tree.step(node, step).map_or(Place::Nowhere, |node| settled(tree, node))
            }
            (Place::Within(node), _) => Place::Within(node),
            _ => Place::Nowhere,
        }
    }

    /// Takes the places of what a field at `place` replaces away; to be called before the field is gone through.
    /// `message` is where its message is.
    pub fn replace(
        &mut self,
        message: Place,
        field: &Field,
        place: Place,
        spans: &mut [FieldSpan],
    ) {
        if let (Place::At(message), true) = (message, field.oneof != NONE) {
            let only = Only::Oneof(message, field.oneof);
            let other = self.held.get(&only).is_some_and(|(number, _)| *number != field.number);
            if other {
                self.forget(only, spans);
            }
        }
        if let (Place::At(node), true) = (place, is_only(field)) {
            self.forget(Only::Value(node), spans);
            let inside = self.tree.map_or(node, |tree| tree.inside(node));
            let lists: Vec<_> = self.elements.range(node..inside).map(|(list, _)| *list).collect();
            for list in lists {
                self.elements.remove(&list);
            }
        }
    }

    fn forget(&mut self, only: Only, spans: &mut [FieldSpan]) {
        for range in self.held.remove(&only).map(|(_, ranges)| ranges).unwrap_or_default() {
            spans.get_mut(range).into_iter().flatten().for_each(|span| span.json = None);
        }
    }

    /// Notes the spans of a field, in case that something replaces it.
    pub fn hold(&mut self, message: Place, field: &Field, place: Place, spans: Range<usize>) {
        if self.tree.is_none() || spans.is_empty() {
            return;
        }
        let mut note = |only| {
            let (number, held) = self.held.entry(only).or_default();
            *number = field.number;
            held.push(spans.clone());
        };
        if let (Place::At(message), true) = (message, field.oneof != NONE) {
            note(Only::Oneof(message, field.oneof));
        }
        if let (Place::At(node), true) = (place, is_only(field)) {
            note(Only::Value(node));
        }
    }
}

/// Whether of several records only the last counts.
fn is_only(field: &Field) -> bool {
    match field.arity {
        Arity::Map => true,
        Arity::Singular { .. } => !field.kind.is_message(),
        Arity::Expanded | Arity::Packed => false,
    }
}

fn settled(tree: &Tree, node: NodeId) -> Place {
    if tree.is_leaf(node) { Place::Within(node) } else { Place::At(node) }
}
