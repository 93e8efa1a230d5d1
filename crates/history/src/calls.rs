//! Writes calls as they run and reads them back.

use crate::{History, MAX_MESSAGES, fault, open::Store, search};
use sqlx::{QueryBuilder, Row, Sqlite, sqlite::SqliteRow};
use wirelab_model::*;

/// Messages one INSERT statement carries.
const INSERT_ROWS: usize = 128;
/// How much of the first request a list shows, bytes.
const LIST_TEXT: usize = 256;

/// SQLite's integers are signed: what does not fit is kept at the border.
pub fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The way back; a negative number can only come from somebody else's hand.
pub fn uint(value: i64) -> u64 {
    value.try_into().unwrap_or(0)
}

fn number<'r, T>(row: &'r SqliteRow, column: &str) -> Result<T, sqlx::Error>
where
    T: sqlx::Decode<'r, Sqlite> + sqlx::Type<Sqlite>,
{
    row.try_get(column)
}

pub fn kind_number(kind: CallKind) -> i64 {
    i64::from(kind.server_streams()) + 2 * i64::from(kind.client_streams())
}

pub fn kind_from(number: i64) -> CallKind {
    CallKind::new(number & 2 != 0, number & 1 != 0)
}

fn transport_number(transport: Transport) -> i64 {
    Transport::ALL.iter().position(|one| *one == transport).map_or(0, |at| at as i64)
}

/// One that this version does not know is shown as gRPC.
pub fn transport_from(number: i64) -> Transport {
    usize::try_from(number).ok().and_then(|at| Transport::ALL.get(at)).copied().unwrap_or_default()
}

fn state_number(state: CallState) -> i64 {
    match state {
        CallState::Running => 0,
        CallState::Finished => 1,
        CallState::Interrupted => 2,
    }
}

pub fn state_from(number: i64) -> CallState {
    match number {
        0 => CallState::Running,
        1 => CallState::Finished,
        _ => CallState::Interrupted,
    }
}

/// The columns of [`Totals`], as `call` has them.
pub fn totals(row: &SqliteRow) -> Result<Totals, sqlx::Error> {
    let some = |column| number::<Option<i64>>(row, column).map(|value| value.map(uint));
    Ok(Totals {
        sent: uint(number(row, "sent")?),
        received: uint(number(row, "received")?),
        sent_bytes: uint(number(row, "sent_bytes")?),
        received_bytes: uint(number(row, "received_bytes")?),
        sent_json_bytes: some("sent_json_bytes")?,
        received_json_bytes: some("received_json_bytes")?,
        wire_sent: some("wire_sent")?,
        wire_received: some("wire_received")?,
    })
}

fn message_row(row: &SqliteRow) -> Result<MessageRow, sqlx::Error> {
    Ok(MessageRow {
        index: uint(number(row, "idx")?),
        direction: if number::<i64>(row, "direction")? == 0 {
            Direction::Sent
        } else {
            Direction::Received
        },
        at_ns: uint(number(row, "at_ns")?),
        bytes: uint(number(row, "bytes")?),
        json_bytes: number::<Option<i64>>(row, "json_bytes")?.map(uint),
        text: row.try_get("text")?,
    })
}

fn message_record(row: &SqliteRow) -> Result<MessageRecord, sqlx::Error> {
    Ok(MessageRecord {
        row: message_row(row)?,
        wire: Blob::from(row.try_get::<Vec<u8>, _>("wire")?),
    })
}

