//! Path templates: the grammar in the comment of `google/api/http.proto`
//! (<https://github.com/googleapis/googleapis/blob/master/google/api/http.proto>).
//!
//! ```text
//! Template = "/" Segments [ ":" LITERAL ]
//! Segments = Segment { "/" Segment }
//! Segment  = "*" | "**" | LITERAL | "{" IDENT { "." IDENT } [ "=" Segments ] "}"
//! ```
//!
//! Beyond the comment, `**` may stand anywhere and any number of times, `/` alone is the root, and literals may hold `:`
//! where no verb is meant: before the last segment and in variables. A variable in a variable is refused.

use super::encoding;
use std::fmt;
use std::ops::Range;

/// How many segments a template may have; it bounds how deep matching recurses.
pub(crate) const MAX_SEGMENTS: usize = 64;

/// A template that was read.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    text: String,
    segments: Vec<Segment>,
    variables: Vec<Variable>,
    verb: Option<String>,
}

/// What one segment of a path, or several of them, must look like.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Segment {
    /// This text, percent-decoded.
    Literal(String),
    /// `*`: one segment that is not empty.
    One,
    /// `**`: any number of segments, none and empty ones included.
    Many,
}

/// A field that takes its value from the path.
#[derive(Clone, Debug)]
pub(crate) struct Variable {
    /// Names of fields from the request inwards.
    pub path: Vec<String>,
    /// Which segments of the template are its value.
    pub segments: Range<usize>,
    /// Where it begins in the text: the column, from 1 and in characters.
    pub column: usize,
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// What is wrong, in a sentence without a trailing full stop.
    pub message: String,
    /// Where: the column, from 1 and in characters.
    pub column: usize,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// What the grammar does not allow, with its column.
    pub fn parse(text: &str) -> Result<Template, Fault> {
        Parser { text, at: 0, segments: vec![], variables: vec![] }.template()
    }

    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// In the order of the text.
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// What comes after the `:` at the end, percent-decoded.
    pub fn verb(&self) -> Option<&str> {
        self.verb.as_deref()
    }

    /// Whether the value of a variable may hold slashes, so that `%2F` in it is not one: all variables but those of
    /// exactly one segment.
    pub fn is_multi(&self, variable: &Variable) -> bool {
        !matches!(
            self.segments.get(variable.segments.clone()),
            Some([Segment::One | Segment::Literal(_)])
        )
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

struct Parser<'t> {
    text: &'t str,
    /// Offset of the byte that comes next.
    at: usize,
    segments: Vec<Segment>,
    variables: Vec<Variable>,
}

impl<'t> Parser<'t> {
    fn template(mut self) -> Result<Template, Fault> {
        if !self.take('/') {
            return Err(self.fault("a template begins with `/`"));
        }
        let mut verb = None;
        if self.rest().is_empty() {
            self.segments.push(Segment::Literal(String::new()));
        } else {
            self.segments(false)?;
            verb = self.verb()?;
        }
        if !self.rest().is_empty() {
            return Err(self.fault(self.unexpected()));
        }
        let Parser { text, segments, variables, .. } = self;
        Ok(Template { text: text.to_owned(), segments, variables, verb })
    }

    fn segments(&mut self, inside: bool) -> Result<(), Fault> {
        loop {
            if self.segments.len() == MAX_SEGMENTS {
                let message = format!("a template has at most {MAX_SEGMENTS} segments");
                return Err(self.fault(message));
            }
            self.segment(inside)?;
            if !self.take('/') {
                return Ok(());
            }
        }
    }

    fn segment(&mut self, inside: bool) -> Result<(), Fault> {
        match self.peek() {
            Some('{') if inside => Err(self.fault("a variable inside of a variable")),
            Some('{') => self.variable(),
            Some('*') => {
                self.at += 1;
                let segment = if self.take('*') { Segment::Many } else { Segment::One };
                self.segments.push(segment);
                self.end_of_segment(inside)
            }
            _ => self.literal(inside),
        }
    }

