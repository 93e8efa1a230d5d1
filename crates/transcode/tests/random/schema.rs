//! Schemas at random, as `.proto` text.

use super::Choices;
use prost_reflect::{DescriptorPool, MessageDescriptor};
use std::fmt::Write;
use wirelab_schema::{Input, Source};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Syntax {
    Proto3,
    Proto2,
    Edition2023,
    Edition2024,
}

use Syntax::{Edition2023, Edition2024, Proto2, Proto3};

/// A schema with the message `r.M0` and all that it reaches.
pub struct Schema {
    pub syntax: Syntax,
    pub text: String,
    pub pool: DescriptorPool,
}

impl std::fmt::Debug for Schema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

const IMPORTS: &[&str] =
    &["any", "duration", "empty", "field_mask", "struct", "timestamp", "wrappers"];

const SCALARS: &[&str] = &[
    "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64", "sfixed32",
    "sfixed64", "bool", "string", "bytes", "float", "double",
];

/// Those that may be keys of maps.
const KEYS: &[&str] = &[
    "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64", "sfixed32",
    "sfixed64", "bool", "string",
];

const WELL_KNOWN: &[&str] = &[
    "Any",
    "Duration",
    "Empty",
    "FieldMask",
    "Struct",
    "Value",
    "ListValue",
    "Timestamp",
    "DoubleValue",
    "FloatValue",
    "Int64Value",
    "UInt64Value",
    "Int32Value",
    "UInt32Value",
    "BoolValue",
    "StringValue",
    "BytesValue",
];

#[derive(Clone, Copy, PartialEq)]
enum Type {
    Scalar(&'static str),
    Enum(usize),
    Message(usize),
    WellKnown(&'static str),
    MessageSet,
}

impl Type {
    fn name(self) -> String {
        match self {
            Type::Scalar(name) => name.to_owned(),
            Type::Enum(index) => format!("E{index}"),
            Type::Message(index) => format!("M{index}"),
            Type::WellKnown(name) => format!("google.protobuf.{name}"),
            Type::MessageSet => "Set".to_owned(),
        }
    }

    fn is_message(self) -> bool {
        matches!(self, Type::Message(_) | Type::WellKnown(_) | Type::MessageSet)
    }

    fn is_packable(self) -> bool {
        match self {
            Type::Scalar(name) => !matches!(name, "string" | "bytes"),
            Type::Enum(_) => true,
            _ => false,
        }
    }
}

/// The second of two enums is closed where the syntax has such.
const CLOSED: usize = 1;

struct Maker<'a, 'b> {
    choices: &'a mut Choices<'b>,
    syntax: Syntax,
    without: &'b [&'b str],
    messages: usize,
    names: usize,
    text: String,
}

impl Schema {
    /// One of `syntaxes`, without these well-known types.
    pub fn new<'a>(
        choices: &mut Choices<'a>,
        syntaxes: &[Syntax],
        without: &'a [&'a str],
    ) -> Schema {
        let syntax = choices.pick(syntaxes);
        let messages = 1 + choices.below(4);
        let mut maker = Maker { choices, syntax, without, messages, names: 0, text: String::new() };
        maker.file();
        let text = maker.text;
        let pool = load(&text);
        Schema { syntax, text, pool }
    }

    pub fn root(&self) -> MessageDescriptor {
        self.pool.get_message_by_name("r.M0").expect("every schema has it")
    }
}

fn load(text: &str) -> DescriptorPool {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.proto");
    std::fs::write(&path, text).unwrap();
    let source = Source::load(&Input::Files { path, import_roots: vec![] });
    assert!(source.problems().is_empty(), "{:#?}\n{text}", source.problems());
    source.pool().clone()
}

impl Maker<'_, '_> {
    fn is_edition(&self) -> bool {
        matches!(self.syntax, Edition2023 | Edition2024)
    }

    fn line(&mut self, line: &str) {
        self.text += line;
        self.text.push('\n');
    }

    fn file(&mut self) {
        self.line(match self.syntax {
            Proto2 => "syntax = \"proto2\";",
            Proto3 => "syntax = \"proto3\";",
            Edition2023 => "edition = \"2023\";",
            Edition2024 => "edition = \"2024\";",
        });
        self.line("package r;");
        for import in IMPORTS {
            self.line(&format!("import \"google/protobuf/{import}.proto\";"));
        }
        if self.is_edition() {
            for (feature, values) in [
                ("field_presence", ["EXPLICIT", "IMPLICIT"]),
                ("repeated_field_encoding", ["PACKED", "EXPANDED"]),
                ("message_encoding", ["LENGTH_PREFIXED", "DELIMITED"]),
            ] {
                if self.choices.once_in(4) {
                    self.line(&format!("option features.{feature} = {};", values[1]));
                }
            }
        }
        self.enums();
        for index in 0..self.messages {
            self.message(index);
        }
        if self.syntax == Proto2 {
            self.line(
                "message Set { option message_set_wire_format = true; extensions 4 to max; }",
            );
            self.line("extend Set { optional M0 in_set = 70000; optional Set set_in_set = 4; }");
        }
        if self.syntax != Proto3 {
            self.extensions();
        }
    }

    fn enums(&mut self) {
        self.line(
            "enum E0 { E0_ZERO = 0; E0_ONE = 1; E0_BIG = 2147483647; E0_LOW = -2147483648; }",
        );
        let closed = if self.is_edition() { "option features.enum_type = CLOSED; " } else { "" };
        // A closed enum may begin with another number than 0, which is its default then.
        let first = if self.syntax == Proto3 { "" } else { "E1_TWO = 2; " };
        let last = if self.syntax == Proto3 { "E1_TWO = 2; " } else { "" };
        self.line(&format!(
            "enum E1 {{ {closed}option allow_alias = true; {first}E1_ZERO = 0; E1_NONE = 0; E1_MINUS = -1; {last}}}"
        ));
    }