/// The longest beginning of `text` that fits in `most` bytes and ends at a character's border.
fn beginning(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

impl History {
    /// Records that a call began, with everything known of it but `id`; returns its name.
    pub async fn begin(&self, record: &CallRecord) -> Result<CallId, Problem> {
        let store = &*self.0;
        let mut transaction = store.writing().await?;
        let id = sqlx::query_scalar(
            "INSERT INTO call (session, method, kind, address, started_unix_ms, state, total_ns,
                sent, received, sent_bytes, received_bytes, transport)
             VALUES (?, ?, ?, ?, ?, 0, 0, 0, 0, 0, 0, ?) RETURNING id",
        )
        .bind(store.session.name())
        .bind(&record.spec.method)
        .bind(kind_number(record.spec.kind))
        .bind(&record.spec.endpoint.address)
        .bind(record.started_unix_ms)
        .bind(transport_number(record.spec.endpoint.transport))
        .fetch_one(&mut *transaction)
        .await
        .map_err(|error| store.fault(error))?;
        sqlx::query("INSERT INTO call_detail (call, record) VALUES (?, ?)")
            .bind(id)
            .bind(json(record)?)
            .execute(&mut *transaction)
            .await
            .map_err(|error| store.fault(error))?;
        let text = format!("{}\n{}", record.spec.method, record.spec.endpoint.address);
        search::add_text(&mut transaction, id, &text).await.map_err(|error| store.fault(error))?;
        transaction.commit().await.map_err(|error| store.fault(error))?;
        Ok(id)
    }

    /// Adds messages to a call, all or none.
    pub async fn append(&self, call: CallId, messages: &[MessageRecord]) -> Result<(), Problem> {
        if messages.is_empty() {
            return Ok(());
        }
        let store = &*self.0;
        let mut transaction = store.writing().await?;
        let there: Option<i64> = sqlx::query_scalar("SELECT id FROM call WHERE id = ?")
            .bind(call)
            .fetch_optional(&mut *transaction)
            .await
            .map_err(|error| store.fault(error))?;
        if there.is_none() {
            return Err(fault::not_found("call", call));
        }
        for part in messages.chunks(INSERT_ROWS) {
            let mut insert = QueryBuilder::<Sqlite>::new(
                "INSERT INTO message (call, idx, direction, at_ns, bytes, json_bytes, text, wire) ",
            );
            insert.push_values(part, |mut values, MessageRecord { row, wire }| {
                values
                    .push_bind(call)
                    .push_bind(int(row.index))
                    .push_bind(i64::from(row.direction == Direction::Received))
                    .push_bind(int(row.at_ns))
                    .push_bind(int(row.bytes))
                    .push_bind(row.json_bytes.map(int))
                    .push_bind(&row.text)
                    .push_bind(&wire[..]);
            });
            let insert = insert.build().persistent(part.len() == INSERT_ROWS);
            insert.execute(&mut *transaction).await.map_err(|error| store.fault(error))?;
        }
        let texts: Vec<&str> = messages.iter().map(|message| message.row.text.as_str()).collect();
        search::add_text(&mut transaction, call, &texts.join("\n"))
            .await
            .map_err(|error| store.fault(error))?;
        if let Some(first) =
            messages.iter().find(|message| message.row.direction == Direction::Sent)
        {
            sqlx::query("UPDATE call SET text = ? WHERE id = ? AND text = ''")
                .bind(beginning(&first.row.text, LIST_TEXT))
                .bind(call)
                .execute(&mut *transaction)
                .await
                .map_err(|error| store.fault(error))?;
        }
        transaction.commit().await.map_err(|error| store.fault(error))
    }

    /// Records a call as it stands, over or still under way; its messages are [`append`](Self::append)ed.
    pub async fn finish(&self, record: &CallRecord) -> Result<(), Problem> {
        let store = &*self.0;
        let totals = &record.totals;
        let mut transaction = store.writing().await?;
        let done = sqlx::query(
            "UPDATE call SET state = ?, status = ?, total_ns = ?, sent = ?, received = ?, sent_bytes = ?,
                received_bytes = ?, sent_json_bytes = ?, received_json_bytes = ?, wire_sent = ?, wire_received = ?,
                retries = ?
             WHERE id = ?",
        )
        .bind(state_number(record.state))
        .bind(record.status.as_ref().map(|status| status.code))
        .bind(int(record.timings.total_ns))
        .bind(int(totals.sent))
        .bind(int(totals.received))
        .bind(int(totals.sent_bytes))
        .bind(int(totals.received_bytes))
        .bind(totals.sent_json_bytes.map(int))
        .bind(totals.received_json_bytes.map(int))
        .bind(totals.wire_sent.map(int))
        .bind(totals.wire_received.map(int))
        .bind(int(record.attempts.len() as u64))
        .bind(record.id)
        .execute(&mut *transaction)
        .await
        .map_err(|error| store.fault(error))?;
        if done.rows_affected() == 0 {
            return Err(fault::not_found("call", record.id));
        }
        sqlx::query("UPDATE call_detail SET record = ? WHERE call = ?")
            .bind(json(record)?)
            .bind(record.id)
            .execute(&mut *transaction)
            .await
            .map_err(|error| store.fault(error))?;
        if let Some(status) = &record.status {
            let text = format!("{}\n{}", status.name(), status.message);
            search::add_text(&mut transaction, record.id, &text)
                .await
                .map_err(|error| store.fault(error))?;
        }
        transaction.commit().await.map_err(|error| store.fault(error))
    }

    /// A call, apart from its messages.
    pub async fn call(&self, id: CallId) -> Result<Option<CallRecord>, Problem> {
        let store = &*self.0;
        let row = sqlx::query(
            "SELECT * FROM call JOIN call_detail ON call_detail.call = call.id WHERE call.id = ?",
        )
        .bind(id)
        .fetch_optional(&store.read)
        .await
        .map_err(|error| store.fault(error))?;
        let Some(row) = row else { return Ok(None) };
        let text: String = row.try_get("record").map_err(|error| store.fault(error))?;
        let mut record: CallRecord = serde_json::from_str(&text).map_err(|error| {
            fault::damaged(&store.file, &format!("call {id} cannot be read: {error}"))
        })?;
        // The columns are the truth: only they are changed when a dead process's call is marked.
        record.id = id;
        record.state = state_from(row.try_get("state").map_err(|error| store.fault(error))?);
        record.timings.total_ns =
            uint(row.try_get("total_ns").map_err(|error| store.fault(error))?);
        record.totals = totals(&row).map_err(|error| store.fault(error))?;
        Ok(Some(record))
    }

    /// Messages of a call from index `from`, at most `limit` and [`MAX_MESSAGES`].
    pub async fn messages(
        &self,
        call: CallId,
        from: u64,
        limit: u32,
    ) -> Result<Vec<MessageRow>, Problem> {
        let rows = sqlx::query(
            "SELECT idx, direction, at_ns, bytes, json_bytes, text FROM message
             WHERE call = ? AND idx >= ? ORDER BY idx LIMIT ?",
        )
        .bind(call)
        .bind(int(from))
        .bind(limit.min(MAX_MESSAGES))
        .fetch_all(&self.0.read)
        .await;
        let rows = rows.and_then(|rows| rows.iter().map(message_row).collect());
        rows.map_err(|error| self.0.fault(error))
    }

    /// The same with their bytes; for going through a call part by part.
    pub async fn records(
        &self,
        call: CallId,
        from: u64,
        limit: u32,
    ) -> Result<Vec<MessageRecord>, Problem> {
        let rows =
            sqlx::query("SELECT * FROM message WHERE call = ? AND idx >= ? ORDER BY idx LIMIT ?")
                .bind(call)
                .bind(int(from))
                .bind(limit.min(MAX_MESSAGES))
                .fetch_all(&self.0.read)
                .await;
        let rows = rows.and_then(|rows| rows.iter().map(message_record).collect());
        rows.map_err(|error| self.0.fault(error))
    }

    /// One message with its bytes.
    pub async fn message(
        &self,
        call: CallId,
        index: u64,
    ) -> Result<Option<MessageRecord>, Problem> {
        let row = sqlx::query("SELECT * FROM message WHERE call = ? AND idx = ?")
            .bind(call)
            .bind(int(index))
            .fetch_optional(&self.0.read)
            .await;
        row.and_then(|row| row.as_ref().map(message_record).transpose())
            .map_err(|error| self.0.fault(error))
    }

    /// The bytes of every request of a call, in order.
    pub async fn requests(&self, call: CallId) -> Result<Vec<Blob>, Problem> {
        let wires: Result<Vec<Vec<u8>>, _> = sqlx::query_scalar(
            "SELECT wire FROM message WHERE call = ? AND direction = 0 ORDER BY idx",
        )
        .bind(call)
        .fetch_all(&self.0.read)
        .await;
        wires
            .map(|wires| wires.into_iter().map(Blob::from).collect())
            .map_err(|error| self.0.fault(error))
    }
}

