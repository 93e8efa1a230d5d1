//! Opens the file: looks before it touches, upgrades it, and closes what a dead process left open.

use crate::{
    BUSY_TIMEOUT, fault,
    session::{self, Opening, Session},
};
use sqlx::{
    ConnectOptions, Connection, SqlitePool,
    migrate::{MigrateError, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{
    io::Read,
    path::{Path, PathBuf},
};
use wirelab_model::Problem;

static MIGRATOR: Migrator = sqlx::migrate!("./migrations");
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// Readers beside the one writer.
const READERS: u32 = 4;

/// An open database.
pub struct Store {
    pub file: PathBuf,
    pub read: SqlitePool,
    /// One connection: writers wait for each other here rather than in SQLite.
    pub write: SqlitePool,
    pub session: Session,
}

impl Store {
    /// Names the file in what SQLite reported.
    pub fn fault(&self, error: sqlx::Error) -> Problem {
        fault::database(&self.file, &error)
    }

    /// A transaction that holds the write lock from its begin, so that it cannot fail halfway for being late.
    pub async fn writing(&self) -> Result<sqlx::Transaction<'static, sqlx::Sqlite>, Problem> {
        self.write.begin_with("BEGIN IMMEDIATE").await.map_err(|error| self.fault(error))
    }
}

pub async fn open(folder: &Path) -> Result<Store, Problem> {
    let file = folder.join("history.db");
    let (folder, database) = (folder.to_owned(), file.clone());
    let opening = tokio::task::spawn_blocking(move || {
        std::fs::create_dir_all(&folder)
            .map_err(|error| fault::io(&folder, "the data folder cannot be created", &error))?;
        let opening = Opening::wait(&folder, &database)?;
        check_header(&database)?;
        Ok::<_, Problem>((opening, folder))
    });
    let (opening, folder) =
        opening.await.map_err(|_| fault::damaged(&file, "opening it failed"))??;
    check_version(&file).await?;

    let options = SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT);
    let pool = |most| {
        // Writers queue for their connection, so give them longer than one of them may hold it.
        SqlitePoolOptions::new().max_connections(most).acquire_timeout(BUSY_TIMEOUT * 10)
    };
    let problem = |error: sqlx::Error| fault::database(&file, &error);
    let write = pool(1).connect_with(options.clone()).await.map_err(problem)?;
    MIGRATOR.run(&write).await.map_err(|error| migration(&file, error))?;
    let read = pool(READERS).connect_with(options).await.map_err(problem)?;
    let store = Store { read, write, session: Session::begin(&folder)?, file };
    close_abandoned(&store, &folder).await?;
    session::sweep(&folder);
    drop(opening);
    Ok(store)
}

