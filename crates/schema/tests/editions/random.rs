//! Files of editions that nobody thought of: what protoc takes, we take, and come to the same.

use crate::agree::agree;
use crate::{include, protoc};
use proptest::prelude::*;
use std::fmt::Write;
use std::fs;
use wirelab_schema::{Input, Source};

const PRESENCE: &[&str] = &["EXPLICIT", "IMPLICIT", "LEGACY_REQUIRED"];
const PACKING: &[&str] = &["PACKED", "EXPANDED"];
const UTF8: &[&str] = &["VERIFY", "NONE"];
const ENCODING: &[&str] = &["LENGTH_PREFIXED", "DELIMITED"];
const JSON: &[&str] = &["ALLOW", "LEGACY_BEST_EFFORT"];
const ENUM: &[&str] = &["OPEN", "CLOSED"];
const STYLE: &[&str] = &["STYLE2024", "STYLE_LEGACY"];

const SCALARS: [&str; 6] = ["int32", "sint64", "double", "bool", "string", "bytes"];

/// Writes a file by the dice `dice`, each throw of which is used once.
struct Writer<'a> {
    dice: std::slice::Iter<'a, u8>,
    text: String,
    /// Names of the messages and enums so far.
    messages: Vec<String>,
    enums: Vec<String>,
    names: usize,
    /// Sets features only where they belong.
    careful: bool,
}

