//! Input that is large, deep, endless or not there.

use std::{fmt::Write, fs, path::Path};
use wirelab_model::{ProblemKind, SourceState};
use wirelab_schema::{Input, Source, limits};

fn load(path: &Path) -> Source {
    Source::load(&Input::Files { path: path.to_owned(), import_roots: vec![] })
}

/// Kinds of problems, by file name.
fn kinds(source: &Source) -> Vec<(ProblemKind, String)> {
    let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    source
        .problems()
        .iter()
        .map(|p| (p.kind, p.path.as_deref().map(name).unwrap_or_default()))
        .collect()
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, text).expect("a file");
    }
    folder
}

#[test]
fn nothing_to_load() {
    let folder = folder(&[
        ("readme.txt", "no protos"),
        ("node_modules/x.proto", "skipped"),
        (".git/y.proto", "skipped"),
    ]);
    for (path, message) in [
        (folder.path().to_owned(), "the folder holds no .proto files"),
        (folder.path().join("gone.proto"), "cannot be read: no such file or directory"),
        ("".into(), "cannot be read: no such file or directory"),
        ("/dev/null".into(), "neither a file nor a folder"),
    ] {
        let source = load(&path);
        assert_eq!(source.state(), SourceState::Failed);
        assert_eq!(source.problems().len(), 1, "{:?}", source.problems());
        let problem = &source.problems()[0];
        assert_eq!((problem.message.as_str(), problem.path.as_deref()), (message, path.to_str()));
        assert!(problem.help.is_some());
    }
}

#[test]
fn ten_megabytes_of_proto() {
    let mut text = String::from("syntax = \"proto3\";\npackage big;\n");
    let mut messages = 0;
    while text.len() < 10 << 20 {
        let _ = write!(text, "// Message {messages}.\nmessage M{messages} {{\n");
        for field in 1..=200 {
            let _ = writeln!(
                text,
                "  repeated string a_rather_long_name_of_a_field_{field} = {field};"
            );
        }
        text += "}\n";
        messages += 1;
    }
    text += "service Big { rpc Call(M0) returns (M1); }\n";
    let folder = folder(&[("big.proto", &text)]);
    let source = load(folder.path());
    assert_eq!(source.problems(), []);
    assert_eq!((source.files(), source.service_count()), (1, 1));
    assert!(source.pool().get_message_by_name(&format!("big.M{}", messages - 1)).is_some());
}

#[test]
fn a_file_that_is_too_large_is_left_out() {
    let folder = folder(&[("fine.proto", "syntax = \"proto3\"; message Fine {}")]);
    let large = fs::File::create(folder.path().join("large.proto")).expect("a file");
    large.set_len(limits::MAX_FILE_BYTES + 1).expect("a sparse file");
    let source = load(folder.path());
    assert_eq!(kinds(&source), [(ProblemKind::TooLarge, "large.proto".to_owned())]);
    assert!(source.problems()[0].message.contains("67108864"), "{:?}", source.problems());
    assert_eq!(source.files(), 1);
}

#[test]
fn deep_input_is_refused_before_it_overflows() {
    let deep = |open: &str, close: &str, times: usize| open.repeat(times) + &close.repeat(times);
    let option = |value: String| {
        format!("syntax = \"proto3\"; import \"o.proto\"; option (o) = {value}; message M {{}}")
    };
    let many = 100_000;
    let option_proto = "syntax = \"proto3\"; import \"google/protobuf/descriptor.proto\";
        message O { O o = 1; repeated O list = 2; } extend google.protobuf.FileOptions { O o = 50000; }";
    for (text, kind) in [
        (format!("syntax = \"proto3\"; {}", deep("message M {", "}", many)), ProblemKind::TooLarge),
        (format!("syntax = \"proto3\"; {}", deep("message M {", "}", 50)), ProblemKind::Syntax),
        (option(format!("{{{}}}", deep("o {", "}", many))), ProblemKind::TooLarge),
        (option(format!("{{{}}}", deep("o <", ">", many))), ProblemKind::TooLarge),
        (option(deep("[", "]", many)), ProblemKind::TooLarge),
        (
            format!(
                "syntax = \"proto3\"; import \"o.proto\"; option (o){} = {{}};",
                ".o".repeat(many)
            ),
            ProblemKind::TooLarge,
        ),
        (format!("syntax = \"proto3\"; {}", "/*".repeat(many)), ProblemKind::Syntax),
        (format!("syntax = \"proto3\"; {}", "\"".repeat(many + 1)), ProblemKind::Syntax),
        (
            format!("syntax = \"proto3\"; message M {{ {} m = 1; }}", "M.".repeat(90) + "M"),
            ProblemKind::Invalid,
        ),
    ] {
        let folder = folder(&[("deep.proto", &text), ("o.proto", option_proto)]);
        let source = load(folder.path());
        let (found, file) = kinds(&source).remove(0);
        assert_eq!((found, file.as_str()), (kind, "deep.proto"), "{:?}", &source.problems()[0]);
        assert_eq!(source.files(), 1, "the other file");
    }
    let shallow = folder(&[
        ("deep.proto", &option(format!("{{{}}}", deep("o {", "}", 90)))),
        ("o.proto", option_proto),
    ]);
    assert_eq!(load(shallow.path()).problems(), []);
}

