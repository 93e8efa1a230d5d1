//! The history: every call with its bytes, saved requests, comparisons and the list of sources, in one SQLite file.
//!
//! Owns `<folder>/history.db`: its schema, searching it, and its safety. Knows no Protobuf, network or screen.
//!
//! - A call is written as it runs ([`History::begin`], [`History::append`], [`History::finish`]), so a crash loses at
//!   most the batch being written. Calls left running by a process that is gone are marked interrupted at the next
//!   [`History::open`]; those of another living process are left alone, and so is a call under way when deleting.
//! - A file that is locked, damaged or from a newer version is refused with a [`Problem`] that names it, and is left
//!   byte for byte as it was.
//! - Every wait is bounded: a write that cannot have the file within [`BUSY_TIMEOUT`] is a `Locked` problem.

mod bench;
mod calls;
mod fault;
mod open;
mod saved;
mod search;
mod session;
mod sources;

use open::Store;
use std::{path::Path, sync::Arc, time::Duration};
use wirelab_model::*;

/// How long to wait for a file that another process is writing to.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(3);

/// The most rows that [`History::query`] returns.
pub const MAX_PAGE: u32 = 1_000;

/// The most messages that [`History::messages`] and [`History::records`] return.
pub const MAX_MESSAGES: u32 = 10_000;

/// The longest [`HistoryFilter::text`], bytes.
pub const MAX_SEARCH_TEXT: usize = 1_024;

/// An open history. Cheap to clone; all methods may be called at once from many tasks.
#[derive(Clone)]
pub struct History(Arc<Store>);

impl History {
    /// Opens or creates `<folder>/history.db`; the folder is created when missing.
    ///
    /// # Errors
    /// `Locked`, `Damaged`, `NewerVersion` or `Io`, each naming the file and what to do.
    pub async fn open(folder: &Path) -> Result<History, Problem> {
        open::open(folder).await.map(|store| History(Arc::new(store)))
    }

    /// The database file.
    pub fn file(&self) -> &Path {
        &self.0.file
    }

    /// Writes everything out and lets go of the file; what comes after fails.
    pub async fn close(&self) {
        self.0.read.close().await;
        self.0.write.close().await;
    }
}
