//! The sources that the studio loads again at its next start.

use crate::{History, calls::json, fault};
use wirelab_model::*;

impl History {
    /// Remembered sources in the order in which they were added.
    pub async fn sources(&self) -> Result<Vec<(SourceId, SourceSpec)>, Problem> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT id, spec FROM source ORDER BY position")
                .fetch_all(&self.0.read)
                .await
                .map_err(|error| self.0.fault(error))?;
        let read = |(id, spec): (String, String)| {
            let spec = serde_json::from_str(&spec).map_err(|error| {
                fault::damaged(&self.0.file, &format!("source {id:?} cannot be read: {error}"))
            })?;
            Ok((id, spec))
        };
        rows.into_iter().map(read).collect()
    }

    /// Remembers a source, new or changed; a changed one keeps its place.
    pub async fn put_source(&self, id: &SourceId, spec: &SourceSpec) -> Result<(), Problem> {
        let done = sqlx::query(
            "INSERT INTO source (id, spec) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET spec = excluded.spec",
        )
        .bind(id)
        .bind(json(spec)?)
        .execute(&self.0.write)
        .await;
        done.map(drop).map_err(|error| self.0.fault(error))
    }

    /// Forgets a source; one that is not there is no error.
    pub async fn delete_source(&self, id: &SourceId) -> Result<(), Problem> {
        let done =
            sqlx::query("DELETE FROM source WHERE id = ?").bind(id).execute(&self.0.write).await;
        done.map(drop).map_err(|error| self.0.fault(error))
    }
}
