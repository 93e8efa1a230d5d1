//! Rewrites the text of an edition as proto2 text that protox takes: labels in front of fields, quotes around
//! reserved names, no `export` and `local`. Every offset and line of the new text leads back to the old one.

use super::{Edition, MAX_FAULTS, raw::visibility};
use crate::lex::{Kind, Token, tokens};
use prost_types::{SourceCodeInfo, source_code_info::Location};
use std::collections::HashMap;

/// A text of an edition, rewritten.
#[derive(Debug, Default)]
pub(crate) struct Rewritten {
    /// The text in proto2.
    pub(crate) text: String,
    /// What protox has no way to say.
    pub(crate) said: Said,
    /// What the edition does not allow: the offset in the old text, a message and a help.
    pub(crate) faults: Vec<(usize, String, &'static str)>,
    /// Pieces of the new text that differ, in order.
    edits: Vec<Edit>,
}

/// What a file of an edition says beyond what proto2 can.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Said {
    /// `export` and `local` by the name of the message or enum within the package.
    pub(super) visibility: HashMap<String, i32>,
}

/// A piece of the old text and what stands for it in the new one.
#[derive(Debug)]
struct Edit {
    old: (usize, usize),
    new: (usize, usize),
}

/// What a brace opened.
enum Scope {
    /// A message or the body of an `extend`, in both of which fields need labels.
    Fields,
    /// An enum.
    Values,
    /// Everything else.
    Other,
}

/// Rewrites `text`, which starts with `edition = "…";` of that edition.
pub(crate) fn rewrite(text: &str, edition: Edition) -> Rewritten {
    let mut rewriter = Rewriter {
        old: text,
        edition,
        out: Rewritten::default(),
        copied: 0,
        scopes: vec![],
        names: vec![],
        has_option_import: false,
    };
    rewriter.run();
    let Rewriter { mut out, copied, .. } = rewriter;
    out.text.push_str(text.get(copied..).unwrap_or_default());
    out
}

struct Rewriter<'a> {
    old: &'a str,
    edition: Edition,
    out: Rewritten,
    /// How much of `old` is in the new text.
    copied: usize,
    scopes: Vec<Scope>,
    /// Names of the messages around, none for what is no message.
    names: Vec<Option<&'a str>>,
    has_option_import: bool,
}

impl<'a> Rewriter<'a> {
    fn run(&mut self) {
        let mut statement: Vec<Token> = vec![];
        // Brackets that are open within the statement: `[`, `(`, and the braces of values.
        let mut open = 0_usize;
        for token in tokens(self.old) {
            match token.kind {
                Kind::Punctuation(b'[' | b'(') => open += 1,
                Kind::Punctuation(b'{') if open > 0 || self.takes_value(&statement) => open += 1,
                Kind::Punctuation(b']' | b')' | b'}') if open > 0 => open -= 1,
                Kind::Punctuation(b'{') => {
                    self.open(&statement);
                    statement.clear();
                    continue;
                }
                Kind::Punctuation(b'}') => {
                    self.scopes.pop();
                    self.names.pop();
                    statement.clear();
                    continue;
                }
                Kind::Punctuation(b';') if open == 0 => {
                    self.statement(&statement);
                    statement.clear();
                    continue;
                }
                _ => {}
            }
            statement.push(token);
        }
    }

