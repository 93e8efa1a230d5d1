//! One `.proto` text to a descriptor whose names are not resolved yet. Knows no files.

use super::limits::MAX_NESTING;
use crate::builtin::{self, Builtin};
use crate::problem::{from_diagnostic, place, place_of_span};
use prost_types::{FileDescriptorProto, source_code_info::Location};
use protox::file::File;
use std::{borrow::Cow, ops::Range};
use wirelab_model::{Problem, ProblemKind, Span};

/// Path of the imports in the descriptor of a file.
const DEPENDENCY: i32 = 3;

/// A text that parsed.
pub(super) struct Parsed {
    /// The descriptor; of its places only those with comments are left, which is a tenth of the memory.
    pub(super) descriptor: FileDescriptorProto,
    /// Where each import stands.
    pub(super) import_spans: Vec<Option<Span>>,
}

/// Parses `text`; the problems name no file.
pub(super) fn parse(text: &str) -> Result<Parsed, Vec<Problem>> {
    let mut descriptor = parse_whole("", text)?;
    let mut import_spans = vec![None; descriptor.dependency.len()];
    if let Some(info) = &mut descriptor.source_code_info {
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
    Ok(Parsed { descriptor, import_spans })
}

fn slim(location: &mut Location) {
    location.leading_detached_comments = Vec::new();
}

/// A built-in file by name.
pub(super) fn parse_builtin(name: &str) -> Option<Parsed> {
    match builtin::get(name)? {
        Builtin::Text(text) => parse(text).ok(),
        Builtin::Descriptor(descriptor) => {
            let import_spans = vec![None; descriptor.dependency.len()];
            Some(Parsed { descriptor: *descriptor, import_spans })
        }
    }
}

/// Parses `text` and keeps every place.
pub(super) fn parse_whole(name: &str, text: &str) -> Result<FileDescriptorProto, Vec<Problem>> {
    let scan = Scan::new(text);
    if let Some((offset, edition)) = scan.edition {
        let message = format!("edition {edition} is not supported, only proto2 and proto3 are");
        let span = place(text, offset);
        return Err(vec![
            Problem::new(ProblemKind::Invalid, message)
                .help("Load a descriptor set or a version of the file in proto3 syntax")
                .span(span.line, span.column),
        ]);
    }
    if let Some(offset) = scan.too_deep {
        let span = place(text, offset);
        let message = format!("nested deeper than {MAX_NESTING} levels");
        return Err(vec![
            Problem::new(ProblemKind::TooLarge, message).span(span.line, span.column),
        ]);
    }
    let readable = blank(text, &scan.range_options);
    match File::from_source(name, &readable) {
        Ok(file) => Ok(file.into()),
        Err(error) => Err(from_diagnostic(ProblemKind::Syntax, &error, None, text)),
    }
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
                    break;
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

/// The word that starts at `i`.
fn word(bytes: &[u8], i: usize) -> &[u8] {
    let rest = bytes.get(i..).unwrap_or_default();
    let end = rest.iter().position(|b| !is_word(*b)).unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default()
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The value of `edition = "…";` that starts at `start`.
fn edition(text: &str, start: usize) -> String {
    let statement = text.get(start..).unwrap_or_default().split(';').next().unwrap_or_default();
    let value = statement.split(['"', '\'']).nth(1).unwrap_or_default();
    value.chars().filter(|c| c.is_ascii_alphanumeric()).take(16).collect()
}

/// The offset after the comment or string that starts at `i`, or after the byte when it starts neither.
fn skip(bytes: &[u8], i: usize) -> usize {
    let rest = bytes.get(i..).unwrap_or_default();
    let to_line_end = || i + rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
    match rest {
        [b'/', b'/', ..] | [b'#', ..] => to_line_end(),
        [b'/', b'*', ..] => {
            let body = rest.get(2..).unwrap_or_default();
            body.windows(2).position(|w| w == b"*/").map_or(bytes.len(), |end| i + end + 4)
        }
        [quote @ (b'"' | b'\''), ..] => {
            let mut j = i + 1;
            while let Some(&byte) = bytes.get(j) {
                match byte {
                    b'\\' => j += 2,
                    b'\n' => return j,
                    _ if byte == *quote => return j + 1,
                    _ => j += 1,
                }
            }
            bytes.len()
        }
        _ => i + 1,
    }
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
