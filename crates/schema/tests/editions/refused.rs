//! Files that protoc refuses or just about takes: so do we, at the same line. `refused.txt` has them, each behind a
//! line with its name. `(let pass)`: what protoc refuses for its style alone. `(protoc takes it)`: what an edition or
//! a library that we build on keeps us from taking.

use crate::{include, protoc};
use std::{fmt::Write, fs, path::Path};
use wirelab_schema::{Input, Source};

/// Line of the first error, none when the file is taken; 0 when the error has no place.
type Verdict = Option<u32>;

fn judge(folder: &Path, name: &str) -> Verdict {
    let out = format!("--descriptor_set_out={}", folder.join("out").display());
    let output = protoc(&[folder], &[out, name.to_owned()]);
    if output.status.success() {
        return None;
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let error = said.lines().find(|line| !line.contains(" warning: ")).unwrap_or_default();
    let mut parts = error.strip_prefix(name).unwrap_or_default().split(':').skip(1);
    match (parts.next().map(str::parse), parts.next().map(str::parse)) {
        // Without a place it says the first one.
        (Some(Ok(1)), Some(Ok(1))) => Some(0),
        (Some(Ok(line)), Some(Ok::<u32, _>(_))) => Some(line),
        _ => Some(0),
    }
}

#[test]
fn what_protoc_refuses_is_refused_at_the_same_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let cases = include_str!("refused.txt").split("=== ").skip(1);
    let mut told = String::new();
    for case in cases {
        let (head, text) = case.split_once('\n').expect("a name");
        let (name, exception) = head.split_once(' ').unwrap_or((head, ""));
        let file = format!("{name}.proto");
        let path = folder.path().join(&file);
        fs::write(&path, text.trim_end_matches('\n').to_owned() + "\n").expect("a file");
        let source = Source::load(&Input::Files {
            path: path.clone(),
            import_roots: vec![folder.path().to_owned(), include()],
        });
        let problems = source.problems();
        let protoc = judge(folder.path(), &file);
        let ours = problems.first().map(|problem| problem.span.map_or(0, |span| span.line));
        let known = match exception {
            "(let pass)" => ours.is_none() && protoc.is_some(),
            "(protoc takes it)" => ours.is_some() && protoc.is_none(),
            _ => protoc == ours || protoc == Some(0) && ours.is_some(),
        };
        assert!(known, "{head}: protoc {protoc:?}, we {ours:?}\n{text}{problems:?}");
        let _ = writeln!(told, "{head}");
        for problem in problems {
            let problem = problem.to_string().replace(&path.display().to_string(), "");
            let _ = writeln!(told, "  {}", problem.trim_start_matches(':'));
        }
    }
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("editions_refused", told);
    });
}
