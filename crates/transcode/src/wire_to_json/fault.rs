//! What the merging path says when it cannot go on.

use super::Why;
use crate::{Error, Limits, path};

/// A reason with its place, which is completed on the way out of the nested messages.
#[derive(Debug)]
pub(super) struct Fault {
    why: Why,
    /// What the reason is about, such as the name of a type.
    about: String,
    /// First byte of the innermost field at fault.
    offset: Option<usize>,
    /// Innermost first.
    path: Vec<Piece>,
}

/// A step from a value to one inside it.
#[derive(Debug)]
pub(super) enum Piece {
    Field(String),
    Index(usize),
    Key(String),
}

impl From<Why> for Box<Fault> {
    #[cold]
    fn from(why: Why) -> Box<Fault> {
        Box::new(Fault { why, about: String::new(), offset: None, path: Vec::new() })
    }
}

impl Fault {
    pub fn about(why: Why, about: impl Into<String>) -> Box<Fault> {
        Box::new(Fault { why, about: about.into(), offset: None, path: Vec::new() })
    }

    /// In the field that begins at `offset`, unless a field inside it is to blame.
    pub fn at(mut self: Box<Fault>, offset: usize) -> Box<Fault> {
        self.offset.get_or_insert(offset);
        self
    }

    /// In the field of that name.
    pub fn within(self: Box<Fault>, name: &str) -> Box<Fault> {
        self.inside(Piece::Field(name.to_owned()))
    }

    pub fn inside(mut self: Box<Fault>, piece: Piece) -> Box<Fault> {
        self.path.push(piece);
        self
    }

    pub fn into_error(self, limits: &Limits) -> Error {
        if self.why == Why::Output {
            return too_long(limits.output);
        }
        let message = match self.why {
            Why::Careful => "the message cannot be read".to_owned(),
            Why::Cut => "the message ends in the middle of a field".to_owned(),
            Why::Varint => "a varint of more than ten bytes".to_owned(),
            Why::FieldNumber => "a field number that is not allowed".to_owned(),
            Why::WireType => "a wire type that does not exist".to_owned(),
            Why::EndGroup => "an end of a group that has not begun".to_owned(),
            Why::Packed => "packed values that end in the middle of one".to_owned(),
            Why::Utf8 => "text that is not UTF-8".to_owned(),
            Why::Depth => format!("messages nested more than {} deep", limits.depth.min(crate::DEEPEST)),
            Why::Output => String::new(),
            Why::Timestamp => {
                "a timestamp out of range: years 1 to 9999 and 0 to 999999999 nanoseconds are allowed"
                    .to_owned()
            }
            Why::Duration => {
                "a duration out of range: at most 315576000000 seconds, and nanoseconds of the same sign"
                    .to_owned()
            }
            Why::Mask => format!("the field mask path {:?} has no JSON form", self.about),
            Why::NotFinite => "a google.protobuf.Value cannot hold NaN or an infinity".to_owned(),
            Why::NoKind => "a google.protobuf.Value without a kind has no JSON form".to_owned(),
            Why::UnknownType => {
                format!("the type {:?} of an Any is not known here", self.about)
            }
        };
        let mut path = String::new();
        for piece in self.path.iter().rev() {
            match piece {
                Piece::Field(name) => path::push_field(&mut path, name),
                Piece::Index(index) => path::push_index(&mut path, *index),
                Piece::Key(key) => path::push_key(&mut path, key),
            }
        }
        Error::new(message).path_if_any(path).at_offset(self.offset.unwrap_or(0))
    }
}

/// The error of a text that passes the limit.
pub(super) fn too_long(limit: usize) -> Error {
    Error::new(format!("the JSON text is longer than {limit} bytes"))
}
