//! Descriptor sets: what `protoc --descriptor_set_out`, `buf build` and server reflection give.

use super::{
    discover::unreadable,
    limits::MAX_SET_BYTES,
    link::{Content, Import, Unit},
    parse::parse_builtin,
};
use crate::{
    builtin,
    edition::{self, Unknown},
    problem::Problems,
};
use prost::{Message, bytes::Bytes};
use prost_types::{
    DescriptorProto, FileDescriptorProto,
    field_descriptor_proto::{Label, Type},
};
use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    fs,
    path::Path,
};
use wirelab_model::{Problem, ProblemKind};

/// `google.protobuf.FileDescriptorSet` with its files left serialized: options that are extensions get lost when
/// they are decoded as prost's types.
#[derive(Clone, PartialEq, Message)]
struct Set {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    file: Vec<Bytes>,
}

/// `google.protobuf.FileDescriptorProto`: what ties files together.
#[derive(Clone, PartialEq, Message)]
struct Tied {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, repeated, tag = "15")]
    option_dependency: Vec<String>,
}

/// The files of the set in the file `path`.
pub(super) fn read(path: &Path, problems: &mut Problems) -> Vec<Unit> {
    let at = || path.display().to_string();
    let bytes = fs::metadata(path).and_then(|metadata| {
        if metadata.len() > MAX_SET_BYTES { Ok(None) } else { fs::read(path).map(Some) }
    });
    match bytes {
        Ok(Some(bytes)) => decode(&bytes, Some(path), problems),
        Ok(None) => {
            let message = format!("larger than {MAX_SET_BYTES} bytes");
            let help = "Make a set of fewer files";
            problems.cause(Problem::new(ProblemKind::TooLarge, message).help(help).at(at()));
            vec![]
        }
        Err(error) => {
            problems.cause(unreadable(path, &error));
            vec![]
        }
    }
}

/// The files of a serialized set that came from `path` or, without one, from a server.
pub(super) fn decode(bytes: &[u8], path: Option<&Path>, problems: &mut Problems) -> Vec<Unit> {
    let shown = path.map(|path| path.display().to_string());
    let new =
        |kind, message: String| Problem { path: shown.clone(), ..Problem::new(kind, message) };
    let files = match Set::decode(bytes) {
        Ok(set) if !set.file.is_empty() => set.file,
        Ok(_) if path.is_none() => {
            if problems.is_empty() {
                let message = "the server describes none of its services";
                problems.cause(new(ProblemKind::NotFound, message.to_owned()));
            }
            return vec![];
        }
        _ => {
            let message = "not a serialized google.protobuf.FileDescriptorSet with files in it";
            let help =
                "Make one with `protoc --include_imports --descriptor_set_out` or `buf build`";
            problems.cause(new(ProblemKind::Damaged, message.to_owned()).help(help));
            return vec![];
        }
    };
    let mut units: Vec<Unit> = vec![];
    let mut wanted: Vec<Vec<String>> = vec![];
    let mut index: HashMap<String, usize> = HashMap::new();
    let mut seen: HashMap<String, Bytes> = HashMap::new();
    let ties: Vec<Tied> =
        files.iter().map(|f| Tied::decode(f.clone()).unwrap_or_default()).collect();
    let names: HashSet<&str> = ties.iter().map(|tied| tied.name.as_str()).collect();
    let has = |name: &str| names.contains(name) || builtin::contains(name);
    for (bytes, tied) in files.into_iter().zip(&ties) {
        let file = match FileDescriptorProto::decode(bytes.clone()) {
            Ok(file) if file.name.as_ref().is_some_and(|name| !name.is_empty()) => file,
            Ok(_) => {
                problems
                    .cause(new(ProblemKind::Invalid, "a file in the set has no name".to_owned()));
                continue;
            }
            Err(error) => {
                let message = format!("a file in the set is damaged: {error}");
                problems.cause(new(ProblemKind::Damaged, message));
                continue;
            }
        };
        let name = file.name().to_owned();
        match seen.entry(name.clone()) {
            Entry::Occupied(other) => {
                if *other.get() != bytes {
                    let message = format!("the set holds `{name}` twice, with different content");
                    problems
                        .cause(new(ProblemKind::Invalid, message).help("The first one is used"));
                }
                continue;
            }
            Entry::Vacant(slot) => slot.insert(bytes.clone()),
        };
        let content = match content(bytes, &file, has) {
            Ok(content) => content,
            Err(problem) => {
                problems.cause(Problem { path: shown.clone(), ..problem });
                Content::Broken
            }
        };
        index.insert(name.clone(), units.len());
        let mut imports = file.dependency;
        if let Content::Encoded(_) = content {
            // In the order in which lowering appends them.
            let options = tied.option_dependency.iter().filter(|name| has(name));
            let options: Vec<_> = options.filter(|name| !imports.contains(name)).cloned().collect();
            imports.extend(options);
        }
        wanted.push(imports);
        units.push(Unit {
            name,
            shown: shown.clone(),
            imports: vec![],
            content,
            builtin: false,
            text: None,
        });
    }
    for (unit, imports) in units.iter().zip(&wanted) {
        for import in imports {
            if !index.contains_key(import) && !builtin::contains(import) {
                let name = &unit.name;
                let message = format!("`{name}` imports `{import}`, which is not in the set");
                let help = match path {
                    Some(_) => {
                        "Make the set with all its imports: `protoc --include_imports` or `buf build`"
                    }
                    None => "The server does not tell it; load its .proto files instead",
                };
                problems.cause(new(ProblemKind::MissingImport, message).help(help));
            }
        }
    }
    always(units, index, &wanted)
}

