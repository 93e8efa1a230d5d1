//! What loading files comes to, as text and as protoc's descriptor set.

use crate::expected::{Definitions, Expected, settings, sub};
use crate::{include, part, protoc, protos};
use prost_reflect::{Cardinality, DescriptorPool, DynamicMessage, FileDescriptor, Kind, Value};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use wirelab_schema::{Input, Source};

/// What protoc makes of `names` in the import root `root`: a serialized set, and the definitions in it.
fn oracle(root: &Path, names: &[String]) -> (Vec<u8>, Definitions) {
    const DESCRIPTOR: &str = "google/protobuf/descriptor.proto";
    let folder = tempfile::tempdir().expect("a folder");
    let run = |option: &str, arguments: &[String]| {
        let out = folder.path().join("out");
        let mut all = vec![format!("--{option}_out={}", out.display())];
        all.extend_from_slice(arguments);
        let output = protoc(&[root], &all);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "protoc {all:?}: {said}");
        fs::read(out).expect("what protoc wrote")
    };
    let of = |arguments: &[&str]| arguments.iter().map(|a| (*a).to_owned()).collect::<Vec<_>>();
    let limits = ["--edition_defaults_minimum=2023", "--edition_defaults_maximum=2024", DESCRIPTOR];
    let defaults = run("edition_defaults", &of(&limits));
    let descriptor = run("descriptor_set", &of(&[DESCRIPTOR]));
    let mut arguments = of(&["--include_imports", "--retain_options"]);
    arguments.extend_from_slice(names);
    let set = run("descriptor_set", &arguments);
    let definitions = Expected::new(&descriptor, &defaults).definitions(&set);
    (set, definitions)
}

/// What our descriptors say of the definitions of files of editions.
fn definitions(pool: &DescriptorPool, wanted: &Definitions) -> Definitions {
    let mut found = Definitions::new();
    let mut add = |kind: &str, name: &str, options: DynamicMessage| {
        let key = format!("{kind} {name}");
        if wanted.contains_key(&key) {
            found.insert(key, settings(&sub(&options, "features")));
        }
    };
    for file in pool.files() {
        add("file", file.name(), file.options());
    }
    for e in pool.all_enums() {
        add("enum", e.full_name(), e.options());
    }
    for message in pool.all_messages() {
        add("message", message.full_name(), message.options());
        for oneof in message.oneofs() {
            add("oneof", oneof.full_name(), oneof.options());
        }
        for field in message.fields() {
            add("field", field.full_name(), field.options());
        }
    }
    for extension in pool.all_extensions() {
        add("extension", extension.full_name(), extension.options());
    }
    // What the features make of a field.
    let mut say = |key: String, facts: [(&str, bool); 3]| {
        if let Some(features) = found.get_mut(&key) {
            features.extend(facts.map(|(name, holds)| (name.to_owned(), holds.to_string())));
        }
    };
    let required = |cardinality| ("required", cardinality == Cardinality::Required);
    for field in pool.all_messages().flat_map(|m| m.fields().collect::<Vec<_>>()) {
        let facts = [
            ("delimited", field.is_group()),
            ("packed", field.is_packed()),
            required(field.cardinality()),
        ];
        say(format!("field {}", field.full_name()), facts);
    }
    for field in pool.all_extensions() {
        let facts = [
            ("delimited", field.is_group()),
            ("packed", field.is_packed()),
            required(field.cardinality()),
        ];
        say(format!("extension {}", field.full_name()), facts);
    }
    found
}

/// A file as its descriptor says it, without places, and without names in JSON, which a compiler may leave out.
fn plain(file: &FileDescriptor) -> DynamicMessage {
    let pool = file.parent_pool();
    let ty = pool.get_message_by_name("google.protobuf.FileDescriptorProto").expect("it is there");
    let mut message =
        DynamicMessage::decode(ty, file.encode_to_vec().as_slice()).expect("a descriptor");
    message.clear_field_by_name("source_code_info");
    strip(&mut message);
    message
}

