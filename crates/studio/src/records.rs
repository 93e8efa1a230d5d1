//! Where calls are recorded: the history of the data folder, or a temporary one when that cannot be used.
//!
//! A temporary record has negative ids and is gone with the process. It stands in for the whole history when the
//! file is locked, damaged or newer, and for single calls that the history could not take.

use std::{
    path::Path,
    sync::{Mutex, PoisonError},
};
use tokio::sync::OnceCell;
use wirelab_history::History;
use wirelab_model::*;

/// A history with the sign that its ids have outside.
#[derive(Clone)]
pub struct Shelf {
    history: History,
    sign: i64,
}

pub struct Records {
    main: Result<Shelf, Problem>,
    /// What lists are made from: the main one, else the spare.
    listed: Shelf,
    spare: OnceCell<Spare>,
    /// The last thing that could not be recorded.
    trouble: Mutex<Option<Problem>>,
}

struct Spare {
    shelf: Shelf,
    _folder: tempfile::TempDir,
}

impl Spare {
    async fn open() -> Result<Spare, Problem> {
        let folder = tempfile::Builder::new().prefix("wirelab-").tempdir().map_err(|error| {
            Problem::new(ProblemKind::Io, format!("no temporary folder can be made: {error}"))
                .at(std::env::temp_dir().display().to_string())
                .help("make it writable, or name another by TMPDIR")
        })?;
        let history = History::open(folder.path()).await?;
        Ok(Spare { shelf: Shelf { history, sign: -1 }, _folder: folder })
    }
}

impl Records {
    /// Opens the history of `folder`; without it if it is locked, damaged or newer.
    pub async fn open(folder: &Path) -> Result<Records, Problem> {
        let problem = match History::open(folder).await {
            Ok(history) => {
                let main = Shelf { history, sign: 1 };
                let (listed, trouble) = (main.clone(), Mutex::default());
                return Ok(Records { main: Ok(main), listed, spare: OnceCell::new(), trouble });
            }
            Err(problem) => problem,
        };
        match problem.kind {
            ProblemKind::Locked | ProblemKind::Damaged | ProblemKind::NewerVersion => {
                tracing::warn!(%problem, "running without history");
                let spare = Spare::open().await?;
                Ok(Records {
                    main: Err(problem),
                    listed: spare.shelf.clone(),
                    spare: OnceCell::new_with(Some(spare)),
                    trouble: Mutex::default(),
                })
            }
            _ => Err(problem),
        }
    }

    /// Why history cannot be kept, when it cannot.
    pub fn problem(&self) -> Option<Problem> {
        match &self.main {
            Err(problem) => Some(problem.clone()),
            Ok(_) => self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    /// Remembers what could not be recorded, so that it is said.
    pub fn troubled(&self, problem: &Problem) {
        tracing::warn!(%problem, "not recorded");
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(problem.clone());
    }

    /// What is remembered for good; a problem when the history cannot be used.
    pub fn lasting(&self) -> Result<&History, Problem> {
        self.main.as_ref().map(|shelf| &shelf.history).map_err(Clone::clone)
    }

    /// What lists are made from.
    pub fn shelf(&self) -> &Shelf {
        &self.listed
    }

    /// Where the record with this id is.
    pub fn of(&self, id: i64) -> Result<&Shelf, Problem> {
        let shelf = if id > 0 {
            self.main.as_ref().ok()
        } else {
            self.spare.get().map(|spare| &spare.shelf)
        };
        shelf.ok_or_else(|| not_found("record", id))
    }

    /// Records that a call began, temporarily if the history cannot take it.
    pub async fn begin(&self, record: &CallRecord) -> Result<(CallId, Shelf), Problem> {
        if let Ok(main) = &self.main {
            match main.history.begin(record).await {
                Ok(id) => return Ok((id, main.clone())),
                Err(problem) => self.troubled(&problem),
            }
        }
        let spare = &self.spare.get_or_try_init(Spare::open).await?.shelf;
        Ok((-spare.history.begin(record).await?, spare.clone()))
    }

    /// Closes the files.
    pub async fn close(&self) {
        if let Ok(main) = &self.main {
            main.history.close().await;
        }
        if let Some(spare) = self.spare.get() {
            spare.shelf.history.close().await;
        }
    }
}

/// Something asked for by an id that is not there.
pub fn not_found(what: &str, id: i64) -> Problem {
    Problem::new(ProblemKind::NotFound, format!("there is no {what} {id}"))
        .help("it may have been deleted; load the list again")
}

/// As [`History`], with ids as they are outside.
impl Shelf {
    pub async fn append(&self, call: CallId, messages: &[MessageRecord]) -> Result<(), Problem> {
        self.history.append(call * self.sign, messages).await
    }

    pub async fn finish(&self, record: &CallRecord) -> Result<(), Problem> {
        self.history.finish(&CallRecord { id: record.id * self.sign, ..record.clone() }).await
    }

    pub async fn call(&self, id: CallId) -> Result<Option<CallRecord>, Problem> {
        Ok(self.history.call(id * self.sign).await?.map(|record| CallRecord { id, ..record }))
    }

    pub async fn messages(
        &self,
        call: CallId,
        from: u64,
        limit: u32,
    ) -> Result<Vec<MessageRow>, Problem> {
        self.history.messages(call * self.sign, from, limit).await
    }

    pub async fn records(
        &self,
        call: CallId,
        from: u64,
        limit: u32,
    ) -> Result<Vec<MessageRecord>, Problem> {
        self.history.records(call * self.sign, from, limit).await
    }

    pub async fn message(
        &self,
        call: CallId,
        index: u64,
    ) -> Result<Option<MessageRecord>, Problem> {
        self.history.message(call * self.sign, index).await
    }

    pub async fn query(&self, query: &HistoryQuery) -> Result<HistoryPage, Problem> {
        let mut page = self.history.query(query).await?;
        page.rows.iter_mut().for_each(|row| row.id *= self.sign);
        Ok(page)
    }

    pub async fn count(&self) -> Result<u64, Problem> {
        self.history.count().await
    }

    pub async fn delete(&self, calls: &[CallId]) -> Result<u64, Problem> {
        let calls: Vec<CallId> = calls.iter().map(|id| id * self.sign).collect();
        self.history.delete(&calls).await
    }

    pub async fn clear(&self, filter: &HistoryFilter) -> Result<u64, Problem> {
        self.history.clear(filter).await
    }

    pub async fn latencies(&self, filter: &HistoryFilter) -> Result<Vec<LatencyPoint>, Problem> {
        self.history.latencies(filter).await
    }

    pub async fn payloads(&self, filter: &HistoryFilter) -> Result<Vec<MethodPayload>, Problem> {
        self.history.payloads(filter).await
    }

    pub async fn put_bench(&self, report: &BenchReport) -> Result<BenchId, Problem> {
        let report = BenchReport { id: report.id * self.sign, ..report.clone() };
        Ok(self.history.put_bench(&report).await? * self.sign)
    }

    pub async fn benches(&self) -> Result<Vec<BenchRow>, Problem> {
        let mut rows = self.history.benches().await?;
        rows.iter_mut().for_each(|row| row.id *= self.sign);
        Ok(rows)
    }

    pub async fn bench(&self, id: BenchId) -> Result<Option<BenchReport>, Problem> {
        Ok(self.history.bench(id * self.sign).await?.map(|report| BenchReport { id, ..report }))
    }

    pub async fn delete_bench(&self, id: BenchId) -> Result<(), Problem> {
        self.history.delete_bench(id * self.sign).await
    }
}
