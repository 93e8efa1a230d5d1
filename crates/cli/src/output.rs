//! What people read: problems on standard error, results on standard output.

use std::{
    io::{self, Write},
    process::ExitCode,
};
use wirelab_model::{Problem, ProblemKind};

/// A failure of the system under something that was tried.
pub fn io(what: &str, error: &io::Error) -> Problem {
    Problem::new(ProblemKind::Io, format!("{what}: {error}"))
}

/// One clear line on standard error.
pub fn problem(problem: &Problem) {
    let text = problem.to_string();
    let line: Vec<&str> = text.split_whitespace().collect();
    note(&format!("wirelab: {}", line.join(" ")));
}

/// A line on standard error.
pub fn note(line: &str) {
    // Without standard error there is nobody to tell.
    let _ = writeln!(io::stderr(), "{line}");
}

/// The same, and the exit code for it. A reader that has gone away (`| head`) is told nothing.
pub fn failed(failure: &Problem) -> ExitCode {
    if failure.kind == ProblemKind::Interrupted && failure.message == CLOSED {
        return ExitCode::SUCCESS;
    }
    problem(failure);
    ExitCode::FAILURE
}

const CLOSED: &str = "nobody reads standard output any longer";

/// A line, or several, on standard output, at once.
///
/// # Errors
/// When nobody reads it or it cannot be written.
pub fn print(text: &str) -> Result<(), Problem> {
    let mut out = io::stdout().lock();
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    let written = write!(out, "{text}{newline}").and_then(|()| out.flush());
    written.map_err(|error| unwritten(&error))
}

/// Why standard output could not be written.
pub fn unwritten(error: &io::Error) -> Problem {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Problem::new(ProblemKind::Interrupted, CLOSED),
        _ => self::io("cannot write to standard output", error),
    }
}

/// A value as indented JSON on standard output.
///
/// # Errors
/// As [`print`].
pub fn print_json(value: &impl serde::Serialize) -> Result<(), Problem> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Problem::new(ProblemKind::Internal, error.to_string()))?;
    print(&text)
}
