//! One `.proto` text to a descriptor whose names are not resolved yet. Knows no files.

use super::limits::MAX_NESTING;
use crate::builtin::{self, Builtin};
use crate::edition::{self, Edition, Said, Unknown};
use crate::lex::{is_word, skip, word};
use crate::problem::{from_diagnostic, from_fault, place, place_of_span};
use prost_types::{FileDescriptorProto, source_code_info::Location};
use protox::file::File;
use std::{
    borrow::Cow,
    collections::BTreeMap,
    ops::Range,
    sync::{Mutex, PoisonError},
};
use wirelab_model::{Problem, ProblemKind, Span};

/// Path of the imports in the descriptor of a file.
const DEPENDENCY: i32 = 3;

/// A text that parsed.
#[derive(Clone)]
pub(super) struct Parsed {
    /// The descriptor; of its places only those with comments are left, which is a tenth of the memory.
    pub(super) descriptor: FileDescriptorProto,
    /// The edition, and what the descriptor does not say of the file.
    pub(super) edition: Option<Box<(Edition, Said)>>,
    /// Where each import stands.
    pub(super) import_spans: Vec<Option<Span>>,
}

/// Parses `text`; the problems name no file.
pub(super) fn parse(text: &str) -> Result<Parsed, Vec<Problem>> {
    let mut parsed = parse_whole("", text)?;
    let import_spans = &mut parsed.import_spans;
    if let Some(info) = &mut parsed.descriptor.source_code_info {
        for location in &info.location {
            if let [DEPENDENCY, index] = location.path[..]
                && let Some(slot) =
                    usize::try_from(index).ok().and_then(|i| import_spans.get_mut(i))
            {
                *slot = place_of_span(text, &location.span);
            }
        }
        info.location.retain(|l| l.leading_comments.is_some() || l.trailing_comments.is_some());
        info.location.iter_mut().for_each(slim);
        info.location.shrink_to_fit();
    }
    Ok(parsed)
}

fn slim(location: &mut Location) {
    location.leading_detached_comments = Vec::new();
}

/// Built-in files that were parsed before: the same few for every source.
static BUILTINS: Mutex<BTreeMap<String, Parsed>> = Mutex::new(BTreeMap::new());

/// A built-in file by name.
pub(super) fn parse_builtin(name: &str) -> Option<Parsed> {
    let known = || BUILTINS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(parsed) = known().get(name) {
        return Some(parsed.clone());
    }
    let parsed = match builtin::get(name)? {
        Builtin::Text(text) => parse(text).ok()?,
        Builtin::Descriptor(descriptor) => {
            let import_spans = vec![None; descriptor.dependency.len()];
            Parsed { descriptor: *descriptor, edition: None, import_spans }
        }
    };
    known().insert(name.to_owned(), parsed.clone());
    Some(parsed)
}

/// Parses `text` and keeps every place, but does not look for the imports.
pub(super) fn parse_whole(name: &str, text: &str) -> Result<Parsed, Vec<Problem>> {
    let scan = Scan::new(text);
    let problem = |kind, message: String, offset| {
        let span = place(text, offset);
        Problem::new(kind, message).span(span.line, span.column)
    };
    if let Some(offset) = scan.too_deep {
        let message = format!("nested deeper than {MAX_NESTING} levels");
        return Err(vec![problem(ProblemKind::TooLarge, message, offset)]);
    }
    let readable = blank(text, &scan.range_options);
    let rewritten = match &scan.edition {
        None => None,
        Some((offset, name)) if name.is_empty() => {
            let message = "expected an edition in quotes, such as `edition = \"2023\";`";
            return Err(vec![problem(ProblemKind::Syntax, message.to_owned(), *offset)]);
        }
        Some((offset, name)) => {
            let edition = Edition::from_name(name).map_err(|unknown| {
                let message = unknown.to_string();
                vec![problem(ProblemKind::Invalid, message, *offset).help(Unknown::HELP)]
            })?;
            let rewritten = edition::rewrite(&readable, edition);
            if !rewritten.faults.is_empty() {
                let fault =
                    |(at, message, help)| problem(ProblemKind::Invalid, message, at).help(help);
                return Err(rewritten.faults.into_iter().map(fault).collect());
            }
            Some((edition, rewritten))
        }
    };
    let readable = rewritten.as_ref().map_or(readable.as_ref(), |(_, new)| new.text.as_str());
    let moved = |at| rewritten.as_ref().map_or(at, |(_, new)| new.old_offset(at));
    let mut descriptor: FileDescriptorProto = match File::from_source(name, readable) {
        Ok(file) => file.into(),
        Err(error) => {
            return Err(from_diagnostic(ProblemKind::Syntax, &error, None, text, moved));
        }
    };
    if rewritten.is_none()
        && text.contains("features")
        && let Some(fault) = edition::features_without_edition(&descriptor)
    {
        let info = descriptor.source_code_info.as_ref();
        let places = info.map_or(&[][..], |info| &info.location);
        return Err(vec![from_fault(&fault, places, text)]);
    }
    let edition = rewritten.map(|(edition, rewritten)| {
        if let Some(info) = &mut descriptor.source_code_info {
            rewritten.move_places(info, text);
        }
        Box::new((edition, rewritten.said))
    });
    let import_spans = vec![None; descriptor.dependency.len()];
    Ok(Parsed { descriptor, edition, import_spans })
}

