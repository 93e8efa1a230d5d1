//! Where a message is in its stream, and what is wrong with it there.

use wirelab_model::{Problem, ProblemKind};
use wirelab_transcode::Error;

/// What problems call standard input.
pub const STDIN: &str = "standard input";

/// Where a message is in its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What the stream is called.
    pub stream: String,
    /// Which one, from 1; none when the stream is one message.
    pub number: Option<u64>,
    /// Bytes before its first.
    pub offset: u64,
    /// Line of its first byte, from 1.
    pub line: u64,
    /// Characters before its first byte on that line.
    pub column: u64,
}

impl Place {
    /// `standard input, record 3`.
    pub fn name(&self) -> String {
        match self.number {
            Some(number) => format!("{}, record {number}", self.stream),
            None => self.stream.clone(),
        }
    }
}

/// Why a JSON text is not the message; line and column are the stream's.
pub fn refused(place: &Place, error: &Error) -> Problem {
    let problem = Problem::new(ProblemKind::Mismatch, told(error)).at(place.name());
    match error.line_column() {
        Some((line, column)) => {
            let before = if line == 1 { place.column } else { 0 };
            problem.span(
                u32::try_from(place.line + u64::from(line) - 1).unwrap_or(u32::MAX),
                u32::try_from(before + u64::from(column)).unwrap_or(u32::MAX),
            )
        }
        None => problem,
    }
}

/// Why bytes are not the message `name`, which begins `before` bytes into its stream; the offset is the stream's.
pub fn unreadable(name: &str, before: u64, error: &Error) -> Problem {
    let at = match error.offset() {
        Some(offset) => format!("{name}, byte {}", before + offset as u64),
        None => name.to_owned(),
    };
    Problem::new(ProblemKind::Mismatch, told(error)).at(at)
}

/// What happened, and to which field.
fn told(error: &Error) -> String {
    match error.path() {
        Some(path) => format!("{path}: {}", error.message()),
        None => error.message().to_owned(),
    }
}
