//! Why reading stopped, and where: made only then, from the inside out.

use super::{Reader, Step, Stop};
use crate::Error;
use crate::plan::{EnumPlan, Field, Kind};

/// No more of a value is shown in a message, in characters.
const SHOWN: usize = 40;

/// What happened, and to which byte of the text.
pub(super) struct Fault {
    message: String,
    at: Option<usize>,
    /// From the value at fault outwards, unless it is of no use.
    path: Option<Vec<Segment>>,
}

enum Segment {
    Field(String),
    Index(usize),
    Key(String),
}

impl Fault {
    /// A fault of the whole text.
    pub(super) fn nowhere(message: String) -> Fault {
        Fault { message, at: None, path: None }
    }

    pub(super) fn explain(self, json: &[u8]) -> Error {
        let mut path = String::new();
        for segment in self.path.iter().flatten().rev() {
            match segment {
                Segment::Field(name) => crate::path::push_field(&mut path, name),
                Segment::Index(index) => crate::path::push_index(&mut path, *index),
                Segment::Key(key) => crate::path::push_key(&mut path, key),
            }
        }
        let error = Error::new(self.message).path_if_any(path);
        match self.at {
            Some(at) => error.at_byte(json, at),
            None => error,
        }
    }
}

impl Reader<'_> {
    /// Stops reading for a fault of the text at `at`.
    #[cold]
    pub(super) fn fail(&mut self, at: usize, message: String) -> Step {
        self.fault = Some(Box::new(Fault { message, at: Some(at), path: Some(Vec::new()) }));
        Err(Stop)
    }

    /// Stops because what is at `at` is not JSON, or is not what has to follow here.
    #[cold]
    pub(super) fn unexpected(&mut self, at: usize, wanted: &str) -> Step {
        let message = match self.json.get(at..).map(|rest| (rest, rest.first())) {
            Some((rest, Some(_))) => {
                format!("expected {wanted}, found {}", shown(rest.utf8_chunks().next()))
            }
            _ => format!("the text ends where {wanted} is expected"),
        };
        self.fail(at, message)
    }

    /// Stops because the value at `at` is not of the kind that is wanted, or is no value at all.
    #[cold]
    pub(super) fn mismatch(&mut self, at: usize, wanted: &str) -> Step {
        let found = match self.byte(at) {
            b'{' => "an object".to_owned(),
            b'[' => "an array".to_owned(),
            b'"' | b't' | b'f' | b'n' | b'-' | b'0'..=b'9' => match self.skip_scalar(at) {
                Ok(end) => {
                    let text = String::from_utf8_lossy(&self.json[at..end]);
                    match text.as_bytes().first() {
                        Some(b'"') => format!("the string {}", cut(&text)),
                        Some(b'-' | b'0'..=b'9') => format!("the number {}", cut(&text)),
                        _ => text.into_owned(),
                    }
                }
                Err(stop) => return Err(stop),
            },
            _ => return self.unexpected(at, wanted),
        };
        self.fail(at, format!("expected {wanted}, found {found}"))
    }

    /// Stops because a number at `at` is not one of the kind.
    #[cold]
    pub(super) fn not_a_number(
        &mut self,
        at: usize,
        field: &Field,
        why: super::scalar::Why,
    ) -> Step {
        use super::scalar::Why;
        let name = field.enumeration.as_ref().map_or(field.kind.name(), |plan| &plan.name);
        let wanted = match field.kind {
            Kind::Float | Kind::Double => format!("a number of type {name}"),
            _ => format!("an integer of type {name}"),
        };
        match why {
            Why::Grammar => match self.byte(at) {
                b'"' => {
                    let end = self.skip_scalar(at)?;
                    let text = String::from_utf8_lossy(&self.json[at..end]);
                    let text = cut(&text);
                    self.fail(at, format!("expected {wanted}, found the string {text}"))
                }
                b'-' | b'0'..=b'9' => {
                    // Skipping says what is wrong with the number itself, if that is it.
                    self.skip_scalar(at)?;
                    self.fail(at, format!("expected {wanted}"))
                }
                _ => self.mismatch(at, &wanted),
            },
            Why::Fraction => self.fail(at, format!("the number is not an integer of type {name}")),
            Why::Range => self.fail(at, format!("the number does not fit the type {name}")),
        }
    }

    #[cold]
    pub(super) fn no_field(&mut self, at: usize, message: &str, name: &str) -> Step {
        self.no_member(at, &format!("{message} has no field"), name)
    }

    #[cold]
    pub(super) fn no_member(&mut self, at: usize, message: &str, name: &str) -> Step {
        let stop = self.fail(at, format!("{message} {name:?}"));
        self.within(Segment::Field(name.to_owned()));
        stop
    }

    #[cold]
    pub(super) fn no_enum_name(&mut self, at: usize, plan: &EnumPlan, name: &[u8]) -> Step {
        let name = String::from_utf8_lossy(name);
        self.fail(at, format!("{} has no value {name:?}", plan.name))
    }

    #[cold]
    pub(super) fn too_deep(&mut self, at: usize) -> Step {
        let message = format!("the JSON text is nested more than {} deep", self.depth);
        let stop = self.fail(at, message);
        if let Some(fault) = &mut self.fault {
            // A path as deep as that tells nobody anything.
            fault.path = None;
        }
        stop
    }

    /// Says on the way up that the fault is inside a field.
    #[cold]
    pub(super) fn within_field(&mut self, field: &Field, stop: Stop) -> Stop {
        self.within(Segment::Field(field.json_name.to_string()));
        stop
    }

    /// Says on the way up that the fault is inside a member of an object that is no message.
    #[cold]
    pub(super) fn within_name(&mut self, name: &str, stop: Stop) -> Stop {
        self.within(Segment::Field(name.to_owned()));
        stop
    }

    /// Says on the way up that the fault is inside an element of a list.
    #[cold]
    pub(super) fn within_index(&mut self, index: usize, stop: Stop) -> Stop {
        self.within(Segment::Index(index));
        stop
    }

    /// Says on the way up that the fault is inside an entry of a map, given where its key is.
    #[cold]
    pub(super) fn within_key(&mut self, key_at: usize, stop: Stop) -> Stop {
        if let Some(key) = self.name_again(key_at) {
            self.within(Segment::Key(key));
        }
        stop
    }

    /// Says on the way up that the fault is inside a member of a `Struct`, given where its name is.
    #[cold]
    pub(super) fn within_member(&mut self, name_at: usize, stop: Stop) -> Stop {
        if let Some(name) = self.name_again(name_at) {
            self.within(Segment::Field(name));
        }
        stop
    }

    /// What a name says that was read before.
    fn name_again(&mut self, at: usize) -> Option<String> {
        let fault = self.fault.take();
        let name = self.name_at(at).ok();
        self.fault = fault;
        name
    }

    fn within(&mut self, segment: Segment) {
        if let Some(Fault { path: Some(path), .. }) = self.fault.as_deref_mut() {
            path.push(segment);
        }
    }
}

/// The first character of what is there, in quotes.
fn shown(chunk: Option<std::str::Utf8Chunk<'_>>) -> String {
    let Some(chunk) = chunk else { return "nothing".to_owned() };
    match chunk.valid().chars().next() {
        Some(character) => format!("{character:?}"),
        None => "bytes that are not UTF-8".to_owned(),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