impl Writer<'_> {
    /// A throw below `sides`; 0 when the dice are used up, so that the file ends.
    fn throw(&mut self, sides: usize) -> usize {
        self.dice.next().map_or(0, |die| usize::from(*die) % sides)
    }

    fn one_of(&mut self, choices: &[&'static str]) -> &'static str {
        let at = self.throw(choices.len());
        choices[at]
    }

    fn name(&mut self) -> usize {
        self.names += 1;
        self.names
    }

    fn option(&mut self, chance: usize, name: &str, values: &[&'static str]) {
        if self.throw(chance) == 1 {
            let value = self.one_of(values);
            let _ = writeln!(self.text, "option features.{name} = {value};");
        }
    }

    fn file(&mut self) {
        let newer = self.throw(2) == 1;
        let edition = if newer { "2024" } else { "2023" };
        let _ = writeln!(self.text, "edition = \"{edition}\";\npackage random;");
        let presence = if self.careful { &PRESENCE[..2] } else { PRESENCE };
        self.option(3, "field_presence", presence);
        self.option(4, "enum_type", ENUM);
        self.option(3, "repeated_field_encoding", PACKING);
        self.option(3, "utf8_validation", UTF8);
        self.option(3, "message_encoding", ENCODING);
        self.option(3, "json_format", JSON);
        if newer || !self.careful {
            self.option(4, "enforce_naming_style", STYLE);
        }
        self.enumeration();
        for _ in 0..=self.throw(3) {
            self.message(3);
        }
        self.extensions();
    }

    fn enumeration(&mut self) {
        let name = format!("Enum{}", self.name());
        let _ = writeln!(self.text, "enum {name} {{");
        self.option(3, "enum_type", ENUM);
        self.option(4, "json_format", JSON);
        // An open one has to start with zero.
        let first = if self.careful { 0 } else { self.throw(8) / 7 };
        for value in first..first + 1 + self.throw(3) {
            let _ = writeln!(self.text, "{}_V{value} = {value};", name.to_uppercase());
        }
        self.text += "}\n";
        self.enums.push(name);
    }

    fn message(&mut self, depth: usize) {
        let name = format!("Message{}", self.name());
        let _ = writeln!(self.text, "message {name} {{");
        self.option(4, "json_format", JSON);
        // Names of what is within, which the fields of this message may use.
        let known = (self.messages.len(), self.enums.len());
        self.messages.push(name);
        if depth > 0 && self.throw(2) == 1 {
            self.message(depth - 1);
        }
        if self.throw(3) == 1 {
            self.enumeration();
        }
        for _ in 0..self.throw(6) {
            self.field(true);
        }
        if self.throw(3) == 1 {
            let number = self.name();
            let _ = writeln!(self.text, "oneof choice{number} {{");
            for _ in 0..=self.throw(3) {
                self.field(false);
            }
            self.text += "}\n";
        }
        self.text += "extensions 1000 to 1999;\n}\n";
        self.messages.truncate(known.0 + 1);
        self.enums.truncate(known.1);
    }

    fn extensions(&mut self) {
        let Some(target) = self.messages.first().cloned() else { return };
        for _ in 0..self.throw(3) {
            let number = 1000 + self.name();
            let _ = write!(self.text, "extend {target} {{ ");
            let repeated = self.throw(2) == 1;
            let ty = self.ty();
            let label = if repeated { "repeated " } else { "" };
            let features = self.features(&ty, repeated, false);
            let _ = writeln!(self.text, "{label}{ty} extension{number} = {number}{features}; }}");
        }
    }

    fn ty(&mut self) -> String {
        match self.throw(4) {
            0 if !self.messages.is_empty() => {
                let at = self.throw(self.messages.len());
                self.messages[at].clone()
            }
            1 if !self.enums.is_empty() => {
                let at = self.throw(self.enums.len());
                self.enums[at].clone()
            }
            _ => self.one_of(&SCALARS).to_owned(),
        }
    }

    fn field(&mut self, of_message: bool) {
        let number = self.name();
        let ty = self.ty();
        if of_message && self.throw(5) == 1 {
            let key = self.one_of(&["string", "int32", "bool"]);
            let strings = key == "string" || ty == "string";
            let features = if self.throw(3) == 1 && (strings || !self.careful) {
                format!(" [features.utf8_validation = {}]", self.one_of(UTF8))
            } else {
                String::new()
            };
            let _ = writeln!(self.text, "map<{key}, {ty}> field{number} = {number}{features};");
            return;
        }
        let repeated = of_message && self.throw(3) == 1;
        let label = if repeated { "repeated " } else { "" };
        let features = self.features(&ty, repeated, of_message);
        let _ = writeln!(self.text, "{label}{ty} field{number} = {number}{features};");
    }

    /// Options of a field, with their brackets.
    fn features(&mut self, ty: &str, repeated: bool, presence: bool) -> String {
        let is_message = ty.starts_with("Message");
        let packable = !is_message && ty != "string" && ty != "bytes";
        let mut set = vec![];
        let any = !self.careful;
        if (any || presence && !repeated) && self.throw(4) == 1 {
            let values: &[&str] = if any {
                PRESENCE
            } else if is_message || ty.starts_with("Enum") {
                &["EXPLICIT", "LEGACY_REQUIRED"]
            } else {
                PRESENCE
            };
            set.push(format!("features.field_presence = {}", self.one_of(values)));
        }
        if (any || repeated && packable) && self.throw(4) == 1 {
            set.push(format!("features.repeated_field_encoding = {}", self.one_of(PACKING)));
        }
        if (any || ty == "string") && self.throw(4) == 1 {
            set.push(format!("features.utf8_validation = {}", self.one_of(UTF8)));
        }
        if (any || is_message) && self.throw(4) == 1 {
            set.push(format!("features = {{ message_encoding: {} }}", self.one_of(ENCODING)));
        }
        // Braces come first.
        set.reverse();
        if any && self.throw(8) == 1 && !repeated && ty == "int32" {
            set.push("default = 7".to_owned());
        }
        if set.is_empty() { String::new() } else { format!(" [{}]", set.join(", ")) }
    }
}

fn text(dice: &[u8], careful: bool) -> String {
    let mut writer = Writer {
        dice: dice.iter(),
        text: String::new(),
        messages: vec![],
        enums: vec![],
        names: 0,
        careful,
    };
    writer.file();
    writer.text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_files_come_to_what_protoc_makes_of_them(
        dice in proptest::collection::vec(any::<u8>(), 0..160),
        careful in any::<bool>(),
    ) {
        let text = text(&dice, careful);
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("random.proto");
        fs::write(&path, &text).expect("a file");
        let out = format!("--descriptor_set_out={}", folder.path().join("out").display());
        let judged = protoc(&[folder.path()], &[out, "random.proto".to_owned()]);
        if judged.status.success() {
            agree(folder.path(), &path, &["random.proto".to_owned()]);
        } else {
            let roots = vec![folder.path().to_owned(), include()];
            let source = Source::load(&Input::Files { path, import_roots: roots });
            let said = String::from_utf8_lossy(&judged.stderr);
            prop_assert!(!source.problems().is_empty(), "protoc refuses it: {said}\n{text}");
        }
    }
}