/// Reads the first hundred bytes (<https://sqlite.org/fileformat.html#the_database_header>): what is no database or
/// is cut short is refused before SQLite may touch it.
fn check_header(file: &Path) -> Result<(), Problem> {
    let mut header = Vec::new();
    let length = match std::fs::File::open(file) {
        Ok(open) => {
            let metadata = open
                .metadata()
                .map_err(|error| fault::io(file, "the history cannot be read", &error))?;
            if !metadata.is_file() {
                return Err(fault::damaged(file, "it is not a file"));
            }
            open.take(100)
                .read_to_end(&mut header)
                .map_err(|error| fault::io(file, "the history cannot be read", &error))?;
            metadata.len()
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(fault::io(file, "the history cannot be read", &error)),
    };
    if header.is_empty() {
        return Ok(());
    }
    if !header.starts_with(MAGIC) {
        return Err(fault::damaged(file, "it is not a database"));
    }
    let be = |at: usize, bytes: usize| {
        header
            .get(at..at + bytes)
            .map(|part| part.iter().fold(0u64, |n, byte| n << 8 | u64::from(*byte)))
    };
    let (Some(page), Some(pages), Some(changed), Some(valid_for)) =
        (be(16, 2), be(28, 4), be(24, 4), be(92, 4))
    else {
        return Err(fault::damaged(file, "it is cut short"));
    };
    let page = if page == 1 { 65_536 } else { page };
    // With a log beside it the file may rightly be shorter: a crash in the middle of a checkpoint leaves it so.
    let log = file.with_extension("db-wal");
    let logged = std::fs::metadata(log).is_ok_and(|metadata| metadata.len() > 0);
    if changed == valid_for && length < page * pages && !logged {
        return Err(fault::damaged(file, "it is cut short"));
    }
    Ok(())
}

/// Looks, by a connection that cannot write, at which migrations the file has seen.
async fn check_version(file: &Path) -> Result<(), Problem> {
    if !std::fs::metadata(file).is_ok_and(|metadata| metadata.len() > 0) {
        return Ok(());
    }
    let problem = |error: sqlx::Error| fault::database(file, &error);
    let options =
        SqliteConnectOptions::new().filename(file).read_only(true).busy_timeout(BUSY_TIMEOUT);
    let mut connection = options.connect().await.map_err(problem)?;
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table'")
            .fetch_all(&mut connection)
            .await
            .map_err(problem)?;
    if !tables.is_empty() {
        if !tables.iter().any(|name| name == "_sqlx_migrations") {
            return Err(fault::damaged(file, "it is a database, but not one of Wirelab's"));
        }
        let applied: Vec<(i64, Vec<u8>)> =
            sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations ORDER BY version")
                .fetch_all(&mut connection)
                .await
                .map_err(problem)?;
        for (version, checksum) in applied {
            match MIGRATOR.iter().find(|known| known.version == version) {
                None => return Err(fault::newer(file)),
                Some(known) if *known.checksum != *checksum => return Err(altered(file, version)),
                Some(_) => {}
            }
        }
    }
    connection.close().await.map_err(problem)
}

fn altered(file: &Path, version: i64) -> Problem {
    fault::damaged(file, &format!("step {version} of its schema is not the one this version knows"))
}

fn migration(file: &Path, error: MigrateError) -> Problem {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            fault::database(file, &error)
        }
        MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => fault::newer(file),
        MigrateError::VersionMismatch(version) | MigrateError::Dirty(version) => {
            altered(file, version)
        }
        other => fault::damaged(file, &other.to_string()),
    }
}

/// Marks what processes that are gone left running.
async fn close_abandoned(store: &Store, folder: &Path) -> Result<(), Problem> {
    let sessions: Vec<String> = sqlx::query_scalar(
        "SELECT session FROM call WHERE state = 0 UNION SELECT session FROM bench WHERE running = 1",
    )
    .fetch_all(&store.read)
    .await
    .map_err(|error| store.fault(error))?;
    for name in sessions {
        if name != store.session.name() && !session::is_alive(folder, &name) {
            store.interrupt_calls(&name).await?;
            store.interrupt_benches(&name).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::History;
    use std::sync::Arc;
    use wirelab_model::*;

    #[tokio::test]
    async fn a_full_disk_is_said_and_what_is_stored_stays() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path()).await.unwrap();
        // SQLite's own page limit fails with the code of a full disk.
        sqlx::query("PRAGMA max_page_count = 120").execute(&store.write).await.unwrap();
        let history = History(Arc::new(store));
        let id = history.begin(&CallRecord::default()).await.unwrap();
        let message = |index| MessageRecord {
            row: MessageRow {
                index,
                direction: Direction::Sent,
                at_ns: 0,
                bytes: 0,
                json_bytes: None,
                text: String::new(),
            },
            wire: vec![1; 100_000].into(),
        };
        let mut stored = 0;
        let problem = loop {
            match history.append(id, &[message(stored)]).await {
                Ok(()) => stored += 1,
                Err(problem) => break problem,
            }
            assert!(stored < 100, "the limit holds");
        };
        assert_eq!(problem.kind, ProblemKind::Io);
        assert!(problem.message.contains("full"), "{problem}");
        assert!(stored > 0);
        assert_eq!(history.messages(id, 0, 100).await.unwrap().len() as u64, stored);
    }
}
