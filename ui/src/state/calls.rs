//! A call as this screen follows it: the studio's record and the rows of its messages, folded from updates.

use std::collections::VecDeque;
use wirelab_model::{CallRecord, CallState, CallUpdate, MessageRow};

/// How many rows a screen holds of one call. Older ones are let go and asked for again when scrolled to.
pub const MAX_ROWS: usize = 20_000;

/// A call under way or over.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LiveCall {
    /// As the studio last told.
    pub record: CallRecord,
    /// The newest rows, by index without gaps.
    pub rows: VecDeque<MessageRow>,
    /// Whether rows that were missed are being asked for; one asking at a time is enough.
    pub catching_up: bool,
}

impl LiveCall {
    /// A call without messages yet.
    pub fn new(record: CallRecord) -> Self {
        LiveCall { record, ..LiveCall::default() }
    }

    /// How many messages there are, held or not.
    pub fn total(&self) -> u64 {
        self.record.totals.sent + self.record.totals.received
    }

    /// Index of the first row held; where the next is expected when none is.
    pub fn first(&self) -> u64 {
        self.rows.front().map_or(0, |row| row.index)
    }

    /// One past the last row held.
    pub fn end(&self) -> u64 {
        self.rows.back().map_or(0, |row| row.index + 1)
    }

    /// The row with this index, if held.
    pub fn row(&self, index: u64) -> Option<&MessageRow> {
        let at = index.checked_sub(self.first())?;
        self.rows.get(usize::try_from(at).ok()?)
    }

    /// Whether it goes on.
    pub fn running(&self) -> bool {
        self.record.state == CallState::Running
    }

    /// Takes an update. Returns the index to ask `messages` from when an update before was missed.
    pub fn fold(&mut self, update: CallUpdate) -> Option<u64> {
        // A record that was overtaken by a newer one (the reply to the call's start, by its first events) must
        // not undo it, nor bring a finished call back to life. The clock of a call never goes back.
        let newer = update.record.timings.total_ns >= self.record.timings.total_ns;
        if (self.running() && newer) || update.record.state != CallState::Running {
            self.record = update.record;
        }
        self.push(update.rows)
    }

    /// Takes rows that were asked for or told; rows already held are passed over.
    pub fn push(&mut self, rows: Vec<MessageRow>) -> Option<u64> {
        let mut gap = None;
        for row in rows {
            let end = self.end();
            if row.index == end || (self.rows.is_empty() && gap.is_none() && row.index == 0) {
                self.rows.push_back(row);
            } else if row.index > end {
                gap = Some(end);
                break;
            }
        }
        while self.rows.len() > MAX_ROWS {
            self.rows.pop_front();
        }
        gap
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wirelab_model::{Direction, Totals};

    fn row(index: u64) -> MessageRow {
        MessageRow {
            index,
            direction: Direction::Received,
            at_ns: index,
            bytes: 1,
            json_bytes: Some(2),
            text: "{}".into(),
        }
    }

    fn update(state: CallState, rows: impl IntoIterator<Item = u64>) -> CallUpdate {
        let record = CallRecord {
            state,
            totals: Totals { received: 9, ..Totals::default() },
            ..CallRecord::default()
        };
        CallUpdate { record, rows: rows.into_iter().map(row).collect() }
    }

    #[test]
    fn rows_follow_each_other() {
        let mut call = LiveCall::default();
        assert_eq!(call.fold(update(CallState::Running, 0..3)), None);
        assert_eq!(call.fold(update(CallState::Running, 1..5)), None, "overlap is passed over");
        assert_eq!((call.first(), call.end(), call.total()), (0, 5, 9));
        assert_eq!(call.fold(update(CallState::Running, 7..9)), Some(5), "a gap is told");
        assert_eq!(call.end(), 5);
        assert_eq!(call.push((5..9).map(row).collect()), None);
        assert_eq!(call.row(8).unwrap().index, 8);
        assert_eq!(call.row(9), None);
    }

    #[test]
    fn a_finished_call_stays_finished() {
        let mut call = LiveCall::default();
        call.fold(update(CallState::Finished, 0..1));
        call.fold(update(CallState::Running, 1..2));
        assert!(!call.running());
        assert_eq!(call.end(), 2, "its rows count all the same");
    }

    #[test]
    fn a_record_that_comes_late_undoes_nothing() {
        let mut call = LiveCall::default();
        let mut newer = update(CallState::Running, 0..1);
        newer.record.timings.total_ns = 7;
        call.fold(newer.clone());
        call.fold(CallUpdate { record: CallRecord::default(), rows: vec![] });
        assert_eq!(call.record, newer.record);
    }

    #[test]
    fn old_rows_are_let_go() {
        let mut call = LiveCall::default();
        call.push((0..MAX_ROWS as u64 + 10).map(row).collect());
        assert_eq!((call.first(), call.rows.len()), (10, MAX_ROWS));
        assert_eq!(call.row(9), None);
        assert_eq!(call.row(10).unwrap().index, 10);
    }
}