    fn ty(&mut self) -> Type {
        match self.choices.below(9) {
            8 if self.syntax == Proto2 && !self.without.contains(&"Set") => Type::MessageSet,
            0..=2 => Type::Scalar(self.choices.pick(SCALARS)),
            3 => Type::Enum(self.choices.below(2)),
            4 | 5 => Type::Message(self.choices.below(self.messages)),
            _ => {
                let name = self.choices.pick(WELL_KNOWN);
                let name = if self.without.contains(&name) { "Timestamp" } else { name };
                Type::WellKnown(name)
            }
        }
    }

    fn message(&mut self, index: usize) {
        self.line(&format!("message M{index} {{"));
        let mut number = 0;
        for _ in 0..1 + self.choices.below(10) {
            number += match self.choices.below(16) {
                14 => 90,
                15 => 3000,
                _ => 1,
            };
            match self.choices.below(9) {
                0..=3 => self.singular(number),
                4 | 5 => self.repeated(number),
                6 => self.map(number),
                7 => number = self.oneof(number),
                _ if self.syntax == Proto2 => self.group(number),
                _ => self.repeated(number),
            }
        }
        if self.syntax != Proto3 {
            self.line("  extensions 100000 to 200000;");
        }
        self.line("}");
    }

    /// A name that no other field of the file has, and that is another one in JSON.
    fn name(&mut self) -> String {
        self.names += 1;
        let names = self.names;
        let form = self.choices.below(4);
        ["a_field_", "f", "Upper_", "_x__y_"][form].to_owned() + &names.to_string()
    }

    fn options(&mut self, mut options: Vec<String>) -> String {
        if self.choices.once_in(12) {
            let names = self.names;
            options.push(format!("json_name = \"é \\\"{names}\\\"\""));
        }
        match options.is_empty() {
            true => String::new(),
            false => format!(" [{}]", options.join(", ")),
        }
    }

    fn singular(&mut self, number: usize) {
        let ty = self.ty();
        let mut options = vec![];
        let label = match self.syntax {
            Proto3 if self.choices.once_in(3) => "optional ",
            Proto3 => "",
            Proto2 if self.choices.once_in(10) && !ty.is_message() => "required ",
            Proto2 => "optional ",
            Edition2023 | Edition2024 => {
                let closed = ty == Type::Enum(CLOSED);
                match self.choices.below(8) {
                    1 if !ty.is_message() => {
                        options.push("features.field_presence = LEGACY_REQUIRED".to_owned());
                    }
                    2 | 3 if !ty.is_message() && !closed => {
                        options.push("features.field_presence = IMPLICIT".to_owned());
                    }
                    _ if closed => options.push("features.field_presence = EXPLICIT".to_owned()),
                    4 if ty.is_message() => {
                        options.push("features.message_encoding = DELIMITED".to_owned());
                    }
                    5 if ty.is_message() => {
                        options.push("features.message_encoding = LENGTH_PREFIXED".to_owned());
                    }
                    _ => {}
                }
                ""
            }
        };
        self.field(label, ty, number, options);
    }

    fn repeated(&mut self, number: usize) {
        let ty = self.ty();
        let mut options = vec![];
        if ty.is_packable() && self.choices.once_in(2) {
            options.push(match self.is_edition() {
                true => format!(
                    "features.repeated_field_encoding = {}",
                    self.choices.pick(&["PACKED", "EXPANDED"])
                ),
                false => format!("packed = {}", self.choices.pick(&["true", "false"])),
            });
        }
        self.field("repeated ", ty, number, options);
    }

    fn field(&mut self, label: &str, ty: Type, number: usize, options: Vec<String>) {
        let name = self.name();
        let options = self.options(options);
        self.line(&format!("  {label}{} {name} = {number}{options};", ty.name()));
    }

    fn map(&mut self, number: usize) {
        let (key, mut value, name) = (self.choices.pick(KEYS), self.ty(), self.name());
        // Not where the presence of everything is implicit.
        if self.is_edition() && value == Type::Enum(CLOSED) {
            value = Type::Enum(0);
        }
        let options = self.options(vec![]);
        self.line(&format!("  map<{key}, {}> {name} = {number}{options};", value.name()));
    }

    fn oneof(&mut self, number: usize) -> usize {
        let name = self.name();
        self.line(&format!("  oneof o{name} {{"));
        let members = 1 + self.choices.below(4);
        for member in 0..members {
            let ty = self.ty();
            self.field("", ty, number + member, vec![]);
        }
        self.line("  }");
        number + members - 1
    }

    fn group(&mut self, number: usize) {
        self.names += 1;
        let label = self.choices.pick(&["optional", "repeated"]);
        let names = self.names;
        let (mut text, ty) = (String::new(), self.ty());
        let _ = write!(
            text,
            "  {label} group G{names} = {number} {{ optional {} f{names} = 1; }}",
            ty.name()
        );
        self.line(&text);
    }

    fn extensions(&mut self) {
        for number in 0..self.choices.below(4) {
            let (of, ty, name) = (self.choices.below(self.messages), self.ty(), self.name());
            let label = match (self.choices.once_in(2), self.is_edition()) {
                (true, _) => "repeated ",
                (false, true) => "",
                (false, false) => "optional ",
            };
            let line =
                format!("extend M{of} {{ {label}{} {name} = {}; }}", ty.name(), 100_000 + number);
            self.line(&line);
        }
    }
}
