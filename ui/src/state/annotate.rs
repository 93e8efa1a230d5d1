//! What each line of a message's JSON text is, by its type: the field it belongs to, named as the byte map names it,
//! and a hint where the text does not show the type (64-bit integers are strings in ProtoJSON).
//!
//! Owns one walk along text and type. Tolerant: where they part, lines are left without notes. Knows no screen.

use crate::state::highlight::{Document, TokenKind, tokens};
use wirelab_model::{Cardinality, FieldType, FormTypes, Scalar, WellKnown};

/// Longer texts get no notes, bytes: the walk goes over the whole text at once.
pub const MAX_TEXT_BYTES: usize = 1 << 20;

/// Deeper nesting gets no notes.
const MAX_DEPTH: usize = 128;

/// What a line is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// `stock.bins[1].count`, the path of the first value that begins in the line.
    pub path: String,
    /// `int64` where a string is an integer.
    pub hint: Option<&'static str>,
}

/// One note a line, for the ProtoJSON text of a `types.root`; empty when the text is too long.
pub fn annotate(document: &Document, types: &FormTypes) -> Vec<Note> {
    if document.text().len() > MAX_TEXT_BYTES {
        return Vec::new();
    }
    let root = Slot { path: String::new(), shape: Shape::One(message(&types.root)) };
    let mut walk = Walk { types, frames: Vec::new(), next: Some(root) };
    (0..document.len())
        .map(|index| {
            let line = document.line(index).and_then(|range| document.text().get(range));
            walk.line(line.unwrap_or_default())
        })
        .collect()
}

/// The type at a place of the text; none where it is not known, and below.
type Type = Option<FieldType>;

#[derive(Clone)]
enum Shape {
    One(Type),
    List(Type),
    Map(Type),
}

/// A value about to begin.
#[derive(Clone)]
struct Slot {
    path: String,
    shape: Shape,
}

/// An object or list that is open.
enum Frame {
    Object { path: String, message: Option<String> },
    Map { path: String, value: Type },
    List { path: String, element: Type, index: u64 },
}

struct Walk<'a> {
    types: &'a FormTypes,
    frames: Vec<Frame>,
    next: Option<Slot>,
}

impl Walk<'_> {
    fn line(&mut self, line: &str) -> Note {
        let mut note = Note::default();
        for token in tokens(line) {
            let text = line.get(token.range).unwrap_or_default();
            match token.kind {
                TokenKind::Key => {
                    self.next = self.member(text);
                    self.name(&mut note);
                }
                TokenKind::Plain => text.bytes().for_each(|byte| self.punctuation(byte, &mut note)),
                TokenKind::Text | TokenKind::Number | TokenKind::Keyword => {
                    self.name(&mut note);
                    let integer = match self.next.take() {
                        Some(Slot { shape: Shape::One(ty), .. }) => self.integer(ty.as_ref()),
                        _ => None,
                    };
                    if token.kind == TokenKind::Text && note.hint.is_none() {
                        note.hint = integer;
                    }
                }
            }
        }
        note
    }

    /// Gives the line the name of the value about to begin unless it has one.
    fn name(&self, note: &mut Note) {
        if let (true, Some(slot)) = (note.path.is_empty(), &self.next) {
            note.path.clone_from(&slot.path);
        }
    }

    fn punctuation(&mut self, byte: u8, note: &mut Note) {
        match byte {
            b'{' | b'[' if self.frames.len() < MAX_DEPTH => {
                self.name(note);
                let slot = self.next.take();
                let slot = slot.unwrap_or(Slot { path: String::new(), shape: Shape::One(None) });
                self.frames.push(open(slot, byte == b'['));
                self.next = self.element();
            }
            b'}' | b']' => {
                self.frames.pop();
                self.next = None;
            }
            b',' => {
                if let Some(Frame::List { index, .. }) = self.frames.last_mut() {
                    *index += 1;
                }
                self.next = self.element();
            }
            _ => {}
        }
    }

    /// The next element when a list is open.
    fn element(&self) -> Option<Slot> {
        match self.frames.last()? {
            Frame::List { path, element, index } => Some(Slot {
                path: if path.is_empty() { String::new() } else { format!("{path}[{index}]") },
                shape: Shape::One(element.clone()),
            }),
            _ => None,
        }
    }

    /// The value of the member with this quoted name.
    fn member(&self, quoted: &str) -> Option<Slot> {
        let key: String = serde_json::from_str(quoted).ok()?;
        match self.frames.last()? {
            Frame::Object { path, message } => {
                let shape = self.types.messages.get(message.as_ref()?)?;
                let field = shape.fields.iter().find(|f| f.json_name == key || f.name == key)?;
                let path = match path.as_str() {
                    "" => field.name.clone(),
                    path => format!("{path}.{}", field.name),
                };
                let ty = Some(field.ty.clone());
                let shape = match field.cardinality {
                    Cardinality::Repeated => Shape::List(ty),
                    Cardinality::Map(_) => Shape::Map(ty),
                    _ => Shape::One(ty),
                };
                Some(Slot { path, shape })
            }
            Frame::Map { path, value } => {
                let path = format!("{path}[{key:?}]");
                Some(Slot { path, shape: Shape::One(value.clone()) })
            }
            Frame::List { .. } => None,
        }
    }

    /// The name of a 64-bit integer type.
    fn integer(&self, ty: Option<&FieldType>) -> Option<&'static str> {
        let scalar = match ty? {
            FieldType::Scalar(scalar) => *scalar,
            FieldType::Message(name) => match self.types.messages.get(name)?.well_known? {
                WellKnown::Wrapper(scalar) => scalar,
                _ => return None,
            },
            FieldType::Enum(_) => return None,
        };
        scalar.is_64_bit_integer().then(|| Scalar::name(scalar))
    }
}

