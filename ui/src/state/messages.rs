//! The messages of one call as a list, live or from history.
//!
//! Owns the rows by index with a bound on how many are held, which of them a filter shows, which are still to be
//! fetched, whether the list follows its tail, and the selection. Rows come in any order: live ones with each update,
//! the others when they come into view. Knows no screen and no clock.

use std::{collections::BTreeMap, ops::Range};
use wirelab_model::{CallId, Direction, MessageRow, MessagesQuery, Totals};

/// Rows are fetched and forgotten in chunks of this many.
const CHUNK: u64 = 500;

/// How many chunks are held at once; those farthest from the view go first.
const MAX_CHUNKS: usize = 80;

/// Longer streams are listed as far as this.
pub const MAX_LISTED: u64 = 5_000_000;

/// Which messages are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Show {
    /// Both directions.
    #[default]
    All,
    /// Requests.
    Sent,
    /// Responses.
    Received,
}

impl Show {
    fn direction(self) -> Option<Direction> {
        match self {
            Show::All => None,
            Show::Sent => Some(Direction::Sent),
            Show::Received => Some(Direction::Received),
        }
    }
}

/// The list.
#[derive(Clone, Debug, PartialEq)]
pub struct Messages {
    call: CallId,
    totals: Totals,
    chunks: BTreeMap<u64, Vec<Option<MessageRow>>>,
    /// Indices of the messages known to go each way, ascending; they outlive their rows.
    sent: Vec<u64>,
    received: Vec<u64>,
    show: Show,
    follow: bool,
    selected: Option<u64>,
    /// The position last looked at, so that chunks around it stay.
    looked_at: u64,
    asked: Option<MessagesQuery>,
    /// What an answer brought nothing new of: not asked for again until there are more messages.
    barren: Option<u64>,
}

impl Messages {
    /// No messages of a call yet. A list follows its tail until its reader looks elsewhere.
    pub fn new(call: CallId) -> Self {
        Messages {
            call,
            totals: Totals::default(),
            chunks: BTreeMap::new(),
            sent: Vec::new(),
            received: Vec::new(),
            show: Show::All,
            follow: true,
            selected: None,
            looked_at: 0,
            asked: None,
            barren: None,
        }
    }

    /// Whose messages these are.
    pub fn call(&self) -> CallId {
        self.call
    }

    /// Takes how many messages there are by now. Totals never shrink.
    pub fn set_totals(&mut self, totals: Totals) {
        if totals.sent >= self.totals.sent && totals.received >= self.totals.received {
            if totals != self.totals {
                self.barren = None;
            }
            self.totals = totals;
        }
    }

    /// What moved: at least what is known of it by the messages themselves.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// How many messages there are.
    pub fn total(&self) -> u64 {
        self.totals.sent.saturating_add(self.totals.received).min(MAX_LISTED)
    }

    /// Takes rows in any order, some perhaps again.
    pub fn insert(&mut self, rows: impl IntoIterator<Item = MessageRow>) {
        for row in rows {
            let index = row.index;
            if index >= MAX_LISTED {
                continue;
            }
            let list = match row.direction {
                Direction::Sent => &mut self.sent,
                Direction::Received => &mut self.received,
            };
            if let Err(at) = list.binary_search(&index) {
                list.insert(at, index);
            }
            let chunk = self.chunks.entry(index / CHUNK).or_default();
            let place = (index % CHUNK) as usize;
            if chunk.len() <= place {
                chunk.resize(place + 1, None);
            }
            if let Some(slot) = chunk.get_mut(place) {
                *slot = Some(row);
            }
        }
        self.totals.sent = self.totals.sent.max(self.sent.len() as u64);
        self.totals.received = self.totals.received.max(self.received.len() as u64);
        self.forget_far();
    }

    /// Takes the answer to [`wanted`](Self::wanted); an answer to an older question still brings its rows.
    pub fn answered(&mut self, query: &MessagesQuery, rows: Vec<MessageRow>) {
        if self.asked.as_ref() == Some(query) {
            self.asked = None;
        }
        if rows.is_empty() {
            self.barren = Some(query.from);
        }
        self.insert(rows);
    }

    /// Which messages are listed.
    pub fn show(&self) -> Show {
        self.show
    }

    /// Lists other messages; the selection stays.
    pub fn set_show(&mut self, show: Show) {
        self.show = show;
    }

    /// How many rows the list has. With a filter these are the messages known to match.
    pub fn len(&self) -> u64 {
        match self.listed() {
            None => self.total(),
            Some(indices) => indices.len() as u64,
        }
    }

    /// Whether the list has no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The message at a place of the list.
    pub fn index_at(&self, position: u64) -> Option<u64> {
        match self.listed() {
            None => (position < self.total()).then_some(position),
            Some(indices) => indices.get(usize::try_from(position).ok()?).copied(),
        }
    }

