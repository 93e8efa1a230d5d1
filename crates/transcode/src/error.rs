//! Why a conversion failed, and where.

/// Why a conversion failed: what happened, and where as far as it can be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    message: String,
    path: Option<String>,
    line_column: Option<(u32, u32)>,
    offset: Option<usize>,
}

impl Error {
    /// What happened, in a sentence without a trailing full stop.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The value it happened to, such as `items[2].price` or `labels["tier"]`; none for the message itself.
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// Where in the JSON text, both from 1, the column in characters: where the value or text at fault begins.
    pub fn line_column(&self) -> Option<(u32, u32)> {
        self.line_column
    }

    /// Where in the wire: the first byte of the field at fault.
    pub fn offset(&self) -> Option<usize> {
        self.offset
    }

    pub(crate) fn new(message: impl Into<String>) -> Error {
        Error { message: message.into(), path: None, line_column: None, offset: None }
    }

    pub(crate) fn path_if_any(mut self, path: String) -> Error {
        self.path = (!path.is_empty()).then_some(path);
        self
    }

    pub(crate) fn at_offset(mut self, offset: usize) -> Error {
        self.offset = Some(offset);
        self
    }

    /// Adds the place of a byte of `text`.
    pub(crate) fn at_byte(self, text: &[u8], at: usize) -> Error {
        let read = text.get(..at).unwrap_or(text);
        let begin = read.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let line = 1 + read.iter().filter(|byte| **byte == b'\n').count();
        let column = 1 + String::from_utf8_lossy(&read[begin..]).chars().count();
        Error {
            line_column: Some((
                u32::try_from(line).unwrap_or(u32::MAX),
                u32::try_from(column).unwrap_or(u32::MAX),
            )),
            ..self
        }
    }
}