fn message(name: &str) -> Type {
    Some(FieldType::Message(name.to_owned()))
}

fn open(slot: Slot, list: bool) -> Frame {
    let Slot { path, shape } = slot;
    match (shape, list) {
        (Shape::List(element), true) => Frame::List { path, element, index: 0 },
        (Shape::Map(value), false) => Frame::Map { path, value },
        (Shape::One(Some(FieldType::Message(name))), false) => {
            Frame::Object { path, message: Some(name) }
        }
        // A list inside a `ListValue`, or text that is not the message: its places have no names of their own.
        (_, true) => Frame::List { path: String::new(), element: None, index: 0 },
        (_, false) => Frame::Object { path, message: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wirelab_model::{FieldShape, MessageShape};

    fn field(name: &str, json: &str, cardinality: Cardinality, ty: FieldType) -> FieldShape {
        FieldShape {
            name: name.to_owned(),
            json_name: json.to_owned(),
            number: 1,
            docs: String::new(),
            deprecated: false,
            cardinality,
            ty,
            oneof: None,
            behavior_required: false,
        }
    }

    fn types() -> FormTypes {
        use Cardinality::{Implicit, Map, Repeated};
        let int64 = FieldType::Scalar(Scalar::Int64);
        let node = FieldType::Message("Node".to_owned());
        let wrapper = FieldType::Message("google.protobuf.UInt64Value".to_owned());
        let fields = vec![
            field("on_hand", "onHand", Implicit, int64.clone()),
            field("note", "note", Implicit, FieldType::Scalar(Scalar::String)),
            field("ids", "ids", Repeated, int64.clone()),
            field("by_key", "byKey", Map(Scalar::String), int64),
            field("child", "child", Implicit, node.clone()),
            field("children", "children", Repeated, node),
            field("big", "big", Implicit, wrapper),
        ];
        let mut types = FormTypes { root: "Node".to_owned(), ..FormTypes::default() };
        let shape = MessageShape { name: "Node".to_owned(), fields, ..MessageShape::default() };
        types.messages.insert("Node".to_owned(), shape);
        let big = WellKnown::Wrapper(Scalar::Uint64);
        let shape = MessageShape { well_known: Some(big), ..MessageShape::default() };
        types.messages.insert("google.protobuf.UInt64Value".to_owned(), shape);
        types
    }

    /// Notes as `path:hint`, one a line.
    fn check(json: &str, expected: &[&str]) {
        let notes = annotate(&Document::new(json.to_owned()), &types());
        let shown: Vec<_> =
            notes.iter().map(|n| format!("{}:{}", n.path, n.hint.unwrap_or(""))).collect();
        assert_eq!(shown, expected, "{json}");
    }

    #[test]
    fn names_fields_and_hints_at_integers() {
        check("{\n \"onHand\": \"1\",\n \"note\": \"1\"\n}", &[":", "on_hand:int64", "note:", ":"]);
        check("{\n \"on_hand\": 1\n}", &[":", "on_hand:", ":"]);
        check(
            "{\n\"ids\": [\n\"1\",\n\"2\"\n],\n\"big\": \"3\"\n}",
            &[":", "ids:", "ids[0]:int64", "ids[1]:int64", ":", "big:uint64", ":"],
        );
        check(
            "{\n\"byKey\": {\n\"a\": \"1\"\n},\n\"note\": \"x\"\n}",
            &[":", "by_key:", "by_key[\"a\"]:int64", ":", "note:", ":"],
        );
        check(
            "{\n\"child\": {\n\"children\": [\n{\n\"onHand\": \"1\"\n},\n{}\n]\n}\n}",
            &[
                ":",
                "child:",
                "child.children:",
                "child.children[0]:",
                "child.children[0].on_hand:int64",
                ":",
                "child.children[1]:",
                ":",
                ":",
                ":",
            ],
        );
    }

    #[test]
    fn what_does_not_match_has_no_notes() {
        check("{\n\"strange\": {\n\"onHand\": \"1\"\n}\n}", &[":", ":", ":", ":", ":"]);
        check("]]}}\n\"onHand\": \"1\"", &[":", ":"]);
        check("[\n[\n\"1\"\n]\n]", &[":", ":", ":", ":", ":"]);
        check("not json at all", &[":"]);
        check(&"{\"child\":".repeat(500), &["child:"]);
    }
}
