//! Comments of the source, found by descriptor path and made fit to be read.

use prost_reflect::FileDescriptor;
use prost_types::source_code_info::Location;
use std::collections::HashMap;

/// Finds comments; remembers where they are in each file that was asked about.
#[derive(Default)]
pub(crate) struct Docs {
    files: HashMap<usize, HashMap<Box<[i32]>, usize>>,
}

impl Docs {
    /// The comment before the definition at `path` of `file`, else the one after it on its line.
    pub(crate) fn of(&mut self, file: &FileDescriptor, path: &[i32]) -> String {
        let locations = locations(file);
        let index = self.files.entry(file.index()).or_insert_with(|| {
            let with_path = locations.iter().enumerate();
            with_path.map(|(i, location)| (location.path.as_slice().into(), i)).collect()
        });
        let Some(location) = index.get(path).and_then(|i| locations.get(*i)) else {
            return String::new();
        };
        let comment = location.leading_comments.as_ref().or(location.trailing_comments.as_ref());
        comment.map_or_else(String::new, |comment| clean(comment))
    }
}

fn locations(file: &FileDescriptor) -> &[Location] {
    file.file_descriptor_proto().source_code_info.as_ref().map_or(&[], |info| &info.location)
}

/// Removes what the comment marks leave behind: common indent, a mark of documentation, blank lines at both ends.
fn clean(comment: &str) -> String {
    let comment = comment.strip_prefix('*').unwrap_or(comment);
    let indent = |line: &str| line.len() - line.trim_start().len();
    // The first line of a block comment starts behind its mark, not where the others do.
    let common = comment.lines().skip(1).filter(|l| !l.trim().is_empty()).map(indent).min();
    let lines: Vec<&str> = comment
        .lines()
        .enumerate()
        .map(|(i, line)| {
            let by = match common {
                Some(common) if i > 0 => common.min(indent(line)),
                Some(common) => indent(line).min(common.max(1)),
                None => indent(line),
            };
            line.get(by..).unwrap_or_default().trim_end()
        })
        .collect();
    let start = lines.iter().position(|line| !line.is_empty()).unwrap_or(lines.len());
    let end = lines.iter().rposition(|line| !line.is_empty()).map_or(start, |last| last + 1);
    lines.get(start..end).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn comments_lose_their_marks() {
        for (comment, expected) in [
            ("", ""),
            (" \n\n", ""),
            (" One line.\n", "One line."),
            (" Two\n lines.\n", "Two\nlines."),
            ("No\nspace\n", "No\nspace"),
            (
                " A list:\n   - one\n     more\n   - two\n\n end\n",
                "A list:\n  - one\n    more\n  - two\n\nend",
            ),
            ("*\n Javadoc\n  indented\n", "Javadoc\n indented"),
            ("* Javadoc\n second ", "Javadoc\nsecond"),
            (" Block\n   over\n   lines\n", "Block\nover\nlines"),
            ("\n\n Blank before\n and after\n\n", "Blank before\nand after"),
            (" Größe\n", "Größe"),
        ] {
            assert_eq!(clean(comment), expected, "{comment:?}");
        }
    }
}