    /// The place of a message in the list.
    pub fn position_of(&self, index: u64) -> Option<u64> {
        match self.listed() {
            None => (index < self.total()).then_some(index),
            Some(indices) => indices.binary_search(&index).ok().map(|at| at as u64),
        }
    }

    /// A message where its row is held.
    pub fn row(&self, index: u64) -> Option<&MessageRow> {
        self.chunks.get(&(index / CHUNK))?.get((index % CHUNK) as usize)?.as_ref()
    }

    /// The first message that went this way, where known.
    pub fn first(&self, direction: Direction) -> Option<u64> {
        self.of(direction).first().copied()
    }

    /// What to ask for so that these places of the list can be drawn; none when they can, or while an answer is
    /// awaited. With a filter the messages whose direction is not known yet are asked for, the first ones first.
    pub fn wanted(&mut self, positions: Range<u64>) -> Option<MessagesQuery> {
        self.looked_at = self.index_at(positions.start).unwrap_or(positions.start);
        if self.asked.is_some() {
            return None;
        }
        let gap = positions
            .take(4 * CHUNK as usize)
            .filter_map(|position| self.index_at(position))
            .find(|index| self.row(*index).is_none());
        let from = match gap {
            Some(index) => Some(index),
            None if self.show == Show::All => None,
            None => self.first_unknown(),
        }?;
        // A chunk that was answered in part is asked for from its gap.
        let start = from / CHUNK * CHUNK;
        let from = if self.row(start).is_some() { from } else { start };
        if self.barren == Some(from) {
            return None;
        }
        let query = MessagesQuery { call: self.call, from, limit: CHUNK as u32 };
        self.asked = Some(query.clone());
        Some(query)
    }

    /// Forgets that something was asked for, after it failed.
    pub fn not_answered(&mut self) {
        self.asked = None;
    }

    /// Whether the list is to stay at its end.
    pub fn follows(&self) -> bool {
        self.follow
    }

    /// Stays at the end, or stops to.
    pub fn set_follow(&mut self, follow: bool) {
        self.follow = follow;
    }

    /// The message that is looked at.
    pub fn selected(&self) -> Option<u64> {
        self.selected
    }

    /// Looks at a message, which holds the list still.
    pub fn select(&mut self, index: Option<u64>) {
        self.selected = index;
        if index.is_some() {
            self.follow = false;
        }
    }

    fn of(&self, direction: Direction) -> &[u64] {
        match direction {
            Direction::Sent => &self.sent,
            Direction::Received => &self.received,
        }
    }

    /// Indices of the listed messages; none when these are all.
    fn listed(&self) -> Option<&[u64]> {
        self.show.direction().map(|direction| self.of(direction))
    }

    /// The first message whose direction is not known. Each way's indices ascend, so the first `n` messages are all
    /// known exactly when `n` of the indices are below `n`.
    fn first_unknown(&self) -> Option<u64> {
        let known_below = |n: u64| {
            let below = |list: &[u64]| list.partition_point(|index| *index < n) as u64;
            below(&self.sent) + below(&self.received)
        };
        let (mut low, mut high) = (0, self.total());
        if known_below(high) >= high {
            return None;
        }
        while low + 1 < high {
            let middle = low + (high - low) / 2;
            if known_below(middle) >= middle {
                low = middle;
            } else {
                high = middle;
            }
        }
        Some(low)
    }