/// What to compile of a file; `has` tells which files there are.
fn content(
    bytes: Bytes,
    file: &FileDescriptorProto,
    has: impl Fn(&str) -> bool,
) -> Result<Content, Problem> {
    let name = file.name();
    let invalid = |what: String| Problem::new(ProblemKind::Invalid, format!("`{name}` {what}"));
    if !has_sound_maps(file) {
        return Err(invalid("has a map without key or value".to_owned()));
    }
    match file.syntax() {
        "" | "proto2" | "proto3" => Ok(Content::Encoded(bytes)),
        "editions" => match edition::lower_set(&bytes, has) {
            Ok(lowered) => Ok(Content::Encoded(lowered)),
            Err(edition::Failure::Edition(unknown)) => {
                Err(invalid(format!("cannot be used: {unknown}")).help(Unknown::HELP))
            }
            Err(edition::Failure::Damaged(error)) => Err(Problem::new(
                ProblemKind::Damaged,
                format!("the options of `{name}` are damaged: {error}"),
            )),
            Err(edition::Failure::Faults(faults)) => {
                let why = faults.first().map_or("", |fault| fault.message.as_str());
                Err(invalid(format!("does not keep to its edition: {why}")))
            }
        },
        _ => Err(invalid("has an unknown syntax".to_owned())),
    }
}

/// Whether what calls itself an entry of a map is one, as every reader of descriptors takes for granted.
fn has_sound_maps(file: &FileDescriptorProto) -> bool {
    let mut todo: Vec<&DescriptorProto> = file.message_type.iter().collect();
    while let Some(message) = todo.pop() {
        todo.extend(&message.nested_type);
        let mut fields: Vec<_> = message.field.iter().map(|f| (f.number(), f.label())).collect();
        fields.sort_unstable_by_key(|(number, _)| *number);
        let is_entry = message.options.as_ref().is_some_and(|o| o.map_entry());
        let optional = [(1, Label::Optional), (2, Label::Optional)];
        let key = message.field.iter().find(|f| f.number() == 1).map(|f| f.r#type());
        let no_key =
            [Type::Double, Type::Float, Type::Bytes, Type::Message, Type::Group, Type::Enum];
        if is_entry && (fields != optional || key.is_none_or(|key| no_key.contains(&key))) {
            return false;
        }
    }
    true
}

/// Adds the built-in files that are imported or always there, and connects imports.
fn always(
    mut units: Vec<Unit>,
    mut index: HashMap<String, usize>,
    wanted: &[Vec<String>],
) -> Vec<Unit> {
    let mut imports: Vec<Vec<String>> = wanted.to_vec();
    let mut todo: Vec<String> = wanted.iter().flatten().cloned().collect();
    todo.extend(builtin::ALWAYS.map(str::to_owned));
    todo.reverse();
    while let Some(name) = todo.pop() {
        if index.contains_key(&name) {
            continue;
        }
        let Some(parsed) = parse_builtin(&name) else { continue };
        todo.extend(parsed.descriptor.dependency.iter().cloned());
        imports.push(parsed.descriptor.dependency.clone());
        index.insert(name.clone(), units.len());
        units.push(Unit::builtin(&name, parsed, vec![]));
    }
    for (unit, imports) in units.iter_mut().zip(imports) {
        unit.imports = imports
            .iter()
            .map(|import| Import { span: None, target: index.get(import).copied() })
            .collect();
    }
    units
}