fn strip(message: &mut DynamicMessage) {
    message.clear_field_by_name("json_name");
    // `9e9` and `9000000000` are the same default.
    const FLOATS: [Option<&Value>; 2] = [Some(&Value::EnumNumber(1)), Some(&Value::EnumNumber(2))];
    let ty = message.get_field_by_name("type").map(Cow::into_owned);
    let default = message.get_field_by_name("default_value").map(Cow::into_owned);
    if let (true, Some(Value::String(text))) = (FLOATS.contains(&ty.as_ref()), default)
        && let Ok(number) = text.parse::<f64>()
    {
        message.set_field_by_name("default_value", Value::String(number.to_string()));
    }
    let repeated: Vec<_> = message.fields().map(|(field, _)| field).collect();
    for field in repeated.into_iter().filter(|field| matches!(field.kind(), Kind::Message(_))) {
        match message.get_field_mut(&field) {
            Value::Message(inner) => strip(inner),
            Value::List(items) => {
                items.iter_mut().filter_map(Value::as_message_mut).for_each(strip)
            }
            _ => {}
        }
    }
}

/// Loads `names` both ways and holds them against protoc and against each other.
pub fn agree(root: &Path, opened: &Path, names: &[String]) {
    let (set, mut expected) = oracle(root, names);
    // What an edition that we do not know brought.
    expected.values_mut().for_each(|features| drop(features.remove("enforce_proto_limits")));
    let (text, set) = (
        Source::load(&Input::Files {
            path: opened.to_owned(),
            import_roots: vec![root.to_owned(), include()],
        }),
        Source::load(&Input::Descriptors { set, problems: vec![] }),
    );
    assert_eq!(set.problems(), []);
    let of_names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    let wrong: Vec<_> = text
        .problems()
        .iter()
        .filter(|p| {
            p.path.as_deref().is_some_and(|path| of_names.iter().any(|name| path.ends_with(name)))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    for (source, what) in [(&text, "text"), (&set, "set")] {
        let found = definitions(source.pool(), &expected);
        for (name, features) in &expected {
            assert_eq!(found.get(name), Some(features), "{name} from {what}");
        }
    }
    for name in names {
        let file = |source: &Source| source.pool().get_file_by_name(name).expect(name);
        let [text, set] = [&text, &set].map(|source| plain(&file(source)));
        pretty_assert(name, &text, &set);
    }
}

fn pretty_assert(name: &str, text: &DynamicMessage, set: &DynamicMessage) {
    let (text, set) = (format!("{text:#}"), format!("{set:#}"));
    let differs = text.lines().zip(set.lines()).enumerate().find(|(_, (a, b))| a != b);
    if let Some((line, (a, b))) = differs {
        let around = |text: &str| {
            text.lines().skip(line.saturating_sub(12)).take(16).collect::<Vec<_>>().join("\n")
        };
        panic!(
            "{name}: text says {a}, protoc {b}\n--- text\n{}\n--- protoc\n{}",
            around(&text),
            around(&set)
        );
    }
    assert_eq!(text, set, "{name}");
}

/// The `.proto` files below `folder` for whose text `wants` holds, by name.
fn names(root: &Path, folder: &Path, wants: impl Fn(&str) -> bool) -> Vec<String> {
    let mut names = vec![];
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "proto")
                && fs::read_to_string(&path).is_ok_and(|text| wants(&text))
            {
                let name = path.strip_prefix(root).expect("it is in the root");
                names.push(name.to_str().expect("UTF-8").to_owned());
            }
        }
    }
    names.sort();
    names
}

#[test]
fn every_feature_at_every_level() {
    let root = protos();
    let names = names(&root, &root, |_| true);
    assert_eq!(names.len(), 6);
    agree(&root, &root, &names);
}

#[test]
fn the_files_of_the_conformance_suite() {
    let root = include();
    let folder = root.join("conformance");
    let names = names(&root, &folder, |text| !text.contains("edition = \"UNSTABLE\""));
    assert_eq!(names.len(), 6, "{names:?}");
    agree(&root, &folder, &names);
}

#[test]
fn the_files_of_editions_in_googles_tree() {
    let root = part("WIRELAB_GOOGLE_PROTOS");
    let is_known = |text: &str| {
        text.lines().any(|line| {
            line.starts_with("edition = \"2023\"") || line.starts_with("edition = \"2024\"")
        })
    };
    let names = names(&root, &root.join("google/protobuf"), is_known);
    assert!(names.len() >= 7, "{names:?}");
    agree(&root, &root.join("google/protobuf"), &names);
}
