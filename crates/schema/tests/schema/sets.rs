//! Descriptor sets from files and from reflection, and several sources together.

use crate::{cases, show};
use prost::Message;
use prost_types::{FileDescriptorProto, FileDescriptorSet};
use std::fs;
use wirelab_model::{Problem, ProblemKind};
use wirelab_schema::{Input, Schema, Source};

/// The files of a case as a descriptor set, those that are built in left out, each serialized with its options.
fn set_of(case: &str) -> Vec<Vec<u8>> {
    let source = Source::load(&Input::Files { path: cases().join(case), import_roots: vec![] });
    assert_eq!(source.problems(), []);
    let pool = source.pool();
    let own = pool.files().filter(|f| !f.name().starts_with("google/"));
    own.map(|f| f.encode_to_vec()).collect()
}

/// The serialized set of serialized files.
fn join(files: &[Vec<u8>]) -> Vec<u8> {
    #[derive(Clone, PartialEq, Message)]
    struct Set {
        #[prost(bytes = "vec", repeated, tag = "1")]
        file: Vec<Vec<u8>>,
    }
    Set { file: files.to_vec() }.encode_to_vec()
}

fn file(bytes: &[u8], change: impl FnOnce(&mut FileDescriptorProto)) -> Vec<u8> {
    let mut file = FileDescriptorProto::decode(bytes).expect("a file");
    change(&mut file);
    file.encode_to_vec()
}

fn load(set: Vec<u8>) -> (Source, Schema) {
    let source = Source::load(&Input::Descriptors { set, problems: vec![] });
    let schema = Schema::new([("id".to_owned(), source.clone())]);
    (source, schema)
}

#[test]
fn a_set_says_what_its_files_say() {
    let files = Source::load(&Input::Files { path: cases().join("catalog"), import_roots: vec![] });
    let files = Schema::new([("id".to_owned(), files)]);
    let (source, schema) = load(join(&set_of("catalog")));
    assert_eq!(source.problems(), []);
    assert_eq!(schema.services(), files.services());
    assert!(schema.services().iter().any(|s| s.methods.iter().any(|m| m.http.len() == 3)));
    assert_eq!(schema.describe("shop.v1.Shop"), files.describe("shop.v1.Shop"));
}

/// A file of syntax `editions` with its number, which prost's types cannot hold.
fn of_edition(file: &[u8], number: u64) -> Vec<u8> {
    let mut bytes = file.to_vec();
    bytes.push(14 << 3);
    prost::encoding::encode_varint(number, &mut bytes);
    bytes
}

/// `FileOptions` whose `features` hold a key without a value.
const DAMAGED: &[u8] = &[0x42, 4, 0x92, 0x03, 1, 0x08];

#[test]
fn sets_with_something_wrong() {
    let [types, shop] = <[Vec<u8>; 2]>::try_from(set_of("catalog")).expect("two files");
    let clash = file(&types, |f| f.message_type.clear());
    let edition = file(&types, |f| f.syntax = Some("editions".to_owned()));
    let lone = file(&edition, |f| f.dependency.push("gone.proto".to_owned()));
    let nameless = file(&types, |f| f.name = None);
    let syntax = file(&types, |f| f.syntax = Some("proto9".to_owned()));
    let map = file(&set_of("fields")[1], |f| f.message_type[0].nested_type[1].field.truncate(1));
    let cycle = file(&types, |f| f.dependency.push("shop/v1/shop.proto".to_owned()));
    let twice = file(&types, |f| f.name = Some("other.proto".to_owned()));
    let mut text = String::new();
    for (what, set) in [
        ("whole, in no order", join(&[shop.clone(), types.clone()])),
        ("a file missing", join(std::slice::from_ref(&shop))),
        ("a file twice", join(&[types.clone(), types.clone()])),
        ("two files of one name", join(&[types.clone(), clash])),
        ("two files that define the same", join(&[types.clone(), twice])),
        ("an edition that is missing", join(&[edition.clone(), shop.clone()])),
        ("edition 2023", join(&[of_edition(&edition, 1000), shop.clone()])),
        ("edition 2024, a file missing", join(&[of_edition(&lone, 1001)])),
        ("an edition not known yet", join(&[of_edition(&edition, 1002), shop.clone()])),
        ("damaged features", join(&[[&of_edition(&edition, 1000)[..], DAMAGED].concat()])),
        ("an unknown syntax", join(&[syntax])),
        ("a map without values", join(&[set_of("fields")[0].clone(), map])),
        ("a file without a name", join(&[nameless, types.clone()])),
        ("a cycle", join(&[cycle, shop])),
        ("a damaged file", join(&[b"\xff\xff".to_vec(), types])),
        ("not a set", b"\xff\xff\xff".to_vec()),
        ("nothing", vec![]),
    ] {
        let (source, schema) = load(set);
        text += &format!("# {what}\n{}", show::source(&source, schema.services()));
    }
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("sets", text);
    });
}

