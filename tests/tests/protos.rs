//! The `.proto` trees of two packages that others ship, loaded through the command line.

use std::path::Path;
use wirelab_tests::command::{Ran, wirelab};
use wirelab_tests::outside;

/// Lists what a folder defines, with its problems one a line.
fn list(folder: &Path) -> (Ran, Vec<String>) {
    let ran = wirelab(&["list", "--proto", &folder.display().to_string()]);
    let problems = ran.err.lines().map(str::to_owned).collect();
    (ran, problems)
}

fn services(ran: &Ran) -> usize {
    ran.out.lines().count()
}

#[test]
fn the_common_protos_of_google_load() {
    let (ran, problems) = list(&outside::common_protos().join("google"));
    assert_eq!(problems, [""; 0]);
    assert_eq!(ran.code, 0);
    // google.longrunning.Operations and google.cloud.location.Locations among them.
    assert!(ran.out.lines().any(|line| line == "google.longrunning.Operations"), "{}", ran.out);
}

/// What is in the way of a file of this tree: an import that the package does not ship, two test files that define the
/// same names, and an edition that is newer than those that are known.
#[test]
fn the_whole_tree_of_google_loads() {
    let tree = outside::google_protos();
    let (ran, problems) = list(&tree);
    let tree = format!("{}/", tree.display());
    let told: Vec<String> = problems.iter().map(|problem| problem.replace(&tree, "")).collect();
    insta::assert_snapshot!(told.join("\n"));
    assert_eq!(ran.code, 0);
    assert_eq!(services(&ran), 1966);
}