/// What has to be known of a text before a parser that recurses may see it.
#[derive(Default)]
struct Scan {
    /// Offset of the keyword and the edition, when the file has one.
    edition: Option<(usize, String)>,
    /// Where nesting passes [`MAX_NESTING`].
    too_deep: Option<usize>,
    /// Options of extension ranges, `extensions 4 [declaration = {…}];`, which protox does not know. They are for
    /// compilers alone.
    range_options: Vec<Range<usize>>,
}

impl Scan {
    fn new(text: &str) -> Scan {
        let bytes = text.as_bytes();
        let mut scan = Scan::default();
        let (mut i, mut depth, mut dots, mut words) = (0, 0_usize, 0_usize, 0_usize);
        // Depth and offset where the options of an extension range may start, and did.
        let (mut in_range, mut options): (bool, Option<(usize, usize)>) = (false, None);
        let mut at_statement = true;
        while let Some(&byte) = bytes.get(i) {
            match byte {
                b'/' | b'#' | b'"' | b'\'' => {
                    i = skip(bytes, i);
                    continue;
                }
                b'{' | b'[' | b'(' | b'<' => {
                    if byte == b'[' && in_range && options.is_none() {
                        options = Some((depth, i));
                    }
                    depth += 1;
                }
                b'}' | b']' | b')' | b'>' => {
                    depth = depth.saturating_sub(1);
                    if let Some((_, start)) = options.filter(|(d, _)| *d == depth) {
                        scan.range_options.push(start..i + 1);
                        (in_range, options) = (false, None);
                    }
                }
                b';' => in_range = options.is_some(),
                _ => {}
            }
            match byte {
                b'.' => dots += 1,
                b';' | b'=' | b'{' | b'}' | b',' => dots = 0,
                _ => {}
            }
            if depth > MAX_NESTING || dots > MAX_NESTING {
                scan.too_deep = Some(i);
                break;
            }
            if is_word(byte) {
                let word = word(bytes, i);
                words += 1;
                if words == 1 && word == b"edition" {
                    scan.edition = Some((i, edition(text, i)));
                }
                in_range |= at_statement && word == b"extensions";
                at_statement = false;
                i += word.len();
                continue;
            }
            if !byte.is_ascii_whitespace() {
                at_statement = matches!(byte, b';' | b'{' | b'}');
            }
            i += 1;
        }
        scan
    }
}

/// `text` with spaces instead of what `ranges` hold, so that everything stays in its place.
fn blank<'a>(text: &'a str, ranges: &[Range<usize>]) -> Cow<'a, str> {
    if ranges.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut bytes = text.as_bytes().to_vec();
    for range in ranges {
        for byte in bytes.get_mut(range.clone()).unwrap_or_default() {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// The value of `edition = "…";` that starts at `start`.
fn edition(text: &str, start: usize) -> String {
    let statement = text.get(start..).unwrap_or_default().split(';').next().unwrap_or_default();
    let value = statement.split(['"', '\'']).nth(1).unwrap_or_default();
    value.chars().filter(|c| c.is_ascii_alphanumeric()).take(16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_extension_ranges_are_blanked() {
        for (before, options, after) in [
            ("message M { extensions 4 to 5; }", "", ""),
            ("message M { extensions 4 ", "[a = {b: [\"];\"]}, c = 1]", "; }"),
            ("extensions 4\n", "[\n// ]\na]", "; x [b]"),
            ("message M {} extensions max", "[ü]", ";"),
            ("optional int32 extensions = 4 [deprecated = true];", "", ""),
            ("extensions 4 [never closed", "", ""),
        ] {
            let text = format!("{before}{options}{after}");
            let blanks: String =
                options.bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }).collect();
            let blanked = blank(&text, &Scan::new(&text).range_options);
            assert_eq!(blanked, format!("{before}{blanks}{after}"), "{text}");
        }
    }

    #[test]
    fn scan_sees_past_comments_and_strings() {
        let deep = "{".repeat(MAX_NESTING + 1);
        for (text, edition, too_deep) in [
            ("syntax = \"proto3\";", None, false),
            ("// edition\n/* edition */ edition = \"2023\";", Some("2023"), false),
            ("edition='2024';", Some("2024"), false),
            ("edition", Some(""), false),
            ("editions = 1;", None, false),
            ("syntax = \"proto2\"; edition = \"2023\";", None, false),
            ("", None, false),
            (&format!("// {deep}"), None, false),
            (&format!("/* {deep}"), None, false),
            (&format!("a = \"{deep}\\\"{deep}\";"), None, false),
            (&format!("a {deep}"), None, true),
            (&"a { } ".repeat(500), None, false),
            (&format!("option (a){} = 1;", ".a".repeat(MAX_NESTING + 1)), None, true),
        ] {
            let scan = Scan::new(text);
            assert_eq!(scan.edition.map(|(_, e)| e).as_deref(), edition, "{text}");
            assert_eq!(scan.too_deep.is_some(), too_deep, "{text}");
        }
    }
}