    fn text(&self, token: Option<&Token>) -> &'a str {
        token.and_then(|token| self.old.get(token.start..token.end)).unwrap_or_default()
    }

    /// Whether a brace after `statement` starts a value rather than a body.
    fn takes_value(&self, statement: &[Token]) -> bool {
        self.text(statement.first()) == "option"
    }

    fn fault(&mut self, at: Token, message: impl Into<String>, help: &'static str) {
        if self.out.faults.len() < MAX_FAULTS {
            self.out.faults.push((at.start, message.into(), help));
        }
    }

    /// Puts `new` in the place of what is between two offsets.
    fn edit(&mut self, start: usize, end: usize, new: &str) {
        let text = &mut self.out.text;
        text.push_str(self.old.get(self.copied..start).unwrap_or_default());
        let at = text.len();
        text.push_str(new);
        self.out.edits.push(Edit { old: (start, end), new: (at, text.len()) });
        self.copied = end;
    }

    /// A statement that ends with a brace.
    fn open(&mut self, statement: &[Token]) {
        let statement = self.visibility(statement);
        let keyword = self.text(statement.first());
        if keyword == "edition" && self.scopes.is_empty() {
            // Its semicolon is missing, which the parser tells.
            self.edition(statement);
        }
        let is_group = statement.iter().take(2).any(|token| self.text(Some(token)) == "group");
        let name = self.text(statement.get(1));
        self.names.push((keyword == "message").then_some(name));
        let scope = match keyword {
            "message" | "extend" => Scope::Fields,
            "enum" => Scope::Values,
            _ if is_group && !matches!(keyword, "oneof" | "service" | "rpc") => {
                self.field(statement, false);
                Scope::Fields
            }
            _ => Scope::Other,
        };
        self.scopes.push(scope);
    }

    /// Takes `export` and `local` off a definition.
    fn visibility<'t>(&mut self, statement: &'t [Token]) -> &'t [Token] {
        let [modifier, rest @ ..] = statement else { return statement };
        let number = match self.text(Some(modifier)) {
            "export" => visibility::EXPORT,
            "local" => visibility::LOCAL,
            _ => return statement,
        };
        if !matches!(self.text(rest.first()), "message" | "enum") {
            return statement;
        }
        let word = self.text(Some(modifier));
        if self.edition < Edition::E2024 {
            let message = format!("`{word}` is not known before edition 2024");
            self.fault(*modifier, message, "Remove it, or use edition 2024");
        }
        self.edit(modifier.start, modifier.end, &" ".repeat(word.len()));
        let mut name: Vec<&str> = self.names.iter().flatten().copied().collect();
        name.push(self.text(rest.get(1)));
        self.out.said.visibility.insert(name.join("."), number);
        rest
    }

    /// A statement that ends with a semicolon.
    fn statement(&mut self, statement: &[Token]) {
        let Some(first) = statement.first() else { return };
        let keyword = self.text(Some(first));
        match (self.scopes.last(), keyword) {
            (None, "edition") => self.edition(statement),
            (None, "import") => self.import(statement),
            (Some(Scope::Fields | Scope::Values), "reserved") => self.reserved(statement),
            (_, "option" | "extensions" | "reserved") | (None | Some(Scope::Values), _) => {}
            (Some(Scope::Fields), _) => self.field(statement, true),
            // Members of a oneof have no labels in any syntax; the parser knows that.
            (Some(Scope::Other), _) => {}
        }
    }

    fn edition(&mut self, statement: &[Token]) {
        if let Some(keyword) = statement.first() {
            self.edit(keyword.start, keyword.end, "syntax");
        }
        if let Some(value) = statement.iter().find(|token| token.kind == Kind::String) {
            self.edit(value.start, value.end, "\"proto2\"");
        }
    }

    fn field(&mut self, statement: &[Token], insert: bool) {
        let [first, rest @ ..] = statement else { return };
        let label = self.text(Some(first));
        let kind = if matches!(label, "optional" | "required" | "repeated") {
            rest.first()
        } else {
            Some(first)
        };
        match label {
            "optional" => self.fault(
                *first,
                "the label `optional` is not used in editions: fields have presence anyway",
                "Remove it; `features.field_presence` changes presence",
            ),
            "required" => self.fault(
                *first,
                "the label `required` is not used in editions",
                "Write `[features.field_presence = LEGACY_REQUIRED]` instead",
            ),
            "repeated" => {}
            "map" if self.text(rest.first()) == "<" => {}
            _ if insert => self.edit(first.start, first.start, "optional "),
            _ => {}
        }
        if let Some(kind) = kind.filter(|kind| self.text(Some(kind)) == "group" && !insert) {
            self.fault(
                *kind,
                "groups are not used in editions",
                "Write a field of a message type with `[features.message_encoding = DELIMITED]`",
            );
        }
    }

    fn reserved(&mut self, statement: &[Token]) {
        for token in statement.iter().skip(1) {
            let text = self.text(Some(token));
            match token.kind {
                Kind::String => self.fault(
                    *token,
                    "reserved names are identifiers in editions",
                    "Remove the quotes",
                ),
                Kind::Word if !text.starts_with(|c: char| c.is_ascii_digit()) => {
                    // `1 to max`.
                    if statement.get(1).is_some_and(|first| {
                        first.kind != Kind::Word
                            || self.text(Some(first)).starts_with(|c: char| c.is_ascii_digit())
                    }) {
                        return;
                    }
                    self.edit(token.start, token.end, &format!("\"{text}\""));
                }
                _ => {}
            }
        }
    }

    fn import(&mut self, statement: &[Token]) {
        let Some(kind) = statement.get(1) else { return };
        let is_option = self.text(Some(kind)) == "option";
        if is_option {
            self.edit(kind.start, kind.end, &" ".repeat("option".len()));
            self.has_option_import = true;
        } else if self.has_option_import {
            self.fault(
                *kind,
                "an import for options stands before this one",
                "Move the imports for options behind all others",
            );
        }
        if is_option && self.edition < Edition::E2024 {
            self.fault(
                *kind,
                "imports for options are not known before edition 2024",
                "Remove `option`, or use edition 2024",
            );
        }
        if self.text(Some(kind)) == "weak" && self.edition >= Edition::E2024 {
            self.fault(
                *kind,
                "weak imports are not allowed since edition 2024",
                "Import the file for its options: `import option`",
            );
        }
    }
}

