//! Problems of one source: collected in any order, told the gravest first. Knows the errors of protox and
//! prost-reflect and where they point.

use crate::edition::Fault;
use miette::Diagnostic;
use prost_types::source_code_info::Location;
use wirelab_model::{Problem, ProblemKind, Span};

/// How many problems of a source are kept; the rest is counted.
const MAX_PROBLEMS: usize = 1_000;
/// How many problems of one file are kept: a parser that lost its way reports more than anyone reads.
const MAX_PROBLEMS_A_FILE: usize = 10;

/// What went wrong while a source loaded.
#[derive(Default)]
pub(crate) struct Problems {
    causes: Vec<Problem>,
    consequences: Vec<Problem>,
}

impl Problems {
    /// Something wrong in its own right.
    pub(crate) fn cause(&mut self, problem: Problem) {
        self.causes.push(problem);
    }

    /// Something wrong only because of something else.
    pub(crate) fn consequence(&mut self, problem: Problem) {
        self.consequences.push(problem);
    }

    /// Whether all went well so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.causes.is_empty() && self.consequences.is_empty()
    }

    pub(crate) fn extend(&mut self, problems: impl IntoIterator<Item = Problem>) {
        self.causes.extend(problems);
    }

    /// The gravest first, then by file and place.
    pub(crate) fn into_sorted(mut self) -> Vec<Problem> {
        self.causes.sort_by(|a, b| key(a).cmp(&key(b)));
        self.causes.dedup();
        self.consequences.sort_by(|a, b| key(a).cmp(&key(b)));
        let mut all = self.causes;
        all.append(&mut self.consequences);
        if all.len() > MAX_PROBLEMS {
            let more = all.len() - MAX_PROBLEMS;
            all.truncate(MAX_PROBLEMS);
            let message = format!("{more} more problems are not listed");
            all.push(Problem::new(ProblemKind::TooLarge, message).help("Fix some of these first"));
        }
        all
    }
}

fn key(problem: &Problem) -> (u8, Option<&str>, Option<Span>, &str) {
    let gravity = match problem.kind {
        ProblemKind::Io | ProblemKind::NotFound | ProblemKind::Damaged => 0,
        ProblemKind::TooLarge => 1,
        ProblemKind::Syntax => 2,
        ProblemKind::ImportCycle => 3,
        ProblemKind::MissingImport => 4,
        _ => 5,
    };
    (gravity, problem.path.as_deref(), problem.span, &problem.message)
}

/// Line and column, from 1 and in characters, of a byte offset.
pub(crate) fn place(text: &str, offset: usize) -> Span {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = text.get(..offset).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |i| i + 1);
    let line = before.bytes().filter(|&b| b == b'\n').count();
    let column = before.get(line_start..).unwrap_or_default().chars().count();
    Span { line: to_u32(line + 1), column: to_u32(column + 1) }
}

/// As [`place`], from a descriptor's line and byte column, both from 0.
pub(crate) fn place_of_span(text: &str, span: &[i32]) -> Option<Span> {
    let &[line, column, ..] = span else { return None };
    let line_text = text.split('\n').nth(usize::try_from(line).ok()?)?;
    let column = usize::try_from(column).ok()?;
    let chars = line_text.char_indices().take_while(|(i, _)| *i < column).count();
    Some(Span { line: to_u32(line as usize + 1), column: to_u32(chars + 1) })
}

fn to_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// The problems of `error` and those related to it, placed in `text`; `moved` gives the offset in it of an offset
/// that the error tells.
pub(crate) fn from_diagnostic(
    kind: ProblemKind,
    error: &dyn Diagnostic,
    first: Option<Span>,
    text: &str,
    moved: impl Fn(usize) -> usize,
) -> Vec<Problem> {
    let one = |error, span| one(kind, error, span, text, &moved);
    let mut problems = vec![one(error, first)];
    // When one name is defined elsewhere, so is probably the whole file.
    let is_elsewhere = |message: &str| message.contains(" is already defined in file '");
    let mut elsewhere = usize::from(is_elsewhere(&error.to_string()));
    for related in error.related().into_iter().flatten() {
        if is_elsewhere(&related.to_string()) {
            elsewhere += 1;
            if elsewhere > 1 {
                continue;
            }
        }
        // Placing an error reads the text up to it: not for each of many thousands.
        if problems.len() < MAX_PROBLEMS_A_FILE {
            problems.push(one(related, None));
        }
    }
    if let Some(problem) = problems.iter_mut().find(|p| is_elsewhere(&p.message)) {
        if elsewhere > 1 {
            problem.message += &format!(", and so are {} more of its names", elsewhere - 1);
        }
        problem.help.get_or_insert_with(|| "Load the two files as separate sources".to_owned());
    }
    problems
}

/// What an edition does not allow, at the place of the innermost definition or option around it.
pub(crate) fn from_fault(fault: &Fault, places: &[Location], text: &str) -> Problem {
    let around = places.iter().filter(|place| fault.path.starts_with(&place.path));
    let place = around.max_by_key(|place| place.path.len());
    let span = place.and_then(|place| place_of_span(text, &place.span));
    let problem = Problem::new(ProblemKind::Invalid, &fault.message).help(&fault.help);
    Problem { span, ..problem }
}

fn one(
    kind: ProblemKind,
    error: &dyn Diagnostic,
    span: Option<Span>,
    text: &str,
    moved: impl Fn(usize) -> usize,
) -> Problem {
    let mut message = error.to_string();
    if let Some(source) = error.diagnostic_source() {
        message = format!("{message}: {source}");
    }
    let mut problem = Problem::new(kind, message);
    problem.help = error.help().map(|help| help.to_string());
    problem.span = span.or_else(|| label(error).map(|offset| place(text, moved(offset))));
    if problem.span.is_none() && problem.message.ends_with("reached end of file") {
        problem.span = Some(place(text, text.trim_end().len()));
    }
    problem
}

/// The offset that an error is about: of "defined here" and "found here" the second, of a pair the later.
fn label(error: &dyn Diagnostic) -> Option<usize> {
    let labels: Vec<_> = error.labels()?.collect();
    let about = |l: &&miette::LabeledSpan| {
        l.label().is_some_and(|text| text.starts_with("found") || text.contains("again"))
    };
    labels.iter().find(about).or(labels.last()).map(|l| l.offset())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters() {
        let text = "ab\nπρο c\n\nz";
        for (offset, line, column) in
            [(0, 1, 1), (2, 1, 3), (3, 2, 1), (5, 2, 2), (10, 2, 5), (12, 3, 1), (99, 4, 2)]
        {
            assert_eq!(place(text, offset), Span { line, column }, "offset {offset}");
        }
        assert_eq!(place(text, 4), Span { line: 2, column: 1 }, "in the middle of a character");
        assert_eq!(place_of_span(text, &[1, 7, 8]), Some(Span { line: 2, column: 5 }));
        assert_eq!(place_of_span(text, &[9, 0, 1]), None);
    }
}
