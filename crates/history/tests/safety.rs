//! Files that cannot be used are refused, named and left as they are.

mod common;

use common::{call, message, store};
use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::path::Path;
use wirelab_history::History;
use wirelab_model::*;

/// A folder with a history that holds something, closed.
async fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path()).await.unwrap();
    for at in 0..40 {
        let messages = [message(0, Direction::Sent, &"text ".repeat(200))];
        store(&history, call("a.B/C", "h:1", at), &messages, Status::default()).await;
    }
    history.close().await;
    folder
}

async fn connect(folder: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(folder.join("history.db")).connect().await.unwrap()
}

async fn run(folder: &Path, sql: &'static str) {
    let mut connection = connect(folder).await;
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// Opening is refused with `kind`, the problem names the file and says what to do, and the file stays as it is.
async fn check(folder: &Path, kind: ProblemKind, words: &str) {
    let file = folder.join("history.db");
    let before = std::fs::read(&file).unwrap();
    let problem = History::open(folder).await.err().expect("it is refused");
    assert_eq!(problem.kind, kind, "{problem}");
    assert!(problem.message.contains(words), "{problem}");
    assert_eq!(problem.path.as_deref(), file.to_str(), "{problem}");
    assert!(problem.help.is_some(), "{problem}");
    assert!(before == std::fs::read(&file).unwrap(), "{words}: the file was changed");
}

#[tokio::test]
async fn damaged_files() {
    let whole = {
        let folder = folder().await;
        std::fs::read(folder.path().join("history.db")).unwrap()
    };
    let mut scribbled = whole.clone();
    scribbled[100..4_000].fill(0xa5);
    let cases: [(&str, &[u8]); 6] = [
        ("not a database", b"{\"calls\":[]}"),
        ("not a database", &[0; 4_096]),
        ("cut short", &whole[..50]),
        ("cut short", &whole[..whole.len() / 2]),
        ("cut short", &whole[..whole.len() - 1]),
        ("malformed", &scribbled),
    ];
    for (words, bytes) in cases {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("history.db"), bytes).unwrap();
        check(folder.path(), ProblemKind::Damaged, words).await;
    }
}

#[tokio::test]
async fn files_of_others() {
    let foreign = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new().filename(foreign.path().join("history.db"));
    let mut connection = options.create_if_missing(true).connect().await.unwrap();
    sqlx::query("CREATE TABLE urls (url TEXT)").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    check(foreign.path(), ProblemKind::Damaged, "not one of Wirelab's").await;

    let newer = folder().await;
    run(
        newer.path(),
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'later', true, x'00', 0)",
    )
    .await;
    check(newer.path(), ProblemKind::NewerVersion, "newer version").await;

    let altered = folder().await;
    run(altered.path(), "UPDATE _sqlx_migrations SET checksum = x'00'").await;
    check(altered.path(), ProblemKind::Damaged, "step 1").await;
}

#[tokio::test]
async fn a_locked_file() {
    let held = folder().await;
    let mut holder = connect(held.path()).await;
    // As a program that keeps the whole file to itself does.
    sqlx::raw_sql("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE")
        .execute(&mut holder)
        .await
        .unwrap();
    check(held.path(), ProblemKind::Locked, "locked").await;
    holder.close().await.unwrap();
    let history = History::open(held.path()).await.expect("it opens once it is let go");
    assert_eq!(history.count().await.unwrap(), 40);

    // A writer that does not end: reading goes on, writing says why it cannot, and nothing is lost.
    let mut writer = connect(held.path()).await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut writer).await.unwrap();
    let problem = history.begin(&call("a.B/C", "h:1", 7)).await.unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Locked, "{problem}");
    assert_eq!(history.count().await.unwrap(), 40);
    sqlx::query("COMMIT").execute(&mut writer).await.unwrap();
    history.begin(&call("a.B/C", "h:1", 7)).await.expect("it goes on afterwards");
}

#[tokio::test]
async fn a_folder_that_cannot_be_written() {
    let base = tempfile::tempdir().unwrap();
    let file = base.path().join("file");
    std::fs::write(&file, "x").unwrap();
    for folder in [file.clone(), file.join("below")] {
        let problem = History::open(&folder).await.err().expect("it is refused");
        assert_eq!(problem.kind, ProblemKind::Io, "{problem}");
        assert!(
            problem.path.as_deref().is_some_and(|path| path.starts_with(file.to_str().unwrap()))
        );
        assert!(problem.help.is_some());
    }
    let occupied = base.path().join("occupied");
    std::fs::create_dir_all(occupied.join("history.db")).unwrap();
    let problem = History::open(&occupied).await.err().expect("it is refused");
    assert_eq!(problem.kind, ProblemKind::Damaged, "{problem}");
    let deep = base.path().join("a/b/c");
    History::open(&deep).await.expect("folders are created");
}

#[tokio::test]
async fn after_a_crash_the_log_is_read() {
    // The database and its log as they lie on the disk while a history is open: what a crash leaves behind.
    let live = tempfile::tempdir().unwrap();
    let history = History::open(live.path()).await.unwrap();
    store(&history, call("a.B/C", "h:1", 7), &[], Status::default()).await;
    let crashed = tempfile::tempdir().unwrap();
    for name in ["history.db", "history.db-wal"] {
        std::fs::copy(live.path().join(name), crashed.path().join(name)).unwrap();
    }
    let recovered = History::open(crashed.path()).await.expect("it opens");
    assert_eq!(recovered.count().await.unwrap(), 1);

    // A log that was torn in the middle of a write loses that write at most.
    let torn = tempfile::tempdir().unwrap();
    for name in ["history.db", "history.db-wal"] {
        std::fs::copy(live.path().join(name), torn.path().join(name)).unwrap();
    }
    let log =
        std::fs::OpenOptions::new().write(true).open(torn.path().join("history.db-wal")).unwrap();
    log.set_len(log.metadata().unwrap().len() - 100).unwrap();
    History::open(torn.path()).await.expect("it opens").count().await.expect("it reads");
}

#[tokio::test]
async fn a_row_that_somebody_broke_is_a_problem_of_that_row() {
    let folder = folder().await;
    run(folder.path(), "UPDATE call_detail SET record = '{' WHERE call = 3").await;
    let history = History::open(folder.path()).await.unwrap();
    let problem = history.call(3).await.unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Damaged);
    assert!(problem.message.contains("call 3"), "{problem}");
    assert!(history.call(4).await.unwrap().is_some());
}