#[test]
fn sets_are_read_from_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("set.bin");
    for (bytes, files, kinds) in [
        (join(&set_of("catalog")), 2, &[] as &[ProblemKind]),
        (b"syntax = \"proto3\";".to_vec(), 0, &[ProblemKind::Damaged]),
        (vec![], 0, &[ProblemKind::Damaged]),
        (join(&set_of("catalog")[1..]), 0, &[ProblemKind::MissingImport]),
    ] {
        fs::write(&path, bytes).expect("a file");
        let source = Source::load(&Input::DescriptorSet { path: path.clone() });
        let found: Vec<_> = source.problems().iter().map(|p| p.kind).collect();
        assert_eq!((source.files(), &found[..]), (files, kinds), "{:?}", source.problems());
        let named = source.problems().iter().all(|p| p.path.as_deref() == path.to_str());
        assert!(named, "{:?}", source.problems());
    }
    let gone = Source::load(&Input::DescriptorSet { path: folder.path().join("gone") });
    assert_eq!(gone.problems()[0].kind, ProblemKind::NotFound);
}

#[test]
fn problems_of_getting_a_set_are_kept() {
    let earlier = Problem::new(ProblemKind::MissingImport, "the server does not tell `x.proto`");
    let set = join(&set_of("catalog"));
    let source = Source::load(&Input::Descriptors { set, problems: vec![earlier.clone()] });
    assert_eq!(source.problems(), [earlier]);
    assert_eq!(source.files(), 2);
}

#[test]
fn the_earlier_source_wins() {
    let one = set_of("catalog");
    let two = file(&one[1], |f| f.service[0].method.truncate(1));
    let (one, _) = load(join(&one));
    let (two, _) = load(join(&[set_of("catalog")[0].clone(), two]));
    for (first, second, methods) in [(&one, &two, 4), (&two, &one, 1)] {
        let schema = Schema::new([
            ("first".to_owned(), first.clone()),
            ("second".to_owned(), second.clone()),
        ]);
        let shop = schema.services().iter().find(|s| s.name == "shop.v1.Shop").expect("a shop");
        assert_eq!((shop.source.as_str(), shop.methods.len()), ("first", methods));
        assert_eq!(schema.services().len(), 2);
        assert_eq!(schema.method("shop.v1.Shop/Watch").is_some(), methods == 4);
    }
    let empty = Schema::default();
    assert_eq!(empty.services(), []);
    assert!(empty.message("google.protobuf.Any").is_none());
    assert_eq!(FileDescriptorSet::default().encode_to_vec(), join(&[]));
}

/// Everything that can be asked of a schema.
fn ask_everything(schema: &Schema, source: &Source) {
    for service in schema.services() {
        let _ = schema.describe(&service.name);
        for method in &service.methods {
            let _ = (
                schema.form(&method.path),
                schema.example(&method.path),
                schema.describe(&method.path),
            );
        }
    }
    for message in source.pool().all_messages().filter(|m| m.full_name().starts_with("fields")) {
        let name = message.full_name();
        let _ = (schema.form(name), schema.example(name), schema.describe(name));
    }
}

#[test]
fn damaged_sets_do_no_harm() {
    // With 1, every byte, it takes minutes.
    const STEP: usize = 61;
    let set = join(&set_of("fields"));
    let mut compiled = 0;
    for at in (0..set.len()).step_by(STEP) {
        for change in [1_u8, 0x80, 7] {
            let mut damaged = set.clone();
            damaged[at] ^= change;
            let (source, schema) = load(damaged);
            assert_eq!(
                source.problems().is_empty(),
                source.state() == wirelab_model::SourceState::Ready
            );
            compiled += source.files();
            ask_everything(&schema, &source);
        }
        let (source, schema) = load(set[..at].to_vec());
        ask_everything(&schema, &source);
    }
    assert!(compiled > 0, "some damage changes nothing that matters");
}
