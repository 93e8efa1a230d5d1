//! Writes what to begin with: `bridge_seeds [FOLDER]`, into `corpus` unless told otherwise.

// Everything is built with instruments, which report to libFuzzer here too.
use libfuzzer_sys as _;

fn main() -> std::io::Result<()> {
    let folder = std::env::args_os().nth(1).unwrap_or("corpus".into());
    wirelab_bridge_fuzz::write_seeds(folder.as_ref())
}
