//! One binary for all tests through the public face. A case is a folder of files under `cases/` with a `case.txt`
//! that says what to open and what to ask; its snapshot says what came out.

mod bounds;
mod cases;
mod sets;
mod show;

use std::path::{Path, PathBuf};

/// The folder of the cases.
fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}
