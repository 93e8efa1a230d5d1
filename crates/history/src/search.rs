//! Finds calls: the filter as SQL, the texts it looks in, and what is summed over what it finds.

use crate::{
    History, MAX_PAGE, MAX_SEARCH_TEXT,
    calls::{kind_from, state_from, totals, transport_from, uint},
};
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection, sqlite::SqliteRow};
use wirelab_model::*;

/// The most points that [`History::latencies`] returns.
const MAX_POINTS: u32 = 5_000;
/// The most methods that [`History::payloads`] returns.
const MAX_METHODS: u32 = 50;
/// The most trigrams of a word that the index is asked for; the text decides in the end.
const ASKED_TRIGRAMS: usize = 32;

/// Lower case, character by character, so that a part of a text folds to a part of the folded text (Unicode's rule
/// for a final sigma would break that). What SQLite would treat as another character is replaced.
fn fold(text: &str) -> String {
    let lower = text.chars().flat_map(char::to_lowercase);
    lower
        .map(|c| match c {
            'ς' => 'σ',
            '\0' | '\u{fffe}' | '\u{ffff}' => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}

/// Makes `text` searchable as part of `call`.
pub async fn add_text(
    connection: &mut SqliteConnection,
    call: CallId,
    text: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO search_text (call, text) VALUES (?, ?)")
        .bind(call)
        .bind(fold(text))
        .execute(connection)
        .await?;
    Ok(())
}

/// What to ask the index for: texts that have these trigrams; none for a word too short to have one.
fn trigrams(word: &str) -> Option<String> {
    let chars: Vec<char> = word.chars().collect();
    let quoted = |trigram: &[char]| {
        format!("\"{}\"", trigram.iter().collect::<String>().replace('"', "\"\""))
    };
    let asked: Vec<String> = chars.windows(3).take(ASKED_TRIGRAMS).map(quoted).collect();
    (!asked.is_empty()).then(|| asked.join(" AND "))
}

/// ` WHERE …` for `filter`; the table `call` must be in reach under its own name.
fn push_filter(sql: &mut QueryBuilder<Sqlite>, filter: &HistoryFilter) -> Result<(), Problem> {
    if filter.text.len() > MAX_SEARCH_TEXT {
        return Err(Problem::new(
            ProblemKind::TooLarge,
            format!("the search text is longer than {MAX_SEARCH_TEXT} bytes"),
        ));
    }
    sql.push(" WHERE true");
    let mut words: Vec<String> = filter.text.split_whitespace().map(fold).collect();
    words.sort_unstable();
    words.dedup();
    for word in words {
        match trigrams(&word) {
            None => {
                sql.push(" AND EXISTS (SELECT 1 FROM search_text WHERE search_text.call = call.id");
            }
            Some(trigrams) => {
                sql.push(
                    " AND call.id IN (SELECT search_text.call FROM search
                      JOIN search_text ON search_text.id = search.rowid WHERE search MATCH ",
                );
                sql.push_bind(trigrams);
            }
        }
        sql.push(" AND instr(search_text.text, ").push_bind(word).push(") > 0)");
    }
    if let Some(method) = &filter.method {
        sql.push(" AND method = ").push_bind(method.clone());
    }
    if let Some(status) = filter.status {
        sql.push(" AND status = ").push_bind(status);
    }
    match filter.failed {
        Some(true) => sql.push(" AND (state = 2 OR (state = 1 AND status <> 0))"),
        Some(false) => sql.push(" AND state = 1 AND status = 0"),
        None => sql,
    };
    if let Some(since) = filter.since_unix_ms {
        sql.push(" AND started_unix_ms >= ").push_bind(since);
    }
    if let Some(until) = filter.until_unix_ms {
        sql.push(" AND started_unix_ms < ").push_bind(until);
    }
    Ok(())
}

fn history_row(row: &SqliteRow) -> Result<HistoryRow, sqlx::Error> {
    Ok(HistoryRow {
        id: row.try_get("id")?,
        method: row.try_get("method")?,
        kind: kind_from(row.try_get("kind")?),
        address: row.try_get("address")?,
        started_unix_ms: row.try_get("started_unix_ms")?,
        state: state_from(row.try_get("state")?),
        status: row.try_get("status")?,
        total_ns: uint(row.try_get("total_ns")?),
        totals: totals(row)?,
        text: row.try_get("text")?,
        transport: transport_from(row.try_get("transport")?),
        retries: row.try_get("retries")?,
    })
}

impl History {
    /// Calls that match, newest first, at most [`MAX_PAGE`] of them, and how many match in all.
    pub async fn query(&self, query: &HistoryQuery) -> Result<HistoryPage, Problem> {
        let store = &*self.0;
        // One transaction, so that the rows and the total are of the same moment.
        let mut reading = store.read.begin().await.map_err(|error| store.fault(error))?;
        let mut sql = QueryBuilder::new("SELECT * FROM call");
        push_filter(&mut sql, &query.filter)?;
        let limit = query.limit.min(MAX_PAGE);
        sql.push(" ORDER BY started_unix_ms DESC, id DESC LIMIT ").push_bind(limit);
        sql.push(" OFFSET ").push_bind(crate::calls::int(query.offset));
        let rows = sql.build().persistent(false).fetch_all(&mut *reading).await;
        let rows: Result<Vec<_>, _> = rows.and_then(|rows| rows.iter().map(history_row).collect());
        let rows = rows.map_err(|error| store.fault(error))?;
        let last_page = rows.len() < limit as usize && (query.offset == 0 || !rows.is_empty());
        let total = if last_page {
            query.offset + rows.len() as u64
        } else {
            let mut sql = QueryBuilder::new("SELECT count(*) FROM call");
            push_filter(&mut sql, &query.filter)?;
            let total =
                sql.build_query_scalar::<i64>().persistent(false).fetch_one(&mut *reading).await;
            uint(total.map_err(|error| store.fault(error))?)
        };
        reading.commit().await.map_err(|error| store.fault(error))?;
        Ok(HistoryPage { total, offset: query.offset, rows })
    }

    /// How many calls are recorded.
    pub async fn count(&self) -> Result<u64, Problem> {
        let total = sqlx::query_scalar("SELECT count(*) FROM call").fetch_one(&self.0.read).await;
        total.map(uint).map_err(|error| self.0.fault(error))
    }

    /// Forgets calls with their messages; those under way stay. Returns how many went.
    pub async fn delete(&self, calls: &[CallId]) -> Result<u64, Problem> {
        let store = &*self.0;
        let mut transaction = store.writing().await?;
        let mut gone = 0;
        for id in calls {
            let done = sqlx::query("DELETE FROM call WHERE id = ? AND state <> 0")
                .bind(id)
                .execute(&mut *transaction)
                .await
                .map_err(|error| store.fault(error))?;
            gone += done.rows_affected();
        }
        transaction.commit().await.map_err(|error| store.fault(error))?;
        Ok(gone)
    }

    /// Forgets every call that matches; those under way stay. Returns how many went.
    pub async fn clear(&self, filter: &HistoryFilter) -> Result<u64, Problem> {
        let store = &*self.0;
        let mut sql = QueryBuilder::new("DELETE FROM call");
        push_filter(&mut sql, filter)?;
        sql.push(" AND state <> 0");
        let mut transaction = store.writing().await?;
        let done = sql.build().persistent(false).execute(&mut *transaction).await;
        let done = done.map_err(|error| store.fault(error))?;
        transaction.commit().await.map_err(|error| store.fault(error))?;
        Ok(done.rows_affected())
    }

    /// The newest finished calls that match, oldest first, at most 5,000.
    pub async fn latencies(&self, filter: &HistoryFilter) -> Result<Vec<LatencyPoint>, Problem> {
        let mut sql = QueryBuilder::new("SELECT started_unix_ms, total_ns, status FROM call");
        push_filter(&mut sql, filter)?;
        sql.push(" AND state = 1 ORDER BY started_unix_ms DESC, id DESC LIMIT ")
            .push_bind(MAX_POINTS);
        let rows: Result<Vec<(i64, i64, Option<u32>)>, _> =
            sql.build_query_as().persistent(false).fetch_all(&self.0.read).await;
        let rows = rows.map_err(|error| self.0.fault(error))?;
        let point = |(started_unix_ms, total_ns, status)| LatencyPoint {
            started_unix_ms,
            total_ns: uint(total_ns),
            ok: status == Some(0),
        };
        Ok(rows.into_iter().rev().map(point).collect())
    }

    /// Mean payload of each method over its finished calls that match and whose messages could all be read as JSON
    /// (both means are over the same calls), most calls first, at most 50.
    pub async fn payloads(&self, filter: &HistoryFilter) -> Result<Vec<MethodPayload>, Problem> {
        let mut sql = QueryBuilder::new(
            "SELECT method, count(*) AS calls, avg(sent_bytes + received_bytes) AS proto,
                avg(sent_json_bytes + received_json_bytes) AS json FROM call",
        );
        push_filter(&mut sql, filter)?;
        sql.push(
            " AND state = 1 AND sent_json_bytes IS NOT NULL AND received_json_bytes IS NOT NULL
              GROUP BY method ORDER BY calls DESC, method LIMIT ",
        );
        sql.push_bind(MAX_METHODS);
        let rows: Result<Vec<(String, i64, f64, f64)>, _> =
            sql.build_query_as().persistent(false).fetch_all(&self.0.read).await;
        let rows = rows.map_err(|error| self.0.fault(error))?;
        let payload = |(method, calls, proto_bytes, json_bytes)| MethodPayload {
            method,
            calls: uint(calls),
            proto_bytes,
            json_bytes,
        };
        Ok(rows.into_iter().map(payload).collect())
    }
}
