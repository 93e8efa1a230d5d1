//! Comparison runs.

use crate::{History, calls::json, fault, open::Store};
use wirelab_model::*;

/// The most rows that [`History::benches`] returns.
const MAX_BENCHES: u32 = 500;

fn summary(id: BenchId, report: &BenchReport) -> BenchRow {
    BenchRow {
        id,
        method: report.spec.call.method.clone(),
        kind: report.spec.call.kind,
        started_unix_ms: report.started_unix_ms,
        state: report.state,
    }
}

impl History {
    /// Stores a comparison, new (id 0) or changed; returns its name.
    ///
    /// # Errors
    /// `NotFound` when `id` is not there any more.
    pub async fn put_bench(&self, report: &BenchReport) -> Result<BenchId, Problem> {
        let store = &*self.0;
        let sql = if report.id == 0 {
            sqlx::query_scalar(
                "INSERT INTO bench (session, running, summary, report) VALUES (?, ?, ?, ?) RETURNING id",
            )
        } else {
            sqlx::query_scalar(
                "UPDATE bench SET session = ?, running = ?, summary = ?, report = ? WHERE id = ? RETURNING id",
            )
        };
        let sql = sql
            .bind(store.session.name())
            .bind(report.state == BenchState::Running)
            .bind(json(&summary(report.id, report))?)
            .bind(json(report)?);
        let sql = if report.id == 0 { sql } else { sql.bind(report.id) };
        let id: Option<i64> =
            sql.fetch_optional(&store.write).await.map_err(|error| store.fault(error))?;
        id.ok_or_else(|| fault::not_found("comparison", report.id))
    }

    /// Comparisons, newest first, at most 500.
    pub async fn benches(&self) -> Result<Vec<BenchRow>, Problem> {
        let rows: Vec<(i64, String)> =
            sqlx::query_as("SELECT id, summary FROM bench ORDER BY id DESC LIMIT ?")
                .bind(MAX_BENCHES)
                .fetch_all(&self.0.read)
                .await
                .map_err(|error| self.0.fault(error))?;
        let read = |(id, text): (i64, String)| self.0.read_json("comparison", id, &text);
        let rows = rows.into_iter().map(|row| Ok(BenchRow { id: row.0, ..read(row)? }));
        rows.collect()
    }

    /// One comparison.
    pub async fn bench(&self, id: BenchId) -> Result<Option<BenchReport>, Problem> {
        let text: Option<String> = sqlx::query_scalar("SELECT report FROM bench WHERE id = ?")
            .bind(id)
            .fetch_optional(&self.0.read)
            .await
            .map_err(|error| self.0.fault(error))?;
        let read = |text: String| self.0.read_json::<BenchReport>("comparison", id, &text);
        Ok(text.map(read).transpose()?.map(|report| BenchReport { id, ..report }))
    }

    /// Forgets a comparison; one that is not there is no error.
    pub async fn delete_bench(&self, id: BenchId) -> Result<(), Problem> {
        let done =
            sqlx::query("DELETE FROM bench WHERE id = ?").bind(id).execute(&self.0.write).await;
        done.map(drop).map_err(|error| self.0.fault(error))
    }
}

impl Store {
    /// What a JSON column holds.
    pub fn read_json<T: serde::de::DeserializeOwned>(
        &self,
        what: &str,
        id: i64,
        text: &str,
    ) -> Result<T, Problem> {
        serde_json::from_str(text).map_err(|error| {
            fault::damaged(&self.file, &format!("{what} {id} cannot be read: {error}"))
        })
    }

    /// Marks the comparisons that a dead session left running.
    pub async fn interrupt_benches(&self, session: &str) -> Result<(), Problem> {
        let mut transaction = self.writing().await?;
        let running: Vec<(i64, String)> =
            sqlx::query_as("SELECT id, report FROM bench WHERE running = 1 AND session = ?")
                .bind(session)
                .fetch_all(&mut *transaction)
                .await
                .map_err(|error| self.fault(error))?;
        for (id, text) in running {
            let report = self.read_json::<BenchReport>("comparison", id, &text)?;
            let problem =
                Problem::new(ProblemKind::Interrupted, "Wirelab ended before the comparison did");
            let report = BenchReport {
                id,
                state: BenchState::Failed,
                problem: Some(problem.help("run it again")),
                ..report
            };
            sqlx::query("UPDATE bench SET running = 0, summary = ?, report = ? WHERE id = ?")
                .bind(json(&summary(id, &report))?)
                .bind(json(&report)?)
                .bind(id)
                .execute(&mut *transaction)
                .await
                .map_err(|error| self.fault(error))?;
        }
        transaction.commit().await.map_err(|error| self.fault(error))
    }
}