    fn variable(&mut self) -> Result<(), Fault> {
        let column = self.column();
        self.at += 1;
        let start = self.segments.len();
        let mut path = vec![self.identifier()?];
        while self.take('.') {
            path.push(self.identifier()?);
        }
        if self.take('=') {
            self.segments(true)?;
        } else {
            self.segments.push(Segment::One);
        }
        if !self.take('}') {
            return Err(self.fault(match self.peek() {
                None => "the variable is not closed by `}`".to_owned(),
                Some(_) => self.unexpected(),
            }));
        }
        if self.variables.iter().any(|other| other.path == path) {
            let message = format!("the field `{}` has two variables", path.join("."));
            return Err(Fault { message, column });
        }
        self.variables.push(Variable { path, segments: start..self.segments.len(), column });
        self.end_of_segment(false)
    }

    fn identifier(&mut self) -> Result<String, Fault> {
        let rest = self.rest();
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let name = rest.get(..end).unwrap_or_default();
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(self.fault("the name of a field belongs here"));
        }
        self.at += end;
        Ok(name.to_owned())
    }

    /// A literal up to what ends its segment. At the end of the text, what follows its last `:` is left for the verb.
    fn literal(&mut self, inside: bool) -> Result<(), Fault> {
        let rest = self.rest();
        let end = rest.find(['/', '{', '}', '*']).unwrap_or(rest.len());
        let mut literal = rest.get(..end).unwrap_or_default();
        if !inside && end == rest.len() {
            literal = literal.rsplit_once(':').map_or(literal, |(literal, _)| literal);
        }
        if literal.is_empty() {
            return Err(self.fault(match self.peek() {
                None | Some('/' | ':') => "an empty segment".to_owned(),
                Some(_) => self.unexpected(),
            }));
        }
        let decoded = self.text(literal)?;
        self.at += literal.len();
        self.segments.push(Segment::Literal(decoded));
        self.end_of_segment(inside)
    }

    fn end_of_segment(&self, inside: bool) -> Result<(), Fault> {
        match self.peek() {
            None | Some('/') => Ok(()),
            Some(':') if !inside => Ok(()),
            Some('}') if inside => Ok(()),
            Some('*' | '{') => {
                Err(self.fault("`*`, `**` and variables are whole segments: `/` is missing"))
            }
            Some(_) => Err(self.fault(self.unexpected())),
        }
    }

    fn verb(&mut self) -> Result<Option<String>, Fault> {
        if !self.take(':') {
            return Ok(None);
        }
        let verb = self.rest();
        if verb.is_empty() {
            return Err(self.fault("a verb belongs behind the `:`"));
        }
        if let Some(wrong) = verb.find(['/', '{', '}', '*', ':']) {
            self.at += wrong;
            return Err(self.fault(format!("{} in a verb", self.unexpected())));
        }
        let decoded = self.text(verb)?;
        self.at = self.text.len();
        Ok(Some(decoded))
    }

    /// A piece of the text that begins here, percent-decoded.
    fn text(&self, piece: &str) -> Result<String, Fault> {
        let never = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '?' | '#');
        if let Some((at, c)) = piece.char_indices().find(|(_, c)| never(*c)) {
            return Err(self.fault_at(self.at + at, format!("a path never holds {c:?}")));
        }
        match encoding::decode(piece, encoding::Keep::Nothing) {
            Ok(decoded) => Ok(decoded.into_owned()),
            Err(fault) => Err(self.fault_at(
                self.at + fault.at,
                "a `%` without two hexadecimal digits, or not UTF-8",
            )),
        }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let taken = self.rest().starts_with(wanted);
        if taken {
            self.at += wanted.len_utf8();
        }
        taken
    }

    fn unexpected(&self) -> String {
        match self.peek() {
            Some(c) => format!("unexpected `{c}`"),
            None => "unexpected end".to_owned(),
        }
    }

    fn column(&self) -> usize {
        self.column_of(self.at)
    }

    fn column_of(&self, at: usize) -> usize {
        1 + self.text.get(..at).unwrap_or_default().chars().count()
    }

    fn fault(&self, message: impl Into<String>) -> Fault {
        self.fault_at(self.at, message)
    }

    fn fault_at(&self, at: usize, message: impl Into<String>) -> Fault {
        Fault { message: message.into(), column: self.column_of(at) }
    }
}