impl Rewritten {
    /// The offset in the old text of an offset in the new one.
    pub(crate) fn old_offset(&self, offset: usize) -> usize {
        let after = self.edits.partition_point(|edit| edit.new.0 <= offset);
        let Some(edit) = after.checked_sub(1).and_then(|last| self.edits.get(last)) else {
            return offset;
        };
        if offset < edit.new.1 { edit.old.0 } else { offset - edit.new.1 + edit.old.1 }
    }

    /// Moves the places in `info` from the new text to `old`.
    pub(crate) fn move_places(&self, info: &mut SourceCodeInfo, old: &str) {
        // No edit adds or takes a line.
        let (new, old) = (line_starts(&self.text), line_starts(old));
        let moved = |line: i32, column: i32| {
            let start =
                usize::try_from(line).ok().and_then(|line| new.get(line).zip(old.get(line)));
            let (Some((new, old)), Ok(column)) = (start, usize::try_from(column)) else { return 0 };
            i32::try_from(self.old_offset(new + column).saturating_sub(*old)).unwrap_or(i32::MAX)
        };
        for Location { span, .. } in &mut info.location {
            match span.as_mut_slice() {
                [line, start, end] => (*start, *end) = (moved(*line, *start), moved(*line, *end)),
                [first, start, last, end] => {
                    (*start, *end) = (moved(*first, *start), moved(*last, *end));
                }
                _ => {}
            }
        }
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    let after = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
    std::iter::once(0).chain(after).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_leads_back_to_where_it_was() {
        let old = "edition='2024';\nimport option \"a.proto\"; // Größe\nexport message M { int32 a = 1;\n\
            repeated .b.C d = 2; map<int32, M> e = 3; reserved f, g; oneof h { M i = 4; } }\n\
            extend M { string j = 5 [x = { k: 1 }]; } enum L { reserved n; O = 0; }\n";
        let rewritten = rewrite(old, Edition::E2024);
        assert_eq!(rewritten.faults, []);
        assert_eq!(rewritten.text.lines().count(), old.lines().count());
        let new = rewritten.text.as_str();
        let added = ["syntax", "\"proto2\"", "optional", "\"f\"", "\"g\"", "\"n\""];
        let mut words = vec![];
        for token in tokens(new) {
            let word = &new[token.start..token.end];
            if !added.contains(&word) {
                assert!(old[rewritten.old_offset(token.start)..].starts_with(word), "{word}");
                words.push(word);
            }
        }
        assert_eq!(
            words.concat(),
            "=;import\"a.proto\";messageM{int32a=1;repeated.b.Cd=2;map<int32,M>e=3;reserved,;\
            oneofh{Mi=4;}}extendM{stringj=5[x={k:1}];}enumL{reserved;O=0;}"
        );
        assert_eq!(new.matches("optional ").count(), 2);
        assert_eq!(rewritten.said.visibility, [("M".to_owned(), visibility::EXPORT)].into());
    }
}