    fn forget_far(&mut self) {
        while self.chunks.len() > MAX_CHUNKS {
            // While the tail is followed the tail is what is looked at.
            let at = if self.follow { self.total() } else { self.looked_at } / CHUNK;
            let first = self.chunks.keys().next().copied();
            let last = self.chunks.keys().next_back().copied();
            let (Some(first), Some(last)) = (first, last) else { return };
            self.chunks.remove(&if at.abs_diff(first) >= at.abs_diff(last) { first } else { last });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn row(index: u64) -> MessageRow {
        MessageRow {
            index,
            direction: if index.is_multiple_of(10) { Direction::Sent } else { Direction::Received },
            at_ns: index * 1_000,
            bytes: 21,
            json_bytes: Some(62),
            text: format!("{{\"n\":{index}}}"),
        }
    }

    fn totals(sent: u64, received: u64) -> Totals {
        Totals { sent, received, ..Totals::default() }
    }

    /// A list of `total` messages of which these are known.
    fn list(total: u64, known: Range<u64>) -> Messages {
        let mut messages = Messages::new(7);
        let sent = total.div_ceil(10);
        messages.set_totals(totals(sent, total - sent));
        messages.insert(known.map(row));
        messages
    }

    #[test]
    fn asks_for_what_is_in_view_and_missing() {
        // total, known, view, chunk asked for
        for (total, known, view, from) in [
            (0, 0..0, 0..20, None),
            (131, 0..131, 0..40, None),
            (131, 0..100, 80..120, Some(100)),
            (100_000, 0..1_000, 980..1_010, Some(1_000)),
            (100_000, 0..1_000, 50_700..50_730, Some(50_500)),
            (100_000, 0..0, 99_990..100_100, Some(99_500)),
        ] {
            let mut messages = list(total, known.clone());
            let asked = messages.wanted(view.clone());
            assert_eq!(asked.as_ref().map(|q| q.from), from, "{known:?} of {total} at {view:?}");
            if let Some(query) = asked {
                assert_eq!(messages.wanted(view.clone()), None, "asked twice");
                let rows = (query.from..(query.from + 500).min(total)).map(row).collect();
                messages.answered(&query, rows);
                assert_eq!(messages.wanted(view), None, "not satisfied");
            }
        }
    }

    #[test]
    fn a_failed_question_can_be_asked_again() {
        let mut messages = list(50, 0..0);
        let first = messages.wanted(0..10);
        messages.not_answered();
        assert_eq!(messages.wanted(0..10), first);
    }

    #[test]
    fn what_is_not_there_is_not_asked_for_for_ever() {
        let mut messages = list(50, 0..0);
        let query = messages.wanted(0..10).expect("nothing is known");
        messages.answered(&query, Vec::new());
        assert_eq!(messages.wanted(0..10), None);
        messages.set_totals(totals(6, 45));
        assert_eq!(messages.wanted(0..10), Some(query));
    }

    #[test]
    fn filters_know_their_places() {
        let mut messages = list(131, 0..131);
        for (show, len, position, index) in
            [(Show::All, 131, 5, 5), (Show::Sent, 14, 5, 50), (Show::Received, 117, 9, 11)]
        {
            messages.set_show(show);
            assert_eq!(messages.len(), len, "{show:?}");
            assert_eq!(messages.index_at(position), Some(index), "{show:?}");
            assert_eq!(messages.position_of(index), Some(position), "{show:?}");
            assert_eq!(messages.index_at(len), None, "{show:?}");
        }
        assert_eq!(messages.position_of(50), None);
        assert_eq!(messages.first(Direction::Received), Some(1));
    }

    #[test]
    fn a_filter_fetches_until_all_is_known() {
        let mut messages = list(2_345, 1_000..1_100);
        messages.set_show(Show::Sent);
        let mut asked = Vec::new();
        while let Some(query) = messages.wanted(0..30) {
            asked.push(query.from);
            messages
                .answered(&query, (query.from..(query.from + 500).min(2_345)).map(row).collect());
        }
        assert_eq!(asked, [0, 500, 1_100, 1_600, 2_100]);
        assert_eq!(messages.len(), 235);
    }

    #[test]
    fn selecting_stops_following() {
        let mut messages = list(10, 0..10);
        assert!(messages.follows());
        messages.select(Some(3));
        assert!(!messages.follows());
        messages.set_follow(true);
        messages.select(None);
        assert!(messages.follows());
    }

    #[test]
    fn rows_far_from_the_view_are_forgotten_and_fetched_again() {
        let mut messages = list(100_000, 0..0);
        for from in (0..100_000).step_by(1_000) {
            messages.insert((from..from + 1_000).map(row));
        }
        assert!(messages.chunks.len() <= MAX_CHUNKS);
        assert!(messages.row(99_999).is_some() && messages.row(0).is_none());
        messages.set_show(Show::Sent);
        assert_eq!(messages.len(), 10_000, "directions are kept");
        messages.set_follow(false);
        messages.set_show(Show::All);
        let query = messages.wanted(0..30).expect("the beginning was forgotten");
        messages.answered(&query, (0..500).map(row).collect());
        assert!(messages.row(0).is_some());
    }

    #[test]
    fn absurd_indices_and_shrinking_totals_do_no_harm() {
        let mut messages = list(10, 0..10);
        messages.insert([MessageRow { index: u64::MAX, ..row(1) }]);
        messages.set_totals(totals(0, 0));
        assert_eq!(messages.total(), 10);
        messages.set_totals(totals(u64::MAX, u64::MAX));
        assert_eq!(messages.total(), MAX_LISTED);
    }

    proptest! {
        #[test]
        fn the_first_unknown_is_found(known in prop::collection::btree_set(0u64..60, 0..60)) {
            let mut messages = list(60, 0..0);
            messages.insert(known.iter().copied().map(row));
            let expected = (0..60).find(|index| !known.contains(index));
            prop_assert_eq!(messages.first_unknown(), expected);
        }
    }
}