#[test]
fn a_long_chain_of_imports() {
    const LENGTH: usize = 1_000;
    let folder = tempfile::tempdir().expect("a folder");
    for i in 0..LENGTH {
        let text = format!(
            "syntax = \"proto3\"; package p; import \"f{0}.proto\"; message M{i} {{ M{0} m = 1; }}",
            i + 1
        );
        fs::write(folder.path().join(format!("f{i}.proto")), text).expect("a file");
    }
    let last = folder.path().join(format!("f{LENGTH}.proto"));
    fs::write(&last, format!("syntax = \"proto3\"; package p; message M{LENGTH} {{}}"))
        .expect("a file");
    // Opened as a single file, each import is one more round of reading.
    let source = load(&folder.path().join("f0.proto"));
    assert_eq!((source.files() as usize, source.problems()), (LENGTH + 1, &[][..]));

    fs::write(&last, "syntax = \"proto3\"; package p; import \"f0.proto\";").expect("a file");
    let source = load(folder.path());
    assert_eq!(source.files(), 0);
    assert_eq!(source.problems()[0].kind, ProblemKind::ImportCycle);
    assert!(source.problems()[0].message.len() < 500, "{}", source.problems()[0].message);
}

#[test]
fn what_is_not_listed_is_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    for i in 0..1_100 {
        fs::write(folder.path().join(format!("f{i}.proto")), "broken").expect("a file");
    }
    let source = load(folder.path());
    assert_eq!(source.problems().len(), 1_001);
    assert_eq!(source.problems()[1_000].message, "100 more problems are not listed");
}

#[cfg(unix)]
#[test]
fn links_are_followed_once() {
    use std::os::unix::fs::symlink;
    let folder = folder(&[
        (
            "a/a.proto",
            "syntax = \"proto3\"; package a; import \"b/b.proto\"; message A { b.B b = 1; }",
        ),
        ("outside/b.proto", "syntax = \"proto3\"; package b; message B {}"),
    ]);
    let opened = folder.path().join("opened");
    fs::create_dir(&opened).expect("a folder");
    for (target, link) in [
        ("../a", "a"),
        ("../outside", "b"),
        ("..", "up"),
        (".", "itself"),
        ("loop", "loop"),
        ("nowhere", "dangling.proto"),
        ("../outside/b.proto", "again.proto"),
    ] {
        symlink(target, opened.join(link)).expect("a link");
    }
    let source = load(&opened);
    assert_eq!((source.files(), source.problems()), (2, &[][..]));
}

#[test]
fn damaged_texts_of_an_edition_do_no_harm() {
    const STEP: usize = 29;
    let text = fs::read_to_string(crate::cases().join("editions/new.proto")).expect("a case");
    let mut sound = 0;
    for at in (0..text.len()).step_by(STEP) {
        let with = |replacement: &str| format!("{}{replacement}{}", &text[..at], &text[at + 1..]);
        let texts = [text[..at].to_owned(), with("{"), with("}"), with("\""), with(";"), with("[")];
        let names: Vec<_> = (0..texts.len()).map(|i| format!("{i}.proto")).collect();
        let files = names.iter().map(String::as_str).zip(texts.iter().map(String::as_str));
        let folder = folder(&files.collect::<Vec<_>>());
        let source = load(folder.path());
        assert!(source.problems().iter().all(|p| p.kind != ProblemKind::Internal));
        sound += source.files();
    }
    assert!(sound > 0, "some damage is within a comment");
}

#[test]
fn faults_without_end_are_told_in_part() {
    let many = 10_000;
    for (text, message) in [
        (
            format!(
                "edition = \"2023\"; message M {{ {} }}",
                "optional int32 a = 1; ".repeat(many)
            ),
            "the label `optional`",
        ),
        (
            format!(
                "edition = \"2023\"; message M {{ {} }}",
                (1..=5_000)
                    .map(|n| format!("int32 a{n} = {n} [packed = true];"))
                    .collect::<String>()
            ),
            "the option `packed`",
        ),
        (
            format!("edition = \"2023\"; {}", "option features.nope = X; ".repeat(many)),
            "`nope` is no feature",
        ),
    ] {
        let folder = folder(&[("many.proto", &text)]);
        let source = load(folder.path());
        assert_eq!(source.problems().len(), 10);
        assert!(source.problems()[9].message.contains(message), "{:?}", source.problems());
    }
}
