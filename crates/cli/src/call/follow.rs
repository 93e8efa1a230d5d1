//! Prints the answers of a call in order, each once, whatever the events left out.

use super::defaults;
use crate::output;
use std::borrow::Cow;
use wirelab_model::{
    CallId, Direction, FormTypes, MessageQuery, MessageRow, MessagesQuery, Problem,
};
use wirelab_studio::{Handlers, Studio, layout};

/// How many messages are asked for at once.
const PAGE: u32 = 1_000;

/// How far the messages of a call have been printed.
pub struct Follower {
    studio: Studio,
    id: CallId,
    next: u64,
    lines: bool,
    defaults: Option<FormTypes>,
    unreadable: bool,
}

impl Follower {
    /// From the first message on; as lines of JSON or indented, with default values where the answer's types are given.
    pub fn new(studio: Studio, id: CallId, lines: bool, defaults: Option<FormTypes>) -> Self {
        Follower { studio, id, next: 0, lines, defaults, unreadable: false }
    }

    /// Whether an answer could not be read as its type.
    pub fn unreadable(&self) -> bool {
        self.unreadable
    }

    /// Prints the answers among rows that events brought, and what came between.
    pub async fn take(&mut self, rows: &[MessageRow]) -> Result<(), Problem> {
        for row in rows {
            if row.index > self.next {
                self.catch_up().await?;
            }
            if row.index == self.next {
                self.show(row).await?;
            }
        }
        Ok(())
    }

    /// Prints every answer that is there and has not been printed.
    pub async fn catch_up(&mut self) -> Result<(), Problem> {
        loop {
            let query = MessagesQuery { call: self.id, from: self.next, limit: PAGE };
            let rows = self.studio.messages(query).await?;
            if rows.is_empty() {
                return Ok(());
            }
            for row in &rows {
                self.show(row).await?;
            }
        }
    }

    async fn show(&mut self, row: &MessageRow) -> Result<(), Problem> {
        self.next = row.index + 1;
        if row.direction == Direction::Sent {
            return Ok(());
        }
        let whole = row.json_bytes == u64::try_from(row.text.len()).ok();
        if whole {
            return self.print(&row.text);
        }
        let query = MessageQuery { call: self.id, index: row.index };
        let detail = self.studio.message(query).await?;
        match detail.problem {
            None => self.print(&detail.json),
            Some(problem) => {
                self.unreadable = true;
                output::problem(&problem);
                Ok(())
            }
        }
    }

    fn print(&self, text: &str) -> Result<(), Problem> {
        let text = match &self.defaults {
            Some(types) => Cow::Owned(defaults::fill(types, text)),
            None => Cow::Borrowed(text),
        };
        if self.lines {
            output::print(&format!("{{\"message\":{}}}", layout::compact(&text)))
        } else {
            output::print(&layout::pretty(&text))
        }
    }
}
