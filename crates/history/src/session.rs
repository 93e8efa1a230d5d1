//! Tells whether the process that began a call still lives.
//!
//! Each open history holds an operating system lock on a file of its own, `history.<session>.lock`. The system lets
//! go of it however the process ends, so a session whose file can be locked (or is gone) is over.

use crate::{BUSY_TIMEOUT, fault};
use std::{
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use wirelab_model::Problem;

const POLL: Duration = Duration::from_millis(20);
/// More attempts than two sessions of one process could ever collide in one clock tick.
const NAME_ATTEMPTS: u32 = 1_000;

/// This process's claim on the calls it runs.
pub struct Session {
    name: String,
    path: PathBuf,
    _lock: File,
}

impl Session {
    /// Claims a new name. Call it while holding [`Opening`].
    pub fn begin(folder: &Path) -> Result<Session, Problem> {
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let mut last = std::io::Error::other("no free name");
        for attempt in 0..NAME_ATTEMPTS {
            let name = format!("{}-{clock}-{attempt}", std::process::id());
            let path = lock_path(folder, &name);
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => match file.try_lock() {
                    Ok(()) => return Ok(Session { name, path, _lock: file }),
                    Err(error) => last = error.into(),
                },
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => last = error,
                Err(error) => {
                    return Err(fault::io(&path, "the data folder cannot be written to", &error));
                }
            }
        }
        Err(fault::io(folder, "the history cannot be claimed", &last))
    }

    /// What calls of this session carry.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Whether the session `name` still runs. When in doubt it does: marking a living call would be a lie.
pub fn is_alive(folder: &Path, name: &str) -> bool {
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return false;
    }
    match File::open(lock_path(folder, name)) {
        Ok(file) => !matches!(file.try_lock(), Ok(())),
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    }
}

/// Removes the lock files of sessions that are over. Call it while holding [`Opening`].
pub fn sweep(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let file = entry.file_name();
        let name = file.to_str().and_then(|name| name.strip_prefix("history."));
        if let Some(name) = name.and_then(|name| name.strip_suffix(".lock"))
            && !is_alive(folder, name)
        {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn lock_path(folder: &Path, session: &str) -> PathBuf {
    folder.join(format!("history.{session}.lock"))
}

/// Held while a history is being opened, so that two processes do not create or upgrade it at once.
pub struct Opening(#[allow(dead_code)] File);

impl Opening {
    /// Waits for its turn, at most [`BUSY_TIMEOUT`]; blocks the thread.
    pub fn wait(folder: &Path, database: &Path) -> Result<Opening, Problem> {
        let path = folder.join("history.lock");
        let file =
            OpenOptions::new().write(true).create(true).truncate(false).open(&path).map_err(
                |error| fault::io(&path, "the data folder cannot be written to", &error),
            )?;
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Opening(file)),
                Err(TryLockError::WouldBlock) if begun.elapsed() < BUSY_TIMEOUT => {
                    std::thread::sleep(POLL)
                }
                Err(TryLockError::WouldBlock) => return Err(fault::locked(database)),
                Err(TryLockError::Error(error)) => {
                    return Err(fault::io(&path, "the data folder cannot be locked", &error));
                }
            }
        }
    }
}
