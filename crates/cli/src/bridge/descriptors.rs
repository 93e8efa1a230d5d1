//! How many files, and so connections, the process may have open.

use crate::output;
use std::num::NonZeroUsize;
use wirelab_bridge::serve::MAX_CONNECTIONS;

/// What connections of clients leave to everything else: listeners, connections to servers and to where figures are
/// told, files that are read again.
const RESERVED: usize = 256;

/// How many connections of clients may be open at once, `wanted` or [`MAX_CONNECTIONS`] where the system allows so many.
/// Raises the process's limit of open files as far as that takes, and may be (`ulimit -Hn`): many systems begin with
/// 1,024, for the sake of programs that cannot have more.
pub fn connections(wanted: Option<NonZeroUsize>) -> usize {
    let most = wanted.map_or(MAX_CONNECTIONS, NonZeroUsize::get);
    let allowed = match rlimit::increase_nofile_limit(most.saturating_add(RESERVED) as u64) {
        Ok(files) => within(usize::try_from(files).unwrap_or(usize::MAX)),
        // A system that does not tell lets them be tried.
        Err(_) => return most,
    };
    if wanted.is_some() && most > allowed {
        output::note(&format!(
            "wirelab: {allowed} connections may be open at once, not {most}: the system allows no more files, raise its limit (ulimit -Hn)"
        ));
    }
    most.min(allowed)
}

/// The connections that go with a limit of open files.
fn within(files: usize) -> usize {
    files.saturating_sub(RESERVED).max(files / 2).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_else_keeps_its_files() {
        for (files, connections) in [(0, 1), (64, 32), (300, 150), (1_024, 768), (20_000, 19_744)] {
            assert_eq!(within(files), connections, "{files}");
        }
    }
}
