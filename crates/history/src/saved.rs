//! Saved requests.

use crate::{History, calls::json, fault};
use std::time::{SystemTime, UNIX_EPOCH};
use wirelab_model::*;

impl History {
    /// Saved requests by name.
    pub async fn saved(&self) -> Result<Vec<SavedRequest>, Problem> {
        let rows: Vec<(i64, String, String, i64)> = sqlx::query_as(
            "SELECT id, name, request, updated_unix_ms FROM saved ORDER BY name, id",
        )
        .fetch_all(&self.0.read)
        .await
        .map_err(|error| self.0.fault(error))?;
        let read = |(id, name, request, updated_unix_ms): (i64, String, String, i64)| {
            let saved: SavedRequest = serde_json::from_str(&request).map_err(|error| {
                fault::damaged(
                    &self.0.file,
                    &format!("saved request {name:?} cannot be read: {error}"),
                )
            })?;
            Ok(SavedRequest { id, name, updated_unix_ms, ..saved })
        };
        rows.into_iter().map(read).collect()
    }

    /// Saves a request, new (id 0) or changed, and returns it as stored: without what is secret in its credentials.
    ///
    /// # Errors
    /// `Invalid` when the name is empty or another request has it, `NotFound` when `id` is not there any more.
    pub async fn save(&self, request: &SavedRequest) -> Result<SavedRequest, Problem> {
        let store = &*self.0;
        let name = request.name.trim();
        if name.is_empty() {
            return Err(Problem::new(ProblemKind::Invalid, "a saved request needs a name")
                .help("give it a name"));
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let mut saved = SavedRequest {
            name: name.to_owned(),
            updated_unix_ms: i64::try_from(now).unwrap_or(i64::MAX),
            auth: request.auth.as_ref().map(Auth::without_secrets),
            ..request.clone()
        };
        let mut transaction = store.writing().await?;
        let other: Option<i64> =
            sqlx::query_scalar("SELECT id FROM saved WHERE name = ? AND id <> ?")
                .bind(name)
                .bind(request.id)
                .fetch_optional(&mut *transaction)
                .await
                .map_err(|error| store.fault(error))?;
        if other.is_some() {
            return Err(Problem::new(
                ProblemKind::Invalid,
                format!("a saved request named {name:?} exists already"),
            )
            .help("choose another name, or change that one"));
        }
        let sql = if request.id == 0 {
            sqlx::query_scalar(
                "INSERT INTO saved (name, request, updated_unix_ms) VALUES (?, ?, ?) RETURNING id",
            )
        } else {
            sqlx::query_scalar(
                "UPDATE saved SET name = ?, request = ?, updated_unix_ms = ? WHERE id = ? RETURNING id",
            )
        };
        let sql = sql.bind(name).bind(json(&saved)?).bind(saved.updated_unix_ms);
        let sql = if request.id == 0 { sql } else { sql.bind(request.id) };
        let id: Option<i64> =
            sql.fetch_optional(&mut *transaction).await.map_err(|error| store.fault(error))?;
        saved.id = id.ok_or_else(|| fault::not_found("saved request", request.id))?;
        transaction.commit().await.map_err(|error| store.fault(error))?;
        Ok(saved)
    }

    /// Forgets a saved request; one that is not there is no error.
    pub async fn delete_saved(&self, id: SavedId) -> Result<(), Problem> {
        let done =
            sqlx::query("DELETE FROM saved WHERE id = ?").bind(id).execute(&self.0.write).await;
        done.map(drop).map_err(|error| self.0.fault(error))
    }
}