impl Store {
    /// Marks the calls that a dead session left running, with totals over what was recorded.
    pub async fn interrupt_calls(&self, session: &str) -> Result<(), Problem> {
        let mut transaction = self.writing().await?;
        let done = sqlx::query(
            "UPDATE call SET state = 2,
                total_ns = (SELECT coalesce(max(at_ns), 0) FROM message WHERE call = call.id),
                (sent, sent_bytes, sent_json_bytes) = (
                    SELECT count(*), coalesce(sum(bytes), 0),
                        CASE WHEN count(*) = count(json_bytes) THEN coalesce(sum(json_bytes), 0) END
                    FROM message WHERE message.call = call.id AND direction = 0),
                (received, received_bytes, received_json_bytes) = (
                    SELECT count(*), coalesce(sum(bytes), 0),
                        CASE WHEN count(*) = count(json_bytes) THEN coalesce(sum(json_bytes), 0) END
                    FROM message WHERE message.call = call.id AND direction = 1)
             WHERE state = 0 AND session = ?",
        )
        .bind(session)
        .execute(&mut *transaction)
        .await;
        done.map_err(|error| self.fault(error))?;
        transaction.commit().await.map_err(|error| self.fault(error))
    }
}

/// JSON text for a column.
pub fn json(value: &impl serde::Serialize) -> Result<String, Problem> {
    serde_json::to_string(value).map_err(|error| {
        Problem::new(ProblemKind::Internal, format!("a record cannot be written as JSON: {error}"))
    })
}
