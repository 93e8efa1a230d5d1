//! Where the fields of a message are in its JSON text. Follows the text along plans; where the two part, the text is
//! passed over without a place for it.

use super::JsonSpan;
use crate::plan::{Arity, Field, Form, MessageId, Plans};
use std::collections::HashMap;

/// A value in the text.
pub(super) type NodeId = u32;

/// What leads from a value to one inside it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Step {
    /// From a message to a field, by number.
    Field(u32),
    /// From a list to an element.
    Index(usize),
    /// From a map to an entry; the key without quotes and escapes.
    Key(Box<[u8]>),
    /// From an entry of a map to its key and its value.
    EntryKey,
    EntryValue,
}

/// The values of a text that belong to fields, in the order in which they begin.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    steps: HashMap<(NodeId, Step), NodeId>,
}

#[derive(Debug)]
struct Node {
    span: JsonSpan,
    /// A well-known type with a form of its own: what it holds on the wire is all in here.
    leaf: bool,
    /// One past the last value inside it.
    inside: NodeId,
}

/// The message itself.
pub(super) const ROOT: NodeId = 0;

impl Tree {
    pub fn step(&self, from: NodeId, step: Step) -> Option<NodeId> {
        self.steps.get(&(from, step)).copied()
    }

    pub fn span(&self, node: NodeId) -> Option<JsonSpan> {
        self.nodes.get(node as usize).map(|node| node.span)
    }

    pub fn is_leaf(&self, node: NodeId) -> bool {
        self.nodes.get(node as usize).is_some_and(|node| node.leaf)
    }

    /// The values inside a value are those after it and before this.
    pub fn inside(&self, node: NodeId) -> NodeId {
        self.nodes.get(node as usize).map_or(node, |node| node.inside)
    }
}

/// Finds the values of a text.
pub(super) fn scan(plans: &Plans, root: MessageId, json: &[u8], max_depth: usize) -> Tree {
    let mut scan = Scan { plans, json, at: 0, blanks: 0, max_depth, tree: Tree::default() };
    scan.blank();
    let start = scan.mark();
    if let Some(node) = scan.open(start) {
        scan.message(node, root, 0);
        scan.close(node);
    }
    scan.tree
}

/// A place in the text, and how much white space between tokens is before it.
#[derive(Clone, Copy)]
struct Mark {
    at: usize,
    blanks: usize,
}

struct Scan<'a> {
    plans: &'a Plans,
    json: &'a [u8],
    at: usize,
    blanks: usize,
    max_depth: usize,
    tree: Tree,
}

