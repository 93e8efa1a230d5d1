//! Turns failures of SQLite and of the file system into [`Problem`]s that name the file and what to do.

use std::path::Path;
use wirelab_model::{Problem, ProblemKind};

/// SQLite's primary result codes that people can do something about (<https://sqlite.org/rescode.html>).
mod code {
    pub const PERM: u32 = 3;
    pub const BUSY: u32 = 5;
    pub const LOCKED: u32 = 6;
    pub const READONLY: u32 = 8;
    pub const IOERR: u32 = 10;
    pub const CORRUPT: u32 = 11;
    pub const FULL: u32 = 13;
    pub const CANTOPEN: u32 = 14;
    pub const NOTADB: u32 = 26;
}

/// The history is held by somebody else.
pub fn locked(file: &Path) -> Problem {
    Problem::new(ProblemKind::Locked, "the history is locked by another program")
        .at(file.display().to_string())
        .help("close the program that holds the file, or choose another data folder")
}

/// The history cannot be trusted; `what` says why.
pub fn damaged(file: &Path, what: &str) -> Problem {
    Problem::new(ProblemKind::Damaged, format!("the history is damaged: {what}"))
        .at(file.display().to_string())
        .help("it was left as it is; move the file away to start a new history, or restore a copy of it")
}

/// The history has a schema that this version does not know.
pub fn newer(file: &Path) -> Problem {
    Problem::new(ProblemKind::NewerVersion, "the history was written by a newer version of Wirelab")
        .at(file.display().to_string())
        .help("it was left as it is; update Wirelab, or choose another data folder")
}

/// The file system refused.
pub fn io(path: &Path, what: &str, error: &std::io::Error) -> Problem {
    Problem::new(ProblemKind::Io, format!("{what}: {error}"))
        .at(path.display().to_string())
        .help("make the folder writable, or choose another data folder")
}

/// Something asked for is not there.
pub fn not_found(what: &str, id: i64) -> Problem {
    Problem::new(ProblemKind::NotFound, format!("{what} {id} is not in the history"))
}

/// What SQLite or sqlx reported about `file`.
pub fn database(file: &Path, error: &sqlx::Error) -> Problem {
    match error {
        sqlx::Error::Database(inner) => {
            let extended = inner.code().and_then(|code| code.parse::<u32>().ok()).unwrap_or(0);
            match extended & 0xff {
                code::BUSY | code::LOCKED => locked(file),
                code::CORRUPT | code::NOTADB => damaged(file, inner.message()),
                code::FULL => {
                    Problem::new(ProblemKind::Io, "the disk is full: nothing more can be recorded")
                        .at(file.display().to_string())
                        .help(
                            "free some space, delete recorded calls, or choose another data folder",
                        )
                }
                code::PERM | code::READONLY | code::IOERR | code::CANTOPEN => Problem::new(
                    ProblemKind::Io,
                    format!("the history cannot be used: {}", inner.message()),
                )
                .at(file.display().to_string())
                .help("make the file and its folder writable, or choose another data folder"),
                _ => internal(file, error),
            }
        }
        sqlx::Error::Io(inner) => io(file, "the history cannot be read", inner),
        sqlx::Error::PoolTimedOut => locked(file),
        sqlx::Error::PoolClosed => Problem::new(ProblemKind::Interrupted, "the history is closed")
            .at(file.display().to_string()),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            damaged(file, "a row does not hold what it should")
        }
        _ => internal(file, error),
    }
}

fn internal(file: &Path, error: &sqlx::Error) -> Problem {
    Problem::new(ProblemKind::Internal, format!("the history failed: {error}"))
        .at(file.display().to_string())
}