impl Scan<'_> {
    fn mark(&self) -> Mark {
        Mark { at: self.at, blanks: self.blanks }
    }

    fn peek(&self) -> Option<u8> {
        self.json.get(self.at).copied()
    }

    fn blank(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
            self.blanks += 1;
        }
    }

    /// Goes past a byte, and white space after it, if it is the next one.
    fn takes(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        if there {
            self.at += 1;
            self.blank();
        }
        there
    }

    /// A value that began at `start` and whose own value begins here; its end is told to [`close`](Scan::close).
    fn open(&mut self, start: Mark) -> Option<NodeId> {
        let id = NodeId::try_from(self.tree.nodes.len()).ok()?;
        let at = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let span = JsonSpan {
            start: at(start.at),
            value: at(self.at),
            end: at(self.at),
            compact: at(start.blanks),
        };
        self.tree.nodes.push(Node { span, leaf: false, inside: id + 1 });
        Some(id)
    }

    /// The value ends here. White space after it is not gone past yet.
    fn close(&mut self, id: NodeId) {
        let inside = NodeId::try_from(self.tree.nodes.len()).unwrap_or(NodeId::MAX);
        if let Some(node) = self.tree.nodes.get_mut(id as usize) {
            let length = |from: u32, to: usize| u32::try_from(to).unwrap_or(u32::MAX) - from;
            // Until here `compact` had the white space before it.
            let blanks = length(node.span.compact, self.blanks);
            node.span.end = u32::try_from(self.at).unwrap_or(u32::MAX);
            node.span.compact = length(node.span.start, self.at) - blanks;
            node.inside = inside;
        }
    }

    fn leaf(&mut self, id: NodeId) {
        if let Some(node) = self.tree.nodes.get_mut(id as usize) {
            node.leaf = true;
        }
        self.pass();
    }

    fn link(&mut self, from: NodeId, step: Step, to: NodeId) {
        self.tree.steps.insert((from, step), to);
    }

    /// Reads what stands at `node` as a message.
    fn message(&mut self, node: NodeId, id: MessageId, depth: usize) {
        let plan = self.plans.message(id);
        if plan.form != Form::Object || self.peek() != Some(b'{') || depth >= self.max_depth {
            return self.leaf(node);
        }
        self.members(|scan, start, name| {
            let index = plan.names.find(name);
            let field = index.and_then(|index| plan.fields.get(usize::from(index)));
            match field.and_then(|field| Some((field, scan.open(start)?))) {
                Some((field, inner)) => {
                    scan.link(node, Step::Field(field.number), inner);
                    scan.field(inner, field, depth);
                    scan.close(inner);
                }
                None => scan.pass(),
            }
        });
    }

    /// Reads what stands at `node` as the value of a field.
    fn field(&mut self, node: NodeId, field: &Field, depth: usize) {
        match (field.arity, self.peek()) {
            (Arity::Map, Some(b'{')) => {
                let Some([_, value]) = field.entry.as_deref() else { return self.pass() };
                self.members(|scan, start, key| {
                    let (Some(entry), Some(name)) = (scan.open(start), scan.open(start)) else {
                        return scan.pass();
                    };
                    scan.named(name, start);
                    let here = scan.mark();
                    let Some(inner) = scan.open(here) else { return scan.pass() };
                    scan.link(node, Step::Key(key.into()), entry);
                    scan.link(entry, Step::EntryKey, name);
                    scan.link(entry, Step::EntryValue, inner);
                    scan.value(inner, value, depth);
                    scan.close(inner);
                    scan.close(entry);
                });
            }
            (Arity::Expanded | Arity::Packed, Some(b'[')) => self.elements(node, field, depth),
            (Arity::Singular { .. }, _) => self.value(node, field, depth),
            _ => self.pass(),
        }
    }

    /// Reads one value.
    fn value(&mut self, node: NodeId, field: &Field, depth: usize) {
        match field.kind.is_message() {
            true => self.message(node, field.message, depth + 1),
            false => self.pass(),
        }
    }

    fn elements(&mut self, node: NodeId, field: &Field, depth: usize) {
        self.takes(b'[');
        let mut index = 0;
        while self.peek().is_some_and(|byte| byte != b']') {
            let here = self.mark();
            let Some(inner) = self.open(here) else { return };
            self.link(node, Step::Index(index), inner);
            self.value(inner, field, depth);
            self.close(inner);
            index += 1;
            self.blank();
            if !self.takes(b',') {
                break;
            }
        }
        self.at += usize::from(self.peek() == Some(b']'));
    }

    /// Reads an object; `member` is told where a member begins and its name, and goes past its value.
    fn members(&mut self, mut member: impl FnMut(&mut Self, Mark, &[u8])) {
        self.takes(b'{');
        while self.peek() == Some(b'"') {
            let start = self.mark();
            self.string();
            let quoted = self.json.get(start.at..self.at).unwrap_or_default();
            let name: Vec<u8> = match quoted.contains(&b'\\') {
                true => serde_json::from_slice::<String>(quoted).unwrap_or_default().into_bytes(),
                false => quoted.get(1..quoted.len().max(2) - 1).unwrap_or_default().to_vec(),
            };
            self.blank();
            if !self.takes(b':') {
                return;
            }
            member(self, start, &name);
            self.blank();
            if !self.takes(b',') {
                break;
            }
        }
        self.at += usize::from(self.peek() == Some(b'}'));
    }

    /// Gives a node the name that begins at `start`.
    fn named(&mut self, id: NodeId, start: Mark) {
        let rest = self.json.get(start.at..self.at).unwrap_or_default();
        // Before the colon and what is around it.
        let end = rest.iter().rposition(|byte| *byte == b'"').map_or(0, |last| last + 1);
        if let Some(node) = self.tree.nodes.get_mut(id as usize) {
            let end = u32::try_from(start.at + end).unwrap_or(u32::MAX);
            let span = &mut node.span;
            *span = JsonSpan { value: span.start, end, compact: end - span.start, ..*span };
        }
    }

    fn string(&mut self) {
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == b'"' {
                break;
            }
        }
        self.at = self.at.min(self.json.len());
    }

    /// Goes past a value, counting the white space inside it.
    fn pass(&mut self) {
        let mut depth = 0usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => self.string(),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' if depth == 0 => return,
                b'}' | b']' => {
                    depth -= 1;
                    self.at += 1;
                }
                b',' if depth == 0 => return,
                byte if byte.is_ascii_whitespace() => {
                    if depth == 0 {
                        return;
                    }
                    self.blank();
                    continue;
                }
                b',' | b':' => {
                    self.at += 1;
                    continue;
                }
                _ => self.at += 1,
            }
            // A string, object or list ends the value; of a bare word it is what comes next.
            if depth == 0 && matches!(byte, b'"' | b'}' | b']') {
                return;
            }
        }
    }
}
